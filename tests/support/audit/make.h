/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_AUDIT_MAKE_H
#define TS_TESTS_AUDIT_MAKE_H
/* Why: bundles with real keys and signatures, without a database: two companies, a contract with
 * eight priced SKUs, streams that close a window every hour, a tick, a cut and an issued document.
 * Fixed seeds: the same options make the same bytes. */
#include "base/buf.h"
#include "evidence/key.h"
#include <stdio.h>

#define TS_MAKE_SKUS 8
#define TS_MAKE_WITNESSES 3

struct ts_make {
	int64_t records; /* u1 lines of all streams together */
	int streams; /* 1.. 8, disjoint clusters */
	int64_t upload_lines; /* an upload ends with the window that reaches so many */
	bool awkward; /* with a reversal, a parked line and a void one in every upload */
	int witnesses; /* that cosign the closing pair (0..TS_MAKE_WITNESSES); the terms have none
			*/
	int64_t witness_time_s;
};
/* Writes the bundle to a file open for reading and writing, and its policy. Asserts on failure. */
void ts_make_bundle(const struct ts_make *make, FILE *out, struct ts_buf *policy);
/* The secret of witness i; vkeys for policies. */
void ts_make_witness(int i, struct ts_secret *out);

/* The service's receipt key, as the terms name it. */
void ts_make_receipt_key(struct ts_secret *out);

#endif
