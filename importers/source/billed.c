/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/billed.h"
#include "importers/frame/catalog.h"
#include <stdio.h>
#include <string.h>

#define AMOUNT_SCALE 12
#define AMOUNT_ONE INT64_C(1000000000000)
#define MONEY_SCALE 18

enum ts_err ts_billed_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)why;
	const struct ts_source_options **kept = ts_region_alloc(region, sizeof(*kept));
	if (!kept)
		return TS_E_NO_MEMORY;
	*kept = options;
	*state = kept;
	return TS_OK;
}

bool ts_billed_is_none(const struct ts_catalog_entry *entry, struct ts_row *row)
{
	if (!ts_str_is(entry->class, "not_billable"))
		return false;
	ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_accelerator",
		"%.*s \"%.*s\" is no device, says the catalog", TS_SHOW(entry->table),
		TS_SHOW(entry->code));
	return true;
}

static bool same_nocase(struct ts_str text, const char *word, size_t len)
{
	if (text.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text.at[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != word[i])
			return false;
	}
	return true;
}

bool ts_billed_contains(struct ts_str text, const char *part)
{
	size_t len = strlen(part);
	char lower[64];
	TS_ASSERT(len > 0 && len < sizeof(lower));
	for (size_t i = 0; i < len; i++)
		lower[i] = part[i] >= 'A' && part[i] <= 'Z' ? (char)(part[i] - 'A' + 'a') : part[i];
	for (size_t i = 0; i + len <= text.len; i++)
		if (same_nocase((struct ts_str){text.at + i, len}, lower, len))
			return true;
	return false;
}

struct ts_str ts_billed_last(struct ts_str text, char sep)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.at[i - 1] == sep)
			return (struct ts_str){text.at + i, text.len - i};
	return text;
}

int64_t ts_billed_unit_ms(struct ts_str unit)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{"hrs", 3600000},
		{"hour", 3600000},
		{"hours", 3600000},
		{"h", 3600000},
		{"minute", 60000},
		{"minutes", 60000},
		{"second", 1000},
		{"seconds", 1000},
		{"s", 1000},
		{"gpu hour", 3600000},
		{"gpu hours", 3600000},
		{"gpu-hours", 3600000},
		{"instance hours", 3600000},
		{"server hours", 3600000},
		{"chip hours", 3600000},
		{"tpu hours", 3600000},
	};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (same_nocase(unit, units[i].name, strlen(units[i].name)))
			return units[i].ms;
	return 0;
}

/* (a + b - 1) / b and a / b rounded half away, of what is not negative. */
static ts_i128 up(ts_i128 a, ts_i128 b)
{
	return a / b + (a % b != 0);
}
static ts_i128 half_up(ts_i128 a, ts_i128 b)
{
	return a / b + (a % b >= b - a % b);
}

/* Devices and quantity of an amount in 10^-12 units. */
static enum ts_err measure(ts_i128 amount, int64_t unit_ms, int64_t each_milli, int64_t span_ms,
	int64_t *devices, int64_t *quantity)
{
	ts_i128 time = 0; /* 10^-12 ms */
	ts_i128 product = 0;
	TS_TRY(ts_mul128(amount, unit_ms, &time));
	TS_TRY(ts_mul128(time, each_milli, &product));
	TS_TRY(ts_to64(half_up(product, AMOUNT_ONE), quantity));
	ts_i128 things = up(time, (ts_i128)span_ms * AMOUNT_ONE);
	TS_TRY(ts_mul128(things, each_milli, &product));
	return ts_to64(product, devices);
}

