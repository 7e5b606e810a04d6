/* SPDX-License-Identifier: Apache-2.0 */
/* Random prepayments over random histories against an oracle that draws cent by cent: what is
 * drawn, what lapses, what is left, what documents bill, after every event. Wrong oracles are
 * noticed. */
#include "support/desk.h"
#include "support/seed.h"

#define PERIODS 4
#define SOURCES_MAX 4
#define PRICES 2
#define HISTORIES 400
#define NONE (-1)

enum fault {
	NO_FAULT,
	FAULT_PRIORITY, /* as listed */
	FAULT_EXPIRY, /* never */
	FAULT_ROLLOVER, /* nothing goes on */
	FAULT_PAID, /* drawable at once */
	FAULT_BEHIND_CUTS, /* periods that were cut draw too */
	FAULT_COVER, /* everything draws */
	FAULT_REFUND, /* forgotten */
	FAULTS
};

struct source {
	bool deposit, when_paid, covers[PRICES];
	int64_t amount, priority;
	int expires, until; /* period that begins then; NONE */
	int64_t rolls; /* tenths */
	/* so far */
	bool issued;
	const char *number;
	int64_t paid, refunded, waits_paid, waits_back;
	int from;
	int64_t drawn[PERIODS], lapsed[2];
};
struct world {
	struct source sources[SOURCES_MAX];
	int n;
	int64_t charges[PERIODS][PRICES];
	int64_t billed;
	int cuts;
	enum fault fault;
};

static const char *const firsts[PERIODS + 1] = {
	"2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01"};

/* --- the oracle --- */

static int64_t sum(const struct source *s, int from, int to)
{
	int64_t total = 0;
	for (int p = from; p < to && p < PERIODS; p++)
		total += s->drawn[p];
	return total;
}

static int end_of(const struct world *w, const struct source *s)
{
	return s->expires == NONE || w->fault == FAULT_EXPIRY ? PERIODS + 1 : s->expires;
}

static int64_t back_of(const struct world *w, const struct source *s)
{
	return w->fault == FAULT_REFUND ? 0 : s->refunded;
}

static int64_t rolled(const struct world *w, const struct source *s)
{
	int64_t rest = s->amount - back_of(w, s) - sum(s, 0, end_of(w, s));
	return w->fault == FAULT_ROLLOVER || rest < 0 ? 0 : rest * s->rolls / 10;
}

static int64_t left(const struct world *w, const struct source *s, int p)
{
	int from = w->fault == FAULT_BEHIND_CUTS && s->from != NONE ? 0 : s->from;
	int64_t rest = 0;
	if (from == NONE || p < from)
		return 0;
	if (p < end_of(w, s))
		rest = s->amount - back_of(w, s) - sum(s, 0, p);
	else if (s->until != NONE && p < s->until)
		rest = rolled(w, s) - sum(s, s->expires, p);
	return rest > 0 ? rest : 0;
}

static int gone_by(const struct source *s)
{
	return s->until != NONE ? s->until : s->expires != NONE ? s->expires : PERIODS + 1;
}

/* The one to draw on next among those not used yet; NONE. */
static int first_of(const struct world *w, const bool *used, bool deposit)
{
	int best = NONE;
	for (int k = 0; k < w->n; k++) {
		const struct source *s = &w->sources[k], *b = best == NONE ? s : &w->sources[best];
		if (used[k] || !s->issued || s->deposit != deposit)
			continue;
		bool sooner = s->priority < b->priority ||
			      (s->priority == b->priority && gone_by(s) < gone_by(b));
		if (best == NONE || (sooner && w->fault != FAULT_PRIORITY))
			best = k;
	}
	return best;
}

/* Cent by cent, period by period. */
static void draw(struct world *w, int periods)
{
	for (int k = 0; k < w->n; k++)
		for (int p = 0; p < PERIODS && !w->sources[k].deposit; p++)
			w->sources[k].drawn[p] = 0;
	for (int p = 0; p < periods; p++) {
		int64_t open[PRICES] = {w->charges[p][0], w->charges[p][1]};
		bool used[SOURCES_MAX] = {false};
		for (int k; (k = first_of(w, used, false)) != NONE; used[k] = true) {
			struct source *s = &w->sources[k];
			for (int64_t cents = left(w, s, p); cents > 0; cents--) {
				int price = 0;
				while (price < PRICES &&
					(open[price] == 0 ||
						!(s->covers[price] || w->fault == FAULT_COVER)))
					price++;
				if (price == PRICES)
					break;
				open[price]--;
				s->drawn[p]++;
			}
		}
	}
}

