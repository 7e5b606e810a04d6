/* SPDX-License-Identifier: Apache-2.0 */
/* The document of an issue, made again, and its renderings. */
#include "base/time.h"
#include "reports/en16931/check.h"
#include "reports/invoice_csv.h"
#include "reports/invoice_pdf.h"
#include "service/auditor/auditor_walk.h"
#include "service/settle/rendering.h"
#include <stdio.h>

static void expect_document(struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event,
	const struct ts_invoice *invoice, struct ts_str json)
{
	struct ts_sheet *sheet = &w->sheets[TS_SHEET_DOCUMENT];
	char day[TS_TIME_CHARS];
	ts_buf_printf(&sheet->key, "number %s", invoice->head.number);
	ts_sheet_int(sheet, invoice->kind);
	ts_sheet_int(sheet, invoice->period.index);
	ts_sheet_text(sheet, TS_STR("issued"));
	ts_sheet_int(sheet, invoice->kind == TS_DOCUMENT_PREPAYMENT ? -1 : event->cut);
	ts_sheet_int(sheet, leaf);
	ts_sheet_text(sheet, ts_str(ts_date_format(invoice->head.issue_day, day)));
	ts_sheet_text(sheet, ts_str(ts_date_format(invoice->head.due_day, day)));
	ts_sheet_text(sheet, ts_str(invoice->terms->currency->code));
	ts_sheet_int(sheet, invoice->subtotal_minor);
	ts_sheet_int(sheet, invoice->tax_minor);
	ts_sheet_int(sheet, invoice->total_minor);
	ts_sheet_hash_of(sheet, json.at, json.len);
	ts_sheet_hash_of(sheet, json.at, json.len);
	ts_sheet_put(sheet);
}

static enum ts_err compare_renderings(
	struct ts_auditor_walk *w, const struct ts_invoice *invoice, struct ts_why *why)
{
	struct ts_sheet sheet;
	struct ts_args args;
	struct ts_buf csv, ubl;
	struct ts_ubl_refusals refusals;
	struct ts_why refusal = {0};
	const char *media = NULL;
	ts_args_init(&args);
	ts_arg_i64(&args, w->a->contract.contract_id);
	ts_arg_text(&args, invoice->head.number);
	ts_buf_init(&csv, TS_INVOICE_PDF_BYTES_MAX);
	ts_buf_init(&ubl, TS_INVOICE_UBL_BYTES_MAX);
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_sheet_begin(
		&sheet, w->a, TS_AUDITOR_DOCUMENTS, "app.rendering", "audit_rendering");
	if (err == TS_OK)
		err = ts_invoice_csv(invoice, false, &csv);
	if (err == TS_OK)
		err = ts_rendering_ubl(invoice, region, &ubl, &media, &refusals, &refusal);
	if (err == TS_OK) {
		ts_buf_printf(&sheet.key, "number %s application/pdf", invoice->head.number);
		ts_sheet_text(&sheet, TS_STR("as hashed"));
		ts_sheet_put(&sheet);
		ts_buf_printf(&sheet.key, "number %s text/csv", invoice->head.number);
		ts_sheet_hash_of(&sheet, csv.data, csv.len);
		ts_sheet_put(&sheet);
		ts_buf_printf(&sheet.key, "number %s %s", invoice->head.number, media);
		ts_sheet_hash_of(&sheet, ubl.data, ubl.len);
		ts_sheet_put(&sheet);
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	}
	ts_sheet_end(&sheet);
	ts_buf_free(&csv);
	ts_buf_free(&ubl);
	ts_region_free(region);
	return err;
}

/* Of the note that was in force when the document was issued. */
static void note_of(struct ts_auditor_walk *w, int64_t leaf, struct ts_invoice_head *head)
{
	for (size_t i = 0; i < w->a->terms_n; i++)
		if (w->a->versions[i].leaf < leaf)
			head->contract_note = w->a->versions[i].statement_sha256;
}

static const struct ts_period_row *cut_row(struct ts_auditor_walk *w, int64_t leaf)
{
	const struct ts_period_row *row = NULL;
	for (size_t i = 0; (row = ts_ledger_period(w->ledger, i)) != NULL; i++)
		if (row->cut && row->cut_leaf == leaf)
			return row;
	return NULL;
}

