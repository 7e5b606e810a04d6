/* SPDX-License-Identifier: Apache-2.0 */
/* `consent`: both companies let count what came too late for a period. What becomes of one is
 * decided by the event that folds its leaf, before anything else; here it is refused when it does
 * not name what is late now, consents that wait in the log counted. */
#include "service/desk/desk.h"
#include "service/settle/settle.h"
#include "store/log.h"

static enum ts_err fold_waiting(struct ts_desk *desk, struct ts_ledger *ledger, struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	size_t n = 0;
	const struct ts_ledger_event event = {
		.at_us = desk->now_us, .from = ts_ledger_head(ledger)->inputs_to};
	TS_TRY(ts_db_log_statements(desk->db, desk->contract.contract_id, event.from, INT64_MAX,
		desk->region, &leaves, &n, why));
	for (size_t i = 0; i < n; i++) {
		enum ts_leaf_kind kind;
		struct ts_note note;
		struct ts_event waiting;
		struct ts_ledger_consent consent;
		if (leaves[i].kind != TS_LEAF_EVENT)
			continue;
		TS_TRY(ts_leaf_parse(leaves[i].data, &kind, &note, why));
		TS_TRY(ts_event_parse(note.text, &waiting, why));
		if (ts_ledger_consent_read(&waiting, leaves[i].index, &consent))
			TS_TRY(ts_ledger_consent(ledger, &event, &consent, why));
	}
	return TS_OK;
}

static enum ts_err consent_check(struct ts_desk *desk, struct ts_why *why)
{
	struct ts_ledger *ledger = NULL;
	struct ts_ledger_consent consent;
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	TS_TRY(ts_settle_load(
		desk->db, desk->contract.contract_id, desk->region, &terms, &n, &ledger, why));
	TS_TRY(fold_waiting(desk, ledger, why));
	if (!ts_ledger_consent_read(&desk->is.event, 0, &consent))
		return TS_E_INTERNAL;
	return ts_ledger_consent_check(ledger, &consent, why);
}

const struct ts_desk_kind ts_desk_consent = {
	.name = "consent",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_CONSENT,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_BOTH,
	.check = consent_check,
};
