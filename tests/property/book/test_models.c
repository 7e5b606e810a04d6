/* SPDX-License-Identifier: Apache-2.0 */
/* The laws of every price model by its name, through the whole ledger: order and split of records,
 * ticks between them and cuts behind them change no sum, the lines add up to the document, preview
 * and final body are equal bytes, and more usage never costs less where the model promises it. Each
 * law is shown to notice a planted fault. (test_histories.c tells the same of models in random
 * company.) */
#include "support/desk.h"
#include "support/seed.h"

#define ROUNDS 12
#define CELLS 24
#define FEW 4 /* whose sums lie about the edges of tiers */

#define HEAD                                                                                       \
	"{'currency':'USD','term':{'from':'2026-03-01'},'zone':{'name':'Europe/Berlin','offsets':" \
	"[{'offset_minutes':60},{'from':'2026-03-29T01:00:00Z','offset_minutes':120}]},"           \
	"'skus':[{'sku':'x','unit':'h','divisor':'8'}],"
#define PRICE(more) "'prices':[{'id':'p','sku':'x'," more "}],"
#define UNIT PRICE("'model':'per_unit','unit_price':'0.37'")
#define TWO(more)                                                                                  \
	"'prices':[{'id':'p','sku':'x','class':'od','model':'graduated','tiers':[{'up_to':'40',"   \
	"'unit_price':'0.9'},{'unit_price':'0.4'}]" more                                           \
	"},{'id':'q','sku':'x','class':'sp','model':'graduated','tiers':[{'up_to':'60',"           \
	"'unit_price':'0.7'},{'unit_price':'0.2'}]" more "}],"
#define FROM "'schedule':[{'from':'2026-03-01',"
#define TAIL "'late':{'usage_until_days':0,'late_usage_until_days':300}}"

static const struct model {
	const char *name, *terms;
	bool monotone; /* the total of a period never falls with more usage */
} models[] = {
	{"per unit", HEAD UNIT TAIL, true},
	{"graduated, flat per tier",
		HEAD PRICE(
			"'model':'graduated','tiers':[{'up_to':'20','unit_price':'1','flat':'2'},{"
			"'unit_price':'0.5','flat':'1'}]") TAIL,
		true},
	{"volume",
		HEAD PRICE(
			"'model':'volume','tiers':[{'up_to':'30','unit_price':'1'},{'unit_price':"
			"'0.2'}]") TAIL,
		false},
	{"package", HEAD PRICE("'model':'package','package_size':'7','package_price':'3'") TAIL,
		true},
	{"packages in tiers",
		HEAD PRICE(
			"'model':'graduated','tiers':[{'up_to':'20','unit_price':'1','package_size'"
			":'5'},{'unit_price':'2','package_size':'20'}]") TAIL,
		true},
	{"counter of the term",
		HEAD PRICE(
			"'model':'graduated','counter':'term','tiers':[{'up_to':'50','unit_price':"
			"'1'},{'unit_price':'0.5'}]") TAIL,
		false}, /* of all periods together, not of each */
	{"shared counter",
		HEAD "'counters':[{'id':'k','scope':'period'}]," TWO(",'counter':'k'") TAIL,
		false}, /* cheap usage may push dear usage into a cheaper tier */
	{"time of use",
		HEAD
		"'windows':[{'window':'night','from':'22:00','to':'06:00'}],'prices':[{'id':'p',"
		"'sku':'x','window':'night','model':'per_unit','unit_price':'0.3'},{'id':'q',"
		"'sku':'x','window':'-','model':'per_unit','unit_price':'0.8'}]," TAIL,
		true},
	{"purpose",
		HEAD
		"'purposes':[{'purpose':'t','classes':['sp'],'accounts':[]}],'prices':[{'id':'p',"
		"'sku':'x','purpose':'t','model':'per_unit','unit_price':'0.3'},{'id':'q','sku':"
		"'x','purpose':'-','model':'per_unit','unit_price':'0.8'}]," TAIL,
		true},
	{"fee, ramp of blocks",
		HEAD UNIT "'fees':[{'id':'f'," FROM
			  "'amount':'100.00'}]},{'id':'b','blocks':[{'count':"
			  "3,'amount':'10.00','accepted':'2026-03-17'}]}]," TAIL,
		true},
	{"minimum with true-up",
		HEAD UNIT "'minimums':[{'id':'m'," FROM "'amount':'30.00'}]}]," TAIL, true},
	{"minimum with overage factor",
		HEAD UNIT "'minimums':[{'id':'m','overage_factor':'1.5'," FROM
			  "'amount':'10.00'}]}]," TAIL,
		true},
	{"committed quantity",
		HEAD UNIT "'commitments':[{'id':'c','price':'p','per':'period'," FROM
			  "'quantity':'40'}],'overage_factor':'2','shortfall_unit_price':'0.3',"
			  "'rollover':'0.5'}]," TAIL,
		false}, /* rollover takes back */
	{"commitment by the hour",
		HEAD UNIT
		"'commitments':[{'id':'c','price':'p','per':'hour'," FROM
		"'quantity':'2'}],'overage_unit_price':'0.5','shortfall_unit_price':'0.37'}]," TAIL,
		false}, /* usage and shortfall trade units, each rounded by itself */
	{"discounts and cap",
		HEAD UNIT "'discounts':[{'id':'n','price':'p','quantity':'5'},{'id':'d','percent':"
			  "'12.5'}],'caps':[{'id':'k','per':'period'," FROM
			  "'amount':'15.00'}]}]," TAIL,
		true},
	{"service credit",
		HEAD UNIT
		"'exclusions':[{'class':'down','reason':'r'}],'slas':[{'id':'s','sku':'x',"
		"'classes':['down'],'base':'after_true_up','capacity':[{'from':'2026-03-01',"
		"'quantity':'0.5'}],'tiers':[{'below':'99','percent':'10'},{'below':'90',"
		"'percent':'40'}]}]," TAIL,
		false}, /* more downtime costs less */
};
#define MODELS (sizeof models / sizeof models[0])

