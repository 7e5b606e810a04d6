/* SPDX-License-Identifier: Apache-2.0 */
/* Two sides of one month with planted differences: the report has just these, in their category,
 * with their deltas to the base unit and the minor unit, and nothing else; and it closes. The month
 * is one in which amounts are exact (every quantity is worth whole cents), so that what is planted
 * says what must be found without any rating. On failure the plants are halved until none can be
 * left out. Faults put into the records behind the oracle's back prove that it bites.
 *   TS_RECON_RECORDS=1000000 TS_SEED=7 build/dev/tests/property_audit_recon */
#include "support/test.h"

#include "support/audit/recon.h"
#include "support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FROM_MS INT64_C(1780272000000) /* 2026-06-01 */
#define HOUR_MS INT64_C(3600000)
#define HOURS 720
#define CENT INT64_C(1800000) /* base units worth a cent at 20.00 */

static const char terms[] =
	"{\"currency\":\"USD\",\"term\":{\"from\":\"2026-06-01\",\"to\":\"2026-07-01\"},"
	"\"skus\":[{\"sku\":\"gpu\",\"name\":\"GPU\",\"unit\":\"GPU-hour\",\"divisor\":"
	"\"3600000000\"}],"
	"\"prices\":[{\"id\":\"od\",\"sku\":\"gpu\",\"class\":\"od\",\"model\":\"per_unit\","
	"\"unit_price\":\"20.00\"},{\"id\":\"spot\",\"sku\":\"gpu\",\"class\":\"spot\",\"model\":"
	"\"per_unit\",\"unit_price\":\"10.00\"}],"
	"\"reconciliation\":{\"tolerance\":{\"record\":{\"amount\":\"0.01\"},\"line\":{\"amount\":"
	"\"1000000.00\"},\"invoice\":{\"amount\":\"1000000.00\"}}}}";

enum plant {
	LOST_AT_PARTNER,
	LOST_AT_PROVIDER,
	TWICE_AT_PROVIDER,
	TWICE_AT_PARTNER,
	MORE_AT_PROVIDER,
	MORE_AT_PARTNER,
	NEARLY,
	OVERLAP,
	OVER_THE_EDGE,
	OTHER_CLASS,
	FAILED,
	MORE_OF_OTHER_CLASS,
	TWICE_WITH_MORE,
	MORE_AND_TWICE,
	FAILED_WITH_MORE,
	IN_QUARTERS,
	THREE_QUARTERS,
	OTHER_NAME,
	THRICE,
	PLANTS
};
struct planted {
	enum plant kind;
	size_t victim; /* record number */
	int64_t cents; /* by how much */
};
struct expected {
	enum ts_recon_category category;
	bool within;
	int64_t start_ms;
	char resource[40];
	int64_t delta, minor;
};
enum fault { NO_FAULT, A_RECORD_LOST, A_UNIT_MORE, A_CLASS_CHANGED, A_RECORD_TWICE, FAULTS };

struct month {
	struct ts_tapes tapes;
	struct expected *expected;
	size_t expected_n, expected_cap;
};

static size_t nodes_of(size_t records)
{
	return (records + 2 * HOURS - 1) / (2 * HOURS);
}

/* Record number i: node, hour, and which of two jobs on it. */
static struct ts_tape_record record_of(size_t i, size_t nodes)
{
	size_t node = i / 2 % nodes, hour = i / 2 / nodes, half = i % 2;
	int64_t devices = 500 * (int64_t)(1 + (node * 7 + hour / 5 * 3 + 4 * half) % 8);
	struct ts_tape_record r = {.start_ms = FROM_MS + (int64_t)hour * HOUR_MS,
		.devices_milli = devices,
		.quantity = devices * HOUR_MS,
		.sku = "gpu",
		.pricing_class = "od",
		.account = "a"};
	r.end_ms = r.start_ms + HOUR_MS;
	snprintf(r.workload, sizeof r.workload, "j%u-%u-%u", (unsigned)node, (unsigned)hour / 5,
		(unsigned)half);
	snprintf(r.resource, sizeof r.resource, "n%u", (unsigned)node);
	return r;
}

static void expect(struct month *m, enum ts_recon_category category, bool within,
	const struct ts_tape_record *r, int64_t delta, int64_t minor)
{
	if (m->expected_n == m->expected_cap) {
		m->expected_cap = m->expected_cap == 0 ? 64 : 2 * m->expected_cap;
		struct expected *more = realloc(m->expected, m->expected_cap * sizeof *m->expected);
		TS_ASSERT(more != NULL);
		m->expected = more;
	}
	struct expected *e = &m->expected[m->expected_n++];
	*e = (struct expected){category, within, r->start_ms, "", delta, minor};
	memcpy(e->resource, r->resource, sizeof e->resource);
}