bool ts_billed_add(struct ts_row *row, const struct ts_usage *like, struct ts_str amount,
	int64_t unit_ms, int64_t each_milli)
{
	ts_i128 value = 0;
	int64_t devices = 0;
	int64_t quantity = 0;
	enum ts_err err = ts_number_rounded(amount, AMOUNT_SCALE, &value);
	if (err == TS_E_MALFORMED) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "number_malformed", "amount \"%.*s\"",
			TS_SHOW(amount));
		return false;
	}
	if (err != TS_OK || value < 0 ||
		measure(value, unit_ms, each_milli, like->end_ms - like->start_ms, &devices,
			&quantity) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "number_out_of_range", "amount \"%.*s\"",
			TS_SHOW(amount));
		return false;
	}
	if (quantity == 0) {
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "zero_usage", "amount \"%.*s\"", TS_SHOW(amount));
		return false;
	}
	ts_row_add(row, like, devices, 0);
	if (row->verdict != TS_ROW_ACCEPTED)
		return false;
	/* Rounding half up may reach over what the devices can do in the span, by one at most. */
	ts_i128 most = (ts_i128)devices * (like->end_ms - like->start_ms);
	row->uses[row->n - 1].quantity = quantity > most ? (int64_t)most : quantity;
	return true;
}

enum ts_err ts_billed_money(struct ts_str text, ts_i128 *out)
{
	return ts_number_rounded(text, MONEY_SCALE, out);
}

const char *ts_billed_show(ts_i128 money, char out[TS_BILLED_MONEY_CHARS])
{
	char text[TS_I128_CHARS];
	size_t scale = MONEY_SCALE;
	for (; scale > 0 && money % 10 == 0; scale--)
		money /= 10;
	ts_i128_format(money < 0 ? -money : money, text);
	size_t len = strlen(text);
	size_t whole = len > scale ? len - scale : 0;
	snprintf(out, TS_BILLED_MONEY_CHARS, "%s%.*s%s%s%.*s%s", money < 0 ? "-" : "", (int)whole,
		text, whole ? "" : "0", scale ? "." : "", (int)(whole ? 0 : scale - len),
		"00000000000000000000", text + whole);
	return out;
}

/* A word of Python as JSON has it; 0: none stands here. */
static size_t take_word(struct ts_str text, const char **json)
{
	static const char *const words[][2] = {
		{"None", "null"}, {"True", "true"}, {"False", "false"}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i][0]);
		if (text.len >= len && memcmp(text.at, words[i][0], len) == 0) {
			*json = words[i][1];
			return len;
		}
	}
	return 0;
}

/* A string in single quotes as one in double quotes; returns the bytes read, 0: it does not end. */
static size_t take_single(struct ts_str text, char *out, size_t *len)
{
	out[(*len)++] = '"';
	for (size_t i = 1; i < text.len; i++) {
		char c = text.at[i];
		if (c == '\'') {
			out[(*len)++] = '"';
			return i + 1;
		}
		if (c == '\\' && i + 1 < text.len) {
			c = text.at[++i];
			if (c != '\'')
				out[(*len)++] = '\\';
		} else if (c == '"') {
			out[(*len)++] = '\\';
		}
		out[(*len)++] = c;
	}
	return 0;
}

/* A string in double quotes is the same in both. */
static size_t take_double(struct ts_str text, char *out, size_t *len)
{
	for (size_t i = 0; i < text.len; i++) {
		out[(*len)++] = text.at[i];
		if (i > 0 && text.at[i] == '"')
			return i + 1;
		if (text.at[i] == '\\' && i + 1 < text.len)
			out[(*len)++] = text.at[++i];
	}
	return 0;
}

enum ts_err ts_billed_literal(struct ts_str text, struct ts_region *region,
	const struct ts_node **out, struct ts_why *why)
{
	const char *reason = "";
	size_t len = 0;
	char *json = ts_region_alloc(region, 2 * text.len + 8);
	if (!json)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < text.len;) {
		struct ts_str rest = {text.at + i, text.len - i};
		const char *word = NULL;
		size_t n = 1;
		size_t word_len = take_word(rest, &word);
		if (rest.at[0] == '\'') {
			n = take_single(rest, json, &len);
		} else if (rest.at[0] == '"') {
			n = take_double(rest, json, &len);
		} else if (word_len) {
			n = word_len;
			memcpy(json + len, word, strlen(word));
			len += strlen(word);
		} else {
			json[len++] = rest.at[0];
		}
		if (n == 0)
			return ts_why(why, TS_E_MALFORMED, "", "a text is not closed");
		i += n;
	}
	return ts_node_json((struct ts_str){json, len}, region, out, &reason, why);
}
