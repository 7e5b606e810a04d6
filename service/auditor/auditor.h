/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AUDITOR_H
#define TS_SERVICE_AUDITOR_H
/* Why: the auditor of a running installation (docs/audit.md). It recomputes from the logged leaves
 * and the kept lines whatever else the database says, in short transactions, each of which writes
 * what it found and how far it came; so it can be stopped anywhere and goes on there. It takes no
 * lock that a writer could wait for. */
#include "store/audit.h"

enum ts_auditor_check {
#define X(name, code, tables, text, cost) TS_AUDITOR_##name,
#include "service/auditor/auditor_check.def"
#undef X
	TS_AUDITOR_CHECKS
};
struct ts_auditor_check_def {
	const char *name, *tables, *text, *cost;
};
extern const struct ts_auditor_check_def ts_auditor_checks[TS_AUDITOR_CHECKS];

/* What was read in this run. */
struct ts_auditor_counts {
	int64_t inputs, journal; /* leaves hashed */
	int64_t checkpoints, cosignatures;
	int64_t batches, lines, usage; /* usage: rows compared */
	int64_t events, entries, cells; /* cells: rows of usage cells compared */
	int64_t transactions;
};
struct ts_auditor_options {
	const char *conninfo; /* role ts_auditor */
	const char *contract; /* public id; NULL: all of them, and the schema */
	bool full; /* start over */
	int64_t step; /* leaves per transaction; 0: TS_AUDITOR_STEP */
	int64_t patience_s; /* how long to wait for a database that went away */
};
#define TS_AUDITOR_STEP 4096
#define TS_AUDITOR_FINDINGS_MAX 1000 /* that are listed per contract */

/* One contract, or, with an empty id, the installation: what is open. */
struct ts_auditor_part {
	char contract[33];
	struct ts_db_finding *findings;
	size_t findings_n;
	int64_t findings_all;
	int64_t inputs_to, journal_to; /* compared up to these sizes */
	int64_t folded_to; /* and the ledger up to this leaf */
};
struct ts_auditor_report {
	struct ts_auditor_counts counts;
	struct ts_auditor_part *parts;
	size_t parts_n;
	int64_t findings; /* open, over all parts */
};
/* TS_OK when the audit came to its end, findings or not. Lists belong to the region. */
enum ts_err ts_auditor_run(const struct ts_auditor_options *options, struct ts_region *region,
	struct ts_auditor_report *report, struct ts_why *why) TS_MUST;

#endif
