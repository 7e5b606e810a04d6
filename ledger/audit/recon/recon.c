/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recon/recon.h"
#include "audit/recon/state.h"
#include "terms/match.h"
#include <stdlib.h>
#include <string.h>

const char *ts_recon_side_name(enum ts_recon_side side)
{
	return side == TS_RECON_PROVIDER ? "provider" : "partner";
}

const struct ts_recon_kind *ts_recon_kind(enum ts_recon_category category)
{
	static const struct ts_recon_kind kinds[TS_RECON_CATEGORIES] = {
		[TS_RECON_SIGNATURE] = {"signature", "security", "REF", "PIN"},
		[TS_RECON_DUPLICATE] = {"duplicate", "provider", "ITM", "CNP"},
		[TS_RECON_CURRENCY] = {"currency", "finance", "FIN", "NIN"},
		[TS_RECON_PERIOD] = {"period", "finance", "REF", "OTH"},
		[TS_RECON_TIME_OVERLAP] = {"time_overlap", "provider", "QTY", "CNP"},
		[TS_RECON_MISSING_AT_PROVIDER] = {"missing_at_provider", "provider", "ITM", "PIN"},
		[TS_RECON_MISSING_AT_PARTNER] = {"missing_at_partner", "partner", "UNR", "PIN"},
		[TS_RECON_QUANTITY] = {"quantity", "provider", "QTY", "CNP"},
		[TS_RECON_RATE] = {"rate", "contract_admin", "PRI", "CNP"},
		[TS_RECON_COMMITMENT] = {"commitment", "finance", "FIN", "CNP"},
		[TS_RECON_TAX] = {"tax", "finance", "LEG", "NIN"},
	};
	return &kinds[category];
}

struct ts_recon_sku *ts_recon_sku_of(
	const struct ts_recon_state *s, struct ts_str sku, uint32_t *number)
{
	for (size_t i = 0; i < s->skus.n; i++) {
		struct ts_recon_sku *row = ts_rowset_at(&s->skus, i);
		if (!ts_str_is(sku, row->sku))
			continue;
		if (number != NULL)
			*number = (uint32_t)i;
		return row;
	}
	return NULL;
}

static uint64_t sku_hash(const void *row)
{
	return ts_hash_text(0, ((const struct ts_recon_sku *)row)->sku);
}

static bool sku_same(const void *a, const void *b)
{
	return strcmp(((const struct ts_recon_sku *)a)->sku,
		       ((const struct ts_recon_sku *)b)->sku) == 0;
}

static uint64_t rate_hash(const void *row)
{
	const struct ts_recon_rate *r = row;
	uint64_t hash = ts_hash_mix(ts_hash_mix(0, (uint64_t)r->quarter), r->sku);
	return ts_hash_mix(ts_hash_mix(hash, r->entry[0]), r->entry[1]);
}

static bool rate_same(const void *a, const void *b)
{
	const struct ts_recon_rate *x = a, *y = b;
	return x->quarter == y->quarter && x->sku == y->sku && x->entry[0] == y->entry[0] &&
	       x->entry[1] == y->entry[1];
}

static uint64_t day_hash(const void *row)
{
	return ts_hash_mix(0, (uint64_t)((const struct ts_recon_day *)row)->day);
}

static bool day_same(const void *a, const void *b)
{
	return ((const struct ts_recon_day *)a)->day == ((const struct ts_recon_day *)b)->day;
}

static uint64_t offset_hash(const void *row)
{
	return ts_hash_mix(0, (uint64_t)((const struct ts_recon_offset *)row)->offset_ms);
}

static bool offset_same(const void *a, const void *b)
{
	return ((const struct ts_recon_offset *)a)->offset_ms ==
	       ((const struct ts_recon_offset *)b)->offset_ms;
}

static enum ts_err check_options(const struct ts_recon_options *o, struct ts_why *why)
{
	if (o->from_ms >= o->to_ms)
		return ts_why(why, TS_E_INVALID, "period", "the period is empty");
	for (int side = 0; side < 2; side++) {
		const struct ts_recon_sided *s = &o->side[side];
		TS_ASSERT(s->versions_n > 0);
		for (size_t v = 1; v < s->versions_n; v++)
			if (s->versions[v].terms->currency != s->versions[0].terms->currency)
				return ts_why(why, TS_E_INVALID, "terms",
					"versions of one side in %s and %s",
					s->versions[0].terms->currency->code,
					s->versions[v].terms->currency->code);
	}
	return TS_OK;
}

