/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_STATEMENT_H
#define TS_EVIDENCE_STATEMENT_H
/* Why: the texts that parties and operator sign, beside checkpoints: `tallystick/contract/v1`,
 * `key/v1`, `period/v1`, `reservation/v1` here, `event/v1` in event.h, `revoke/v1` and
 * `reattest/v1` in revocation.h (docs/formats/statements.md). First line the format, then one `name
 * value` line each, in one order, none omitted: one meaning has one text. The hash of a statement
 * is SHA-256 of its text, without signatures. All slices borrow. */
#include "evidence/key.h"
#include "evidence/origin.h"
#include "evidence/scope.h"

#define TS_STATEMENT_BYTES_MAX 16384
#define TS_STATEMENT_REASON_MAX 200 /* bytes of a line of words */
#define TS_OPEN_MS INT64_MAX /* an end written as "-" */

struct ts_contract_statement {
	struct ts_str contract;
	int64_t version; /* 1.. */
	bool has_previous; /* exactly when version > 1 */
	struct ts_hash previous; /* hash of the statement that it amends */
	struct ts_hash terms; /* SHA-256 of the terms' bytes */
	int64_t from_ms; /* effective */
	int64_t to_ms; /* or TS_OPEN_MS */
	int64_t offer_until_ms;
};

enum ts_side {
	TS_SIDE_PROVIDER,
	TS_SIDE_CONSUMER,
};
struct ts_key_statement {
	struct ts_str contract;
	struct ts_str origin;
	struct ts_origin origin_parts;
	struct ts_key key; /* named like the origin, acceptable, Ed25519 */
	enum ts_side side;
	struct ts_scope scope;
	int64_t window_ms; /* length of the completeness windows */
	int64_t active_from_ms;
	int64_t active_to_ms; /* or TS_OPEN_MS */
	int64_t from_ms; /* u1 lines that start earlier are parked */
	bool has_previous; /* exactly when generation > 1 */
	struct ts_checkpoint_ref {
		struct ts_str origin;
		int64_t size;
		struct ts_hash root;
	} previous; /* where the generation before ended */
};

struct ts_period_statement {
	struct ts_str contract;
	enum ts_side book; /* whose book is sealed */
	int32_t through; /* last day sealed */
	int64_t cut; /* index of the cut's leaf */
	struct ts_hash state;
};

/* Reservations of the company that countersigns: it has seen the period statement and does not
 * agree with all of it. A plain countersignature is a signature over the period statement itself.
 */
struct ts_reservation {
	struct ts_str contract;
	enum ts_side book; /* whose statement it is about */
	int32_t through;
	struct ts_hash statement; /* hash of the period statement */
	struct ts_str reason;
};

enum ts_statement_kind {
	TS_STATEMENT_CONTRACT,
	TS_STATEMENT_KEY,
	TS_STATEMENT_EVENT,
	TS_STATEMENT_PERIOD,
	TS_STATEMENT_REVOKE,
	TS_STATEMENT_REATTEST,
	TS_STATEMENT_RESERVATION,
	TS_STATEMENT_NONE, /* the first line is none of ours */
};
enum ts_statement_kind ts_statement_kind(struct ts_str text);
void ts_statement_hash(struct ts_str text, struct ts_hash *out);

/* parse: TS_E_MALFORMED (why->where = the line's name) or TS_E_INVALID (meaning).
 * build: appends the text; parses it again, so that nothing is written that would be refused. */
enum ts_err ts_contract_statement_parse(
	struct ts_str text, struct ts_contract_statement *out, struct ts_why *why) TS_MUST;
enum ts_err ts_contract_statement_build(
	const struct ts_contract_statement *in, struct ts_buf *out, struct ts_why *why) TS_MUST;
enum ts_err ts_key_statement_parse(
	struct ts_str text, struct ts_key_statement *out, struct ts_why *why) TS_MUST;
/* origin_parts is derived from origin and ignored here. */
enum ts_err ts_key_statement_build(
	const struct ts_key_statement *in, struct ts_buf *out, struct ts_why *why) TS_MUST;
enum ts_err ts_period_statement_parse(
	struct ts_str text, struct ts_period_statement *out, struct ts_why *why) TS_MUST;
enum ts_err ts_period_statement_build(
	const struct ts_period_statement *in, struct ts_buf *out, struct ts_why *why) TS_MUST;
enum ts_err ts_reservation_parse(
	struct ts_str text, struct ts_reservation *out, struct ts_why *why) TS_MUST;
enum ts_err ts_reservation_build(
	const struct ts_reservation *in, struct ts_buf *out, struct ts_why *why) TS_MUST;
const char *ts_side_name(enum ts_side side); /* provider, consumer */

/* The verdict on a u1 that its own key statement decides: never one of the last two. */
enum ts_verdict ts_key_statement_verdict(
	const struct ts_key_statement *statement, const struct ts_usage *usage);

#endif
