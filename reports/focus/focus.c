/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/focus/focus.h"
#include <string.h>

enum column {
#define X(name, text, number) name,
#include "reports/focus/focus.def"
#undef X
	COLUMNS
};
static const char *const titles[COLUMNS] = {
#define X(name, text, number) [name] = text,
#include "reports/focus/focus.def"
#undef X
};

static const bool numbers[COLUMNS] = {
#define X(name, text, number) [name] = number,
#include "reports/focus/focus.def"
#undef X
};

/* Costs are exact: quantities of 9 decimals times prices of 12. */
#define COST_DECIMALS 21
#define QUANTITY_PICO_PER_NANO 1000
#define COST_CHARS 64

/* What a charge line is in FOCUS. Kinds that are not here are adjustments. */
struct kind {
	const char *name, *category, *frequency, *pricing;
	const char *commitment, *type; /* category and type of the commitment that was not used */
};
static const struct kind kinds[] = {
	{"usage", "Usage", "Usage-Based", NULL, NULL, NULL},
	{"fee", "Purchase", "Recurring", "Other", NULL, NULL},
	{"overage", "Usage", "Usage-Based", "Standard", NULL, NULL},
	{"excess", "Usage", "Usage-Based", "Standard", NULL, NULL},
	{"true_up", "Usage", "Usage-Based", "Committed", "Spend", "Minimum"},
	{"shortfall", "Usage", "Usage-Based", "Committed", "Usage", "Committed quantity"},
	{"rollover", "Credit", "One-Time", NULL, NULL, NULL},
	{"discount", "Credit", "One-Time", NULL, NULL, NULL},
	{"cap", "Credit", "One-Time", NULL, NULL, NULL},
	{"sla_credit", "Credit", "One-Time", NULL, NULL, NULL},
	{"credit", "Credit", "One-Time", NULL, NULL, NULL},
	{"settlement", "Credit", "One-Time", NULL, NULL, NULL},
	{"credit", "Credit", "One-Time", NULL, NULL, NULL},
	{"prepayment", "Purchase", "One-Time", "Other", NULL, NULL},
	{"drawdown", "Credit", "One-Time", NULL, NULL, NULL},
};
static const struct kind other_kind = {NULL, "Adjustment", "One-Time", NULL, NULL, NULL};

struct writer {
	const struct ts_focus_document *doc;
	const json_t *body;
	struct ts_region *region;
	struct ts_csv *csv;
	bool credit_note; /* its signs are turned */
	ts_i128 minor_cost; /* one minor unit as a cost */
	ts_i128 sum; /* of BilledCost */
	const char *common[COLUMNS];
	const char *row[COLUMNS];
	bool full; /* the region was */
};

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *keep(struct writer *w, const char *text)
{
	const char *copy = ts_region_copy(w->region, text, strlen(text));
	w->full = w->full || copy == NULL;
	return copy;
}

/* Plain decimal, no exponent, zeros behind the last digit cut. */
static const char *cost_text(struct writer *w, ts_i128 cost)
{
	char digits[TS_I128_CHARS], out[COST_CHARS];
	const char *d = ts_i128_format(cost, digits);
	size_t n = 0;
	if (*d == '-')
		out[n++] = *d++;
	size_t len = strlen(d);
	size_t whole = len > COST_DECIMALS ? len - COST_DECIMALS : 0;
	memcpy(out + n, whole > 0 ? d : "0", whole > 0 ? whole : 1);
	n += whole > 0 ? whole : 1;
	out[n++] = '.';
	for (size_t i = len; i < COST_DECIMALS; i++)
		out[n++] = '0';
	memcpy(out + n, d + whole, len - whole);
	n += len - whole;
	while (out[n - 1] == '0')
		n--;
	n -= out[n - 1] == '.';
	out[n] = '\0';
	return keep(w, out);
}

