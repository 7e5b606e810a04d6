/* SPDX-License-Identifier: Apache-2.0 */
/* Folding: cells of new leaves become measures, waiting cells, or quantity that is not billed and
 * stays visible with its reason. */
#include "book/ledger_state.h"
#include "terms/match.h"
#include <string.h>

static enum ts_err add_measure(struct ts_ledger *ledger, const struct ts_terms *terms, size_t price,
	int32_t period, int32_t month, ts_i128 quantity, struct ts_why *why)
{
	struct ts_measure_row key = {.version = (int32_t)terms->version,
		.price = (int32_t)price,
		.period = period,
		.month = month};
	void *found = NULL;
	TS_TRY(ts_rowset_get(&ledger->measures, &key, &found));
	struct ts_measure_row *row = found;
	ts_i128 sum = 0;
	TS_TRY(ts_add128(row->quantity, quantity, &sum));
	if (sum < 0)
		return ts_why(why, TS_E_INVALID, ts_terms_slot_id(terms, price),
			"a reversal would make the quantity of a month negative");
	row->quantity = sum;
	row->dirty = true;
	return ts_ledger_touch(ledger, period);
}

/* Kept by quarter-hour; those behind D are left out when the period is rated. */
static enum ts_err add_fine(struct ts_ledger *ledger, const struct ts_terms *terms, size_t price,
	int32_t period, const struct ts_usage_cell *cell, struct ts_why *why)
{
	bool shared = terms->prices[price].counter > 0;
	struct ts_str texts[] = {cell->pricing_class, cell->account, cell->origin};
	const char *copies[] = {"", "", ""};
	for (size_t i = 0; shared && i < sizeof texts / sizeof texts[0]; i++) {
		copies[i] = texts[i].len > 0
				    ? ts_region_copy(ledger->region, texts[i].at, texts[i].len)
				    : "";
		if (copies[i] == NULL)
			return TS_E_NO_MEMORY;
	}
	struct ts_fine_row key = {.version = (int32_t)terms->version,
		.price = (int32_t)price,
		.period = period,
		.quarter_us = cell->quarter_us,
		.pricing_class = copies[0],
		.account = copies[1],
		.origin = copies[2]};
	void *found = NULL;
	TS_TRY(ts_rowset_get(&ledger->fine, &key, &found));
	struct ts_fine_row *row = found;
	ts_i128 sum = 0;
	TS_TRY(ts_add128(row->quantity, cell->quantity, &sum));
	if (sum < 0)
		return ts_why(why, TS_E_INVALID, terms->prices[price].id,
			"a reversal would make the quantity of a quarter-hour negative");
	row->quantity = sum;
	row->dirty = true;
	return ts_ledger_touch(ledger, period);
}

static enum ts_err add_waiting(struct ts_ledger *ledger, const struct ts_terms *terms, size_t price,
	const struct ts_usage_cell *cell, struct ts_why *why)
{
	struct ts_waiting_row key = {.quarter_us = cell->quarter_us,
		.version = (int32_t)terms->version,
		.price = (int32_t)price};
	void *found = NULL;
	TS_TRY(ts_rowset_get(&ledger->waiting, &key, &found));
	struct ts_waiting_row *row = found;
	ts_i128 sum = 0;
	TS_TRY(ts_add128(row->quantity, cell->quantity, &sum));
	if (sum < 0)
		return ts_why(why, TS_E_INVALID, ts_terms_slot_id(terms, price),
			"a reversal would make the quantity of a quarter-hour negative");
	row->quantity = sum;
	row->dirty = true;
	return TS_OK;
}

static enum ts_err add_unbilled(
	struct ts_ledger *ledger, const char *reason, const struct ts_usage_cell *cell)
{
	const struct ts_zone *zone = &ts_ledger_calendar(ledger)->zone;
	char *sku = ts_region_copy(ledger->region, cell->sku.at, cell->sku.len);
	char *class = ts_region_copy(
		ledger->region, cell->pricing_class.at, cell->pricing_class.len);
	if (sku == NULL || class == NULL)
		return TS_E_NO_MEMORY;
	struct ts_unbilled_row key = {.reason = reason,
		.sku = sku,
		.pricing_class = class,
		.month = ts_month_of_day(ts_zone_day(zone, cell->quarter_us))};
	void *found = NULL;
	TS_TRY(ts_rowset_get(&ledger->unbilled, &key, &found));
	struct ts_unbilled_row *row = found;
	row->dirty = true;
	return ts_add128(row->quantity, cell->quantity, &row->quantity);
}

void ts_ledger_lateness(struct ts_ledger *ledger, const struct ts_ledger_event *event)
{
	if (event->at_us == ledger->late_at_us)
		return;
	ledger->late_at_us = event->at_us;
	for (size_t i = 0; i < ledger->periods.n; i++) {
		struct ts_period_row *row = ts_rowset_at(&ledger->periods, i);
		struct ts_period period;
		if (!row->cut || row->late_from != 0 ||
			ts_ledger_period_get(ledger, row->index, &period) != TS_OK)
			continue;
		int64_t days = ts_ledger_document_terms(ledger, &period)->late_usage_until_days;
		if (event->at_us > row->cut_at_us + days * TS_US_PER_DAY) {
			row->late_from = event->from;
			row->dirty = true;
		}
	}
}

static bool too_late(const struct ts_ledger *ledger, int32_t period, int64_t leaf)
{
	const struct ts_period_row *row = ts_ledger_period_row(ledger, period);
	return row != NULL && row->late_from > 0 && leaf >= row->late_from;
}

