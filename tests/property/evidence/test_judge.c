/* SPDX-License-Identifier: Apache-2.0 */
/* The judge against a naive oracle that decides each line by searching the whole history, over
 * thousands of random histories: lines, reversals, revocations, re-attestations, releases and
 * handovers. The same history is judged in one run, in runs of random length that load what the
 * runs before stored, and with its appends cut into smaller ones: the same lines count each time.
 * Faults put into the oracle prove that the comparison bites. */
#include "judge_world.h"

#define HISTORIES 3000
#define FAULT_HISTORIES 2500

static struct ts_region *region;

/* --- the judge --- */

/* The history as leaves: appends cut at random when `cut`. */
static void lay_out(bool cut)
{
	int64_t leaf_of[STEPS + 1] = {0};
	w.leaves_n = 0;
	for (int at = 0; at < w.steps_n; at++) {
		const struct step *step = &w.steps[at];
		leaf_of[at] = w.leaves_n;
		for (int64_t from = step->from;;) {
			struct step piece = *step;
			piece.leaf = w.leaves_n;
			if (step->kind == STEP_APPEND) {
				piece.from = from;
				piece.to = cut ? from + 1 + below(step->to - from) : step->to;
			} else if (step->kind == STEP_REVOKE) {
				piece.from = leaf_of[step->from < at ? step->from : at];
			}
			assert_true(w.leaves_n < LEAVES_MAX);
			w.leaves[w.leaves_n++] = piece;
			from = piece.to;
			if (step->kind != STEP_APPEND || from == step->to)
				break;
		}
	}
}

static void batches_make(void)
{
	int64_t *voids = w.voids;
	w.bytes_n = 0;
	for (int s = 0; s < w.streams_n; s++)
		w.streams[s].batches_n = 0;
	for (int i = 0; i < w.leaves_n; i++) {
		const struct step *leaf = &w.leaves[i];
		struct stream *s = &w.streams[leaf->stream];
		struct ts_judge_batch *b = &s->batches[s->batches_n];
		if (leaf->kind != STEP_APPEND)
			continue;
		s->batches_n++;
		*b = (struct ts_judge_batch){.leaf = leaf->leaf,
			.first = leaf->from,
			.end = leaf->to,
			.lines = {w.bytes + w.bytes_n, 0},
			.void_usage = voids,
			.earliest_ms = INT64_MAX};
		for (int64_t k = leaf->from; k < leaf->to; k++) {
			struct line *line = &w.lines[s->lines[k]];
			const struct ts_usage *u = &line->record.usage;
			size_t len = strlen(line->text);
			memcpy(w.bytes + w.bytes_n, line->text, len);
			w.bytes[w.bytes_n + len] = '\n';
			w.bytes_n += len + 1;
			line->judged_leaf = leaf->leaf;
			if (line->listed)
				voids[b->void_usage_n++] = k;
			b->reversal_n += line->reversal;
			if (line->usage && u->start_ms < b->earliest_ms)
				b->earliest_ms = u->start_ms;
			if (line->usage && u->end_ms > b->latest_ms)
				b->latest_ms = u->end_ms;
		}
		voids += b->void_usage_n;
		b->lines.len = (size_t)(w.bytes + w.bytes_n - b->lines.at);
	}
}

static enum ts_err src_statement(
	void *ctx, int64_t stream, const struct ts_key_statement **out, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	*out = &w.streams[stream].statement;
	return TS_OK;
}

static enum ts_err src_batch(void *ctx, int64_t stream, int64_t index, int64_t before,
	struct ts_judge_batch *out, struct ts_why *why)
{
	const struct stream *s = &w.streams[stream];
	(void)ctx;
	(void)why;
	for (int i = 0; i < s->batches_n; i++)
		if (index >= s->batches[i].first && index < s->batches[i].end &&
			s->batches[i].leaf < before) {
			*out = s->batches[i];
			return TS_OK;
		}
	return TS_E_NOT_FOUND;
}

static enum ts_err src_overlapping(void *ctx, int64_t stream, int64_t from, int64_t from_ms,
	int64_t to_ms, int64_t before, struct ts_judge_batch *out, struct ts_why *why)
{
	const struct stream *s = &w.streams[stream];
	(void)ctx;
	(void)why;
	for (int i = 0; i < s->batches_n; i++) {
		const struct ts_judge_batch *b = &s->batches[i];
		if (b->first >= from && b->leaf < before && b->latest_ms > from_ms &&
			b->earliest_ms < to_ms) {
			*out = *b;
			return TS_OK;
		}
	}
	return TS_E_NOT_FOUND;
}

static enum ts_err src_size(
	void *ctx, int64_t stream, int64_t before, int64_t *out, struct ts_why *why)
{
	const struct stream *s = &w.streams[stream];
	(void)ctx;
	(void)why;
	*out = 0;
	for (int i = 0; i < s->batches_n && s->batches[i].leaf < before; i++)
		*out = s->batches[i].end;
	return TS_OK;
}

