/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_THRESHOLD_H
#define TS_STORE_THRESHOLD_H
/* Why: that a minimum, commitment or cap is used to so many percent is reported once per period.
 * The steps travel with the ledger's rows (store/ledger_state.h), in the transaction of the event
 * that found them, so that a repeat finds them there and none costs a statement of its own. */
#include <stddef.h>
#include <stdint.h>

#define TS_DB_THRESHOLD_STEP 5 /* percent */
#define TS_DB_THRESHOLD_MAX 200

struct ts_db_threshold {
	int32_t period;
	const char *kind; /* minimum, commitment, cap */
	const char *item; /* its id */
	int16_t percent; /* read: the highest step that was reached; stored: a step */
	const char *data; /* stored: what the companies are told, a JSON object */
};
struct ts_db_thresholds {
	struct ts_db_threshold *list;
	size_t n;
};

#endif
