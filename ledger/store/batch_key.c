/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch_key.h"
#include "evidence/record.h"
#include "store/batch.h"
#include <stdlib.h>

#define KINDS 3 /* workload, resource, account: app.batch_key.kind */
/* A batch's lines, packed and not, and three keys a line; another batch starts afresh. */
#define BATCH_REGION_BYTES_MAX ((size_t)32 << 20)

struct key {
	int16_t kind;
	struct ts_str value;
};
struct keys {
	struct key *list;
	size_t n;
};

static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return x->kind != y->kind ? x->kind - y->kind : ts_str_cmp(x->value, y->value);
}

/* Neighbouring lines mostly name the same job and node: `last` spares the sort those. */
static void keys_add(struct keys *keys, struct ts_str last[KINDS], const struct ts_usage *usage)
{
	const struct ts_str values[KINDS] = {usage->workload, usage->resource, usage->account};

	for (int16_t kind = 0; kind < KINDS; kind++) {
		if (ts_str_is(values[kind], "-") ||
			(last[kind].at != NULL && ts_str_eq(values[kind], last[kind])))
			continue;
		keys->list[keys->n++] = (struct key){kind, values[kind]};
		last[kind] = values[kind];
	}
}

/* Distinct and in order, which is the order of the index too. */
static enum ts_err keys_of(
	struct ts_str lines, struct ts_region *region, struct keys *out, struct ts_why *why)
{
	struct ts_str rest = lines, line, last[KINDS] = {{NULL, 0}};
	struct keys keys = {NULL, 0};
	struct ts_record record;
	const char *reason = NULL;
	size_t lines_n = 0, n = 0;

	while (ts_str_line(&rest, &line))
		lines_n++;
	keys.list = ts_region_array(region, KINDS * lines_n + 1, sizeof *keys.list);
	if (keys.list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch_key", "out of memory");
	for (rest = lines; ts_str_line(&rest, &line);)
		if (ts_record_parse(line, &record, &reason) == TS_OK &&
			record.tag == TS_RECORD_USAGE)
			keys_add(&keys, last, &record.usage);
	qsort(keys.list, keys.n, sizeof *keys.list, by_key);
	for (size_t i = 0; i < keys.n; i++)
		if (i == 0 || by_key(&keys.list[i], &keys.list[n - 1]) != 0)
			keys.list[n++] = keys.list[i];
	*out = (struct keys){keys.list, n};
	return TS_OK;
}

static enum ts_err keys_store(struct ts_db *db, int64_t contract_id, int64_t batch_id,
	const struct keys *keys, struct ts_why *why)
{
	static const enum ts_array_type types[] = {TS_ARRAY_I16, TS_ARRAY_TEXT};
	struct ts_array columns[2];
	struct ts_args args;
	enum ts_err err = TS_OK;

	if (keys->n == 0)
		return TS_OK;
	ts_arrays_init(columns, types, 2);
	for (size_t i = 0; i < keys->n; i++) {
		ts_array_i16(&columns[0], keys->list[i].kind);
		ts_array_str(&columns[1], keys->list[i].value);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, batch_id);
	for (size_t i = 0; i < 2 && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	if (err == TS_OK)
		err = ts_db_query(db, "batch_key_add", &args, NULL, why);
	ts_arrays_free(columns, 2);
	return err;
}

static enum ts_err fill(struct ts_db *db, int64_t contract_id, struct ts_rows *batches,
	struct ts_region *region, struct ts_why *why)
{
	while (ts_rows_next(batches)) {
		int64_t batch_id = ts_row_i64(batches);
		struct ts_str lines = {NULL, 0};
		struct keys keys = {NULL, 0};

		ts_region_reset(region);
		TS_TRY(ts_db_batch_lines(db, contract_id, batch_id, region, &lines, why));
		TS_TRY(keys_of(lines, region, &keys, why));
		TS_TRY(keys_store(db, contract_id, batch_id, &keys, why));
	}
	return batches->err;
}

enum ts_err ts_db_batch_key_fill(
	struct ts_db *db, int64_t contract_id, int64_t from, int64_t to, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows batches = {0};
	struct ts_region *region = NULL;
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	TS_TRY(ts_db_query(db, "batch_key_batches", &args, &batches, why));
	region = ts_region_create(BATCH_REGION_BYTES_MAX);
	if (region == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch_key", "out of memory");
	err = fill(db, contract_id, &batches, region, why);
	ts_region_free(region);
	return err;
}
