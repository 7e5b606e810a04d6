/* SPDX-License-Identifier: Apache-2.0 */
#include "service/publish/checkpoints.h"
#include "service/publish/recompute.h"
#include "service/key/signer_client.h"
#include "service/witness/witnesser.h"
#include "store/witness.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LOGS 2
#define TRIES 100 /* others may be signing the same contract; each failure is their success */
#define AT_ONCE_LEAVES_MAX 65536 /* an event waits for the recomputation of that many */

/* --- what was recomputed since the start --- */

enum state { UNKNOWN, GOOD, BROKEN };
struct entry {
	int64_t contract_id;
	enum state state;
};
struct ts_checkpoints {
	pthread_mutex_t lock;
	struct entry *entries;
	size_t n, cap;
};

enum ts_err ts_checkpoints_create(struct ts_checkpoints **out)
{
	struct ts_checkpoints *checkpoints = calloc(1, sizeof *checkpoints);
	if (checkpoints == NULL)
		return TS_E_NO_MEMORY;
	pthread_mutex_init(&checkpoints->lock, NULL);
	*out = checkpoints;
	return TS_OK;
}

void ts_checkpoints_free(struct ts_checkpoints *checkpoints)
{
	if (checkpoints == NULL)
		return;
	pthread_mutex_destroy(&checkpoints->lock);
	free(checkpoints->entries);
	free(checkpoints);
}

static enum state state_get(struct ts_checkpoints *c, int64_t contract_id)
{
	enum state state = UNKNOWN;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n; i++)
		if (c->entries[i].contract_id == contract_id)
			state = c->entries[i].state;
	pthread_mutex_unlock(&c->lock);
	return state;
}

static bool grow(struct ts_checkpoints *c)
{
	size_t cap = c->cap == 0 ? 64 : 2 * c->cap;
	struct entry *entries = c->n < c->cap ? c->entries
					      : realloc(c->entries, cap * sizeof *entries);
	if (entries == NULL)
		return false;
	if (entries != c->entries || c->n == c->cap)
		c->cap = cap;
	c->entries = entries;
	return true;
}

/* Without memory it stays unknown, and is recomputed once more. */
static void state_set(struct ts_checkpoints *c, int64_t contract_id, enum state state)
{
	pthread_mutex_lock(&c->lock);
	if (grow(c))
		c->entries[c->n++] = (struct entry){contract_id, state};
	pthread_mutex_unlock(&c->lock);
}

/* --- one pass --- */

struct log {
	enum ts_db_lock log;
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_range range; /* recomputed; range.size is the log's size in the snapshot */
	struct ts_hash root;
	struct ts_db_checkpoint last; /* without its note */
	int64_t signed_size; /* as the signer says */
	struct ts_path proof; /* from signed_size */
	struct ts_buf note;
};
struct pass {
	struct ts_app *app;
	struct ts_session *session;
	const struct ts_db_contract *contract;
	int64_t now_us;
	struct ts_region *region;
	struct log logs[LOGS]; /* inputs, journal */
	struct ts_db_pair last;
};

static bool moved(const struct log *log)
{
	return log->range.size > log->last.size;
}

/* The log's range again: as it was signed last, grown by the leaves behind. */
static enum ts_err read_log(struct ts_db *db, struct pass *p, struct log *log, struct ts_why *why)
{
	int64_t id = p->contract->contract_id;
	struct ts_hasher *hasher = &p->session->hasher;
	struct ts_range kept;
	struct ts_hash root;
	ts_region_reset(p->region);
	TS_TRY(ts_db_log_head(db, id, log->log, &kept, &log->root, why));
	TS_TRY(ts_db_checkpoint_last(db, id, log->log, INT64_MAX, p->region, &log->last, why));
	log->last.note = (struct ts_str){NULL, 0};
	ts_range_init(&log->range);
	if (log->last.has_range)
		log->range = log->last.range;
	else if (log->last.size <= kept.size)
		TS_TRY(ts_recompute_extend(
			db, hasher, id, log->log, log->last.size, p->region, &log->range, why));
	ts_range_root(hasher, &log->range, &root);
	if (log->last.size > kept.size ||
		(log->last.size > 0 && !ts_hash_eq(&root, &log->last.root)))
		return ts_why(why, TS_E_INTERNAL, log->origin,
			"the log is not what was signed at size %lld", (long long)log->last.size);
	TS_TRY(ts_recompute_extend(
		db, hasher, id, log->log, kept.size, p->region, &log->range, why));
	ts_range_root(hasher, &log->range, &root);
	if (!ts_range_eq(&kept, &log->range) || !ts_hash_eq(&root, &log->root))
		return ts_why(why, TS_E_INTERNAL, log->origin,
			"the range of size %lld does not recompute from the stored leaves",
			(long long)kept.size);
	return TS_OK;
}

