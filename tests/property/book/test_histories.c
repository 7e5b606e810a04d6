/* SPDX-License-Identifier: Apache-2.0 */
/* Random contracts, each told as several histories: the same one again, one with other ticks and
 * another order of arrival, one with cuts between, one whose process forgets everything between
 * events. What must not depend on the telling does not; what must be equal to a plain calculation
 * from the raw cells is, and when all that came too late is consented to, it is as if nothing had
 * been late. Every comparison is shown to notice a planted fault.
 * TS_HISTORIES=<n> sets the number of contracts, TS_SEED=<n> repeats a failure. */
#include "history.h"
#include "sums.h"
#include <stdlib.h>

#define CONTRACTS 200
#define FINAL_LEAF 1000000
#define LATE_NEVER 400

/* Arrival by day: from two days before the service (it waits) to long after it. */
static void draw_arrivals(struct history *h, const struct world *w, struct ts_rng *rng)
{
	for (int i = 0; i < w->n; i++) {
		int64_t late = ts_rng_below(rng, 3) == 0 ? 60 : 4;
		int64_t day = w->raw[i].day + ts_rng_range(rng, -2, late);
		if (w->raw[i].reverses >= 0 && day < h->arrives[w->raw[i].reverses])
			day = h->arrives[w->raw[i].reverses];
		h->arrives[i] = (int32_t)(day < w->last_day ? day : w->last_day);
	}
}

/* leaf: of the cells' own batch. */
static void fold(struct history *h, int64_t leaf, const struct ts_usage_cell *cells, size_t n)
{
	struct ts_ledger_event event = desk_event(&h->d, 0, 0);
	enum ts_err err = ts_ledger_fold(h->d.ledger, &event, leaf, cells, n, &h->d.why);
	if (err != TS_OK && h->faulted)
		h->refused = true;
	else
		assert_ok(err);
	h->d.leaf++;
}

/* Everything that has arrived, in batches; a reversal never before what it takes back, and from
 * where that went. */
static void deliver(struct history *h, const struct world *w, struct ts_rng *rng, int32_t now)
{
	struct ts_usage_cell batch[CELLS_MAX];
	size_t n = 0;
	for (int pass = 0; pass < 2; pass++) {
		int turn = (int)ts_rng_below(rng, CELLS_MAX);
		for (int k = 0; k < w->n; k++) {
			int i = (k + turn) % w->n;
			int target = w->raw[i].reverses;
			if (h->folded[i] || h->arrives[i] > now || (target >= 0) != (pass == 1))
				continue;
			h->folded[i] = true;
			h->folded_at_us[i] = target < 0 ? h->d.at_us : h->folded_at_us[target];
			h->leaf_of[i] = target < 0 ? h->d.leaf : h->leaf_of[target];
			h->agreed[i] = target >= 0 && h->agreed[target];
			if (world_price(&w->raw[i].cell) >= 0 && target < 0 && i + 1 == w->n &&
				plant(h, FAULT_SKIP_CELL))
				continue;
			batch[n++] = w->raw[i].cell;
			if (target < 0 && ts_rng_below(rng, 2) == 0)
				continue;
			fold(h, h->leaf_of[i], batch, n);
			n = 0;
		}
		fold(h, h->d.leaf, batch, n);
		n = 0;
	}
}

static void tick(struct history *h, int32_t day)
{
	char text[TS_TIME_CHARS];
	enum ts_err err = desk_tick(&h->d, ts_date_format(day, text));
	if (err != TS_OK)
		print_error("%s: %s\n", h->d.why.where, h->d.why.text);
	assert_ok(err);
	count_entries(h);
	forget(h);
}

static void cut(struct history *h, int32_t day)
{
	char text[TS_TIME_CHARS];
	enum ts_err err = desk_cut(&h->d, h->next, ts_date_format(day, text));
	if (err != TS_OK)
		print_error("%s: %s\n", h->d.why.where, h->d.why.text);
	assert_ok(err);
	h->cut_at_us[h->next] = h->d.at_us;
	h->pending = true;
	count_entries(h);
	h->preview = desk_body(&h->d, h->next);
	ts_buf_puts(&h->bodies, h->preview);
	forget(h);
}

