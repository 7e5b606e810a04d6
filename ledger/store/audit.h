/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_AUDIT_H
#define TS_STORE_AUDIT_H
/* Why: what the auditor (docs/audit.md) keeps: how far each task is and what its next step goes on
 * from, and what was found; both are written in the transaction that looked. And its readers: most
 * of what it compares comes as text, a key and a row, so that one comparison does for every table.
 * Auditor role only. */
#include "store/db.h"

struct ts_db_audit_task {
	const char *task;
	int64_t part, day; /* 0 where a task has one row */
};
/* *at = 0 and an empty state when there is no row. Copied into the region. */
enum ts_err ts_db_audit_get(struct ts_db *db, int64_t contract_id,
	const struct ts_db_audit_task *task, struct ts_region *region, int64_t *at,
	struct ts_str *state, struct ts_why *why) TS_MUST;
enum ts_err ts_db_audit_put(struct ts_db *db, int64_t contract_id,
	const struct ts_db_audit_task *task, int64_t at, struct ts_str state,
	struct ts_why *why) TS_MUST;
/* Everything from the start: nothing is done yet, days of cells are due, findings are cleared. */
enum ts_err ts_db_audit_restart(
	struct ts_db *db, int64_t contract_id, int64_t now_us, struct ts_why *why) TS_MUST;

struct ts_db_audit_day {
	int64_t stream_id, day;
	struct ts_str state;
};
/* Days of cells that are due, by (stream, day); at most limit. */
enum ts_err ts_db_audit_due(struct ts_db *db, int64_t contract_id, int32_t limit,
	struct ts_region *region, struct ts_db_audit_day **out, size_t *n,
	struct ts_why *why) TS_MUST;

/* Days of cells behind `after` (stream 0: from its day on), up to the day `to`; by (day, stream).
 */
enum ts_err ts_db_audit_days(struct ts_db *db, int64_t contract_id,
	const struct ts_db_audit_day *after, int64_t to, int32_t limit, struct ts_region *region,
	struct ts_db_audit_day **out, size_t *n, struct ts_why *why) TS_MUST;

#define TS_DB_FINDING_TEXT_MAX 1000
struct ts_db_finding {
	const char *check, *table, *key, *expected, *actual;
	int64_t found_us;
};
/* The same place found again while it is open: stays as it is. */
enum ts_err ts_db_finding_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_finding *finding, struct ts_why *why) TS_MUST;
/* Open ones, oldest first; *all: how many there are, beyond the limit too. */
enum ts_err ts_db_finding_list(struct ts_db *db, int64_t contract_id, int32_t limit,
	struct ts_region *region, struct ts_db_finding **out, size_t *n, int64_t *all,
	struct ts_why *why) TS_MUST;

/* One auditor at a time: a lock of the session. TS_E_CONFLICT. */
enum ts_err ts_db_audit_alone(struct ts_db *db, struct ts_why *why) TS_MUST;

/* A row as text: where it is, and what it says. digest is not NULL where the query has one. Slices
 * are good until the call returns. */
typedef enum ts_err (*ts_db_audit_row)(
	void *ctx, struct ts_str key, struct ts_str row, const struct ts_digest *digest);
/* *n: rows read. */
enum ts_err ts_db_audit_rows(struct ts_db *db, const char *query, const struct ts_args *args,
	ts_db_audit_row take, void *ctx, int64_t *n, struct ts_why *why) TS_MUST;
/* One number. */
enum ts_err ts_db_audit_number(struct ts_db *db, const char *query, const struct ts_args *args,
	int64_t *out, struct ts_why *why) TS_MUST;

struct ts_db_audit_note { /* a signed checkpoint, or a line over one */
	int64_t size;
	struct ts_hash root; /* checkpoint */
	struct ts_str note; /* or the line */
	struct ts_str range; /* checkpoint: packed; at NULL: none */
	const char *key_name; /* cosignature */
	int64_t time_s; /* cosignature; published: when the quorum was met */
};
/* Of sizes in (after, to], by size; at most limit. */
enum ts_err ts_db_audit_checkpoints(struct ts_db *db, int64_t contract_id, int16_t log,
	int64_t after, int64_t to, int32_t limit, struct ts_region *region,
	struct ts_db_audit_note **out, size_t *n, struct ts_why *why) TS_MUST;
/* Of sizes in [from, to], by size. */
enum ts_err ts_db_audit_cosignatures(struct ts_db *db, int64_t contract_id, int16_t log,
	int64_t from, int64_t to, struct ts_region *region, struct ts_db_audit_note **out,
	size_t *n, struct ts_why *why) TS_MUST;
enum ts_err ts_db_audit_published(struct ts_db *db, int64_t contract_id, int16_t log, int64_t from,
	int64_t to, struct ts_region *region, struct ts_db_audit_note **out, size_t *n,
	struct ts_why *why) TS_MUST;

struct ts_db_audit_statement {
	int64_t statement_id;
	struct ts_hash sha256;
	const char *kind;
	int64_t serial;
	struct ts_str note;
	int64_t leaf, counter_leaf; /* -1: none */
};
/* Statements of which a leaf lies in [from, to); from -1: those that are no leaf yet. */
enum ts_err ts_db_audit_statements(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_region *region, struct ts_db_audit_statement **out, size_t *n,
	struct ts_why *why) TS_MUST;

#endif
