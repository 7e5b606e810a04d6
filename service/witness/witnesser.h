/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WITNESSER_H
#define TS_SERVICE_WITNESSER_H
/* Why: the service asks the witnesses that contracts name, one thread for each witness, so that one
 * that is slow or down delays no other. Nothing waits for a witness with a transaction or a lock
 * open. What a witness knows is asked first: while one has more of a log than we do, or another
 * root at a size that we have, that contract's logs are not signed: we were restored from a backup.
 */
#include "evidence/quorum.h"
#include "service/session.h"
#include "store/contract.h"

struct ts_witnesser;
/* Reads config->witnesses and sets app->witnesser; without any nothing starts. */
enum ts_err ts_witnesser_start(struct ts_app *app, struct ts_why *why) TS_MUST;
void ts_witnesser_stop(struct ts_app *app); /* not started is allowed */

/* A cut or an issue was signed: its witnesses are asked at once. NULL is allowed. */
void ts_witnesser_poke(struct ts_witnesser *witnesser, int64_t contract_id);

/* The quorum of the newest terms in force (n 0: unwitnessed, or none in force). In a transaction.
 */
enum ts_err ts_witness_quorum(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_quorum *out, struct ts_why *why) TS_MUST;
/* Whether a contract's logs may be signed: every witness that can be reached was asked since the
 * start, so many answered that any quorum has one of them, and none knows more than we do.
 * TS_E_CONFLICT with the reason otherwise. witnesser NULL: as if none were configured. */
enum ts_err ts_witnesser_admits(struct ts_witnesser *witnesser, int64_t contract_id,
	const struct ts_quorum *quorum, struct ts_why *why) TS_MUST;

/* The same for the terms in force, in a transaction of its own. */
enum ts_err ts_witnesser_admitted(struct ts_app *app, struct ts_session *session,
	int64_t contract_id, bool *out, struct ts_why *why) TS_MUST;

struct ts_witness_status {
	bool configured; /* the service knows where it answers */
	bool tried, clear; /* asked since the start; it knows nothing that we lack */
	bool held; /* it knows more than we do: nothing is signed */
	char error[256]; /* of the last round; "" */
};
void ts_witnesser_status(struct ts_witnesser *witnesser, int64_t contract_id, const char *name,
	struct ts_witness_status *out);
/* TS_E_CONFLICT while signing of any contract is held. */
enum ts_err ts_witnesser_ready(struct ts_witnesser *witnesser, struct ts_why *why) TS_MUST;

#endif
