/* SPDX-License-Identifier: Apache-2.0 */
#include "service/instant.h"
#include "base/time.h"

enum ts_err ts_instant_parse(const char *text, const char *option, int64_t *ms, struct ts_why *why)
{
	int32_t day = 0;
	int64_t us = 0;
	if (ts_date_parse(ts_str(text), &day) == TS_OK)
		us = day * TS_US_PER_DAY;
	else if (ts_time_parse(ts_str(text), &us) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, option,
			"\"%s\" is neither YYYY-MM-DD nor an instant like 2026-06-01T00:00:00Z",
			text);
	*ms = us / TS_US_PER_MS;
	return TS_OK;
}
