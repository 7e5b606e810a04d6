/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verdict.h"

enum ts_err ts_db_verdict_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_verdict *verdicts, size_t n, struct ts_why *why)
{
	enum { STREAM, INDEX, LINES, KIND, REASON, LEAF, BY_STREAM, BY_INDEX, N };
	static const enum ts_array_type types[N] = {TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64,
		TS_ARRAY_TEXT, TS_ARRAY_TEXT, TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64};
	struct ts_array columns[N];
	struct ts_args args;
	enum ts_err err = TS_OK;

	if (n == 0)
		return TS_OK;
	ts_arrays_init(columns, types, N);
	for (size_t i = 0; i < n; i++) {
		ts_array_i64(&columns[STREAM], verdicts[i].stream_id);
		ts_array_i64(&columns[INDEX], verdicts[i].index);
		ts_array_i64(&columns[LINES], verdicts[i].lines);
		ts_array_text(&columns[KIND], ts_judge_kind_name(verdicts[i].kind));
		ts_array_text(&columns[REASON], verdicts[i].reason);
		ts_array_i64(&columns[LEAF], verdicts[i].leaf);
		ts_array_i64(&columns[BY_STREAM], verdicts[i].by_stream);
		ts_array_i64(&columns[BY_INDEX], verdicts[i].by_index);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	for (size_t i = 0; i < N && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	if (err == TS_OK)
		err = ts_db_query(db, "verdict_add", &args, NULL, why);
	ts_arrays_free(columns, N);
	return err;
}

static enum ts_err kind_of(struct ts_str name, enum ts_judge_kind *out)
{
	for (int kind = TS_JUDGE_PARKED; kind <= TS_JUDGE_RELEASED; kind++)
		if (ts_str_is(name, ts_judge_kind_name((enum ts_judge_kind)kind))) {
			*out = (enum ts_judge_kind)kind;
			return TS_OK;
		}
	return TS_E_INTERNAL;
}

static enum ts_err verdict_rows(struct ts_db *db, const char *query, const struct ts_args *args,
	struct ts_region *region, struct ts_db_verdict **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_verdict *list = NULL;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "verdict", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_verdict *v = &list[rows.row];

		v->stream_id = ts_row_i64(&rows);
		v->index = ts_row_i64(&rows);
		v->lines = ts_row_i64(&rows);
		if (rows.err == TS_OK)
			TS_TRY(kind_of(ts_row_str(&rows), &v->kind));
		v->reason = ts_row_text(&rows, region);
		v->leaf = ts_row_i64(&rows);
		v->by_stream = ts_row_i64_or(&rows, -1);
		v->by_index = ts_row_i64_or(&rows, -1);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_verdict_facts(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t from, int64_t to, int64_t below, struct ts_region *region,
	struct ts_db_verdict **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	ts_arg_i64(&args, below);
	return verdict_rows(db, "verdict_facts", &args, region, out, n, why);
}

enum ts_err ts_db_verdict_lines(struct ts_db *db, int64_t contract_id, const int64_t *streams,
	const int64_t *indexes, size_t lines_n, struct ts_region *region,
	struct ts_db_verdict **out, size_t *n, struct ts_why *why)
{
	static const enum ts_array_type types[] = {TS_ARRAY_I64, TS_ARRAY_I64};
	struct ts_array columns[2];
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_arrays_init(columns, types, 2);
	for (size_t i = 0; i < lines_n; i++) {
		ts_array_i64(&columns[0], streams[i]);
		ts_array_i64(&columns[1], indexes[i]);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	for (size_t i = 0; i < 2 && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	if (err == TS_OK)
		err = verdict_rows(db, "verdict_lines", &args, region, out, n, why);
	ts_arrays_free(columns, 2);
	return err;
}

enum ts_err ts_db_verdict_ranges(struct ts_db *db, int64_t contract_id, int64_t below,
	struct ts_region *region, struct ts_db_verdict **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, below);
	return verdict_rows(db, "verdict_ranges", &args, region, out, n, why);
}

enum ts_err ts_db_verdict_page(struct ts_db *db, int64_t contract_id, int64_t stream_id, int kind,
	const struct ts_db_verdict *after, int32_t limit, struct ts_region *region,
	struct ts_db_verdict **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_text(&args, kind < 0 ? NULL : ts_judge_kind_name((enum ts_judge_kind)kind));
	ts_arg_i64(&args, after == NULL ? -1 : after->index);
	ts_arg_i64(&args, after == NULL ? -1 : after->leaf);
	ts_arg_text(&args, after == NULL ? "" : ts_judge_kind_name(after->kind));
	ts_arg_i32(&args, limit);
	return verdict_rows(db, "verdict_page", &args, region, out, n, why);
}

/* --- handovers --- */

enum ts_err ts_db_handover_add(struct ts_db *db, int64_t contract_id,
	const struct ts_judge_handover *handover, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, handover->newer);
	ts_arg_i64(&args, handover->older);
	ts_arg_i64(&args, handover->from_ms);
	ts_arg_bool(&args, handover->within_scope);
	ts_arg_i64(&args, handover->leaf);
	return ts_db_query(db, "handover_add", &args, NULL, why);
}

enum ts_err ts_db_handover_list(struct ts_db *db, int64_t contract_id, const int64_t *streams,
	size_t streams_n, int64_t below, struct ts_region *region, struct ts_judge_handover **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_judge_handover *list = NULL;
	struct ts_array ids;
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_array_init(&ids, TS_ARRAY_I64);
	for (size_t i = 0; i < streams_n; i++)
		ts_array_i64(&ids, streams[i]);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	err = ts_arg_array(&args, &ids);
	ts_arg_i64(&args, below);
	if (err == TS_OK)
		err = ts_db_query(db, "handover_list", &args, &rows, why);
	ts_array_free(&ids);
	TS_TRY(err);
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "handover", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_judge_handover *h = &list[rows.row];

		h->newer = ts_row_i64(&rows);
		h->older = ts_row_i64(&rows);
		h->from_ms = ts_row_i64(&rows);
		h->within_scope = ts_row_bool(&rows);
		h->leaf = ts_row_i64(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
