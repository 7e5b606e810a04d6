/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/what_if.h"

#include "evidence/cell.h"
#include "terms/match.h"
#include "service/clock.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REVERSALS_MAX 10000000

/* Calendar months that one period can touch. */
static size_t months_of(const struct ts_terms *terms)
{
	return (terms->months > 0 ? (size_t)terms->months : 1) + 1;
}

struct reversal {
	int64_t target; /* index of the u1 */
	int64_t line; /* of the r1 */
};
/* A record file being read line by line, in bounded memory. */
struct reader {
	FILE *file;
	const char *path;
	int64_t index; /* of the current line, from 0 */
	char line[TS_RECORD_BYTES_MAX + 2];
	size_t len; /* without LF */
	bool shows_progress;
	int64_t shown_us;
	struct ts_why *why;
};

static uint64_t fine_hash(const void *row)
{
	const struct ts_fine *f = row;
	uint64_t h = ts_hash_mix(ts_hash_mix(1, (uint64_t)f->quarter_us), f->price);
	h = ts_hash_text(ts_hash_text(h, f->pricing_class), f->account);
	return ts_hash_text(h, f->origin);
}
static bool fine_same(const void *a, const void *b)
{
	const struct ts_fine *x = a, *y = b;
	return x->quarter_us == y->quarter_us && x->price == y->price &&
	       strcmp(x->pricing_class, y->pricing_class) == 0 &&
	       strcmp(x->account, y->account) == 0 && strcmp(x->origin, y->origin) == 0;
}

enum ts_err ts_what_if_init(struct ts_what_if *w, const struct ts_terms *terms,
	struct ts_region *region, struct ts_why *why)
{
	memset(w, 0, sizeof *w);
	w->terms = terms;
	w->region = region;
	w->last_period = -1;
	w->as_of_day = INT32_MAX;
	w->cluster = TS_STR("-");
	w->origin = "";
	ts_rowset_init(&w->fine, region, sizeof(struct ts_fine), fine_hash, fine_same);
	w->asides = ts_region_array(region, TS_WHAT_IF_ASIDE_MAX, sizeof *w->asides);
	if (!w->asides)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory");
	return TS_OK;
}

void ts_what_if_free(struct ts_what_if *w)
{
	free(w->sums);
	w->sums = NULL;
}

static enum ts_err fail_at(const struct reader *r, int64_t index, enum ts_err err, const char *text)
{
	char where[192];
	snprintf(where, sizeof where, "%.160s:%lld", r->path, (long long)index + 1);
	return ts_why(r->why, err, where, "%s", text);
}

static enum ts_err reader_open(struct reader *r, const char *path, struct ts_why *why)
{
	memset(r, 0, sizeof *r);
	r->path = path;
	r->index = -1;
	r->why = why;
	r->shows_progress = isatty(STDERR_FILENO) == 1;
	r->shown_us = ts_clock_mono_us();
	r->file = fopen(path, "r");
	if (!r->file)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open: %s", strerror(errno));
	return TS_OK;
}

static void show_progress(struct reader *r)
{
	if (!r->shows_progress || (r->index & 0xffff) != 0 ||
		ts_clock_mono_us() - r->shown_us < TS_US_PER_S)
		return;
	r->shown_us = ts_clock_mono_us();
	fprintf(stderr, "%s: %lld lines\n", r->path, (long long)r->index);
}

/* The next line; *more is false at the end of the file. */
static enum ts_err reader_next(struct reader *r, bool *more)
{
	int c = EOF;
	r->index++;
	r->len = 0;
	while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
		if (r->len == TS_RECORD_BYTES_MAX)
			return fail_at(
				r, r->index, TS_E_LIMIT, "a record line has at most 1024 bytes");
		r->line[r->len++] = (char)c;
	}
	if (c == EOF && ferror(r->file))
		return ts_why(r->why, TS_E_IO, r->path, "cannot read: %s", strerror(errno));
	*more = c != EOF || r->len > 0;
	show_progress(r);
	return TS_OK;
}

#define USAGE_QUANTITY_FIELD 5 /* fields before it */

