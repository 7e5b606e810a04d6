/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/catalog.h"
#include "base/json.h"
#include "base/time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "tallystick/catalog/v1"
#define REGION_BYTES_MAX (32u << 20)
#define DEVICES_MILLI_MAX INT64_C(1000000000)

struct ts_catalog {
	struct ts_region *region;
	struct ts_catalog_entry *entries;
	size_t n;
	struct ts_catalog_layer layers[TS_CATALOG_LAYERS_MAX];
	size_t layers_n;
};

struct head {
	const char *format;
	const char *version;
	const json_t *entries;
};
static const struct ts_json_field head_fields[] = {
	{"format", TS_JSON_STRING, true, offsetof(struct head, format), 0, 64},
	{"version", TS_JSON_STRING, true, offsetof(struct head, version), 0, 64},
	{"entries", TS_JSON_ARRAY, true, offsetof(struct head, entries), 0, TS_CATALOG_ENTRIES_MAX},
};

struct line {
	const char *table;
	const char *code;
	const char *sku;
	int64_t devices_milli;
	const char *class;
	int32_t from;
	int32_t to;
	const char *note;
};
static const struct ts_json_field line_fields[] = {
	{"table", TS_JSON_STRING, true, offsetof(struct line, table), 0, 32},
	{"code", TS_JSON_STRING, true, offsetof(struct line, code), 0, 200},
	{"sku", TS_JSON_STRING, true, offsetof(struct line, sku), 0, 64},
	{"devices_milli", TS_JSON_INT, true, offsetof(struct line, devices_milli), 1,
		DEVICES_MILLI_MAX},
	{"class", TS_JSON_STRING, false, offsetof(struct line, class), 0, 64},
	{"from", TS_JSON_DATE, false, offsetof(struct line, from), 0, 0},
	{"to", TS_JSON_DATE, false, offsetof(struct line, to), 0, 0},
	{"note", TS_JSON_TEXT, false, offsetof(struct line, note), 0, 200},
};

static int64_t day_ms(int32_t day)
{
	return day * (TS_US_PER_DAY / TS_US_PER_MS);
}

/* By table and code; then the uppermost layer first, then by time. */
static int compare_names(const struct ts_catalog_entry *a, struct ts_str table, struct ts_str code)
{
	int order = ts_str_cmp(a->table, table);
	return order ? order : ts_str_cmp(a->code, code);
}

static int compare(const void *left, const void *right)
{
	const struct ts_catalog_entry *a = left;
	const struct ts_catalog_entry *b = right;
	int order = compare_names(a, b->table, b->code);
	if (order)
		return order;
	if (a->layer != b->layer)
		return a->layer > b->layer ? -1 : 1;
	return a->from_ms < b->from_ms ? -1 : a->from_ms > b->from_ms;
}

static bool is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < 0x21 || *c > 0x7e || *c == '\\' || *c == '"' || *c == '%')
			return false;
	return strcmp(text, "-") != 0;
}

static enum ts_err read_line(struct ts_catalog *catalog, const json_t *json, size_t i,
	struct ts_catalog_entry *out, struct ts_why *why)
{
	struct line line = {.class = "", .note = "", .from = 0, .to = INT32_MAX};
	char pointer[40];
	snprintf(pointer, sizeof(pointer), "/entries/%zu", i);
	TS_TRY(ts_json_decode(json, line_fields, sizeof(line_fields) / sizeof(line_fields[0]),
		&line, catalog->region, pointer, why));
	if (!is_token(line.sku) || (line.class[0] && !is_token(line.class)))
		return ts_why(why, TS_E_INVALID, pointer,
			"sku \"%s\", class \"%s\": bytes 0x21-0x7e without quote, backslash, %%",
			line.sku, line.class);
	if (line.from < 0 || line.to <= line.from)
		return ts_why(why, TS_E_INVALID, pointer, "to is not after from");
	*out = (struct ts_catalog_entry){.table = ts_str(line.table),
		.code = ts_str(line.code),
		.sku = ts_str(line.sku),
		.devices_milli = line.devices_milli,
		.class = ts_str(line.class),
		.from_ms = day_ms(line.from),
		.to_ms = line.to == INT32_MAX ? INT64_MAX : day_ms(line.to),
		.note = ts_str(line.note),
		.layer = catalog->layers_n};
	return TS_OK;
}

/* Within a layer the times of one code do not overlap. */
static enum ts_err check_times(const struct ts_catalog *catalog, struct ts_why *why)
{
	for (size_t i = 1; i < catalog->n; i++) {
		const struct ts_catalog_entry *a = &catalog->entries[i - 1];
		const struct ts_catalog_entry *b = &catalog->entries[i];
		if (a->layer == b->layer && compare_names(a, b->table, b->code) == 0 &&
			b->from_ms < a->to_ms)
			return ts_why(why, TS_E_CONFLICT, "/entries",
				"%.*s %.*s stands twice for the same time", (int)b->table.len,
				b->table.at, (int)b->code.len, b->code.at);
	}
	return TS_OK;
}

static enum ts_err read_entries(struct ts_catalog *catalog, const json_t *list, struct ts_why *why)
{
	size_t n = json_array_size(list);
	if (catalog->n + n > TS_CATALOG_ENTRIES_MAX)
		return ts_why(why, TS_E_LIMIT, "/entries", "more than %d entries",
			TS_CATALOG_ENTRIES_MAX);
	struct ts_catalog_entry *entries = realloc(
		catalog->entries, (catalog->n + n + 1) * sizeof(*entries));
	if (!entries)
		return TS_E_NO_MEMORY;
	catalog->entries = entries;
	for (size_t i = 0; i < n; i++)
		TS_TRY(read_line(
			catalog, json_array_get(list, i), i, &entries[catalog->n + i], why));
	catalog->n += n;
	if (catalog->n)
		qsort(entries, catalog->n, sizeof(*entries), compare);
	return check_times(catalog, why);
}

