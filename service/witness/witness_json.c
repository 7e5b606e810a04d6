/* SPDX-License-Identifier: Apache-2.0 */
#include "service/witness/witness_json.h"
#include "service/publish/checkpoints.h"
#include "service/handler/handler.h"
#include "service/witness/witnesser.h"
#include "store/witness.h"

static const enum ts_db_lock logs[] = {TS_DB_LOCK_INPUTS, TS_DB_LOCK_JOURNAL};
static const char *const log_names[] = {"inputs", "journal"};

static json_t *time_json(int64_t time_s)
{
	return time_s > 0 ? ts_json_time(time_s * 1000000) : json_null();
}

static enum ts_err log_json(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	struct ts_region *region, json_t **out, struct ts_why *why)
{
	struct ts_db_checkpoint newest, published;
	struct ts_db_published met;
	TS_TRY(ts_db_checkpoint_last(db, contract_id, log, INT64_MAX, region, &newest, why));
	TS_TRY(ts_checkpoints_published(db, contract_id, log, region, &published, why));
	TS_TRY(ts_db_published_last(db, contract_id, log, published.size, &met, why));
	*out = json_pack("{s:I,s:I,s:o}", "signed", (json_int_t)newest.size, "published",
		(json_int_t)published.size, "published_at", time_json(met.met_s));
	return *out != NULL ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err witness_json(struct ts_db *db, struct ts_app *app, int64_t contract_id,
	const struct ts_terms_keys *keys, size_t i, json_t **out, struct ts_why *why)
{
	const char *name = keys->quorum_of.keys[i].name;
	struct ts_db_cosigned cosigned[2];
	struct ts_witness_status status;
	for (size_t log = 0; log < 2; log++)
		TS_TRY(ts_db_cosigned_last(db, contract_id, logs[log], name, &cosigned[log], why));
	ts_witnesser_status(app->witnesser, contract_id, name, &status);
	const char *error = status.configured ? status.error : "not configured here";
	*out = json_pack("{s:s,s:s,s:{s:I,s:o},s:{s:I,s:o},s:b,s:o}", "name", name, "run_by",
		ts_run_by_name(keys->witnesses[i].run_by), "inputs", "size",
		(json_int_t)cosigned[0].size, "cosigned_at", time_json(cosigned[0].time_s),
		"journal", "size", (json_int_t)cosigned[1].size, "cosigned_at",
		time_json(cosigned[1].time_s), "holds_signing", status.held, "error",
		error[0] != '\0' ? json_string(error) : json_null());
	return *out != NULL ? TS_OK : TS_E_NO_MEMORY;
}

enum ts_err ts_witness_json(struct ts_db *db, struct ts_app *app, int64_t contract_id,
	const struct ts_terms_keys *keys, struct ts_region *region, json_t **out,
	struct ts_why *why)
{
	json_t *rows = json_array(), *one = NULL;
	json_t *all = json_pack(
		"{s:s,s:I}", "quorum", keys->quorum, "needed", (json_int_t)keys->quorum_of.k);
	enum ts_err err = all == NULL || rows == NULL ? TS_E_NO_MEMORY : TS_OK;
	for (size_t log = 0; err == TS_OK && log < 2; log++) {
		err = log_json(db, contract_id, logs[log], region, &one, why);
		if (err == TS_OK)
			json_object_set_new(all, log_names[log], one);
	}
	for (size_t i = 0; err == TS_OK && i < keys->quorum_of.n; i++) {
		err = witness_json(db, app, contract_id, keys, i, &one, why);
		if (err == TS_OK)
			json_array_append_new(rows, one);
	}
	if (err != TS_OK) {
		json_decref(rows);
		json_decref(all);
		return err;
	}
	json_object_set_new(all, "witnesses", rows);
	*out = all;
	return TS_OK;
}
