/* SPDX-License-Identifier: Apache-2.0 */
#include "service/publish/recompute.h"

#define LEAVES_PER_READ 1024
#define LEAVES_PER_TRANSACTION 65536
#define LEAVES_PER_PROGRESS (INT64_C(1) << 20)

static const char *log_name(enum ts_db_lock log)
{
	return log == TS_DB_LOCK_INPUTS ? "inputs" : "journal";
}

enum ts_err ts_recompute_extend(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, int64_t to, struct ts_region *region, struct ts_range *range,
	struct ts_why *why)
{
	while (range->size < to) {
		struct ts_db_leaf_row *leaves = NULL;
		struct ts_hash hash;
		size_t n = 0;
		ts_region_reset(region);
		TS_TRY(ts_db_log_leaves(db, contract_id, log, range->size, to, -1, LEAVES_PER_READ,
			region, &leaves, &n, why));
		for (size_t i = 0; i < n; i++) {
			ts_hash_leaf(hasher, leaves[i].data.at, leaves[i].data.len, &hash);
			if (leaves[i].index != range->size || !ts_hash_eq(&hash, &leaves[i].hash))
				return ts_why(why, TS_E_INTERNAL, log_name(log),
					"leaf %lld is missing or its bytes are not what was hashed",
					(long long)range->size);
			(void)ts_range_append(hasher, range, &hash, NULL);
		}
		if (n == 0)
			return ts_why(why, TS_E_INTERNAL, log_name(log), "leaf %lld is missing",
				(long long)range->size);
	}
	return TS_OK;
}

struct part {
	struct ts_session *session;
	int64_t contract_id, to;
	enum ts_db_lock log;
	struct ts_region *region;
	struct ts_range before, range;
};

static enum ts_err part_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct part *part = arg;
	part->range = part->before; /* this body may run twice */
	return ts_recompute_extend(db, &part->session->hasher, part->contract_id, part->log,
		part->to, part->region, &part->range, why);
}

enum ts_err ts_recompute_log(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, enum ts_db_lock log, int64_t size,
	const struct ts_hash *root, struct ts_region *region, struct ts_why *why)
{
	struct part part = {.session = session,
		.contract_id = contract->contract_id,
		.log = log,
		.region = region};
	struct ts_hash again;
	if (size == 0) /* nothing was signed */
		return TS_OK;
	ts_range_init(&part.range);
	while (part.range.size < size) {
		int64_t left = size - part.range.size;
		part.before = part.range;
		part.to = part.before.size +
			  (left < LEAVES_PER_TRANSACTION ? left : LEAVES_PER_TRANSACTION);
		TS_TRY(ts_db_tx_contract(session->db, contract->contract_id, part_tx, &part, why));
		if (part.to % LEAVES_PER_PROGRESS == 0 ||
			(part.to == size && size > LEAVES_PER_PROGRESS))
			TS_LOG(app->log, TS_LOG_INFO, "recompute",
				TS_LOG_TEXT("contract", contract->public_id),
				TS_LOG_TEXT("log", log_name(log)), TS_LOG_NUM("leaves", part.to),
				TS_LOG_NUM("of", size));
	}
	ts_range_root(&session->hasher, &part.range, &again);
	if (!ts_hash_eq(&again, root))
		return ts_why(why, TS_E_INTERNAL, log_name(log),
			"contract %s: the signed root of size %lld does not recompute from the "
			"stored leaves",
			contract->public_id, (long long)size);
	return TS_OK;
}
