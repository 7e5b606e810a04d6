/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_BUILD_H
#define TS_TERMS_RATE_BUILD_H
/* Internal to the room: one period being rated. Every line is built the same way: a function of the
 * months up to and including month i gives the line's target so far, and month i's share is the
 * difference to the month before. So the months sum to the last value, which is rounded once,
 * however the usage came in. */
#include "terms/rate.h"

/* Versions that go on into each other are rated as one (rate_joint.h): the items of all of them
 * stand side by side in `terms`, those of one id next to each other in the order of the versions.
 * An item's line is what it adds to those before it in its group. */
enum ts_join_table {
	TS_JOIN_PRICES,
	TS_JOIN_FEES,
	TS_JOIN_DISCOUNTS,
	TS_JOIN_COMMITMENTS,
	TS_JOIN_MINIMUMS,
	TS_JOIN_CAPS,
	TS_JOIN_SLAS,
};
#define TS_JOIN_TABLES 7
struct ts_rate_join {
	const size_t *group[TS_JOIN_TABLES]; /* per item: its place in the chain */
	const int32_t *begins; /* per price: the first day of its version in the period */
	const struct ts_terms *const *windows; /* per commitment: the terms of its version */
};

/* What a period hands to the next; by groups where versions are joined, else by items. */
struct ts_rate_chain {
	ts_i128 *counted; /* per price: quantity of the periods before (counter term) */
	bool *begun; /* per price: its first tier was reached before; joined versions only */
	ts_i128 *pools; /* per shared counter of the term: its position */
	ts_i128 *carried; /* per commitment: quantity paid before that may still be used */
	int64_t *spent; /* per cap of the term: charged before, the cap itself included */
};

struct ts_rate_builder {
	const struct ts_terms *terms;
	const struct ts_period *period;
	const struct ts_rate_usage *usage; /* fine rows in order */
	struct ts_rate_chain *chain;
	const struct ts_rate_join *join; /* NULL: one version */
	struct ts_region *region;
	int32_t as_of_day;
	int32_t first_month;
	size_t months;
	ts_i128 *sums; /* billable quantity up to and including a month: [slot][month] */
	ts_i128 **parts; /* of a price with a shared counter, by tier: [price][tier][month] */
	ts_i128 *pool_totals; /* per shared counter: quantity of this period */
	struct ts_charge *charges;
	size_t n, cap;
	struct ts_gauge *gauges; /* NULL: nobody asks */
	size_t gauges_n;
	struct ts_why *why;
};

/* Notes how far something agreed is used, when somebody asks and it holds at all. */
void ts_rate_gauge(
	struct ts_rate_builder *b, enum ts_charge_kind kind, size_t item, ts_i128 used, ts_i128 of);

/* Appends a month's share unless it is nothing. TS_E_NO_MEMORY. */
enum ts_err ts_rate_put(struct ts_rate_builder *b, const struct ts_charge *line, size_t month,
	ts_i128 quantity, int64_t amount_minor) TS_MUST;
/* TS_E_OVERFLOW gets a reason that names the item; other codes pass. */
enum ts_err ts_rate_too_big(
	const struct ts_rate_builder *b, enum ts_err err, const char *id) TS_MUST;

/* rate.c: gathers and rates the period; of one that is not asked for, only what it hands on. */
enum ts_err ts_rate_run(struct ts_rate_builder *b, bool asked, bool amounts) TS_MUST;
/* The quarter-hours in the order in which counters are fed. */
enum ts_err ts_rate_sort_fine(const struct ts_terms *terms, const struct ts_rate_usage *usage,
	struct ts_region *region, struct ts_fine **out) TS_MUST;

/* rate_join.c: an item's place in the chain; whether an item of its group stands before, behind. */
size_t ts_join_group(const struct ts_rate_builder *b, enum ts_join_table table, size_t item);
bool ts_join_follows(const struct ts_rate_builder *b, enum ts_join_table table, size_t item);
bool ts_join_followed(const struct ts_rate_builder *b, enum ts_join_table table, size_t item);
size_t ts_join_first(const struct ts_rate_builder *b, enum ts_join_table table, size_t item);
size_t ts_join_last(const struct ts_rate_builder *b, enum ts_join_table table, size_t item);
/* What the items before it in the group used of their prices up to and including a month. */
enum ts_err ts_join_used(const struct ts_rate_builder *b, enum ts_join_table table, size_t item,
	size_t month, ts_i128 *out) TS_MUST;