struct cell {
	int day, quarter; /* of March to May */
	const char *class;
	int64_t quantity;
};
struct told {
	struct desk d;
	const char *preview[2], *final[2];
	int64_t total, sum_of_lines;
};

static void random_cells(struct ts_rng *rng, struct cell *cells, size_t n, bool down)
{
	for (size_t i = 0; i < n; i++)
		cells[i] = (struct cell){(int)ts_rng_range(rng, 0, 59),
			(int)ts_rng_range(rng, 0, 95),
			down && ts_rng_below(rng, 3) == 0 ? "down"
			: ts_rng_below(rng, 2)            ? "od"
							  : "sp",
			ts_rng_range(rng, 1, 200)};
}

static void fold(struct desk *d, const struct cell *c, int64_t quantity)
{
	char text[TS_TIME_CHARS];
	int64_t us = (int64_t)(desk_day("2026-03-01") + c->day) * TS_US_PER_DAY +
		     c->quarter * TS_US_PER_QUARTER;
	if (quantity > 0)
		assert_ok(desk_cell(d, ts_time_format(us, text), "x", c->class, quantity));
}

static void tick(struct desk *d, int day)
{
	char text[TS_TIME_CHARS];
	enum ts_err err = desk_tick(d, ts_date_format(desk_day("2026-03-01") + day, text));
	if (err != TS_OK)
		fail_msg("tick at %s: %s: %s", text, d->why.where, d->why.text);
}

/* Cuts March and April (the second after all has come in), and keeps what their documents say. */
static void close_months(struct told *t, const struct cell *late, int64_t quantity)
{
	for (int32_t p = 0; p < 2; p++) {
		assert_ok(desk_cut(&t->d, p, "2026-05-01"));
		t->preview[p] = desk_body(&t->d, p);
		assert_ok(desk_issue(&t->d, p));
		const char *bytes = NULL;
		size_t len = 0;
		assert_ok(ts_invoice_body_json(t->d.invoice, t->d.region, &bytes, &len));
		t->final[p] = bytes;
		int sign = t->d.invoice->kind == TS_DOCUMENT_CREDIT_NOTE ? -1 : 1;
		t->total += sign * t->d.invoice->subtotal_minor;
		for (size_t i = 0; i < t->d.invoice->lines_n; i++)
			t->sum_of_lines += sign * t->d.invoice->lines[i].net_minor;
		if (p == 0 && late != NULL)
			fold(&t->d, late, quantity);
	}
}

/* All at once, one tick. */
static struct told tell_plainly(const struct model *m, const struct cell *cells, size_t n)
{
	struct told t = {.total = 0};
	desk_open(&t.d, m->terms);
	desk_at(&t.d, "2026-06-01");
	for (size_t i = 0; i < n; i++)
		fold(&t.d, &cells[i], cells[i].quantity);
	tick(&t.d, 61);
	close_months(&t, NULL, 0);
	return t;
}

