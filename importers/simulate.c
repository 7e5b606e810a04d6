/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/simulate.h"
#include "importers/cluster.h"
#include "importers/jobs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
/* 54 days x 24 h x 16,384 GPUs / 419 interruptions, in GPU-milliseconds. */
#define GPU_MS_PER_INTERRUPTION (INT64_C(54) * 24 * 16384 * HOUR_MS / 419)
#define MAINTENANCE_EVERY_MS (30 * DAY_MS)
#define MAINTENANCE_MS (4 * HOUR_MS)
#define BACKFILL 64 /* jobs behind the first that may start before it */

struct simulation {
	const struct ts_simulate_options *options;
	const struct ts_simulate_sink *sink;
	struct ts_simulate_report *report;
	struct ts_why *why;
	struct ts_xoshiro rng;
	struct ts_cluster *cluster;
	struct ts_jobs running;
	struct ts_job *queue; /* TS_SIMULATE_QUEUE_MAX places; [0] waits longest */
	size_t queue_n;
	int64_t *due_ms; /* per group: next maintenance */
	int64_t repairs;
	int64_t arrival_mean_ms;
	int64_t hour_ms; /* start of the current hour */
};

static enum ts_err check_options(const struct ts_simulate_options *o, struct ts_why *why)
{
	if (o->gpus < TS_NODE_GPUS || o->gpus > TS_CLUSTER_GPUS_MAX || o->gpus % TS_NODE_GPUS != 0)
		return ts_why(why, TS_E_RANGE, "gpus", "%lld is no multiple of 8 in 8..%d",
			(long long)o->gpus, TS_CLUSTER_GPUS_MAX);
	if (o->from_ms % HOUR_MS != 0 || o->to_ms % HOUR_MS != 0 || o->from_ms >= o->to_ms)
		return ts_why(why, TS_E_RANGE, "from", "from and to are not UTC hours in order");
	if (o->from_ms < 0 || o->to_ms - o->from_ms > TS_SIMULATE_DAYS_MAX * DAY_MS)
		return ts_why(why, TS_E_RANGE, "to", "more than %d days after from",
			TS_SIMULATE_DAYS_MAX);
	if (o->jobs_milli < 1 || o->jobs_milli > 5000)
		return ts_why(why, TS_E_RANGE, "jobs-scale", "%lld is not in 1..5000",
			(long long)o->jobs_milli);
	return TS_OK;
}

static struct ts_str account_of(const struct simulation *sim, const struct ts_job *job)
{
	if (job->kind != TS_JOB_WORK)
		return TS_STR("-");
	if (sim->options->account.len)
		return sim->options->account;
	if (job->gpus >= 256)
		return TS_STR("pretrain");
	return job->gpus >= TS_NODE_GPUS ? TS_STR("research") : TS_STR("interactive");
}

/* The part of a job in one group of nodes, from the start of this hour (or its own) to to_ms. */
static enum ts_err emit_part(struct simulation *sim, const struct ts_job *job, uint32_t node,
	int64_t gpus, int64_t to_ms)
{
	static const char *const prefixes[] = {"job", "maint", "repair"};
	char workload[40];
	char resource[40];
	int64_t from_ms = job->start_ms > sim->hour_ms ? job->start_ms : sim->hour_ms;
	snprintf(workload, sizeof(workload), "%s-%07lld", prefixes[job->kind], (long long)job->id);
	if (gpus >= TS_NODE_GPUS)
		snprintf(resource, sizeof(resource), "g%04u", node / TS_GROUP_NODES);
	else
		snprintf(resource, sizeof(resource), "g%04u/n%02u", node / TS_GROUP_NODES,
			node % TS_GROUP_NODES);
	struct ts_usage use = {.start_ms = from_ms,
		.end_ms = to_ms,
		.sku = sim->options->sku,
		.devices_milli = gpus * 1000,
		.quantity = gpus * 1000 * (to_ms - from_ms),
		.class = job->kind == TS_JOB_WORK ? sim->options->class
						  : TS_STR("excluded_maintenance"),
		.workload = ts_str(workload),
		.resource = ts_str(resource),
		.account = account_of(sim, job)};
	ts_i128 *sum = job->kind == TS_JOB_WORK ? &sim->report->used : &sim->report->excluded;
	TS_TRY(ts_add128(*sum, use.quantity, sum));
	sim->report->records++;
	return sim->sink->usage(sim->sink->ctx, &use, sim->why);
}

