/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_SUPPORT_AUDIT_RECON_H
#define TS_TESTS_SUPPORT_AUDIT_RECON_H
/* Why: both sides' records in memory, as a source for the reconciliation engine. */
#include "audit/recon/recon.h"

struct ts_tape_record {
	int64_t start_ms, end_ms, devices_milli, quantity;
	const char *sku, *pricing_class, *account;
	char workload[40], resource[40];
	bool failed;
};
struct ts_tape { /* one side */
	struct ts_tape_record *list;
	size_t n, cap;
	const char *terms[3]; /* JSON of the versions; NULL behind the last */
	int64_t from_us[3];
};
struct ts_tapes {
	struct ts_tape side[2];
	int64_t from_ms, to_ms;
	size_t rows_max; /* 0: a million */
	size_t lines_read; /* by the last run */
};
void ts_tape_add(struct ts_tape *tape, const struct ts_tape_record *record);
void ts_tapes_free(struct ts_tapes *tapes);
/* Sorts the tapes by hour. The report belongs to the region. */
enum ts_err ts_tapes_run(struct ts_tapes *tapes, struct ts_region *region,
	const struct ts_recon_report **out, struct ts_why *why) TS_MUST;

#endif
