/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TEST_SAMPLE_H
#define TS_TEST_SAMPLE_H
/* Why: documents built by hand, so that renderings are tested without a ledger: `sample_create`
 * gives a model that adds up, its lines cycling through usage, tiers, fees and adjustments. */
#include "base/text.h"
#include "book/invoice.h"
#include <inttypes.h>

#define GPU_HOUR ((ts_i128)3600000000)
#define DAY(y, m, d) ts_day_of_date((struct ts_date){y, m, d})

struct sample {
	struct ts_region *region;
	struct ts_terms terms;
	struct ts_treatment treatments[2];
	struct ts_invoice invoice;
};

static inline void sample_parties(struct ts_terms *terms)
{
	terms->provider = (struct ts_party){.id = "northern",
		.name = "Northern Compute, Inc.",
		.address = {"3231 Riverport Road", "Memphis", "38109", "TN", "US"},
		.tax_id = "US 62-1234567",
		.email = "billing@northern-compute.example",
		.payment_details =
			"First Example Bank, Memphis\nRouting 084000039\nAccount 000123456789\n"
			"SWIFT EXMPUS44"};
	terms->consumer = (struct ts_party){.id = "aleph",
		.name = "Aleph Research GmbH",
		.address = {"Invalidenstra\u00dfe 91", "Berlin", "10115", NULL, "DE"},
		.tax_id = "DE 123 456 789",
		.email = "ap@aleph-research.example"};
}

static inline void sample_terms(struct sample *s)
{
	struct ts_terms *terms = &s->terms;
	terms->contract = "4f1c2a9be07d43d8a1b65c0e9f2d7788";
	terms->version = 2;
	terms->title = "Compute services agreement, Riverport";
	sample_parties(terms);
	if (ts_currency_find(TS_STR("USD"), &terms->currency) != TS_OK)
		terms->currency = NULL;
	terms->from_day = DAY(2026, 5, 1);
	terms->to_day = INT32_MAX;
	static const struct ts_zone_offset utc = {INT64_MIN, 0};
	terms->anchor_day = 1;
	terms->zone = (struct ts_zone){"UTC", &utc, 1};
	terms->from_us = ts_zone_day_start(&terms->zone, terms->from_day);
	terms->to_us = INT64_MAX;
	terms->due_days = 30;
	terms->purchase_order = "PO-4500123987";
	terms->buyer_reference = "Cost centre 7710";
	terms->payment_terms = "Net 30 days from the issue date, by bank transfer in US dollars.";
	terms->keys.quorum = "unwitnessed";
	s->treatments[0] = (struct ts_treatment){.id = "rc",
		.category = "AE",
		.jurisdiction = "DE",
		.reason = "Reverse charge",
		.reverse_charge = true};
	s->treatments[1] = (struct ts_treatment){.id = "us",
		.category = "O",
		.jurisdiction = "US-TN",
		.reason = "Data processing service, not taxable (Ruling 13-12)"};
	terms->treatments = s->treatments;
	terms->treatments_n = 2;
}

static inline void sample_usage(struct ts_invoice_line *line, const struct ts_currency *cur, int i)
{
	ts_i128 units = (ts_i128)(i * 7919 + 13) * 1000003;
	line->kind = TS_CHARGE_USAGE;
	line->id = "h100-reserved";
	line->section = i % 10 < 5 ? "Training clusters" : "Inference clusters";
	line->description = "H100 SXM, reserved capacity";
	line->sku = "gpu.h100.sxm";
	line->sku_name = "NVIDIA H100 SXM 80 GB";
	line->pricing_class = "reserved";
	line->unit = "GPU-hour";
	line->divisor = GPU_HOUR;
	line->base_quantity = units * 997;
	line->has_unit_price = true;
	line->unit_price.pico = 2187500000000;
	line->tier = i % 4 == 2 ? 2 : 0;
	line->trace =
		"tier 2 (over 1000 to 10000 GPU-hour): 12.5 GPU-hour x 2.1875 USD = 27.34375 USD; "
		"rounded half away from zero once; terms version 2";
	if (ts_money_extend(line->base_quantity, line->unit_price, line->divisor, cur,
		    TS_ROUND_HALF_AWAY, &line->net_minor) != TS_OK)
		line->net_minor = 0;
}

static inline void sample_fee(struct ts_invoice_line *line, int i)
{
	line->kind = TS_CHARGE_FEE;
	line->id = "base";
	line->section = "Capacity";
	line->description = i == 0 ? "Colossus 1 access, fixed monthly fee (take-or-pay)"
				   : "Power surcharge";
	line->sku = line->sku_name = line->pricing_class = line->unit = "";
	line->divisor = 1;
	line->base_quantity = 31;
	line->net_minor = i == 0 ? INT64_C(125000000000) : 1234500 + i;
	line->trace = "1,250,000,000.00 x 31/31 days; rounded half away from zero once to "
		      "1250000000.00 USD; terms version 2";
}

