/* SPDX-License-Identifier: Apache-2.0 */
#include "store/link.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TX_ATTEMPTS_MAX 6
#define TX_SCOPE_CONTRACTS_MAX 1024
#define TX_BACKOFF_US 4000 /* doubles with each attempt; half of it is random */

uint64_t ts_db_retries(const struct ts_db *db)
{
	return db->retries;
}

static enum ts_err tx_scope(struct ts_db *db, const struct ts_db_scope *scope, struct ts_why *why)
{
	static const char *const sides[] = {"", "0", "1", "0,1"};
	char contracts[TX_SCOPE_CONTRACTS_MAX * 21], party[24];
	struct ts_args args;
	size_t len = 0;

	TS_ASSERT(scope->sides <= TS_DB_SIDES_BOTH);
	if (scope->contracts_n > TX_SCOPE_CONTRACTS_MAX)
		return ts_why(why, TS_E_LIMIT, "scope", "%zu contracts, at most %d",
			scope->contracts_n, TX_SCOPE_CONTRACTS_MAX);
	contracts[0] = '\0';
	for (size_t i = 0; i < scope->contracts_n; i++)
		len += (size_t)snprintf(contracts + len, sizeof contracts - len, "%s%" PRId64,
			i == 0 ? "" : ",", scope->contracts[i]);
	snprintf(party, sizeof party, "%" PRId64, scope->party_id);
	ts_args_init(&args);
	ts_arg_text(&args, contracts);
	ts_arg_text(&args, sides[scope->sides]);
	ts_arg_text(&args, party);
	return ts_db_query(db, "scope_set", &args, NULL, why);
}

/* After COMMIT was sent, a broken connection leaves the outcome open. */
static enum ts_err tx_commit(struct ts_db *db, struct ts_why *why)
{
	int64_t start_us = ts_link_us();
	PGresult *res = PQexec(db->conn, "commit");
	bool done = PQresultStatus(res) == PGRES_COMMAND_OK;
	bool committed = done && strcmp(PQcmdStatus(res), "COMMIT") == 0;
	enum ts_err err = done ? TS_OK : ts_link_fail(db, res, "commit", why);

	PQclear(res);
	db->in_tx = false;
	db->spent.wait_us += ts_link_us() - start_us;
	if (err == TS_E_UNAVAILABLE) {
		ts_link_drop(db);
		return ts_why(
			why, TS_E_UNKNOWN_OUTCOME, "commit", "the connection broke during commit");
	}
	TS_TRY(err);
	if (db->local_only) {
		ts_link_drop(db);
		return ts_why(why, TS_E_UNKNOWN_OUTCOME, "commit",
			"the synchronous standby did not confirm");
	}
	if (!committed) /* a statement failed, and the body went on as if it had not */
		return ts_why(why, TS_E_INTERNAL, "commit", "the transaction was aborted");
	return TS_OK;
}

static void tx_rollback(struct ts_db *db)
{
	if (db->conn == NULL)
		return;
	db->in_tx = false;
	if (PQstatus(db->conn) != CONNECTION_OK || ts_link_command(db, "rollback", NULL) != TS_OK ||
		PQtransactionStatus(db->conn) != PQTRANS_IDLE)
		ts_link_drop(db);
}

static enum ts_err tx_once(struct ts_db *db, const struct ts_db_scope *scope, ts_db_body body,
	void *arg, struct ts_why *why)
{
	const char *begin = scope == NULL      ? "begin"
			    : scope->read_only ? "begin isolation level repeatable read, read only"
			    : scope->snapshot  ? "begin isolation level repeatable read"
					       : "begin";
	enum ts_err err = TS_OK;

	TS_TRY(ts_link_ensure(db, why));
	err = ts_link_command(db, begin, why);
	if (err != TS_OK) {
		/* A connection that died while idle shows only now; nothing was sent on it. */
		ts_link_drop(db);
		TS_TRY(ts_link_ensure(db, why));
		TS_TRY(ts_link_command(db, begin, why));
	}
	db->in_tx = true;
	err = scope == NULL ? TS_OK : tx_scope(db, scope, why);
	if (err == TS_OK)
		err = body(db, arg, why);
	if (err == TS_OK)
		return tx_commit(db, why);
	tx_rollback(db);
	return err;
}

static void tx_wait(struct ts_db *db, int attempt)
{
	uint64_t span_us = (uint64_t)TX_BACKOFF_US << attempt;
	struct timespec ts = {0, 0};

	db->jitter ^= db->jitter << 13;
	db->jitter ^= db->jitter >> 7;
	db->jitter ^= db->jitter << 17;
	ts.tv_nsec = (long)((span_us / 2 + db->jitter % (span_us / 2)) * 1000);
	nanosleep(&ts, NULL);
}

enum ts_err ts_db_tx(struct ts_db *db, const struct ts_db_scope *scope, ts_db_body body, void *arg,
	struct ts_why *why)
{
	enum ts_err err = TS_OK;

	TS_ASSERT(!db->in_tx);
	for (int attempt = 0; attempt < TX_ATTEMPTS_MAX; attempt++) {
		err = tx_once(db, scope, body, arg, why);
		if (err != TS_E_RETRY)
			return err;
		db->retries++;
		if (attempt + 1 < TX_ATTEMPTS_MAX)
			tx_wait(db, attempt);
	}
	return err;
}

enum ts_err ts_db_tx_contract(
	struct ts_db *db, int64_t contract_id, ts_db_body body, void *arg, struct ts_why *why)
{
	struct ts_db_scope scope = {
		.contracts = &contract_id, .contracts_n = 1, .sides = TS_DB_SIDES_BOTH};

	return ts_db_tx(db, &scope, body, arg, why);
}