static void add(struct month *m, int side, const struct ts_tape_record *r)
{
	ts_tape_add(&m->tapes.side[side], r);
}

static void plant_copies(struct month *m, const struct planted *p, struct ts_tape_record r)
{
	struct ts_tape_record other = r;
	int64_t q = r.quantity, more = p->cents * CENT;
	other.quantity -= more;
	if (p->kind == TWICE_AT_PROVIDER || p->kind == TWICE_AT_PARTNER || p->kind == THRICE) {
		int side = p->kind == TWICE_AT_PARTNER;
		int copies = p->kind == THRICE ? 2 : 1;
		add(m, 0, &r);
		add(m, 1, &r);
		for (int i = 0; i < copies; i++) {
			add(m, side, &r);
			expect(m, TS_RECON_DUPLICATE, false, &r, side ? -q : q,
				side ? -q / CENT : q / CENT);
		}
	} else if (p->kind == TWICE_WITH_MORE) {
		add(m, 0, &r);
		add(m, 0, &other);
		add(m, 1, &r);
		expect(m, TS_RECON_DUPLICATE, false, &r, q - more, q / CENT - p->cents);
	} else {
		add(m, 0, &other);
		add(m, 0, &other);
		add(m, 1, &r);
		expect(m, TS_RECON_QUANTITY, false, &r, -more, -p->cents);
		expect(m, TS_RECON_DUPLICATE, false, &r, q - more, q / CENT - p->cents);
	}
}

static void plant_quarters(struct month *m, const struct planted *p, struct ts_tape_record r)
{
	int64_t q = r.quantity;
	add(m, 0, &r);
	for (int i = 0; i < (p->kind == IN_QUARTERS ? 4 : 3); i++) {
		struct ts_tape_record part = r;
		part.start_ms = r.start_ms + i * HOUR_MS / 4;
		part.end_ms = part.start_ms + HOUR_MS / 4;
		part.quantity = q / 4;
		add(m, 1, &part);
	}
	if (p->kind == THREE_QUARTERS)
		expect(m, TS_RECON_QUANTITY, false, &r, q / 4, q / 4 / CENT);
}

static void plant_extra(struct month *m, const struct planted *p, struct ts_tape_record r)
{
	struct ts_tape_record extra = r;
	int64_t shift = p->kind == OVERLAP ? HOUR_MS / 2
					   : FROM_MS + HOURS * HOUR_MS - HOUR_MS / 2 - r.start_ms;
	add(m, 0, &r);
	add(m, 1, &r);
	extra.start_ms += shift;
	extra.end_ms += shift;
	if (p->kind == OVER_THE_EDGE) /* half of it lies behind the term: no price */
		snprintf(extra.workload, sizeof extra.workload, "edge%zu", p->victim);
	add(m, 0, &extra);
	if (p->kind == OVERLAP)
		expect(m, TS_RECON_TIME_OVERLAP, false, &extra, r.quantity, r.quantity / CENT);
	else
		expect(m, TS_RECON_PERIOD, false, &extra, r.quantity, r.quantity / 2 / CENT);
}

static void plant_one(struct month *m, const struct planted *p, struct ts_tape_record r)
{
	struct ts_tape_record o = r; /* the partner's */
	int64_t q = r.quantity, c = p->cents, more = c * CENT;
	switch (p->kind) {
	case LOST_AT_PARTNER:
		add(m, 0, &r);
		expect(m, TS_RECON_MISSING_AT_PARTNER, false, &r, q, q / CENT);
		return;
	case LOST_AT_PROVIDER:
		add(m, 1, &r);
		expect(m, TS_RECON_MISSING_AT_PROVIDER, false, &r, -q, -q / CENT);
		return;
	case MORE_AT_PROVIDER:
		o.quantity -= more;
		expect(m, TS_RECON_QUANTITY, false, &r, more, c);
		break;
	case MORE_AT_PARTNER:
		r.quantity -= more;
		expect(m, TS_RECON_QUANTITY, false, &r, -more, -c);
		break;
	case NEARLY:
		o.quantity -= CENT;
		expect(m, TS_RECON_QUANTITY, true, &r, CENT, 1);
		break;
	case OTHER_CLASS:
		o.pricing_class = "spot";
		expect(m, TS_RECON_RATE, false, &r, 0, q / CENT / 2);
		break;
	case FAILED:
		r.failed = true;
		expect(m, TS_RECON_SIGNATURE, false, &r, 0, 0);
		break;
	case MORE_OF_OTHER_CLASS:
		o.pricing_class = "spot";
		o.quantity -= 2 * more;
		expect(m, TS_RECON_QUANTITY, false, &r, 2 * more,
			q / CENT - (q - 2 * more) / CENT / 2);
		break;
	case FAILED_WITH_MORE:
		r.failed = true;
		o.quantity -= more;
		expect(m, TS_RECON_SIGNATURE, false, &r, more, c);
		break;
	case OTHER_NAME:
		snprintf(o.workload, sizeof o.workload, "other%zu", p->victim);
		break;
	case TWICE_AT_PROVIDER:
	case TWICE_AT_PARTNER:
	case TWICE_WITH_MORE:
	case MORE_AND_TWICE:
	case THRICE:
		plant_copies(m, p, r);
		return;
	case OVERLAP:
	case OVER_THE_EDGE:
		plant_extra(m, p, r);
		return;
	case IN_QUARTERS:
	case THREE_QUARTERS:
		plant_quarters(m, p, r);
		return;
	case PLANTS:
		abort();
	}
	add(m, 0, &r);
	add(m, 1, &o);
}

