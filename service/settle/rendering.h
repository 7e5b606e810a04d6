/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_RENDERING_H
#define TS_SERVICE_RENDERING_H
/* Why: the renderings of a document are made once, with it, and kept. UBL is the one that may not
 * be possible; then the reasons are kept in its place, so that whoever asks for it is told. */
#include "reports/invoice_ubl.h"
#include "service/key/document_key.h"
#include "store/db.h"

#define TS_MEDIA_UBL "application/xml"
#define TS_MEDIA_UBL_REFUSAL "text/x-ubl-refusal" /* lines: where TAB rule or - TAB text */

/* The UBL document, or else the reasons; *media says which. Pure, so an auditor makes it again. */
enum ts_err ts_rendering_ubl(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_buf *out, const char **media, struct ts_ubl_refusals *refusals,
	struct ts_why *why) TS_MUST;
struct ts_rendering {
	int64_t contract_id;
	const struct ts_invoice *invoice; /* with its head */
	struct ts_document_key
		*key; /* the issuer's, under which the PDF is signed; NULL: it is not */
	int64_t now_us;
	struct ts_region *region;
};
/* All renderings of an issued document, within its transaction: CSV, UBL, and the PDF with both
 * attached. refusals->n 0: it has UBL. TS_E_KEY: the certificate is not valid now. */
enum ts_err ts_rendering_store(const struct ts_rendering *rendering, struct ts_db *db,
	struct ts_ubl_refusals *refusals, struct ts_why *why) TS_MUST;

#endif