static enum ts_err reader_parse(struct reader *r, struct ts_record *record)
{
	const char *reason = "";
	char text[256];
	enum ts_err err = ts_record_parse((struct ts_str){r->line, r->len}, record, &reason);
	if (err == TS_OK)
		return TS_OK;
	int shown = r->len > 120 ? 120 : (int)r->len;
	struct ts_str rest = {r->line, r->len};
	for (int field = 0; field < USAGE_QUANTITY_FIELD && rest.at != NULL; field++)
		(void)ts_str_cut(&rest, '\t');
	if (r->len > 2 && memcmp(r->line, "u1", 2) == 0 && rest.at != NULL && rest.at[0] == '-')
		return fail_at(r, r->index, err,
			"the quantity is negative: what was counted too high is taken back by an "
			"r1 line and counted again");
	snprintf(text, sizeof text, "not a record: %.80s: \"%.*s\"", reason, shown, r->line);
	return fail_at(r, r->index, err, text);
}

/* First pass: what is taken back. */
struct reversals {
	struct reversal *rows;
	size_t n, cap;
};

static enum ts_err add_reversal(
	struct reader *r, struct reversals *all, const struct ts_reversal *reversal)
{
	if (reversal->index >= r->index)
		return fail_at(r, r->index, TS_E_INVALID, "reverses no earlier line");
	if (all->n == REVERSALS_MAX)
		return fail_at(r, r->index, TS_E_LIMIT, "too many reversals in one file");
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 64;
		struct reversal *rows = realloc(all->rows, cap * sizeof *rows);
		if (!rows)
			return fail_at(r, r->index, TS_E_NO_MEMORY, "no memory for reversals");
		all->rows = rows;
		all->cap = cap;
	}
	all->rows[all->n++] = (struct reversal){reversal->index, r->index};
	return TS_OK;
}

static int by_target(const void *a, const void *b)
{
	const struct reversal *left = a, *right = b;
	if (left->target != right->target)
		return left->target < right->target ? -1 : 1;
	return (left->line > right->line) - (left->line < right->line);
}

static enum ts_err collect_reversals(struct reader *r, struct reversals *all)
{
	bool more = true;
	for (;;) {
		TS_TRY(reader_next(r, &more));
		if (!more)
			break;
		if (r->len == 0 || r->line[0] != 'r')
			continue; /* the second pass reads the others */
		struct ts_record record;
		TS_TRY(reader_parse(r, &record));
		TS_TRY(add_reversal(r, all, &record.reversal));
	}
	if (all->n > 1)
		qsort(all->rows, all->n, sizeof all->rows[0], by_target);
	for (size_t i = 1; i < all->n; i++) {
		if (all->rows[i].target == all->rows[i - 1].target)
			return fail_at(r, all->rows[i].line, TS_E_INVALID,
				"reverses a line that is reversed already");
	}
	return TS_OK;
}

static enum ts_err put_aside(struct ts_what_if *w, const struct reader *r,
	const struct ts_usage *usage, const char *reason, ts_i128 quantity)
{
	struct ts_what_if_aside *a = NULL;
	for (size_t i = 0; i < w->asides_n && !a; i++) {
		if (strcmp(w->asides[i].reason, reason) == 0 &&
			ts_str_is(usage->sku, w->asides[i].sku) &&
			ts_str_is(usage->class, w->asides[i].pricing_class))
			a = &w->asides[i];
	}
	if (!a) {
		if (w->asides_n == TS_WHAT_IF_ASIDE_MAX)
			return fail_at(
				r, r->index, TS_E_LIMIT, "too many kinds of usage not rated");
		a = &w->asides[w->asides_n];
		a->reason = reason;
		a->sku = ts_region_copy(w->region, usage->sku.at, usage->sku.len);
		a->pricing_class = ts_region_copy(w->region, usage->class.at, usage->class.len);
		if (!a->sku || !a->pricing_class)
			return fail_at(r, r->index, TS_E_NO_MEMORY, "no memory");
		w->asides_n++;
	}
	a->records++;
	return ts_add128(a->quantity, quantity, &a->quantity);
}

static enum ts_err make_rows(struct ts_what_if *w, const struct reader *r, int32_t period)
{
	if (period < w->periods_n)
		return TS_OK;
	if (period >= TS_WHAT_IF_PERIODS_MAX)
		return fail_at(r, r->index, TS_E_LIMIT,
			"the record is more than 1201 periods after the "
			"beginning of the term");
	int32_t n = period + 12 < TS_WHAT_IF_PERIODS_MAX ? period + 12 : TS_WHAT_IF_PERIODS_MAX;
	size_t row = months_of(w->terms) * ts_terms_slots(w->terms);
	ts_i128 *sums = realloc(w->sums, (size_t)n * row * sizeof *sums);
	if (!sums)
		return fail_at(r, r->index, TS_E_NO_MEMORY, "no memory for the periods");
	memset(sums + (size_t)w->periods_n * row, 0,
		(size_t)(n - w->periods_n) * row * sizeof *sums);
	w->sums = sums;
	w->periods_n = n;
	return TS_OK;
}

