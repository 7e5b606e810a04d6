/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/threshold.h"
#include "book/forecast.h"
#include "service/handler/handler.h"
#include <string.h>

#define PERIODS_MAX 2 /* the one of D, and the one before it, which late usage may still move */

const char *ts_threshold_kind(enum ts_charge_kind kind)
{
	return kind == TS_CHARGE_TRUE_UP ? "minimum" : kind == TS_CHARGE_CAP ? "cap" : "commitment";
}

/* The highest step that is reached; 0: none. */
static enum ts_err step_of(const struct ts_forecast_gauge *g, int16_t *out)
{
	ts_i128 percent = 0;
	*out = 0;
	if (g->of <= 0 || g->used <= 0)
		return TS_OK;
	TS_TRY(ts_muldiv(g->used, 100, g->of, TS_ROUND_DOWN, &percent));
	if (percent > TS_DB_THRESHOLD_MAX)
		percent = TS_DB_THRESHOLD_MAX;
	*out = (int16_t)(percent - percent % TS_DB_THRESHOLD_STEP);
	return TS_OK;
}

static json_t *figure(
	const struct ts_forecast_gauge *g, ts_i128 v, const struct ts_currency *currency)
{
	char text[TS_DECIMAL_CHARS];
	int64_t minor = 0;
	if (g->unit != NULL)
		return json_string(ts_ratio_format(v, g->divisor, 9, text));
	if (ts_to64(v, &minor) != TS_OK)
		return json_null();
	return ts_json_money(minor, currency);
}

/* What is looked up, and what is found. */
struct search {
	const struct ts_ledger *ledger;
	const struct ts_db_thresholds *reached;
	struct ts_region *region;
	struct ts_db_thresholds *out;
};

/* What the companies are told. */
static enum ts_err told(const struct search *s, const struct ts_period *period,
	const struct ts_forecast_gauge *g, int16_t percent, const char **out)
{
	const struct ts_terms *terms = ts_ledger_terms(s->ledger, g->version);
	char name[TS_TIME_CHARS];
	json_t *json = json_pack("{s:s,s:s,s:i,s:s,s:s,s:i,s:o,s:o,s:s,s:o}", "contract",
		terms->contract, "period", ts_period_name(period, name), "index",
		(int)period->index, "kind", ts_threshold_kind(g->kind), "id", g->id, "percent",
		(int)percent, "used", figure(g, g->used, terms->currency), "of",
		figure(g, g->of, terms->currency), "unit",
		g->unit != NULL ? g->unit : terms->currency->code, "as_of",
		ts_json_day(ts_ledger_head(s->ledger)->day));
	return ts_handler_data(s->region, json, out);
}

static int16_t highest(const struct ts_db_thresholds *list, int32_t period, const char *kind,
	const char *item, int16_t percent)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->list[i].period == period && list->list[i].percent > percent &&
			strcmp(list->list[i].kind, kind) == 0 &&
			strcmp(list->list[i].item, item) == 0)
			percent = list->list[i].percent;
	return percent;
}

static enum ts_err one_gauge(
	struct search *s, const struct ts_period *period, const struct ts_forecast_gauge *g)
{
	const char *kind = ts_threshold_kind(g->kind);
	int16_t top = 0;
	TS_TRY(step_of(g, &top));
	int16_t from = highest(s->reached, period->index, kind, g->id, 0);
	from = highest(s->out, period->index, kind, g->id, from); /* by another version's terms */
	for (int16_t percent = (int16_t)(from + TS_DB_THRESHOLD_STEP); percent <= top;
		percent = (int16_t)(percent + TS_DB_THRESHOLD_STEP)) {
		struct ts_db_threshold step = {period->index, kind, g->id, percent, NULL};
		TS_TRY(told(s, period, g, percent, &step.data));
		s->out->list[s->out->n++] = step;
	}
	return TS_OK;
}

static enum ts_err one_period(struct search *s, const struct ts_period *period, struct ts_why *why)
{
	struct ts_forecast_gauge *gauges = NULL;
	size_t n = 0;
	TS_TRY(ts_ledger_gauges(
		s->ledger, period, ts_ledger_head(s->ledger)->day, s->region, &gauges, &n, why));
	size_t most = s->out->n + n * (TS_DB_THRESHOLD_MAX / TS_DB_THRESHOLD_STEP);
	struct ts_db_threshold *list = ts_region_array(s->region, most + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < s->out->n; i++)
		list[i] = s->out->list[i];
	s->out->list = list;
	for (size_t i = 0; i < n; i++)
		TS_TRY(one_gauge(s, period, &gauges[i]));
	return TS_OK;
}

/* Terms that agree on nothing of the kind cost nothing here. */
static bool has_gauges(const struct ts_terms *terms)
{
	return terms->minimums_n + terms->commitments_n + terms->caps_n > 0;
}

enum ts_err ts_threshold_steps(const struct ts_ledger *ledger,
	const struct ts_db_thresholds *reached, struct ts_region *region,
	struct ts_db_thresholds *out, struct ts_why *why)
{
	int32_t day = ts_ledger_head(ledger)->day;
	struct ts_period p = {.index = -1}, next;
	struct search s = {ledger, reached, region, out};
	*out = (struct ts_db_thresholds){NULL, 0};
	if (day == INT32_MIN)
		return TS_OK;
	for (int32_t i = 0; ts_ledger_period_get(ledger, i, &next) == TS_OK; i++) {
		if (next.first_day > day || next.from_us >= ts_ledger_end(ledger))
			break;
		p = next;
	}
	for (int32_t i = p.index; i >= 0 && i > p.index - PERIODS_MAX; i--) {
		TS_TRY(ts_ledger_period_get(ledger, i, &next));
		if (has_gauges(ts_ledger_document_terms(ledger, &next)))
			TS_TRY(one_period(&s, &next, why));
	}
	return TS_OK;
}
