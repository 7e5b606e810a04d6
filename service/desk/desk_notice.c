/* SPDX-License-Identifier: Apache-2.0 */
/* `notice`: one company ends the term. Whether it does is decided by the event that folds the leaf,
 * by the log time; here it is refused when it could not by now. */
#include "service/desk/desk.h"
#include "service/handler/handler.h"

static enum ts_err notice_owner(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	(void)why;
	*out = desk->is.event.by;
	return TS_OK;
}

/* The first contract day that begins at the instant or after it. */
static int32_t end_day(const struct ts_zone *zone, int64_t us)
{
	int32_t day = ts_zone_day(zone, us);
	return ts_zone_day_start(zone, day) == us ? day : day + 1;
}

static enum ts_err notice_check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_terms *terms = desk->terms;
	struct ts_ledger *calendar = NULL;
	int64_t end_us = desk->is.event.end_ms * TS_US_PER_MS;
	char text[TS_TIME_CHARS];
	if (!terms->has_termination)
		return ts_why(why, TS_E_CONFLICT, "end",
			"the terms know no end by notice (/termination)");
	int32_t day = end_day(&terms->zone, end_us);
	if (day < terms->not_before_day)
		return ts_why(why, TS_E_CONFLICT, "end", "not before %s (/termination/not_before)",
			ts_date_format(terms->not_before_day, text));
	int64_t first = ts_zone_day(&terms->zone, desk->now_us) + terms->notice_days;
	if (day < first)
		return ts_why(why, TS_E_CONFLICT, "end",
			"%lld days after today are %s (/termination/notice_days)",
			(long long)terms->notice_days, ts_date_format((int32_t)first, text));
	TS_TRY(ts_handler_calendar(
		desk->db, desk->contract.contract_id, desk->region, &calendar, why));
	if (end_us >= ts_ledger_end(calendar))
		return ts_why(why, TS_E_CONFLICT, "end", "the term ends by then anyway");
	return TS_OK;
}

const struct ts_desk_kind ts_desk_notice = {
	.name = "notice",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_NOTICE,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_OWNER,
	.owner = notice_owner,
	.check = notice_check,
};