/* Finds the month of the period that holds the instant; false outside the term. */
static bool find_slot(struct ts_what_if *w, int64_t us)
{
	if (us >= w->slot_from_us && us < w->slot_to_us)
		return true;
	struct ts_period p;
	if (ts_period_at(w->terms, us, &p) != TS_OK)
		return false;
	int32_t month = ts_month_of_day(ts_zone_day(&w->terms->zone, us));
	int64_t from = ts_zone_day_start(&w->terms->zone, ts_month_first_day(month));
	int64_t to = ts_zone_day_start(&w->terms->zone, ts_month_first_day(month + 1));
	w->slot_from_us = from > p.from_us ? from : p.from_us;
	w->slot_to_us = to < p.to_us ? to : p.to_us;
	w->slot_period = p.index;
	w->slot_month = (size_t)(month - ts_month_of_day(p.first_day));
	TS_ASSERT(
		w->slot_month < months_of(w->terms) && us >= w->slot_from_us && us < w->slot_to_us);
	return true;
}

/* A quarter-hour of a price that is rated from them. */
static enum ts_err add_fine(struct ts_what_if *w, const struct reader *r,
	const struct ts_usage *usage, size_t price, int64_t quarter_us, int64_t share)
{
	struct ts_fine key = {.price = price,
		.period = w->slot_period,
		.quarter_us = quarter_us,
		.pricing_class = "",
		.account = "",
		.origin = ""};
	void *found = NULL;
	enum ts_err err = TS_OK;
	if (w->terms->prices[price].counter > 0) {
		key.pricing_class = ts_region_copy(w->region, usage->class.at, usage->class.len);
		key.account = ts_region_copy(w->region, usage->account.at, usage->account.len);
		key.origin = w->origin;
	}
	if (!key.pricing_class || !key.account)
		err = TS_E_NO_MEMORY;
	if (err == TS_OK)
		err = ts_rowset_get(&w->fine, &key, &found);
	if (err != TS_OK)
		return fail_at(r, r->index, err, "no memory for the quarter-hours");
	struct ts_fine *row = found;
	if (ts_add128(row->quantity, share, &row->quantity) != TS_OK)
		return fail_at(r, r->index, TS_E_OVERFLOW, "the quantity overflows");
	return TS_OK;
}

/* One quarter-hour's share of a record; contract edges fall on that grid, so none is split. */
static enum ts_err add_share(
	struct ts_what_if *w, const struct reader *r, size_t price, int64_t share)
{
	TS_TRY(make_rows(w, r, w->slot_period));
	size_t slot = (size_t)w->slot_period * months_of(w->terms) + w->slot_month;
	ts_i128 *sum = &w->sums[slot * ts_terms_slots(w->terms) + price];
	if (ts_add128(*sum, share, sum) != TS_OK)
		return fail_at(r, r->index, TS_E_OVERFLOW, "the quantity overflows");
	return TS_OK;
}

static enum ts_err no_price(const struct reader *r, const struct ts_usage *usage)
{
	char text[320];
	snprintf(text, sizeof text,
		"no price of the terms matches sku \"%.*s\" class \"%.*s\"; price it or exclude "
		"the class",
		(int)(usage->sku.len > 100 ? 100 : usage->sku.len), usage->sku.at,
		(int)(usage->class.len > 100 ? 100 : usage->class.len), usage->class.at);
	return fail_at(r, r->index, TS_E_INVALID, text);
}

/* What is not rated of one record, by why. */
struct aside_sums {
	ts_i128 outside, excluded, later;
	bool is_outside, is_excluded, is_later;
	size_t exclusion;
};

/* The versions decide what it means; the ledger keeps what is not billed. */
static enum ts_err fold_quarter(struct ts_what_if *w, const struct reader *r,
	const struct ts_usage *usage, int64_t quarter_us, int64_t share)
{
	const struct ts_usage_cell cell = {.quarter_us = quarter_us,
		.sku = usage->sku,
		.pricing_class = usage->class,
		.quantity = share,
		.account = usage->account,
		.origin = ts_str(w->origin)};
	struct ts_why why = {0};
	if (find_slot(w, quarter_us) && w->slot_period > w->last_period)
		w->last_period = w->slot_period;
	enum ts_err err = ts_ledger_fold(w->ledger, &w->event, 0, &cell, 1, &why);
	return err == TS_OK ? TS_OK : fail_at(r, r->index, err, why.text);
}

