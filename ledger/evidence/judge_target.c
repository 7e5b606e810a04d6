/* SPDX-License-Identifier: Apache-2.0 */
/* What the r1 lines of a batch name. A batch that is looked up is read and decompressed, so those
 * that name lines here and there would cost one each: they are looked up in order instead. */
#include "evidence/judge_state.h"

#include <stdlib.h>
#include <string.h>

static int compare_found(const void *a, const void *b)
{
	const struct judge_found *x = a;
	const struct judge_found *y = b;
	if (x->stream != y->stream)
		return (x->stream > y->stream) - (x->stream < y->stream);
	return (x->index > y->index) - (x->index < y->index);
}

static enum ts_err found_add(struct ts_judge *judge, int64_t stream, int64_t index)
{
	if (judge->found_n == judge->found_cap) {
		struct judge_found *bigger = ts_judge_grow(judge->region, judge->found,
			judge->found_n, &judge->found_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->found = bigger;
	}
	judge->found[judge->found_n++] = (struct judge_found){.stream = stream, .index = index};
	return TS_OK;
}

/* Those outside the batch: in it, the line is at hand. */
static enum ts_err collect(struct ts_judge *judge, const struct judge_stream *stream,
	const struct ts_judge_batch *batch)
{
	struct judge_walk walk;
	struct ts_record record;
	ts_judge_walk_begin(&walk, batch);
	while (ts_judge_walk_next(&walk)) {
		if (walk.line.len == 0 || walk.line.at[0] != 'r' ||
			!ts_judge_walk_record(&walk, stream, &record))
			continue;
		const struct judge_stream *target = ts_judge_stream_named(
			judge, record.reversal.origin);
		if (target != NULL && (target != stream || record.reversal.index < batch->first))
			TS_TRY(found_add(judge, target->id, record.reversal.index));
	}
	return TS_OK;
}

static enum ts_err keep_line(struct ts_judge *judge, struct judge_found *f, struct ts_str line)
{
	while (judge->found_bytes_n + line.len > judge->found_bytes_cap) {
		char *bigger = ts_judge_grow(judge->region, judge->found_bytes,
			judge->found_bytes_n, &judge->found_bytes_cap, 1);
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->found_bytes = bigger;
	}
	memcpy(judge->found_bytes + judge->found_bytes_n, line.at, line.len);
	f->at = judge->found_bytes_n;
	f->len = line.len;
	judge->found_bytes_n += line.len;
	return TS_OK;
}

enum ts_err ts_judge_targets_find(struct ts_judge *judge, const struct judge_stream *stream,
	const struct ts_judge_batch *batch, struct ts_why *why)
{
	struct ts_record record;
	judge->found_n = judge->found_bytes_n = 0;
	if (batch->reversal_n == 0)
		return TS_OK;
	TS_TRY(collect(judge, stream, batch));
	if (judge->found_n > 1)
		qsort(judge->found, judge->found_n, sizeof(*judge->found), compare_found);
	for (size_t i = 0; i < judge->found_n; i++) {
		struct judge_found *f = &judge->found[i];
		if (i > 0 && compare_found(f, f - 1) == 0) {
			*f = f[-1];
			continue;
		}
		enum ts_err err = ts_judge_usage_at(judge, ts_judge_stream_find(judge, f->stream),
			f->index, batch->leaf, &f->batch_leaf, &record, &f->usage, why);
		f->there = err == TS_OK;
		if (err == TS_OK && f->usage)
			err = keep_line(judge, f, judge->in_looked.line);
		if (err != TS_E_NOT_FOUND)
			TS_TRY(err);
	}
	return TS_OK;
}

enum ts_err ts_judge_target_at(struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, int64_t below, int64_t *batch_leaf, struct ts_record *record, bool *usage,
	struct ts_why *why)
{
	const struct judge_found key = {.stream = stream->id, .index = index};
	const struct judge_found *f =
		judge->found_n == 0
			? NULL
			: bsearch(&key, judge->found, judge->found_n, sizeof(key), compare_found);
	const char *reason = NULL;
	if (f == NULL)
		return ts_judge_usage_at(
			judge, stream, index, below, batch_leaf, record, usage, why);
	if (!f->there)
		return ts_why(why, TS_E_NOT_FOUND, "batch", "no leaf before holds the line");
	*batch_leaf = f->batch_leaf;
	*usage = f->usage;
	return f->usage ? ts_record_parse((struct ts_str){judge->found_bytes + f->at, f->len},
				  record, &reason)
			: TS_OK;
}