static void lapse(struct world *w, int32_t day)
{
	for (int k = 0; k < w->n; k++) {
		struct source *s = &w->sources[k];
		s->lapsed[0] = s->lapsed[1] = 0;
		if (!s->issued || s->expires == NONE || w->fault == FAULT_EXPIRY ||
			day < desk_day(firsts[s->expires]) || w->cuts < s->expires)
			continue;
		int64_t rest = s->amount - back_of(w, s) - sum(s, 0, s->expires);
		s->lapsed[0] = rest - rolled(w, s);
		if (s->until != NONE && day >= desk_day(firsts[s->until]) && w->cuts >= s->until)
			s->lapsed[1] = rolled(w, s) - sum(s, s->expires, s->until);
	}
}

static int64_t left_in_all(const struct world *w, const struct source *s)
{
	return s->amount - back_of(w, s) - sum(s, 0, PERIODS) - s->lapsed[0] - s->lapsed[1];
}

/* What the document of the period just cut draws after tax. */
static int64_t deposits(struct world *w, int p, int64_t total)
{
	bool used[SOURCES_MAX] = {false};
	int64_t all = 0;
	for (int k; total > 0 && (k = first_of(w, used, true)) != NONE; used[k] = true) {
		struct source *s = &w->sources[k];
		int64_t part = left(w, s, p);
		part = part < total ? part : total;
		s->drawn[p] += part;
		total -= part;
		all += part;
	}
	return all;
}

static int64_t due(const struct world *w, int periods)
{
	int64_t total = 0;
	for (int p = 0; p < periods; p++) {
		total += w->charges[p][0] + w->charges[p][1];
		for (int k = 0; k < w->n; k++)
			total -= w->sources[k].deposit ? 0 : w->sources[k].drawn[p];
	}
	return total;
}

/* --- a random contract --- */

static void make_source(struct source *s, struct ts_rng *rng)
{
	*s = (struct source){.deposit = ts_rng_below(rng, 4) == 0,
		.when_paid = ts_rng_below(rng, 2) == 0,
		.amount = ts_rng_range(rng, 1, 2500),
		.priority = ts_rng_range(rng, 1, 3),
		.expires = NONE,
		.until = NONE,
		.from = NONE};
	int cover = (int)ts_rng_below(rng, 3);
	s->covers[0] = s->deposit || cover != 1;
	s->covers[1] = s->deposit || cover != 2;
	if (ts_rng_below(rng, 3) == 0)
		return;
	s->expires = (int)ts_rng_range(rng, 1, PERIODS);
	if (s->expires < PERIODS && ts_rng_below(rng, 2) == 0) {
		s->until = (int)ts_rng_range(rng, s->expires + 1, PERIODS);
		s->rolls = ts_rng_range(rng, 1, 10);
	}
}

static const char *source_text(struct ts_region *region, const struct source *s, int k)
{
	static const char *const covers[] = {
		"", ",'on':{'prices':['a']}", ",'on':{'sections':['B']}"};
	int cover = s->covers[0] && s->covers[1] ? 0 : s->covers[0] ? 1 : 2;
	const char *end = s->expires == NONE
				  ? ""
				  : ts_region_printf(region, ",'expires':'%s'", firsts[s->expires]);
	const char *roll = s->until == NONE ? ""
					    : ts_region_printf(region,
						      ",'rollover':{'fraction':'%lld.%lld',"
						      "'to':'%s'}",
						      (long long)(s->rolls / 10),
						      (long long)(s->rolls % 10), firsts[s->until]);
	return ts_region_printf(region,
		"%s{'id':'p%d','amount':'%lld.%02lld','invoice_day':'2026-05-01','tax':'%s',"
		"'drawable':'%s','priority':%lld%s%s%s}",
		k > 0 ? "," : "", k, (long long)(s->amount / 100), (long long)(s->amount % 100),
		s->deposit ? "deposit" : "taxed", s->when_paid ? "when_paid" : "on_issue",
		(long long)s->priority, covers[cover], end, roll);
}

