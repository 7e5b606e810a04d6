/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/billing.h"
#include "terms/rate_build.h"

enum ts_err ts_billing_total(
	const struct ts_terms *terms, const struct ts_segment *segments, size_t n, int64_t *minor)
{
	struct ts_period period;
	int64_t sum = 0;
	if (terms->to_day == INT32_MAX)
		return TS_E_INVALID;
	for (int32_t i = 0; ts_period_get(terms, i, &period) == TS_OK; i++) {
		const struct ts_rate_builder b = {.terms = terms, .period = &period};
		int64_t due = 0;
		TS_TRY(ts_rate_segments(&b, segments, n, &due));
		TS_TRY(ts_add64(sum, due, &sum));
	}
	*minor = sum;
	return TS_OK;
}

bool ts_billing_apart(const struct ts_fee *fee)
{
	return fee->in_advance || fee->installments_n > 0;
}

enum ts_err ts_billing_installments(
	const struct ts_fee *fee, const struct ts_period *period, int64_t *minor)
{
	int64_t sum = 0;
	for (size_t i = 0; i < fee->installments_n; i++) {
		int32_t day = fee->installments[i].day;
		bool first = period->index == 0 && day <= period->end_day;
		if (first || (day > period->first_day && day <= period->end_day))
			TS_TRY(ts_add64(sum, fee->installments[i].amount_minor, &sum));
	}
	*minor = sum;
	return TS_OK;
}