static enum ts_err emit(struct simulation *sim, const struct ts_job *job, int64_t to_ms)
{
	if (to_ms <= sim->hour_ms || to_ms <= job->start_ms)
		return TS_OK;
	if (job->gpus < TS_NODE_GPUS)
		return emit_part(sim, job, job->nodes[0], job->gpus, to_ms);
	for (size_t i = 0; i < job->nodes_n;) {
		uint32_t group = job->nodes[i] / TS_GROUP_NODES;
		size_t first = i;
		while (i < job->nodes_n && job->nodes[i] / TS_GROUP_NODES == group)
			i++;
		TS_TRY(emit_part(
			sim, job, job->nodes[first], (int64_t)(i - first) * TS_NODE_GPUS, to_ms));
	}
	return TS_OK;
}

/* Starts what has its nodes: draws whether hardware will end it first. */
static enum ts_err start(struct simulation *sim, struct ts_job *job, int64_t now_ms)
{
	job->start_ms = now_ms;
	int64_t run_ms = job->left_ms;
	if (job->kind == TS_JOB_WORK) {
		int64_t fails_ms = ts_xoshiro_exponential(
			&sim->rng, GPU_MS_PER_INTERRUPTION / job->gpus);
		if (fails_ms < run_ms)
			run_ms = fails_ms < 1 ? 1 : fails_ms;
	}
	job->end_ms = now_ms + run_ms;
	job->left_ms -= run_ms;
	enum ts_err err = ts_jobs_push(&sim->running, job);
	if (err != TS_OK)
		free(job->nodes);
	return err;
}

static enum ts_err place(struct simulation *sim, struct ts_job *job, int64_t now_ms, bool *placed)
{
	size_t n = job->gpus < TS_NODE_GPUS ? 1 : (size_t)job->gpus / TS_NODE_GPUS;
	*placed = false;
	uint32_t *nodes = calloc(n, sizeof(*nodes));
	if (!nodes)
		return TS_E_NO_MEMORY;
	if (!ts_cluster_take(sim->cluster, job->gpus, nodes)) {
		free(nodes);
		return TS_OK;
	}
	job->nodes = nodes;
	job->nodes_n = n;
	*placed = true;
	return start(sim, job, now_ms);
}

/* The queue in order; small jobs may slip past a large one that does not fit yet. */
static enum ts_err place_waiting(struct simulation *sim, int64_t now_ms)
{
	size_t skipped = 0;
	int64_t smallest = INT64_MAX; /* that did not fit: nothing as large will */
	for (size_t i = 0; i < sim->queue_n && skipped < BACKFILL;) {
		bool placed = false;
		if (sim->queue[i].gpus < smallest)
			TS_TRY(place(sim, &sim->queue[i], now_ms, &placed));
		if (!placed) {
			if (sim->queue[i].gpus < smallest)
				smallest = sim->queue[i].gpus;
			skipped++;
			i++;
			continue;
		}
		sim->queue_n--;
		memmove(&sim->queue[i], &sim->queue[i + 1],
			(sim->queue_n - i) * sizeof(sim->queue[0]));
	}
	return TS_OK;
}

static void enqueue(struct simulation *sim, const struct ts_job *job)
{
	if (sim->queue_n == TS_SIMULATE_QUEUE_MAX)
		sim->report->turned_away++;
	else
		sim->queue[sim->queue_n++] = *job;
}

static void give_back(struct simulation *sim, const struct ts_job *job, size_t from)
{
	int64_t each = job->gpus < TS_NODE_GPUS ? job->gpus : TS_NODE_GPUS;
	for (size_t i = from; i < job->nodes_n; i++)
		ts_cluster_give(sim->cluster, job->nodes[i], each);
}

/* Hardware cut the job short: its first node (or its part of one) is repaired, it queues again. */
static enum ts_err interrupt(struct simulation *sim, struct ts_job *job)
{
	struct ts_job again = *job;
	again.nodes = NULL;
	again.nodes_n = 0;
	sim->report->interrupted++;
	give_back(sim, job, 1);
	struct ts_job repair = {.id = ++sim->repairs,
		.kind = TS_JOB_REPAIR,
		.gpus = job->gpus < TS_NODE_GPUS ? job->gpus : TS_NODE_GPUS,
		.left_ms = HOUR_MS + (int64_t)ts_xoshiro_below(&sim->rng, 3 * 3600) * 1000,
		.nodes = job->nodes,
		.nodes_n = 1};
	enqueue(sim, &again);
	return start(sim, &repair, job->end_ms);
}

static enum ts_err finish(struct simulation *sim)
{
	struct ts_job job = ts_jobs_pop(&sim->running);
	enum ts_err err = emit(sim, &job, job.end_ms);
	if (err == TS_OK && job.kind == TS_JOB_WORK && job.left_ms > 0)
		return interrupt(sim, &job);
	give_back(sim, &job, 0);
	if (job.kind == TS_JOB_WORK)
		sim->report->ended[job.outcome]++;
	if (job.kind == TS_JOB_MAINTENANCE)
		ts_cluster_drain(sim->cluster, job.nodes[0] / TS_GROUP_NODES, false);
	free(job.nodes);
	return err;
}

