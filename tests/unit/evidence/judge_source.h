/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_JUDGE_SOURCE_H
#define TS_TESTS_JUDGE_SOURCE_H
/* Why: a provider's agent in two generations, whose batches are in memory, and a judge over them:
 * what a hostile agent makes it do. Included once, hence static. */
#include "support/test.h"

#include "evidence/judge.h"

#include <stdlib.h>
#include <string.h>

#define REGION_BYTES ((size_t)1 << 30)
#define BATCHES_MAX 64
#define FROM INT64_C(1777586400000)
#define HOUR INT64_C(3600000)
#define ORIGIN "ledger.example/00112233445566778899aabbccddeeff/c1/agent/g"

enum { OLDER = 1, NEWER = 2 };

static struct {
	struct ts_region *region;
	struct ts_judge *judge;
	struct ts_key_statement statements[3]; /* by stream */
	struct ts_judge_batch batches[3][BATCHES_MAX];
	size_t batches_n[3];
	struct ts_buf lines; /* of the next batch */
	int64_t lines_n, size[3];
	int64_t looked, walked, parked, reversed, refused; /* what was asked and decided */
} world;

static enum ts_err src_statement(
	void *ctx, int64_t stream, const struct ts_key_statement **out, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	*out = &world.statements[stream];
	return TS_OK;
}

static enum ts_err src_batch(void *ctx, int64_t stream, int64_t index, int64_t below,
	struct ts_judge_batch *out, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	world.looked++;
	for (size_t i = 0; i < world.batches_n[stream]; i++) {
		*out = world.batches[stream][i];
		if (index >= out->first && index < out->end)
			return out->leaf < below ? TS_OK : TS_E_NOT_FOUND;
	}
	return TS_E_NOT_FOUND;
}

static enum ts_err src_overlapping(void *ctx, int64_t stream, int64_t from, int64_t from_ms,
	int64_t to_ms, int64_t below, struct ts_judge_batch *out, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	(void)from_ms;
	world.walked++;
	(void)to_ms;
	for (size_t i = 0; i < world.batches_n[stream]; i++) {
		*out = world.batches[stream][i];
		if (out->first >= from && out->leaf < below)
			return TS_OK;
	}
	return TS_E_NOT_FOUND;
}

static enum ts_err src_size(
	void *ctx, int64_t stream, int64_t below, int64_t *out, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	*out = 0;
	for (size_t i = 0; i < world.batches_n[stream]; i++)
		if (world.batches[stream][i].leaf < below)
			*out = world.batches[stream][i].end;
	return TS_OK;
}

static enum ts_err src_verdict(void *ctx, const struct ts_judge_verdict *v, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	world.parked += v->kind == TS_JUDGE_PARKED;
	world.reversed += v->kind == TS_JUDGE_REVERSED;
	world.refused += v->kind == TS_JUDGE_REFUSED;
	return TS_OK;
}

static enum ts_err src_adjust(void *ctx, int64_t stream, int64_t batch_leaf,
	const struct ts_usage *usage, int sign, struct ts_why *why)
{
	(void)ctx;
	(void)stream;
	(void)batch_leaf;
	(void)usage;
	(void)sign;
	(void)why;
	return TS_OK;
}

static void enrolment(int64_t stream, const char *origin, int64_t from_ms)
{
	struct ts_why why;
	struct ts_key_statement *s = &world.statements[stream];
	*s = (struct ts_key_statement){.origin = ts_str(origin),
		.side = TS_SIDE_PROVIDER,
		.scope = {TS_STR("-"), TS_STR("-"), TS_STR("-")},
		.window_ms = HOUR,
		.active_from_ms = FROM,
		.active_to_ms = INT64_MAX,
		.from_ms = from_ms};
	assert_ok(ts_origin_parse(s->origin, &s->origin_parts, &why));
	assert_ok(ts_judge_stream(
		world.judge, stream, stream == OLDER ? 0 : 1000, s->origin, s->side));
}

static void world_close(void)
{
	for (size_t s = OLDER; s <= NEWER; s++)
		for (size_t i = 0; i < world.batches_n[s]; i++)
			free((char *)(uintptr_t)world.batches[s][i].lines.at);
	ts_buf_free(&world.lines);
	ts_region_free(world.region);
}

static void usage(int64_t start_ms, int64_t end_ms, const char *workload)
{
	ts_buf_printf(&world.lines, "u1\t%lld\t%lld\tgpu\t0\t1\t-\t%s\tnode\tteam\n",
		(long long)start_ms, (long long)end_ms, workload);
	world.lines_n++;
}

static void reversal(int64_t stream, int64_t index)
{
	ts_buf_printf(&world.lines, "r1\t%s%lld\t%lld\twrong\n", ORIGIN, (long long)stream,
		(long long)index);
	world.lines_n++;
}

/* The lines so far are a batch of the stream, at this leaf. */
static void append(int64_t stream, int64_t leaf)
{
	struct ts_why why = {"", ""};
	char *copy = malloc(world.lines.len);
	assert_non_null(copy);
	memcpy(copy, world.lines.data, world.lines.len);
	assert_true(world.batches_n[stream] < BATCHES_MAX);
	struct ts_judge_batch *b = &world.batches[stream][world.batches_n[stream]++];
	*b = (struct ts_judge_batch){.leaf = leaf,
		.first = world.size[stream],
		.end = world.size[stream] + world.lines_n,
		.lines = {copy, world.lines.len},
		.reversal_n = 1,
		.earliest_ms = 0,
		.latest_ms = INT64_MAX};
	world.size[stream] = b->end;
	world.lines_n = 0;
	ts_buf_reset(&world.lines);
	assert_ok(ts_judge_append(world.judge, stream, b, NULL, 0, &why));
}

/* The newer generation begins at handover_ms, by leaf 1000. Line 0 of both is no u1. */
static void world_open(int64_t handover_ms)
{
	static const struct ts_judge_source source = {.statement = src_statement,
		.batch = src_batch,
		.overlapping = src_overlapping,
		.size = src_size,
		.verdict = src_verdict,
		.adjust = src_adjust};
	memset(&world, 0, sizeof world);
	world.region = ts_region_create(REGION_BYTES);
	assert_non_null(world.region);
	ts_buf_init(&world.lines, 64u << 20);
	assert_ok(ts_judge_create(world.region, &source, 0, &world.judge));
	enrolment(OLDER, ORIGIN "1", FROM);
	enrolment(NEWER, ORIGIN "2", handover_ms);
	for (int64_t stream = OLDER; stream <= NEWER; stream++) {
		ts_buf_puts(&world.lines, "-\n");
		world.lines_n = 1;
		append(stream, stream == OLDER ? 0 : 1000);
	}
}

#endif