/* rate_exclusion.c: excluded usage that counts as that of a price toward commitments and minimums,
 * up to and including a month; what that of the covered prices would have cost. */
enum ts_err ts_rate_excluded(
	const struct ts_rate_builder *b, size_t price, size_t month, ts_i128 *out) TS_MUST;
enum ts_err ts_rate_excluded_minor(const struct ts_rate_builder *b, const struct ts_cover *on,
	size_t month, int64_t *out) TS_MUST;

/* rate_usage.c: sums and tier parts from measures and quarter-hours; the lines of a price. */
enum ts_err ts_rate_gather(struct ts_rate_builder *b) TS_MUST;
enum ts_err ts_rate_price(struct ts_rate_builder *b, size_t item) TS_MUST;

/* rate_fees.c; the day behind the last of a month that is in the period and has come. */
int64_t ts_rate_month_end(const struct ts_rate_builder *b, size_t month);
enum ts_err ts_rate_fee(struct ts_rate_builder *b, size_t item) TS_MUST;
/* The first counted_n charges count. */
enum ts_err ts_rate_minimum(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;
enum ts_err ts_rate_excess(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;
/* What the schedules of items [first, last] give for the period's days before end_day, pro rata by
 * the days of the full period, rounded once. */
struct ts_rate_items {
	enum ts_join_table table; /* fees, minimums, caps */
	size_t first, last;
};
enum ts_err ts_rate_due(const struct ts_rate_builder *b, const struct ts_rate_items *items,
	int64_t end_day, int64_t *days, int64_t *minor) TS_MUST;
/* The same of one schedule, for the whole period. */
enum ts_err ts_rate_segments(const struct ts_rate_builder *b, const struct ts_segment *segments,
	size_t n, int64_t *minor) TS_MUST;
/* All items of a group. */
struct ts_rate_items ts_join_items(
	const struct ts_rate_builder *b, enum ts_join_table table, size_t item);

/* rate_adjust.c */
enum ts_err ts_rate_discount(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;
/* Caps see each other's lines before them. */
enum ts_err ts_rate_cap(struct ts_rate_builder *b, size_t item) TS_MUST;
/* Sum of the first n charges up to and including a month that the cover is about. */
struct ts_rate_count {
	const struct ts_cover *on;
	bool usage, fees; /* lines about usage, about fees */
	unsigned kinds; /* bits of kinds */
	unsigned not_kind; /* but no line of these items [not_from, not_to) of these kinds */
	size_t not_from, not_to;
};
enum ts_err ts_rate_counted(const struct ts_rate_builder *b, const struct ts_rate_count *count,
	size_t n, size_t month, int64_t *out) TS_MUST;
/* What counts for the items before `item` in its group up to and including a month: minimums, caps,
 * slas or percentages, as their cover and `count` say. Lines of the group itself do not. */
enum ts_err ts_rate_counted_before(const struct ts_rate_builder *b, enum ts_join_table table,
	size_t item, const struct ts_rate_count *count, size_t n, size_t month,
	int64_t *out) TS_MUST;
/* rate_usage.c: what a price would cost up to and including a month if its counter had `less` fewer
 * units. */
enum ts_err ts_rate_price_at(const struct ts_rate_builder *b, size_t item, ts_i128 less,
	size_t month, int64_t *minor) TS_MUST;

/* rate_sla.c; the lowest tier that the availability lies below, NULL: none. */
const struct ts_sla_tier *ts_sla_tier(const struct ts_sla *sla, ts_i128 down, ts_i128 capacity);
enum ts_err ts_rate_sla(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;

/* rate_commitment.c; hands what rolls over to the chain. */
enum ts_err ts_rate_commitment(struct ts_rate_builder *b, size_t item, bool asked) TS_MUST;

#endif
