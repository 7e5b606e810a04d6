/* SPDX-License-Identifier: Apache-2.0 */
/* An amendment that changes nothing, with `continue`, changes no sum: for every price model and for
 * all of them at once, whatever the days on which one or two amendments govern, in the middle of a
 * period or of the term, and whenever they come in. What would be counted anew by `restart` shows
 * that the comparison notices it. TS_HISTORIES=<n>, TS_SEED=<n> as in test_histories.c. */
#include "support/desk.h"
#include "support/seed.h"
#include <stdlib.h>

#define HISTORIES 15
#define CELLS 60
#define PERIODS 3
#define VERSIONS 3
#define SUMS 2048

#define PER_UNIT "'prices':[{'id':'p','sku':'a','model':'per_unit','unit_price':'1.237'}]"

/* Each differs by whether `restart` would show: not where a line is a plain product. */
static const struct model {
	const char *name, *members;
	bool counts; /* `restart` gives another sum */
} models[] = {
	{"per unit", PER_UNIT ",'counters':[{'id':'c','scope':'term'}]", true},
	{"graduated over the term",
		"'prices':[{'id':'p','sku':'a','counter':'term','model':'graduated','tiers':["
		"{'up_to':'70','unit_price':'1.111','flat':'3.00'},"
		"{'up_to':'300','unit_price':'0.777','flat':'5.00'},{'unit_price':'0.5'}]}]",
		true},
	{"graduated in packages",
		"'prices':[{'id':'p','sku':'a','model':'graduated','tiers':["
		"{'up_to':'70','unit_price':'9.11','package_size':'7'},{'unit_price':'0.5'}]}]",
		true},
	{"package",
		"'prices':[{'id':'p','sku':'a','model':'package','package_size':'50',"
		"'package_price':'31.07'}]",
		true},
	{"package over the term",
		"'prices':[{'id':'p','sku':'a','counter':'term','model':'package',"
		"'package_size':'90','package_price':'31.07'}]",
		true},
	{"volume with a cap",
		"'prices':[{'id':'p','sku':'a','model':'volume','tiers':["
		"{'up_to':'90','unit_price':'1.1','flat':'2.00'},{'unit_price':'0.9'}]}],"
		"'caps':[{'id':'k','per':'period','schedule':[{'from':'2026-01-15',"
		"'amount':'101.01'}]}]",
		true},
	{"shared counter of the period",
		"'counters':[{'id':'c','scope':'period'}],'prices':["
		"{'id':'p','sku':'a','class':'x','counter':'c','model':'graduated','tiers':["
		"{'up_to':'60','unit_price':'2.013'},{'unit_price':'1.007'}]},"
		"{'id':'q','sku':'a','class':'y','counter':'c','model':'volume','tiers':["
		"{'up_to':'60','unit_price':'5.5'},{'unit_price':'4.4'}]}]",
		true},
	{"shared counter of the term",
		"'counters':[{'id':'c','scope':'term'}],'prices':["
		"{'id':'p','sku':'a','class':'x','counter':'c','model':'graduated','tiers':["
		"{'up_to':'160','unit_price':'2.013'},{'unit_price':'1.007'}]},"
		"{'id':'q','sku':'a','class':'y','counter':'c','model':'graduated','tiers':["
		"{'up_to':'90','unit_price':'5.5'},{'unit_price':'4.4'}]}]",
		true},
	{"discounts",
		PER_UNIT ",'discounts':[{'id':'free','price':'p','quantity':'41'},"
			 "{'id':'part','percent':'7.3','on':{'prices':['p']}}]",
		true},
	{"commitment with rollover",
		PER_UNIT ",'commitments':[{'id':'c','price':'p','per':'period','schedule':"
			 "[{'from':'2026-01-15','to':'2026-03-01','quantity':'181'},"
			 "{'from':'2026-03-01','quantity':'97'}],'overage_unit_price':'1.913',"
			 "'shortfall_unit_price':'0.877','rollover':'0.75'}]",
		true},
	{"commitment by the hour",
		PER_UNIT ",'commitments':[{'id':'c','price':'p','per':'hour','schedule':"
			 "[{'from':'2026-01-15','quantity':'4'}],'overage_factor':'1.37',"
			 "'shortfall_unit_price':'0.00877'}]",
		true},
	{"minimum with overage",
		PER_UNIT ",'minimums':[{'id':'m','overage_factor':'1.33','schedule':"
			 "[{'from':'2026-01-15','amount':'121.07'}]}]",
		true},
	{"cap over the term", PER_UNIT ",'caps':[{'id':'k','per':'term','amount':'333.33'}]", true},
	{"service credit",
		PER_UNIT
		",'exclusions':[{'class':'down','reason':'repair'}],'slas':[{'id':'s','sku':'a',"
		"'classes':['down'],'base':'after_true_up','capacity':[{'from':'2026-01-15',"
		"'quantity':'4'}],'tiers':[{'below':'99.5','percent':'10'},"
		"{'below':'95','percent':'33'}],'cap_percent':'30'}]",
		true},
	{"what is short, by days",
		PER_UNIT ",'minimums':[{'id':'m','recognition':'proportionally','schedule':"
			 "[{'from':'2026-01-15','amount':'321.07'}]}],"
			 "'exclusions':[{'class':'down','reason':'repair','caused_by':'provider',"
			 "'counts_as':'*'}],"
			 "'commitments':[{'id':'c','price':'p','per':'period','schedule':"
			 "[{'from':'2026-01-15','quantity':'181'}],'shortfall_unit_price':'0.877',"
			 "'recognition':'proportionally','rollover':'0.5'}]",
		true},
	{"all at once",
		"'counters':[{'id':'c','scope':'period'}],'prices':["
		"{'id':'p','sku':'a','class':'x','model':'per_unit','unit_price':'1.237'},"
		"{'id':'q','sku':'a','class':'y','counter':'c','model':'graduated','tiers':["
		"{'up_to':'60','unit_price':'2.013'},{'unit_price':'1.007'}]}],"
		"'fees':[{'id':'f','schedule':[{'from':'2026-01-15','amount':'77.77'}]}],"
		"'discounts':[{'id':'part','percent':'7.3','on':{'prices':['p','q']}},"
		"{'id':'off','percent':'1.9','on':{'fees':['f']}}],"
		"'commitments':[{'id':'c','price':'p','per':'period','schedule':"
		"[{'from':'2026-01-15','quantity':'81'}],'overage_unit_price':'1.913',"
		"'shortfall_unit_price':'0.877','rollover':'0.5'}],"
		"'minimums':[{'id':'m','schedule':[{'from':'2026-01-15','amount':'301.07'}]},"
		"{'id':'n','on':{'prices':['q']},'overage_factor':'2',"
		"'schedule':[{'from':'2026-01-15','amount':'50.00'}]}],"
		"'caps':[{'id':'k','per':'period','on':{'prices':['p','q']},"
		"'schedule':[{'from':'2026-01-15','amount':'391.01'}]},"
		"{'id':'t','per':'term','amount':'1201.01'}],"
		"'exclusions':[{'class':'down','reason':'repair'}],'slas':[{'id':'s','sku':'a',"
		"'classes':['down'],'base':'before_true_up','capacity':[{'from':'2026-01-15',"
		"'quantity':'4'}],'cap_percent':'100'}]",
		true},
};
#define MODELS (sizeof models / sizeof models[0])