static void issue(struct history *h)
{
	const char *bytes = NULL;
	size_t len = 0;
	assert_ok(desk_issue(&h->d, h->next));
	assert_ok(ts_invoice_body_json(h->d.invoice, h->d.region, &bytes, &len));
	if (h->faulted && strcmp(h->preview, bytes) != 0)
		h->refused = true;
	else
		assert_string_equal(h->preview, bytes); /* whatever came in between */
	count_entries(h);
	count_document(h);
	h->pending = false;
	h->next++;
	forget(h);
}

static void maybe_cut(struct history *h, struct ts_rng *rng, int32_t day)
{
	struct ts_period period;
	assert_ok(ts_period_get(h->d.terms, h->next, &period));
	bool due = day >= period.end_day - 1 &&
		   h->d.at_us >= period.to_us + USAGE_UNTIL * TS_US_PER_DAY;
	if (h->pending && ts_rng_below(rng, 3) == 0)
		issue(h);
	else if (!h->pending && h->next < PERIODS - 1 && due && ts_rng_below(rng, 2) == 0)
		cut(h, day);
}

/* To all that is late by now. */
static void consent(struct history *h, const struct world *w)
{
	struct ts_period period;
	for (int32_t p = 0; p < h->next + (h->pending ? 1 : 0); p++) {
		struct ts_ledger_consent list = desk_late(&h->d, p);
		if (list.cells == 0) {
			assert_int_equal(desk_consent(&h->d, &list), TS_E_CONFLICT);
			continue;
		}
		list.cells++; /* one that names another number changes nothing */
		assert_int_equal(desk_consent(&h->d, &list), TS_E_CONFLICT);
		list.cells--;
		assert_ok(desk_consent(&h->d, &list));
		assert_ok(ts_period_get(h->d.terms, p, &period));
		for (int i = 0; i < w->n; i++)
			if (h->folded[i] && w->raw[i].day >= period.first_day &&
				w->raw[i].day < period.end_day)
				h->agreed[i] = true;
	}
}

static void tell(struct history *h, const struct world *w, struct ts_region *region)
{
	struct ts_rng rng = ts_rng_create(h->order);
	h->rng = ts_rng_create(h->reload);
	ts_region_reset(region);
	desk_begin(&h->d, region, w->terms);
	ts_buf_init(&h->bodies, DESK_TEXT_BYTES);
	draw_arrivals(h, w, &rng);
	int32_t now = w->terms->from_day;
	while (now < w->last_day - 12) {
		now += (int32_t)ts_rng_range(&rng, 1, 12);
		h->d.at_us = now * TS_US_PER_DAY + TS_US_PER_DAY / 2;
		if (h->consents && ts_rng_below(&rng, 3) == 0)
			consent(h, w);
		deliver(h, w, &rng, now);
		if (h->refused)
			return;
		tick(h, now - 1);
		if (h->cuts)
			maybe_cut(h, &rng, now - 1);
	}
	h->d.at_us = (w->last_day + 1) * TS_US_PER_DAY;
	deliver(h, w, &rng, w->last_day);
	if (h->refused)
		return;
	if (h->consents) {
		tick(h, w->last_day - 1);
		consent(h, w);
	}
	h->d.leaf = FINAL_LEAF;
	if (h->pending)
		issue(h);
	while (h->next < PERIODS) {
		cut(h, w->last_day);
		issue(h);
	}
	assert_ok(ts_ledger_check(h->d.ledger, &h->d.why));
	assert_ok(h->bodies.err);
}

static struct history *begin(uint64_t order, bool cuts, uint64_t reload, enum fault fault)
{
	struct history *h = calloc(1, sizeof *h);
	assert_non_null(h);
	h->order = order;
	h->cuts = cuts;
	h->reload = reload;
	h->fault = fault;
	return h;
}

static void end(struct history *h)
{
	ts_buf_free(&h->d.journal);
	ts_buf_free(&h->bodies);
	free(h);
}

static struct history *told(const struct world *w, struct ts_region *region, uint64_t order,
	bool cuts, uint64_t reload, enum fault fault)
{
	struct history *h = begin(order, cuts, reload, fault);
	tell(h, w, region);
	return h;
}

