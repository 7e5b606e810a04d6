/* SPDX-License-Identifier: Apache-2.0 */
#include "store/party.h"

enum ts_err ts_db_party_add(
	struct ts_db *db, const struct ts_db_party *party, int64_t *party_id, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, party->slug);
	ts_arg_text(&args, party->name);
	ts_arg_text(&args, party->domain);
	ts_arg_text(&args, party->statement_vkey);
	ts_arg_text(&args, party->profile);
	TS_TRY(ts_db_query(db, "party_add", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*party_id = ts_row_i64(&rows);
	return rows.err;
}

static void party_read(struct ts_rows *rows, struct ts_region *region, struct ts_db_party *out)
{
	out->party_id = ts_row_i64(rows);
	out->slug = ts_row_text(rows, region);
	out->name = ts_row_text(rows, region);
	out->domain = ts_row_text(rows, region);
	out->statement_vkey = ts_row_text(rows, region);
	out->profile = ts_row_text(rows, region);
}

static enum ts_err party_one(struct ts_db *db, const char *query, const struct ts_args *args,
	struct ts_region *region, struct ts_db_party *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "party", "no such party");
	party_read(&rows, region, out);
	return rows.err;
}

enum ts_err ts_db_party_find(struct ts_db *db, const char *slug, struct ts_region *region,
	struct ts_db_party *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, slug);
	return party_one(db, "party_find", &args, region, out, why);
}

enum ts_err ts_db_party_get(struct ts_db *db, int64_t party_id, struct ts_region *region,
	struct ts_db_party *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	return party_one(db, "party_get", &args, region, out, why);
}

enum ts_err ts_db_party_list(struct ts_db *db, struct ts_region *region, struct ts_db_party **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_party *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	TS_TRY(ts_db_query(db, "party_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "party", "out of memory");
	while (ts_rows_next(&rows))
		party_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