struct sum {
	struct ts_line_key key;
	int32_t month; /* -1: a document's line */
	int64_t minor;
};
struct world {
	struct ts_region *keep, *region;
	const struct ts_terms *plain, *go_on[VERSIONS], *anew[VERSIONS];
	struct ts_ledger_version amended[VERSIONS];
	size_t versions_n;
	struct ts_usage_cell cells[CELLS];
	int n;
	int32_t signed_on; /* when the amendments come in */
};
struct books {
	struct sum sums[SUMS];
	size_t n;
};

static const struct ts_terms *make_terms(
	struct ts_region *region, const struct model *m, int version, const char *word)
{
	return desk_terms(
		region, ts_region_printf(region,
				"{'version':%d,'currency':'USD','term':{'from':'2026-01-15'},"
				"'calendar':{'anchor_day':15},'counters_on_amendment':'%s',"
				"'skus':[{'sku':'a','unit':'h','divisor':'1'}],%s,"
				"'late':{'usage_until_days':0,'late_usage_until_days':400}}",
				version, word, m->members));
}

static void make_world(struct world *w, const struct model *m, struct ts_rng *rng)
{
	static const char *const classes[] = {"x", "y", "x", "y", "down"};
	int32_t first = desk_day("2026-01-15");
	w->versions_n = 2 + ts_rng_below(rng, 2);
	for (int v = 0; v < VERSIONS; v++) {
		w->go_on[v] = make_terms(w->keep, m, v + 1, "continue");
		w->anew[v] = make_terms(w->keep, m, v + 1, "restart");
	}
	w->plain = w->go_on[0];
	w->amended[0] = ts_ledger_first_version(w->plain);
	for (size_t v = 1; v < w->versions_n; v++) {
		int32_t from = first + (int32_t)ts_rng_range(rng, 0, 80);
		int32_t to = from + (int32_t)ts_rng_range(rng, 1, 60);
		bool open = ts_rng_below(rng, 2) == 0;
		w->amended[v] = (struct ts_ledger_version){w->go_on[v], 0, from * TS_US_PER_DAY,
			open ? INT64_MAX : to * TS_US_PER_DAY};
	}
	w->n = (int)ts_rng_range(rng, 5, CELLS);
	for (int i = 0; i < w->n; i++)
		w->cells[i] = (struct ts_usage_cell){
			.quarter_us = first * TS_US_PER_DAY +
				      ts_rng_range(rng, 0, 96 * 89) * TS_US_PER_QUARTER,
			.sku = TS_STR("a"),
			.pricing_class = ts_str(classes[ts_rng_below(rng, 5)]),
			.quantity = ts_rng_range(rng, 1, 40)};
	w->signed_on = first + (int32_t)ts_rng_range(rng, 0, 110);
}

