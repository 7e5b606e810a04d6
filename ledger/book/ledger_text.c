/* SPDX-License-Identifier: Apache-2.0 */
#include "book/ledger_text.h"
#include "book/ledger_credit.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 12
#define LINE_BYTES_MAX 65535

enum type { I32, I64, I128, BOOL, TEXT, NAME, KIND, ACCOUNT, PRICE };
struct field {
	enum type type;
	size_t offset;
};
#define F(type_, row, member)                                                                      \
	{                                                                                          \
		type_, offsetof(struct row, member)                                                \
	}
#define LINE(row)                                                                                  \
	F(I32, row, line.version), F(KIND, row, line.kind), F(I32, row, line.item),                \
		F(I32, row, line.tier), F(I32, row, line.period)

union row {
	struct ts_ledger_head head;
	struct ts_measure_row measure;
	struct ts_fine_row fine;
	struct ts_waiting_row waiting;
	struct ts_unbilled_row unbilled;
	struct ts_late_row late;
	struct ts_accrual_row accrual;
	struct ts_billed_row billed;
	struct ts_taxed_row taxed;
	struct ts_period_row period;
	struct ts_cut_row cut;
	struct ts_credit_row credit;
	struct ts_prepaid_row prepaid;
	struct ts_balance_row balance;
};

static const void *head_at(const struct ts_ledger *ledger, size_t i)
{
	return i == 0 ? &ledger->head : NULL;
}
static const void *balance_at(const struct ts_ledger *ledger, size_t i)
{
	return i < TS_ACCOUNT_N ? &ledger->balances[i] : NULL;
}
#define AT(name, set)                                                                              \
	static const void *name##_at(const struct ts_ledger *ledger, size_t i)                     \
	{                                                                                          \
		return ts_rowset_at(&ledger->set, i);                                              \
	}
AT(measure, measures)
AT(fine, fine)
AT(waiting, waiting)
AT(unbilled, unbilled)
AT(late, late)
AT(accrual, accruals)
AT(billed, billed)
AT(taxed, taxed)
AT(period, periods)
AT(cut, cuts)
AT(credit, credits)
AT(prepaid, prepaid)

#define MATTERS(name)                                                                              \
	static bool name##_matters(const struct ts_ledger *ledger, const void *row)                \
	{                                                                                          \
		(void)ledger;                                                                      \
		return ((const struct ts_##name##_row *)row)->quantity != 0;                       \
	}
MATTERS(fine)
MATTERS(waiting)
MATTERS(late)
static bool cut_matters(const struct ts_ledger *ledger, const void *row)
{
	const struct ts_cut_row *cut = row;
	return !ts_ledger_period_row(ledger, cut->cut)->issued;
}
static bool balance_matters(const struct ts_ledger *ledger, const void *row)
{
	const struct ts_balance_row *balance = row;
	(void)ledger;
	return balance->debit_minor != 0 || balance->credit_minor != 0;
}

#define PERIODS_MAX 24000 /* two thousand years of months */

static bool sound_period(int32_t period)
{
	return period >= 0 && period < PERIODS_MAX;
}
static bool sound_price(const struct ts_ledger *ledger, int32_t version, int32_t price)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, version);
	return terms != NULL && price >= 0 && (size_t)price < ts_terms_slots(terms);
}
static bool sound_line(const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, line->version);
	if (terms == NULL || line->item < 0 || line->tier < 0 || !sound_period(line->period))
		return false;
	return (size_t)line->item < ts_charge_items(terms, line->kind);
}