/* With cuts and consents, half of the events forgetting. */
static struct history *told_agreed(const struct world *w, struct ts_region *region, uint64_t order)
{
	struct history *h = begin(order, true, order | 1, NO_FAULT);
	h->consents = true;
	tell(h, w, region);
	return h;
}

static bool same_journal(struct history *a, struct history *b)
{
	return strcmp(ts_buf_str(&a->d.journal), ts_buf_str(&b->d.journal)) == 0;
}

static void print_difference(struct history *a, struct history *b)
{
	const char *x = ts_buf_str(&a->d.journal), *y = ts_buf_str(&b->d.journal);
	size_t line = 0, i = 0;
	for (; x[i] == y[i] && x[i] != '\0'; i++)
		if (x[i] == '\n')
			line = i + 1;
	print_error("%.300s\nand\n%.300s\n", x + line, y + line);
}

/* (b): balances per account and service month, and the documents. */
static bool same_outcome(struct history *a, struct history *b)
{
	return memcmp(a->balances, b->balances, sizeof a->balances) == 0 &&
	       strcmp(ts_buf_str(&a->bodies), ts_buf_str(&b->bodies)) == 0;
}

static bool sums_within(const struct history *a, const struct history *b)
{
	for (size_t i = 0; i < a->sums_n; i++)
		if (sum_of(b, &a->sums[i].line, a->sums[i].month) != a->sums[i].minor)
			return false;
	return true;
}

/* (c): per line, and per line and service month. */
static bool same_sums(const struct history *a, const struct history *b)
{
	return sums_within(a, b) && sums_within(b, a);
}

static bool is_late(const struct world *w, const struct history *h, int32_t period, int i)
{
	int64_t at = period < PERIODS ? h->cut_at_us[period] : 0;
	return at != 0 && !h->agreed[i] && h->folded_at_us[i] > at + w->late_days * TS_US_PER_DAY;
}

static void measure(const struct world *w, const struct history *h, struct sums *out)
{
	struct ts_period period = {0};
	memset(out, 0, sizeof *out);
	for (int i = 0; i < w->n; i++) {
		const struct raw *r = &w->raw[i];
		int price = world_slot(w->terms, &r->cell);
		while (r->day < period.first_day || r->day >= period.end_day)
			assert_ok(ts_period_get(w->terms,
				r->day < period.first_day || period.end_day == 0 ? 0
										 : period.index + 1,
				&period));
		if (price < 0 || is_late(w, h, period.index, i))
			continue;
		if ((size_t)price < w->terms->prices_n && w->terms->prices[price].fine)
			sums_fine(out, &(struct ts_fine){.price = (size_t)price,
					       .period = period.index,
					       .quarter_us = r->cell.quarter_us,
					       .pricing_class = "od",
					       .account = "",
					       .origin = "",
					       .quantity = r->cell.quantity});
		else
			sums_measure(out, &(struct ts_measure){.price = (size_t)price,
						  .period = period.index,
						  .month = ts_month_of_day(r->day),
						  .quantity = r->cell.quantity});
	}
}

/* The plain calculation: every line and month of the accruals, every line of the documents. */
static bool agrees(
	const struct world *w, struct history *h, struct ts_region *region, enum fault fault)
{
	struct ts_terms terms = *w->terms;
	struct ts_period period;
	struct history *plain = begin(0, false, 0, NO_FAULT);
	struct sums sums;
	if (fault == FAULT_CONSENT)
		memset(h->agreed, 0, sizeof h->agreed);
	measure(w, h, &sums);
	struct ts_rate_usage usage = {sums.measures, sums.n, sums.fine, sums.fine_n};
	if (fault == FAULT_ROUNDING)
		terms.rounding = terms.rounding == TS_ROUND_UP ? TS_ROUND_DOWN : TS_ROUND_UP;
	for (int32_t p = 0; ts_period_get(&terms, p, &period) == TS_OK; p++) {
		const struct ts_charge *charges = NULL;
		size_t n = 0;
		if (period.first_day > w->last_day)
			break;
		assert_ok(
			ts_rate(&terms, &period, &usage, w->last_day, region, &charges, &n, NULL));
		for (size_t i = 0; i < n; i++) {
			struct ts_line_key key = {(int32_t)terms.version, charges[i].kind,
				(int32_t)charges[i].item, charges[i].tier, p};
			add_sum(plain, &key, charges[i].month, charges[i].amount_minor);
			if (p < PERIODS)
				add_sum(plain, &key, -1, charges[i].amount_minor);
		}
	}
	bool same = same_sums(plain, h);
	free(plain);
	return same;
}

