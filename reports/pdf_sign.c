/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/pdf_sign.h"
#include "reports/pdf_update.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its digits are written over when the file's length is known. */
#define RANGE_BLANK "/ByteRange [0 0000000000 0000000000 0000000000]"
#define HEX_CHARS ((size_t)2 * TS_PDF_SIGNATURE_BYTES_MAX)

static enum ts_err odd(struct ts_why *why, const char *what)
{
	return ts_why(why, TS_E_INTERNAL, "pdf", "the file has no %s", what);
}

/* First page: of the catalog's pages, the first kid. */
static enum ts_err first_page(const struct ts_pdf_update *u, struct ts_str catalog, int64_t *out,
	struct ts_str *page, struct ts_why *why)
{
	struct ts_str pages;
	const char *text = ts_region_printf(u->region, "%.*s", (int)catalog.len, catalog.at);
	const char *at = text != NULL ? strstr(text, "/Pages ") : NULL;
	if (at == NULL)
		return odd(why, "pages");
	TS_TRY(ts_pdf_update_dictionary(u, strtoll(at + strlen("/Pages "), NULL, 10), &pages, why));
	text = ts_region_printf(u->region, "%.*s", (int)pages.len, pages.at);
	at = text != NULL ? strstr(text, "/Kids [") : NULL;
	if (at == NULL)
		return odd(why, "first page");
	*out = strtoll(at + strlen("/Kids ["), NULL, 10);
	return ts_pdf_update_dictionary(u, *out, page, why);
}

/* Where the placeholders lie in the file. */
struct places {
	size_t range, contents; /* of RANGE_BLANK; of the '<' before the hexadecimal digits */
};

static int64_t put_signature(
	struct ts_pdf_update *u, const struct ts_pdf_signing *signing, struct places *places)
{
	struct ts_buf *out = u->out;
	int64_t number = ts_pdf_update_object(u, 0);
	ts_buf_puts(out, "<< /Type /Sig\n   /Filter /Adobe.PPKLite\n"
			 "   /SubFilter /ETSI.CAdES.detached\n   /M ");
	ts_pdf_date(out, signing->time_us);
	ts_buf_puts(out, "\n   /Name ");
	ts_pdf_text(out, signing->name);
	ts_buf_puts(out, "\n   /Reason ");
	ts_pdf_text(out, signing->reason);
	ts_buf_puts(out, "\n   ");
	places->range = out->len;
	ts_buf_puts(out, RANGE_BLANK "\n   /Contents ");
	places->contents = out->len;
	ts_buf_putc(out, '<');
	for (size_t i = 0; i < HEX_CHARS; i++)
		ts_buf_putc(out, '0');
	ts_buf_puts(out, ">\n>>");
	ts_pdf_update_object_end(u);
	return number;
}

static int64_t put_widget(struct ts_pdf_update *u, int64_t signature, int64_t page)
{
	int64_t number = ts_pdf_update_object(u, 0);
	ts_buf_printf(u->out,
		"<< /Type /Annot\n   /Subtype /Widget\n   /FT /Sig\n   /T (Signature)\n"
		"   /F 132\n   /Rect [0 0 0 0]\n   /P %" PRId64 " 0 R\n   /V %" PRId64 " 0 R\n>>",
		page, signature);
	ts_pdf_update_object_end(u);
	return number;
}

static enum ts_err put_page(struct ts_pdf_update *u, int64_t number, struct ts_str page,
	int64_t widget, struct ts_why *why)
{
	const char *text = ts_region_printf(u->region, "%.*s", (int)page.len, page.at);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	const char *annots = strstr(text, "/Annots [");
	if (annots == NULL && strstr(text, "/Annots") != NULL)
		return odd(why, "list of annotations in its page");
	ts_pdf_update_object(u, number);
	ts_buf_puts(u->out, "<<");
	if (annots == NULL) {
		ts_buf_printf(u->out, "%s   /Annots [ %" PRId64 " 0 R ]\n>>", text, widget);
	} else {
		annots += strlen("/Annots [");
		ts_buf_put(u->out, text, (size_t)(annots - text));
		ts_buf_printf(u->out, " %" PRId64 " 0 R %s>>", widget, annots);
	}
	ts_pdf_update_object_end(u);
	return TS_OK;
}

/* The whole file but the digits of the signature, brackets included in what is left out. */
static enum ts_err fill(struct ts_buf *out, const struct places *places,
	const struct ts_pdf_signing *signing, struct ts_why *why)
{
	char range[sizeof RANGE_BLANK];
	size_t second = places->contents + HEX_CHARS + 2;
	snprintf(range, sizeof range, "/ByteRange [0 %010zu %010zu %010zu]", places->contents,
		second, out->len - second);
	memcpy(out->data + places->range, range, strlen(range));
	struct ts_buf cms;
	ts_buf_init(&cms, TS_PDF_SIGNATURE_BYTES_MAX);
	enum ts_err err = signing->sign(signing->ctx, (struct ts_str){out->data, places->contents},
		(struct ts_str){out->data + second, out->len - second}, &cms, why);
	if (err == TS_OK)
		err = cms.err;
	for (size_t i = 0; err == TS_OK && i < cms.len; i++) {
		char hex[3];
		snprintf(hex, sizeof hex, "%02x", (unsigned char)cms.data[i]);
		memcpy(out->data + places->contents + 1 + 2 * i, hex, 2);
	}
	ts_buf_free(&cms);
	return err;
}

enum ts_err ts_pdf_sign(struct ts_str pdf, const struct ts_pdf_signing *signing,
	struct ts_region *region, struct ts_buf *out, struct ts_why *why)
{
	struct ts_pdf_update u;
	struct ts_str catalog, page;
	struct places places = {0};
	int64_t page_number = 0;
	TS_TRY(ts_pdf_update_begin(&u, pdf, region, out, why));
	TS_TRY(ts_pdf_update_dictionary(&u, u.root, &catalog, why));
	TS_TRY(first_page(&u, catalog, &page_number, &page, why));
	int64_t signature = put_signature(&u, signing, &places);
	int64_t widget = put_widget(&u, signature, page_number);
	TS_TRY(put_page(&u, page_number, page, widget, why));
	ts_pdf_update_object(&u, u.root);
	ts_buf_puts(out, "<<");
	ts_buf_put(out, catalog.at, catalog.len);
	ts_buf_printf(
		out, "   /AcroForm << /SigFlags 3 /Fields [ %" PRId64 " 0 R ] >>\n>>", widget);
	ts_pdf_update_object_end(&u);
	TS_TRY(ts_pdf_update_end(&u, why));
	return fill(out, &places, signing, why);
}
