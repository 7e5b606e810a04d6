/* SPDX-License-Identifier: Apache-2.0 */
#include "book/ledger_state.h"
#include <string.h>

static uint64_t key_hash(uint64_t h, const struct ts_line_key *k)
{
	h = ts_hash_mix(h, (uint64_t)(uint32_t)k->version << 32 | (uint32_t)k->kind);
	h = ts_hash_mix(h, (uint64_t)(uint32_t)k->item << 32 | (uint32_t)k->tier);
	return ts_hash_mix(h, (uint32_t)k->period);
}

int ts_line_key_cmp(const struct ts_line_key *a, const struct ts_line_key *b)
{
	const int32_t x[] = {
		a->period, a->version, ts_charge_kind_order(a->kind), a->item, a->tier};
	const int32_t y[] = {
		b->period, b->version, ts_charge_kind_order(b->kind), b->item, b->tier};
	for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static uint64_t measure_hash(const void *row)
{
	const struct ts_measure_row *m = row;
	uint64_t h = ts_hash_mix(1, (uint64_t)(uint32_t)m->version << 32 | (uint32_t)m->price);
	return ts_hash_mix(h, (uint64_t)(uint32_t)m->period << 32 | (uint32_t)m->month);
}
static bool measure_same(const void *a, const void *b)
{
	const struct ts_measure_row *x = a, *y = b;
	return x->version == y->version && x->price == y->price && x->period == y->period &&
	       x->month == y->month;
}
static uint64_t fine_hash(const void *row)
{
	const struct ts_fine_row *f = row;
	uint64_t h = ts_hash_mix(9, (uint64_t)f->quarter_us);
	h = ts_hash_mix(h, (uint64_t)(uint32_t)f->version << 32 | (uint32_t)f->price);
	h = ts_hash_text(ts_hash_text(h, f->pricing_class), f->account);
	return ts_hash_text(h, f->origin);
}
static bool fine_same(const void *a, const void *b)
{
	const struct ts_fine_row *x = a, *y = b;
	return x->quarter_us == y->quarter_us && x->version == y->version && x->price == y->price &&
	       strcmp(x->pricing_class, y->pricing_class) == 0 &&
	       strcmp(x->account, y->account) == 0 && strcmp(x->origin, y->origin) == 0;
}
static uint64_t waiting_hash(const void *row)
{
	const struct ts_waiting_row *w = row;
	uint64_t h = ts_hash_mix(2, (uint64_t)w->quarter_us);
	return ts_hash_mix(h, (uint64_t)(uint32_t)w->version << 32 | (uint32_t)w->price);
}
static bool waiting_same(const void *a, const void *b)
{
	const struct ts_waiting_row *x = a, *y = b;
	return x->quarter_us == y->quarter_us && x->version == y->version && x->price == y->price;
}
static uint64_t unbilled_hash(const void *row)
{
	const struct ts_unbilled_row *u = row;
	uint64_t h = ts_hash_text(ts_hash_mix(3, (uint32_t)u->month), u->reason);
	return ts_hash_text(ts_hash_mix(ts_hash_text(h, u->sku), 0), u->pricing_class);
}
static bool unbilled_same(const void *a, const void *b)
{
	const struct ts_unbilled_row *x = a, *y = b;
	return x->month == y->month && strcmp(x->reason, y->reason) == 0 &&
	       strcmp(x->sku, y->sku) == 0 && strcmp(x->pricing_class, y->pricing_class) == 0;
}
static uint64_t late_hash(const void *row)
{
	const struct ts_late_row *l = row;
	uint64_t h = ts_hash_text(ts_hash_mix(8, (uint64_t)l->quarter_us), l->sku);
	h = ts_hash_text(ts_hash_mix(h, 0), l->pricing_class);
	return ts_hash_text(ts_hash_text(h, l->account), l->origin);
}
static bool late_same(const void *a, const void *b)
{
	const struct ts_late_row *x = a, *y = b;
	return x->quarter_us == y->quarter_us && strcmp(x->sku, y->sku) == 0 &&
	       strcmp(x->pricing_class, y->pricing_class) == 0 &&
	       strcmp(x->account, y->account) == 0 && strcmp(x->origin, y->origin) == 0;
}
static uint64_t accrual_hash(const void *row)
{
	const struct ts_accrual_row *r = row;
	return key_hash(ts_hash_mix(4, (uint32_t)r->month), &r->line);
}
static bool accrual_same(const void *a, const void *b)
{
	const struct ts_accrual_row *x = a, *y = b;
	return x->month == y->month && ts_line_key_eq(&x->line, &y->line);
}
static uint64_t billed_hash(const void *row)
{
	return key_hash(5, &((const struct ts_billed_row *)row)->line);
}
static bool billed_same(const void *a, const void *b)
{
	return ts_line_key_eq(
		&((const struct ts_billed_row *)a)->line, &((const struct ts_billed_row *)b)->line);
}
static uint64_t taxed_hash(const void *row)
{
	const struct ts_taxed_row *t = row;
	uint64_t h = ts_hash_text(ts_hash_mix(6, (uint32_t)t->treatment), t->document);
	return ts_hash_mix(h, (uint64_t)t->percent.pico);
}
static bool taxed_same(const void *a, const void *b)
{
	const struct ts_taxed_row *x = a, *y = b;
	return x->treatment == y->treatment && x->percent.pico == y->percent.pico &&
	       strcmp(x->document, y->document) == 0;
}
static uint64_t period_hash(const void *row)
{
	return ts_hash_mix(7, (uint32_t)((const struct ts_period_row *)row)->index);
}
static bool period_same(const void *a, const void *b)
{
	return ((const struct ts_period_row *)a)->index == ((const struct ts_period_row *)b)->index;
}
static uint64_t cut_hash(const void *row)
{
	const struct ts_cut_row *c = row;
	return key_hash(ts_hash_mix(8, (uint32_t)c->cut), &c->line);
}
static bool cut_same(const void *a, const void *b)
{
	const struct ts_cut_row *x = a, *y = b;
	return x->cut == y->cut && ts_line_key_eq(&x->line, &y->line);
}

static uint64_t credit_hash(const void *row)
{
	const struct ts_credit_row *c = row;
	return ts_hash_mix(ts_hash_mix(10, (uint64_t)c->serial), (uint64_t)c->kind);
}
static bool credit_same(const void *a, const void *b)
{
	const struct ts_credit_row *x = a, *y = b;
	return x->kind == y->kind && x->serial == y->serial;
}

static uint64_t prepaid_hash(const void *row)
{
	return ts_hash_mix(11, (uint32_t)((const struct ts_prepaid_row *)row)->item);
}
static bool prepaid_same(const void *a, const void *b)
{
	return ((const struct ts_prepaid_row *)a)->item == ((const struct ts_prepaid_row *)b)->item;
}

static bool in_order(const struct ts_ledger_version *versions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (versions[i].terms->version != versions[0].terms->version + (int64_t)i ||
			versions[i].from_us >= versions[i].to_us ||
			(i > 0 && versions[i].leaf <= versions[i - 1].leaf))
			return false;
	return n > 0;
}

enum ts_err ts_ledger_create(struct ts_region *region, const struct ts_ledger_version *versions,
	size_t n, struct ts_ledger **out)
{
	if (!in_order(versions, n))
		return TS_E_INVALID;
	struct ts_ledger *l = ts_region_alloc(region, sizeof *l);
	struct ts_ledger_version *copy = ts_region_array(region, n, sizeof *copy);
	if (l == NULL || copy == NULL)
		return TS_E_NO_MEMORY;
	memcpy(copy, versions, n * sizeof *copy);
	l->region = region;
	l->versions = copy;
	l->versions_n = n;
	l->head = (struct ts_ledger_head){.day = INT32_MIN,
		.tick_serial = 1,
		.cut_serial = 1,
		.issue_serial = 1,
		.documents = 1};
	ts_rowset_init(
		&l->measures, region, sizeof(struct ts_measure_row), measure_hash, measure_same);
	ts_rowset_init(&l->fine, region, sizeof(struct ts_fine_row), fine_hash, fine_same);
	ts_rowset_init(
		&l->waiting, region, sizeof(struct ts_waiting_row), waiting_hash, waiting_same);
	ts_rowset_init(
		&l->unbilled, region, sizeof(struct ts_unbilled_row), unbilled_hash, unbilled_same);
	ts_rowset_init(&l->late, region, sizeof(struct ts_late_row), late_hash, late_same);
	ts_rowset_init(
		&l->accruals, region, sizeof(struct ts_accrual_row), accrual_hash, accrual_same);
	ts_rowset_init(&l->billed, region, sizeof(struct ts_billed_row), billed_hash, billed_same);
	ts_rowset_init(&l->taxed, region, sizeof(struct ts_taxed_row), taxed_hash, taxed_same);
	ts_rowset_init(&l->periods, region, sizeof(struct ts_period_row), period_hash, period_same);
	ts_rowset_init(&l->cuts, region, sizeof(struct ts_cut_row), cut_hash, cut_same);
	ts_rowset_init(&l->credits, region, sizeof(struct ts_credit_row), credit_hash, credit_same);
	ts_rowset_init(
		&l->prepaid, region, sizeof(struct ts_prepaid_row), prepaid_hash, prepaid_same);
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		l->balances[a].account = (enum ts_account)a;
	ts_ledger_recalendar(l);
	*out = l;
	return TS_OK;
}

struct ts_period_row *ts_ledger_period_row(const struct ts_ledger *ledger, int32_t period)
{
	return ts_rowset_find(&ledger->periods, &(struct ts_period_row){.index = period});
}

bool ts_ledger_in_term(const struct ts_ledger *ledger, const struct ts_period *period)
{
	return period->first_day < ts_ledger_calendar(ledger)->to_day;
}

int32_t ts_ledger_open_day(const struct ts_ledger *ledger)
{
	struct ts_period period = {0};
	int32_t end = ts_ledger_calendar(ledger)->from_day;
	for (int32_t i = 0; ts_ledger_period_get(ledger, i, &period) == TS_OK; i++) {
		const struct ts_period_row *row = ts_ledger_period_row(ledger, i);
		if (row == NULL || !row->cut)
			return period.first_day;
		end = period.end_day;
	}
	return end;
}

bool ts_ledger_touched(const struct ts_ledger *ledger, int32_t period)
{
	bool chained = ts_ledger_chained(ledger);
	for (size_t i = chained ? 0 : (size_t)period; i < ledger->touched_n && i <= (size_t)period;
		i++)
		if (ledger->touched[i])
			return true;
	return false;
}

enum ts_err ts_ledger_touch(struct ts_ledger *ledger, int32_t period)
{
	size_t need = (size_t)period + 1;
	if (need > ledger->touched_n) {
		size_t n = need * 2 > 64 ? need * 2 : 64;
		bool *grown = ts_region_array(ledger->region, n, sizeof *grown);
		if (grown == NULL)
			return TS_E_NO_MEMORY;
		if (ledger->touched_n > 0)
			memcpy(grown, ledger->touched, ledger->touched_n * sizeof *grown);
		ledger->touched = grown;
		ledger->touched_n = n;
	}
	ledger->touched[period] = true;
	return TS_OK;
}