static int by_victim(const void *a, const void *b)
{
	const struct planted *x = a, *y = b;
	return (x->victim > y->victim) - (x->victim < y->victim);
}

static void make_month(struct month *m, size_t records, const struct planted *plants, size_t n)
{
	size_t nodes = nodes_of(records), at = 0;
	*m = (struct month){.tapes = {.from_ms = FROM_MS, .to_ms = FROM_MS + HOURS * HOUR_MS}};
	m->tapes.side[0].terms[0] = m->tapes.side[1].terms[0] = terms;
	for (size_t i = 0; i < 2 * nodes * HOURS; i++) {
		struct ts_tape_record r = record_of(i, nodes);
		if (at < n && plants[at].victim == i) {
			plant_one(m, &plants[at++], r);
		} else {
			add(m, 0, &r);
			add(m, 1, &r);
		}
	}
	assert_int_equal(at, n);
}

/* Behind the oracle's back. */
static void spoil(struct month *m, enum fault fault)
{
	struct ts_tape *t = &m->tapes.side[1];
	struct ts_tape_record *r = &t->list[t->n / 2];
	switch (fault) {
	case A_RECORD_LOST:
		*r = t->list[--t->n];
		return;
	case A_UNIT_MORE:
		r->quantity--;
		return;
	case A_CLASS_CHANGED:
		r->pricing_class = "spot";
		return;
	case A_RECORD_TWICE:
		ts_tape_add(t, &(struct ts_tape_record){0});
		t->list[t->n - 1] = t->list[t->n / 2];
		return;
	case NO_FAULT:
	case FAULTS:
		return;
	}
}

static int by_expected(const void *a, const void *b)
{
	const struct expected *x = a, *y = b;
	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	int c = strcmp(x->resource, y->resource);
	if (c == 0)
		c = (int)x->category - (int)y->category;
	if (c == 0 && x->delta != y->delta)
		c = x->delta < y->delta ? -1 : 1;
	if (c == 0)
		c = (x->minor > y->minor) - (x->minor < y->minor);
	return c == 0 ? (int)x->within - (int)y->within : c;
}

static struct expected found_of(const struct ts_recon_item *item)
{
	const struct ts_recon_row *row = item->rows[0] != NULL ? item->rows[0] : item->rows[1];
	struct expected e = {item->category, item->within, item->start_ms, "", (int64_t)item->delta,
		item->amount_minor};
	if (row != NULL)
		memcpy(e.resource, row->usage.resource.at, row->usage.resource.len);
	return e;
}

static void say(const char *what, const struct expected *e)
{
	print_message("%s %s%s %lld %s delta %lld amount %lld\n", what,
		ts_recon_kind(e->category)->name, e->within ? " within" : "",
		(long long)e->start_ms, e->resource, (long long)e->delta, (long long)e->minor);
}

static bool holds(
	size_t records, const struct planted *plants, size_t n, enum fault fault, bool loud)
{
	struct month m;
	struct ts_region *region = ts_region_create((size_t)2 << 30);
	const struct ts_recon_report *report = NULL;
	struct ts_why why = {0};
	make_month(&m, records, plants, n);
	spoil(&m, fault);
	assert_non_null(region);
	enum ts_err err = ts_tapes_run(&m.tapes, region, &report, &why);
	bool good = err == TS_OK && report->items_n == m.expected_n;
	if (err != TS_OK && loud)
		print_message("%s: %s\n", why.where, why.text);
	if (err == TS_OK) {
		struct expected *found = calloc(report->items_n + 1, sizeof *found);
		assert_non_null(found);
		for (size_t i = 0; i < report->items_n; i++)
			found[i] = found_of(&report->items[i]);
		qsort(found, report->items_n, sizeof *found, by_expected);
		if (m.expected_n > 0)
			qsort(m.expected, m.expected_n, sizeof *m.expected, by_expected);
		size_t i = 0;
		while (i < report->items_n && i < m.expected_n &&
			by_expected(&found[i], &m.expected[i]) == 0)
			i++;
		good = good && i == m.expected_n;
		if (loud && i < m.expected_n)
			say("expected", &m.expected[i]);
		if (loud && i < report->items_n)
			say("found", &found[i]);
		free(found);
		assert_int_equal(ts_recon_closes(report, &why), TS_OK);
	}
	free(m.expected);
	ts_tapes_free(&m.tapes);
	ts_region_free(region);
	return good;
}

