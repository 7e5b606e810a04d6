/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_PROPERTY_BOOK_TOLD_H
#define TS_TESTS_PROPERTY_BOOK_TOLD_H
/* Why: a deal as it may have come about: in which order usage came in, when ticks and cuts were,
 * when the amendment or notice, and whether the ledger went on from the states at its cuts. */
#include "book/state.h"
#include "deal.h"
#include <stdlib.h>

enum fault {
	NO_FAULT,
	FAULT_CELL_KEPT, /* the rematch does not see one cell */
	FAULT_CELL_TWICE, /* it sees one twice as large */
	FAULT_FEE_DAY, /* the calculation gives a day to the other version */
	FAULT_COUNTERS, /* the calculation restarts what goes on, and the other way round */
	FAULT_MINIMUM, /* the calculation makes up a minimum per version */
	FAULT_STATE_CELL, /* a state has one cell too few */
};

struct sum {
	struct ts_line_key line;
	int32_t month; /* -1: a document's line */
	int64_t minor;
};
struct history {
	uint64_t order; /* of arrival, batches, ticks, cuts */
	bool cuts;
	int32_t signed_on; /* the day on which the amendment comes in; 0: it is there at first */
	enum fault fault;
	bool restates; /* goes on from the state at every cut */

	struct desk d;
	struct ts_ledger_version versions[2];
	struct sum sums[SUMS_MAX];
	size_t sums_n;
	bool folded[CELLS_MAX];
	bool since[CELLS_MAX]; /* folded behind the last state */
	struct ts_usage_cell base[CELLS_MAX]; /* the state's */
	size_t base_n;
	int restated, base_used; /* states; amendments that matched cells from one */
	int32_t arrives[CELLS_MAX];
	bool late[CELLS_MAX];
	int64_t cut_at_us[PERIODS_MAX];
	int32_t next;
	bool pending, amended, faulted, refused;
};

static void add_sum(struct history *h, const struct ts_line_key *line, int32_t month, int64_t minor)
{
	size_t i = 0;
	while (i < h->sums_n &&
		!(h->sums[i].month == month && ts_line_key_eq(&h->sums[i].line, line)))
		i++;
	assert_true(i < SUMS_MAX);
	if (i == h->sums_n)
		h->sums[h->sums_n++] = (struct sum){*line, month, 0};
	h->sums[i].minor += minor;
}

static void count_entries(struct history *h)
{
	for (size_t i = 0; i < h->d.out.n; i++) {
		const struct ts_entry *e = &h->d.out.entries[i];
		if (e->book != TS_BOOK_PROVIDER || !e->has_line)
			continue;
		bool more = e->legs[0].account == TS_ACCOUNT_UNBILLED;
		add_sum(h, &e->line, e->service_month,
			more ? e->legs[0].amount_minor : -e->legs[0].amount_minor);
	}
}

static void count_document(struct history *h)
{
	const struct ts_invoice *invoice = h->d.invoice;
	int64_t sign = invoice->kind == TS_DOCUMENT_CREDIT_NOTE ? -1 : 1;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		struct ts_line_key key = {
			line->version, line->kind, deal_item(line->id), line->tier, line->period};
		add_sum(h, &key, -1, sign * line->net_minor);
	}
}

static void add_cell(struct ts_usage_cell *list, size_t *n, const struct ts_usage_cell *cell)
{
	size_t k = 0;
	while (k < *n &&
		!(list[k].quarter_us == cell->quarter_us && ts_str_eq(list[k].sku, cell->sku) &&
			ts_str_eq(list[k].pricing_class, cell->pricing_class)))
		k++;
	if (k == *n) {
		list[*n] = *cell;
		list[(*n)++].quantity = 0;
	}
	list[k].quantity += cell->quantity;
}

static bool in_range(const struct ts_usage_cell *cell, const struct ts_ledger_amendment *range)
{
	return cell->quarter_us >= range->from_us && cell->quarter_us < range->to_us;
}

/* The cells that were folded, by quarter, SKU and class: the last state's, and those behind it. */
static size_t known_cells(struct history *h, const struct deal *deal,
	const struct ts_ledger_amendment *range, struct ts_usage_cell *out)
{
	size_t n = 0;
	for (size_t i = 0; i < h->base_n; i++)
		if (in_range(&h->base[i], range))
			add_cell(out, &n, &h->base[i]);
	for (int i = 0; i < deal->n; i++)
		if (h->since[i] && in_range(&deal->raw[i].cell, range))
			add_cell(out, &n, &deal->raw[i].cell);
	return n;
}

