/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/tres.h"
#include <string.h>

static enum ts_err count_parse(struct ts_str text, int64_t *out)
{
	TS_TRY(ts_text_u63(text, out));
	return *out <= TS_TRES_COUNT_MAX ? TS_OK : TS_E_RANGE;
}

static enum ts_err add_type(
	struct ts_tres *tres, struct ts_str type, int64_t count, const char **reason)
{
	for (size_t i = 0; i < tres->n; i++)
		if (ts_str_eq(tres->types[i].type, type))
			return TS_E_MALFORMED;
	if (type.len == 0)
		return TS_E_MALFORMED;
	if (count == 0)
		return TS_OK;
	if (tres->n == TS_TRES_TYPES_MAX) {
		*reason = "too_many_types";
		return TS_E_LIMIT;
	}
	tres->types[tres->n].type = type;
	tres->types[tres->n].count = count;
	tres->n++;
	tres->typed += count;
	return TS_OK;
}

enum ts_err ts_tres_parse(struct ts_str text, struct ts_tres *out, const char **reason)
{
	static const char total_name[] = "gres/gpu";
	struct ts_tres tres = {0};
	bool has_total = false;
	*reason = "tres_malformed";
	while (text.len) {
		struct ts_str value = ts_str_cut(&text, ',');
		struct ts_str name = ts_str_cut(&value, '=');
		bool typed = name.len > sizeof(total_name) - 1 &&
			     memcmp(name.at, total_name, sizeof(total_name) - 1) == 0 &&
			     name.at[sizeof(total_name) - 1] == ':';
		bool total = ts_str_is(name, total_name);
		if (!typed && !total)
			continue;
		int64_t count = 0;
		if (!value.at || count_parse(value, &count) != TS_OK || (total && has_total))
			return TS_E_MALFORMED;
		if (total) {
			has_total = true;
			tres.devices = count;
			continue;
		}
		struct ts_str type = {name.at + sizeof(total_name), name.len - sizeof(total_name)};
		TS_TRY(add_type(&tres, type, count, reason));
	}
	if (!has_total)
		tres.devices = tres.typed;
	if (tres.typed > tres.devices) {
		*reason = "gres_typed_over_total";
		return TS_E_INVALID;
	}
	*out = tres;
	return TS_OK;
}

static size_t digits(struct ts_str text, size_t at)
{
	size_t n = 0;
	while (at + n < text.len && text.at[at + n] >= '0' && text.at[at + n] <= '9')
		n++;
	return n;
}

bool ts_tres_is_slice(struct ts_str type)
{
	for (size_t i = 0; i < type.len; i++) {
		size_t slices = digits(type, i);
		size_t at = i + slices;
		if (slices == 0 || at + 2 >= type.len || type.at[at] != 'g' ||
			type.at[at + 1] != '.')
			continue;
		size_t memory = digits(type, at + 2);
		at += 2 + memory;
		if (memory && at + 2 <= type.len && type.at[at] == 'g' && type.at[at + 1] == 'b')
			return true;
	}
	return false;
}
