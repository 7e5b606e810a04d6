/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CHECKPOINTS_H
#define TS_SERVICE_CHECKPOINTS_H
/* Why: a log's checkpoint is signed after the commit, and only when the root, computed a second
 * time from what is stored, is the one that the counter row holds. */
#include "service/session.h"
#include "store/contract.h"

/* Signs and stores the checkpoint of both logs at their present sizes. Signed already: nothing. */
enum ts_err ts_checkpoints_sign(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, int64_t now_us, struct ts_why *why) TS_MUST;

#endif