static enum ts_err snapshot_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct pass *p = arg;
	for (size_t i = 0; i < LOGS; i++)
		TS_TRY(read_log(db, p, &p->logs[i], why));
	return ts_db_pair_last(db, p->contract->contract_id, INT64_MAX, &p->last, why);
}

static enum ts_err read_only(struct pass *p, ts_db_body body, struct ts_why *why)
{
	const struct ts_db_scope scope = {.contracts = &p->contract->contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.read_only = true};
	return ts_db_tx(p->session->db, &scope, body, p, why);
}

/* Where a proof's hashes come from: left of the last signed size they are nodes of the range that
 * was kept with it, so a proof costs what is new, not what is old. */
struct proof_source {
	const struct ts_db_checkpoint *last;
	struct ts_merkle_source stored;
};

static enum ts_err proof_subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	const struct proof_source *source = ctx;
	const struct ts_range *range = &source->last->range;
	int64_t at = 0;
	int i = 0;
	for (int bit = 62; bit >= level && source->last->has_range; bit--) {
		if ((range->size >> bit & 1) == 0)
			continue;
		if (bit == level && at >> level == index) {
			*out = range->hashes[i];
			return TS_OK;
		}
		at += INT64_C(1) << bit;
		i++;
	}
	return source->stored.subtree(source->stored.ctx, level, index, out);
}

static enum ts_err proofs_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct pass *p = arg;
	for (size_t i = 0; i < LOGS; i++) {
		struct log *log = &p->logs[i];
		struct ts_db_log_source stored = {.db = db,
			.hasher = &p->session->hasher,
			.contract_id = p->contract->contract_id,
			.log = log->log};
		struct proof_source source = {&log->last, ts_db_log_source(&stored)};
		struct ts_merkle_source merkle = {proof_subtree, &source};
		log->proof.n = 0;
		if (!moved(log) || log->signed_size == 0)
			continue;
		enum ts_err err = ts_consistency_prove(&p->session->hasher, &merkle,
			log->signed_size, log->range.size, &log->proof);
		if (err != TS_OK)
			return ts_why(why, err, log->origin, "no proof from size %lld to %lld",
				(long long)log->signed_size, (long long)log->range.size);
	}
	return TS_OK;
}

static enum ts_err store_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct pass *p = arg;
	int64_t id = p->contract->contract_id;
	for (size_t i = 0; i < LOGS; i++) {
		const struct log *log = &p->logs[i];
		if (moved(log))
			TS_TRY(ts_db_checkpoint_add(db, id, log->log, log->range.size, &log->root,
				&log->range, (struct ts_str){log->note.data, log->note.len},
				p->now_us, why));
	}
	const struct ts_db_pair pair = {p->logs[0].range.size, p->logs[1].range.size};
	return ts_db_pair_add(db, id, &pair, p->now_us, why);
}

static bool signer_ahead(const struct pass *p)
{
	return p->logs[0].signed_size > p->logs[0].range.size ||
	       p->logs[1].signed_size > p->logs[1].range.size;
}

/* What the signer has signed is never more than what was committed before it was asked; so a
 * snapshot that is taken after its answer and has less is of a database that went back. */
