/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a key and its lines before their time: revoke, reattest, release. What counts in
 * the end is decided by settle, when it folds the leaf. */
#include "service/desk/desk.h"
#include "service/handler/handler.h"
#include "store/log.h"
#include "store/outbox.h"

#define SOURCE_REGION_BYTES_MAX (64u << 20)

enum ts_err ts_desk_stream(const struct ts_desk *desk, struct ts_str origin,
	const struct ts_db_stream **out, struct ts_why *why)
{
	for (size_t i = 0; i < desk->streams_n; i++)
		if (ts_str_is(origin, desk->streams[i].key.origin)) {
			*out = &desk->streams[i];
			return TS_OK;
		}
	return ts_why(why, TS_E_NOT_FOUND, "origin", "no stream %.*s is enrolled in this contract",
		(int)origin.len, origin.at);
}

/* --- how far the inputs log is beyond doubt --- */

/* `to` of the cut that a seal names. */
static enum ts_err seal_covers(
	struct ts_desk *desk, struct ts_str bytes, int64_t *to, struct ts_why *why)
{
	struct ts_note note;
	struct ts_period_statement seal;
	struct ts_event cut;
	struct ts_db_leaf_row *leaves = NULL;
	size_t n = 0;
	TS_TRY(ts_note_parse(bytes, &note, why));
	TS_TRY(ts_period_statement_parse(note.text, &seal, why));
	TS_TRY(ts_db_log_leaves(desk->db, desk->contract.contract_id, TS_DB_LOCK_INPUTS, seal.cut,
		seal.cut + 1, TS_LEAF_EVENT, 1, desk->region, &leaves, &n, why));
	if (n == 0)
		return ts_why(why, TS_E_INTERNAL, "cut",
			"a seal names leaf %lld, which is no event", (long long)seal.cut);
	TS_TRY(ts_note_parse(leaves[0].data, &note, why));
	TS_TRY(ts_event_parse(note.text, &cut, why));
	if (cut.kind != TS_EVENT_CUT)
		return ts_why(why, TS_E_INTERNAL, "cut", "a seal names leaf %lld, which is no cut",
			(long long)seal.cut);
	*to = cut.to;
	return TS_OK;
}

/* The largest size that the quorum of the terms had cosigned before the instant. */
static enum ts_err quorum_covers(
	struct ts_desk *desk, int64_t since_ms, int64_t *size, struct ts_why *why)
{
	const struct ts_quorum *quorum = &desk->terms->keys.quorum_of;
	const char *names[TS_QUORUM_WITNESSES_MAX];
	*size = 0;
	if (quorum->n == 0)
		return TS_OK;
	for (size_t i = 0; i < quorum->n; i++)
		names[i] = quorum->keys[i].name;
	return ts_db_cosigned_before(desk->db, desk->contract.contract_id, names, quorum->n,
		(int64_t)quorum->k, since_ms, size, why);
}

enum ts_err ts_desk_covered(
	struct ts_desk *desk, int64_t since_ms, int64_t *covered, struct ts_why *why)
{
	struct ts_str seals[2];
	size_t seals_n = 0;
	int64_t best = 0;
	TS_TRY(quorum_covers(desk, since_ms, &best, why));
	TS_TRY(ts_db_seal_last(
		desk->db, desk->contract.contract_id, desk->region, seals, &seals_n, why));
	for (size_t i = 0; i < seals_n; i++) {
		int64_t to = 0;
		TS_TRY(seal_covers(desk, seals[i], &to, why));
		if (to > best)
			best = to;
	}
	*covered = best;
	return TS_OK;
}

/* --- revoke --- */

/* Each one walks what it contests, in the thread that settles all contracts; the company signs
 * alone. */
static enum ts_err check_often(
	struct ts_desk *desk, const struct ts_db_stream *stream, struct ts_why *why)
{
	struct ts_db_revocation *list = NULL;
	size_t n = 0;
	TS_TRY(ts_db_revocation_list(desk->db, desk->contract.contract_id, stream->key.stream_id,
		desk->region, &list, &n, why));
	return n < TS_DESK_REVOCATIONS_MAX
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "origin",
				 "the key was revoked %zu times: no more are taken", n);
}

static enum ts_err revoke_read(struct ts_desk *desk, struct ts_why *why)
{
	TS_TRY(ts_revocation_parse(desk->text, &desk->is.revocation, why));
	desk->about = desk->is.revocation.contract;
	return TS_OK;
}

static enum ts_err revoke_owner(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	const struct ts_db_stream *stream = NULL;
	TS_TRY(ts_desk_stream(desk, desk->is.revocation.origin, &stream, why));
	*out = (enum ts_side)stream->key.side;
	return TS_OK;
}

