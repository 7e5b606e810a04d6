/* SPDX-License-Identifier: Apache-2.0 */
/* Random contracts and quantities against a paper calculation (paper.h) that knows the rules of
 * docs/formats/terms.md and nothing of the code: every charge of every month must be equal. The
 * calculation can be told to break one rule; each broken rule must be noticed, or the comparison
 * would prove nothing. */
#include "paper.h"
#include "support/seed.h"
#include "terms/rate.h"
#include <stdio.h>

#define CASES 5000
#define REGION_BYTES (1024 * 1024)
#define PRICES 4
#define TIERS 4
#define SEGMENTS 3
#define MONTHS 2
#define CHARGES_MAX 128

enum fault {
	NO_FAULT,
	FAULT_EDGE_EXCLUSIVE, /* exactly up_to belongs to the next tier */
	FAULT_ROUND_EACH_MONTH, /* a line is the sum of rounded months */
	FAULT_CLIPPED_DAYS, /* pro rata by the days of the partial period */
	FAULT_FLAT_LATE, /* the first tier's flat waits for usage */
	FAULT_MINIMUM_UNROUNDED, /* the minimum is rounded down before it is compared */
	FAULT_ROUNDING, /* another rounding mode */
	FAULT_LAST_DAY, /* the as-of day is not counted */
	FAULTS,
};

/* One random contract in fixed arrays. */
struct world {
	struct ts_terms terms;
	struct ts_sku skus[PRICES];
	struct ts_price prices[PRICES];
	struct ts_tier tiers[PRICES][TIERS];
	struct ts_fee fee;
	struct ts_minimum minimum;
	struct ts_segment segments[2][SEGMENTS];
	struct ts_zone_offset offset;
	struct ts_period period;
	int32_t months[MONTHS];
	size_t months_n;
	ts_i128 quantity[PRICES][MONTHS];
	int32_t as_of_day;
};

static const ts_i128 divisors[] = {1, 2, 3, 8, 1000, 3600000000, 86400000};

static struct ts_decimal any_price(struct ts_rng *rng)
{
	/* Few digits, so that halves of a minor unit are common; sometimes all twelve. */
	ts_i128 step = ts_rng_below(rng, 4) == 0 ? 1 : TS_PICO / 2000;
	return (struct ts_decimal){step * ts_rng_range(rng, 0, 40000)};
}

static void make_price(struct world *w, struct ts_rng *rng, size_t i)
{
	struct ts_price *p = &w->prices[i];
	w->skus[i] = (struct ts_sku){.id = "s",
		.name = "s",
		.unit = "unit",
		.divisor = divisors[ts_rng_below(rng, sizeof divisors / sizeof divisors[0])]};
	*p = (struct ts_price){.id = "p",
		.sku = i,
		.pricing_class = "*",
		.model = (enum ts_price_model)ts_rng_below(rng, 3),
		.unit_price = any_price(rng)};
	if (p->model == TS_PRICE_PER_UNIT)
		return;
	p->tiers = w->tiers[i];
	p->tiers_n = (size_t)ts_rng_range(rng, 1, TIERS);
	ts_i128 edge = 0;
	for (size_t t = 0; t < p->tiers_n; t++) {
		edge += ts_rng_range(rng, 1, 20) * w->skus[i].divisor;
		w->tiers[i][t] = (struct ts_tier){.open = t + 1 == p->tiers_n,
			.up_to = edge,
			.unit_price = any_price(rng),
			.flat_minor = ts_rng_below(rng, 2) ? ts_rng_range(rng, 0, 300) : 0};
	}
}

/* Around the edges of the tiers, or anything, or very large. */
static ts_i128 any_quantity(struct world *w, struct ts_rng *rng, size_t i)
{
	const struct ts_price *p = &w->prices[i];
	if (ts_rng_below(rng, 4) == 0)
		return 0;
	if (ts_rng_below(rng, 50) == 0)
		return (ts_i128)ts_rng_range(rng, 0, INT64_MAX) * 1000;
	if (p->tiers_n > 1 && ts_rng_below(rng, 2) == 0)
		return p->tiers[ts_rng_below(rng, p->tiers_n - 1)].up_to + ts_rng_range(rng, 0, 1);
	return ts_rng_range(rng, 0, (int64_t)(60 * w->skus[i].divisor));
}

