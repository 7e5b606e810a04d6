/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WHAT_IF_H
#define TS_SERVICE_WHAT_IF_H
/* Why: `tallystick rate` prices record files without a database. Records are folded as settle folds
 * them, quarter-hour by quarter-hour, into one sum per (period, month, price), and each period
 * is rated by the same pure function: a what-if and an invoice cannot differ. Memory grows with
 * periods x prices, with reversals, and with quarter-hours x prices that are rated from them; never
 * with records. */
#include "book/ledger.h"
#include "book/rows.h"
#include "terms/rate.h"
#include <stdio.h>

#define TS_WHAT_IF_PERIODS_MAX 1201 /* a hundred years of months */
#define TS_WHAT_IF_ASIDE_MAX 10000 /* kinds of usage that is not rated */

/* Usage that was read and not rated, by reason, SKU and class. */
struct ts_what_if_aside {
	const char *reason; /* "excluded: ..." or "outside the term" */
	const char *sku, *pricing_class;
	int64_t records;
	ts_i128 quantity; /* base units */
};
struct ts_what_if {
	const struct ts_terms *terms;
	struct ts_region *region;
	int32_t as_of_day; /* usage that starts after it is not rated; INT32_MAX: all is */
	struct ts_ledger *ledger; /* with amendments: what is read is folded into it; else NULL */
	struct ts_ledger_event event;
	struct ts_str cluster; /* of the streams that are read; "-": none named */
	const char *origin; /* of the stream; "": none named */
	struct ts_rowset fine; /* struct ts_fine: quarter-hours of prices that need them */
	ts_i128 *sums; /* [period][month of the period][price]; heap */
	int32_t periods_n; /* rows allocated */
	int32_t last_period; /* with usage; -1 when none */
	int64_t records; /* u1 lines read and not reversed */
	struct ts_what_if_aside *asides;
	size_t asides_n;
	/* Where the last quarter-hour fell: [from, to) of one month of one period. */
	int64_t slot_from_us, slot_to_us;
	int32_t slot_period;
	size_t slot_month;
};

enum ts_err ts_what_if_init(struct ts_what_if *w, const struct ts_terms *terms,
	struct ts_region *region, struct ts_why *why) TS_MUST;
void ts_what_if_free(struct ts_what_if *w);
/* Adds the u1 lines of a file. An r1 line takes back the earlier u1 with that index (lines counted
 * from 0) of the same file; g1 names the
 * stream, and so the cluster, of the lines behind it; c1 carries no usage. why->where is FILE:LINE.
 */
enum ts_err ts_what_if_read(struct ts_what_if *w, const char *path, struct ts_why *why) TS_MUST;

struct ts_what_if_tax {
	size_t treatment;
	struct ts_decimal percent; /* on the period's last day */
	int64_t net_minor, tax_minor;
};
struct ts_what_if_bill {
	struct ts_period period;
	const struct ts_charge_line *lines;
	size_t lines_n;
	const struct ts_charge *charges; /* the lines by calendar month */
	size_t charges_n;
	const struct ts_what_if_tax *taxes; /* one per treatment with lines */
	size_t taxes_n;
	int64_t subtotal_minor, tax_minor, total_minor;
};
/* Rates one period as of its end, or as of as_of_day. Belongs to the region. */
enum ts_err ts_what_if_rate(struct ts_what_if *w, const struct ts_period *period,
	struct ts_what_if_bill *out, struct ts_why *why) TS_MUST;

#endif