static enum ts_err revoke_check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_revocation *r = &desk->is.revocation;
	const struct ts_db_stream *stream = NULL;
	int64_t covered = 0;
	TS_TRY(ts_desk_stream(desk, r->origin, &stream, why));
	int64_t ended = stream->key.revoked_leaf >= 0 ? stream->key.revoked_leaf
						      : stream->key.closed_leaf;
	if (!r->compromised && ended >= 0)
		return ts_why(why, TS_E_CONFLICT, "origin",
			"the key ended at leaf %lld already; only a compromise could be added",
			(long long)ended);
	if (!r->compromised)
		return TS_OK;
	TS_TRY(check_often(desk, stream, why));
	if (r->since_ms > desk->now_us / 1000)
		return ts_why(why, TS_E_INVALID, "compromised-since", "%lld lies in the future",
			(long long)r->since_ms);
	TS_TRY(ts_desk_covered(desk, r->since_ms, &covered, why));
	if (r->covered != covered)
		return ts_why(why, TS_E_CONFLICT, "covered",
			"%lld is not the size that is beyond doubt: it is %lld",
			(long long)r->covered, (long long)covered);
	return TS_OK;
}

/* Under the log's lock, which every append takes before it commits: none of this key comes behind
 * this leaf. */
static enum ts_err revoke_apply(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_revocation *r = &desk->is.revocation;
	const struct ts_db_stream *stream = NULL;
	const char *data = NULL;
	TS_TRY(ts_desk_stream(desk, r->origin, &stream, why));
	const struct ts_db_revocation revocation = {.stream_id = stream->key.stream_id,
		.leaf = desk->leaf,
		.compromised = r->compromised,
		.since_ms = r->since_ms,
		.covered = r->covered};
	TS_TRY(ts_db_revocation_add(desk->db, desk->contract.contract_id, &revocation, why));
	TS_TRY(ts_handler_data(desk->region,
		json_pack("{s:s,s:s,s:s,s:I,s:b}", "contract", desk->contract.public_id, "stream",
			stream->key.public_id, "origin", stream->key.origin, "leaf",
			(json_int_t)desk->leaf, "compromised", r->compromised),
		&data));
	return ts_db_outbox_add(desk->db, desk->contract.contract_id, TS_DB_EVENT_KEY_REVOKED,
		desk->now_us, data, why);
}

const struct ts_desk_kind ts_desk_revoke = {
	.name = "revoke",
	.format = TS_STATEMENT_REVOKE,
	.leaf = TS_LEAF_REVOKE,
	.signers = TS_DESK_OWNER,
	.read = revoke_read,
	.owner = revoke_owner,
	.check = revoke_check,
	.apply = revoke_apply,
};

/* --- reattest --- */

static enum ts_err reattest_read(struct ts_desk *desk, struct ts_why *why)
{
	TS_TRY(ts_reattestation_parse(desk->text, &desk->is.reattestation, why));
	desk->about = desk->is.reattestation.contract;
	return TS_OK;
}

enum ts_err ts_desk_root(struct ts_desk *desk, const struct ts_db_stream *stream, int64_t size,
	struct ts_hash *out, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(SOURCE_REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	struct ts_db_stream_source lines = {.db = desk->db,
		.hasher = desk->hasher,
		.contract_id = desk->contract.contract_id,
		.stream_id = stream->key.stream_id,
		.region = region};
	struct ts_merkle_source source = ts_db_stream_source(&lines);
	enum ts_err err = ts_merkle_root(desk->hasher, &source, size, out);
	ts_region_free(region);
	return err == TS_OK ? TS_OK
			    : ts_why(why, err, "stream", "the stored lines of %s cannot be read",
				      stream->key.origin);
}

/* The root over stored bytes is the one that the statement names. */
static enum ts_err root_check(struct ts_desk *desk, const struct ts_db_stream *stream,
	const char *where, int64_t size, const struct ts_hash *named, struct ts_why *why)
{
	struct ts_hash root;
	TS_TRY(ts_desk_root(desk, stream, size, &root, why));
	if (!ts_hash_eq(&root, named))
		return ts_why(why, TS_E_MISMATCH, where,
			"the stored lines have another root at size %lld", (long long)size);
	return TS_OK;
}

static enum ts_err reattest_check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_reattestation *r = &desk->is.reattestation;
	const struct ts_db_stream *stream = NULL;
	TS_TRY(ts_desk_stream(desk, r->origin, &stream, why));
	if (r->to > stream->range.size)
		return ts_why(why, TS_E_INVALID, "to", "the stream has %lld lines, not %lld",
			(long long)stream->range.size, (long long)r->to);
	TS_TRY(root_check(desk, stream, "from", r->from, &r->root_from, why));
	return root_check(desk, stream, "to", r->to, &r->root_to, why);
}

const struct ts_desk_kind ts_desk_reattest = {
	.name = "reattest",
	.format = TS_STATEMENT_REATTEST,
	.leaf = TS_LEAF_REATTEST,
	.signers = TS_DESK_BOTH,
	.read = reattest_read,
	.check = reattest_check,
};

/* --- release --- */

static enum ts_err release_check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_event *e = &desk->is.event;
	const struct ts_db_stream *stream = NULL;
	TS_TRY(ts_desk_stream(desk, e->origin, &stream, why));
	if (e->line_to > stream->range.size)
		return ts_why(why, TS_E_INVALID, "lines", "the stream has %lld lines, not %lld",
			(long long)stream->range.size, (long long)e->line_to);
	return TS_OK;
}

const struct ts_desk_kind ts_desk_release = {
	.name = "release",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_RELEASE,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_BOTH,
	.check = release_check,
};