/* Once an hour: groups that are due are drained, and taken when the last job has left. */
static enum ts_err maintain(struct simulation *sim)
{
	for (uint32_t g = 0; g < ts_cluster_groups(sim->cluster); g++) {
		uint32_t nodes[TS_GROUP_NODES];
		if (sim->due_ms[g] > sim->hour_ms)
			continue;
		ts_cluster_drain(sim->cluster, g, true);
		size_t n = ts_cluster_take_group(sim->cluster, g, nodes);
		if (n == 0)
			continue;
		struct ts_job job = {.id = ++sim->report->maintenance,
			.kind = TS_JOB_MAINTENANCE,
			.gpus = (int64_t)n * TS_NODE_GPUS,
			.left_ms = MAINTENANCE_MS,
			.nodes = calloc(n, sizeof(*nodes)),
			.nodes_n = n};
		if (!job.nodes)
			return TS_E_NO_MEMORY;
		memcpy(job.nodes, nodes, n * sizeof(*nodes));
		sim->due_ms[g] += MAINTENANCE_EVERY_MS;
		TS_TRY(start(sim, &job, sim->hour_ms));
	}
	return TS_OK;
}

static enum ts_err arrive(struct simulation *sim, int64_t *next_ms)
{
	struct ts_job job;
	ts_jobs_draw(&sim->rng, sim->options->gpus, &job);
	job.id = ++sim->report->jobs;
	enqueue(sim, &job);
	*next_ms += 1 + ts_xoshiro_exponential(&sim->rng, sim->arrival_mean_ms);
	return TS_OK;
}

static enum ts_err run_hour(struct simulation *sim, int64_t *next_ms)
{
	int64_t end_ms = sim->hour_ms + HOUR_MS;
	TS_TRY(maintain(sim));
	for (;;) {
		bool ends = sim->running.n && sim->running.list[0].end_ms < end_ms;
		int64_t now_ms = ends ? sim->running.list[0].end_ms : end_ms;
		if (*next_ms < now_ms) {
			now_ms = *next_ms;
			TS_TRY(arrive(sim, next_ms));
		} else if (ends) {
			TS_TRY(finish(sim));
		} else {
			break;
		}
		TS_TRY(place_waiting(sim, now_ms));
	}
	for (size_t i = 0; i < sim->running.n; i++)
		TS_TRY(emit(sim, &sim->running.list[i], end_ms));
	sim->hour_ms = end_ms;
	return TS_OK;
}

static enum ts_err set_up(struct simulation *sim)
{
	const struct ts_simulate_options *o = sim->options;
	struct ts_simulate_means means;
	ts_xoshiro_seed(&sim->rng, o->seed);
	ts_jobs_means(o->gpus, &means);
	sim->arrival_mean_ms = means.gpu_ms * 1000 / (o->gpus * o->jobs_milli);
	sim->hour_ms = o->from_ms;
	TS_TRY(ts_cluster_create(o->gpus, &sim->cluster));
	uint32_t groups = ts_cluster_groups(sim->cluster);
	sim->queue = calloc(TS_SIMULATE_QUEUE_MAX, sizeof(*sim->queue));
	sim->due_ms = calloc(groups, sizeof(*sim->due_ms));
	if (!sim->queue || !sim->due_ms)
		return TS_E_NO_MEMORY;
	/* Spread over the thirty days, so that there is always a little of it. */
	for (uint32_t g = 0; g < groups; g++)
		sim->due_ms[g] = o->from_ms +
				 (2 * (int64_t)g + 1) * MAINTENANCE_EVERY_MS / (2 * groups);
	return TS_OK;
}

enum ts_err ts_simulate(const struct ts_simulate_options *options,
	const struct ts_simulate_sink *sink, struct ts_simulate_report *report, struct ts_why *why)
{
	struct simulation sim = {.options = options, .sink = sink, .report = report, .why = why};
	*report = (struct ts_simulate_report){0};
	TS_TRY(check_options(options, why));
	int64_t hours = (options->to_ms - options->from_ms) / HOUR_MS;
	enum ts_err err = set_up(&sim);
	int64_t next_ms = options->from_ms;
	for (int64_t hour = 0; err == TS_OK && hour < hours; hour++) {
		err = run_hour(&sim, &next_ms);
		if (sink->progress)
			sink->progress(sink->ctx, hour + 1, hours);
	}
	ts_jobs_free(&sim.running);
	ts_cluster_free(sim.cluster);
	free(sim.queue);
	free(sim.due_ms);
	return err;
}

struct ts_simulate_means ts_simulate_means(void)
{
	struct ts_simulate_means means;
	ts_jobs_means(INT64_MAX, &means);
	return means;
}
