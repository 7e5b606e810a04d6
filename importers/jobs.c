/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/jobs.h"
#include "importers/simulate.h"
#include <stdlib.h>

/* Of 10,000 jobs; mean run time of that size. Larger jobs run longer: that is what makes the mean
 * GPU time per job eight times the product of the means. */
static const struct {
	int64_t gpus;
	int64_t weight;
	int64_t run_s;
} sizes[] = {
	{1, 5510, 520},
	{2, 600, 520},
	{4, 700, 520},
	{8, 1400, 640},
	{16, 400, 950},
	{32, 400, 1400},
	{64, 350, 3200},
	{128, 250, 5900},
	{256, 200, 9100},
	{512, 140, 13600},
	{1024, 50, 18600},
};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Quantiles of run time over its mean (thousandths), straight lines between: half of all jobs end
 * within minutes, one in two hundred runs for days. */
static const struct {
	int64_t of; /* 10,000 */
	int64_t milli;
} shape[] = {
	{0, 2},
	{1000, 8},
	{2500, 40},
	{5000, 160},
	{7500, 500},
	{9000, 1800},
	{9700, 5500},
	{9950, 17000},
	{10000, 56000},
};
#define KNOTS (sizeof(shape) / sizeof(shape[0]))
#define SHAPE_MEAN 1003 /* thousandths; the area under the lines */

static const int64_t outcomes[] = {541, 397, 62}; /* of 1,000 */

static int64_t draw_run_ms(struct ts_xoshiro *rng, int64_t mean_s)
{
	int64_t at = (int64_t)ts_xoshiro_below(rng, 10000 * 1000); /* thousandths of a knot unit */
	size_t i = 0;
	while (i + 2 < KNOTS && at >= shape[i + 1].of * 1000)
		i++;
	int64_t width = (shape[i + 1].of - shape[i].of) * 1000;
	int64_t rise = shape[i + 1].milli - shape[i].milli;
	int64_t milli_k = shape[i].milli * 1000 + rise * 1000 * (at - shape[i].of * 1000) / width;
	int64_t ms = mean_s * milli_k / SHAPE_MEAN;
	return ms < 1000 ? 1000 : ms / 1000 * 1000;
}

static int64_t total_weight(int64_t gpus_max)
{
	int64_t sum = 0;
	for (size_t i = 0; i < SIZES && sizes[i].gpus <= gpus_max; i++)
		sum += sizes[i].weight;
	return sum;
}

void ts_jobs_draw(struct ts_xoshiro *rng, int64_t gpus_max, struct ts_job *out)
{
	int64_t at = (int64_t)ts_xoshiro_below(rng, (uint64_t)total_weight(gpus_max));
	size_t i = 0;
	for (; at >= sizes[i].weight; i++)
		at -= sizes[i].weight;
	int64_t ending = (int64_t)ts_xoshiro_below(rng, 1000);
	*out = (struct ts_job){.kind = TS_JOB_WORK, .gpus = sizes[i].gpus};
	out->left_ms = draw_run_ms(rng, sizes[i].run_s);
	for (out->outcome = 0; ending >= outcomes[out->outcome]; out->outcome++)
		ending -= outcomes[out->outcome];
}

void ts_jobs_means(int64_t gpus_max, struct ts_simulate_means *out)
{
	int64_t weight = total_weight(gpus_max);
	*out = (struct ts_simulate_means){0};
	for (size_t i = 0; i < SIZES && sizes[i].gpus <= gpus_max; i++) {
		out->gpus_milli += sizes[i].gpus * 1000 * sizes[i].weight;
		out->run_ms += sizes[i].run_s * 1000 * sizes[i].weight;
		out->gpu_ms += sizes[i].gpus * sizes[i].run_s * 1000 * sizes[i].weight;
	}
	out->gpus_milli /= weight;
	out->run_ms /= weight;
	out->gpu_ms /= weight;
}

static bool before(const struct ts_job *a, const struct ts_job *b)
{
	if (a->end_ms != b->end_ms)
		return a->end_ms < b->end_ms;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return a->id < b->id;
}

enum ts_err ts_jobs_push(struct ts_jobs *jobs, const struct ts_job *job)
{
	if (jobs->n == jobs->cap) {
		size_t cap = jobs->cap ? jobs->cap * 2 : 256;
		struct ts_job *list = realloc(jobs->list, cap * sizeof(*list));
		if (!list)
			return TS_E_NO_MEMORY;
		jobs->list = list;
		jobs->cap = cap;
	}
	size_t at = jobs->n++;
	while (at > 0 && before(job, &jobs->list[(at - 1) / 2])) {
		jobs->list[at] = jobs->list[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	jobs->list[at] = *job;
	return TS_OK;
}

struct ts_job ts_jobs_pop(struct ts_jobs *jobs)
{
	TS_ASSERT(jobs->n > 0);
	struct ts_job first = jobs->list[0];
	struct ts_job last = jobs->list[--jobs->n];
	size_t at = 0;
	for (size_t child = 1; child < jobs->n; child = 2 * at + 1) {
		if (child + 1 < jobs->n && before(&jobs->list[child + 1], &jobs->list[child]))
			child++;
		if (!before(&jobs->list[child], &last))
			break;
		jobs->list[at] = jobs->list[child];
		at = child;
	}
	if (jobs->n > 0)
		jobs->list[at] = last;
	return first;
}

void ts_jobs_free(struct ts_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		free(jobs->list[i].nodes);
	free(jobs->list);
	*jobs = (struct ts_jobs){0};
}
