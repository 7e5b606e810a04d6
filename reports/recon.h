/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_RECON_H
#define TS_REPORTS_RECON_H
/* Why: what both companies read of a reconciliation: canonical JSON, from which everything can be
 * checked again, and text for people (docs/formats/reconciliation.md). Equal inputs give equal
 * bytes: nothing here knows when or where it runs. A report that does not close is refused. */
#include "audit/recon/recon.h"
#include "base/buf.h"
#include "base/json.h"

#define TS_RECON_FORMAT "tallystick/reconciliation/v1"

struct ts_recon_input {
	enum ts_recon_side side;
	const char *name; /* of the file, without folders */
	char sha256[65];
	int64_t bytes, lines;
	int64_t records; /* u1 lines that count */
	int64_t reversed, repeated, voids;
	int64_t forked_line; /* first that contradicts the same stream in an earlier input; 0 */
	bool ignored; /* the bytes of an earlier input of the side */
	bool is_signed; /* every u1 claims a stream */
};
struct ts_recon_paper {
	const struct ts_recon_report *report;
	const char *contract;
	const struct ts_recon_input *inputs[2];
	size_t inputs_n[2];
	const struct ts_recon_version *versions[2]; /* beside their hashes */
	const char *const *versions_sha256[2];
	size_t versions_n[2];
	const json_t *before; /* an earlier report, whose drift goes on; NULL */
};
enum ts_err ts_recon_json(const struct ts_recon_paper *paper, struct ts_region *region,
	const char **out, size_t *len, struct ts_why *why) TS_MUST;
/* At most items_max items with their records. */
enum ts_err ts_recon_text(const struct ts_recon_paper *paper, size_t items_max, struct ts_buf *out,
	struct ts_why *why) TS_MUST;
/* The signed sum of what was within tolerance, this period's and those of the reports before it:
 * quantity of a SKU, and money. TS_E_INVALID: `before` is no report of this contract. */
enum ts_err ts_recon_drift(const struct ts_recon_paper *paper, const struct ts_recon_sku *sku,
	ts_i128 *quantity, struct ts_why *why) TS_MUST;
enum ts_err ts_recon_drift_minor(
	const struct ts_recon_paper *paper, ts_i128 *minor, struct ts_why *why) TS_MUST;

#endif
