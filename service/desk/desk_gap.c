/* SPDX-License-Identifier: Apache-2.0 */
/* `gap`: both companies accept that a period's document issues although windows are absent. Number
 * and list are those that the period's last cut found: what came in since changes nothing of what
 * the document rests on. */
#include "service/desk/desk.h"
#include "service/handler/handler.h"
#include "store/completeness.h"
#include "store/ledger_state.h"

static enum ts_err gap_period(struct ts_desk *desk, int32_t *index, struct ts_why *why)
{
	const struct ts_event *e = &desk->is.event;
	struct ts_ledger *calendar = NULL;
	struct ts_period_row *rows = NULL;
	struct ts_period period;
	size_t n = 0;
	TS_TRY(ts_handler_calendar(
		desk->db, desk->contract.contract_id, desk->region, &calendar, why));
	TS_TRY(ts_db_period_list(
		desk->db, desk->contract.contract_id, desk->region, &rows, &n, why));
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].cut ||
			ts_ledger_period_get(calendar, rows[i].index, &period) != TS_OK ||
			period.from_us / TS_US_PER_MS != e->period_from_ms ||
			period.to_us / TS_US_PER_MS != e->period_to_ms)
			continue;
		if (rows[i].issued)
			return ts_why(why, TS_E_CONFLICT, "period",
				"its document %s is issued already", rows[i].document);
		*index = rows[i].index;
		return TS_OK;
	}
	return ts_why(why, TS_E_CONFLICT, "period",
		"no period from %lld to %lld has been cut: what it lacks is not known yet",
		(long long)e->period_from_ms, (long long)e->period_to_ms);
}

static enum ts_err gap_check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_event *e = &desk->is.event;
	struct ts_db_completeness row;
	int32_t period = 0;
	char hex[2 * TS_HASH_BYTES + 1];
	TS_TRY(gap_period(desk, &period, why));
	TS_TRY(ts_db_completeness_get(
		desk->db, desk->contract.contract_id, period, desk->region, &row, why));
	int64_t absent = row.counts.missing + row.counts.late;
	if (e->missing != absent)
		return ts_why(why, TS_E_CONFLICT, "missing",
			"the cut found %lld windows missing or late, not %lld", (long long)absent,
			(long long)e->missing);
	ts_text_hex(row.list_sha256.b, TS_HASH_BYTES, hex);
	if (!ts_hash_eq(&e->list, &row.list_sha256))
		return ts_why(why, TS_E_CONFLICT, "list",
			"the cut's list of them has another hash: %s", hex);
	return TS_OK;
}

const struct ts_desk_kind ts_desk_gap = {
	.name = "gap",
	.format = TS_STATEMENT_EVENT,
	.event = TS_EVENT_GAP,
	.leaf = TS_LEAF_EVENT,
	.signers = TS_DESK_BOTH,
	.check = gap_check,
};
