/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_THRESHOLD_H
#define TS_SERVICE_THRESHOLD_H
/* Why: companies want to hear that a commitment is used up, or a cap near, before the invoice says
 * so. After an event settle looks how far the present period and the one before have come; a step
 * of 5 % that was not reached before becomes an event (docs/formats/webhooks.md), once per item and
 * period. */
#include "book/ledger.h"
#include "store/db.h"

/* Within settle's transaction, after the ledger's event. */
enum ts_err ts_threshold_report(struct ts_db *db, int64_t contract_id,
	const struct ts_ledger *ledger, int64_t at_us, struct ts_region *region,
	struct ts_why *why) TS_MUST;
/* minimum, commitment, cap */
const char *ts_threshold_kind(enum ts_charge_kind kind);

#endif