/* Shuffled, each split in two, ticks in between; late: the last part comes behind the first cut. */
static struct told tell_otherwise(
	const struct model *m, const struct cell *cells, size_t n, bool late, struct ts_rng *rng)
{
	struct told t = {.total = 0};
	struct cell parts[2 * CELLS];
	size_t parts_n = 0;
	int day = 0;
	desk_open(&t.d, m->terms);
	desk_at(&t.d, "2026-06-01");
	for (size_t i = 0; i < n; i++) {
		struct cell first = cells[i], second = cells[i];
		first.quantity = ts_rng_range(rng, 0, cells[i].quantity);
		second.quantity = cells[i].quantity - first.quantity;
		parts[parts_n++] = first;
		parts[parts_n++] = second;
	}
	for (size_t i = parts_n; i > 1; i--) {
		size_t k = (size_t)ts_rng_below(rng, i);
		struct cell kept = parts[i - 1];
		parts[i - 1] = parts[k];
		parts[k] = kept;
	}
	size_t last = parts_n - 1;
	for (size_t i = 0; i < parts_n; i++) {
		bool skipped = late && i == last;
		fold(&t.d, &parts[i], skipped ? 0 : parts[i].quantity);
		if (ts_rng_below(rng, 4) == 0 && day < 61) {
			day += (int)ts_rng_range(rng, 0, 20);
			tick(&t.d, day < 61 ? day : 61);
		}
	}
	close_months(&t, late ? &parts[last] : NULL, parts[last].quantity);
	return t;
}

/* From "lines" on: the head of a body names N. */
static bool same_lines(const struct told *a, const struct told *b, int period)
{
	const char *x = strstr(a->final[period], "\"lines\""),
		   *y = strstr(b->final[period], "\"lines\"");
	return x != NULL && y != NULL && strcmp(x, y) == 0;
}

static void close_both(struct told *a, struct told *b)
{
	desk_close(&a->d);
	desk_close(&b->d);
}

static void test_order_split_and_ticks(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
	for (size_t m = 0; m < MODELS; m++) {
		int noticed = 0;
		for (int r = 0; r < ROUNDS; r++) {
			struct cell cells[CELLS];
			random_cells(&rng, cells, CELLS, strstr(models[m].terms, "down") != NULL);
			struct told a = tell_plainly(&models[m], cells, CELLS);
			struct told b = tell_otherwise(&models[m], cells, CELLS, false, &rng);
			for (int p = 0; p < 2; p++) {
				if (!same_lines(&a, &b, p))
					fail_msg("%s: order, split or ticks matter:\n%s\n%s",
						models[m].name, a.final[p], b.final[p]);
				assert_string_equal(b.preview[p], b.final[p]);
			}
			assert_int_equal(a.total, a.sum_of_lines);
			close_both(&a, &b);
			a = tell_plainly(&models[m], cells, CELLS);
			cells[0].quantity += 8; /* a unit more: the comparison must see it */
			b = tell_plainly(&models[m], cells, CELLS);
			noticed += !same_lines(&a, &b, 0) || !same_lines(&a, &b, 1);
			close_both(&a, &b);
		}
		if (noticed < ROUNDS * 3 / 4)
			fail_msg("%s: one unit more was noticed in %d of %d", models[m].name,
				noticed, ROUNDS);
	}
}

/* What arrives behind a cut is in the next document, and all documents add up to the same. */
static void test_cut_between(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 1);
	for (size_t m = 0; m < MODELS; m++) {
		int lost = 0;
		for (int r = 0; r < ROUNDS; r++) {
			struct cell cells[CELLS];
			random_cells(&rng, cells, CELLS, strstr(models[m].terms, "down") != NULL);
			struct told a = tell_plainly(&models[m], cells, CELLS);
			struct told b = tell_otherwise(&models[m], cells, CELLS, true, &rng);
			if (a.total != b.total)
				fail_msg("%s: a cut between changes the sum: %lld, %lld",
					models[m].name, (long long)a.total, (long long)b.total);
			assert_int_equal(b.total, b.sum_of_lines);
			close_both(&a, &b);
			cells[0].day = 3;
			cells[0].class = "od";
			cells[0].quantity = 4000; /* the fault: all of it is forgotten */
			a = tell_plainly(&models[m], cells, CELLS);
			b = tell_plainly(&models[m], cells + 1, CELLS - 1);
			lost += a.total != b.total;
			close_both(&a, &b);
		}
		bool capped = strstr(models[m].terms, "'caps'") !=
			      NULL; /* above it nothing shows */
		if (!capped && lost < ROUNDS / 2)
			fail_msg("%s: lost usage was noticed in %d of %d", models[m].name, lost,
				ROUNDS);
	}
}

