/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_H
#define TS_TERMS_RATE_H
/* Why: the target of every charge line of one billing period as of a contract day, a pure function
 * of the measured quantities: order of arrival, ticks and batches cannot matter. Rounding happens
 * once per charge line; the calendar months inside a period get differences of one cumulative
 * rounded function, so they sum to the line (3-money.md, "Accrue to target"). */
#include "terms/calendar.h"

/* Billable quantity of one price in one calendar month (contract zone) of the period. */
struct ts_measure {
	size_t price; /* slot (ts_terms_slots): index into terms->prices, or a watch */
	int32_t month;
	ts_i128 quantity; /* base units, >= 0 */
	int32_t period; /* index */
};
/* One quarter-hour of a price that is rated from them (ts_price.fine). Texts only where the price
 * shares a counter, else "". */
struct ts_fine {
	size_t price;
	int32_t period;
	int64_t quarter_us; /* start */
	const char *pricing_class, *account, *origin;
	ts_i128 quantity; /* base units, >= 0 */
};
/* What was measured, in any order: of the period and, where the terms are chained, of all before
 * it. A price has measures or quarter-hours, never both. */
struct ts_rate_usage {
	const struct ts_measure *measures; /* at most one per (price, period, month) */
	size_t measures_n;
	const struct ts_fine *fine;
	size_t fine_n;
};

/* Stored as numbers: only ever add behind the last. */
enum ts_charge_kind {
	TS_CHARGE_USAGE, /* item: price */
	TS_CHARGE_FEE, /* fee */
	TS_CHARGE_TRUE_UP, /* minimum */
	TS_CHARGE_DISCOUNT, /* discount */
	TS_CHARGE_OVERAGE, /* commitment: what is beyond it costs more (or less) by */
	TS_CHARGE_SHORTFALL, /* commitment: what is paid and was not used */
	TS_CHARGE_ROLLOVER, /* commitment: what was paid a period before is used now */
	TS_CHARGE_EXCESS, /* minimum: what counts beyond it, times factor - 1 */
	TS_CHARGE_CAP, /* cap */
	TS_CHARGE_SLA, /* sla */
	TS_CHARGE_CREDIT, /* serial of the provider's credit, less 1; no part of rating */
	TS_CHARGE_SETTLEMENT, /* serial of the settlement, less 1; likewise */
	/* Of a prepayment; the ledger's, which knows what was invoiced, paid and drawn before: */
	TS_CHARGE_PREPAYMENT, /* the line of its invoice */
	TS_CHARGE_DRAWDOWN, /* what a period's charges draw before tax */
	TS_CHARGE_BREAKAGE, /* what lapses: on no document */
	TS_CHARGE_DEPOSIT, /* what a document draws after tax: no line of it */
};
#define TS_CHARGE_KINDS 16
/* The item is a prepayment: no version's rating knows it. */
bool ts_charge_is_prepaid(enum ts_charge_kind kind);
const char *ts_charge_kind_name(enum ts_charge_kind kind); /* "usage", "fee", "true_up", ... */
/* Place in the order of operations, which is that of lines on paper. */
int ts_charge_kind_order(enum ts_charge_kind kind);
/* The line has a quantity, in the unit of its SKU or in days; else it is one lump sum. */
bool ts_charge_is_counted(enum ts_charge_kind kind);
/* How many items of the kind's table the terms have; credits and settlements have no table: any. */
size_t ts_charge_items(const struct ts_terms *terms, enum ts_charge_kind kind);

/* One charge line x calendar month. A line's key is (kind, item, tier, period); the line's amount
 * is the sum over its months, and equals one rounding of its exact value. */
struct ts_charge {
	enum ts_charge_kind kind;
	size_t item; /* index into the kind's table */
	int32_t tier; /* 0: no tiers; 1..n: tier number */
	int32_t period;
	int32_t month;
	ts_i128 quantity; /* base units in this month (usage), contract days (fee), 0 (true-up) */
	int64_t amount_minor; /* this month's share of the line's target */
	bool flat_due; /* the tier's flat is in the line (usage) */
	/* For the trace, of the whole line so far: what it was computed from, and against what.
	 * usage: packages begun; discount: amount before; commitment lines: quantity used,
	 * committed; excess, cap: amount that counts, amount allowed;
	 * sla: quantity down, capacity. */
	ts_i128 basis, limit;
};

/* Charges of one period as of the end of contract day as_of_day (included), sorted by (order of
 * kind, item, tier, month); lines of zero quantity and zero amount are left out. A true-up appears
 * only when as_of_day has reached the period's last day. Errors: TS_E_OVERFLOW, TS_E_NO_MEMORY. */
enum ts_err ts_rate(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_rate_usage *usage, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, struct ts_why *why) TS_MUST;

/* How much of what was agreed is used: of a minimum the money that counts toward it, of a
 * commitment the quantity, of a cap the money that is charged before it. */
struct ts_gauge {
	enum ts_charge_kind kind; /* TRUE_UP: minimum, SHORTFALL: commitment, CAP */
	size_t item;
	ts_i128 used, of; /* minor units; base units of a commitment, with what rolled over */
};
/* ts_rate, and the gauges of the period: one for each minimum, commitment and cap that holds on
 * some day of it. By the hour a commitment counts the hours up to as_of_day, and used is what of
 * them was used. */
enum ts_err ts_rate_gauged(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_rate_usage *usage, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, const struct ts_gauge **gauges,
	size_t *gauges_n, struct ts_why *why) TS_MUST;

/* ts_rate for measures of the one period alone, whatever their `period` says. */
enum ts_err ts_rate_period(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_measure *measures, size_t n, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, struct ts_why *why) TS_MUST;

/* A whole charge line (all months summed), for invoices, `tallystick rate` and explanations. */
struct ts_charge_line {
	enum ts_charge_kind kind;
	size_t item;
	int32_t tier;
	int32_t period;
	ts_i128 quantity;
	int64_t amount_minor;
	bool has_unit_price; /* amount = round(quantity * unit_price / divisor [+ flat]) */
	struct ts_decimal unit_price;
	int64_t flat_minor;
	bool flat_due;
	ts_i128 basis, limit; /* as of the last month's charge */
	const char *trace; /* one line of words: quantities, tier rows, version, rounding */
};
/* Sums months of `charges` (as ts_rate_period gave them) into lines. */
enum ts_err ts_rate_lines(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_charge *charges, size_t n, struct ts_region *region,
	const struct ts_charge_line **out, size_t *out_n) TS_MUST;

/* The tier of a usage line; NULL when the price has none. */
const struct ts_tier *ts_charge_tier(const struct ts_price *price, int32_t tier);

/* Names for people and machines: the item's id, description, section, sku and class ("" if none),
 * unit, divisor (1 for fees and true-ups) and treatment index. */
struct ts_charge_names {
	const char *id, *description, *section, *sku, *sku_name, *pricing_class, *unit;
	ts_i128 divisor;
	size_t treatment;
};
void ts_charge_names(const struct ts_terms *terms, enum ts_charge_kind kind, size_t item,
	struct ts_charge_names *out);

/* Tax on a sum: round(net * percent / 100). */
enum ts_err ts_rate_tax(const struct ts_terms *terms, int64_t net_minor, struct ts_decimal percent,
	int64_t *tax_minor) TS_MUST;

#endif