static const char *day_text(struct writer *w, const json_t *object, const char *name)
{
	int32_t day = 0;
	char text[TS_TIME_CHARS];
	const char *date = member(object, name);
	if (date == NULL || ts_date_parse(ts_str(date), &day) != TS_OK)
		return NULL;
	return keep(w, ts_time_format(ts_zone_day_start(w->doc->zone, day), text));
}

static const char *integer_text(struct writer *w, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_integer(value))
		return NULL;
	const char *text = ts_region_printf(
		w->region, "%lld", (long long)json_integer_value(value));
	w->full = w->full || text == NULL;
	return text;
}

/* Amount of a member, in its own sign, as a cost. */
static enum ts_err amount_cost(
	struct writer *w, const json_t *object, const char *name, ts_i128 *out)
{
	int64_t minor = 0;
	const char *text = member(object, name);
	TS_TRY(text == NULL ? TS_E_INTERNAL
			    : ts_money_parse(ts_str(text), w->doc->currency, &minor));
	return ts_mul128(w->credit_note ? -minor : minor, w->minor_cost, out);
}

/* Decimal text in its own sign. */
static const char *own_sign(struct writer *w, const char *decimal)
{
	if (!w->credit_note || decimal == NULL || strspn(decimal, "0.") == strlen(decimal))
		return decimal;
	if (decimal[0] == '-')
		return decimal + 1;
	const char *text = ts_region_printf(w->region, "-%s", decimal);
	w->full = w->full || text == NULL;
	return text;
}

static void row_begin(struct writer *w)
{
	memcpy(w->row, w->common, sizeof w->row);
}

static enum ts_err row_end(struct writer *w, ts_i128 cost)
{
	TS_TRY(ts_add128(w->sum, cost, &w->sum));
	const char *text = cost_text(w, cost);
	w->row[BILLED_COST] = w->row[CONTRACTED_COST] = w->row[EFFECTIVE_COST] = w->row[LIST_COST] =
		text;
	if (w->full)
		return TS_E_NO_MEMORY;
	for (int c = 0; c < COLUMNS; c++)
		if (numbers[c])
			ts_csv_number(w->csv, w->row[c]);
		else
			ts_csv_text(w->csv, w->row[c]);
	ts_csv_end(w->csv);
	return w->csv->out->err;
}

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (name != NULL && strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return &other_kind;
}

/* Reserved usage is committed, spot is dynamic; FOCUS knows no more. */
static const char *pricing_of(const struct kind *kind, const char *pricing_class)
{
	if (kind->pricing != NULL || strcmp(kind->category, "Usage") != 0)
		return kind->pricing;
	if (pricing_class != NULL && strncmp(pricing_class, "reserved", 8) == 0)
		return "Committed";
	return pricing_class != NULL && strncmp(pricing_class, "spot", 4) == 0 ? "Dynamic"
									       : "Standard";
}

/* Unit price x quantity where the amount is that; else one charge of the amount. */
static enum ts_err put_price(
	struct writer *w, const json_t *line, const struct kind *kind, ts_i128 *cost)
{
	const char *price = member(line, "unit_price"), *quantity = member(line, "quantity");
	bool priced = strcmp(kind->category, "Usage") == 0 ||
		      strcmp(kind->category, "Purchase") == 0;
	struct ts_decimal p = {0}, q = {0};
	TS_TRY(amount_cost(w, line, "amount", cost));
	if (price != NULL && quantity != NULL) {
		TS_TRY(ts_decimal_parse(ts_str(price), &p));
		TS_TRY(ts_decimal_parse(ts_str(quantity), &q));
		TS_TRY(ts_mul128(q.pico / QUANTITY_PICO_PER_NANO, p.pico, cost));
		*cost = w->credit_note ? -*cost : *cost;
		w->row[PRICING_QUANTITY] = own_sign(w, quantity);
		w->row[PRICING_UNIT] = member(line, "unit");
		w->row[CONTRACTED_UNIT_PRICE] = price;
	} else if (priced) {
		w->row[PRICING_QUANTITY] = "1";
		w->row[PRICING_UNIT] = "Charge";
		w->row[CONTRACTED_UNIT_PRICE] = cost_text(w, *cost);
	}
	return TS_OK;
}