/* What came too late is not lost: it is in the rows of what is not billed. */
static void check_late(const struct world *w, struct history *h)
{
	const struct ts_unbilled_row *row;
	struct ts_period period;
	ts_i128 kept = 0, late = 0;
	for (size_t i = 0; (row = ts_ledger_unbilled(h->d.ledger, i)) != NULL; i++)
		kept += strcmp(row->reason, "late") == 0 ? row->quantity : 0;
	for (int i = 0; i < w->n; i++) {
		assert_ok(ts_period_at(w->terms, w->raw[i].cell.quarter_us, &period));
		if (world_price(&w->raw[i].cell) >= 0 && is_late(w, h, period.index, i))
			late += w->raw[i].cell.quantity;
	}
	assert_true(kept == late);
}

/* Tax that documents charged is the tax that is kept per document. */
static void check_tax(struct history *h)
{
	const struct ts_taxed_row *row;
	int64_t kept = 0;
	for (size_t i = 0; (row = ts_ledger_taxed(h->d.ledger, i)) != NULL; i++)
		kept += row->tax_minor;
	assert_int_equal(kept, -desk_balance(&h->d, TS_ACCOUNT_TAX_PAYABLE) -
				       desk_balance(&h->d, TS_ACCOUNT_OUTPUT_TAX));
}

static int contracts(void)
{
	const char *text = getenv("TS_HISTORIES");
	return text != NULL ? (int)strtol(text, NULL, 10) : CONTRACTS;
}

struct stage {
	struct ts_rng rng;
	struct ts_region *keep, *region; /* the world; a history */
	struct world w;
};

static void stage_open(struct stage *s, uint64_t seed)
{
	s->rng = ts_rng_create(seed);
	s->keep = ts_region_create(DESK_REGION_BYTES);
	s->region = ts_region_create(DESK_REGION_BYTES);
	assert_true(s->keep != NULL && s->region != NULL);
}

static void stage_next(struct stage *s, int64_t late_days)
{
	ts_region_reset(s->keep);
	world_make(&s->w, s->keep, &s->rng, late_days);
}

static void stage_close(struct stage *s)
{
	ts_region_free(s->keep);
	ts_region_free(s->region);
}

static void test_histories(void **state)
{
	struct stage s;
	int credit_notes = 0;
	stage_open(&s, *(uint64_t *)*state);
	for (int c = 0; c < contracts(); c++) {
		stage_next(&s, ts_rng_below(&s.rng, 4) == 0 ? 7 : LATE_NEVER);
		uint64_t one = ts_rng_next(&s.rng), two = ts_rng_next(&s.rng);
		struct history *plain = told(&s.w, s.region, one, false, 0, NO_FAULT);
		if (!agrees(&s.w, plain, s.keep, NO_FAULT))
			fail_msg("contract %d: not what the raw cells give", c);
		struct history *other = told(&s.w, s.region, two, false, 0, NO_FAULT);
		if (!same_outcome(plain, other))
			fail_msg("contract %d: ticks or order of arrival matter", c);
		struct history *cuts = told(&s.w, s.region, two, true, 0, NO_FAULT);
		check_tax(cuts);
		check_late(&s.w, cuts);
		if (s.w.late_days == LATE_NEVER && !same_sums(plain, cuts))
			fail_msg("contract %d: cuts change the sums", c);
		if (!agrees(&s.w, cuts, s.keep, NO_FAULT))
			fail_msg("contract %d: with cuts, not what the raw cells give", c);
		struct history *agreed = told_agreed(&s.w, s.region, two);
		if (!same_sums(plain, agreed) || !agrees(&s.w, agreed, s.keep, NO_FAULT))
			fail_msg("contract %d: what is consented to is not as if in time", c);
		check_late(&s.w, agreed);
		credit_notes += strstr(ts_buf_str(&cuts->bodies), "\"credit_note\"") != NULL;
		struct history *again = told(&s.w, s.region, two, true, 0, NO_FAULT);
		if (!same_journal(cuts, again))
			fail_msg("contract %d: the same inputs, another journal", c);
		struct history *forgets = told(&s.w, s.region, two, true, one | 1, NO_FAULT);
		if (!same_journal(cuts, forgets)) {
			print_difference(cuts, forgets);
			fail_msg("contract %d: the rows are not the whole state", c);
		}
		end(plain);
		end(other);
		end(cuts);
		end(again);
		end(forgets);
		end(agreed);
	}
	print_message("%d contracts, 6 histories each, %d with a credit note\n", contracts(),
		credit_notes);
	stage_close(&s);
}

