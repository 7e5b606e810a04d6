/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/threshold.h"
#include "book/forecast.h"
#include "service/handler/handler.h"
#include "store/outbox.h"
#include "store/threshold.h"
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

static enum ts_err tell(struct ts_db *db, int64_t contract_id, const struct ts_ledger *ledger,
	const struct ts_period *period, const struct ts_forecast_gauge *g, int16_t percent,
	int64_t at_us, struct ts_region *region, struct ts_why *why)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, g->version);
	char name[TS_TIME_CHARS];
	const char *data = NULL;
	json_t *json = json_pack("{s:s,s:s,s:i,s:s,s:s,s:i,s:o,s:o,s:s,s:o}", "contract",
		terms->contract, "period", ts_period_name(period, name), "index",
		(int)period->index, "kind", ts_threshold_kind(g->kind), "id", g->id, "percent",
		(int)percent, "used", figure(g, g->used, terms->currency), "of",
		figure(g, g->of, terms->currency), "unit",
		g->unit != NULL ? g->unit : terms->currency->code, "as_of",
		ts_json_day(ts_ledger_head(ledger)->day));
	TS_TRY(ts_handler_data(region, json, &data));
	return ts_db_outbox_add(db, contract_id, TS_DB_EVENT_THRESHOLD_REACHED, at_us, data, why);
}

static enum ts_err one_period(struct ts_db *db, int64_t contract_id, const struct ts_ledger *ledger,
	const struct ts_period *period, int64_t at_us, struct ts_region *region, struct ts_why *why)
{
	struct ts_forecast_gauge *gauges = NULL;
	struct ts_db_threshold *fresh = NULL;
	size_t n = 0, rows_n = 0, fresh_n = 0;
	TS_TRY(ts_ledger_gauges(
		ledger, period, ts_ledger_head(ledger)->day, region, &gauges, &n, why));
	struct ts_db_threshold *rows = ts_region_array(region, n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		int16_t step = 0;
		TS_TRY(step_of(&gauges[i], &step));
		if (step > 0)
			rows[rows_n++] = (struct ts_db_threshold){
				ts_threshold_kind(gauges[i].kind), gauges[i].id, step};
	}
	if (rows_n == 0)
		return TS_OK;
	TS_TRY(ts_db_threshold_reach(db, contract_id, period->index, rows, rows_n, at_us, region,
		&fresh, &fresh_n, why));
	for (size_t k = 0; k < fresh_n; k++)
		for (size_t i = 0; i < n; i++)
			if (strcmp(fresh[k].kind, ts_threshold_kind(gauges[i].kind)) == 0 &&
				strcmp(fresh[k].item, gauges[i].id) == 0) {
				TS_TRY(tell(db, contract_id, ledger, period, &gauges[i],
					fresh[k].percent, at_us, region, why));
				break;
			}
	return TS_OK;
}

/* Terms that agree on nothing of the kind cost nothing here. */
static bool has_gauges(const struct ts_terms *terms)
{
	return terms->minimums_n + terms->commitments_n + terms->caps_n > 0;
}

enum ts_err ts_threshold_report(struct ts_db *db, int64_t contract_id,
	const struct ts_ledger *ledger, int64_t at_us, struct ts_region *region, struct ts_why *why)
{
	int32_t day = ts_ledger_head(ledger)->day;
	struct ts_period p = {.index = -1}, next;
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
			TS_TRY(one_period(db, contract_id, ledger, &next, at_us, region, why));
	}
	return TS_OK;
}
