/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/ubl_line.h"
#include "reports/figure.h"
#include <stdio.h>
#include <string.h>

/* Above this price the digits that a printed quantity leaves out are worth a cent. */
#define PRICE_MAX_MAJOR 1000000
#define LUMP_UNIT "C62" /* one */

const struct ts_sku *ts_ubl_line_sku(
	const struct ts_invoice *invoice, const struct ts_invoice_line *line, size_t *index)
{
	const struct ts_terms *versions[] = {invoice->terms, invoice->newest};
	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; versions[v] && i < versions[v]->skus_n; i++) {
			if (line->sku && strcmp(versions[v]->skus[i].id, line->sku) == 0) {
				*index = i;
				return &versions[v]->skus[i];
			}
		}
	}
	return NULL;
}

bool ts_ubl_line_is_counted(const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	int64_t net = 0;
	size_t index = 0;
	return line->has_unit_price && line->unit_price.pico >= 0 && line->base_quantity != 0 &&
	       line->unit_price.pico <= PRICE_MAX_MAJOR * TS_PICO &&
	       ts_ubl_line_sku(invoice, line, &index) &&
	       ts_money_extend(line->base_quantity, line->unit_price, line->divisor,
		       invoice->terms->currency, invoice->terms->rounding, &net) == TS_OK &&
	       net == line->net_minor;
}

static bool is_reduction(const struct ts_invoice_line *line)
{
	bool kind = line->kind == TS_CHARGE_DISCOUNT || line->kind == TS_CHARGE_CAP ||
		    line->kind == TS_CHARGE_SLA || line->kind == TS_CHARGE_CREDIT ||
		    line->kind == TS_CHARGE_SETTLEMENT || line->kind == TS_CHARGE_DRAWDOWN;
	return kind && !line->adjusts && line->net_minor < 0;
}

bool ts_ubl_line_is_allowance(const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	/* A document has at least one line, so one of reductions alone shows them as lines. */
	for (size_t i = 0; i < invoice->lines_n; i++) {
		if (!is_reduction(&invoice->lines[i]))
			return is_reduction(line);
	}
	return false;
}

static const char *category(const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	return ts_invoice_treatment(invoice, line->treatment)->category;
}

static void put_category(struct ts_xml *xml, const char *element, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line)
{
	char text[TS_DECIMAL_CHARS];
	ts_xml_open(xml, element);
	ts_xml_text(xml, "cbc:ID", NULL, NULL, category(invoice, line));
	if (strcmp(category(invoice, line), "O") != 0)
		ts_xml_text(
			xml, "cbc:Percent", NULL, NULL, ts_decimal_format(line->percent, 0, text));
	ts_xml_open(xml, "cac:TaxScheme");
	ts_xml_text(xml, "cbc:ID", NULL, NULL, "VAT");
	ts_xml_close(xml);
	ts_xml_close(xml);
}

static const char *name_of(const struct ts_invoice_line *line)
{
	if (line->description && *line->description)
		return line->description;
	return line->sku_name && *line->sku_name ? line->sku_name : line->id;
}

void ts_ubl_line_allowance(
	struct ts_xml *xml, const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	char text[TS_DECIMAL_CHARS];
	const struct ts_currency *currency = invoice->terms->currency;
	const char *code = line->kind == TS_CHARGE_DISCOUNT ? "95"
			   : line->kind == TS_CHARGE_SLA    ? "100"
							    : NULL;
	ts_xml_open(xml, "cac:AllowanceCharge");
	ts_xml_text(xml, "cbc:ChargeIndicator", NULL, NULL, "false");
	ts_xml_text(xml, "cbc:AllowanceChargeReasonCode", NULL, NULL, code);
	ts_xml_text(xml, "cbc:AllowanceChargeReason", NULL, NULL, name_of(line));
	ts_xml_text(xml, "cbc:Amount", "currencyID", currency->code,
		ts_money_format(-line->net_minor, currency, text));
	put_category(xml, "cac:TaxCategory", invoice, line);
	ts_xml_close(xml);
}

static bool in_period(const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	return line->from_day >= invoice->period.first_day &&
	       line->to_day <= invoice->period.end_day && line->from_day < line->to_day;
}

static void put_attribute(struct ts_xml *xml, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	ts_xml_open(xml, "cac:AdditionalItemProperty");
	ts_xml_text(xml, "cbc:Name", NULL, NULL, name);
	ts_xml_text(xml, "cbc:Value", NULL, NULL, value);
	ts_xml_close(xml);
}

