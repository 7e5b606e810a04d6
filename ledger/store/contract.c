/* SPDX-License-Identifier: Apache-2.0 */
#include "store/contract.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {"offered", "active", "ended"};

/* The new contract joins the transaction's scope, or its own rows would be refused. */
static enum ts_err scope_add(struct ts_db *db, int64_t contract_id, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	char contracts[1024 * 21 + 1];
	char party[24] = "";
	struct ts_str old = {0}, old_party = {0};
	struct ts_args args;

	ts_args_init(&args);
	TS_TRY(ts_db_query(db, "scope_get", &args, &rows, why));
	if (ts_rows_next(&rows)) {
		old = ts_row_str(&rows);
		old_party = ts_row_str(&rows);
	}
	TS_TRY(rows.err);
	if (old_party.len < sizeof party && old_party.len > 0)
		memcpy(party, old_party.at, old_party.len);
	if (old.len > sizeof contracts - 22)
		return ts_why(why, TS_E_LIMIT, "scope", "too many contracts");
	snprintf(contracts, sizeof contracts, "%.*s%s%" PRId64, (int)old.len,
		old.at == NULL ? "" : old.at, old.len == 0 ? "" : ",", contract_id);
	ts_args_init(&args);
	ts_arg_text(&args, contracts);
	ts_arg_text(&args, "0,1");
	ts_arg_text(&args, party);
	return ts_db_query(db, "scope_set", &args, NULL, why);
}

static enum ts_err directory_add(struct ts_db *db, const char *public_id, int64_t provider_party,
	int64_t consumer_party, int64_t *contract_id, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, public_id);
	ts_arg_i64(&args, provider_party);
	ts_arg_i64(&args, consumer_party);
	TS_TRY(ts_db_query(db, "directory_add", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*contract_id = ts_row_i64(&rows);
	return rows.err;
}

enum ts_err ts_db_contract_add(struct ts_db *db, const char *public_id, int64_t provider_party,
	int64_t consumer_party, int64_t *contract_id, struct ts_why *why)
{
	struct ts_args args;
	int64_t id = 0;

	TS_TRY(directory_add(db, public_id, provider_party, consumer_party, &id, why));
	TS_TRY(scope_add(db, id, why));
	ts_args_init(&args);
	ts_arg_i64(&args, id);
	ts_arg_hash(&args, &ts_hash_empty);
	TS_TRY(ts_db_query(db, "contract_add", &args, NULL, why));
	*contract_id = id;
	return TS_OK;
}

static void directory_read(struct ts_rows *rows, struct ts_db_contract *out)
{
	memset(out, 0, sizeof *out);
	out->contract_id = ts_row_i64(rows);
	ts_row_chars(rows, out->public_id, sizeof out->public_id);
	out->provider_party = ts_row_i64(rows);
	out->consumer_party = ts_row_i64(rows);
}

static enum ts_err contract_one(struct ts_db *db, const char *query, const struct ts_args *args,
	bool with_state, struct ts_db_contract *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "contract", "no such contract");
	directory_read(&rows, out);
	if (with_state) {
		struct ts_str state = ts_row_str(&rows);

		while (rows.err == TS_OK && !ts_str_is(state, state_names[out->state])) {
			TS_ASSERT(out->state < TS_DB_CONTRACT_ENDED);
			out->state++;
		}
	}
	return rows.err;
}

enum ts_err ts_db_contract_find(
	struct ts_db *db, const char *public_id, struct ts_db_contract *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, public_id);
	return contract_one(db, "directory_find", &args, false, out, why);
}

enum ts_err ts_db_contract_locate(
	struct ts_db *db, int64_t contract_id, struct ts_db_contract *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	return contract_one(db, "directory_get", &args, false, out, why);
}

enum ts_err ts_db_contract_get(
	struct ts_db *db, int64_t contract_id, struct ts_db_contract *out, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	return contract_one(db, "contract_get", &args, true, out, why);
}

