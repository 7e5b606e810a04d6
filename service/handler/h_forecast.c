/* SPDX-License-Identifier: Apache-2.0 */
/* What the term has ahead, as of what was settled last (docs/forecast.md). */
#include "book/forecast.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/settle/settle.h"
#include "service/settle/threshold.h"

#define REGION_BYTES_MAX ((size_t)1 << 30)
#define PERIODS_DEFAULT 12

struct forecast {
	int64_t contract_id;
	int32_t periods;
	struct ts_region *region;
	struct ts_ledger *ledger;
	struct ts_forecast answer;
};

static enum ts_err forecast_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct forecast *f = arg;
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	ts_region_reset(f->region);
	TS_TRY(ts_settle_load(db, f->contract_id, f->region, &terms, &n, &f->ledger, why));
	return ts_ledger_forecast(f->ledger, f->periods, f->region, &f->answer, why);
}

/* Money as an amount, a quantity in priced units; never negative here. */
static json_t *figure(
	const struct ts_forecast_gauge *g, ts_i128 v, const struct ts_currency *currency)
{
	char text[TS_DECIMAL_CHARS];
	int64_t minor = 0;
	if (g->unit != NULL)
		return json_string(ts_ratio_format(v, g->divisor, 9, text));
	return ts_to64(v, &minor) == TS_OK ? ts_json_money(minor, currency) : json_null();
}

/* Rounded down to 0.01 %. */
static json_t *percent(ts_i128 used, ts_i128 of)
{
	char text[TS_DECIMAL_CHARS];
	ts_i128 hundredths = 0;
	if (of <= 0 || ts_muldiv(used, 10000, of, TS_ROUND_DOWN, &hundredths) != TS_OK)
		return json_null();
	return json_string(ts_ratio_format(hundredths, 100, 2, text));
}

static json_t *gauge_json(const struct ts_forecast_gauge *g, const struct ts_currency *currency)
{
	ts_i128 rest = g->projected_of > g->used ? g->projected_of - g->used : 0;
	return json_pack("{s:s,s:s,s:s,s:I,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "kind",
		ts_threshold_kind(g->kind), "id", g->id, "description", g->description, "version",
		(json_int_t)g->version, "unit", g->unit != NULL ? g->unit : currency->code,
		"agreed", figure(g, g->projected_of, currency), "used",
		figure(g, g->used, currency), "used_percent", percent(g->used, g->projected_of),
		"left", figure(g, rest, currency), "agreed_to_date", figure(g, g->of, currency),
		"projected", figure(g, g->projected, currency), "projected_percent",
		percent(g->projected, g->projected_of), "settles_at",
		ts_json_money(g->settle_minor, currency));
}

static json_t *kinds_json(
	const int64_t by_kind[TS_CHARGE_KINDS], const struct ts_currency *currency)
{
	json_t *object = json_object();
	for (int k = 0; k < TS_CHARGE_KINDS; k++)
		if (by_kind[k] != 0)
			json_object_set_new(object, ts_charge_kind_name((enum ts_charge_kind)k),
				ts_json_money(by_kind[k], currency));
	return object;
}

static json_t *period_json(const struct ts_forecast_period *p, const struct ts_currency *currency)
{
	char name[TS_TIME_CHARS];
	json_t *gauges = json_array();
	const char *state = p->cut ? "cut" : p->over ? "over" : p->begun ? "open" : "ahead";
	for (size_t i = 0; i < p->gauges_n; i++)
		json_array_append_new(gauges, gauge_json(&p->gauges[i], currency));
	return json_pack("{s:s,s:i,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "period",
		ts_period_name(&p->period, name), "index", (int)p->period.index, "from",
		ts_json_day(p->period.first_day), "to", ts_json_day(p->period.end_day), "state",
		state, "to_date", ts_json_money(p->to_date_minor, currency), "projected",
		ts_json_money(p->projected_minor, currency), "to_date_by_kind",
		kinds_json(p->to_date_by_kind, currency), "projected_by_kind",
		kinds_json(p->projected_by_kind, currency), "agreed", gauges);
}

static json_t *forecast_json(const struct forecast *f, const char *contract)
{
	const struct ts_forecast *a = &f->answer;
	const struct ts_currency *currency = ts_ledger_terms(f->ledger, 1)->currency;
	json_t *periods = json_array();
	for (size_t i = 0; i < a->n; i++)
		json_array_append_new(periods, period_json(&a->periods[i], currency));
	return json_pack("{s:s,s:s,s:I,s:o,s:{s:s,s:o,s:o,s:i},s:o}", "contract", contract,
		"currency", currency->code, "inputs_to", (json_int_t)a->inputs_to, "as_of",
		ts_json_day(a->day), "method", "name", "mean_of_reference_days", "from",
		ts_json_day(a->from_day), "to", ts_json_day(a->to_day), "days",
		(int)(a->to_day - a->from_day), "periods", periods);
}

static enum ts_err forecast(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	const struct ts_query_value *periods = ts_request_query(req, "periods");
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	scope.read_only = true;
	struct forecast f = {.contract_id = contract.contract_id,
		.periods = periods->text.at != NULL ? (int32_t)periods->number : PERIODS_DEFAULT,
		.region = ts_region_create(REGION_BYTES_MAX)};
	if (f.region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, forecast_tx, &f, why);
	if (err == TS_OK)
		err = ts_handler_json(res, 200, forecast_json(&f, contract.public_id), why);
	ts_region_free(f.region);
	return err;
}

static const struct ts_query_param forecast_query[] = {
	{"periods", TS_QUERY_INT, false, 1, TS_FORECAST_PERIODS_MAX,
		"billing periods, from the present one on (12)"},
	{0}};

const struct ts_route ts_routes_forecast[] = {
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/forecast",
		.handler = forecast,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = forecast_query,
		.id = "getForecast",
		.tag = "ledger",
		.summary = "Commitments used so far, and what the periods ahead will cost at this "
			   "pace",
		.response =
			"as_of, inputs_to, method; periods: to_date, projected, agreed (minimums, "
			"commitments, caps)"},
	{0},
};
