/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/settle_prepayment.h"

enum ts_err ts_settle_prepayment_plan(const struct ts_ledger *ledger, struct ts_str id,
	struct ts_region *region, int32_t *item, int32_t *period, struct ts_ledger_event *event,
	struct ts_why *why)
{
	const struct ts_ledger_head *head = ts_ledger_head(ledger);
	struct ts_invoice *preview = NULL;
	TS_TRY(ts_ledger_prepayment_find(ledger, id, item, why));
	TS_TRY(ts_ledger_prepayment_body(ledger, *item, region, &preview, why));
	*period = preview->period.index;
	event->serial = ts_ledger_prepayments_issued(ledger) + 1;
	event->day = head->day;
	event->from = event->to = head->inputs_to;
	return TS_OK;
}

enum ts_err ts_settle_prepayment_head(const struct ts_ledger *ledger, int32_t item, int64_t at_us,
	struct ts_region *region, struct ts_invoice_head *head, struct ts_why *why)
{
	struct ts_invoice *preview = NULL;
	TS_TRY(ts_ledger_prepayment_body(ledger, item, region, &preview, why));
	const struct ts_terms *terms = preview->terms;
	head->issue_day = ts_zone_day(&terms->zone, at_us);
	head->due_day = head->issue_day + (int32_t)terms->due_days;
	head->number = ts_region_printf(
		region, "%s%06lld", terms->series, (long long)ts_ledger_head(ledger)->documents);
	return head->number == NULL ? TS_E_NO_MEMORY : TS_OK;
}
