/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PDF_UPDATE_H
#define TS_REPORTS_PDF_UPDATE_H
/* Why: attachments and signatures are added to a finished PDF as an incremental update (ISO
 * 32000-1, 7.5.6): new objects, new versions of old ones, a cross-reference section for these
 * alone. Reads only what ts_pdf_finish and this file itself write. */
#include "base/buf.h"
#include "base/region.h"
#include "base/text.h"

#define TS_PDF_UPDATE_OBJECTS_MAX 64

struct ts_pdf_update {
	struct ts_buf *out; /* the file so far, then what is added */
	struct ts_region *region;
	int64_t size; /* objects: the next number */
	int64_t root, info; /* numbers of catalog and information dictionary */
	size_t previous; /* offset of the last cross-reference section */
	char id[2 * 32 + 16]; /* the trailer's */
	struct {
		int64_t number;
		size_t at;
	} objects[TS_PDF_UPDATE_OBJECTS_MAX];
	size_t objects_n;
};

/* Copies the file into out and reads its trailer. TS_E_INTERNAL: it is not one of ours. */
enum ts_err ts_pdf_update_begin(struct ts_pdf_update *update, struct ts_str pdf,
	struct ts_region *region, struct ts_buf *out, struct ts_why *why) TS_MUST;
/* The newest version of an object's dictionary, from behind its "<<" to its closing ">>". */
enum ts_err ts_pdf_update_dictionary(const struct ts_pdf_update *update, int64_t number,
	struct ts_str *out, struct ts_why *why) TS_MUST;
/* Begins object `number` (0: a new one), whose body the caller writes to out; its number. */
int64_t ts_pdf_update_object(struct ts_pdf_update *update, int64_t number);
void ts_pdf_update_object_end(struct ts_pdf_update *update);
/* Writes the cross-reference section and the trailer. */
enum ts_err ts_pdf_update_end(struct ts_pdf_update *update, struct ts_why *why) TS_MUST;

/* A literal string: "(a \(b\))". Text that is not ASCII goes out as UTF-16BE in hexadecimal. */
void ts_pdf_text(struct ts_buf *out, const char *text);
/* "(D:20260604000000Z)", whole seconds. */
void ts_pdf_date(struct ts_buf *out, int64_t us);

#endif
