/* SPDX-License-Identifier: Apache-2.0 */
/* Which statements have something to decide. */
#include "evidence/event.h"
#include "evidence/judge_state.h"
#include "evidence/log.h"
#include "evidence/revocation.h"

static enum ts_err key(struct ts_judge *judge, int64_t leaf, struct ts_str text, struct ts_why *why)
{
	struct ts_key_statement s;
	TS_TRY(ts_key_statement_parse(text, &s, why));
	const struct judge_stream *stream = ts_judge_stream_named(judge, s.origin);
	return stream == NULL || stream->leaf != leaf ? TS_OK
						      : ts_judge_key(judge, leaf, stream->id, why);
}

static enum ts_err revoke(
	struct ts_judge *judge, int64_t leaf, struct ts_str text, struct ts_why *why)
{
	struct ts_revocation r;
	TS_TRY(ts_revocation_parse(text, &r, why));
	const struct judge_stream *stream = ts_judge_stream_named(judge, r.origin);
	return stream == NULL || !r.compromised
		       ? TS_OK
		       : ts_judge_revoke(judge, leaf, stream->id, r.covered, r.reason, why);
}

static enum ts_err reattest(
	struct ts_judge *judge, int64_t leaf, struct ts_str text, struct ts_why *why)
{
	struct ts_reattestation r;
	TS_TRY(ts_reattestation_parse(text, &r, why));
	const struct judge_stream *stream = ts_judge_stream_named(judge, r.origin);
	return stream == NULL ? TS_OK
			      : ts_judge_reattest(judge, leaf, stream->id, r.from, r.to, why);
}

static enum ts_err event(
	struct ts_judge *judge, int64_t leaf, struct ts_str text, struct ts_why *why)
{
	struct ts_event e;
	TS_TRY(ts_event_parse(text, &e, why));
	if (e.kind != TS_EVENT_RELEASE)
		return TS_OK;
	const struct judge_stream *stream = ts_judge_stream_named(judge, e.origin);
	return stream == NULL ? TS_OK
			      : ts_judge_release(judge, leaf, stream->id, e.line_from, e.line_to,
					e.reason, why);
}

enum ts_err ts_judge_leaf(
	struct ts_judge *judge, int64_t leaf, struct ts_str bytes, struct ts_why *why)
{
	enum ts_leaf_kind kind;
	struct ts_note note;
	TS_TRY(ts_leaf_parse(bytes, &kind, &note, why));
	switch (kind) {
	case TS_LEAF_KEY:
		return key(judge, leaf, note.text, why);
	case TS_LEAF_REVOKE:
		return revoke(judge, leaf, note.text, why);
	case TS_LEAF_REATTEST:
		return reattest(judge, leaf, note.text, why);
	case TS_LEAF_EVENT:
		return event(judge, leaf, note.text, why);
	case TS_LEAF_CONTRACT:
	case TS_LEAF_PERIOD:
	case TS_LEAF_CHECKPOINT:
	case TS_LEAF_RESERVATION:
		break;
	}
	return TS_OK;
}