static size_t make_segments(struct world *w, struct ts_rng *rng, struct ts_segment *segments)
{
	size_t n = 0;
	int64_t day = w->terms.from_day;
	for (; n < SEGMENTS && day < w->terms.to_day; n++) {
		int64_t from = day + ts_rng_range(rng, 0, 12);
		int64_t to = from + ts_rng_range(rng, 1, 30);
		if (to > w->terms.to_day)
			break;
		segments[n] = (struct ts_segment){
			(int32_t)from, (int32_t)to, ts_rng_range(rng, 0, 200000)};
		day = to;
	}
	return n;
}

static void make_world(struct world *w, struct ts_rng *rng)
{
	static const char *const currencies[] = {"USD", "JPY", "KWD"};
	memset(w, 0, sizeof *w);
	struct ts_terms *t = &w->terms;
	w->offset = (struct ts_zone_offset){INT64_MIN, 0};
	t->zone = (struct ts_zone){"UTC", &w->offset, 1};
	t->version = 1;
	t->anchor_day = ts_rng_below(rng, 2) ? 1 : ts_rng_range(rng, 1, 28);
	t->from_day = (int32_t)ts_rng_range(rng, 19723, 22000); /* from 2024 on */
	t->to_day = t->from_day + (int32_t)ts_rng_range(rng, 1, 80);
	t->from_us = ts_zone_day_start(&t->zone, t->from_day);
	t->to_us = ts_zone_day_start(&t->zone, t->to_day);
	t->rounding = (enum ts_rounding)ts_rng_below(rng, 4);
	assert_ok(ts_currency_find(ts_str(currencies[ts_rng_below(rng, 3)]), &t->currency));
	for (size_t i = 0; i < PRICES; i++)
		make_price(w, rng, i);
	t->skus = w->skus;
	t->skus_n = PRICES;
	t->prices = w->prices;
	t->prices_n = PRICES;
	w->fee = (struct ts_fee){.id = "f", .segments = w->segments[0]};
	w->fee.segments_n = make_segments(w, rng, w->segments[0]);
	w->minimum = (struct ts_minimum){.id = "m",
		.segments = w->segments[1],
		.counts_usage = ts_rng_below(rng, 4) != 0,
		.counts_fees = ts_rng_below(rng, 2) != 0};
	w->minimum.segments_n = make_segments(w, rng, w->segments[1]);
	t->fees = &w->fee;
	t->fees_n = 1;
	t->minimums = &w->minimum;
	t->minimums_n = 1;
	int32_t index = (int32_t)ts_rng_below(rng, 3);
	while (ts_period_get(t, index, &w->period) != TS_OK)
		index--;
	for (int32_t day = w->period.first_day; day < w->period.end_day; day++) {
		int32_t month = ts_month_of_day(day);
		if (w->months_n == 0 || w->months[w->months_n - 1] != month)
			w->months[w->months_n++] = month;
		assert_true(w->months_n <= MONTHS);
	}
	for (size_t i = 0; i < PRICES; i++) {
		for (size_t m = 0; m < w->months_n; m++)
			w->quantity[i][m] = any_quantity(w, rng, i);
	}
	w->as_of_day = ts_rng_below(rng, 2) ? w->period.end_day - 1
					    : (int32_t)ts_rng_range(rng, w->period.first_day,
						      w->period.end_day - 1);
}

/* What the paper calculation expects. */
struct sheet {
	struct ts_charge rows[CHARGES_MAX];
	size_t n;
	bool overflow;
	int64_t counted_minor; /* toward the minimum */
	enum fault fault;
};

static enum ts_rounding mode_of(const struct world *w, const struct sheet *s)
{
	if (s->fault != FAULT_ROUNDING)
		return w->terms.rounding;
	return w->terms.rounding == TS_ROUND_HALF_EVEN ? TS_ROUND_HALF_AWAY : TS_ROUND_HALF_EVEN;
}

