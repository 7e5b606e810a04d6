/* SPDX-License-Identifier: Apache-2.0 */
/* Cells against a naive oracle: a plain list, searched from the front, shares by their definition
 * in 128 bits. Cells sum to the records' quantity, do not depend on order or on how a batch is
 * split, and a reversal takes out exactly what its record put in. A fault put into the oracle's
 * rounding proves that it bites. */
#include "support/test.h"

#include "evidence/cell.h"
#include "support/seed.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 60
#define RECORDS_MAX 60
#define ORACLE_MAX (RECORDS_MAX * 3000)

struct oracle_cell {
	int64_t quarter;
	const char *sku, *class, *account;
	int64_t count;
	ts_i128 quantity;
	struct ts_digest digest;
};
struct oracle {
	struct oracle_cell *list;
	size_t n;
	bool faulty; /* rounds each share for itself instead of the running sum */
};
struct sample {
	struct ts_usage usage;
	const char *sku, *class, *account;
};

static struct ts_rng rng;
static struct ts_hasher hasher;
static struct ts_region *region;
static struct sample samples[RECORDS_MAX];

static int setup(void **state)
{
	(void)state;
	rng = ts_rng_create(ts_seed(900000));
	region = ts_region_create(256 << 20);
	return region != NULL && ts_hasher_init(&hasher) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	ts_region_free(region);
	return 0;
}

static struct sample random_sample(void)
{
	static const char *const skus[] = {"H100", "A100", "bytes"};
	static const char *const classes[] = {"on_demand", "spot", "-"};
	static const char *const accounts[] = {"a", "b", "ab", "-"};
	struct sample s = {.sku = skus[ts_rng_below(&rng, 3)],
		.class = classes[ts_rng_below(&rng, 3)],
		.account = accounts[ts_rng_below(&rng, 4)]};
	int64_t span = ts_rng_below(&rng, 20) == 0 ? ts_rng_range(&rng, 1, TS_RECORD_SPAN_MS_MAX)
						   : ts_rng_range(&rng, 1, 6 * TS_QUARTER_MS);
	struct ts_usage *u = &s.usage;
	u->start_ms = INT64_C(1764547200000) + ts_rng_range(&rng, 0, 20 * TS_QUARTER_MS);
	if (ts_rng_below(&rng, 3) == 0)
		u->start_ms -= u->start_ms % TS_QUARTER_MS;
	u->end_ms = u->start_ms + span;
	if (ts_rng_below(&rng, 3) == 0 && u->end_ms % TS_QUARTER_MS < span)
		u->end_ms -= u->end_ms % TS_QUARTER_MS;
	ts_i128 q = ts_rng_i128(&rng, 63);
	q = q < 0 ? -q : q;
	u->quantity = q > INT64_MAX ? INT64_MAX : (int64_t)q;
	u->sku = ts_str(s.sku);
	u->class = ts_str(s.class);
	u->account = ts_str(s.account);
	u->workload = TS_STR("job");
	u->resource = TS_STR("node");
	return s;
}

static struct oracle_cell *oracle_find(struct oracle *o, int64_t quarter, const struct sample *s)
{
	for (size_t i = 0; i < o->n; i++) {
		struct oracle_cell *c = &o->list[i];
		if (c->quarter == quarter && c->sku == s->sku && c->class == s->class &&
			c->account == s->account)
			return c;
	}
	assert_true(o->n < ORACLE_MAX);
	o->list[o->n] = (struct oracle_cell){
		.quarter = quarter, .sku = s->sku, .class = s->class, .account = s->account};
	return &o->list[o->n++];
}

/* floor(q * (t - s) / (e - s)) with t held inside [s, e]. */
static ts_i128 upto(const struct ts_usage *u, int64_t t)
{
	if (t < u->start_ms)
		t = u->start_ms;
	if (t > u->end_ms)
		t = u->end_ms;
	return (ts_i128)u->quantity * (t - u->start_ms) / (u->end_ms - u->start_ms);
}

static void oracle_add(struct oracle *o, const struct sample *s)
{
	const struct ts_usage *u = &s->usage;
	int64_t first = u->start_ms / TS_QUARTER_MS;
	for (int64_t k = first; k * TS_QUARTER_MS < u->end_ms; k++) {
		int64_t from = k * TS_QUARTER_MS;
		int64_t to = from + TS_QUARTER_MS;
		ts_i128 share = upto(u, to) - upto(u, from);
		if (o->faulty) {
			int64_t lo = from > u->start_ms ? from : u->start_ms;
			int64_t hi = to < u->end_ms ? to : u->end_ms;
			share = (ts_i128)u->quantity * (hi - lo) / (u->end_ms - u->start_ms);
		}
		if (share == 0 && k != first)
			continue;
		struct oracle_cell *c = oracle_find(o, k, s);
		c->quantity += share;
		if (k == first) {
			struct ts_digest d;
			c->count++;
			ts_usage_digest(&hasher, u, &d);
			ts_digest_add(&c->digest, &d);
		}
	}
}

