/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_TERMS_H
#define TS_TESTS_TERMS_H
/* Why: what-if terms written in a test, with ' for ", parsed or refused. */
#include "support/test.h"
#include "terms/terms.h"
#include <string.h>

#define TERMS_REGION_BYTES (16 * 1024 * 1024)

static inline struct ts_region *terms_region(void)
{
	struct ts_region *region = ts_region_create(TERMS_REGION_BYTES);
	assert_non_null(region);
	return region;
}

static inline enum ts_err terms_parse(
	struct ts_region *region, const char *text, const struct ts_terms **out, struct ts_why *why)
{
	size_t len = strlen(text);
	char *json = ts_region_copy(region, text, len);
	assert_non_null(json);
	for (size_t i = 0; i < len; i++)
		json[i] = json[i] == '\'' ? '"' : json[i];
	return ts_terms_parse_what_if(json, len, region, out, why);
}

static inline const struct ts_terms *terms_of(struct ts_region *region, const char *text)
{
	const struct ts_terms *terms = NULL;
	struct ts_why why = {0};
	enum ts_err err = terms_parse(region, text, &terms, &why);
	if (err != TS_OK)
		print_error("%s: %s\n%s\n", why.where, why.text, text);
	assert_ok(err);
	return terms;
}

/* The pointer of a refusal, and words of its rule. */
static inline void terms_refused(const char *text, const char *where, const char *words)
{
	struct ts_region *region = terms_region();
	const struct ts_terms *terms = NULL;
	struct ts_why why = {0};
	enum ts_err err = terms_parse(region, text, &terms, &why);
	if (err == TS_OK)
		fail_msg("accepted: %s", text);
	assert_string_equal(why.where, where);
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	ts_region_free(region);
}

#endif
