/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_WITNESS_H
#define TS_SERVICE_SETTLE_WITNESS_H
/* Why: a document issues on evidence that others hold too: both logs published up to its cut. Only
 * service/settle*.c include this. */
#include "service/settle/settle.h"

/* Whether the document of a cut may issue at `at_us`. *cosigned: a quorum had cosigned both logs,
 * up to the cut's N and its entries, by then; false: the terms name no witnesses, or
 * unwitnessed_after_days are over since the cut. TS_E_CONFLICT: it waits, and *why says for whom.
 */
enum ts_err ts_settle_witnessed(struct ts_db *db, struct ts_settle *settle,
	const struct ts_terms_keys *keys, const struct ts_period_row *row, int64_t at_us,
	bool *cosigned, struct ts_why *why) TS_MUST;

#endif
