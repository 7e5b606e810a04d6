/* SPDX-License-Identifier: Apache-2.0 */
/* `payment` and `refund`: the provider's word that money came in for a prepayment's invoice, or
 * went back to the consumer. Posted by the event that folds the leaf; what could not be posted by
 * then has no effect, so it is refused here when it could not be now. */
#include "service/desk/desk.h"
#include "service/settle/settle.h"
#include "service/settle/settle_fold.h"

static enum ts_err provider(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	(void)desk;
	(void)why;
	*out = TS_SIDE_PROVIDER;
	return TS_OK;
}

/* What waits among the leaves counts as posted. */
static enum ts_err check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_event *e = &desk->is.event;
	bool refund = e->kind == TS_EVENT_REFUND;
	const struct ts_ledger_cash cash = {.refund = refund,
		.about = refund ? e->prepayment : e->number,
		.currency = e->currency,
		.amount_minor = e->amount_minor,
		.day = e->date};
	const struct ts_terms **terms = NULL;
	struct ts_ledger *ledger = NULL;
	size_t n = 0;
	if (e->date > ts_zone_day(&desk->terms->zone, desk->now_us))
		return ts_why(why, TS_E_INVALID, "date", "it lies in the future");
	TS_TRY(ts_settle_load(
		desk->db, desk->contract.contract_id, desk->region, &terms, &n, &ledger, why));
	TS_TRY(ts_settle_pending(desk->db, desk->contract.contract_id, ledger, desk->region, why));
	return ts_ledger_cash_check(ledger, &cash, why);
}

const struct ts_desk_kind ts_desk_payment = {
	.name = "payment",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_PAYMENT,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_OWNER,
	.owner = provider,
	.check = check,
};
const struct ts_desk_kind ts_desk_refund = {
	.name = "refund",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_REFUND,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_OWNER,
	.owner = provider,
	.check = check,
};
