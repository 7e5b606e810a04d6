/* SPDX-License-Identifier: Apache-2.0 */
#include "store/threshold.h"

enum ts_err ts_db_threshold_reach(struct ts_db *db, int64_t contract_id, int32_t period,
	const struct ts_db_threshold *rows, size_t n, int64_t at_us, struct ts_region *region,
	struct ts_db_threshold **fresh, size_t *fresh_n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows got = {0};
	static const enum ts_array_type types[] = {TS_ARRAY_TEXT, TS_ARRAY_TEXT, TS_ARRAY_I16};
	struct ts_array arrays[3];
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_arrays_init(arrays, types, 3);
	for (size_t i = 0; i < n; i++) {
		ts_array_text(&arrays[0], rows[i].kind);
		ts_array_text(&arrays[1], rows[i].item);
		ts_array_i16(&arrays[2], rows[i].percent);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	for (size_t i = 0; i < 3 && err == TS_OK; i++)
		err = ts_arg_array(&args, &arrays[i]);
	ts_arg_time(&args, at_us);
	if (err == TS_OK)
		err = ts_db_query(db, "threshold_reach", &args, &got, why);
	for (size_t i = 0; i < 3; i++)
		ts_array_free(&arrays[i]);
	TS_TRY(err);
	struct ts_db_threshold *list = ts_region_array(region, (size_t)got.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "threshold", "out of memory");
	while (ts_rows_next(&got)) {
		struct ts_db_threshold *row = &list[got.row];
		row->kind = ts_row_text(&got, region);
		row->item = ts_row_text(&got, region);
		row->percent = ts_row_i16(&got);
	}
	*fresh = list;
	*fresh_n = (size_t)got.n;
	return got.err;
}