static void put_sku(struct writer *w, const json_t *line)
{
	const char *sku = member(line, "sku"), *id = member(line, "id");
	const char *version = integer_text(w, line, "version"),
		   *tier = integer_text(w, line, "tier");
	const char *class = member(line, "class");
	w->row[SKU_ID] = sku != NULL ? sku : id;
	w->row[SKU_METER] = member(line, "unit") != NULL ? member(line, "unit") : "Charge";
	w->row[SKU_PRICE_ID] = ts_region_printf(w->region, "%s/v%s%s%s", id != NULL ? id : "",
		version != NULL ? version : "1", tier != NULL ? "/t" : "",
		tier != NULL ? tier : "");
	json_t *details = json_object();
	if (class != NULL)
		json_object_set_new(details, "x_Class", json_string(class));
	if (tier != NULL)
		json_object_set_new(details, "x_Tier", json_string(tier));
	const char *text = NULL;
	size_t len = 0;
	if (w->row[SKU_PRICE_ID] == NULL ||
		ts_json_canonical(details, w->region, &text, &len) != TS_OK)
		w->full = true;
	json_decref(details);
	w->row[SKU_PRICE_DETAILS] = text != NULL && strcmp(text, "{}") != 0 ? text : NULL;
}

static void put_commitment(struct writer *w, const json_t *line, const struct kind *kind)
{
	bool spend = strcmp(kind->commitment, "Spend") == 0;
	w->row[COMMITMENT_CATEGORY] = kind->commitment;
	w->row[COMMITMENT_ID] = member(line, "id");
	w->row[COMMITMENT_NAME] = member(line, "description");
	w->row[COMMITMENT_TYPE] = kind->type;
	w->row[COMMITMENT_STATUS] = "Unused";
	w->row[COMMITMENT_QUANTITY] = own_sign(w, member(line, spend ? "amount" : "quantity"));
	w->row[COMMITMENT_UNIT] = spend ? w->doc->currency->code : member(line, "unit");
}

static enum ts_err line_row(struct writer *w, const json_t *line)
{
	const struct kind *kind = kind_of(member(line, "kind"));
	ts_i128 cost = 0;
	row_begin(w);
	w->row[CHARGE_CATEGORY] = kind->category;
	w->row[CHARGE_CLASS] = member(line, "adjusts") != NULL ? "Correction" : NULL;
	w->row[CHARGE_DESCRIPTION] = member(line, "description");
	w->row[CHARGE_FREQUENCY] = kind->frequency;
	w->row[CHARGE_PERIOD_START] = day_text(w, line, "from");
	w->row[CHARGE_PERIOD_END] = day_text(w, line, "to");
	w->row[PRICING_CATEGORY] = pricing_of(kind, member(line, "class"));
	if (member(line, "section") != NULL)
		w->row[SERVICE_NAME] = member(line, "section");
	TS_TRY(put_price(w, line, kind, &cost));
	put_sku(w, line);
	if (kind->commitment != NULL)
		put_commitment(w, line, kind);
	else if (strcmp(kind->category, "Usage") == 0 && member(line, "sku") != NULL) {
		w->row[CONSUMED_QUANTITY] = own_sign(w, member(line, "quantity"));
		w->row[CONSUMED_UNIT] = member(line, "unit");
	}
	w->row[X_ADJUSTS] = member(line, "adjusts");
	w->row[X_BASE_QUANTITY] = own_sign(w, member(line, "base_quantity"));
	w->row[X_LINE_KIND] = member(line, "kind");
	w->row[X_LINE_NUMBER] = integer_text(w, line, "number");
	w->row[X_TERMS_VERSION] = integer_text(w, line, "version");
	return row_end(w, cost);
}