static void world_open(struct world *w, struct desk *d, struct ts_rng *rng, enum fault fault)
{
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES * 4);
	const char *list = "";
	assert_non_null(region);
	*w = (struct world){.n = (int)ts_rng_range(rng, 1, SOURCES_MAX), .fault = fault};
	for (int k = 0; k < w->n; k++) {
		make_source(&w->sources[k], rng);
		list = ts_region_printf(
			region, "%s%s", list, source_text(region, &w->sources[k], k));
		assert_non_null(list);
	}
	const char *text = ts_region_printf(region,
		"{'currency':'USD','term':{'from':'2026-05-01','to':'2026-09-01'},"
		"'skus':[{'sku':'a','unit':'h','divisor':'1'},{'sku':'b','unit':'h',"
		"'divisor':'1'}],'prices':[{'id':'a','section':'A','sku':'a','model':'per_unit',"
		"'unit_price':'0.01'},{'id':'b','section':'B','sku':'b','model':'per_unit',"
		"'unit_price':'0.01'}],'prepayments':[%s],"
		"'late':{'usage_until_days':0,'late_usage_until_days':400}}",
		list);
	desk_begin(d, region, desk_terms(region, text));
	d->leaf = 1;
}

/* --- a random history --- */

/* Equal, or the oracle is a wrong one and the difference was noticed. */
static bool equal(const struct world *w, int64_t a, int64_t b)
{
	if (w->fault == NO_FAULT)
		assert_int_equal(a, b);
	return a == b;
}

static void send_usage(struct world *w, struct desk *d, struct ts_rng *rng, int32_t today)
{
	int cells = (int)ts_rng_below(rng, 4);
	for (int i = 0; i < cells; i++) {
		int32_t day = desk_day(firsts[0]) +
			      (int32_t)ts_rng_below(rng, (uint64_t)(today - desk_day(firsts[0])));
		int period = PERIODS - 1, price = (int)ts_rng_below(rng, PRICES);
		char date[TS_TIME_CHARS], time[2 * TS_TIME_CHARS];
		while (day < desk_day(firsts[period]))
			period--;
		if (day >= desk_day(firsts[PERIODS]))
			continue;
		int64_t quantity = ts_rng_range(rng, 1, 400);
		(void)snprintf(time, sizeof time, "%sT10:00:00Z", ts_date_format(day, date));
		assert_ok(desk_cell(d, time, price == 0 ? "a" : "b", "x", quantity));
		w->charges[period][price] += quantity;
	}
}

static void issue_some(struct world *w, struct desk *d, struct ts_rng *rng)
{
	for (int k = 0; k < w->n; k++) {
		struct source *s = &w->sources[k];
		char id[16];
		(void)snprintf(id, sizeof id, "p%d", k);
		if (s->issued || ts_rng_below(rng, 3) != 0)
			continue;
		assert_ok(desk_prepay(d, id));
		s->issued = true;
		s->number = d->invoice->head.number;
		if (!s->when_paid || w->fault == FAULT_PAID)
			s->from = w->cuts;
	}
}

/* Cash that must be refused is refused; what is accepted counts from the next event on. */
static void move_cash(struct world *w, struct desk *d, struct ts_rng *rng, const char *today)
{
	int k = (int)ts_rng_below(rng, (uint64_t)w->n);
	struct source *s = &w->sources[k];
	bool refund = ts_rng_below(rng, 3) == 0;
	char id[16];
	(void)snprintf(id, sizeof id, "p%d", k);
	int64_t may = refund ? left_in_all(w, s) : s->amount - s->paid;
	if (refund && may > s->paid - s->refunded)
		may = s->paid - s->refunded;
	int64_t amount = ts_rng_below(rng, 2) == 0 ? may : ts_rng_range(rng, 1, 3000);
	if (!s->issued || s->waits_paid + s->waits_back > 0 || amount <= 0 ||
		(w->fault != NO_FAULT && amount > may))
		return;
	enum ts_err err = desk_cash(d, refund, refund ? id : s->number, amount, today);
	if (w->fault == NO_FAULT)
		assert_int_equal(err, amount <= may ? TS_OK : TS_E_CONFLICT);
	if (err == TS_OK && refund)
		s->waits_back = amount;
	else if (err == TS_OK)
		s->waits_paid = amount;
}

static void take_cash(struct world *w)
{
	for (int k = 0; k < w->n; k++) {
		struct source *s = &w->sources[k];
		s->paid += s->waits_paid;
		s->refunded += s->waits_back;
		s->waits_paid = s->waits_back = 0;
		if (s->issued && s->from == NONE && s->paid == s->amount)
			s->from = w->cuts;
	}
}

