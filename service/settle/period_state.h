/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_PERIOD_STATE_H
#define TS_SERVICE_PERIOD_STATE_H
/* Why: the state of a contract at a cut (book/state.h) is made in the cut's transaction, from the
 * snapshot whose size of the inputs log is the cut's N, and kept: seals name its hash. The period's
 * completeness is kept before. */
#include "book/ledger.h"
#include "service/session.h"
#include "store/seal.h"

struct ts_period_state {
	const char *contract; /* public id */
	int64_t contract_id;
	int32_t period;
	int64_t cut; /* index of the cut's leaf */
	int64_t at_ms; /* log time of the cut */
	int64_t from_ms, to_ms; /* the period */
	const struct ts_db_state_log *log; /* read before the cut's leaf was appended */
	struct ts_range journal; /* after the cut's entries */
	const struct ts_ledger *ledger; /* after the cut */
	const struct ts_usage_cell *cells; /* as they count at N, from to_ms on */
	size_t cells_n;
};
/* Appends the text. Of the database, what leaves below N wrote is looked at, whatever followed. */
enum ts_err ts_period_state_text(struct ts_db *db, const struct ts_period_state *state,
	struct ts_region *region, struct ts_buf *text, struct ts_why *why) TS_MUST;
/* Within the cut's transaction. */
enum ts_err ts_period_state_keep(
	struct ts_db *db, const struct ts_period_state *state, struct ts_why *why) TS_MUST;

#endif