/* Which item it is, and not under which version or tier: repricing by volume may change the tier.
 */
static void add_sum(struct books *b, struct ts_line_key key, int32_t month, int64_t minor)
{
	size_t i = 0;
	key.version = key.tier = 0;
	while (i < b->n && !(b->sums[i].month == month && ts_line_key_eq(&b->sums[i].key, &key)))
		i++;
	assert_true(i < SUMS);
	if (i == b->n)
		b->sums[b->n++] = (struct sum){key, month, 0};
	b->sums[i].minor += minor;
}

static void count(struct desk *d, struct books *out)
{
	for (size_t i = 0; ts_ledger_accrual(d->ledger, i) != NULL; i++) {
		const struct ts_accrual_row *row = ts_ledger_accrual(d->ledger, i);
		add_sum(out, row->line, row->month, row->accrued_minor);
	}
	for (size_t i = 0; ts_ledger_billed(d->ledger, i) != NULL; i++) {
		const struct ts_billed_row *row = ts_ledger_billed(d->ledger, i);
		add_sum(out, row->line, -1, row->billed_minor);
	}
}

static int64_t sum_of(const struct books *b, const struct sum *like)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->sums[i].month == like->month && ts_line_key_eq(&b->sums[i].key, &like->key))
			return b->sums[i].minor;
	return 0;
}

static bool same(const struct books *a, const struct books *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (sum_of(b, &a->sums[i]) != a->sums[i].minor)
			return false;
	for (size_t i = 0; i < b->n; i++)
		if (sum_of(a, &b->sums[i]) != b->sums[i].minor)
			return false;
	return true;
}

/* The cells folded so far, equal ones summed. */
static size_t folded(const struct world *w, int upto, const struct ts_ledger_amendment *range,
	struct ts_usage_cell *out)
{
	size_t n = 0;
	for (int i = 0; i < upto; i++) {
		const struct ts_usage_cell *c = &w->cells[i];
		size_t k = 0;
		if (c->quarter_us < range->from_us || c->quarter_us >= range->to_us)
			continue;
		while (k < n && !(out[k].quarter_us == c->quarter_us &&
					ts_str_eq(out[k].pricing_class, c->pricing_class)))
			k++;
		if (k == n) {
			out[n] = *c;
			out[n++].quantity = 0;
		}
		out[k].quantity += c->quantity;
	}
	return n;
}

