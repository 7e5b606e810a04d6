/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include <string.h>

#define NOTICE_DAYS_MAX 3660

struct raw_termination {
	int64_t notice_days;
	int32_t not_before;
};
static const struct ts_json_field termination_fields[] = {
	{"notice_days", TS_JSON_INT, true, offsetof(struct raw_termination, notice_days), 0,
		NOTICE_DAYS_MAX},
	{"not_before", TS_JSON_DATE, false, offsetof(struct raw_termination, not_before), 0, 0},
};

static enum ts_err decode_termination(const struct ts_decode *d, const json_t *obj)
{
	struct ts_terms *t = d->terms;
	struct raw_termination raw = {.not_before = t->from_day};
	char text[TS_TIME_CHARS];
	TS_TRY(ts_decode_object(d, obj, termination_fields,
		sizeof termination_fields / sizeof termination_fields[0], false, &raw,
		"/termination"));
	if (raw.not_before < t->from_day || raw.not_before > t->to_day)
		return ts_why(d->why, TS_E_RANGE, "/termination/not_before",
			"%s lies outside the term", ts_date_format(raw.not_before, text));
	t->has_termination = true;
	t->notice_days = raw.notice_days;
	t->not_before_day = raw.not_before;
	return TS_OK;
}

enum ts_err ts_decode_change(const struct ts_decode *d, const struct ts_decode_root *root)
{
	const char *counters = root->counters_on_amendment;
	if (counters != NULL && strcmp(counters, "restart") != 0 &&
		strcmp(counters, "continue") != 0)
		return ts_why(d->why, TS_E_INVALID, "/counters_on_amendment",
			"\"%s\" must be restart or continue", counters);
	d->terms->counters_continue = counters != NULL && strcmp(counters, "continue") == 0;
	return root->termination != NULL ? decode_termination(d, root->termination) : TS_OK;
}
