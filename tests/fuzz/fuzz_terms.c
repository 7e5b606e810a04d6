/* SPDX-License-Identifier: Apache-2.0 */
/* Terms that are accepted can be rated: every period has charges without an assertion failing. */
#include "fuzz/fuzz.h"
#include "terms/rate.h"

#define REGION_BYTES_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ts_terms *terms = NULL;
	const struct ts_charge *charges = NULL;
	struct ts_period period;
	struct ts_why why = {0};
	size_t n = 0;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return 0;
	if (ts_terms_parse((const char *)data, size, region, &terms, &why) == TS_OK) {
		for (int32_t i = 0; i < 3 && ts_period_get(terms, i, &period) == TS_OK; i++)
			if (ts_rate_period(terms, &period, NULL, 0, period.end_day, region,
				    &charges, &n, &why) != TS_OK)
				break;
	} else {
		TS_ASSERT(why.text[0] != '\0'); /* every refusal says why */
	}
	ts_region_free(region);
	return 0;
}
