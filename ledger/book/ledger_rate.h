/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_LEDGER_RATE_H
#define TS_BOOK_LEDGER_RATE_H
/* Internal to the room: what rating a version by itself and rating versions that go on as one have
 * in common. */
#include "book/ledger_state.h"
#include "terms/rate_joint.h"

/* Every instant within the period at which another version may begin to govern, and its ends. A
 * version whose note is not folded yet has no say, also when it is a leaf before the event's own.
 */
enum ts_err ts_ledger_edges(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, int64_t **out, size_t *n) TS_MUST;
/* The version's terms with its schedules cut to the days that it governs. */
enum ts_err ts_ledger_governed_terms(const struct ts_ledger *ledger, const struct ts_terms *terms,
	struct ts_region *region, const struct ts_terms **out) TS_MUST;
/* What was measured under the version in the period and, with `before`, in all before it. */
enum ts_err ts_ledger_usage(const struct ts_ledger *ledger, const struct ts_terms *terms,
	int32_t period, bool before, struct ts_region *region, struct ts_rate_usage *out) TS_MUST;

/* Versions that go on into each other and are rated as one, by when each first governs. n 0: the
 * version is in no such row. */
struct ts_ledger_row {
	struct ts_joint_version *versions;
	size_t n;
};
enum ts_err ts_ledger_row_of(const struct ts_ledger *ledger, const struct ts_terms *terms,
	struct ts_region *region, struct ts_ledger_row *out) TS_MUST;
/* Charges of the period, by version; lines with traces. Appended by the caller. */
enum ts_err ts_ledger_row_charges(const struct ts_ledger *ledger, struct ts_ledger_row *row,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_joint_charge **out, size_t *n, struct ts_why *why) TS_MUST;
enum ts_err ts_ledger_row_gauges(const struct ts_ledger *ledger, struct ts_ledger_row *row,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_joint_gauge **out, size_t *n, struct ts_why *why) TS_MUST;
enum ts_err ts_ledger_row_lines(const struct ts_ledger_row *row, const struct ts_period *period,
	const struct ts_joint_charge *charges, size_t n, struct ts_region *region,
	struct ts_ledger_line **out, size_t *out_n) TS_MUST;

#endif
