/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_BILLING_H
#define TS_TERMS_BILLING_H
/* Why: what is accrued and what is billed may follow two plans. What a schedule comes to over the
 * whole term, and which document an installment stands on. */
#include "terms/calendar.h"

/* The sum over all periods of what the schedule gives for each, rounded per period; the term must
 * have an end (TS_E_INVALID). */
enum ts_err ts_billing_total(const struct ts_terms *terms, const struct ts_segment *segments,
	size_t n, int64_t *minor) TS_MUST;
/* What is billed elsewhere than with the period that it is accrued in. */
bool ts_billing_apart(const struct ts_fee *fee);
/* Sum of the installments that the document of the period bears. */
enum ts_err ts_billing_installments(
	const struct ts_fee *fee, const struct ts_period *period, int64_t *minor) TS_MUST;

#endif
