/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/rendering.h"
#include "reports/invoice_csv.h"
#include "reports/invoice_pdf.h"
#include "reports/pdf_attach.h"
#include "reports/pdf_sign.h"
#include "store/document.h"
#include <string.h>

enum ts_err ts_rendering_ubl(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_buf *out, const char **media, struct ts_ubl_refusals *refusals,
	struct ts_why *why)
{
	*media = TS_MEDIA_UBL;
	enum ts_err err = ts_invoice_ubl(invoice, region, out, refusals, why);
	if (err != TS_E_INVALID)
		return err;
	*media = TS_MEDIA_UBL_REFUSAL;
	for (size_t i = 0; i < refusals->n; i++) {
		const struct ts_ubl_refusal *row = &refusals->rows[i];
		ts_buf_printf(
			out, "%s\t%s\t%s\n", row->where, row->rule ? row->rule : "-", row->text);
	}
	return out->err;
}

/* A number in a file name. */
static const char *file_name(struct ts_region *region, const char *number, const char *suffix)
{
	char *name = ts_region_printf(region, "%s%s", number, suffix);
	for (char *c = name; c != NULL && *c != '\0'; c++)
		if (strchr("/\\:*?\"<>|", *c) != NULL)
			*c = '-';
	return name;
}

struct parts {
	struct ts_buf csv, ubl, plain, whole, sealed;
};

/* The page, the files that machines read, the issuer's signature. */
static enum ts_err make_pdf(const struct ts_rendering *r, struct parts *p, bool has_ubl,
	struct ts_str *out, struct ts_why *why)
{
	const char *number = r->invoice->head.number;
	struct ts_pdf_attachment files[] = {
		{file_name(r->region, number, ".csv"), "the document's lines", "text/csv", "Data",
			{p->csv.data, p->csv.len}},
		{file_name(r->region, number, ".xml"), "the document as UBL 2.1", TS_MEDIA_UBL,
			"Alternative", {p->ubl.data, p->ubl.len}}};
	const struct ts_pdf_signing signing = {.sign = ts_document_key_sign,
		.ctx = r->key,
		.name = r->key != NULL ? ts_document_key_name(r->key) : "",
		.reason = "Issued",
		.time_us = r->now_us};
	if (files[0].name == NULL || files[1].name == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_invoice_pdf(r->invoice, r->region, &p->plain, why));
	TS_TRY(ts_pdf_attach((struct ts_str){p->plain.data, p->plain.len}, files, has_ubl ? 2 : 1,
		(int64_t)r->invoice->head.issue_day * TS_US_PER_DAY, r->region, &p->whole, why));
	*out = (struct ts_str){p->whole.data, p->whole.len};
	if (r->key == NULL)
		return TS_OK;
	TS_TRY(ts_document_key_valid(r->key, r->now_us, why));
	TS_TRY(ts_pdf_sign(*out, &signing, r->region, &p->sealed, why));
	*out = (struct ts_str){p->sealed.data, p->sealed.len};
	return TS_OK;
}

static enum ts_err keep(const struct ts_rendering *r, struct ts_db *db, const char *media,
	struct ts_str bytes, struct ts_why *why)
{
	return ts_db_rendering_add(db, r->contract_id, r->invoice->head.number, media, bytes, why);
}

static enum ts_err store(const struct ts_rendering *r, struct ts_db *db, struct parts *p,
	struct ts_ubl_refusals *refusals, struct ts_why *why)
{
	const char *media = NULL;
	struct ts_str pdf = {NULL, 0};
	TS_TRY(ts_invoice_csv(r->invoice, false, &p->csv));
	TS_TRY(ts_rendering_ubl(r->invoice, r->region, &p->ubl, &media, refusals, why));
	TS_TRY(make_pdf(r, p, strcmp(media, TS_MEDIA_UBL) == 0, &pdf, why));
	TS_TRY(keep(r, db, "application/pdf", pdf, why));
	TS_TRY(keep(r, db, "text/csv", (struct ts_str){p->csv.data, p->csv.len}, why));
	return keep(r, db, media, (struct ts_str){p->ubl.data, p->ubl.len}, why);
}

enum ts_err ts_rendering_store(const struct ts_rendering *rendering, struct ts_db *db,
	struct ts_ubl_refusals *refusals, struct ts_why *why)
{
	struct parts p;
	struct ts_buf *const bufs[] = {&p.csv, &p.ubl, &p.plain, &p.whole, &p.sealed};
	for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
		ts_buf_init(bufs[i], TS_INVOICE_PDF_BYTES_MAX);
	enum ts_err err = store(rendering, db, &p, refusals, why);
	for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
		ts_buf_free(bufs[i]);
	return err;
}