static void find_needs(struct ts_recon_state *s)
{
	for (int side = 0; side < 2; side++) {
		const struct ts_recon_sided *o = &s->options->side[side];
		for (size_t v = 0; v < o->versions_n; v++) {
			struct ts_terms_needs needs = ts_terms_needs(o->versions[v].terms);
			s->by_account = s->by_account || needs.account;
			s->by_cluster = s->by_cluster || needs.origin;
		}
	}
}

static enum ts_err run(struct ts_recon_state *s, struct ts_why *why)
{
	struct ts_recon_report *r = s->report;
	TS_TRY(ts_tariff_init(&s->now, s->options, s->region, why));
	TS_TRY(ts_tariff_init(&s->target, s->options, s->region, why));
	TS_TRY(ts_recon_narrow(s, why));
	TS_TRY(ts_tariff_settle(&s->now, &r->total_minor[TS_RECON_PARTNER], why));
	TS_TRY(ts_tariff_settle(&s->target, &r->total_minor[TS_RECON_PROVIDER], why));
	TS_TRY(ts_recon_hours(s, why));
	TS_TRY(ts_recon_finish(s, why));
	return ts_recon_closes(r, why);
}

enum ts_err ts_recon_run(const struct ts_recon_options *options, struct ts_region *region,
	const struct ts_recon_report **out, struct ts_why *why)
{
	struct ts_recon_state s = {.options = options, .region = region};
	struct ts_why own = {0};
	TS_TRY(check_options(options, why));
	s.report = ts_region_alloc(region, sizeof *s.report);
	if (s.report == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory for the report");
	s.report->from_ms = options->from_ms;
	s.report->to_ms = options->to_ms;
	s.report->dealing = *options->dealing;
	for (int side = 0; side < 2; side++)
		s.report->currency[side] = options->side[side].versions[0].terms->currency;
	s.report->amounts = s.report->currency[0] == s.report->currency[1];
	ts_rowset_init(&s.skus, region, sizeof(struct ts_recon_sku), sku_hash, sku_same);
	ts_rowset_init(&s.rates, region, sizeof(struct ts_recon_rate), rate_hash, rate_same);
	ts_rowset_init(&s.days, region, sizeof(struct ts_recon_day), day_hash, day_same);
	ts_rowset_init(
		&s.offsets, region, sizeof(struct ts_recon_offset), offset_hash, offset_same);
	find_needs(&s);
	enum ts_err err = run(&s, &own);
	ts_tariff_free(&s.now);
	ts_tariff_free(&s.target);
	free(s.items);
	if (err != TS_OK)
		return ts_why(why, err, own.where, "%s",
			own.text[0] != '\0' ? own.text : ts_err_text(err));
	*out = s.report;
	return TS_OK;
}

enum ts_err ts_recon_closes(const struct ts_recon_report *r, struct ts_why *why)
{
	ts_i128 minor = 0, deltas = 0, quantity = 0;
	char a[TS_I128_CHARS], b[TS_I128_CHARS];
	for (size_t i = 0; i < r->items_n; i++) {
		minor += r->items[i].amount_minor;
		deltas += r->items[i].delta;
	}
	if (r->amounts && minor != (ts_i128)r->total_minor[0] - r->total_minor[1])
		return ts_why(why, TS_E_INTERNAL, "reconciliation",
			"does not close: items and what is within sum to %s, the totals differ by "
			"%s minor units; no report",
			ts_i128_format(minor, a),
			ts_i128_format((ts_i128)r->total_minor[0] - r->total_minor[1], b));
	if (r->amounts && minor != (ts_i128)r->items_minor + r->within_minor)
		return ts_why(why, TS_E_INTERNAL, "reconciliation",
			"does not close: the summary is not that of the items; no report");
	for (size_t k = 0; k < r->skus_n; k++) {
		const struct ts_recon_sku *sku = &r->skus[k];
		ts_i128 difference = sku->quantity[0] - sku->quantity[1];
		quantity += difference;
		if (difference != sku->items + sku->within)
			return ts_why(why, TS_E_INTERNAL, "reconciliation",
				"does not close: items of %s sum to %s, the totals differ by %s "
				"base units; no report",
				sku->sku, ts_i128_format(sku->items + sku->within, a),
				ts_i128_format(difference, b));
	}
	if (deltas != quantity)
		return ts_why(why, TS_E_INTERNAL, "reconciliation",
			"does not close: deltas of items and of SKUs differ; no report");
	return TS_OK;
}
