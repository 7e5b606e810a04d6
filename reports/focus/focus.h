/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_FOCUS_H
#define TS_REPORTS_FOCUS_H
/* Why: what was invoiced, as rows of FOCUS 1.2 Cost and Usage (FinOps Open Cost and Usage
 * Specification), from the canonical JSON of issued documents. FOCUS wants unit price x quantity =
 * cost exactly, an invoice rounds each line once: rows are exact, and what rounding leaves stands
 * in one Adjustment row per document, so that the sum of BilledCost is the payable amount. */
#include "base/json.h"
#include "base/money.h"
#include "base/region.h"
#include "base/time.h"
#include "reports/csv.h"

struct ts_focus_document {
	const json_t *json; /* docs/formats/invoice.md */
	const char *sha256; /* hex */
	const char *contract_title;
	const char *issuer; /* provider's name */
	const struct ts_zone *zone; /* of the terms: contract days become instants */
	const struct ts_currency *currency;
};

void ts_focus_header(struct ts_csv *csv);
/* The document's rows. TS_E_OVERFLOW; TS_E_INTERNAL: the JSON is not a document. */
enum ts_err ts_focus_rows(const struct ts_focus_document *document, struct ts_region *region,
	struct ts_csv *csv, struct ts_why *why) TS_MUST;

#endif
