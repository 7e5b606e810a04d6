/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_EXPLAIN_H
#define TS_TERMS_EXPLAIN_H
/* Why: a charge line for somebody who has to approve it: the rule that it follows, what was
 * measured, the tiers with the one that applies, the calculation as the trace has it, and the
 * rounding, one statement each. It adds to the trace (terms/trace.h), which stands on the document,
 * what the terms say; it computes no money. Pure; all memory belongs to the region. */
#include "terms/rate.h"

#define TS_EXPLAIN_STEPS_MAX 12

struct ts_explain_step {
	const char *name; /* "rule", "measured", "counter", "calculation", "rounding", "terms" */
	const char *text;
};
struct ts_explain_tier {
	int32_t number;
	const char *over, *up_to; /* priced units; up_to NULL: open */
	const char *unit_price, *flat, *package; /* flat, package NULL: none */
	bool applies;
};
struct ts_explanation {
	const char *title; /* description and id */
	struct ts_explain_step steps[TS_EXPLAIN_STEPS_MAX];
	size_t steps_n;
	const struct ts_explain_tier *tiers;
	size_t tiers_n;
	const char *unit; /* of the tiers' edges; "" */
};

/* What a document's line or a charge line of rating says of itself. trace: as ts_rate_lines made
 * it, or NULL for a line that has none. */
struct ts_explain_line {
	enum ts_charge_kind kind;
	size_t item;
	int32_t tier;
	ts_i128 quantity; /* base units, or days */
	const char *trace;
};
enum ts_err ts_explain(const struct ts_terms *terms, const struct ts_explain_line *line,
	struct ts_region *region, struct ts_explanation *out) TS_MUST;

/* The kind with that name, and the item of its table with that id. TS_E_NOT_FOUND. */
enum ts_err ts_charge_find(const struct ts_terms *terms, struct ts_str kind, struct ts_str id,
	enum ts_charge_kind *kind_out, size_t *item) TS_MUST;

#endif