static enum ts_err src_facts(void *ctx, struct ts_judge *judge, int64_t stream, int64_t from,
	int64_t to, struct ts_why *why)
{
	const int *stored = ctx;
	(void)why;
	for (int i = 0; i < *stored; i++) {
		const struct ts_judge_verdict *v = &w.verdicts[i];
		if (v->stream != stream || v->from < from || v->from >= to)
			continue;
		if (v->kind == TS_JUDGE_PARKED)
			TS_TRY(ts_judge_load_parked(judge, stream, v->from, v->leaf));
		if (v->kind == TS_JUDGE_REVERSED)
			TS_TRY(ts_judge_load_reversed(
				judge, stream, v->from, v->by_stream, v->by_index));
	}
	return TS_OK;
}

static enum ts_err src_verdict(void *ctx, const struct ts_judge_verdict *v, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	assert_true(w.verdicts_n < VERDICTS_MAX);
	w.verdicts[w.verdicts_n++] = *v;
	return TS_OK;
}

static enum ts_err src_handover(void *ctx, const struct ts_judge_handover *h, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	w.handovers[w.handovers_n++] = *h;
	return TS_OK;
}

static enum ts_err src_adjust(void *ctx, int64_t stream, int64_t batch_leaf,
	const struct ts_usage *usage, int sign, struct ts_why *why)
{
	(void)ctx;
	(void)why;
	for (int i = 0; i < w.lines_n; i++) {
		struct line *line = &w.lines[i];
		if (line->stream != stream || line->judged_leaf != batch_leaf || !line->usage ||
			memcmp(line->text, "u1", 2) != 0)
			continue;
		const struct ts_usage *u = &line->record.usage;
		/* Equal lines of one batch are told apart by whether they count. */
		if (u->start_ms == usage->start_ms && u->end_ms == usage->end_ms &&
			u->quantity == usage->quantity && ts_str_eq(u->workload, usage->workload) &&
			ts_str_eq(u->resource, usage->resource) && line->count == (sign < 0)) {
			line->count += sign;
			return TS_OK;
		}
	}
	fail_msg("a line that is not there, or does not change");
	return TS_E_INTERNAL;
}

static struct ts_judge *judge_new(int64_t from, bool stored, const int *stored_n)
{
	struct ts_judge *judge = NULL;
	struct ts_judge_source source = {.ctx = (void *)(uintptr_t)stored_n,
		.statement = src_statement,
		.batch = src_batch,
		.overlapping = src_overlapping,
		.size = src_size,
		.facts = stored ? src_facts : NULL,
		.verdict = src_verdict,
		.handover = src_handover,
		.adjust = src_adjust};
	ts_region_reset(region);
	assert_ok(ts_judge_create(region, &source, from, &judge));
	return judge;
}

static int64_t key_leaf(int stream)
{
	for (int i = 0; i < w.leaves_n; i++)
		if (w.leaves[i].kind == STEP_KEY && w.leaves[i].stream == stream)
			return w.leaves[i].leaf;
	return -1;
}

/* As settle does: all streams, all ranges, the handovers; facts come when asked for. */
static void judge_load(struct ts_judge *judge)
{
	for (int i = 0; i < w.verdicts_n; i++) {
		const struct ts_judge_verdict *v = &w.verdicts[i];
		if (v->kind >= TS_JUDGE_CONTESTED)
			assert_ok(ts_judge_load_range(
				judge, v->kind, v->stream, v->from, v->to, v->leaf));
	}
}

/* The handovers of before, as stored, or from the key statements again. */
static void load_handovers(struct ts_judge *judge, int64_t from)
{
	struct ts_why why = {"", ""};
	if (below(2) == 0) {
		for (int i = 0; i < w.handovers_n; i++)
			assert_ok(ts_judge_load_handover(judge, &w.handovers[i]));
		return;
	}
	for (int s = 0; s < w.streams_n; s++)
		if (key_leaf(s) < from)
			assert_ok(ts_judge_load_key(judge, s, &why));
}

static void know_stream(struct ts_judge *judge, int stream, int64_t leaf)
{
	const struct ts_key_statement *s = &w.streams[stream].statement;
	assert_ok(ts_judge_stream(judge, stream, leaf, s->origin, s->side));
}

static void judge_append(struct ts_judge *judge, const struct step *leaf)
{
	const struct stream *s = &w.streams[leaf->stream];
	const struct ts_judge_batch *batch = NULL;
	int64_t suspects[LINES_MAX];
	struct ts_why why = {"", ""};
	size_t n = 0;
	for (int i = 0; i < s->batches_n; i++)
		if (s->batches[i].leaf == leaf->leaf)
			batch = &s->batches[i];
	assert_non_null(batch);
	for (int64_t i = leaf->from; i < leaf->to; i++) {
		struct line *line = &w.lines[s->lines[i]];
		if (!line->usage)
			continue;
		line->count = 1;
		if (ts_key_statement_verdict(&s->statement, &line->record.usage) !=
			TS_VERDICT_IN_SCOPE)
			suspects[n++] = i;
	}
	assert_ok(ts_judge_append(judge, leaf->stream, batch, suspects, n, &why));
}