static enum ts_err head_of(struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event,
	const struct ts_period_row *row, struct ts_invoice_head *head)
{
	struct ts_region *region = w->a->region;
	const struct ts_auditor_cut *cut = NULL;
	struct ts_period period;
	for (size_t i = 0; i < w->cuts_n; i++)
		if (w->cuts[i].period == row->index)
			cut = &w->cuts[i];
	if (cut == NULL)
		return TS_E_INTERNAL;
	TS_TRY(ts_ledger_period_get(w->ledger, row->index, &period));
	const struct ts_terms *terms = ts_ledger_document_terms(w->ledger, &period);
	*head = (struct ts_invoice_head){
		.number = ts_region_copy(region, event->number.at, event->number.len),
		.issue_day = event->date,
		.due_day = event->due,
		.inputs_size = row->cut_to,
		.inputs_root = cut->inputs_root,
		.journal_size = cut->journal_size,
		.journal_root = cut->journal_root,
		.inputs_origin = ts_region_printf(
			region, "%s/%s/inputs", terms->keys.domain, terms->contract),
		.journal_origin = ts_region_printf(
			region, "%s/%s/journal", terms->keys.domain, terms->contract),
		.unwitnessed = !event->cosigned,
		.completeness = cut->windows,
		.gap = event->gap,
		.incomplete = event->gap < 0 && cut->windows.missing + cut->windows.late > 0};
	note_of(w, leaf, head);
	return head->number == NULL || head->inputs_origin == NULL || head->journal_origin == NULL
		       ? TS_E_NO_MEMORY
		       : TS_OK;
}

static enum ts_err check_number(
	struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event, struct ts_why *why)
{
	const struct ts_terms *terms = ts_auditor_terms_at(w->a, leaf);
	char want[128], key[64];
	if (terms == NULL)
		return TS_E_INTERNAL;
	snprintf(want, sizeof want, "%s%06lld", terms->series,
		(long long)ts_ledger_head(w->ledger)->documents);
	if (ts_str_is(event->number, want))
		return TS_OK;
	snprintf(key, sizeof key, "log 0 idx %lld", (long long)leaf);
	return ts_auditor_find(
		w->a, TS_AUDITOR_DOCUMENTS, "app.log_leaf", key, ts_str(want), event->number, why);
}

/* The document, its renderings, its entries. */
static enum ts_err expect_all(struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event,
	const struct ts_invoice *invoice, const struct ts_postings *postings, struct ts_why *why)
{
	const char *json = NULL;
	size_t len = 0;
	TS_TRY(ts_invoice_json(invoice, w->a->region, &json, &len));
	expect_document(w, leaf, event, invoice, (struct ts_str){json, len});
	TS_TRY(compare_renderings(w, invoice, why));
	return ts_auditor_entries(w, postings, why);
}

enum ts_err ts_auditor_issue(
	struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event, struct ts_why *why)
{
	struct ts_invoice *invoice = NULL;
	struct ts_postings postings = {NULL, 0};
	struct ts_invoice_head head;
	struct ts_why found = {"", ""};
	const struct ts_period_row *row = cut_row(w, event->cut);
	if (row == NULL)
		return ts_auditor_walk_stop(
			w, leaf, TS_STR("the index of a cut"), TS_STR("another leaf"), why);
	TS_TRY(head_of(w, leaf, event, row, &head));
	TS_TRY(check_number(w, leaf, event, why));
	int64_t n = ts_ledger_head(w->ledger)->inputs_to;
	struct ts_ledger_event post = {.leaf = leaf,
		.serial = event->serial,
		.at_us = event->at_ms * TS_US_PER_MS,
		.from = n,
		.to = n,
		.day = ts_ledger_head(w->ledger)->day,
		.period = row->index};
	enum ts_err err = ts_ledger_issue(w->ledger, &post, &head, &invoice, &postings, &found);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK)
		return ts_auditor_walk_stop(
			w, leaf, TS_STR("a document that can be issued"), ts_str(found.text), why);
	return expect_all(w, leaf, event, invoice, &postings, why);
}

enum ts_err ts_auditor_prepayment(
	struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event, struct ts_why *why)
{
	struct ts_invoice *invoice = NULL;
	struct ts_postings postings = {NULL, 0};
	struct ts_why found = {"", ""};
	struct ts_invoice_head head = {
		.number = ts_region_copy(w->a->region, event->number.at, event->number.len),
		.issue_day = event->date,
		.due_day = event->due};
	int64_t n = ts_ledger_head(w->ledger)->inputs_to;
	const struct ts_ledger_event post = {.leaf = leaf,
		.serial = event->serial,
		.at_us = event->at_ms * TS_US_PER_MS,
		.from = n,
		.to = n,
		.day = ts_ledger_head(w->ledger)->day};
	int32_t item = 0;
	if (head.number == NULL)
		return TS_E_NO_MEMORY;
	note_of(w, leaf, &head);
	TS_TRY(check_number(w, leaf, event, why));
	enum ts_err err = ts_ledger_prepayment_find(w->ledger, event->prepayment, &item, &found);
	if (err == TS_OK)
		err = ts_ledger_prepayment_issue(
			w->ledger, &post, item, &head, &invoice, &postings, &found);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK)
		return ts_auditor_walk_stop(w, leaf,
			TS_STR("a prepayment whose invoice can be issued"), ts_str(found.text),
			why);
	return expect_all(w, leaf, event, invoice, &postings, why);
}
