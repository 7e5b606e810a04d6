/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_USAGE_TSV_H
#define TS_REPORTS_USAGE_TSV_H
/* Why: the usage behind an invoice, row by row, with its place in the evidence and its verdict.
 * Tab separated, LF, one header line; fields are spelled as in the signed record (instants as RFC
 * 3339), so there is no formula guard here. Verdict texts have controls replaced by a blank. */
#include "base/buf.h"
#include "evidence/record.h"

struct ts_usage_tsv_row {
	struct ts_str origin; /* of the stream; empty: "-" */
	int64_t index; /* in the stream; -1: "-" */
	struct ts_usage usage;
	const char *verdict; /* "accepted", "duplicate", ... */
	const char *reason; /* NULL or "": "-" */
};

/* origin index start end sku devices_milli quantity class workload resource account verdict reason
 */
void ts_usage_tsv_header(struct ts_buf *out);
void ts_usage_tsv_row(const struct ts_usage_tsv_row *row, struct ts_buf *out);

#endif