enum ts_err ts_db_contract_list(struct ts_db *db, int64_t party_id, int64_t after, int32_t limit,
	struct ts_region *region, struct ts_db_contract **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_contract *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_i64(&args, after);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "directory_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "contract", "out of memory");
	while (ts_rows_next(&rows))
		directory_read(&rows, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_contract_set_state(
	struct ts_db *db, int64_t contract_id, enum ts_db_contract_state state, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, state_names[state]);
	TS_TRY(ts_db_run(db, "contract_set_state", &args, &changed, why));
	return changed == 1 ? TS_OK : ts_why(why, TS_E_NOT_FOUND, "contract", "no such contract");
}

/* --- versions --- */

static void version_read(struct ts_rows *rows, struct ts_region *region, struct ts_db_version *out)
{
	out->version = ts_row_i64(rows);
	out->terms = ts_row_copy(rows, region);
	ts_row_hash(rows, &out->terms_sha256);
	out->statement = ts_row_copy(rows, region);
	ts_row_hash(rows, &out->statement_sha256);
	out->note = ts_row_copy(rows, region);
	out->leaf = ts_row_i64_or(rows, -1);
	out->offered_us = ts_row_time(rows);
	out->withdrawn_us = ts_row_is_null(rows) ? INT64_MIN : ts_row_time(rows);
}

static enum ts_err version_rows(struct ts_db *db, int64_t contract_id, int64_t version,
	bool in_force_only, bool withdrawn, struct ts_rows *rows, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, version);
	ts_arg_bool(&args, in_force_only);
	ts_arg_bool(&args, withdrawn);
	return ts_db_query(db, "version_list", &args, rows, why);
}

static enum ts_err version_all(struct ts_db *db, int64_t contract_id, bool in_force_only,
	bool withdrawn, struct ts_region *region, struct ts_db_version **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_version *list = NULL;

	TS_TRY(version_rows(db, contract_id, 0, in_force_only, withdrawn, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "version", "out of memory");
	while (ts_rows_next(&rows))
		version_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_version_list(struct ts_db *db, int64_t contract_id, bool in_force_only,
	struct ts_region *region, struct ts_db_version **out, size_t *n, struct ts_why *why)
{
	return version_all(db, contract_id, in_force_only, false, region, out, n, why);
}

enum ts_err ts_db_version_history(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_version **out, size_t *n, struct ts_why *why)
{
	return version_all(db, contract_id, false, true, region, out, n, why);
}

enum ts_err ts_db_version_get(struct ts_db *db, int64_t contract_id, int64_t version,
	struct ts_region *region, struct ts_db_version *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(version_rows(db, contract_id, version, false, false, &rows, why));
	if (version <= 0 || !ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "version", "no version %" PRId64, version);
	version_read(&rows, region, out);
	return rows.err;
}

/* An offer that is there already must be the same bytes. */
static enum ts_err version_same(struct ts_db *db, int64_t contract_id,
	const struct ts_db_version *version, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_hash terms, statement;

	TS_TRY(version_rows(db, contract_id, version->version, false, false, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	ts_row_skip(&rows);
	ts_row_skip(&rows);
	ts_row_hash(&rows, &terms);
	ts_row_skip(&rows);
	ts_row_hash(&rows, &statement);
	TS_TRY(rows.err);
	if (ts_hash_eq(&terms, &version->terms_sha256) &&
		ts_hash_eq(&statement, &version->statement_sha256))
		return TS_OK;
	return ts_why(why, TS_E_CONFLICT, "version",
		"version %" PRId64 " was offered with other bytes", version->version);
}

enum ts_err ts_db_version_offer(struct ts_db *db, int64_t contract_id,
	const struct ts_db_version *version, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	TS_ASSERT(version->version > 0);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, version->version);
	ts_arg_bytes(&args, version->terms.at, version->terms.len);
	ts_arg_hash(&args, &version->terms_sha256);
	ts_arg_bytes(&args, version->statement.at, version->statement.len);
	ts_arg_hash(&args, &version->statement_sha256);
	ts_arg_bytes(&args, version->note.at, version->note.len);
	ts_arg_time(&args, version->offered_us);
	TS_TRY(ts_db_run(db, "version_add", &args, &changed, why));
	return changed == 1 ? TS_OK : version_same(db, contract_id, version, why);
}

enum ts_err ts_db_version_withdraw(
	struct ts_db *db, int64_t contract_id, int64_t version, int64_t now_us, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, version);
	ts_arg_time(&args, now_us);
	TS_TRY(ts_db_run(db, "version_withdraw", &args, &changed, why));
	return changed == 1
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "version", "no open offer %" PRId64, version);
}

enum ts_err ts_db_version_sign(struct ts_db *db, int64_t contract_id, int64_t version,
	struct ts_str note, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, version);
	ts_arg_bytes(&args, note.at, note.len);
	TS_TRY(ts_db_run(db, "version_sign", &args, &changed, why));
	return changed == 1
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "version", "no open offer %" PRId64, version);
}

enum ts_err ts_db_version_enforce(
	struct ts_db *db, int64_t contract_id, int64_t version, int64_t leaf, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, version);
	ts_arg_i64(&args, leaf);
	TS_TRY(ts_db_run(db, "version_enforce", &args, &changed, why));
	return changed == 1
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "version", "no open offer %" PRId64, version);
}