/* Into the sums of a price or a watch; a cell behind D waits. */
static enum ts_err add_slot(struct ts_ledger *ledger, const struct ts_terms *terms, size_t slot,
	const struct ts_period *period, const struct ts_usage_cell *cell, struct ts_why *why)
{
	int32_t day = ts_zone_day(&ts_ledger_calendar(ledger)->zone, cell->quarter_us);
	if (day > ledger->head.day)
		return add_waiting(ledger, terms, slot, cell, why);
	return add_measure(
		ledger, terms, slot, period->index, ts_month_of_day(day), cell->quantity, why);
}

enum ts_err ts_ledger_fold_cell(
	struct ts_ledger *ledger, const struct ts_usage_cell *cell, bool late, struct ts_why *why)
{
	const struct ts_terms *terms = ts_ledger_governing(ledger, cell->quarter_us);
	struct ts_period period = {0};
	size_t price = 0;
	const struct ts_usage_key key = {.sku = cell->sku,
		.pricing_class = cell->pricing_class,
		.account = cell->account,
		.cluster = ts_origin_cluster(cell->origin),
		.quarter_us = cell->quarter_us};
	if (terms == NULL ||
		ts_period_at(ts_ledger_calendar(ledger), cell->quarter_us, &period) != TS_OK)
		return add_unbilled(ledger, "outside_term", cell);
	switch (ts_terms_match(terms, &key, &price)) {
	case TS_MATCH_EXCLUDED:
		TS_TRY(add_unbilled(ledger, "excluded", cell));
		if (late || !ts_terms_watch(terms, price, cell->sku, &price))
			return TS_OK;
		return add_slot(ledger, terms, price, &period, cell, why);
	case TS_MATCH_NONE:
		return add_unbilled(ledger, "unpriced", cell);
	case TS_MATCH_PRICE:
		break;
	}
	if (late)
		return add_unbilled(ledger, "late", cell);
	if (terms->prices[price].fine)
		return add_fine(ledger, terms, price, period.index, cell, why);
	return add_slot(ledger, terms, price, &period, cell, why);
}

static enum ts_err add_late(struct ts_ledger *ledger, const struct ts_usage_cell *cell)
{
	struct ts_late_row key;
	void *found = NULL;
	TS_TRY(ts_ledger_late_key(ledger, cell, &key));
	TS_TRY(ts_rowset_get(&ledger->late, &key, &found));
	struct ts_late_row *row = found;
	row->dirty = true;
	return ts_add128(row->quantity, cell->quantity, &row->quantity);
}

struct ts_terms_needs ts_ledger_needs(const struct ts_ledger *ledger)
{
	return ts_terms_needs(ledger->versions[0].terms);
}

struct ts_usage_cell ts_ledger_cell(
	const struct ts_ledger *ledger, const struct ts_usage_cell *cell)
{
	struct ts_terms_needs needs = ts_ledger_needs(ledger);
	struct ts_usage_cell plain = *cell;
	if (!needs.account || plain.account.at == NULL)
		plain.account = TS_STR("");
	if (!needs.origin || plain.origin.at == NULL)
		plain.origin = TS_STR("");
	return plain;
}

enum ts_err ts_ledger_late_key(
	const struct ts_ledger *ledger, const struct ts_usage_cell *cell, struct ts_late_row *out)
{
	const struct ts_str texts[] = {cell->sku, cell->pricing_class, cell->account, cell->origin};
	const char *copies[4];
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		copies[i] = ts_region_copy(ledger->region, texts[i].at, texts[i].len);
		if (copies[i] == NULL)
			return TS_E_NO_MEMORY;
	}
	*out = (struct ts_late_row){.quarter_us = cell->quarter_us,
		.sku = copies[0],
		.pricing_class = copies[1],
		.account = copies[2],
		.origin = copies[3]};
	return TS_OK;
}

enum ts_err ts_ledger_fold(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	int64_t leaf, const struct ts_usage_cell *cells, size_t n, struct ts_why *why)
{
	ts_ledger_lateness(ledger, event);
	for (size_t i = 0; i < n; i++) {
		const struct ts_usage_cell cell = ts_ledger_cell(ledger, &cells[i]);
		struct ts_period period;
		bool late = ts_ledger_period_at(ledger, cell.quarter_us, &period) == TS_OK &&
			    too_late(ledger, period.index, leaf);
		if (late)
			TS_TRY(add_late(ledger, &cell));
		TS_TRY(ts_ledger_fold_cell(ledger, &cell, late, why));
	}
	return TS_OK;
}

enum ts_err ts_ledger_release(struct ts_ledger *ledger, int32_t day, struct ts_why *why)
{
	const struct ts_zone *zone = &ts_ledger_calendar(ledger)->zone;
	for (size_t i = 0; i < ledger->waiting.n; i++) {
		struct ts_waiting_row *row = ts_rowset_at(&ledger->waiting, i);
		int32_t own = ts_zone_day(zone, row->quarter_us);
		struct ts_period period = {0};
		if (row->quantity == 0 || own > day)
			continue;
		const struct ts_terms *terms = ts_ledger_terms(ledger, row->version);
		TS_ASSERT(terms != NULL);
		TS_TRY(ts_period_at(ts_ledger_calendar(ledger), row->quarter_us, &period));
		TS_TRY(add_measure(ledger, terms, (size_t)row->price, period.index,
			ts_month_of_day(own), row->quantity, why));
		row->quantity = 0;
		row->dirty = true;
	}
	return TS_OK;
}
