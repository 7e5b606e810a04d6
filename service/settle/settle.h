/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_H
#define TS_SERVICE_SETTLE_H
/* Why: settle is the one writer of a contract's ledger. An event (tick, cut, issue) is one
 * transaction under the contract's settle lock: fold the leaves that are new, append the operator's
 * signed event leaf (the log's counter is locked last), post, store the state. Ingest goes on
 * meanwhile. Work is O(new cells + charge lines), and one event takes a bounded range of leaves:
 * what has piled up is worked off by several ticks, each a transaction of its own. A cut, too,
 * folds the last range only, behind ticks for the rest. */
#include "book/ledger.h"
#include "reports/invoice_ubl.h"
#include "service/session.h"
#include "store/contract.h"
#include "store/document.h"
#include "store/threshold.h"
#include "store/idempotency.h"

enum ts_settle_kind { TS_SETTLE_TICK, TS_SETTLE_CUT, TS_SETTLE_ISSUE, TS_SETTLE_PREPAYMENT };

struct ts_settle {
	/* in; borrowed */
	struct ts_app *app;
	struct ts_session *session;
	struct ts_region *region; /* scratch and results; reset before each transaction */
	struct ts_db_contract contract;
	enum ts_settle_kind kind;
	int64_t now_us;
	int32_t day; /* tick: D, INT32_MIN = the contract's day of now; cut, issue: ignored */
	int32_t period; /* cut, issue; of a prepayment's invoice it is set */
	struct ts_str prepayment; /* prepayment: its id in the terms */
	bool only_if_new; /* tick: nothing new and same day: do nothing */
	const struct ts_db_idempotency *key; /* NULL: none */
	/* writes the answer that is stored with the key; NULL: none */
	enum ts_err (*answer)(struct ts_settle *settle, struct ts_buf *out, struct ts_why *why);
	int64_t leaves_max, work_max; /* 0: TS_TICK_LEAVES_MAX, TS_TICK_WORK_MAX */
	/* from step to step; 0 at first */
	int64_t until; /* what has to be folded: the log's size at the first step */
	bool keyless;
	/* out */
	bool more; /* that was one tick of several: take the next step */
	bool replayed; /* stored is a former answer */
	struct ts_db_answer stored;
	bool done; /* an event was appended */
	int64_t leaf, to;
	int32_t settled_day;
	int64_t entries; /* of this event */
	struct ts_db_spent spent; /* by the last step's transaction */
	int64_t ticks_before, entries_before; /* of the steps before it */
	struct ts_invoice *invoice; /* issue, prepayment */
	struct ts_hash document; /* its SHA-256 */
	struct ts_ubl_refusals ubl_refusals; /* issue: why there is no UBL; n 0: there is */
	const struct ts_terms *terms;
	struct ts_ledger *ledger; /* after the event */
};
/* Until what was there at the first step is folded and the event itself has happened. When a step
 * fails those before it stay, which are ticks as any other; a repetition goes on behind them. */
enum ts_err ts_settle_run(struct ts_settle *settle, struct ts_why *why) TS_MUST;
/* One event, one transaction; then both logs' checkpoints are signed and stored. more: again. */
enum ts_err ts_settle_step(struct ts_settle *settle, struct ts_why *why) TS_MUST;

/* Terms in force and the ledger with its rows, within a transaction of the contract. */
enum ts_err ts_settle_load(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	const struct ts_terms ***terms, size_t *terms_n, struct ts_ledger **ledger,
	struct ts_why *why) TS_MUST;
/* And what else an event starts from, of the same instant. */
struct ts_settle_state {
	const struct ts_terms **terms;
	size_t terms_n;
	struct ts_ledger *ledger;
	int64_t inputs_size; /* of the inputs log */
	struct ts_db_thresholds reached;
};
enum ts_err ts_settle_read(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_settle_state *out, struct ts_why *why) TS_MUST;

/* Ticks every active contract each config->tick_s seconds (0: it does not start), in
 * config->settle_connections threads with a connection each; a contract is one thread's at a time.
 */
struct ts_settler;
enum ts_err ts_settler_start(
	struct ts_app *app, struct ts_settler **out, struct ts_why *why) TS_MUST;
void ts_settler_stop(struct ts_settler *settler); /* NULL is allowed */

#endif
