/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/exposition.h"
#include <string.h>

#define LABELS_MAX 128

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == ':';
}

static void skip(struct ts_str *text, size_t n)
{
	*text = (struct ts_str){text->at + n, text->len - n};
}
static void skip_blanks(struct ts_str *text)
{
	while (text->len && (text->at[0] == ' ' || text->at[0] == '\t'))
		skip(text, 1);
}
static struct ts_str take_name(struct ts_str *text)
{
	size_t n = 0;
	while (n < text->len && is_name(text->at[n]))
		n++;
	struct ts_str name = {text->at, n};
	skip(text, n);
	return name;
}
static struct ts_str take_word(struct ts_str *text)
{
	size_t n = 0;
	while (n < text->len && text->at[n] != ' ' && text->at[n] != '\t')
		n++;
	struct ts_str word = {text->at, n};
	skip(text, n);
	skip_blanks(text);
	return word;
}

/* "value" with \\, \" and \n; behind it nothing is skipped. */
static bool take_value(struct ts_str *text, struct ts_region *region, struct ts_str *out)
{
	char *value = ts_region_alloc(region, text->len + 1);
	size_t len = 0;
	if (!value || text->len == 0 || text->at[0] != '"')
		return false;
	for (size_t i = 1; i < text->len; i++) {
		char c = text->at[i];
		if (c == '"') {
			*out = (struct ts_str){value, len};
			skip(text, i + 1);
			return true;
		}
		if (c == '\\') {
			if (++i == text->len)
				return false;
			c = text->at[i] == 'n' ? '\n' : text->at[i];
			if (c != '\n' && c != '\\' && c != '"')
				return false;
		}
		value[len++] = c;
	}
	return false;
}

/* {a="b", c="d",} as members of an object. */
static bool take_labels(
	struct ts_str *text, struct ts_region *region, struct ts_node *metric, struct ts_node *last)
{
	skip(text, 1);
	for (size_t n = 0; n < LABELS_MAX; n++) {
		skip_blanks(text);
		if (text->len && text->at[0] == '}') {
			skip(text, 1);
			return true;
		}
		struct ts_node *node = ts_region_alloc(region, sizeof(*node));
		if (!node)
			return false;
		*node = (struct ts_node){.kind = TS_NODE_STRING, .name = take_name(text)};
		skip_blanks(text);
		if (node->name.len == 0 || text->len == 0 || text->at[0] != '=')
			return false;
		skip(text, 1);
		skip_blanks(text);
		if (!take_value(text, region, &node->text))
			return false;
		last->next = node;
		last = node;
		metric->n++;
		skip_blanks(text);
		if (text->len && text->at[0] == ',')
			skip(text, 1);
		else if (text->len == 0 || text->at[0] != '}')
			return false;
	}
	return false;
}

bool ts_exposition_read(struct ts_str line, int64_t at_ms, struct ts_region *region,
	struct ts_prom_series *out, struct ts_row *row)
{
	struct ts_node *metric = ts_region_alloc(region, sizeof(*metric));
	struct ts_node *name = ts_region_alloc(region, sizeof(*name));
	struct ts_prom_sample *sample = ts_region_alloc(region, sizeof(*sample));
	struct ts_str text = line;
	*out = (struct ts_prom_series){.metric = metric, .samples = sample, .n = 1};
	skip_blanks(&text);
	if (text.len && text.at[0] == '#') {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "comment", "%.*s", TS_SHOW(line));
		return false;
	}
	ts_row_judge(row, TS_ROW_QUARANTINED, "line_malformed",
		"is not NAME{label=\"value\"} VALUE: %.*s", TS_SHOW(line));
	if (!metric || !name || !sample)
		return false;
	*name = (struct ts_node){
		.kind = TS_NODE_STRING, .name = TS_STR("__name__"), .text = take_name(&text)};
	*metric = (struct ts_node){.kind = TS_NODE_OBJECT, .first = name, .n = 1};
	out->name = name->text;
	skip_blanks(&text);
	if (name->text.len == 0 ||
		(text.len && text.at[0] == '{' && !take_labels(&text, region, metric, name)))
		return false;
	skip_blanks(&text);
	*sample = (struct ts_prom_sample){at_ms, take_word(&text)};
	struct ts_str time = take_word(&text);
	if (sample->value.len == 0 || text.len)
		return false;
	if (time.len && ts_stamp(time, TS_STAMP_EPOCH_MS, &sample->at_ms) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "time_malformed",
			"\"%.*s\" is no ms since 1970", TS_SHOW(time));
		return false;
	}
	return true;
}
