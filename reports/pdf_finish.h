/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PDF_FINISH_H
#define TS_REPORTS_PDF_FINISH_H
/* Why: cairo 1.16 sets neither the document language nor a file identifier. Both go into the
 * finished file here: the catalog gets /Lang and shows the title in the window, the trailer gets
 * an /ID made of the file's own SHA-256 (so equal content has equal bytes), and the offsets of the
 * cross-reference table behind the catalog are moved. */
#include "base/buf.h"

/* pdf as cairo wrote it (one revision, classic cross-reference table); appends to out.
 * TS_E_INTERNAL with *why when it is not of that shape. */
enum ts_err ts_pdf_finish(
	struct ts_buf *pdf, const char *language, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
