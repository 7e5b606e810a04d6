/* SPDX-License-Identifier: Apache-2.0 */
#include "service/checkpoints.h"
#include "evidence/log.h"
#include "store/log.h"

#define REGION_BYTES_MAX (64u << 20)

struct signing {
	struct ts_app *app;
	struct ts_session *session;
	const struct ts_db_contract *contract;
	int64_t now_us;
	enum ts_db_lock log;
};

/* The range again: full 256-leaf subtrees as stored, the tail hashed anew from the leaves' bytes.
 */
static enum ts_err again(struct ts_db *db, struct signing *s, int64_t size,
	struct ts_region *region, struct ts_range *out, struct ts_why *why)
{
	int64_t full = size - size % TS_MERKLE_TILE_LEAVES, at = 0;
	int64_t tree = s->log == TS_DB_LOCK_INPUTS ? -1 : -2;
	struct ts_db_leaf_row *leaves = NULL;
	struct ts_hash leaf;
	size_t n = 0;
	ts_range_init(out);
	for (int level = 62; level >= TS_MERKLE_TILE_LEVEL; level--) {
		int64_t span = INT64_C(1) << level;
		if ((full & span) == 0)
			continue;
		TS_TRY(ts_db_subtree_fold(db, &s->session->hasher, s->contract->contract_id, tree,
			level, at >> level, &out->hashes[ts_range_count(out)]));
		at += span;
		out->size = at;
	}
	if (size > full)
		TS_TRY(ts_db_log_leaves(db, s->contract->contract_id, s->log, full, size, -1,
			TS_MERKLE_TILE_LEAVES, region, &leaves, &n, why));
	for (size_t i = 0; i < n; i++) {
		ts_hash_leaf(&s->session->hasher, leaves[i].data.at, leaves[i].data.len, &leaf);
		ts_range_append(&s->session->hasher, out, &leaf, NULL);
	}
	return TS_OK;
}

static enum ts_err sign(struct ts_db *db, struct signing *s, struct ts_region *region,
	struct ts_buf *note, struct ts_why *why)
{
	struct ts_range kept, computed;
	struct ts_hash root;
	struct ts_db_checkpoint last;
	struct ts_checkpoint signed_last;
	struct ts_secret secret;
	int64_t id = s->contract->contract_id;
	const char *domain = s->app->config->domain;
	TS_TRY(ts_db_log_head(db, id, s->log, &kept, &root, why));
	TS_TRY(ts_db_checkpoint_last(db, id, s->log, INT64_MAX, region, &last, why));
	if (kept.size == 0 || last.size == kept.size)
		return TS_OK;
	TS_TRY(again(db, s, kept.size, region, &computed, why));
	TS_TRY(ts_keyring_log(s->app->keyring, domain, s->contract->public_id,
		s->log == TS_DB_LOCK_INPUTS ? TS_LOG_INPUTS : TS_LOG_JOURNAL, false, &secret, why));
	signed_last = (struct ts_checkpoint){ts_str(secret.key.name), last.size, last.root};
	enum ts_err err = ts_log_sign(&s->session->hasher, &secret, &kept, &computed,
		last.size > 0 ? &signed_last : NULL, note, why);
	ts_secret_wipe(&secret);
	TS_TRY(err);
	return ts_db_checkpoint_add(db, id, s->log, kept.size, &root,
		(struct ts_str){note->data, note->len}, s->now_us, why);
}

static enum ts_err sign_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	struct ts_buf note;
	if (region == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	enum ts_err err = sign(db, arg, region, &note, why);
	ts_buf_free(&note);
	ts_region_free(region);
	return err;
}

enum ts_err ts_checkpoints_sign(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, struct ts_why *why)
{
	static const enum ts_db_lock logs[] = {TS_DB_LOCK_INPUTS, TS_DB_LOCK_JOURNAL};
	for (size_t i = 0; i < 2; i++) {
		struct signing s = {app, session, contract, now_us, logs[i]};
		TS_TRY(ts_db_tx_contract(session->db, contract->contract_id, sign_tx, &s, why));
	}
	return TS_OK;
}
