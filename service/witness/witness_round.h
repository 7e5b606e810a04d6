/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WITNESS_ROUND_H
#define TS_SERVICE_WITNESS_ROUND_H
/* Why: the inside of the witnesser: what one thread (a link to one witness) does for one contract.
 * Only service/witness{r,_round}.c include this. */
#include "importers/send.h"
#include "service/witness/witnesser.h"
#include "store/witness.h"
#include <pthread.h>

#define TS_WITNESS_LOGS 2 /* inputs, journal: as TS_DB_LOCK_INPUTS, TS_DB_LOCK_JOURNAL */

/* What all witnesses of a contract are asked for: were each asked for the newest checkpoint when
 * its own turn comes, a log that is signed all the time would never have one that a quorum
 * cosigned. Under ts_witnesser.lock. */
struct ts_target {
	struct ts_target *next;
	int64_t contract_id;
	bool poked; /* whoever comes next chooses anew */
	int64_t chosen_mono_us; /* 0: never */
	int64_t sizes[TS_WITNESS_LOGS];
};

/* One contract at one witness. Linked once, never freed before the end. */
struct ts_subject {
	struct ts_subject *next;
	struct ts_db_contract contract;
	/* the link's thread alone */
	int64_t version; /* of the terms below; 0: not read yet */
	bool named; /* they name this witness */
	struct ts_quorum quorum;
	struct ts_key key; /* the witness's */
	struct ts_key logs[TS_WITNESS_LOGS];
	int64_t has[TS_WITNESS_LOGS]; /* what the witness has; -1: not known */
	int64_t backoff_s; /* 0: the last round went well */
	/* under ts_witnesser.lock */
	int64_t due_mono_us;
	bool poked;
	struct ts_witness_status status;
};

/* One witness and its thread. */
struct ts_link {
	struct ts_witnesser *all;
	char name[TS_KEY_NAME_MAX + 1];
	char url[512];
	pthread_t thread;
	bool started;
	struct ts_subject *subjects; /* grows under the lock */
	bool discover; /* a poke for a contract that is not here yet; under the lock */
	/* the thread alone */
	struct ts_session *session;
	struct ts_send *send;
};

struct ts_witnesser {
	struct ts_app *app;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	/* Two witnesses of one size at once: each counts the other's line. Held for a transaction,
	 * never while a witness is awaited. */
	pthread_mutex_t publish;
	struct ts_target *targets;
	size_t n;
	struct ts_link links[TS_QUORUM_WITNESSES_MAX];
};

/* Asks the witness for its checkpoints. TS_OK: it has nothing that we lack. *held: it has, and why
 * says what and what to do. Other errors: it did not answer. */
enum ts_err ts_witness_ask(
	struct ts_link *link, struct ts_subject *subject, bool *held, struct ts_why *why) TS_MUST;
/* Sizes of the newest signed checkpoints of both logs, from one snapshot. */
enum ts_err ts_witness_newest(struct ts_link *link, const struct ts_subject *subject,
	int64_t sizes[TS_WITNESS_LOGS], struct ts_why *why) TS_MUST;
/* Sends the checkpoints of these sizes that it has not cosigned, stores its line, and publishes
 * when the quorum is met. *ask_again: what it has is not what we believed. */
enum ts_err ts_witness_cosign(struct ts_link *link, struct ts_subject *subject,
	const int64_t sizes[TS_WITNESS_LOGS], bool *ask_again, struct ts_why *why) TS_MUST;

/* Of a struct ts_witnesser: a call that waits for a witness is given up when the service stops. */
bool ts_witnesser_stopping(void *witnesser);

#endif
