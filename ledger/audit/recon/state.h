/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_RECON_STATE_H
#define TS_AUDIT_RECON_STATE_H
/* Why: internal to audit/recon. One run goes narrow -> hours (cancel, groups) -> finish; this is
 * what the steps share. */
#include "audit/recon/tariff.h"

#define TS_RECON_MS_PER_HOUR INT64_C(3600000)
#define TS_RECON_MS_PER_DAY INT64_C(86400000)
#define TS_RECON_OFFSETS_MAX 4096 /* different shifts of clocks that are counted apart */
#define TS_RECON_SKUS_MAX 1000 /* as terms may name */

/* Hours to read, with the SKUs that are compared in them. */
struct ts_recon_hour {
	int64_t hour;
	uint32_t sku;
	bool differs, open;
};
struct ts_recon_offset {
	int64_t offset_ms, groups;
};
/* A quarter-hour in which the sides' terms price the provider's usage differently. */
struct ts_recon_rate {
	int64_t quarter;
	uint32_t sku, entry[2];
	const struct ts_terms *terms[2];
	ts_i128 quantity;
};
struct ts_recon_state {
	const struct ts_recon_options *options;
	struct ts_region *region;
	struct ts_recon_report *report;
	struct ts_tariff now; /* partner's quantities under its terms, moving to the provider's */
	struct ts_tariff target; /* provider's under its own */
	bool by_account, by_cluster; /* some price depends on it */
	struct ts_rowset skus; /* struct ts_recon_sku */
	struct ts_rowset rates; /* struct ts_recon_rate */
	struct ts_rowset days; /* struct ts_recon_day */
	struct ts_rowset offsets;
	struct ts_recon_hour *hours; /* by (hour, sku) */
	size_t hours_n;
	struct ts_recon_item *items; /* heap until the end */
	size_t items_n, items_cap;
	size_t rows_n; /* records held */
	struct ts_rowset actors; /* of hour.c, in actors_region */
};

/* Digests and sums; says which hours to read. */
enum ts_err ts_recon_narrow(struct ts_recon_state *s, struct ts_why *why) TS_MUST;
/* Reads those hours, closes groups and judges them. */
enum ts_err ts_recon_hours(struct ts_recon_state *s, struct ts_why *why) TS_MUST;
/* Residual, rates, tolerances of lines and invoice, sums. */
enum ts_err ts_recon_finish(struct ts_recon_state *s, struct ts_why *why) TS_MUST;

/* The row of the SKU, or its number; it is there after narrowing. */
struct ts_recon_sku *ts_recon_sku_of(
	const struct ts_recon_state *s, struct ts_str sku, uint32_t *number);
bool ts_recon_is_open(const struct ts_recon_state *s, int64_t hour, struct ts_str sku);
/* How the side's terms price the record in a quarter-hour. */
uint32_t ts_recon_entry(const struct ts_recon_state *s, enum ts_recon_side terms_of,
	const struct ts_recon_row *row, int64_t quarter, const struct ts_terms **terms);
/* All quarter-hours of both fall under the same prices, by the terms of either side. */
bool ts_recon_priced_alike(
	const struct ts_recon_state *s, const struct ts_recon_row *a, const struct ts_recon_row *b);
/* Takes the partner's rows out of `now` and puts the provider's in; what that changes. */
enum ts_err ts_recon_worth(struct ts_recon_state *s, struct ts_recon_row *const rows[2],
	int64_t *change_minor, struct ts_why *why) TS_MUST;
bool ts_recon_tolerance_holds(const struct ts_tolerance *t, ts_i128 base, ts_i128 delta,
	bool amounts, int64_t amount_minor);
bool ts_recon_tolerates(const struct ts_recon_state *s, const struct ts_recon_item *item);
enum ts_err ts_recon_add_item(
	struct ts_recon_state *s, const struct ts_recon_item *item, struct ts_why *why) TS_MUST;

/* Rows of one (SKU, workload, resource) that hang together in time; or a duplicate alone. */
struct ts_recon_group {
	struct ts_recon_row *rows[2], *last[2]; /* in order of start */
	size_t rows_n[2];
	int64_t start_ms, end_ms;
	int64_t side_end_ms[2];
	bool overlap, duplicate;
};
/* Puts the group into its category, or finds that it agrees. Takes the rows. */
enum ts_err ts_recon_judge(
	struct ts_recon_state *s, struct ts_recon_group *group, struct ts_why *why) TS_MUST;
void ts_recon_group_add(struct ts_recon_group *group, struct ts_recon_row *row);
/* What agrees in an hour is `matched`, further copies of one record are `extra`. Sorts rows. */
struct ts_recon_held {
	struct ts_recon_row *row;
	bool matched, extra, pair; /* pair: alone with its `other`, apart from the rest */
	struct ts_recon_held *other;
};
void ts_recon_cancel(const struct ts_recon_state *s, struct ts_recon_held *rows, size_t n);

#endif
