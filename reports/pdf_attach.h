/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PDF_ATTACH_H
#define TS_REPORTS_PDF_ATTACH_H
/* Why: the document that people read carries the files that machines read: its CSV and, where it
 * has one, its UBL, as associated files (ISO 32000-2, 14.13). The same input gives the same bytes.
 */
#include "base/buf.h"
#include "base/region.h"
#include "base/text.h"

struct ts_pdf_attachment {
	const char *name; /* "invoice.xml": letters, digits, '.', '-', '_' */
	const char *description;
	const char *media_type; /* "text/csv" */
	const char *relationship; /* "Data", "Alternative", "Source" */
	struct ts_str bytes;
};
#define TS_PDF_ATTACHMENTS_MAX 8
/* Writes pdf with the attachments to out, which is empty. time_us: of the document. */
enum ts_err ts_pdf_attach(struct ts_str pdf, const struct ts_pdf_attachment *attachments, size_t n,
	int64_t time_us, struct ts_region *region, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
