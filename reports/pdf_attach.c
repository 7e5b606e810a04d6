/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/pdf_attach.h"
#include "reports/pdf_update.h"
#include <inttypes.h>

/* "text/csv" as a name: '/' is written #2F. */
static void put_type(struct ts_buf *out, const char *media_type)
{
	for (const char *c = media_type; *c != '\0'; c++)
		if (*c == '/')
			ts_buf_puts(out, "#2F");
		else
			ts_buf_putc(out, *c);
}

static int64_t put_file(struct ts_pdf_update *u, const struct ts_pdf_attachment *a, int64_t time_us)
{
	struct ts_buf *out = u->out;
	int64_t stream = ts_pdf_update_object(u, 0);
	ts_buf_puts(out, "<< /Type /EmbeddedFile\n   /Subtype /");
	put_type(out, a->media_type);
	ts_buf_printf(out, "\n   /Length %zu\n   /Params << /Size %zu /ModDate ", a->bytes.len,
		a->bytes.len);
	ts_pdf_date(out, time_us);
	ts_buf_puts(out, " >>\n>>\nstream\n");
	ts_buf_put(out, a->bytes.at, a->bytes.len);
	ts_buf_puts(out, "\nendstream");
	ts_pdf_update_object_end(u);
	int64_t file = ts_pdf_update_object(u, 0);
	ts_buf_puts(out, "<< /Type /Filespec\n   /F ");
	ts_pdf_text(out, a->name);
	ts_buf_puts(out, "\n   /UF ");
	ts_pdf_text(out, a->name);
	ts_buf_puts(out, "\n   /Desc ");
	ts_pdf_text(out, a->description);
	ts_buf_printf(out,
		"\n   /AFRelationship /%s\n   /EF << /F %" PRId64 " 0 R /UF %" PRId64 " 0 R >>\n>>",
		a->relationship, stream, stream);
	ts_pdf_update_object_end(u);
	return file;
}

enum ts_err ts_pdf_attach(struct ts_str pdf, const struct ts_pdf_attachment *attachments, size_t n,
	int64_t time_us, struct ts_region *region, struct ts_buf *out, struct ts_why *why)
{
	struct ts_pdf_update u;
	struct ts_str catalog;
	int64_t files[TS_PDF_ATTACHMENTS_MAX] = {0};
	TS_ASSERT(n >= 1 && n <= TS_PDF_ATTACHMENTS_MAX);
	TS_TRY(ts_pdf_update_begin(&u, pdf, region, out, why));
	TS_TRY(ts_pdf_update_dictionary(&u, u.root, &catalog, why));
	for (size_t i = 0; i < n; i++)
		files[i] = put_file(&u, &attachments[i], time_us);
	ts_pdf_update_object(&u, u.root);
	ts_buf_puts(out, "<<");
	ts_buf_put(out, catalog.at, catalog.len);
	ts_buf_puts(out, "   /PageMode /UseAttachments\n   /Names << /EmbeddedFiles << /Names [");
	for (size_t i = 0; i < n; i++) { /* in the order of their names, as a name tree wants */
		ts_buf_putc(out, ' ');
		ts_pdf_text(out, attachments[i].name);
		ts_buf_printf(out, " %" PRId64 " 0 R", files[i]);
	}
	ts_buf_puts(out, " ] >> >>\n   /AF [");
	for (size_t i = 0; i < n; i++)
		ts_buf_printf(out, " %" PRId64 " 0 R", files[i]);
	ts_buf_puts(out, " ]\n>>");
	ts_pdf_update_object_end(&u);
	return ts_pdf_update_end(&u, why);
}