static enum ts_err ask_signer(struct pass *p, bool *ahead, struct ts_why *why)
{
	for (size_t i = 0; i < LOGS; i++) {
		struct ts_hash root;
		TS_TRY(ts_signer_last(p->app->signer, ts_str(p->logs[i].origin),
			&p->logs[i].signed_size, &root, why));
	}
	*ahead = signer_ahead(p);
	return TS_OK;
}

static enum ts_err behind(const struct pass *p, struct ts_why *why)
{
	const struct log *log = &p->logs[p->logs[0].signed_size > p->logs[0].range.size ? 0 : 1];
	return ts_why(why, TS_E_CONFLICT, "signer",
		"%s: the database ends at size %lld, size %lld was signed already (an old "
		"backup?); "
		"nothing is signed: see \"A restored database\" in docs/operations.md",
		log->origin, (long long)log->range.size, (long long)log->signed_size);
}

static enum ts_err sign_logs(struct pass *p, struct ts_why *why)
{
	for (size_t i = 0; i < LOGS; i++) {
		struct log *log = &p->logs[i];
		const struct ts_checkpoint next = {ts_str(log->origin), log->range.size, log->root};
		ts_buf_reset(&log->note);
		if (moved(log))
			TS_TRY(ts_signer_sign(p->app->signer, &next, log->signed_size, &log->proof,
				&log->note, why));
	}
	return TS_OK;
}

/* Behind everything that publishes a pair: who waits for one (witnesses) is told here. */
static void published(struct pass *p)
{
	const struct ts_db_pair pair = {p->logs[0].range.size, p->logs[1].range.size};
	if (p->app->on_pair != NULL)
		p->app->on_pair(p->app, p->contract, &pair);
	TS_LOG(p->app->log, TS_LOG_DEBUG, "signed", TS_LOG_TEXT("contract", p->contract->public_id),
		TS_LOG_NUM("inputs", pair.inputs_size), TS_LOG_NUM("journal", pair.journal_size));
}

/* TS_E_STALE: another pass was faster; once more. */
static enum ts_err once(struct pass *p, struct ts_why *why)
{
	bool ahead = false;
	TS_TRY(read_only(p, snapshot_tx, why));
	if (!moved(&p->logs[0]) && !moved(&p->logs[1]) &&
		p->last.inputs_size == p->logs[0].range.size)
		return TS_OK;
	TS_TRY(ask_signer(p, &ahead, why));
	if (ahead) {
		TS_TRY(read_only(p, snapshot_tx, why));
		if (signer_ahead(p))
			return behind(p, why);
	}
	TS_TRY(read_only(p, proofs_tx, why));
	TS_TRY(sign_logs(p, why));
	TS_TRY(ts_db_tx_contract(p->session->db, p->contract->contract_id, store_tx, p, why));
	published(p);
	return TS_OK;
}

/* At the start also where nothing is new to sign: a restored database may end just there. */
static enum ts_err compare(struct pass *p, struct ts_why *why)
{
	bool ahead = false;
	TS_TRY(ask_signer(p, &ahead, why));
	if (ahead) {
		TS_TRY(read_only(p, snapshot_tx, why));
		if (signer_ahead(p))
			return behind(p, why);
	}
	for (size_t i = 0; i < LOGS; i++)
		if (p->logs[i].signed_size < p->logs[i].last.size)
			TS_LOG(p->app->log, TS_LOG_WARN, "signer",
				TS_LOG_TEXT("text", "its state is older than the database's"),
				TS_LOG_TEXT("origin", p->logs[i].origin),
				TS_LOG_NUM("signer", p->logs[i].signed_size),
				TS_LOG_NUM("database", p->logs[i].last.size));
	return TS_OK;
}

