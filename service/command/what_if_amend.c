/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/what_if_amend.h"
#include "service/command/terms_file.h"
#include "terms/amendment.h"
#include <string.h>

/* "v2.json@2026-05-15T12:00:00Z"; a file's name may hold an @, so the last one counts. */
static enum ts_err read_version(const struct ts_what_if *w, const char *text, int64_t number,
	const struct ts_terms *before, struct ts_ledger_version *out, struct ts_why *why)
{
	const char *at = strrchr(text, '@');
	const struct ts_terms *read = NULL;
	struct ts_why inner = {0};
	if (at == NULL || ts_time_parse(ts_str(at + 1), &out->from_us) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "--amend",
			"\"%.200s\" is not FILE@INSTANT (v2.json@2026-05-15T12:00:00Z)", text);
	const char *path = ts_region_copy(w->region, text, (size_t)(at - text));
	struct ts_terms *terms = ts_region_alloc(w->region, sizeof *terms);
	if (path == NULL || terms == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_terms_file_read(path, true, w->region, &read, why));
	*terms = *read;
	terms->version = number; /* a template says nothing of it */
	enum ts_err err = ts_amendment_check(before, terms, out->from_us, terms->to_us, &inner);
	if (err != TS_OK)
		return ts_why(why, err, "", "%s: %s: %s", path, inner.where, inner.text);
	out->terms = terms;
	out->to_us = terms->to_us;
	out->leaf = number - 1;
	return TS_OK;
}

enum ts_err ts_what_if_amend(struct ts_what_if *w, const char *const *amendments, size_t n,
	const char *cluster, struct ts_why *why)
{
	struct ts_ledger_amendment amendment;
	if (n >= TS_WHAT_IF_VERSIONS_MAX)
		return ts_why(why, TS_E_LIMIT, "--amend", "more than %d versions",
			TS_WHAT_IF_VERSIONS_MAX);
	struct ts_ledger_version *versions = ts_region_array(w->region, n + 1, sizeof *versions);
	if (versions == NULL)
		return TS_E_NO_MEMORY;
	struct ts_terms *first = ts_region_alloc(w->region, sizeof *first);
	if (first == NULL)
		return TS_E_NO_MEMORY;
	*first = *w->terms;
	first->version = 1;
	versions[0] = ts_ledger_first_version(first);
	for (size_t i = 0; i < n; i++)
		TS_TRY(read_version(w, amendments[i], (int64_t)i + 2, versions[i].terms,
			&versions[i + 1], why));
	TS_TRY(ts_ledger_create(w->region, versions, n + 1, &w->ledger));
	w->event = (struct ts_ledger_event){.leaf = (int64_t)n + 1,
		.serial = 1,
		.at_us = w->terms->from_us,
		.to = (int64_t)n + 1};
	ts_ledger_amends(w->ledger, &w->event, NULL, 0, &amendment);
	if (amendment.any)
		TS_TRY(ts_ledger_rematch(w->ledger, &w->event, &amendment, NULL, 0, why));
	if (cluster != NULL) {
		w->origin = ts_region_printf(w->region, "what-if/0/%s/rate/g1", cluster);
		if (w->origin == NULL)
			return TS_E_NO_MEMORY;
	}
	return TS_OK;
}

enum ts_err ts_what_if_settle(struct ts_what_if *w, int32_t day, struct ts_why *why)
{
	struct ts_postings postings;
	w->event.day = day;
	TS_TRY(ts_ledger_tick(w->ledger, &w->event, &postings, why));
	return ts_ledger_check(w->ledger, why);
}

enum ts_err ts_what_if_body(
	struct ts_what_if *w, int32_t period, struct ts_invoice **out, struct ts_why *why)
{
	return ts_ledger_body(w->ledger, period, w->region, out, why);
}
