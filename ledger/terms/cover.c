/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/cover.h"

bool ts_cover_price(const struct ts_cover *cover, size_t price)
{
	return cover->prices == NULL || cover->prices[price];
}

bool ts_cover_fee(const struct ts_cover *cover, size_t fee)
{
	return cover->fees == NULL || cover->fees[fee];
}

bool ts_cover_inside(
	const struct ts_terms *terms, const struct ts_cover *inner, const struct ts_cover *outer)
{
	for (size_t i = 0; i < terms->prices_n; i++)
		if (ts_cover_price(inner, i) && !ts_cover_price(outer, i))
			return false;
	for (size_t i = 0; i < terms->fees_n; i++)
		if (ts_cover_fee(inner, i) && !ts_cover_fee(outer, i))
			return false;
	return true;
}

bool ts_cover_line(const struct ts_terms *terms, const struct ts_cover *cover,
	enum ts_charge_kind kind, size_t item)
{
	switch (kind) {
	case TS_CHARGE_USAGE:
		return ts_cover_price(cover, item);
	case TS_CHARGE_FEE:
		return ts_cover_fee(cover, item);
	case TS_CHARGE_DISCOUNT:
		return ts_cover_inside(terms, &terms->discounts[item].on, cover);
	case TS_CHARGE_OVERAGE:
	case TS_CHARGE_SHORTFALL:
	case TS_CHARGE_ROLLOVER:
		return ts_cover_price(cover, terms->commitments[item].price);
	case TS_CHARGE_TRUE_UP:
	case TS_CHARGE_EXCESS:
		return ts_cover_inside(terms, &terms->minimums[item].on, cover);
	case TS_CHARGE_SLA:
		return ts_cover_inside(terms, &terms->slas[item].on, cover);
	case TS_CHARGE_CAP:
		return ts_cover_inside(terms, &terms->caps[item].on, cover);
	case TS_CHARGE_CREDIT:
	case TS_CHARGE_SETTLEMENT:
	case TS_CHARGE_PREPAYMENT:
	case TS_CHARGE_DRAWDOWN:
	case TS_CHARGE_BREAKAGE:
	case TS_CHARGE_DEPOSIT:
		break;
	}
	return false;
}

bool ts_line_of_fees(const struct ts_terms *terms, enum ts_charge_kind kind, size_t item)
{
	if (kind != TS_CHARGE_DISCOUNT)
		return kind == TS_CHARGE_FEE;
	for (size_t i = 0; i < terms->fees_n; i++)
		if (ts_cover_fee(&terms->discounts[item].on, i))
			return true;
	return false;
}
