/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/scope.h"

#include <string.h>

const char *ts_verdict_name(enum ts_verdict verdict)
{
	switch (verdict) {
	case TS_VERDICT_IN_SCOPE:
		return "in_scope";
	case TS_VERDICT_OUT_OF_SCOPE:
		return "out_of_scope";
	case TS_VERDICT_BEFORE_FROM:
		return "before_from";
	case TS_VERDICT_NOT_ACTIVE:
		return "not_active";
	case TS_VERDICT_NOT_PROVIDER:
		return "not_provider";
	case TS_VERDICT_AFTER_HANDOVER:
		return "after_handover";
	case TS_VERDICT_DUPLICATE:
		return "duplicate";
	}
	return "";
}

static bool is_any(struct ts_str list)
{
	return ts_str_is(list, "-");
}

static bool has_prefix(struct ts_str text, struct ts_str prefix)
{
	return text.len >= prefix.len && memcmp(text.at, prefix.at, prefix.len) == 0;
}

static bool value_ok(struct ts_str value)
{
	if (value.len == 0 || ts_str_is(value, "-"))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static enum ts_err list_check(struct ts_str list, bool prefixes, struct ts_why *why)
{
	if (is_any(list))
		return TS_OK;
	struct ts_str rest = list;
	struct ts_str before = {NULL, 0};
	size_t n = 0;
	while (n == 0 || rest.at != NULL) {
		struct ts_str value = ts_str_cut(&rest, ',');
		if (!value_ok(value))
			return ts_why(why, TS_E_MALFORMED, "scope",
				"value %zu is empty or has a byte that no record field has", n + 1);
		if (n > 0 && ts_str_cmp(before, value) >= 0)
			return ts_why(why, TS_E_MALFORMED, "scope",
				"values are sorted by bytes, each once: value %zu is not", n + 1);
		if (n > 0 && prefixes && has_prefix(value, before))
			return ts_why(why, TS_E_MALFORMED, "scope",
				"prefix %zu is covered by the one before it", n + 1);
		n++;
		if (n > TS_SCOPE_VALUES_MAX)
			return ts_why(why, TS_E_MALFORMED, "scope", "more than %d values",
				TS_SCOPE_VALUES_MAX);
		before = value;
	}
	return TS_OK;
}

enum ts_err ts_scope_list_check(struct ts_str list, struct ts_why *why)
{
	return list_check(list, false, why);
}

enum ts_err ts_scope_check(const struct ts_scope *scope, struct ts_why *why)
{
	TS_TRY(list_check(scope->clusters, false, why));
	TS_TRY(list_check(scope->resources, true, why));
	return list_check(scope->skus, false, why);
}

static bool list_has(struct ts_str list, struct ts_str value)
{
	if (is_any(list))
		return true;
	while (list.at != NULL) {
		if (ts_str_eq(ts_str_cut(&list, ','), value))
			return true;
	}
	return false;
}

static bool list_has_prefix_of(struct ts_str list, struct ts_str value)
{
	if (is_any(list))
		return true;
	while (list.at != NULL) {
		if (has_prefix(value, ts_str_cut(&list, ',')))
			return true;
	}
	return false;
}

bool ts_scope_contains(
	const struct ts_scope *scope, struct ts_str cluster, const struct ts_usage *usage)
{
	return list_has(scope->skus, usage->sku) &&
	       list_has_prefix_of(scope->resources, usage->resource) &&
	       list_has(scope->clusters, cluster);
}

static bool lists_disjoint(struct ts_str a, struct ts_str b)
{
	if (is_any(a) || is_any(b))
		return false;
	while (a.at != NULL) {
		if (list_has(b, ts_str_cut(&a, ',')))
			return false;
	}
	return true;
}

static bool prefixes_disjoint(struct ts_str a, struct ts_str b)
{
	if (is_any(a) || is_any(b))
		return false;
	while (a.at != NULL) {
		struct ts_str value = ts_str_cut(&a, ',');
		for (struct ts_str rest = b; rest.at != NULL;) {
			struct ts_str other = ts_str_cut(&rest, ',');
			if (has_prefix(value, other) || has_prefix(other, value))
				return false;
		}
	}
	return true;
}

bool ts_scope_disjoint(const struct ts_scope *a, const struct ts_scope *b)
{
	return lists_disjoint(a->clusters, b->clusters) || lists_disjoint(a->skus, b->skus) ||
	       prefixes_disjoint(a->resources, b->resources);
}
