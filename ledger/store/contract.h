/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_CONTRACT_H
#define TS_STORE_CONTRACT_H
/* Why: a contract and its versions. The directory (public id -> key, parties) is readable without
 * a scope: it is how a request finds the scope that it then asks for. Everything else of a contract
 * needs its scope. */
#include "store/db.h"

enum ts_db_contract_state { TS_DB_CONTRACT_OFFERED, TS_DB_CONTRACT_ACTIVE, TS_DB_CONTRACT_ENDED };
struct ts_db_contract {
	int64_t contract_id;
	char public_id[33];
	int64_t provider_party, consumer_party;
	enum ts_db_contract_state state;
};
/* Creates directory row, contract, locks and empty ledger head. Run inside ts_db_tx with any
 * scope: it adds the new contract to the transaction's scope. TS_E_CONFLICT: public id taken. */
enum ts_err ts_db_contract_add(struct ts_db *db, const char *public_id, int64_t provider_party,
	int64_t consumer_party, int64_t *contract_id, struct ts_why *why) TS_MUST;
/* Directory look-ups; no scope needed. state is not filled by these three (it is OFFERED). */
enum ts_err ts_db_contract_find(struct ts_db *db, const char *public_id, struct ts_db_contract *out,
	struct ts_why *why) TS_MUST;
enum ts_err ts_db_contract_locate(struct ts_db *db, int64_t contract_id, struct ts_db_contract *out,
	struct ts_why *why) TS_MUST;
/* Contracts of a party (0: of all), contract_id > after, in order. */
enum ts_err ts_db_contract_list(struct ts_db *db, int64_t party_id, int64_t after, int32_t limit,
	struct ts_region *region, struct ts_db_contract **out, size_t *n,
	struct ts_why *why) TS_MUST;
enum ts_err ts_db_contract_get(struct ts_db *db, int64_t contract_id, struct ts_db_contract *out,
	struct ts_why *why) TS_MUST;
enum ts_err ts_db_contract_set_state(struct ts_db *db, int64_t contract_id,
	enum ts_db_contract_state state, struct ts_why *why) TS_MUST;

struct ts_db_version {
	int64_t version;
	struct ts_str terms; /* exact bytes */
	struct ts_hash terms_sha256;
	struct ts_str statement; /* text that is signed */
	struct ts_hash statement_sha256;
	struct ts_str note; /* statement with the signatures that there are so far */
	int64_t leaf; /* index in the inputs log; -1: not in force */
	int64_t offered_us;
	int64_t withdrawn_us; /* INT64_MIN: it stands */
};
/* TS_E_CONFLICT: the version exists with other bytes. The same bytes again: TS_OK. */
enum ts_err ts_db_version_offer(struct ts_db *db, int64_t contract_id,
	const struct ts_db_version *version, struct ts_why *why) TS_MUST;
/* The standing offer of the version, unless it is in force; it stays in the history. TS_E_CONFLICT.
 */
enum ts_err ts_db_version_withdraw(struct ts_db *db, int64_t contract_id, int64_t version,
	int64_t now_us, struct ts_why *why) TS_MUST;
/* Replaces the note (more signatures). TS_E_CONFLICT when it is in force already. */
enum ts_err ts_db_version_sign(struct ts_db *db, int64_t contract_id, int64_t version,
	struct ts_str note, struct ts_why *why) TS_MUST;
/* Once; the caller appended the leaf in the same transaction. */
enum ts_err ts_db_version_enforce(struct ts_db *db, int64_t contract_id, int64_t version,
	int64_t leaf, struct ts_why *why) TS_MUST;
/* In order of version; in_force_only leaves out offers. Bytes are copied into the region. */
enum ts_err ts_db_version_list(struct ts_db *db, int64_t contract_id, bool in_force_only,
	struct ts_region *region, struct ts_db_version **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* With the offers that were withdrawn; by (version, offered). */
enum ts_err ts_db_version_history(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_version **out, size_t *n, struct ts_why *why) TS_MUST;
enum ts_err ts_db_version_get(struct ts_db *db, int64_t contract_id, int64_t version,
	struct ts_region *region, struct ts_db_version *out, struct ts_why *why) TS_MUST;

#endif
