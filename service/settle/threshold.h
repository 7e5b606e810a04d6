/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_THRESHOLD_H
#define TS_SERVICE_THRESHOLD_H
/* Why: companies want to hear that a commitment is used up, or a cap near, before the invoice says
 * so. After an event settle looks how far the present period and the one before have come; a step
 * of 5 % that was not reached before becomes an event (docs/formats/webhooks.md), once per item and
 * period. */
#include "book/ledger.h"
#include "store/threshold.h"

/* Of a ledger after its event: the steps that are not among those that were reached before it. In
 * the region. */
enum ts_err ts_threshold_steps(const struct ts_ledger *ledger,
	const struct ts_db_thresholds *reached, struct ts_region *region,
	struct ts_db_thresholds *out, struct ts_why *why) TS_MUST;
/* minimum, commitment, cap */
const char *ts_threshold_kind(enum ts_charge_kind kind);

#endif