/* What a row must have to do with the terms and the rows before it, so that events can use it. */
static bool head_sound(const struct ts_ledger *ledger, const union row *row)
{
	const struct ts_ledger_head *h = &row->head;
	(void)ledger;
	return h->inputs_to >= 0 && h->entries >= 0 && h->tick_serial > 0 && h->cut_serial > 0 &&
	       h->issue_serial > 0 && h->documents > 0 && h->end_us >= 0 &&
	       h->end_us % TS_US_PER_QUARTER == 0;
}
static bool measure_sound(const struct ts_ledger *ledger, const union row *row)
{
	return sound_price(ledger, row->measure.version, row->measure.price) &&
	       sound_period(row->measure.period) && row->measure.quantity >= 0;
}
static bool fine_sound(const struct ts_ledger *ledger, const union row *row)
{
	struct ts_period period;
	const struct ts_fine_row *f = &row->fine;
	return sound_price(ledger, f->version, f->price) &&
	       (size_t)f->price < ts_ledger_terms(ledger, f->version)->prices_n &&
	       f->quantity > 0 && f->quarter_us % TS_US_PER_QUARTER == 0 &&
	       ts_ledger_terms(ledger, f->version)->prices[f->price].fine &&
	       ts_period_at(ts_ledger_calendar(ledger), f->quarter_us, &period) == TS_OK &&
	       period.index == f->period;
}
static bool waiting_sound(const struct ts_ledger *ledger, const union row *row)
{
	struct ts_period period;
	return sound_price(ledger, row->waiting.version, row->waiting.price) &&
	       row->waiting.quantity > 0 && row->waiting.quarter_us % TS_US_PER_QUARTER == 0 &&
	       ts_ledger_period_at(ledger, row->waiting.quarter_us, &period) == TS_OK;
}
static bool late_sound(const struct ts_ledger *ledger, const union row *row)
{
	(void)ledger;
	return row->late.quantity > 0 && row->late.quarter_us % TS_US_PER_QUARTER == 0;
}
static bool accrual_sound(const struct ts_ledger *ledger, const union row *row)
{
	return sound_line(ledger, &row->accrual.line);
}
static bool billed_sound(const struct ts_ledger *ledger, const union row *row)
{
	return sound_line(ledger, &row->billed.line) && row->billed.document != NULL;
}
static bool taxed_sound(const struct ts_ledger *ledger, const union row *row)
{
	return row->taxed.treatment >= 0 &&
	       (size_t)row->taxed.treatment < ts_ledger_newest(ledger)->treatments_n;
}
static bool period_sound(const struct ts_ledger *ledger, const union row *row)
{
	const struct ts_period_row *p = &row->period;
	(void)ledger;
	return sound_period(p->index) && p->cut && p->issued == (p->document != NULL) &&
	       p->cut_leaf >= 0 && p->cut_to >= 0 && p->late_from >= 0;
}
static bool cut_sound(const struct ts_ledger *ledger, const union row *row)
{
	const struct ts_cut_row *c = &row->cut;
	const struct ts_period_row *period = ts_ledger_period_row(ledger, c->cut);
	return sound_line(ledger, &c->line) && period != NULL && !period->issued &&
	       c->line.period <= c->cut + 1; /* billed in advance */
}
static bool prepaid_sound(const struct ts_ledger *ledger, const union row *row)
{
	const struct ts_prepaid_row *p = &row->prepaid;
	struct ts_hash hash;
	return p->item >= 0 && (size_t)p->item < ts_ledger_newest(ledger)->prepayments_n &&
	       p->net_minor > 0 && p->tax_minor >= 0 && p->paid_minor >= 0 &&
	       p->refunded_minor >= 0 && p->refunded_minor <= p->net_minor &&
	       p->refunded_tax_minor >= 0 && p->refunded_tax_minor <= p->tax_minor &&
	       (p->from_period == -1 || sound_period(p->from_period)) &&
	       ts_text_unhex(ts_str(p->document_sha256), hash.b, TS_HASH_BYTES) == TS_OK;
}
static bool credit_sound(const struct ts_ledger *ledger, const union row *row)
{
	return ts_credit_sound(ledger, &row->credit) &&
	       (!row->credit.granted || sound_period(row->credit.period));
}
static bool balance_sound(const struct ts_ledger *ledger, const union row *row)
{
	(void)ledger;
	return row->balance.debit_minor >= 0 && row->balance.credit_minor >= 0 &&
	       (row->balance.debit_minor > 0 || row->balance.credit_minor > 0);
}

