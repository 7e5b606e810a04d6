/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_COVER_H
#define TS_TERMS_COVER_H
/* Why: minimums, discounts, caps and service credits are about some prices and fees. A line that
 * itself is about several (a discount, a true-up) belongs to another such set when all that it is
 * about does. */
#include "terms/rate.h"

bool ts_cover_price(const struct ts_cover *cover, size_t price);
bool ts_cover_fee(const struct ts_cover *cover, size_t fee);
/* Everything of `inner` is in `outer`. */
bool ts_cover_inside(
	const struct ts_terms *terms, const struct ts_cover *inner, const struct ts_cover *outer);
/* The line is about nothing but what the cover names. */
bool ts_cover_line(const struct ts_terms *terms, const struct ts_cover *cover,
	enum ts_charge_kind kind, size_t item);
/* A line about fees; else it is about usage. */
bool ts_line_of_fees(const struct ts_terms *terms, enum ts_charge_kind kind, size_t item);

#endif
