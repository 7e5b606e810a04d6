/* SPDX-License-Identifier: Apache-2.0 */
/* When a fee is billed, apart from when it is accrued. */
#include "terms/billing.h"
#include "terms/decode.h"
#include <string.h>

struct raw_installment {
	int32_t day;
	const char *amount;
};
static const struct ts_json_field installment_fields[] = {
	{"day", TS_JSON_DATE, true, offsetof(struct raw_installment, day), 0, 0},
	{"amount", TS_JSON_STRING, true, offsetof(struct raw_installment, amount), 1, 40},
};

static enum ts_err check_day(const struct ts_decode *d, int32_t before, int32_t day, const char *at)
{
	char text[TS_TIME_CHARS];
	ts_date_format(day, text);
	if (day < d->terms->from_day || day > d->terms->to_day)
		return ts_why(d->why, TS_E_INVALID, at, "day %s lies outside the term", text);
	if (day <= before)
		return ts_why(d->why, TS_E_INVALID, at,
			"day %s is not after the one before: days rise", text);
	return TS_OK;
}

/* Both plans come to the same, so that what is billed in the end is what was accrued. */
static enum ts_err check_sum(const struct ts_decode *d, const struct ts_fee *fee, const char *at)
{
	const struct ts_currency *currency = d->terms->currency;
	char is[TS_DECIMAL_CHARS], want[TS_DECIMAL_CHARS];
	int64_t sum = 0, total = 0;
	for (size_t i = 0; i < fee->installments_n; i++)
		if (ts_add64(sum, fee->installments[i].amount_minor, &sum) != TS_OK)
			return ts_why(d->why, TS_E_OVERFLOW, at, "the invoices overflow");
	if (ts_billing_total(d->terms, fee->segments, fee->segments_n, &total) != TS_OK)
		return ts_why(d->why, TS_E_OVERFLOW, at, "the fee over the term overflows");
	if (sum == total)
		return TS_OK;
	return ts_why(d->why, TS_E_INVALID, at,
		"the invoices come to %s, the fee to %s over the term: they must be equal",
		ts_money_format(sum, currency, is), ts_money_format(total, currency, want));
}

static enum ts_err decode_installments(
	const struct ts_decode *d, const json_t *array, const char *pointer, struct ts_fee *fee)
{
	struct ts_installment *rows = NULL;
	char at[TS_TERMS_POINTER_CHARS];
	if (d->terms->to_day == INT32_MAX)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"invoices need a term with an end: else no sum could be checked");
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &fee->installments_n));
	fee->installments = rows;
	if (fee->installments_n == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "invoices are empty");
	for (size_t i = 0; i < fee->installments_n; i++) {
		struct raw_installment raw = {0};
		ts_decode_pointer(at, pointer, "invoices", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), installment_fields,
			sizeof installment_fields / sizeof installment_fields[0], false, &raw, at));
		rows[i].day = raw.day;
		TS_TRY(ts_decode_money(d, raw.amount, at, "amount", &rows[i].amount_minor));
		TS_TRY(check_day(d, i > 0 ? rows[i - 1].day : INT32_MIN, raw.day, at));
	}
	return check_sum(d, fee, pointer);
}

enum ts_err ts_decode_billing(const struct ts_decode *d, const char *billed, const json_t *invoices,
	const char *pointer, struct ts_fee *fee)
{
	fee->in_advance = billed != NULL && strcmp(billed, "in_advance") == 0;
	if (billed != NULL && !fee->in_advance && strcmp(billed, "in_arrears") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"billed \"%s\" must be in_advance or in_arrears", billed);
	if (invoices == NULL)
		return TS_OK;
	if (billed != NULL)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a fee is billed in_advance or in_arrears, or by invoices of its own");
	return decode_installments(d, invoices, pointer, fee);
}
