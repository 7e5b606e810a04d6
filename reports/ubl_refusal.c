/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a document from becoming UBL: members that the terms lack, then rules that it breaks.
 */
#include "reports/en16931/check.h"
#include "reports/invoice_ubl.h"
#include "reports/ubl_line.h"
#include <stdio.h>
#include <string.h>

struct needs {
	const struct ts_invoice *invoice;
	struct ts_region *region;
	struct ts_ubl_refusals *out;
	enum ts_err err;
};

static void refuse(
	struct ts_ubl_refusals *out, const char *where, const char *rule, const char *text)
{
	for (size_t i = 0; i < out->n && !rule; i++) {
		if (strcmp(out->rows[i].where, where) == 0)
			return;
	}
	if (out->n < TS_UBL_REFUSALS_MAX)
		out->rows[out->n++] = (struct ts_ubl_refusal){where, rule, text};
}

static void need(struct needs *needs, bool there, const char *pointer, const char *text)
{
	if (!there)
		refuse(needs->out, pointer, NULL, text);
}

/* By the category of the lines: who must be identified, and how. */
static void need_identifiers(struct needs *needs, const char *category)
{
	const struct ts_party *seller = &needs->invoice->terms->provider,
			      *buyer = &needs->invoice->terms->consumer;
	bool outside = strcmp(category, "O") == 0;
	bool strict = strcmp(category, "K") == 0 || strcmp(category, "G") == 0;
	if (outside) {
		need(needs, seller->registration.id != NULL, "/provider/registration",
			"missing: a document outside the scope of VAT names no VAT identifier, so "
			"the "
			"seller "
			"is known by its registration");
		return;
	}
	need(needs, seller->vat_id || (!strict && seller->tax_id), "/provider/vat_id",
		"missing: the seller's VAT identifier");
	need(needs, seller->vat_id || seller->registration.id, "/provider/registration",
		"missing: the seller's registration, because it has no VAT identifier");
	if (strcmp(category, "K") == 0)
		need(needs, buyer->vat_id != NULL, "/consumer/vat_id",
			"missing: the buyer's VAT identifier: an intra-community supply");
	if (strcmp(category, "AE") == 0)
		need(needs, buyer->vat_id || buyer->registration.id, "/consumer/vat_id",
			"missing: the buyer's VAT identifier or registration: reverse charge");
}

static void need_units(struct needs *needs)
{
	const struct ts_invoice *invoice = needs->invoice;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		size_t index = 0;
		const struct ts_invoice_line *line = &invoice->lines[i];
		if (!ts_ubl_line_is_counted(invoice, line))
			continue;
		const struct ts_sku *sku = ts_ubl_line_sku(invoice, line, &index);
		if (!sku || sku->unit_code)
			continue;
		char *pointer = ts_region_printf(needs->region, "/skus/%zu/unit_code", index);
		char *text = ts_region_printf(needs->region,
			"missing: the UN/ECE code of the unit \"%s\" of %s; an hour is HUR",
			sku->unit, sku->id);
		if (!pointer || !text)
			needs->err = TS_E_NO_MEMORY;
		else
			need(needs, false, pointer, text);
	}
}

enum ts_err ts_invoice_ubl_missing(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_ubl_refusals *out)
{
	struct needs needs = {.invoice = invoice, .region = region, .out = out};
	const struct ts_terms *terms = invoice->terms;
	out->n = 0;
	if (terms->currency->exponent > 2)
		refuse(out, "/currency", NULL,
			"EN 16931 knows amounts of two decimals at most; this currency has three");
	if (invoice->lines_n == 0)
		refuse(out, "lines", NULL, "the document has none, and UBL needs one");
	need(&needs, terms->provider.endpoint.id != NULL, "/provider/endpoint",
		"missing: the seller's electronic address");
	need(&needs, terms->consumer.endpoint.id != NULL, "/consumer/endpoint",
		"missing: the buyer's electronic address");
	need(&needs, terms->buyer_reference || terms->purchase_order, "/invoice/buyer_reference",
		"missing: a buyer reference or a purchase order");
	for (size_t i = 0; i < invoice->taxes_n; i++)
		need_identifiers(&needs, invoice->taxes[i].category);
	need_units(&needs);
	return needs.err;
}

static enum ts_err sum_up(const struct ts_ubl_refusals *refusals, struct ts_why *why)
{
	char text[400];
	size_t len = 0;
	for (size_t i = 0; i < refusals->n && len + 1 < sizeof text; i++) {
		const struct ts_ubl_refusal *row = &refusals->rows[i];
		int n = snprintf(text + len, sizeof text - len, "%s%s%s%s: %s", i > 0 ? "; " : "",
			row->rule ? row->rule : "", row->rule ? " at " : "", row->where, row->text);
		len += n > 0 ? (size_t)n : 0;
	}
	return ts_why(why, TS_E_INVALID, refusals->rows[0].where, "no UBL (%zu reason%s): %s",
		refusals->n, refusals->n == 1 ? "" : "s", text);
}

static enum ts_err check(const struct ts_buf *xml, struct ts_region *region,
	struct ts_ubl_refusals *refusals, struct ts_why *why)
{
	struct ts_ubl_findings findings;
	TS_TRY(ts_ubl_check(
		xml->data, xml->len, TS_UBL_EN16931 | TS_UBL_PEPPOL, region, &findings, why));
	for (size_t i = 0; i < findings.n; i++) {
		if (findings.rows[i].severity == TS_UBL_FATAL)
			refuse(refusals, findings.rows[i].where, findings.rows[i].rule,
				findings.rows[i].text);
	}
	return TS_OK;
}

enum ts_err ts_invoice_ubl(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_buf *out, struct ts_ubl_refusals *refusals, struct ts_why *why)
{
	struct ts_buf xml;
	TS_TRY(ts_invoice_ubl_missing(invoice, region, refusals));
	if (refusals->n > 0)
		return sum_up(refusals, why);
	ts_buf_init(&xml, TS_INVOICE_UBL_BYTES_MAX);
	enum ts_err err = ts_invoice_ubl_write(invoice, region, &xml);
	if (err == TS_OK)
		err = check(&xml, region, refusals, why);
	if (err == TS_OK && refusals->n > 0)
		err = sum_up(refusals, why);
	if (err == TS_OK)
		ts_buf_put(out, xml.data, xml.len);
	ts_buf_free(&xml);
	return err == TS_OK ? out->err : err;
}
