/* SPDX-License-Identifier: Apache-2.0 */
/* How the companies deal with differences, and how a shortfall is recognised: signed with the rest,
 * whatever uses it. */
#include "terms/decode.h"
#include <string.h>

#define DAYS_MAX 3660

struct raw_dealing {
	const json_t *tolerance, *record, *line, *invoice, *dispute;
	const char *materiality, *fees, *shortfall;
	int64_t open_days, respond_days, deemed_acceptance_days;
};
struct raw_tolerance {
	struct ts_decimal percent;
	const char *amount;
};
#define MEMBER(name, kind, min, max)                                                               \
	{                                                                                          \
#name, kind, false, offsetof(struct raw_dealing, name), min, max                   \
	}
static const struct ts_json_field reconciliation_fields[] = {
	MEMBER(tolerance, TS_JSON_OBJECT, 0, 0),
	MEMBER(materiality, TS_JSON_STRING, 1, 40),
};
static const struct ts_json_field levels_fields[] = {
	MEMBER(record, TS_JSON_OBJECT, 0, 0),
	MEMBER(line, TS_JSON_OBJECT, 0, 0),
	MEMBER(invoice, TS_JSON_OBJECT, 0, 0),
};
static const struct ts_json_field dispute_fields[] = {
	MEMBER(open_days, TS_JSON_INT, 1, DAYS_MAX),
	MEMBER(respond_days, TS_JSON_INT, 1, DAYS_MAX),
	MEMBER(deemed_acceptance_days, TS_JSON_INT, 1, DAYS_MAX),
};
static const struct ts_json_field revenue_fields[] = {
	MEMBER(fees, TS_JSON_STRING, 1, 20),
	MEMBER(shortfall, TS_JSON_STRING, 1, 20),
};
static const struct ts_json_field tolerance_fields[] = {
	{"percent", TS_JSON_DECIMAL, false, offsetof(struct raw_tolerance, percent), 0, 0},
	{"amount", TS_JSON_STRING, false, offsetof(struct raw_tolerance, amount), 1, 40},
};
#define FIELDS(array) array, sizeof array / sizeof array[0]

enum ts_err ts_decode_recognition(
	const struct ts_decode *d, const char *text, const char *pointer, bool *proportional)
{
	*proportional = text != NULL && strcmp(text, "proportionally") == 0;
	if (text == NULL || *proportional || strcmp(text, "at_end") == 0)
		return TS_OK;
	return ts_why(d->why, TS_E_INVALID, pointer,
		"recognition \"%s\" must be at_end or proportionally", text);
}

static enum ts_err decode_tolerance(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct ts_tolerance *out)
{
	struct raw_tolerance raw = {.amount = NULL};
	*out = (struct ts_tolerance){.amount_minor = obj != NULL ? -1 : 0};
	if (obj == NULL)
		return TS_OK;
	TS_TRY(ts_decode_object(d, obj, FIELDS(tolerance_fields), false, &raw, pointer));
	if (raw.percent.pico < 0 || raw.percent.pico > 100 * TS_PICO)
		return ts_why(d->why, TS_E_RANGE, pointer, "percent is outside 0 to 100");
	out->percent = raw.percent;
	return raw.amount == NULL
		       ? TS_OK
		       : ts_decode_money(d, raw.amount, pointer, "amount", &out->amount_minor);
}

static enum ts_err decode_reconciliation(
	const struct ts_decode *d, const json_t *obj, struct ts_dealing *out)
{
	struct raw_dealing raw = {.tolerance = NULL};
	if (obj == NULL)
		return TS_OK;
	TS_TRY(ts_decode_object(
		d, obj, FIELDS(reconciliation_fields), false, &raw, "/reconciliation"));
	if (raw.materiality != NULL)
		TS_TRY(ts_decode_money(d, raw.materiality, "/reconciliation", "materiality",
			&out->materiality_minor));
	if (raw.tolerance == NULL)
		return TS_OK;
	TS_TRY(ts_decode_object(
		d, raw.tolerance, FIELDS(levels_fields), false, &raw, "/reconciliation/tolerance"));
	TS_TRY(decode_tolerance(d, raw.record, "/reconciliation/tolerance/record", &out->record));
	TS_TRY(decode_tolerance(d, raw.line, "/reconciliation/tolerance/line", &out->line));
	return decode_tolerance(d, raw.invoice, "/reconciliation/tolerance/invoice", &out->invoice);
}

static enum ts_err decode_dispute(
	const struct ts_decode *d, const json_t *obj, struct ts_dealing *out)
{
	struct raw_dealing raw = {
		.open_days = -1, .respond_days = -1, .deemed_acceptance_days = -1};
	if (obj != NULL)
		TS_TRY(ts_decode_object(d, obj, FIELDS(dispute_fields), false, &raw, "/dispute"));
	out->open_days = raw.open_days;
	out->respond_days = raw.respond_days;
	out->deemed_days = raw.deemed_acceptance_days;
	if (raw.deemed_acceptance_days >= 0 && raw.deemed_acceptance_days < raw.open_days)
		return ts_why(d->why, TS_E_INVALID, "/dispute/deemed_acceptance_days",
			"accepted before open_days have passed");
	return TS_OK;
}

/* One of the policies, or NULL. */
static enum ts_err check_policy(
	const struct ts_decode *d, const char *text, const char *pointer, const char *const *names)
{
	for (size_t i = 0; text != NULL && names[i] != NULL; i++)
		if (strcmp(text, names[i]) == 0)
			return TS_OK;
	return text == NULL ? TS_OK
			    : ts_why(d->why, TS_E_INVALID, pointer, "\"%s\" must be %s, %s or %s",
				      text, names[0], names[1], names[2]);
}

static enum ts_err decode_revenue(
	const struct ts_decode *d, const json_t *obj, struct ts_dealing *out)
{
	static const char *const names[] = {"as_billed", "straight_line", "by_capacity", NULL};
	struct raw_dealing raw = {.fees = NULL};
	if (obj == NULL)
		return TS_OK;
	TS_TRY(ts_decode_object(d, obj, FIELDS(revenue_fields), false, &raw, "/revenue"));
	out->fees = raw.fees;
	out->shortfall = raw.shortfall;
	TS_TRY(check_policy(d, raw.fees, "/revenue/fees", names));
	return check_policy(d, raw.shortfall, "/revenue/shortfall", names);
}

enum ts_err ts_decode_dealing(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_dealing *out = &d->terms->dealing;
	TS_TRY(decode_reconciliation(d, root->reconciliation, out));
	TS_TRY(decode_dispute(d, root->dispute, out));
	return decode_revenue(d, root->revenue, out);
}