/* round((quantity x price x 10^e + flat x divisor) / divisor), all scaled by 10^12. */
static int64_t paper_amount(struct sheet *s, const struct world *w, size_t price, ts_i128 quantity,
	struct ts_decimal unit_price, int64_t flat_minor)
{
	struct paper below = paper_multiply(
		paper_of(w->skus[w->prices[price].sku].divisor), paper_ten_to(12));
	struct paper above = paper_multiply(
		paper_multiply(paper_of(quantity), paper_of(unit_price.pico)),
		paper_ten_to(w->terms.currency->exponent));
	above = paper_add(above, paper_multiply(paper_of(flat_minor), below));
	struct paper amount = paper_divide(above, below, mode_of(w, s));
	int64_t minor = 0;
	if (!paper_to64(&amount, &minor))
		s->overflow = true;
	return minor;
}

static void write_row(struct sheet *s, enum ts_charge_kind kind, size_t item, int32_t tier,
	int32_t month, ts_i128 quantity, int64_t amount_minor, const struct world *w)
{
	if (quantity == 0 && amount_minor == 0)
		return;
	assert_true(s->n < CHARGES_MAX);
	s->rows[s->n++] = (struct ts_charge){.kind = kind,
		.item = item,
		.tier = tier,
		.period = w->period.index,
		.month = month,
		.quantity = quantity,
		.amount_minor = amount_minor};
}

/* Fills tier after tier, like glasses. Returns what is in tier t. */
static ts_i128 in_tier(const struct ts_price *p, ts_i128 quantity, size_t t)
{
	ts_i128 below = 0;
	for (size_t k = 0; k < p->tiers_n; k++) {
		ts_i128 room = p->tiers[k].open ? quantity : p->tiers[k].up_to - below;
		ts_i128 taken = quantity < room ? quantity : room;
		if (k == t)
			return taken;
		quantity -= taken;
		below = p->tiers[k].up_to;
	}
	return 0;
}

static size_t reached(const struct ts_price *p, ts_i128 quantity, enum fault fault)
{
	size_t t = 0;
	while (!p->tiers[t].open &&
		(quantity > p->tiers[t].up_to ||
			(fault == FAULT_EDGE_EXCLUSIVE && quantity == p->tiers[t].up_to)))
		t++;
	return t;
}

/* One line: its cumulative quantities per month, its price, from which month on the flat counts. */
static void write_line(struct sheet *s, const struct world *w, size_t i, int32_t tier,
	const ts_i128 *upto, struct ts_decimal unit_price, int64_t flat_minor, size_t flat_from)
{
	ts_i128 quantity = 0;
	int64_t amount = 0;
	for (size_t m = 0; m < w->months_n; m++) {
		int64_t flat = m >= flat_from ? flat_minor : 0;
		int64_t target = paper_amount(s, w, i, upto[m], unit_price, flat);
		if (s->fault == FAULT_ROUND_EACH_MONTH)
			target = amount + paper_amount(s, w, i, upto[m] - quantity, unit_price,
						  m == flat_from ? flat_minor : 0);
		if (s->overflow)
			return;
		write_row(s, TS_CHARGE_USAGE, i, tier, w->months[m], upto[m] - quantity,
			target - amount, w);
		quantity = upto[m];
		amount = target;
	}
	if (w->minimum.counts_usage &&
		__builtin_add_overflow(s->counted_minor, amount, &s->counted_minor))
		s->overflow = true;
}

