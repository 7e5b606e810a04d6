/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_FORECAST_H
#define TS_BOOK_FORECAST_H
/* Why: what the term has ahead, from the ledger as of its N and D: what is used so far of each
 * minimum, commitment and cap, and what the open period and the ones behind it will cost if usage
 * goes on as it did. The method is stated and exact, no model of anything (docs/forecast.md): every
 * price's quantity goes on at the mean of the reference days, quarter-hours repeat the last week;
 * the sum is rated by the functions that rate a bill. Pure; nothing is posted. */
#include "book/ledger.h"

#define TS_FORECAST_PERIODS_MAX 60

/* A minimum, commitment or cap in one period. */
struct ts_forecast_gauge {
	int32_t version;
	enum ts_charge_kind kind; /* TRUE_UP: minimum, SHORTFALL: commitment, CAP */
	const char *id, *description;
	const char *unit; /* NULL: money */
	ts_i128 divisor; /* of the unit */
	ts_i128 used, of; /* as of D; minor or base units */
	ts_i128 projected, projected_of; /* when the period is over */
	int64_t settle_minor; /* true-up, excess, overage and shortfall or cap line, projected */
};
struct ts_forecast_period {
	struct ts_period period;
	bool cut, begun, over; /* as of D */
	int64_t to_date_minor, projected_minor; /* net of all lines */
	int64_t to_date_by_kind[TS_CHARGE_KINDS], projected_by_kind[TS_CHARGE_KINDS];
	struct ts_forecast_gauge *gauges;
	size_t gauges_n;
};
struct ts_forecast {
	int64_t inputs_to; /* N */
	int32_t day; /* D */
	int32_t from_day, to_day; /* reference days, half-open; equal: no day is over yet */
	struct ts_forecast_period *periods; /* from the one that holds D on */
	size_t n;
};

/* At most `periods` of them, to the end of the term. TS_E_CONFLICT: nothing was settled yet. */
enum ts_err ts_ledger_forecast(const struct ts_ledger *ledger, int32_t periods,
	struct ts_region *region, struct ts_forecast *out, struct ts_why *why) TS_MUST;

/* Gauges of one period as of a day, every version that governs part of it. */
enum ts_err ts_ledger_gauges(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_forecast_gauge **out, size_t *n,
	struct ts_why *why) TS_MUST;

#endif
