/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_EN16931_CHECK_H
#define TS_REPORTS_EN16931_CHECK_H
/* Why: what a receiver's validator would say, before the document is sent, in words that a person
 * in finance follows. Rules and meanings are those of EN 16931 validation artefacts 1.3.16 for UBL
 * and of Peppol BIS Billing 3.0.21; each is a row of a table (rules_*.c), under its official id. */
#include "base/region.h"
#include "base/text.h"

enum ts_ubl_severity { TS_UBL_FATAL, TS_UBL_WARNING };
/* Which sets of rules apply; or them. */
#define TS_UBL_EN16931 1u
#define TS_UBL_PEPPOL 2u

struct ts_ubl_finding {
	const char *rule; /* "BR-CO-10" */
	enum ts_ubl_severity severity;
	const char *where; /* path in the document */
	int32_t line; /* of the file */
	const char *text; /* what is wrong, with the values */
};
struct ts_ubl_findings {
	const struct ts_ubl_finding *rows;
	size_t n, fatal;
	bool truncated; /* at TS_UBL_FINDINGS_MAX */
};
#define TS_UBL_FINDINGS_MAX 1000
/* Memory that a document may take: its text once, and its elements. */
#define TS_UBL_REGION_BYTES_MAX ((size_t)512 * 1024 * 1024)

/* Findings in the order of the rules, then of the document. sets 0: EN 16931, and Peppol's rules
 * too when the document says that it follows them. TS_E_MALFORMED and TS_E_LIMIT as ts_ubl_parse
 * has them. Give the region TS_UBL_REGION_BYTES_MAX. */
enum ts_err ts_ubl_check(const void *bytes, size_t len, unsigned sets, struct ts_region *region,
	struct ts_ubl_findings *out, struct ts_why *why) TS_MUST;

/* Every rule that is checked, for lists of them; NULL behind the last one. */
const char *ts_ubl_rule_id(size_t i);

#endif
