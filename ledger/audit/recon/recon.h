/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_RECON_RECON_H
#define TS_AUDIT_RECON_RECON_H
/* Why: two companies metered the same month. This says that they agree, or exactly where not: top
 * down by digests and sums (day x SKU, then hours), then the records of the hours that differ, each
 * difference in one category, with both records and what it is worth. Items and what is within
 * tolerance sum to the difference of both sides' totals, in quantity and money, or there is no
 * report. docs/formats/reconciliation.md is the specification.
 * Memory: the cells, the records of one hour, jobs that run, and what differs; never the records
 * that agree. Pure: records come through a callback. */
#include "evidence/cell.h"
#include "terms/terms.h"

enum ts_recon_side { TS_RECON_PROVIDER, TS_RECON_PARTNER };
const char *ts_recon_side_name(enum ts_recon_side side);

/* In order of precedence: an item is in the first that holds. The last two are about lines of an
 * invoice and never about records. */
enum ts_recon_category {
	TS_RECON_SIGNATURE, /* a row claims a stream and is not what the stream says */
	TS_RECON_DUPLICATE,
	TS_RECON_CURRENCY,
	TS_RECON_PERIOD, /* lies at least in part outside the period */
	TS_RECON_TIME_OVERLAP,
	TS_RECON_MISSING_AT_PROVIDER,
	TS_RECON_MISSING_AT_PARTNER,
	TS_RECON_QUANTITY,
	TS_RECON_RATE,
	TS_RECON_COMMITMENT,
	TS_RECON_TAX,
};
#define TS_RECON_CATEGORIES 11
struct ts_recon_kind {
	const char *name;
	const char *owner; /* who answers by default */
	const char *reason, *action; /* codes of OpenPEPPOL's Invoice Response */
};
const struct ts_recon_kind *ts_recon_kind(enum ts_recon_category category);

/* Quarter-hour cells (evidence/cell.h, with digests) of one stream or one unsigned file. */
struct ts_recon_sheet {
	struct ts_str cluster; /* of the stream; "-": none is named */
	bool failed; /* rows that claim a stream and fail: they never agree with anything */
	const struct ts_cell *cells;
	size_t n;
};
/* A u1 line. Texts are borrowed until the callee returns. */
struct ts_recon_line {
	struct ts_str text; /* verbatim, without LF */
	struct ts_usage usage; /* parsed from it: its texts lie in `text` */
	size_t sheet;
	size_t input; /* number of the file or stream, and of the line in it, from 1 */
	int64_t number;
};
struct ts_recon_sink {
	void *ctx;
	enum ts_err (*put)(void *ctx, const struct ts_recon_line *line, struct ts_why *why);
};
struct ts_recon_version {
	const struct ts_terms *terms;
	int64_t from_us; /* governs from here until the next; the first from the beginning */
};
struct ts_recon_sided {
	const struct ts_recon_sheet *sheets;
	size_t sheets_n;
	int64_t span_ms_max; /* the longest record; 0: there is none */
	const struct ts_recon_version *versions; /* as this side has them; at least one */
	size_t versions_n;
};
struct ts_recon_options {
	struct ts_recon_sided side[2];
	int64_t from_ms, to_ms; /* the period */
	const struct ts_dealing *dealing; /* tolerances */
	size_t rows_max; /* records that are held at once, the differing ones included */
	void *ctx;
	/* All lines of the side that start in [from_ms, to_ms), in any order. */
	enum ts_err (*lines)(void *ctx, enum ts_recon_side side, int64_t from_ms, int64_t to_ms,
		const struct ts_recon_sink *sink, struct ts_why *why);
};

/* A record of an item. */
struct ts_recon_row {
	struct ts_recon_row *next;
	enum ts_recon_side side;
	bool failed;
	struct ts_usage usage; /* borrows from line */
	struct ts_str cluster;
	size_t input;
	int64_t number;
	struct ts_str line;
};
/* A stretch of time in which the sides differ: both sides' edges cut it, shares are as of cells. */
struct ts_recon_item {
	enum ts_recon_category category;
	bool within; /* inside all tolerances: listed apart */
	const char *held; /* within by record, but this level's tolerance is exceeded: "line",
			     "invoice"; else NULL */
	bool residual; /* compared as a sum of its day and SKU: records name no workload or resource
			*/
	int32_t day; /* UTC, of its first record */
	int64_t start_ms, end_ms;
	const char *sku;
	struct ts_recon_row *rows[2]; /* in order of time; of a rate item of whole cells none */
	size_t rows_n[2];
	ts_i128 quantity[2];
	ts_i128 delta; /* provider - partner */
	int64_t amount_minor; /* what it changes; 0 where no amounts are compared */
	const char *price[2]; /* RATE: ids, and in words what the sides have */
	const char *rate[2];
};
struct ts_recon_sku { /* sums of all rows */
	const char *sku;
	const char *unit; /* of the first terms that have it; "" when none has */
	ts_i128 divisor;
	int64_t records[2];
	ts_i128 quantity[2];
	ts_i128 items, within; /* sums of deltas */
	ts_i128 unpriced[2]; /* of which no price of the side's terms applies */
};
struct ts_recon_category_sum {
	int64_t items;
	int64_t amount_minor;
};
struct ts_recon_day {
	int32_t day;
	int64_t records[2]; /* that start on it */
	int64_t items, within;
	int64_t amount_minor; /* of both */
};
struct ts_recon_clock { /* partner's clock - provider's, as far as it shows */
	int64_t offset_ms; /* most frequent shift of whole groups; 0: none was seen */
	int64_t groups; /* that have just this shift */
	int64_t shifted; /* groups with any */
};
struct ts_recon_work { /* what was looked at */
	int64_t days, days_differing, hours, hours_opened;
	int64_t read[2]; /* records of those hours */
	int64_t agreed; /* of the provider's, found equal among them */
	int64_t agreed_groups; /* n:m with equal sums */
};
struct ts_recon_report {
	bool amounts; /* false: currencies differ */
	const struct ts_currency *currency[2];
	int64_t from_ms, to_ms;
	struct ts_dealing dealing; /* tolerances as used */
	struct ts_recon_sku *skus; /* by name */
	size_t skus_n;
	int64_t total_minor[2]; /* usage lines of both sides, each under its own terms */
	int64_t items_minor, within_minor;
	struct ts_recon_item *items; /* in order of time; within among them */
	size_t items_n;
	struct ts_recon_category_sum sums[TS_RECON_CATEGORIES];
	struct ts_recon_category_sum within_sum;
	struct ts_recon_day *days;
	size_t days_n;
	struct ts_recon_clock clock;
	struct ts_recon_work work;
};

/* The report belongs to the region, and its rows too. TS_E_INTERNAL: it does not close (a bug of
 * ours, or records that are not those of the cells). TS_E_LIMIT: more differs than rows_max. */
enum ts_err ts_recon_run(const struct ts_recon_options *options, struct ts_region *region,
	const struct ts_recon_report **out, struct ts_why *why) TS_MUST;

/* Checks that items and within sum to the difference; TS_E_INTERNAL names what does not. Called by
 * ts_recon_run, and by who publishes a report. */
enum ts_err ts_recon_closes(const struct ts_recon_report *report, struct ts_why *why) TS_MUST;

#endif
