/* SPDX-License-Identifier: Apache-2.0 */
#include "store/witness.h"
#include <string.h>

enum ts_err ts_db_version_newest(struct ts_db *db, int64_t contract_id, int64_t known,
	struct ts_region *region, int64_t *version, struct ts_str *terms, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, known);
	TS_TRY(ts_db_query(db, "version_newest", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "version", "no version is in force");
	*version = ts_row_i64(&rows);
	*terms = ts_row_copy(&rows, region);
	return rows.err;
}

/* Two numbers, or zeros when there is no row. */
static enum ts_err two_numbers(struct ts_db *db, const char *query, const struct ts_args *args,
	int64_t *first, int64_t *second, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	*first = *second = 0;
	if (ts_rows_next(&rows)) {
		*first = ts_row_i64(&rows);
		*second = ts_row_i64(&rows);
	}
	return rows.err;
}

enum ts_err ts_db_cosigned_last(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	const char *key_name, struct ts_db_cosigned *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_text(&args, key_name);
	return two_numbers(db, "cosigned_last", &args, &out->size, &out->time_s, why);
}

enum ts_err ts_db_published_add(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	const struct ts_db_published *published, int64_t now_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, published->size);
	ts_arg_i64(&args, published->met_s);
	ts_arg_time(&args, now_us);
	return ts_db_query(db, "published_add", &args, NULL, why);
}

enum ts_err ts_db_published_last(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t max_size, struct ts_db_published *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, max_size);
	return two_numbers(db, "published_last", &args, &out->size, &out->met_s, why);
}

enum ts_err ts_db_published_covering(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t min_size, int64_t not_after_s, struct ts_db_published *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, min_size);
	ts_arg_i64(&args, not_after_s);
	return two_numbers(db, "published_covering", &args, &out->size, &out->met_s, why);
}