static void write_price(struct sheet *s, const struct world *w, size_t i)
{
	const struct ts_price *p = &w->prices[i];
	ts_i128 upto[MONTHS], part[MONTHS];
	for (size_t m = 0; m < w->months_n; m++)
		upto[m] = w->quantity[i][m] + (m > 0 ? upto[m - 1] : 0);
	if (p->model == TS_PRICE_PER_UNIT) {
		write_line(s, w, i, 0, upto, p->unit_price, 0, 0);
		return;
	}
	size_t used = 0; /* first month with usage */
	while (used < w->months_n && upto[used] == 0)
		used++;
	size_t first_flat = s->fault == FAULT_FLAT_LATE ? used : 0;
	if (p->model == TS_PRICE_VOLUME) {
		size_t t = reached(p, upto[w->months_n - 1], s->fault);
		write_line(s, w, i, (int32_t)t + 1, upto, p->tiers[t].unit_price,
			p->tiers[t].flat_minor, first_flat);
		return;
	}
	for (size_t t = 0; t < p->tiers_n; t++) {
		size_t from = w->months_n;
		for (size_t m = w->months_n; m-- > 0;) {
			part[m] = in_tier(p, upto[m], t);
			if (part[m] > 0)
				from = m;
		}
		write_line(s, w, i, (int32_t)t + 1, part, p->tiers[t].unit_price,
			p->tiers[t].flat_minor, t == 0 ? first_flat : from);
	}
}

/* Day by day. */
static void add_day(
	const struct ts_segment *segments, size_t n, int32_t day, ts_i128 *sum, int64_t *days)
{
	for (size_t i = 0; i < n; i++) {
		if (day >= segments[i].from_day && day < segments[i].to_day) {
			*sum += segments[i].amount_minor;
			(*days)++;
		}
	}
}

static int64_t paper_days(struct sheet *s, const struct world *w, ts_i128 sum)
{
	int32_t days = w->period.full_end_day - w->period.full_first_day;
	if (s->fault == FAULT_CLIPPED_DAYS)
		days = w->period.end_day - w->period.first_day;
	int64_t minor = 0;
	struct paper amount = paper_divide(paper_of(sum), paper_of(days), mode_of(w, s));
	assert_true(paper_to64(&amount, &minor));
	return minor;
}

static void write_fee(struct sheet *s, const struct world *w)
{
	ts_i128 sum = 0;
	int64_t days = 0, days_before = 0, before = 0;
	int32_t end = w->as_of_day + (s->fault == FAULT_LAST_DAY ? 0 : 1);
	for (int32_t day = w->period.first_day; day < w->period.end_day; day++) {
		if (day < end)
			add_day(w->fee.segments, w->fee.segments_n, day, &sum, &days);
		bool last = day + 1 == w->period.end_day;
		if (!last && ts_month_of_day(day) == ts_month_of_day(day + 1))
			continue;
		int64_t amount = paper_days(s, w, sum);
		write_row(s, TS_CHARGE_FEE, 0, 0, ts_month_of_day(day), days - days_before,
			amount - before, w);
		days_before = days;
		before = amount;
	}
	if (w->minimum.counts_fees &&
		__builtin_add_overflow(s->counted_minor, before, &s->counted_minor))
		s->overflow = true;
}

static void write_minimum(struct sheet *s, const struct world *w)
{
	ts_i128 sum = 0;
	int64_t days = 0;
	if (w->as_of_day + 1 < w->period.end_day || s->overflow)
		return;
	for (int32_t day = w->period.first_day; day < w->period.end_day; day++)
		add_day(w->minimum.segments, w->minimum.segments_n, day, &sum, &days);
	int64_t due = paper_days(s, w, sum);
	if (s->fault == FAULT_MINIMUM_UNROUNDED)
		due = (int64_t)(sum / (w->period.full_end_day - w->period.full_first_day));
	if (due > s->counted_minor)
		write_row(s, TS_CHARGE_TRUE_UP, 0, 0, w->months[w->months_n - 1], 0,
			due - s->counted_minor, w);
}

static void write_sheet(struct sheet *s, const struct world *w, enum fault fault)
{
	memset(s, 0, sizeof *s);
	s->fault = fault;
	for (size_t i = 0; i < PRICES; i++)
		write_price(s, w, i);
	write_fee(s, w);
	write_minimum(s, w);
}