static void amend(const struct world *w, struct desk *d, struct ts_ledger_version *versions,
	const struct ts_terms *const *terms, int upto)
{
	struct ts_usage_cell cells[CELLS];
	struct ts_ledger_amendment range;
	for (size_t v = 1; v < w->versions_n; v++) {
		versions[v] = w->amended[v];
		versions[v].terms = terms[v];
		versions[v].leaf = d->leaf++;
	}
	d->versions_n = w->versions_n;
	desk_reload(d);
	struct ts_ledger_event event = desk_event(d, 0, ts_ledger_head(d->ledger)->day);
	ts_ledger_amends(d->ledger, &event, NULL, 0, &range);
	assert_true(range.any);
	size_t n = folded(w, upto, &range, cells);
	assert_ok(ts_ledger_rematch(d->ledger, &event, &range, cells, n, &d->why));
}

/* The whole term by ticks of ten days; terms NULL: it is never amended. */
static void tell(const struct world *w, const struct ts_terms *const *terms, struct books *out)
{
	struct desk d;
	struct ts_ledger_version versions[VERSIONS];
	int32_t first = desk_day("2026-01-15"), next = 0;
	int sent = 0;
	bool amended = false;
	out->n = 0;
	ts_region_reset(w->region);
	versions[0] = ts_ledger_first_version(terms != NULL ? terms[0] : w->plain);
	desk_begin_versions(&d, w->region, versions, 1);
	d.leaf = 1;
	for (int32_t day = first; day <= first + 120; day += 10) {
		char text[TS_TIME_CHARS];
		d.at_us = (day + 1) * TS_US_PER_DAY;
		if (terms != NULL && !amended && day >= w->signed_on) {
			amend(w, &d, versions, terms, sent);
			amended = true;
		}
		for (; sent < w->n && sent * 12 < w->n * (day - first) / 10 + w->n; sent++) {
			struct ts_ledger_event event = desk_event(&d, 0, 0);
			assert_ok(ts_ledger_fold(
				d.ledger, &event, d.leaf, &w->cells[sent], 1, &d.why));
			d.leaf++;
		}
		assert_ok(desk_tick(&d, ts_date_format(day, text)));
		struct ts_period period;
		assert_ok(ts_ledger_period_get(d.ledger, next, &period));
		if (next < PERIODS && period.end_day <= day) {
			assert_ok(desk_cut(&d, next, text));
			assert_ok(desk_issue(&d, next++));
		}
	}
	count(&d, out);
	ts_buf_free(&d.journal);
}

static int histories(void)
{
	const char *text = getenv("TS_HISTORIES");
	return text != NULL ? (int)strtol(text, NULL, 10) : HISTORIES;
}

static void test_no_change_changes_nothing(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
	struct world w = {.keep = ts_region_create(DESK_REGION_BYTES),
		.region = ts_region_create(DESK_REGION_BYTES)};
	struct books *never = calloc(1, sizeof *never), *once = calloc(1, sizeof *once);
	TS_ASSERT(never != NULL && once != NULL);
	assert_true(w.keep != NULL && w.region != NULL && never != NULL && once != NULL);
	for (size_t m = 0; m < MODELS; m++) {
		int noticed = 0;
		for (int i = 0; i < histories(); i++) {
			ts_region_reset(w.keep);
			make_world(&w, &models[m], &rng);
			tell(&w, NULL, never);
			tell(&w, w.go_on, once);
			if (!same(never, once))
				fail_msg("%s, history %d: an amendment of equal content changes a "
					 "sum",
					models[m].name, i);
			tell(&w, w.anew, once);
			noticed += same(never, once) ? 0 : 1;
		}
		print_message("%s: what counts anew shows in %d of %d\n", models[m].name, noticed,
			histories());
		assert_true(!models[m].counts || noticed > 0);
	}
	free(never);
	free(once);
	ts_region_free(w.keep);
	ts_region_free(w.region);
}

int main(void)
{
	uint64_t seed = ts_seed(20260915);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_no_change_changes_nothing, &seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
