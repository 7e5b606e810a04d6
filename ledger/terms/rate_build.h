/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_BUILD_H
#define TS_TERMS_RATE_BUILD_H
/* Internal to the room: one period being rated. Every line is built the same way: a function of the
 * months up to and including month i gives the line's target so far, and month i's share is the
 * difference to the month before. So the months sum to the last value, which is rounded once,
 * however the usage came in. */
#include "terms/rate.h"

/* What a period hands to the next. */
struct ts_rate_chain {
	ts_i128 *counted; /* per price: quantity of the periods before (counter term) */
	ts_i128 *pools; /* per shared counter of the term: its position */
	ts_i128 *carried; /* per commitment: quantity paid before that may still be used */
	int64_t *spent; /* per cap of the term: charged before, the cap itself included */
};

struct ts_rate_builder {
	const struct ts_terms *terms;
	const struct ts_period *period;
	const struct ts_rate_usage *usage; /* fine rows in order */
	struct ts_rate_chain *chain;
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

/* rate_usage.c: sums and tier parts from measures and quarter-hours; the lines of a price. */
enum ts_err ts_rate_gather(struct ts_rate_builder *b) TS_MUST;
enum ts_err ts_rate_price(struct ts_rate_builder *b, size_t item) TS_MUST;

/* rate_fees.c */
enum ts_err ts_rate_fee(struct ts_rate_builder *b, size_t item) TS_MUST;
/* The first counted_n charges count. */
enum ts_err ts_rate_minimum(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;
enum ts_err ts_rate_excess(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;
/* What segments give for the period's days before end_day, pro rata by the days of the full period,
 * rounded once. */
enum ts_err ts_rate_due(const struct ts_rate_builder *b, const struct ts_segment *segments,
	size_t n, int64_t end_day, int64_t *days, int64_t *minor) TS_MUST;

/* rate_adjust.c */
enum ts_err ts_rate_discount(struct ts_rate_builder *b, size_t item, size_t counted_n) TS_MUST;
/* Caps see each other's lines before them. */
enum ts_err ts_rate_cap(struct ts_rate_builder *b, size_t item) TS_MUST;
/* Sum of the first n charges up to and including a month that the cover is about. */
struct ts_rate_count {
	const struct ts_cover *on;
	bool usage, fees; /* lines about usage, about fees */
	unsigned kinds; /* bits of kinds */
};
enum ts_err ts_rate_counted(const struct ts_rate_builder *b, const struct ts_rate_count *count,
	size_t n, size_t month, int64_t *out) TS_MUST;
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