static bool same_cell(const struct ts_cell *cell, const struct oracle_cell *c)
{
	return cell->quarter == c->quarter && ts_str_is(cell->sku, c->sku) &&
	       ts_str_is(cell->class, c->class) && ts_str_is(cell->account, c->account) &&
	       cell->count == c->count && cell->quantity == c->quantity &&
	       memcmp(&cell->digest, &c->digest, sizeof(c->digest)) == 0;
}

/* True when both hold the same cells. */
static bool agrees(const struct ts_cells *cells, const struct oracle *o)
{
	if (cells->n != o->n)
		return false;
	for (size_t i = 0; i < cells->n; i++) {
		size_t found = 0;
		for (size_t k = 0; k < o->n; k++)
			found += same_cell(&cells->cells[i], &o->list[k]);
		if (found != 1)
			return false;
	}
	return true;
}

static size_t random_batch(void)
{
	size_t n = 1 + (size_t)ts_rng_below(&rng, RECORDS_MAX);
	size_t quarters = 0;
	for (size_t i = 0; i < n; i++) {
		samples[i] = random_sample();
		quarters += (size_t)((samples[i].usage.end_ms - samples[i].usage.start_ms) /
				     TS_QUARTER_MS);
		if (quarters > 1500)
			return i + 1; /* keeps the naive search affordable */
	}
	return n;
}

static int disagreements(bool faulty)
{
	struct oracle o = {.faulty = faulty};
	int wrong = 0;
	o.list = malloc(ORACLE_MAX * sizeof(*o.list));
	assert_non_null(o.list);
	for (int round = 0; round < ROUNDS; round++) {
		struct ts_cells cells;
		size_t n = random_batch();
		ts_region_reset(region);
		o.n = 0;
		assert_ok(ts_cells_init(&cells, region, &hasher, ts_rng_next(&rng)));
		for (size_t i = 0; i < n; i++) {
			assert_ok(ts_cells_add(&cells, &samples[i].usage));
			oracle_add(&o, &samples[i]);
		}
		wrong += !agrees(&cells, &o);
	}
	free(o.list);
	return wrong;
}

static void test_against_oracle(void **state)
{
	(void)state;
	assert_int_equal(disagreements(false), 0);
}

static void test_oracle_bites(void **state)
{
	(void)state;
	assert_true(disagreements(true) > 0);
}

static bool equal_sorted(const struct ts_cells *a, const struct ts_cells *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct ts_cell *x = &a->cells[i];
		const struct ts_cell *y = &b->cells[i];
		if (x->quarter != y->quarter || !ts_str_eq(x->sku, y->sku) ||
			!ts_str_eq(x->class, y->class) || !ts_str_eq(x->account, y->account) ||
			x->count != y->count || x->quantity != y->quantity ||
			memcmp(&x->digest, &y->digest, sizeof(x->digest)) != 0)
			return false;
	}
	return true;
}

static bool strictly_sorted(const struct ts_cells *cells)
{
	for (size_t i = 1; i < cells->n; i++) {
		const struct ts_cell *x = &cells->cells[i - 1];
		const struct ts_cell *y = &cells->cells[i];
		int c = x->quarter < y->quarter ? -1 : x->quarter > y->quarter;
		if (c == 0)
			c = ts_str_cmp(x->sku, y->sku);
		if (c == 0)
			c = ts_str_cmp(x->class, y->class);
		if (c == 0)
			c = ts_str_cmp(x->account, y->account);
		if (c >= 0)
			return false;
	}
	return true;
}

static void test_order_and_sum(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ts_cells forth, back;
		size_t n = random_batch();
		ts_i128 sum = 0;
		int64_t count = 0;
		ts_region_reset(region);
		assert_ok(ts_cells_init(&forth, region, &hasher, 1));
		assert_ok(ts_cells_init(&back, region, &hasher, 2));
		for (size_t i = 0; i < n; i++) {
			assert_ok(ts_cells_add(&forth, &samples[i].usage));
			assert_ok(ts_cells_add(&back, &samples[n - 1 - i].usage));
			sum += samples[i].usage.quantity;
		}
		assert_ok(ts_cells_sort(&forth));
		assert_ok(ts_cells_sort(&back));
		assert_true(strictly_sorted(&forth));
		assert_true(equal_sorted(&forth, &back));
		for (size_t i = 0; i < forth.n; i++) {
			sum -= forth.cells[i].quantity;
			count += forth.cells[i].count;
		}
		assert_true(sum == 0);
		assert_int_equal(count, n);
	}
}

static void test_reversal(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ts_cells cells;
		const struct ts_digest zero = {{0}};
		size_t n = random_batch();
		ts_region_reset(region);
		assert_ok(ts_cells_init(&cells, region, &hasher, 3));
		for (size_t i = 0; i < n; i++)
			assert_ok(ts_cells_add(&cells, &samples[i].usage));
		for (size_t i = n; i > 0; i--)
			assert_ok(ts_cells_sub(&cells, &samples[i - 1].usage));
		for (size_t i = 0; i < cells.n; i++) {
			assert_true(cells.cells[i].quantity == 0);
			assert_int_equal(cells.cells[i].count, 0);
			assert_memory_equal(&cells.cells[i].digest, &zero, sizeof(zero));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_oracle),
		cmocka_unit_test(test_oracle_bites),
		cmocka_unit_test(test_order_and_sum),
		cmocka_unit_test(test_reversal),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