/* Leaves out halves, then single plants, as long as it still fails. */
static void shrink(size_t records, struct planted *plants, size_t n, uint64_t seed)
{
	struct planted *tried = calloc(n + 1, sizeof *tried);
	assert_non_null(tried);
	for (size_t cut = n / 2; cut > 0;) {
		bool smaller = false;
		for (size_t at = 0; at + cut <= n; at += cut) {
			memcpy(tried, plants, at * sizeof *plants);
			memcpy(tried + at, plants + at + cut, (n - at - cut) * sizeof *plants);
			if (holds(records, tried, n - cut, NO_FAULT, false))
				continue;
			n -= cut;
			memcpy(plants, tried, n * sizeof *plants);
			smaller = true;
			break;
		}
		if (!smaller)
			cut /= 2;
		else if (cut > n / 2 && n > 1)
			cut = n / 2;
	}
	print_message("TS_SEED=%llu, %zu records; still fails with:\n", (unsigned long long)seed,
		records);
	for (size_t i = 0; i < n; i++)
		print_message("  plant %d at record %zu, %lld cents\n", (int)plants[i].kind,
			plants[i].victim, (long long)plants[i].cents);
	(void)holds(records, plants, n, NO_FAULT, true);
	free(tried);
}

static size_t records_wanted(void)
{
	const char *text = getenv("TS_RECON_RECORDS");
	return text != NULL ? (size_t)strtoull(text, NULL, 10) : 6000;
}

/* Victims lie apart: every third hour at most, never both jobs of a node. */
static struct planted *choose(struct ts_rng *rng, size_t records, uint64_t per_million, size_t *n)
{
	size_t nodes = nodes_of(records), all = 2 * nodes * HOURS;
	size_t want = (size_t)((unsigned long long)all * per_million / 1000000) + 1;
	bool *taken = calloc(nodes * HOURS, sizeof *taken);
	struct planted *list = calloc(want, sizeof *list);
	TS_ASSERT(taken != NULL && list != NULL);
	*n = 0;
	for (size_t tries = 0; *n < want && tries < 50 * want; tries++) {
		size_t node = ts_rng_below(rng, nodes), hour = 3 * ts_rng_below(rng, HOURS / 3);
		size_t half = ts_rng_below(rng, 2);
		if (taken[hour * nodes + node])
			continue;
		taken[hour * nodes + node] = true;
		list[*n] = (struct planted){(enum plant)(*n % PLANTS),
			2 * (hour * nodes + node) + half, 3 + (int64_t)ts_rng_below(rng, 200)};
		(*n)++;
	}
	qsort(list, *n, sizeof *list, by_victim);
	free(taken);
	return list;
}

static void test_planted(void **state)
{
	(void)state;
	static const uint64_t rates[] = {10, 1000, 10000, 50000}; /* per million */
	uint64_t seed = ts_seed(900001);
	struct ts_rng rng = ts_rng_create(seed);
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		size_t n = 0, records = records_wanted();
		struct planted *plants = choose(&rng, records, rates[i], &n);
		bool good = holds(records, plants, n, NO_FAULT, false);
		if (!good)
			shrink(records, plants, n, seed);
		free(plants);
		assert_true(good);
	}
}

static void test_every_kind_alone(void **state)
{
	(void)state;
	for (int kind = 0; kind < PLANTS; kind++) {
		struct planted plant = {(enum plant)kind, 2 * 3 * 2 + 1, 17};
		if (!holds(3000, &plant, 1, NO_FAULT, true))
			fail_msg("plant %d", kind);
	}
	assert_true(holds(3000, NULL, 0, NO_FAULT, true));
}

static void test_oracle_bites(void **state)
{
	(void)state;
	size_t n = 0;
	struct ts_rng rng = ts_rng_create(ts_seed(900002));
	struct planted *plants = choose(&rng, 3000, 10000, &n);
	assert_true(holds(3000, plants, n, NO_FAULT, true));
	for (int fault = NO_FAULT + 1; fault < FAULTS; fault++)
		assert_false(holds(3000, plants, n, (enum fault)fault, false));
	free(plants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_alone),
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_oracle_bites),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
