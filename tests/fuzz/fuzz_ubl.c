/* SPDX-License-Identifier: Apache-2.0 */
/* Anybody's invoice: whatever the bytes, a refusal says why, and a finding where and what. */
#include "fuzz/fuzz.h"
#include "reports/en16931/check.h"

#define REGION_BYTES_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_ubl_findings findings;
	struct ts_why why = {0};
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return 0;
	enum ts_err err = ts_ubl_check(
		data, size, TS_UBL_EN16931 | TS_UBL_PEPPOL, region, &findings, &why);
	if (err == TS_OK) {
		for (size_t i = 0; i < findings.n; i++)
			TS_ASSERT(findings.rows[i].where[0] != '\0' &&
				  findings.rows[i].text[0] != '\0');
	} else {
		TS_ASSERT(err == TS_E_NO_MEMORY || why.text[0] != '\0');
	}
	ts_region_free(region);
	return 0;
}