static void rematch(
	struct history *h, const struct deal *deal, const struct ts_ledger_notice *list, size_t n)
{
	struct ts_usage_cell cells[CELLS_MAX];
	struct ts_ledger_amendment amendment;
	struct ts_ledger_event event = desk_event(&h->d, 0, ts_ledger_head(h->d.ledger)->day);
	ts_ledger_amends(h->d.ledger, &event, list, n, &amendment);
	assert_true(amendment.any);
	size_t cells_n = known_cells(h, deal, &amendment, cells);
	for (size_t i = 0; i < h->base_n; i++)
		if (in_range(&h->base[i], &amendment)) {
			h->base_used++;
			break;
		}
	if (cells_n > 0 && h->signed_on > 0 && cells[cells_n - 1].quantity != 0 &&
		(h->fault == FAULT_CELL_KEPT || h->fault == FAULT_CELL_TWICE)) {
		h->faulted = deal_priced(deal, &cells[cells_n - 1]);
		cells[cells_n - 1].quantity *= 2;
		cells_n -= h->fault == FAULT_CELL_KEPT ? 1 : 0;
	}
	enum ts_err err = ts_ledger_rematch(
		h->d.ledger, &event, &amendment, cells, cells_n, &h->d.why);
	if (err != TS_OK && h->faulted)
		h->refused = true;
	else
		assert_ok(err);
}

static void amend(struct history *h, const struct deal *deal)
{
	struct ts_ledger_notice notice = {h->d.leaf, deal->end_us};
	h->amended = true;
	if (deal->end_us == 0) {
		h->versions[1] = (struct ts_ledger_version){
			deal->terms[1], h->d.leaf, deal->from_us, deal->to_us};
		h->d.versions_n = 2;
		desk_reload(&h->d); /* another process, which finds the new version */
	}
	h->d.leaf++;
	rematch(h, deal, &notice, deal->end_us != 0 ? 1 : 0);
}

static void deliver(struct history *h, const struct deal *deal, struct ts_rng *rng, int32_t now)
{
	int turn = (int)ts_rng_below(rng, CELLS_MAX);
	struct ts_ledger_event event;
	struct ts_period period;
	for (int k = 0; k < deal->n; k++) {
		int i = (k + turn) % deal->n;
		if (h->folded[i] || h->arrives[i] > now)
			continue;
		h->folded[i] = h->since[i] = true;
		bool in_term = ts_period_at(deal->terms[0], deal->raw[i].cell.quarter_us,
				       &period) == TS_OK;
		int64_t cut = in_term ? h->cut_at_us[period.index] : 0;
		h->late[i] = cut != 0 && h->d.at_us > cut + deal->late_days * TS_US_PER_DAY;
		event = desk_event(&h->d, 0, 0);
		assert_ok(ts_ledger_fold(
			h->d.ledger, &event, h->d.leaf, &deal->raw[i].cell, 1, &h->d.why));
		h->d.leaf++;
	}
}

static void tick(struct history *h, int32_t day)
{
	char text[TS_TIME_CHARS];
	enum ts_err err = desk_tick(&h->d, ts_date_format(day, text));
	if (err != TS_OK && h->faulted) {
		h->refused = true;
		return;
	}
	if (err != TS_OK)
		print_error("%s: %s\n", h->d.why.where, h->d.why.text);
	assert_ok(err);
	count_entries(h);
}

/* The cut's state as text, and the ledger and cells that it leads to instead of what was there. */
static void restate(struct history *h, const struct deal *deal)
{
	struct ts_period period;
	struct ts_usage_cell cells[CELLS_MAX];
	struct ts_state state = {.contract = ts_str(h->d.terms->contract), .cut = h->d.leaf - 1};
	struct ts_ledger *fresh = NULL;
	struct ts_str ledger;
	struct ts_buf text;
	int64_t reach = deal->end_us != 0 ? deal->end_us : deal->from_us;
	assert_ok(ts_ledger_period_get(h->d.ledger, h->next, &period));
	if (!h->amended && reach < period.to_us)
		return; /* such a bundle is refused */
	const struct ts_ledger_amendment rest = {.from_us = period.to_us, .to_us = INT64_MAX};
	state.cells_n = known_cells(h, deal, &rest, cells);
	if (h->fault == FAULT_STATE_CELL && state.cells_n > 0 && !h->amended &&
		cells[state.cells_n - 1].quarter_us >= reach) {
		h->faulted = deal_priced(deal, &cells[state.cells_n - 1]);
		state.cells_n--;
	}
	state.cells = cells;
	ts_range_init(&state.inputs);
	ts_range_init(&state.journal);
	ts_buf_init(&text, DESK_TEXT_BYTES);
	assert_ok(ts_state_text(&state, h->d.ledger, h->d.region, &text, &h->d.why));
	const char *copy = ts_region_copy(h->d.region, text.data, text.len);
	assert_non_null(copy);
	if (ts_state_parse((struct ts_str){copy, text.len}, h->d.region, &state, &ledger,
		    &h->d.why) != TS_OK)
		fail_msg("%s", h->d.why.text);
	ts_buf_free(&text);
	assert_ok(ts_ledger_create(h->d.region, h->d.versions, h->d.versions_n, &fresh));
	assert_ok(ts_ledger_text_load(fresh, ledger, &h->d.why));
	h->d.ledger = fresh;
	memset(h->since, 0, sizeof h->since);
	memcpy(h->base, state.cells, state.cells_n * sizeof *h->base);
	h->base_n = state.cells_n;
	h->restated++;
}

