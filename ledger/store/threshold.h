/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_THRESHOLD_H
#define TS_STORE_THRESHOLD_H
/* Why: that a minimum, commitment or cap is used to so many percent is reported once per period.
 * The rows are in the transaction of the event that found it, so that a repeat finds them. */
#include "store/db.h"

#define TS_DB_THRESHOLD_STEP 5 /* percent */
#define TS_DB_THRESHOLD_MAX 200

struct ts_db_threshold {
	const char *kind; /* minimum, commitment, cap */
	const char *item; /* its id */
	int16_t percent; /* reach: the highest step; out: a step */
};
/* What of the steps up to each row's percent was not reached before; region-owned. */
enum ts_err ts_db_threshold_reach(struct ts_db *db, int64_t contract_id, int32_t period,
	const struct ts_db_threshold *rows, size_t n, int64_t at_us, struct ts_region *region,
	struct ts_db_threshold **fresh, size_t *fresh_n, struct ts_why *why) TS_MUST;

#endif