static void judge_leaf(struct ts_judge *judge, const struct step *leaf)
{
	struct ts_why why = {"", ""};
	switch (leaf->kind) {
	case STEP_APPEND:
		judge_append(judge, leaf);
		return;
	case STEP_KEY:
		assert_ok(ts_judge_key(judge, leaf->leaf, leaf->stream, &why));
		return;
	case STEP_REVOKE:
		assert_ok(ts_judge_revoke(
			judge, leaf->leaf, leaf->stream, leaf->from, TS_STR("theft"), &why));
		return;
	case STEP_REATTEST:
		assert_ok(ts_judge_reattest(
			judge, leaf->leaf, leaf->stream, leaf->from, leaf->to, &why));
		return;
	case STEP_RELEASE:
		assert_ok(ts_judge_release(judge, leaf->leaf, leaf->stream, leaf->from, leaf->to,
			TS_STR("agreed"), &why));
		return;
	}
}

/* runs: split into runs of random length, each with a judge of its own. */
static void judge_history(bool runs)
{
	struct ts_judge *judge = NULL;
	int stored_n = 0;
	w.verdicts_n = w.handovers_n = 0;
	for (int i = 0; i < w.lines_n; i++)
		w.lines[i].count = 0;
	for (int i = 0; i < w.leaves_n; i++) {
		if (i == 0 || (runs && below(4) == 0)) {
			stored_n = w.verdicts_n;
			judge = judge_new(i, runs, &stored_n);
			for (int s = 0; runs && s < w.streams_n; s++)
				know_stream(judge, s, key_leaf(s));
			judge_load(judge);
			load_handovers(judge, i);
		}
		if (!runs && w.leaves[i].kind == STEP_KEY)
			know_stream(judge, w.leaves[i].stream, w.leaves[i].leaf);
		judge_leaf(judge, &w.leaves[i]);
	}
}

/* Lines of one text in one batch are the same to the cells: what counts is how many count. */
static int copies(const struct line *line, bool of_oracle)
{
	int n = 0;
	for (int i = 0; i < w.lines_n; i++) {
		const struct line *other = &w.lines[i];
		if (other->stream == line->stream && other->judged_leaf == line->judged_leaf &&
			strcmp(other->text, line->text) == 0)
			n += of_oracle ? counted(other) : other->count;
	}
	return n;
}

static const struct line *difference(void)
{
	for (int i = 0; i < w.lines_n; i++)
		if (w.lines[i].usage && copies(&w.lines[i], true) != copies(&w.lines[i], false))
			return &w.lines[i];
	return NULL;
}

static void must_agree(int history, const char *how)
{
	const struct line *line = difference();
	if (line == NULL)
		return;
	print_error("history %d, %s: line %lld of %s: the oracle says %d\n", history, how,
		(long long)line->index, w.streams[line->stream].origin, counted(line));
	fail();
}

static void judge_is_the_oracle(void **state)
{
	int seen[TS_JUDGE_RELEASED + 1] = {0}, duplicates = 0, handed_over = 0;
	(void)state;
	for (int h = 0; h < HISTORIES; h++) {
		random_history();
		oracle(FAULT_NONE);
		for (int way = 0; way < 4; way++) {
			static const char *const ways[] = {"at once", "in runs", "cut", "both"};
			lay_out(way >= 2);
			batches_make();
			judge_history(way % 2 == 1);
			must_agree(h, ways[way]);
		}
		for (int i = 0; i < w.verdicts_n; i++) {
			seen[w.verdicts[i].kind]++;
			duplicates += ts_str_is(w.verdicts[i].reason, "duplicate");
			handed_over += ts_str_is(w.verdicts[i].reason, "after_handover");
		}
	}
	for (int i = 0; i <= TS_JUDGE_RELEASED; i++)
		assert_true(seen[i] > HISTORIES / 4);
	assert_true(duplicates > 100 && handed_over > 100);
}

static void faults_are_found(void **state)
{
	(void)state;
	int found[FAULTS] = {0};
	for (int h = 0; h < FAULT_HISTORIES; h++) {
		random_history();
		lay_out(false);
		batches_make();
		judge_history(false);
		for (int f = FAULT_NONE; f < FAULTS; f++) {
			oracle((enum fault)f);
			found[f] += difference() != NULL;
		}
	}
	assert_int_equal(found[FAULT_NONE], 0);
	for (int f = FAULT_NONE + 1; f < FAULTS; f++) {
		if (found[f] == 0)
			print_error("fault %d was not found\n", f);
		assert_true(found[f] > 0);
	}
}

static int setup(void **state)
{
	(void)state;
	rng = ts_rng_create(ts_seed(120000));
	region = ts_region_create((size_t)64 << 20);
	w.bytes = malloc((size_t)LINES_MAX * 256);
	return region != NULL && w.bytes != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(w.bytes);
	ts_region_free(region);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judge_is_the_oracle), cmocka_unit_test(faults_are_found)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