static void cut(struct history *h, const struct deal *deal, int32_t day)
{
	char text[TS_TIME_CHARS];
	assert_ok(desk_cut(&h->d, h->next, ts_date_format(day, text)));
	h->cut_at_us[h->next] = h->d.at_us;
	h->pending = true;
	count_entries(h);
	if (h->restates)
		restate(h, deal);
}

static void issue(struct history *h)
{
	const char *preview = desk_body(&h->d, h->next), *bytes = NULL;
	size_t len = 0;
	assert_ok(desk_issue(&h->d, h->next));
	assert_ok(ts_invoice_body_json(h->d.invoice, h->d.region, &bytes, &len));
	assert_string_equal(preview, bytes);
	count_entries(h);
	count_document(h);
	h->pending = false;
	h->next++;
	desk_reload(&h->d);
}

static void maybe_cut(struct history *h, const struct deal *deal, struct ts_rng *rng, int32_t day)
{
	struct ts_period period;
	assert_ok(ts_ledger_period_get(h->d.ledger, h->next, &period));
	bool due = day >= period.end_day - 1 && h->d.at_us >= period.to_us;
	if (h->pending && ts_rng_below(rng, 2) == 0)
		issue(h);
	else if (!h->pending && h->next < PERIODS - 1 && due && ts_rng_below(rng, 2) == 0)
		cut(h, deal, day);
}

static struct history *tell(struct history *h, const struct deal *deal, struct ts_region *region)
{
	struct ts_rng rng = ts_rng_create(h->order);
	int32_t signed_on = h->signed_on;
	ts_region_reset(region);
	h->versions[0] = ts_ledger_first_version(deal->terms[0]);
	desk_begin_versions(&h->d, region, h->versions, 1);
	h->d.leaf = 1; /* behind the first note */
	for (int i = 0; i < deal->n; i++)
		h->arrives[i] = deal->raw[i].day +
				(int32_t)ts_rng_range(&rng, -2, ts_rng_below(&rng, 3) ? 4 : 60);
	if (signed_on == 0)
		amend(h, deal);
	for (int32_t now = deal->terms[0]->from_day; now < deal->last_day;) {
		now += (int32_t)ts_rng_range(&rng, 1, 12);
		now = now < deal->last_day ? now : deal->last_day;
		h->d.at_us = now * TS_US_PER_DAY + TS_US_PER_DAY / 2;
		if (!h->amended && signed_on > 0 && now >= signed_on)
			amend(h, deal);
		if (!h->refused)
			deliver(h, deal, &rng, now);
		if (h->refused)
			return h;
		tick(h, now - 1);
		if (h->refused)
			return h;
		if (h->cuts)
			maybe_cut(h, deal, &rng, now - 1);
	}
	if (h->pending)
		issue(h);
	while (h->next < PERIODS) {
		cut(h, deal, deal->last_day - 1);
		issue(h);
	}
	assert_ok(ts_ledger_check(h->d.ledger, &h->d.why));
	return h;
}

static struct history *told(const struct deal *deal, struct ts_region *region, uint64_t order,
	bool cuts, int32_t signed_on, enum fault fault)
{
	struct history *h = calloc(1, sizeof *h);
	assert_non_null(h);
	h->order = order;
	h->cuts = cuts;
	h->signed_on = signed_on;
	h->fault = fault;
	return tell(h, deal, region);
}

static void end(struct history *h)
{
	ts_buf_free(&h->d.journal);
	free(h);
}

struct stage {
	struct ts_rng rng;
	struct ts_region *keep, *region;
	struct deal deal;
};

static void stage_open(struct stage *s, uint64_t seed)
{
	s->rng = ts_rng_create(seed);
	s->keep = ts_region_create(DESK_REGION_BYTES);
	s->region = ts_region_create(DESK_REGION_BYTES);
	assert_true(s->keep != NULL && s->region != NULL);
}

static void stage_close(struct stage *s)
{
	ts_region_free(s->keep);
	ts_region_free(s->region);
}

#endif
