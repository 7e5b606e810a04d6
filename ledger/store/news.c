/* SPDX-License-Identifier: Apache-2.0 */
#include "store/news.h"
#include "store/batch.h"

#define LINES_BYTES_MAX ((size_t)32 << 20) /* of one upload, unpacked */

enum { SUMMARY, LEAF, LINES };

static enum ts_err lines_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_news *news, struct ts_why *why)
{
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *scratch = ts_region_create(
		LINES_BYTES_MAX);
	int64_t batch_id = ts_row_i64(rows), bytes = ts_row_i64(rows);
	struct ts_str packed, lines = {NULL, 0};

	if (scratch == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch", "out of memory");
	ts_row_skip(rows);
	packed = ts_row_bytes(rows);
	TS_TRY(rows->err);
	TS_TRY(ts_db_batch_unpack(packed, bytes, batch_id, scratch, &lines, why));
	return ts_db_batch_keys_add(&news->keys, batch_id, lines, region, why);
}

static enum ts_err row_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_news *news, struct ts_why *why)
{
	struct ts_db_leaf_row *leaf = &news->leaves[news->leaves_n];

	switch (ts_row_i16(rows)) {
	case SUMMARY:
		news->to = ts_row_i64(rows);
		news->batches = ts_row_i64(rows);
		news->judged = ts_row_i64(rows);
		return rows->err;
	case LEAF:
		*leaf = (struct ts_db_leaf_row){.index = ts_row_i64(rows)};
		leaf->kind = (int16_t)ts_row_i64(rows);
		ts_row_skip(rows);
		leaf->data = ts_row_copy(rows, region);
		news->leaves_n++;
		return rows->err;
	default:
		return lines_read(rows, region, news, why);
	}
}

enum ts_err ts_db_news_read(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int64_t work_max, struct ts_region *region, struct ts_db_news *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_news news = {.to = to};
	struct ts_args args;

	if (from < to) {
		ts_args_init(&args);
		ts_arg_i64(&args, contract_id);
		ts_arg_i64(&args, from);
		ts_arg_i64(&args, to);
		ts_arg_i64(&args, work_max);
		TS_TRY(ts_db_query(db, "settle_news", &args, &rows, why));
	}
	news.leaves = ts_region_array(region, (size_t)rows.n + 1, sizeof *news.leaves);
	if (news.leaves == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "news", "out of memory");
	while (ts_rows_next(&rows))
		TS_TRY(row_read(&rows, region, &news, why));
	TS_TRY(rows.err);
	*out = news;
	return TS_OK;
}
