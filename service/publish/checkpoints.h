/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CHECKPOINTS_H
#define TS_SERVICE_CHECKPOINTS_H
/* Why: both logs of a contract are signed together, from one snapshot, after the commit, and only
 * for roots that were computed a second time from the stored leaves: what is newer than the last
 * signature at every pass, everything once per start. No lock of the database is held meanwhile;
 * the signer decides whether what it is asked continues what it signed. */
#include "service/session.h"
#include "store/contract.h"
#include "store/log.h"

struct ts_checkpoints; /* which contracts this process has recomputed in full; thread safe */
enum ts_err ts_checkpoints_create(struct ts_checkpoints **out) TS_MUST;
void ts_checkpoints_free(struct ts_checkpoints *checkpoints); /* NULL is allowed */

/* The newest checkpoint that readers get: of a size whose pair is stored and, where the terms name
 * witnesses, cosigned by the quorum in both logs; size 0: none. Within a transaction of the
 * contract.
 */
enum ts_err ts_checkpoints_published(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	struct ts_region *region, struct ts_db_checkpoint *out, struct ts_why *why) TS_MUST;

/* After an event: signs and stores the checkpoints of both logs at their present sizes, and the
 * pair. Signed already: nothing; neither while a witness must be asked first or knows more than we
 * do (witnesser.h). A large log that was not recomputed yet is left to the next pass
 * of the settler. TS_E_CONFLICT: the database is behind what was signed (an old backup). */
enum ts_err ts_checkpoints_sign(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, struct ts_why *why) TS_MUST;
/* The settler's: also recomputes, however long that takes. */
enum ts_err ts_checkpoints_pass(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, struct ts_why *why) TS_MUST;

#endif
