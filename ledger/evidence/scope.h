/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_SCOPE_H
#define TS_EVIDENCE_SCOPE_H
/* Why: what a stream may assert comes from its key statement, never from a token: clusters,
 * resource prefixes, SKUs. Live provider streams of a contract have disjoint scopes, so that one
 * hour of one device cannot be asserted twice. */
#include "evidence/record.h"

#define TS_SCOPE_VALUES_MAX 64

/* Comma-separated values as written in the statement, sorted by bytes, no duplicates; "-" = any. */
struct ts_scope {
	struct ts_str clusters;
	struct ts_str resources; /* prefixes of the record's resource field */
	struct ts_str skus;
};
enum ts_verdict {
	TS_VERDICT_IN_SCOPE,
	TS_VERDICT_OUT_OF_SCOPE,
	TS_VERDICT_BEFORE_FROM, /* starts before its generation's from_ms */
	TS_VERDICT_NOT_ACTIVE, /* starts outside the enrolment's active interval */
	TS_VERDICT_NOT_PROVIDER, /* a consumer stream: kept for reconciliation, never rated */
	TS_VERDICT_AFTER_HANDOVER, /* starts when its scope was another stream's already */
	TS_VERDICT_DUPLICATE, /* overlaps another line where a scope changed hands */
};
const char *ts_verdict_name(enum ts_verdict verdict); /* in_scope, out_of_scope, ... */

/* TS_E_MALFORMED for an empty value, a value twice, wrong order or a forbidden byte. */
enum ts_err ts_scope_list_check(struct ts_str list, struct ts_why *why) TS_MUST;
enum ts_err ts_scope_check(const struct ts_scope *scope, struct ts_why *why) TS_MUST;
/* cluster: that of the stream's origin. */
bool ts_scope_contains(
	const struct ts_scope *scope, struct ts_str cluster, const struct ts_usage *usage);
/* True when no record can lie in both. */
bool ts_scope_disjoint(const struct ts_scope *a, const struct ts_scope *b);

#endif