static enum ts_err tax_row(struct writer *w, const json_t *tax)
{
	ts_i128 cost = 0;
	TS_TRY(amount_cost(w, tax, "tax", &cost));
	if (cost == 0)
		return TS_OK;
	row_begin(w);
	w->row[CHARGE_CATEGORY] = "Tax";
	w->row[CHARGE_FREQUENCY] = "One-Time";
	w->row[CHARGE_DESCRIPTION] = ts_region_printf(w->region, "Tax %s %s, %s %%",
		member(tax, "category") != NULL ? member(tax, "category") : "",
		member(tax, "jurisdiction") != NULL ? member(tax, "jurisdiction") : "",
		member(tax, "percent") != NULL ? member(tax, "percent") : "0");
	w->full = w->full || w->row[CHARGE_DESCRIPTION] == NULL;
	return row_end(w, cost);
}

/* What rounding each line once leaves between the exact products and the payable amount. */
static enum ts_err rounding_row(struct writer *w)
{
	ts_i128 payable = 0;
	TS_TRY(amount_cost(
		w, w->body, member(w->body, "payable") != NULL ? "payable" : "total", &payable));
	TS_TRY(ts_sub128(payable, w->sum, &payable));
	if (payable == 0)
		return TS_OK;
	row_begin(w);
	w->row[CHARGE_CATEGORY] = "Adjustment";
	w->row[CHARGE_FREQUENCY] = "One-Time";
	w->row[CHARGE_DESCRIPTION] = "Invoice rounding: lines are rounded once each";
	return row_end(w, payable);
}

static void put_common(struct writer *w)
{
	const json_t *head = json_object_get(w->doc->json, "head");
	const char **c = w->common;
	c[BILLING_ACCOUNT_ID] = member(w->body, "contract");
	c[BILLING_ACCOUNT_NAME] = w->doc->contract_title;
	c[BILLING_ACCOUNT_TYPE] = "Contract";
	c[BILLING_CURRENCY] = w->doc->currency->code;
	c[BILLING_PERIOD_START] = c[CHARGE_PERIOD_START] = day_text(w, w->body, "from");
	c[BILLING_PERIOD_END] = c[CHARGE_PERIOD_END] = day_text(w, w->body, "to");
	c[INVOICE_ID] = member(head, "number");
	c[INVOICE_ISSUER_NAME] = c[PROVIDER_NAME] = c[PUBLISHER_NAME] = w->doc->issuer;
	c[SERVICE_CATEGORY] = c[SERVICE_NAME] = "Compute";
	c[SERVICE_SUBCATEGORY] = "Other (Compute)";
	c[X_DOCUMENT] = w->doc->sha256;
}

void ts_focus_header(struct ts_csv *csv)
{
	ts_csv_header(csv, titles, COLUMNS);
}

enum ts_err ts_focus_rows(const struct ts_focus_document *document, struct ts_region *region,
	struct ts_csv *csv, struct ts_why *why)
{
	struct writer w = {.doc = document, .region = region, .csv = csv};
	w.body = json_object_get(document->json, "body");
	const char *kind = member(w.body, "kind");
	w.credit_note = kind != NULL && strcmp(kind, "credit_note") == 0;
	w.minor_cost = 1;
	for (int i = document->currency->exponent; i < COST_DECIMALS; i++)
		w.minor_cost *= 10;
	put_common(&w);
	if (w.common[INVOICE_ID] == NULL || w.common[BILLING_PERIOD_START] == NULL)
		return ts_why(why, TS_E_INTERNAL, "document", "it has no number or period");
	const json_t *lines = json_object_get(w.body, "lines");
	const json_t *taxes = json_object_get(w.body, "taxes");
	for (size_t i = 0; i < json_array_size(lines); i++)
		TS_TRY(line_row(&w, json_array_get(lines, i)));
	for (size_t i = 0; i < json_array_size(taxes); i++)
		TS_TRY(tax_row(&w, json_array_get(taxes, i)));
	return rounding_row(&w);
}