static enum ts_err rate(const struct world *w, struct ts_region *region, bool backwards,
	const struct ts_charge **out, size_t *n)
{
	struct ts_measure measures[PRICES * MONTHS];
	size_t count = 0;
	for (size_t i = 0; i < PRICES; i++) {
		for (size_t m = 0; m < w->months_n; m++)
			measures[count++] = (struct ts_measure){
				.price = i, .month = w->months[m], .quantity = w->quantity[i][m]};
	}
	for (size_t i = 0; backwards && i < count / 2; i++) {
		struct ts_measure swap = measures[i];
		measures[i] = measures[count - 1 - i];
		measures[count - 1 - i] = swap;
	}
	struct ts_why why = {0};
	return ts_rate_period(
		&w->terms, &w->period, measures, count, w->as_of_day, region, out, n, &why);
}

static bool same_charges(
	const struct ts_charge *a, size_t a_n, const struct ts_charge *b, size_t b_n)
{
	if (a_n != b_n)
		return false;
	for (size_t i = 0; i < a_n; i++) {
		if (a[i].kind != b[i].kind || a[i].item != b[i].item || a[i].tier != b[i].tier ||
			a[i].period != b[i].period || a[i].month != b[i].month ||
			a[i].quantity != b[i].quantity || a[i].amount_minor != b[i].amount_minor)
			return false;
	}
	return true;
}

/* Whether the code agrees with the calculation that breaks one rule (or none). */
static bool agrees(const struct world *w, enum fault fault)
{
	struct sheet sheet;
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_charge *charges = NULL;
	size_t n = 0;
	write_sheet(&sheet, w, fault);
	enum ts_err err = rate(w, region, false, &charges, &n);
	bool same = sheet.overflow ? err == TS_E_OVERFLOW
				   : err == TS_OK && same_charges(charges, n, sheet.rows, sheet.n);
	ts_region_free(region);
	return same;
}

static void test_equals_paper(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
	size_t overflows = 0;
	for (int c = 0; c < CASES; c++) {
		struct world w;
		struct sheet sheet;
		make_world(&w, &rng);
		if (!agrees(&w, NO_FAULT))
			fail_msg("case %d differs from the paper calculation", c);
		write_sheet(&sheet, &w, NO_FAULT);
		overflows += sheet.overflow ? 1 : 0;
	}
	print_message("%d contracts, %zu of them overflow\n", CASES, overflows);
	assert_true(overflows < CASES / 4);
}

static void test_broken_rules_are_noticed(void **state)
{
	static const char *const names[FAULTS] = {"none", "edge exclusive", "months rounded apart",
		"days of the partial period", "flat waits for usage", "minimum not rounded",
		"other rounding", "as-of day left out"};
	for (int fault = NO_FAULT + 1; fault < FAULTS; fault++) {
		struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
		int noticed = 0;
		for (int c = 0; c < CASES / 5; c++) {
			struct world w;
			make_world(&w, &rng);
			noticed += agrees(&w, (enum fault)fault) ? 0 : 1;
		}
		print_message("%s: noticed in %d of %d\n", names[fault], noticed, CASES / 5);
		assert_true(noticed > 0);
	}
}

/* Order of measures is nothing; the lines are the sums of their months; one cent is noticed. */
static void test_order_and_lines(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 1);
	for (int c = 0; c < CASES; c++) {
		struct world w;
		struct ts_region *region = ts_region_create(REGION_BYTES);
		const struct ts_charge *a = NULL, *b = NULL;
		const struct ts_charge_line *lines = NULL;
		size_t a_n = 0, b_n = 0, lines_n = 0;
		make_world(&w, &rng);
		enum ts_err err = rate(&w, region, false, &a, &a_n);
		assert_err(rate(&w, region, true, &b, &b_n), err);
		if (err == TS_OK) {
			assert_true(same_charges(a, a_n, b, b_n));
			assert_ok(ts_rate_lines(
				&w.terms, &w.period, a, a_n, region, &lines, &lines_n));
			ts_i128 charges_sum = 0, lines_sum = 0;
			for (size_t i = 0; i < a_n; i++)
				charges_sum += a[i].amount_minor;
			for (size_t i = 0; i < lines_n; i++)
				lines_sum += lines[i].amount_minor;
			assert_true(charges_sum == lines_sum);
		}
		if (err == TS_OK && a_n > 0) {
			struct ts_charge changed[CHARGES_MAX];
			memcpy(changed, a, a_n * sizeof a[0]);
			changed[ts_rng_below(&rng, a_n)].amount_minor++;
			assert_false(same_charges(a, a_n, changed, a_n));
		}
		ts_region_free(region);
	}
}