static inline void sample_lines(struct sample *s, size_t n)
{
	struct ts_invoice *invoice = &s->invoice;
	invoice->lines = ts_region_array(s->region, n, sizeof *invoice->lines);
	invoice->lines_n = n;
	for (size_t i = 0; i < n; i++) {
		struct ts_invoice_line *line = &invoice->lines[i];
		if (i % 20 == 0)
			sample_fee(line, (int)i);
		else
			sample_usage(line, s->terms.currency, (int)i);
		line->number = (int32_t)i + 1;
		line->version = 2;
		line->period = 3;
		line->from_day = DAY(2026, 8, 1);
		line->to_day = DAY(2026, 9, 1);
		line->treatment = i % 20 == 0 ? 1 : 0;
		if (n > 4 && (i == n - 1 || i == n - 2)) {
			line->adjusts = "NC-2026-0003";
			line->reversal = i == n - 2;
			line->version = 1;
			line->section = "Adjustments of earlier periods";
			line->from_day = DAY(2026, 7, 1);
			line->to_day = DAY(2026, 8, 1);
		}
		if (line->reversal) {
			line->net_minor = -line->net_minor;
			line->base_quantity = -line->base_quantity;
		}
	}
}

/* Taxes per treatment and totals from the lines. percent: of treatment 1, whole. */
static inline void sample_sum(struct sample *s, int percent)
{
	struct ts_invoice *invoice = &s->invoice;
	invoice->taxes = ts_region_array(s->region, 2, sizeof *invoice->taxes);
	invoice->taxes_n = 0;
	invoice->subtotal_minor = invoice->tax_minor = 0;
	for (int32_t t = 0; t < 2; t++) {
		struct ts_invoice_tax tax = {.treatment = t,
			.category = s->treatments[t].category,
			.jurisdiction = s->treatments[t].jurisdiction,
			.reason = s->treatments[t].reason};
		bool used = false;
		tax.percent.pico = t == 1 ? percent * TS_PICO : 0;
		if (t == 1 && percent > 0) {
			tax.category = "S";
			tax.reason = NULL;
		}
		for (size_t i = 0; i < invoice->lines_n; i++) {
			struct ts_invoice_line *line = &invoice->lines[i];
			if (line->treatment != t)
				continue;
			line->percent = tax.percent;
			tax.net_minor += line->net_minor;
			used = true;
		}
		tax.tax_minor = t == 1 ? tax.net_minor * percent / 100 : 0;
		invoice->subtotal_minor += tax.net_minor;
		invoice->tax_minor += tax.tax_minor;
		if (used)
			invoice->taxes[invoice->taxes_n++] = tax;
	}
	invoice->total_minor = invoice->subtotal_minor + invoice->tax_minor;
}

static inline void sample_head(struct sample *s)
{
	struct ts_invoice_head *head = &s->invoice.head;
	head->number = "NC-2026-0004";
	head->issue_day = DAY(2026, 9, 4);
	head->due_day = DAY(2026, 10, 4);
	head->inputs_size = 1824886;
	head->journal_size = 20416;
	head->inputs_origin = "billing.northern.example/4f1c2a9be07d43d8a1b65c0e9f2d7788/inputs";
	head->journal_origin = "billing.northern.example/4f1c2a9be07d43d8a1b65c0e9f2d7788/journal";
	head->unwitnessed = true;
	head->completeness = (struct ts_completeness){.expected = 31, .closed = 31};
	head->gap = -1;
	for (size_t i = 0; i < TS_HASH_BYTES; i++) {
		head->contract_note.b[i] = (uint8_t)(i * 37 + 11);
		head->inputs_root.b[i] = (uint8_t)(i * 91 + 5);
		head->journal_root.b[i] = (uint8_t)(i * 53 + 7);
	}
	s->invoice.has_head = true;
}

/* A document of n lines. The caller frees region. */
static inline struct sample *sample_create(size_t n, int percent)
{
	struct ts_region *region = ts_region_create(64 * 1024 * 1024);
	struct sample *s = ts_region_alloc(region, sizeof *s);
	s->region = region;
	sample_terms(s);
	s->invoice.kind = TS_DOCUMENT_INVOICE;
	s->invoice.terms = &s->terms;
	s->invoice.period = (struct ts_period){.index = 3,
		.first_day = DAY(2026, 8, 1),
		.end_day = DAY(2026, 9, 1),
		.full_first_day = DAY(2026, 8, 1),
		.full_end_day = DAY(2026, 9, 1)};
	s->invoice.inputs_to = 1824886;
	s->invoice.day = DAY(2026, 8, 31);
	sample_lines(s, n);
	sample_sum(s, percent);
	sample_head(s);
	return s;
}

#endif
