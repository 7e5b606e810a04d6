/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_VERIFY_H
#define TS_SERVICE_VERIFY_H
/* Why: what verify and replay share: a file as the audit room reads it, the policy, the receipts
 * that must have been kept, and the report as text and as JSON. */
#include "audit/replay.h"
#include <jansson.h>
#include <stdio.h>

struct ts_verify {
	const char *bundle, *policy, *receipts; /* paths; receipts NULL: none. A bundle that is a
						   folder is a mirror (mirror_source.h) */
	int64_t max_age_s; /* < 0: not asked */
	int64_t now_s;
	FILE *journal; /* NULL, or where the journal is written as it is rebuilt: u16be length,
			  bytes */
	struct ts_buf *state; /* as of ts_audit_options, with state_period */
	const char *state_period;
	uint64_t seed;
};
/* As ts_audit_run; everything in the region. TS_E_IO, TS_E_MALFORMED (policy, receipts). Of a
 * mirror the files are checked first; TS_E_MISMATCH: some are damaged, stderr names them. */
enum ts_err ts_verify_run(const struct ts_verify *verify, struct ts_region *region,
	struct ts_audit_report **report, struct ts_why *why) TS_MUST;
void ts_verify_print(
	const struct ts_verify *verify, const struct ts_audit_report *report, FILE *out);
json_t *ts_verify_json(const struct ts_audit_report *report); /* NULL without memory */

#endif