static bool check(struct world *w, struct desk *d)
{
	bool good = true;
	int64_t liability = 0;
	for (int k = 0; k < w->n; k++) {
		const struct source *s = &w->sources[k];
		struct ts_ledger_prepayment p;
		assert_ok(ts_ledger_prepayment_get(d->ledger, k, &p));
		good = good && equal(w, p.drawn_minor, sum(s, 0, PERIODS));
		good = good && equal(w, p.lapsed_minor, s->lapsed[0] + s->lapsed[1]);
		if (s->issued) {
			good = good && equal(w, p.left_minor, left_in_all(w, s));
			liability += left_in_all(w, s);
		}
	}
	bool owed = equal(w, -desk_balance(d, TS_ACCOUNT_CONTRACT_LIABILITY), liability);
	bool open = equal(w, desk_balance(d, TS_ACCOUNT_UNBILLED), due(w, PERIODS) - w->billed);
	return good && owed && open;
}

static bool cut(struct world *w, struct desk *d, const char *day, int periods)
{
	int p = w->cuts;
	assert_ok(desk_cut(d, p, day));
	take_cash(w);
	draw(w, periods);
	lapse(w, desk_day(day));
	int64_t net = due(w, p + 1) - w->billed;
	int64_t drawn = deposits(w, p, net);
	w->cuts++;
	const char *preview = desk_body(d, p), *bytes = NULL;
	size_t len = 0;
	assert_ok(desk_issue(d, p));
	assert_ok(ts_invoice_body_json(d->invoice, d->region, &bytes, &len));
	assert_string_equal(preview, bytes);
	w->billed += net;
	bool credit = d->invoice->kind == TS_DOCUMENT_CREDIT_NOTE;
	bool total = equal(w, credit ? -d->invoice->total_minor : d->invoice->total_minor, net);
	bool prepaid = equal(w, d->invoice->prepaid_minor, drawn);
	return total && prepaid;
}

/* False: something differed. */
static bool history(uint64_t seed, enum fault fault)
{
	struct ts_rng rng = ts_rng_create(seed);
	struct world w;
	struct desk d;
	bool good = true;
	world_open(&w, &d, &rng, fault);
	int32_t today = desk_day(firsts[0]) + 1, last = desk_day("2026-09-25");
	for (; good && today < last; today += (int32_t)ts_rng_range(&rng, 1, 7)) {
		char text[TS_TIME_CHARS], before[TS_TIME_CHARS];
		int periods = 0;
		d.at_us = today * TS_US_PER_DAY;
		ts_date_format(today, text);
		ts_date_format(today - 1, before);
		while (periods < PERIODS && desk_day(firsts[periods]) < today)
			periods++;
		if (ts_ledger_head(d.ledger)->day != INT32_MIN) {
			issue_some(&w, &d, &rng);
			if (ts_rng_below(&rng, 3) == 0)
				move_cash(&w, &d, &rng, text);
		}
		send_usage(&w, &d, &rng, today);
		bool due_now = w.cuts < PERIODS && today >= desk_day(firsts[w.cuts + 1]);
		if (due_now && ts_rng_below(&rng, 3) != 0) {
			good = good && cut(&w, &d, before, periods);
		} else {
			assert_ok(desk_tick(&d, before));
			take_cash(&w);
			draw(&w, periods);
			lapse(&w, today - 1);
		}
		good = good && check(&w, &d);
		if (ts_rng_below(&rng, 4) == 0)
			desk_reload(&d);
	}
	desk_close(&d);
	return good;
}

static void test_histories(void **state)
{
	uint64_t seed = *(uint64_t *)*state;
	for (uint64_t i = 0; i < HISTORIES; i++)
		assert_true(history(seed + i, NO_FAULT));
}

static void test_wrong_oracles_are_noticed(void **state)
{
	static const char *const names[] = {[FAULT_PRIORITY] = "priority",
		[FAULT_EXPIRY] = "expiry",
		[FAULT_ROLLOVER] = "rollover",
		[FAULT_PAID] = "when paid",
		[FAULT_BEHIND_CUTS] = "behind cuts",
		[FAULT_COVER] = "cover",
		[FAULT_REFUND] = "refund"};
	uint64_t seed = *(uint64_t *)*state;
	for (int fault = NO_FAULT + 1; fault < FAULTS; fault++) {
		int noticed = 0;
		for (uint64_t i = 0; i < 60; i++)
			noticed += !history(seed + i, (enum fault)fault);
		print_message("%s: noticed in %d of 60\n", names[fault], noticed);
		assert_true(noticed >= 3);
	}
}

int main(void)
{
	uint64_t seed = ts_seed(20261101);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_histories, at),
		cmocka_unit_test_prestate(test_wrong_oracles_are_noticed, at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
