/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/rendering.h"
#include "reports/invoice_csv.h"
#include "reports/invoice_pdf.h"
#include "store/document.h"

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

enum ts_err ts_rendering_store(struct ts_db *db, int64_t contract_id,
	const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_ubl_refusals *refusals, struct ts_why *why)
{
	struct ts_buf out;
	const char *media = NULL, *number = invoice->head.number;
	ts_buf_init(&out, TS_INVOICE_PDF_BYTES_MAX);
	enum ts_err err = ts_invoice_pdf(invoice, region, &out, why);
	if (err == TS_OK)
		err = ts_db_rendering_add(db, contract_id, number, "application/pdf",
			(struct ts_str){out.data, out.len}, why);
	ts_buf_reset(&out);
	if (err == TS_OK)
		err = ts_invoice_csv(invoice, false, &out);
	if (err == TS_OK)
		err = ts_db_rendering_add(db, contract_id, number, "text/csv",
			(struct ts_str){out.data, out.len}, why);
	ts_buf_reset(&out);
	if (err == TS_OK)
		err = ts_rendering_ubl(invoice, region, &out, &media, refusals, why);
	if (err == TS_OK)
		err = ts_db_rendering_add(
			db, contract_id, number, media, (struct ts_str){out.data, out.len}, why);
	ts_buf_free(&out);
	return err;
}
