/* SPDX-License-Identifier: Apache-2.0 */
/* `credit` (the provider), `settlement` (both companies), `claim` (the consumer). What becomes of
 * one is decided by the event that folds its leaf; here it is refused when nothing would, those
 * that wait in the log counted. */
#include "service/desk/desk.h"
#include "service/settle/settle.h"
#include "store/log.h"

static enum ts_err credit_owner(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	(void)why;
	*out = desk->is.event.by;
	return TS_OK;
}

/* The ledger as if all leaves so far were folded now. */
static enum ts_err as_of_now(struct ts_desk *desk, struct ts_ledger **out, struct ts_why *why)
{
	const struct ts_terms **terms = NULL;
	struct ts_db_leaf_row *leaves = NULL;
	size_t terms_n = 0, n = 0;
	TS_TRY(ts_settle_load(
		desk->db, desk->contract.contract_id, desk->region, &terms, &terms_n, out, why));
	const struct ts_ledger_event event = {
		.at_us = desk->now_us, .day = ts_zone_day(&desk->terms->zone, desk->now_us)};
	TS_TRY(ts_db_log_statements(desk->db, desk->contract.contract_id,
		ts_ledger_head(*out)->inputs_to, INT64_MAX, desk->region, &leaves, &n, why));
	for (size_t i = 0; i < n; i++) {
		enum ts_leaf_kind kind;
		struct ts_note note;
		struct ts_event waiting;
		struct ts_ledger_credit credit;
		if (leaves[i].kind != TS_LEAF_EVENT)
			continue;
		TS_TRY(ts_leaf_parse(leaves[i].data, &kind, &note, why));
		TS_TRY(ts_event_parse(note.text, &waiting, why));
		if (ts_ledger_credit_read(&waiting, leaves[i].index, &credit))
			TS_TRY(ts_ledger_credit(*out, &event, &credit));
	}
	return TS_OK;
}

static enum ts_err credit_check(struct ts_desk *desk, struct ts_why *why)
{
	struct ts_ledger *ledger = NULL;
	struct ts_ledger_credit credit;
	TS_TRY(as_of_now(desk, &ledger, why));
	if (!ts_ledger_credit_read(&desk->is.event, 0, &credit))
		return TS_E_INTERNAL;
	return ts_ledger_credit_check(ledger, &credit, desk->now_us, why);
}

const struct ts_desk_kind ts_desk_credit = {
	.name = "credit",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_CREDIT,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_OWNER,
	.owner = credit_owner,
	.check = credit_check,
};
const struct ts_desk_kind ts_desk_settlement = {
	.name = "settlement",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_SETTLEMENT,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_BOTH,
	.check = credit_check,
};
const struct ts_desk_kind ts_desk_claim = {
	.name = "claim",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_CLAIM,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_OWNER,
	.owner = credit_owner,
	.check = credit_check,
};