/* Once per start and contract: all that was signed before, from leaf 0. */
static enum ts_err recheck(struct pass *p, bool wait, bool *later, struct ts_why *why)
{
	int64_t id = p->contract->contract_id;
	enum state state = state_get(p->app->checkpoints, id);
	*later = false;
	if (state == GOOD)
		return TS_OK;
	if (state == BROKEN)
		return ts_why(why, TS_E_INTERNAL, "log",
			"contract %s: its logs did not recompute at the start; nothing is signed",
			p->contract->public_id);
	TS_TRY(read_only(p, snapshot_tx, why));
	if (!wait && p->app->config->tick_s > 0 && p->logs[0].last.size > AT_ONCE_LEAVES_MAX) {
		*later = true;
		return TS_OK;
	}
	enum ts_err err = TS_OK;
	TS_TRY(compare(p, why));
	for (size_t i = 0; i < LOGS && err == TS_OK; i++)
		err = ts_recompute_log(p->app, p->session, p->contract, p->logs[i].log,
			p->logs[i].last.size, &p->logs[i].last.root, p->region, why);
	if (err == TS_OK || err == TS_E_INTERNAL)
		state_set(p->app->checkpoints, id, err == TS_OK ? GOOD : BROKEN);
	return err;
}

static enum ts_err pass(struct pass *p, bool wait, struct ts_why *why)
{
	bool later = false;
	enum ts_err err = recheck(p, wait, &later, why);
	if (err != TS_OK || later)
		return err;
	err = TS_E_STALE;
	for (int i = 0; i < TRIES && err == TS_E_STALE; i++)
		err = once(p, why);
	return err == TS_E_STALE ? ts_why(why, TS_E_UNAVAILABLE, "signer",
					   "others sign this contract all the time")
				 : err;
}

static enum ts_err run(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, bool wait, struct ts_why *why)
{
	static const enum ts_db_lock locks[LOGS] = {TS_DB_LOCK_INPUTS, TS_DB_LOCK_JOURNAL};
	static const enum ts_log_kind kinds[LOGS] = {TS_LOG_INPUTS, TS_LOG_JOURNAL};
	bool admitted = false;
	if (app->signer == NULL)
		return TS_OK;
	/* What must wait for witnesses is signed later, by whoever hears them. */
	TS_TRY(ts_witnesser_admitted(app, session, contract->contract_id, &admitted, why));
	if (!admitted)
		return TS_OK;
	struct pass *p = calloc(1, sizeof *p);
	if (p == NULL)
		return TS_E_NO_MEMORY;
	*p = (struct pass){.app = app, .session = session, .contract = contract, .now_us = now_us};
	p->region = ts_region_create(TS_RECOMPUTE_REGION_BYTES_MAX);
	enum ts_err err = p->region == NULL ? TS_E_NO_MEMORY : TS_OK;
	for (size_t i = 0; i < LOGS; i++) {
		p->logs[i].log = locks[i];
		ts_buf_init(&p->logs[i].note, TS_NOTE_BYTES_MAX);
		if (err == TS_OK)
			err = ts_origin_log(ts_str(app->config->domain),
				ts_str(contract->public_id), kinds[i], p->logs[i].origin);
	}
	if (err == TS_OK)
		err = pass(p, wait, why);
	for (size_t i = 0; i < LOGS; i++)
		ts_buf_free(&p->logs[i].note);
	ts_region_free(p->region);
	free(p);
	return err;
}

enum ts_err ts_checkpoints_published(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	struct ts_region *region, struct ts_db_checkpoint *out, struct ts_why *why)
{
	struct ts_db_pair pair;
	struct ts_quorum quorum;
	TS_TRY(ts_witness_quorum(db, contract_id, region, &quorum, why));
	if (quorum.n > 0)
		TS_TRY(ts_db_pair_published(db, contract_id, INT64_MAX, &pair, why));
	else
		TS_TRY(ts_db_pair_last(db, contract_id, INT64_MAX, &pair, why));
	return ts_db_checkpoint_last(db, contract_id, log,
		log == TS_DB_LOCK_INPUTS ? pair.inputs_size : pair.journal_size, region, out, why);
}

enum ts_err ts_checkpoints_sign(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, struct ts_why *why)
{
	return run(app, session, contract, now_us, false, why);
}

enum ts_err ts_checkpoints_pass(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, struct ts_why *why)
{
	return run(app, session, contract, now_us, true, why);
}