static void put_item(struct ts_xml *xml, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line, bool counted)
{
	char number[TS_DECIMAL_CHARS], text[2 * TS_DECIMAL_CHARS], from[TS_TIME_CHARS],
		to[TS_TIME_CHARS];
	bool named = line->sku && *line->sku;
	ts_xml_open(xml, "cac:Item");
	ts_xml_text(xml, "cbc:Description", NULL, NULL, line->section);
	ts_xml_text(xml, "cbc:Name", NULL, NULL, name_of(line));
	ts_xml_open(xml, "cac:SellersItemIdentification");
	ts_xml_text(xml, "cbc:ID", NULL, NULL, named ? line->sku : line->id);
	ts_xml_close(xml);
	put_category(xml, "cac:ClassifiedTaxCategory", invoice, line);
	put_attribute(xml, "Product", named ? line->sku_name : NULL);
	put_attribute(xml, "Unit", counted ? line->unit : NULL);
	put_attribute(xml, "Class",
		line->pricing_class && strcmp(line->pricing_class, "*") != 0 ? line->pricing_class
									     : NULL);
	snprintf(text, sizeof text, "%d", line->tier);
	put_attribute(xml, "Price tier", line->tier > 0 ? text : NULL);
	if (!counted && ts_charge_is_counted(line->kind) && line->base_quantity != 0) {
		snprintf(text, sizeof text, "%s %s",
			ts_figure_quantity(line->base_quantity, line->divisor, number),
			line->unit && *line->unit ? line->unit : "days");
		put_attribute(xml, "Quantity", text);
	}
	if (!in_period(invoice, line)) {
		snprintf(text, sizeof text, "%s to %s", ts_date_format(line->from_day, from),
			ts_date_format(line->to_day - 1, to));
		put_attribute(xml, "Service period", text);
	}
	put_attribute(xml, line->reversal ? "Reverses line of" : "Corrects line of", line->adjusts);
	snprintf(text, sizeof text, "%d", line->version);
	put_attribute(xml, "Terms version", text);
	ts_xml_close(xml);
}

static void put_amounts(struct ts_xml *xml, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line, bool counted)
{
	char text[TS_DECIMAL_CHARS];
	size_t index = 0;
	const struct ts_currency *currency = invoice->terms->currency;
	bool credit = invoice->kind == TS_DOCUMENT_CREDIT_NOTE;
	const struct ts_sku *sku = counted ? ts_ubl_line_sku(invoice, line, &index) : NULL;
	const char *quantity = line->net_minor < 0 ? "-1" : "1";
	if (counted)
		quantity = ts_figure_quantity(line->base_quantity, line->divisor, text);
	ts_xml_text(xml, credit ? "cbc:CreditedQuantity" : "cbc:InvoicedQuantity", "unitCode",
		sku && sku->unit_code ? sku->unit_code : LUMP_UNIT, quantity);
	ts_xml_text(xml, "cbc:LineExtensionAmount", "currencyID", currency->code,
		ts_money_format(line->net_minor, currency, text));
}

static void put_price(struct ts_xml *xml, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line, bool counted)
{
	char text[TS_DECIMAL_CHARS];
	const struct ts_currency *currency = invoice->terms->currency;
	int64_t lump = line->net_minor < 0 ? -line->net_minor : line->net_minor;
	ts_xml_open(xml, "cac:Price");
	ts_xml_text(xml, "cbc:PriceAmount", "currencyID", currency->code,
		counted ? ts_decimal_format(line->unit_price, currency->exponent, text)
			: ts_money_format(lump, currency, text));
	ts_xml_close(xml);
}

void ts_ubl_line(
	struct ts_xml *xml, const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	bool credit = invoice->kind == TS_DOCUMENT_CREDIT_NOTE;
	bool counted = ts_ubl_line_is_counted(invoice, line);
	char number[16], day[TS_TIME_CHARS];
	snprintf(number, sizeof number, "%d", line->number);
	ts_xml_open(xml, credit ? "cac:CreditNoteLine" : "cac:InvoiceLine");
	ts_xml_text(xml, "cbc:ID", NULL, NULL, number);
	ts_xml_text(xml, "cbc:Note", NULL, NULL, line->trace);
	put_amounts(xml, invoice, line, counted);
	if (in_period(invoice, line)) {
		ts_xml_open(xml, "cac:InvoicePeriod");
		ts_xml_text(xml, "cbc:StartDate", NULL, NULL, ts_date_format(line->from_day, day));
		ts_xml_text(xml, "cbc:EndDate", NULL, NULL, ts_date_format(line->to_day - 1, day));
		ts_xml_close(xml);
	}
	put_item(xml, invoice, line, counted);
	put_price(xml, invoice, line, counted);
	ts_xml_close(xml);
}