static enum ts_err add_quarter(struct ts_what_if *w, const struct reader *r,
	const struct ts_usage *usage, int64_t quarter_us, int64_t share, struct aside_sums *asides)
{
	size_t index = 0;
	if (ts_zone_day(&w->terms->zone, quarter_us) > w->as_of_day) {
		asides->is_later = true;
		return ts_add128(asides->later, share, &asides->later);
	}
	if (w->ledger != NULL)
		return fold_quarter(w, r, usage, quarter_us, share);
	const struct ts_usage_key key = {.sku = usage->sku,
		.pricing_class = usage->class,
		.account = usage->account,
		.cluster = w->cluster,
		.quarter_us = quarter_us};
	enum ts_match match = ts_terms_match(w->terms, &key, &index);
	if (match == TS_MATCH_EXCLUDED) {
		asides->is_excluded = true;
		asides->exclusion = index;
		if (ts_terms_watch(w->terms, index, usage->sku, &index) && find_slot(w, quarter_us))
			TS_TRY(add_share(w, r, index, share));
		return ts_add128(asides->excluded, share, &asides->excluded);
	}
	if (match == TS_MATCH_NONE)
		return no_price(r, usage);
	if (find_slot(w, quarter_us)) {
		w->last_period = w->slot_period > w->last_period ? w->slot_period : w->last_period;
		return w->terms->prices[index].fine
			       ? add_fine(w, r, usage, index, quarter_us, share)
			       : add_share(w, r, index, share);
	}
	asides->is_outside = true;
	return ts_add128(asides->outside, share, &asides->outside);
}

static enum ts_err add_usage(
	struct ts_what_if *w, const struct reader *r, const struct ts_usage *usage)
{
	struct ts_quarters it;
	struct aside_sums asides = {0};
	int64_t quarter = 0, share = 0;
	w->records++;
	ts_quarters_begin(&it, usage->start_ms, usage->end_ms, usage->quantity);
	while (ts_quarters_next(&it, &quarter, &share))
		TS_TRY(add_quarter(w, r, usage, quarter * TS_US_PER_QUARTER, share, &asides));
	if (asides.is_outside)
		TS_TRY(put_aside(w, r, usage, "outside the term", asides.outside));
	if (asides.is_later)
		TS_TRY(put_aside(w, r, usage, "after the day of --as-of", asides.later));
	if (asides.is_excluded)
		TS_TRY(put_aside(w, r, usage, w->terms->exclusions[asides.exclusion].reason,
			asides.excluded));
	return TS_OK;
}

/* Lines behind a g1 come from the stream that it names. */
static enum ts_err enter_stream(
	struct ts_what_if *w, const struct reader *r, const struct ts_genesis *genesis)
{
	w->origin = ts_region_copy(w->region, genesis->origin.at, genesis->origin.len);
	if (!w->origin)
		return fail_at(r, r->index, TS_E_NO_MEMORY, "no memory");
	w->cluster = ts_origin_cluster(ts_str(w->origin));
	return TS_OK;
}

static enum ts_err add_lines(struct ts_what_if *w, struct reader *r, const struct reversals *all)
{
	size_t next = 0;
	bool more = true;
	for (;;) {
		TS_TRY(reader_next(r, &more));
		if (!more)
			return TS_OK;
		struct ts_record record;
		TS_TRY(reader_parse(r, &record));
		if (next < all->n && all->rows[next].target == r->index) {
			if (record.tag != TS_RECORD_USAGE)
				return fail_at(r, all->rows[next].line, TS_E_INVALID,
					"reverses a line that is no usage");
			next++;
		} else if (record.tag == TS_RECORD_USAGE) {
			TS_TRY(add_usage(w, r, &record.usage));
		} else if (record.tag == TS_RECORD_GENESIS) {
			TS_TRY(enter_stream(w, r, &record.genesis));
		}
	}
}

enum ts_err ts_what_if_read(struct ts_what_if *w, const char *path, struct ts_why *why)
{
	struct reader r;
	struct reversals all = {0};
	struct ts_str cluster = w->cluster;
	TS_TRY(reader_open(&r, path, why));
	enum ts_err err = collect_reversals(&r, &all);
	if (err == TS_OK && fseek(r.file, 0, SEEK_SET) != 0)
		err = ts_why(
			why, TS_E_IO, path, "cannot read twice (a pipe?): %s", strerror(errno));
	r.index = -1;
	if (err == TS_OK)
		err = add_lines(w, &r, &all);
	w->cluster = cluster; /* a g1 holds for its own file */
	w->origin = "";
	free(all.rows);
	fclose(r.file);
	return err;
}

