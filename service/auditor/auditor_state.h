/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AUDITOR_STATE_H
#define TS_SERVICE_AUDITOR_STATE_H
/* Internal to the auditor: what its parts share. One contract at a time. Every transaction begins
 * with what audit_progress says and ends by writing it back, so its body may run twice and the
 * process may end anywhere.
 *
 * Walks: each log by itself (auditor_log.c); then the inputs once more, event by event
 * (auditor_event.c), which leads to streams, cells, decisions, ledger, journal and documents. Rows
 * that only ever grow are compared as the walk passes them; rows that change are compared at the
 * end, in one snapshot that the walks have caught up with (auditor_end.c).
 *
 * What a superuser did to the data is a finding and never an error; where nothing behind it can be
 * computed the walk is stopped, and says so until the audit starts over. */
#include "book/ledger.h"
#include "evidence/checkpoint.h"
#include "evidence/intake.h"
#include "evidence/statement.h"
#include "service/auditor/auditor.h"
#include "service/auditor/auditor_sheet.h"
#include "service/auditor/auditor_tree.h"
#include "store/batch.h"
#include "store/contract.h"
#include "store/log.h"
#include "terms/terms.h"

struct ts_auditor_walk;

struct ts_auditor {
	struct ts_db *db;
	struct ts_hasher hasher;
	const struct ts_auditor_options *options;
	struct ts_db_contract contract;
	int64_t step; /* leaves per transaction */
	bool full;
	struct ts_auditor_counts *counts;
	struct ts_auditor_part *part;
	/* of the transaction */
	int64_t now_us;
	struct ts_region *region; /* reset as it begins */
	struct ts_region *scratch; /* of one page or batch */
	bool more; /* out: there is more to do */
	bool stopped; /* out: nothing more can be done */
	bool compared; /* what changes was compared in an earlier transaction of this run */
	bool caught_up; /* out: it was compared in this one */
	/* terms in force, oldest first, each as its leaf says; in the region */
	const struct ts_terms **terms;
	const struct ts_db_version *versions;
	struct ts_ledger_version *in_force; /* the same for a ledger */
	size_t terms_n;
};

/* Texts are cut, TABs become spaces. */
enum ts_err ts_auditor_find(struct ts_auditor *auditor, enum ts_auditor_check check,
	const char *table, const char *key, struct ts_str expected, struct ts_str actual,
	struct ts_why *why) TS_MUST;
/* An error that is not the database's nor ours: something stored can't be read. TS_OK: it is a
 * finding now. */
enum ts_err ts_auditor_excuse(struct ts_auditor *auditor, enum ts_auditor_check check,
	const char *table, const char *key, enum ts_err err, const struct ts_why *found,
	struct ts_why *why) TS_MUST;

/* Terms in force whose bytes are what their leaf names. TS_E_INVALID: a finding was made. */
enum ts_err ts_auditor_terms(struct ts_auditor *auditor, struct ts_why *why) TS_MUST;
/* The version that governs a leaf; NULL before the first. */
const struct ts_terms *ts_auditor_terms_at(const struct ts_auditor *auditor, int64_t leaf);
/* A finding at a leaf of a log unless `need` of the keys (vkeys, in texts) signed the note. */
enum ts_err ts_auditor_signed(struct ts_auditor *auditor, int64_t leaf, const struct ts_note *note,
	const char *const *vkeys, size_t n, size_t need, unsigned *who, struct ts_why *why) TS_MUST;

/* auditor_log.c: within a transaction. Goes on with a log up to its size now, by at most `leaves`;
 * auditor->more says whether there is more. *range is where it is. */
enum ts_err ts_auditor_log(struct ts_auditor *auditor, enum ts_db_lock log, int64_t leaves,
	struct ts_range *range, struct ts_why *why) TS_MUST;
/* auditor_witness.c: signed sizes: cosignatures, publication, pairs. */
enum ts_err ts_auditor_witness(struct ts_auditor *auditor, struct ts_why *why) TS_MUST;

/* auditor_event.c: goes on with the operator's events, by about `leaves`. */
enum ts_err ts_auditor_events(struct ts_auditor *auditor, int64_t leaves,
	struct ts_auditor_walk *walk, struct ts_why *why) TS_MUST;

/* auditor_end.c: catches up, then compares what changes. auditor->more: again. */
enum ts_err ts_auditor_end(struct ts_auditor *auditor, struct ts_why *why) TS_MUST;
/* One transaction's share of events. */
enum ts_err ts_auditor_events_step(struct ts_auditor *auditor, struct ts_why *why) TS_MUST;
/* Rows of no batch. */
enum ts_err ts_auditor_lost(struct ts_auditor *auditor, struct ts_why *why) TS_MUST;
/* auditor_schema.c: contract 0. */
enum ts_err ts_auditor_schema(struct ts_auditor *auditor, struct ts_why *why) TS_MUST;

#endif