static void test_monotone_where_promised(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 2);
	int fell = 0;
	for (size_t m = 0; m < MODELS; m++)
		for (int r = 0; r < ROUNDS; r++) {
			struct cell cells[CELLS];
			random_cells(&rng, cells, FEW, strstr(models[m].terms, "down") != NULL);
			struct told a = tell_plainly(&models[m], cells, FEW - 1);
			struct told b = tell_plainly(&models[m], cells, FEW);
			if (models[m].monotone && b.total < a.total)
				fail_msg("%s: more usage costs less: %lld, %lld", models[m].name,
					(long long)a.total, (long long)b.total);
			fell += b.total < a.total;
			close_both(&a, &b);
		}
	assert_true(fell > 0); /* where nothing is promised, it does fall: the test can tell */
}

/* What these tests compare can tell: a line that is left out of a document, and a preview that is
 * older than what its document rests on. */
static void test_faults_in_sums_and_previews_are_noticed(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 3);
	for (size_t m = 0; m < MODELS; m++) {
		int left_out = 0, older = 0;
		for (int r = 0; r < ROUNDS; r++) {
			struct cell cells[CELLS];
			random_cells(&rng, cells, CELLS, strstr(models[m].terms, "down") != NULL);
			cells[0] = (struct cell){3, 0, "od", 4000};
			struct told t = tell_plainly(&models[m], cells, CELLS);
			size_t at = (size_t)ts_rng_below(&rng, t.d.invoice->lines_n + 1);
			if (at < t.d.invoice->lines_n)
				left_out += t.sum_of_lines - t.d.invoice->lines[at].net_minor !=
					    t.total;
			desk_close(&t.d);
			desk_open(&t.d, models[m].terms);
			desk_at(&t.d, "2026-06-01");
			for (size_t i = 1; i < CELLS; i++)
				fold(&t.d, &cells[i], cells[i].quantity);
			tick(&t.d, 61);
			const char *stale = desk_body(&t.d, 0);
			fold(&t.d, &cells[0], cells[0].quantity);
			close_months(&t, NULL, 0);
			older += strcmp(strstr(stale, "\"lines\""),
					 strstr(t.final[0], "\"lines\"")) != 0;
			desk_close(&t.d);
		}
		if (left_out < ROUNDS / 4 || older < ROUNDS * 3 / 4)
			fail_msg("%s: noticed %d lines left out and %d old previews, of %d",
				models[m].name, left_out, older, ROUNDS);
	}
}

/* A counter below zero is refused, with the reason, whatever the model. One at zero is not. */
static void test_negative_quantities_are_refused(void **state)
{
	(void)state;
	for (size_t m = 0; m < MODELS; m++) {
		struct desk d;
		desk_open(&d, models[m].terms);
		desk_at(&d, "2026-06-01");
		assert_ok(desk_cell(&d, "2026-03-05T10:00:00Z", "x", "od", 100));
		enum ts_err err = desk_cell(&d, "2026-03-05T10:00:00Z", "x", "od", -101);
		if (err == TS_OK)
			err = desk_tick(&d, "2026-03-31");
		if (err == TS_OK || strstr(d.why.text, "negative") == NULL)
			fail_msg("%s: %s", models[m].name, d.why.text);
		desk_close(&d);
		desk_open(&d, models[m].terms);
		desk_at(&d, "2026-06-01");
		assert_ok(desk_cell(&d, "2026-03-05T10:00:00Z", "x", "od", 100));
		assert_ok(desk_cell(&d, "2026-03-05T10:00:00Z", "x", "od", -100));
		assert_ok(desk_tick(&d, "2026-03-31"));
		desk_close(&d);
	}
}

int main(void)
{
	uint64_t seed = ts_seed(20260401);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_order_split_and_ticks, at),
		cmocka_unit_test_prestate(test_cut_between, at),
		cmocka_unit_test_prestate(test_monotone_where_promised, at),
		cmocka_unit_test_prestate(test_faults_in_sums_and_previews_are_noticed, at),
		cmocka_unit_test(test_negative_quantities_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