static enum ts_err read_layer(struct ts_catalog *catalog, const json_t *root, struct ts_str bytes,
	const char *name, struct ts_why *why)
{
	struct head head = {0};
	TS_TRY(ts_json_decode(root, head_fields, sizeof(head_fields) / sizeof(head_fields[0]),
		&head, catalog->region, "", why));
	if (strcmp(head.format, FORMAT) != 0)
		return ts_why(why, TS_E_VERSION, "/format", "\"%s\" is not " FORMAT, head.format);
	TS_TRY(read_entries(catalog, head.entries, why));
	struct ts_catalog_layer *layer = &catalog->layers[catalog->layers_n];
	layer->version = head.version;
	layer->name = ts_region_copy(catalog->region, name, strlen(name));
	if (!layer->name)
		return TS_E_NO_MEMORY;
	ts_sha256(bytes.at, bytes.len, &layer->digest);
	catalog->layers_n++;
	return TS_OK;
}

enum ts_err ts_catalog_add(
	struct ts_catalog *catalog, struct ts_str bytes, const char *name, struct ts_why *why)
{
	json_t *root __attribute__((cleanup(ts_json_cleanup))) = NULL;
	struct ts_why inner = {0};
	if (catalog->layers_n == TS_CATALOG_LAYERS_MAX || bytes.len > TS_CATALOG_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, name, "more than %d catalogs, or %u bytes",
			TS_CATALOG_LAYERS_MAX, TS_CATALOG_BYTES_MAX);
	enum ts_err err = ts_json_parse(bytes.at, bytes.len, &root, &inner);
	if (err == TS_OK)
		err = read_layer(catalog, root, bytes, name, &inner);
	if (err == TS_OK)
		return TS_OK;
	char where[sizeof(inner.where)];
	snprintf(where, sizeof(where), "%.90s: %.90s", name, inner.where);
	return ts_why(why, err, where, "%s", inner.text[0] ? inner.text : ts_err_text(err));
}

enum ts_err ts_catalog_create(struct ts_catalog **out, struct ts_why *why)
{
	struct ts_catalog *catalog = calloc(1, sizeof(*catalog));
	if (!catalog)
		return TS_E_NO_MEMORY;
	catalog->region = ts_region_create(REGION_BYTES_MAX);
	const struct ts_str compiled = ts_str(ts_catalog_compiled);
	enum ts_err err = catalog->region ? ts_catalog_add(catalog, compiled, "compiled in", why)
					  : TS_E_NO_MEMORY;
	if (err != TS_OK) {
		ts_catalog_free(catalog);
		return err;
	}
	*out = catalog;
	return TS_OK;
}

void ts_catalog_free(struct ts_catalog *catalog)
{
	if (!catalog)
		return;
	ts_region_free(catalog->region);
	free(catalog->entries);
	free(catalog);
}

/* The first entry at or behind (table, code). */
static size_t lower_bound(const struct ts_catalog *catalog, struct ts_str table, struct ts_str code)
{
	size_t low = 0;
	size_t high = catalog->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_names(&catalog->entries[middle], table, code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum ts_err ts_catalog_find(const struct ts_catalog *catalog, const char *table, struct ts_str code,
	int64_t at_ms, const struct ts_catalog_entry **out)
{
	struct ts_str name = ts_str(table);
	for (size_t i = lower_bound(catalog, name, code); i < catalog->n; i++) {
		const struct ts_catalog_entry *entry = &catalog->entries[i];
		if (compare_names(entry, name, code) != 0)
			break;
		if (at_ms < entry->from_ms || at_ms >= entry->to_ms)
			continue;
		*out = entry;
		return TS_OK;
	}
	return TS_E_NOT_FOUND;
}

enum ts_err ts_catalog_match(const struct ts_catalog *catalog, const char *table,
	struct ts_str text, int64_t at_ms, const struct ts_catalog_entry **out)
{
	struct ts_str name = ts_str(table);
	const struct ts_catalog_entry *best = NULL;
	for (size_t i = lower_bound(catalog, name, (struct ts_str){0}); i < catalog->n; i++) {
		const struct ts_catalog_entry *entry = &catalog->entries[i];
		if (!ts_str_eq(entry->table, name))
			break;
		if (at_ms < entry->from_ms || at_ms >= entry->to_ms || text.len == 0 ||
			!memmem(text.at, text.len, entry->code.at, entry->code.len))
			continue;
		if (!best || entry->code.len > best->code.len)
			best = entry;
	}
	if (!best)
		return TS_E_NOT_FOUND;
	*out = best;
	return TS_OK;
}

size_t ts_catalog_count(const struct ts_catalog *catalog)
{
	return catalog->n;
}

const struct ts_catalog_entry *ts_catalog_at(const struct ts_catalog *catalog, size_t i)
{
	TS_ASSERT(i < catalog->n);
	return &catalog->entries[i];
}

size_t ts_catalog_layers(const struct ts_catalog *catalog)
{
	return catalog->layers_n;
}

const struct ts_catalog_layer *ts_catalog_layer(const struct ts_catalog *catalog, size_t i)
{
	TS_ASSERT(i < catalog->layers_n);
	return &catalog->layers[i];
}