static enum ts_err add_taxes(struct ts_what_if *w, struct ts_what_if_bill *bill, struct ts_why *why)
{
	const struct ts_terms *t = w->terms;
	struct ts_what_if_tax *taxes = ts_region_array(w->region, t->treatments_n, sizeof *taxes);
	if (!taxes)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory");
	for (size_t k = 0; k < t->treatments_n; k++) {
		struct ts_what_if_tax tax = {.treatment = k};
		bool used = false;
		for (size_t i = 0; i < bill->lines_n; i++) {
			struct ts_charge_names names;
			ts_charge_names(t, bill->lines[i].kind, bill->lines[i].item, &names);
			if (names.treatment != k)
				continue;
			used = true;
			TS_TRY(ts_add64(
				tax.net_minor, bill->lines[i].amount_minor, &tax.net_minor));
		}
		if (!used)
			continue;
		TS_TRY(ts_terms_tax_percent(t, k, bill->period.end_day - 1, &tax.percent));
		TS_TRY(ts_rate_tax(t, tax.net_minor, tax.percent, &tax.tax_minor));
		TS_TRY(ts_add64(bill->subtotal_minor, tax.net_minor, &bill->subtotal_minor));
		TS_TRY(ts_add64(bill->tax_minor, tax.tax_minor, &bill->tax_minor));
		taxes[bill->taxes_n++] = tax;
	}
	bill->taxes = taxes;
	return ts_add64(bill->subtotal_minor, bill->tax_minor, &bill->total_minor);
}

/* The sums of the period and, where the terms are chained, of all before it. */
static enum ts_err collect(
	const struct ts_what_if *w, const struct ts_period *period, struct ts_rate_usage *out)
{
	const struct ts_terms *t = w->terms;
	int32_t first = t->chained ? 0 : period->index;
	size_t slots = ts_terms_slots(t), width = months_of(t) * slots;
	size_t rows = (size_t)(period->index - first + 1) * width;
	struct ts_measure *measures = ts_region_array(w->region, rows + 1, sizeof *measures);
	struct ts_fine *fine = ts_region_array(w->region, w->fine.n + 1, sizeof *fine);
	*out = (struct ts_rate_usage){.measures = measures, .fine = fine};
	if (!measures || !fine)
		return TS_E_NO_MEMORY;
	for (int32_t p = first; p <= period->index && p < w->periods_n; p++) {
		struct ts_period own;
		TS_TRY(ts_period_get(t, p, &own));
		const ts_i128 *sums = &w->sums[(size_t)p * width];
		for (size_t i = 0; i < width; i++)
			if (sums[i] != 0)
				measures[out->measures_n++] = (struct ts_measure){
					.price = i % slots,
					.month = ts_month_of_day(own.first_day) +
						 (int32_t)(i / slots),
					.quantity = sums[i],
					.period = p};
	}
	for (size_t i = 0; i < w->fine.n; i++) {
		const struct ts_fine *row = ts_rowset_at(&w->fine, i);
		if (row->period >= first && row->period <= period->index)
			fine[out->fine_n++] = *row;
	}
	return TS_OK;
}

enum ts_err ts_what_if_rate(struct ts_what_if *w, const struct ts_period *period,
	struct ts_what_if_bill *out, struct ts_why *why)
{
	const struct ts_terms *t = w->terms;
	struct ts_rate_usage usage;
	if (collect(w, period, &usage) != TS_OK)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory");
	struct ts_what_if_bill bill = {.period = *period};
	int32_t day = period->end_day - 1 < w->as_of_day ? period->end_day - 1 : w->as_of_day;
	TS_TRY(ts_rate(t, period, &usage, day, w->region, &bill.charges, &bill.charges_n, why));
	enum ts_err err = ts_rate_lines(
		t, period, bill.charges, bill.charges_n, w->region, &bill.lines, &bill.lines_n);
	if (err == TS_OK)
		err = add_taxes(w, &bill, why);
	if (err == TS_E_OVERFLOW) {
		char name[TS_TIME_CHARS];
		return ts_why(
			why, err, ts_period_name(period, name), "the period's total overflows");
	}
	TS_TRY(err);
	*out = bill;
	return TS_OK;
}
