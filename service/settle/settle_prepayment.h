/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_PREPAYMENT_H
#define TS_SERVICE_SETTLE_PREPAYMENT_H
/* Why: the invoice of a prepayment is an event that folds nothing and rests on the contract alone.
 * What settle has to know to issue it. */
#include "book/ledger.h"

/* Its place, the period of its day, and the event's serial, D and N. TS_E_NOT_FOUND. */
enum ts_err ts_settle_prepayment_plan(const struct ts_ledger *ledger, struct ts_str id,
	struct ts_region *region, int32_t *item, int32_t *period, struct ts_ledger_event *event,
	struct ts_why *why) TS_MUST;
/* Number and days; the contract note is known when the log is locked. */
enum ts_err ts_settle_prepayment_head(const struct ts_ledger *ledger, int32_t item, int64_t at_us,
	struct ts_region *region, struct ts_invoice_head *head, struct ts_why *why) TS_MUST;

#endif