/* Usage of one price, all months. */
static int64_t usage_total(const struct ts_charge *charges, size_t n, size_t price)
{
	int64_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += charges[i].kind == TS_CHARGE_USAGE && charges[i].item == price
				 ? charges[i].amount_minor
				 : 0;
	return total;
}

/* More usage never costs less, unless it is priced by volume; then the reached tier prices all. */
static void test_monotone(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 2);
	for (int c = 0; c < CASES; c++) {
		struct world w;
		struct ts_region *region = ts_region_create(REGION_BYTES);
		const struct ts_charge *a = NULL, *b = NULL;
		size_t a_n = 0, b_n = 0;
		make_world(&w, &rng);
		size_t i = (size_t)ts_rng_below(&rng, PRICES);
		bool rated = rate(&w, region, false, &a, &a_n) == TS_OK;
		w.quantity[i][0] += any_quantity(&w, &rng, i);
		rated = rated && rate(&w, region, false, &b, &b_n) == TS_OK;
		if (rated && w.prices[i].model != TS_PRICE_VOLUME)
			assert_true(usage_total(b, b_n, i) >= usage_total(a, a_n, i));
		for (size_t k = 0; rated && k < b_n; k++) {
			if (w.prices[b[k].item].model == TS_PRICE_VOLUME &&
				b[k].kind == TS_CHARGE_USAGE && k > 0 &&
				b[k - 1].item == b[k].item && b[k - 1].kind == TS_CHARGE_USAGE)
				assert_int_equal(b[k].tier, b[k - 1].tier);
		}
		ts_region_free(region);
	}
}

static int64_t fee_total(const struct world *w)
{
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_charge *charges = NULL;
	size_t n = 0;
	int64_t total = 0;
	assert_ok(rate(w, region, false, &charges, &n));
	for (size_t i = 0; i < n; i++)
		total += charges[i].kind == TS_CHARGE_FEE ? charges[i].amount_minor : 0;
	ts_region_free(region);
	return total;
}

/* A segment cut in two at any day is the same fee; a fee grows from day to day, and its days'
 * differences sum to it. */
static void test_fee_segments(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 3);
	for (int c = 0; c < CASES / 3; c++) {
		struct world w;
		make_world(&w, &rng);
		memset(w.quantity, 0, sizeof w.quantity);
		int64_t days_sum = 0, before = 0, at = 0;
		for (w.as_of_day = w.period.first_day; w.as_of_day < w.period.end_day;
			w.as_of_day++) {
			at = fee_total(&w);
			assert_true(at >= before);
			days_sum += at - before;
			before = at;
		}
		assert_int_equal(days_sum, at);
		struct ts_segment halves[2 * SEGMENTS];
		size_t n = 0;
		for (size_t i = 0; i < w.fee.segments_n; i++) {
			struct ts_segment s = w.fee.segments[i];
			int32_t middle = (int32_t)ts_rng_range(&rng, s.from_day, s.to_day);
			if (middle > s.from_day)
				halves[n++] = (struct ts_segment){
					s.from_day, middle, s.amount_minor};
			if (middle < s.to_day)
				halves[n++] = (struct ts_segment){middle, s.to_day, s.amount_minor};
		}
		w.fee.segments = halves;
		w.fee.segments_n = n;
		w.as_of_day = w.period.end_day - 1;
		assert_int_equal(fee_total(&w), at);
	}
}

int main(void)
{
	uint64_t seed = ts_seed(20260501);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_equals_paper, at),
		cmocka_unit_test_prestate(test_broken_rules_are_noticed, at),
		cmocka_unit_test_prestate(test_order_and_lines, at),
		cmocka_unit_test_prestate(test_monotone, at),
		cmocka_unit_test_prestate(test_fee_segments, at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
