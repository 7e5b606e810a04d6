/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PDF_SIGN_H
#define TS_REPORTS_PDF_SIGN_H
/* Why: what a company files says by itself who issued it and that nothing was changed since: a
 * PAdES signature (ETSI EN 319 142-1, SubFilter ETSI.CAdES.detached) over the whole file, as an
 * incremental update. The key is the caller's: it makes the CMS over the two ranges. */
#include "base/buf.h"
#include "base/region.h"
#include "base/text.h"

#define TS_PDF_SIGNATURE_BYTES_MAX 8192 /* of the CMS, DER */

struct ts_pdf_signing {
	/* Writes the detached CMS (DER) over a and then b to out, empty and limited to
	 * TS_PDF_SIGNATURE_BYTES_MAX. */
	enum ts_err (*sign)(void *ctx, struct ts_str a, struct ts_str b, struct ts_buf *out,
		struct ts_why *why);
	void *ctx;
	const char *name; /* of the signer, as its certificate says */
	const char *reason;
	int64_t time_us;
};
/* Writes the signed file to out, which is empty; the signature is invisible, on the first page. */
enum ts_err ts_pdf_sign(struct ts_str pdf, const struct ts_pdf_signing *signing,
	struct ts_region *region, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