/* Whether a fault in the second telling is noticed; *planted when there was occasion for it. */
static bool notices(struct stage *s, enum fault fault, bool *planted)
{
	if (fault == FAULT_CONSENT) {
		struct history *h = told_agreed(&s->w, s->region, ts_rng_next(&s->rng));
		*planted = memchr(h->agreed, true, sizeof h->agreed) != NULL;
		bool seen = !agrees(&s->w, h, s->keep, fault);
		end(h);
		return seen;
	}
	uint64_t one = ts_rng_next(&s->rng), two = ts_rng_next(&s->rng);
	bool forgetting = fault == FAULT_LOSE_WAITING || fault == FAULT_LOSE_BILLED;
	struct history *plain = told(&s->w, s->region, one, forgetting, 0, NO_FAULT);
	struct history *wrong = told(&s->w, s->region, forgetting ? one : two,
		fault == FAULT_DROP_DELTA || forgetting, forgetting ? two | 1 : 0, fault);
	bool noticed = false;
	*planted = wrong->faulted || fault == FAULT_ROUNDING;
	if (wrong->refused)
		noticed = true;
	else if (forgetting)
		noticed = !same_journal(plain, wrong);
	else if (fault == FAULT_SKIP_CELL)
		noticed = !same_outcome(plain, wrong) || !same_sums(plain, wrong);
	else
		noticed = !same_sums(plain, wrong) || !agrees(&s->w, wrong, s->keep, fault);
	if (fault == FAULT_SKIP_CELL && noticed)
		noticed = !agrees(&s->w, wrong, s->keep, NO_FAULT);
	end(plain);
	end(wrong);
	return noticed;
}

static void test_faults_are_noticed(void **state)
{
	static const char *const names[] = {[FAULT_SKIP_CELL] = "a cell is skipped",
		[FAULT_DROP_DELTA] = "a delta is dropped",
		[FAULT_DROP_ENTRY] = "an entry is lost",
		[FAULT_LOSE_WAITING] = "waiting cells are lost",
		[FAULT_LOSE_BILLED] = "what was billed is forgotten",
		[FAULT_ROUNDING] = "other rounding",
		[FAULT_CONSENT] = "consents are not known"};
	struct stage s;
	stage_open(&s, *(uint64_t *)*state + 1);
	for (int fault = FAULT_SKIP_CELL; fault <= FAULT_CONSENT; fault++) {
		int planted = 0, noticed = 0;
		for (int c = 0; c < 40; c++) {
			bool occasion = false;
			stage_next(&s, fault == FAULT_CONSENT ? 7 : LATE_NEVER);
			bool seen = notices(&s, (enum fault)fault, &occasion);
			planted += occasion ? 1 : 0;
			noticed += occasion && seen ? 1 : 0;
			assert_false(!occasion && seen);
		}
		print_message("%s: noticed in %d of %d\n", names[fault], noticed, planted);
		assert_true(planted >= 10 && noticed * 10 >= planted * 7);
	}
	stage_close(&s);
}

int main(void)
{
	uint64_t seed = ts_seed(20260501);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_histories, at),
		cmocka_unit_test_prestate(test_faults_are_noticed, at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