static enum ts_err head_load(struct ts_ledger *ledger, const union row *row)
{
	ts_ledger_load_head(ledger, &row->head);
	return TS_OK;
}
static enum ts_err balance_load(struct ts_ledger *ledger, const union row *row)
{
	ts_ledger_load_balance(ledger, &row->balance);
	return TS_OK;
}
#define LOADER(name)                                                                               \
	static enum ts_err name##_load(struct ts_ledger *ledger, const union row *row)             \
	{                                                                                          \
		return ts_ledger_load_##name(ledger, &row->name);                                  \
	}
LOADER(measure)
LOADER(fine)
LOADER(waiting)
LOADER(unbilled)
LOADER(late)
LOADER(accrual)
LOADER(billed)
LOADER(taxed)
LOADER(period)
LOADER(cut)
LOADER(credit)
LOADER(prepaid)

static const struct kind {
	const char *name;
	const void *(*at)(const struct ts_ledger *ledger, size_t i);
	bool (*matters)(const struct ts_ledger *ledger, const void *row); /* NULL: always */
	bool (*sound)(const struct ts_ledger *ledger, const union row *row); /* NULL: always */
	enum ts_err (*load)(struct ts_ledger *ledger, const union row *row);
	size_t n;
	struct field fields[FIELDS_MAX];
} kinds[] = {
	{"head", head_at, NULL, head_sound, head_load, 9,
		{F(I64, ts_ledger_head, inputs_to), F(I32, ts_ledger_head, day),
			F(I64, ts_ledger_head, at_us), F(I64, ts_ledger_head, entries),
			F(I64, ts_ledger_head, tick_serial), F(I64, ts_ledger_head, cut_serial),
			F(I64, ts_ledger_head, issue_serial), F(I64, ts_ledger_head, documents),
			F(I64, ts_ledger_head, end_us)}},
	{"measure", measure_at, NULL, measure_sound, measure_load, 5,
		{F(I32, ts_measure_row, version), F(I32, ts_measure_row, price),
			F(I32, ts_measure_row, period), F(I32, ts_measure_row, month),
			F(I128, ts_measure_row, quantity)}},
	{"fine", fine_at, fine_matters, fine_sound, fine_load, 8,
		{F(I64, ts_fine_row, quarter_us), F(I32, ts_fine_row, version),
			F(I32, ts_fine_row, price), F(I32, ts_fine_row, period),
			F(NAME, ts_fine_row, pricing_class), F(NAME, ts_fine_row, account),
			F(NAME, ts_fine_row, origin), F(I128, ts_fine_row, quantity)}},
	{"waiting", waiting_at, waiting_matters, waiting_sound, waiting_load, 4,
		{F(I64, ts_waiting_row, quarter_us), F(I32, ts_waiting_row, version),
			F(I32, ts_waiting_row, price), F(I128, ts_waiting_row, quantity)}},
	{"unbilled", unbilled_at, NULL, NULL, unbilled_load, 5,
		{F(NAME, ts_unbilled_row, reason), F(NAME, ts_unbilled_row, sku),
			F(NAME, ts_unbilled_row, pricing_class), F(I32, ts_unbilled_row, month),
			F(I128, ts_unbilled_row, quantity)}},
	{"late", late_at, late_matters, late_sound, late_load, 6,
		{F(I64, ts_late_row, quarter_us), F(NAME, ts_late_row, sku),
			F(NAME, ts_late_row, pricing_class), F(NAME, ts_late_row, account),
			F(NAME, ts_late_row, origin), F(I128, ts_late_row, quantity)}},
	{"accrual", accrual_at, NULL, accrual_sound, accrual_load, 7,
		{LINE(ts_accrual_row), F(I32, ts_accrual_row, month),
			F(I64, ts_accrual_row, accrued_minor)}},
	{"billed", billed_at, NULL, billed_sound, billed_load, 8,
		{LINE(ts_billed_row), F(I64, ts_billed_row, billed_minor),
			F(I128, ts_billed_row, billed_quantity), F(TEXT, ts_billed_row, document)}},
	{"taxed", taxed_at, NULL, taxed_sound, taxed_load, 5,
		{F(NAME, ts_taxed_row, document), F(I32, ts_taxed_row, treatment),
			F(I128, ts_taxed_row, percent.pico), F(I64, ts_taxed_row, net_minor),
			F(I64, ts_taxed_row, tax_minor)}},
	{"period", period_at, NULL, period_sound, period_load, 9,
		{F(I32, ts_period_row, index), F(BOOL, ts_period_row, cut),
			F(BOOL, ts_period_row, issued), F(I64, ts_period_row, cut_leaf),
			F(I64, ts_period_row, cut_at_us), F(I64, ts_period_row, cut_to),
			F(I32, ts_period_row, cut_day), F(TEXT, ts_period_row, document),
			F(I64, ts_period_row, late_from)}},
	{"cut", cut_at, cut_matters, cut_sound, cut_load, 10,
		{F(I32, ts_cut_row, cut), LINE(ts_cut_row), F(I128, ts_cut_row, quantity),
			F(I64, ts_cut_row, target_minor), {PRICE, 0}, F(TEXT, ts_cut_row, trace)}},
	{"credit", credit_at, NULL, credit_sound, credit_load, 12,
		{F(KIND, ts_credit_row, kind), F(I64, ts_credit_row, serial),
			F(I64, ts_credit_row, leaf), F(BOOL, ts_credit_row, granted),
			F(I32, ts_credit_row, version), F(I32, ts_credit_row, period),
			F(I32, ts_credit_row, month), F(I32, ts_credit_row, treatment),
			F(I64, ts_credit_row, amount_minor), F(TEXT, ts_credit_row, about),
			F(NAME, ts_credit_row, item), F(NAME, ts_credit_row, reason)}},
	{"prepaid", prepaid_at, NULL, prepaid_sound, prepaid_load, 9,
		{F(I32, ts_prepaid_row, item), F(NAME, ts_prepaid_row, document),
			F(NAME, ts_prepaid_row, document_sha256), F(I64, ts_prepaid_row, net_minor),
			F(I64, ts_prepaid_row, tax_minor), F(I64, ts_prepaid_row, paid_minor),
			F(I64, ts_prepaid_row, refunded_minor),
			F(I64, ts_prepaid_row, refunded_tax_minor),
			F(I32, ts_prepaid_row, from_period)}},
	{"balance", balance_at, balance_matters, balance_sound, balance_load, 3,
		{F(ACCOUNT, ts_balance_row, account), F(I64, ts_balance_row, debit_minor),
			F(I64, ts_balance_row, credit_minor)}},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static enum ts_err put_text(struct ts_buf *out, const char *text, struct ts_why *why)
{
	ts_buf_putc(out, '\t');
	for (const char *c = text; *c != '\0'; c++)
		if (*c == '\t' || *c == '\n')
			return ts_why(why, TS_E_INVALID, "state", "\"%s\" has a TAB or LF", text);
	ts_buf_puts(out, text);
	return TS_OK;
}

static enum ts_err put_field(
	struct ts_buf *out, const struct field *field, const void *row, struct ts_why *why)
{
	const void *at = (const char *)row + field->offset;
	char digits[TS_I128_CHARS];
	switch (field->type) {
	case I32:
		ts_buf_printf(out, "\t%d", *(const int32_t *)at);
		return TS_OK;
	case I64:
		ts_buf_printf(out, "\t%lld", (long long)*(const int64_t *)at);
		return TS_OK;
	case I128:
		ts_buf_printf(out, "\t%s", ts_i128_format(*(const ts_i128 *)at, digits));
		return TS_OK;
	case BOOL:
		ts_buf_puts(out, *(const bool *)at ? "\t1" : "\t0");
		return TS_OK;
	case TEXT:
		if (*(const char *const *)at == NULL) {
			ts_buf_puts(out, "\t-");
			return TS_OK;
		}
		return put_text(out, *(const char *const *)at, why);
	case NAME:
		return put_text(out, *(const char *const *)at, why);
	case KIND:
		ts_buf_printf(out, "\t%s", ts_charge_kind_name(*(const enum ts_charge_kind *)at));
		return TS_OK;
	case ACCOUNT:
		ts_buf_printf(out, "\t%s", ts_account_defs[*(const enum ts_account *)at].role);
		return TS_OK;
	case PRICE: /* two members of a cut row: a price, or none */
		if (((const struct ts_cut_row *)row)->has_unit_price)
			ts_buf_printf(out, "\t%s",
				ts_i128_format(
					((const struct ts_cut_row *)row)->unit_price.pico, digits));
		else
			ts_buf_puts(out, "\t-");
		return TS_OK;
	}
	return TS_E_INTERNAL;
}

static int line_cmp(const void *a, const void *b)
{
	return ts_str_cmp(*(const struct ts_str *)a, *(const struct ts_str *)b);
}

/* The lines of one kind, sorted. */
static enum ts_err put_kind(const struct ts_ledger *ledger, const struct kind *kind,
	struct ts_region *scratch, struct ts_buf *out, struct ts_why *why)
{
	struct ts_buf raw;
	size_t rows = 0, used = 0;
	while (kind->at(ledger, rows) != NULL)
		rows++;
	struct ts_str *lines = ts_region_array(scratch, rows + 1, sizeof *lines);
	if (lines == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = TS_OK;
	ts_buf_init(&raw, LINE_BYTES_MAX);
	for (size_t i = 0; err == TS_OK && i < rows; i++) {
		const void *row = kind->at(ledger, i);
		TS_ASSERT(row != NULL);
		if (kind->matters != NULL && !kind->matters(ledger, row))
			continue;
		ts_buf_reset(&raw);
		ts_buf_puts(&raw, kind->name);
		for (size_t k = 0; err == TS_OK && k < kind->n; k++)
			err = put_field(&raw, &kind->fields[k], row, why);
		err = err == TS_OK ? raw.err : err;
		const char *copy = err == TS_OK ? ts_region_copy(scratch, raw.data, raw.len) : NULL;
		if (err == TS_OK && copy == NULL)
			err = TS_E_NO_MEMORY;
		lines[used++] = (struct ts_str){copy, raw.len};
	}
	ts_buf_free(&raw);
	TS_TRY(err);
	qsort(lines, used, sizeof *lines, line_cmp);
	for (size_t i = 0; i < used; i++) {
		ts_buf_put(out, lines[i].at, lines[i].len);
		ts_buf_putc(out, '\n');
	}
	return out->err;
}

enum ts_err ts_ledger_text(const struct ts_ledger *ledger, struct ts_region *scratch,
	struct ts_buf *out, struct ts_why *why)
{
	for (size_t i = 0; i < KINDS; i++)
		TS_TRY(put_kind(ledger, &kinds[i], scratch, out, why));
	return TS_OK;
}

static enum ts_err get_i128(struct ts_str text, ts_i128 min, ts_i128 max, ts_i128 *out)
{
	TS_TRY(ts_i128_parse(text, out));
	return *out < min || *out > max ? TS_E_RANGE : TS_OK;
}

static enum ts_err get_name(
	struct ts_ledger *ledger, struct ts_str text, bool nullable, const char **out)
{
	*out = NULL;
	if (nullable && ts_str_is(text, "-"))
		return TS_OK;
	if (!ts_text_utf8(text))
		return TS_E_MALFORMED;
	*out = ts_region_copy(ledger->region, text.at, text.len);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err get_charge_kind(struct ts_str text, enum ts_charge_kind *out)
{
	for (int i = 0; i < TS_CHARGE_KINDS; i++)
		if (ts_str_is(text, ts_charge_kind_name((enum ts_charge_kind)i))) {
			*out = (enum ts_charge_kind)i;
			return TS_OK;
		}
	return TS_E_MALFORMED;
}

static enum ts_err get_account(struct ts_str text, enum ts_account *out)
{
	for (int i = 0; i < TS_ACCOUNT_N; i++)
		if (ts_str_is(text, ts_account_defs[i].role)) {
			*out = (enum ts_account)i;
			return TS_OK;
		}
	return TS_E_MALFORMED;
}

static enum ts_err get_field(
	struct ts_ledger *ledger, const struct field *field, struct ts_str text, union row *row)
{
	void *at = (char *)row + field->offset;
	ts_i128 number = 0;
	switch (field->type) {
	case I32:
		TS_TRY(get_i128(text, INT32_MIN, INT32_MAX, &number));
		*(int32_t *)at = (int32_t)number;
		return TS_OK;
	case I64:
		TS_TRY(get_i128(text, INT64_MIN, INT64_MAX, &number));
		*(int64_t *)at = (int64_t)number;
		return TS_OK;
	case I128:
		return ts_i128_parse(text, at);
	case BOOL:
		*(bool *)at = ts_str_is(text, "1");
		return *(bool *)at || ts_str_is(text, "0") ? TS_OK : TS_E_MALFORMED;
	case TEXT:
		return get_name(ledger, text, true, at);
	case NAME:
		return get_name(ledger, text, false, at);
	case KIND:
		return get_charge_kind(text, at);
	case ACCOUNT:
		return get_account(text, at);
	case PRICE:
		row->cut.has_unit_price = !ts_str_is(text, "-");
		return row->cut.has_unit_price ? ts_i128_parse(text, &row->cut.unit_price.pico)
					       : TS_OK;
	}
	return TS_E_INTERNAL;
}

static enum ts_err load_line(
	struct ts_ledger *ledger, const struct kind *kind, struct ts_str line, struct ts_why *why)
{
	union row row;
	struct ts_str fields = line;
	(void)ts_str_cut(&fields, '\t');
	memset(&row, 0, sizeof row);
	for (size_t i = 0; i < kind->n; i++) {
		if (fields.at == NULL)
			return ts_why(
				why, TS_E_MALFORMED, kind->name, "fewer than %zu fields", kind->n);
		enum ts_err err = get_field(
			ledger, &kind->fields[i], ts_str_cut(&fields, '\t'), &row);
		if (err != TS_OK)
			return ts_why(why, err, kind->name, "field %zu is not canonical", i + 1);
	}
	if (fields.at != NULL)
		return ts_why(why, TS_E_MALFORMED, kind->name, "more than %zu fields", kind->n);
	if (kind->sound != NULL && !kind->sound(ledger, &row))
		return ts_why(why, TS_E_MALFORMED, kind->name,
			"\"%.*s\" fits neither the terms nor the lines before it",
			(int)(line.len < 80 ? line.len : 80), line.at);
	return kind->load(ledger, &row);
}

enum ts_err ts_ledger_text_load(struct ts_ledger *ledger, struct ts_str text, struct ts_why *why)
{
	struct ts_str line, before = {NULL, 0};
	size_t kind = 0;
	while (ts_str_line(&text, &line)) {
		struct ts_str fields = line;
		struct ts_str name = ts_str_cut(&fields, '\t');
		size_t was = kind;
		while (kind < KINDS && !ts_str_is(name, kinds[kind].name))
			kind++;
		if (kind == KINDS)
			return ts_why(why, TS_E_MALFORMED, "state",
				"the line \"%.*s\" is not of a kind that may stand here",
				(int)name.len, name.at);
		if (before.at != NULL && kind == was && ts_str_cmp(before, line) >= 0)
			return ts_why(why, TS_E_MALFORMED, kinds[kind].name,
				"lines are not in order, or one stands twice");
		TS_TRY(load_line(ledger, &kinds[kind], line, why));
		before = line;
	}
	if (text.len != 0)
		return ts_why(why, TS_E_MALFORMED, "state", "the last line has no LF");
	return TS_OK;
}
