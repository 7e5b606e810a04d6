/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/items.h"
#include "importers/frame/json.h"
#include "importers/frame/lines.h"
#include "importers/frame/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES_MAX (64u << 20) /* one item as a tree */
#define BLOCK_LINES_MAX 256

struct reading {
	struct ts_input *input;
	const struct ts_form *form;
	void *state;
	const struct ts_items_sink *sink;
	struct ts_region *region;
	int64_t number; /* of the item */
	struct ts_str cells[TS_SOURCE_FIELDS_MAX];
	struct ts_table table;
};

static bool has_kind(const struct ts_form *form, char first)
{
	switch (form->kind) {
	case TS_FORM_JSON:
		return first == '{' || first == '[';
	case TS_FORM_XML:
		return first == '<';
	case TS_FORM_LINES:
	case TS_FORM_TABLE:
	case TS_FORM_BLOCKS:
		break;
	}
	return false;
}

const struct ts_form *ts_items_form(
	const struct ts_source *source, struct ts_str head, struct ts_why *why)
{
	const struct ts_form *text = NULL;
	while (head.len && strchr(" \t\r\n", head.at[0]))
		head = (struct ts_str){head.at + 1, head.len - 1};
	for (size_t i = 0; i < source->forms_n; i++) {
		const struct ts_form *form = &source->forms[i];
		if (head.len && has_kind(form, head.at[0]))
			return form;
		if (form->kind != TS_FORM_JSON && form->kind != TS_FORM_XML)
			text = form;
	}
	if (text || head.len == 0)
		return text ? text : &source->forms[0];
	(void)ts_why(why, TS_E_MALFORMED, "input", "\"%.*s\" begins none of the formats of %s",
		(int)(head.len > 20 ? 20 : head.len), head.at, source->name);
	return NULL;
}

static enum ts_err emit(struct reading *r, const struct ts_item *item, const char *reason,
	const char *detail, struct ts_why *why)
{
	return r->sink->item(
		r->sink->ctx, r->number, ts_input_bytes(r->input), item, reason, detail, why);
}

/* What is wrong with a line before anybody looks at what it says; NULL: nothing. */
static const char *line_reason(const struct ts_line *line)
{
	if (line->too_long)
		return "line_too_long";
	if (line->unclosed)
		return "quote_malformed";
	if (line->text.len == 0)
		return "empty_line";
	if (memchr(line->text.at, '\0', line->text.len))
		return "nul_byte";
	return NULL;
}

static const char *line_detail(const char *reason)
{
	static const struct {
		const char *reason;
		const char *detail;
	} details[] = {
		{"line_too_long", "more bytes than a line may have"},
		{"quote_malformed", "a quote that is not closed"},
		{"empty_line", "nothing on the line"},
		{"nul_byte", "a NUL byte in the line"},
	};
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (strcmp(reason, details[i].reason) == 0)
			return details[i].detail;
	return "";
}

static enum ts_err take_line(struct reading *r, const struct ts_line *line, struct ts_why *why)
{
	char detail[200] = "";
	bool heading = false;
	struct ts_item item = {.raw = line->text, .region = r->region};
	const char *reason = line_reason(line);
	r->number = line->number;
	if (reason)
		return emit(r, &item, reason, line_detail(reason), why);
	if (r->form->kind == TS_FORM_LINES)
		return emit(r, &item, NULL, "", why);
	TS_TRY(ts_table_line(&r->table, line->text, r->state, &heading, &reason, detail, why));
	if (heading) {
		r->sink->heading(r->sink->ctx);
		return TS_OK;
	}
	item.cells = r->table.cells;
	return emit(r, &item, reason, detail, why);
}

static enum ts_err name_line(
	struct ts_why *inner, enum ts_err err, int64_t number, struct ts_why *why)
{
	char where[sizeof(inner->where)];
	snprintf(where, sizeof(where), "line %lld%s%.100s", (long long)number,
		inner->where[0] ? ", " : "", inner->where);
	return ts_why(why, err, where, "%s", inner->text[0] ? inner->text : ts_err_text(err));
}

static enum ts_err read_lines(struct reading *r, struct ts_lines *lines, struct ts_why *why)
{
	for (;;) {
		struct ts_line line;
		struct ts_why inner = {0};
		bool got = false;
		TS_TRY(ts_lines_next(lines, &line, &got, why));
		if (!got)
			return TS_OK;
		enum ts_err err = take_line(r, &line, &inner);
		if (err != TS_OK)
			return name_line(&inner, err, line.number, why);
	}
}

/* Cells of a tree; *missing: a required field that is not there. */
static void cells_of_tree(struct reading *r, const struct ts_node *tree, const char **missing)
{
	*missing = NULL;
	for (size_t i = 0; i < r->form->fields_n; i++) {
		struct ts_str names = ts_str(r->form->fields[i].names);
		struct ts_str cell = {NULL, 0};
		while (names.at && cell.len == 0) {
			struct ts_str text = ts_node_text(
				ts_node_at(tree, ts_str_cut(&names, '|')));
			if (text.at)
				cell = text;
		}
		r->cells[i] = cell;
		if (cell.len == 0 && r->form->fields[i].required && !*missing)
			*missing = r->form->fields[i].names;
	}
}

static enum ts_err emit_tree(
	struct reading *r, struct ts_str raw, const struct ts_node *tree, struct ts_why *why)
{
	const char *missing = NULL;
	char detail[200] = "";
	cells_of_tree(r, tree, &missing);
	const struct ts_item item = {
		.raw = raw, .cells = r->cells, .tree = tree, .region = r->region};
	if (missing)
		snprintf(detail, sizeof(detail), "no %s", missing);
	return emit(r, &item, missing ? "field_missing" : NULL, detail, why);
}

static enum ts_err take_json_item(
	void *ctx, struct ts_str name, struct ts_str bytes, bool too_long, struct ts_why *why)
{
	struct reading *r = ctx;
	const struct ts_node *tree = NULL;
	const char *reason = "item_too_large";
	struct ts_why detail = {.text = "more bytes than an item may have"};
	struct ts_item item = {.raw = bytes, .region = r->region};
	r->number++;
	ts_region_reset(r->region);
	if (too_long || ts_node_json(bytes, r->region, &tree, &reason, &detail) != TS_OK)
		return emit(r, &item, reason, detail.text, why);
	if (name.len) {
		struct ts_node *named = ts_region_alloc(r->region, sizeof(*named));
		char *copy = ts_region_copy(r->region, name.at, name.len);
		if (!named || !copy)
			return TS_E_NO_MEMORY;
		*named = *tree;
		named->name = (struct ts_str){copy, name.len};
		tree = named;
	}
	return emit_tree(r, bytes, tree, why);
}

static enum ts_err take_json_member(
	void *ctx, struct ts_str path, struct ts_str bytes, struct ts_why *why)
{
	struct reading *r = ctx;
	const struct ts_node *tree = NULL;
	const char *reason = "";
	ts_region_reset(r->region);
	TS_TRY(ts_node_json(bytes, r->region, &tree, &reason, why));
	return r->form->member ? r->form->member(r->state, path, tree, why) : TS_OK;
}

static bool is_item_name(const struct ts_form *form, struct ts_str name)
{
	struct ts_str names = ts_str(form->items);
	while (names.at)
		if (ts_str_eq(ts_str_cut(&names, '|'), name))
			return true;
	return false;
}

/* Every element with one of the names, in order; an item holds none itself. */
static enum ts_err emit_elements(
	struct reading *r, struct ts_str raw, const struct ts_node *node, struct ts_why *why)
{
	if (is_item_name(r->form, node->name)) {
		r->number++;
		return emit_tree(r, raw, node, why);
	}
	for (const struct ts_node *at = node->first; at; at = at->next)
		TS_TRY(emit_elements(r, raw, at, why));
	return TS_OK;
}

static enum ts_err read_whole(
	struct ts_input *input, char *buf, size_t cap, size_t *len, struct ts_why *why)
{
	size_t n = 1;
	for (*len = 0; n && *len < cap; *len += n)
		TS_TRY(ts_input_read(input, buf + *len, cap - *len, &n, why));
	if (*len == cap)
		return ts_why(why, TS_E_LIMIT, "input", "more than %u bytes in one document",
			TS_SOURCE_ITEM_BYTES_MAX);
	return TS_OK;
}

static enum ts_err read_xml(struct reading *r, struct ts_why *why)
{
	size_t cap = TS_SOURCE_ITEM_BYTES_MAX + 1;
	size_t len = 0;
	const struct ts_node *tree = NULL;
	const char *reason = "";
	char *buf = malloc(cap);
	if (!buf)
		return TS_E_NO_MEMORY;
	enum ts_err err = read_whole(r->input, buf, cap, &len, why);
	struct ts_str bytes = {buf, len};
	if (err == TS_OK)
		err = ts_node_xml(bytes, r->region, &tree, &reason, why);
	if (err == TS_OK)
		err = emit_elements(r, bytes, tree, why);
	if (err == TS_OK && r->number == 0)
		err = ts_why(why, TS_E_NOT_FOUND, "input", "no element %s in the document",
			r->form->items);
	free(buf);
	return err;
}

/* A block of "Key: Value" lines as it grows. */
struct block {
	struct ts_node *root;
	struct ts_node *last;
	int64_t number; /* of its first line */
	const char *reason; /* what is wrong with it */
	const char *detail;
};

static enum ts_err begin_block(struct reading *r, struct block *block)
{
	ts_region_reset(r->region);
	*block = (struct block){.root = ts_region_alloc(r->region, sizeof(*block->root))};
	if (!block->root)
		return TS_E_NO_MEMORY;
	block->root->kind = TS_NODE_OBJECT;
	return TS_OK;
}

static void spoil(struct block *block, const char *reason, const char *detail)
{
	if (block->reason)
		return;
	block->reason = reason;
	block->detail = detail;
}

static struct ts_str trimmed(struct ts_str text)
{
	while (text.len && text.at[0] == ' ')
		text = (struct ts_str){text.at + 1, text.len - 1};
	while (text.len && text.at[text.len - 1] == ' ')
		text.len--;
	return text;
}

static enum ts_err add_line(struct reading *r, struct block *block, const struct ts_line *line)
{
	const char *reason = line_reason(line);
	if (block->number == 0)
		block->number = line->number;
	if (reason || block->root->n == BLOCK_LINES_MAX) {
		spoil(block, reason ? reason : "item_too_large",
			reason ? line_detail(reason) : "too many lines in one record");
		return TS_OK;
	}
	struct ts_node *node = ts_region_alloc(r->region, sizeof(*node));
	char *copy = ts_region_copy(r->region, line->text.at, line->text.len);
	if (!node || !copy)
		return TS_E_NO_MEMORY;
	struct ts_str value = {copy, line->text.len};
	node->kind = TS_NODE_STRING;
	node->name = trimmed(ts_str_cut(&value, ':'));
	node->text = value.at ? trimmed(value) : value;
	if (!value.at)
		spoil(block, "line_malformed", "a line without a colon");
	if (ts_node_at(block->root, node->name))
		spoil(block, "field_twice", "a key stands twice in one record");
	if (!ts_text_utf8(node->text))
		spoil(block, "not_utf8", "a value that is not UTF-8");
	if (block->last)
		block->last->next = node;
	else
		block->root->first = node;
	block->last = node;
	block->root->n++;
	return TS_OK;
}

static enum ts_err end_block(struct reading *r, struct block *block, struct ts_why *why)
{
	struct ts_item item = {.region = r->region, .tree = block->root};
	r->number = block->number;
	if (block->number == 0)
		return begin_block(r, block); /* nothing between two "%%" */
	TS_TRY(block->reason ? emit(r, &item, block->reason, block->detail, why)
			     : emit_tree(r, item.raw, block->root, why));
	return begin_block(r, block);
}

static enum ts_err read_header(struct reading *r, const struct ts_line *line, struct ts_why *why)
{
	const struct ts_node node = {.kind = TS_NODE_STRING, .text = line->text};
	r->sink->heading(r->sink->ctx);
	return r->form->member ? r->form->member(r->state, TS_STR("header"), &node, why) : TS_OK;
}

static enum ts_err read_blocks(struct reading *r, struct ts_lines *lines, struct ts_why *why)
{
	struct block block;
	bool header = false;
	TS_TRY(begin_block(r, &block));
	for (;;) {
		struct ts_line line;
		bool got = false;
		TS_TRY(ts_lines_next(lines, &line, &got, why));
		if (!got)
			return end_block(r, &block, why);
		if (line.text.len == 0 && !line.too_long)
			continue;
		if (!header) {
			header = true;
			TS_TRY(read_header(r, &line, why));
		} else if (ts_str_is(line.text, "%%")) {
			TS_TRY(end_block(r, &block, why));
		} else {
			TS_TRY(add_line(r, &block, &line));
		}
	}
}

static enum ts_err read_text(struct reading *r, const char *columns, struct ts_why *why)
{
	struct ts_lines lines;
	bool table = r->form->kind == TS_FORM_TABLE;
	bool quoted = table && (r->form->flags & TS_TABLE_QUOTED);
	size_t max = quoted ? 16 * (size_t)TS_SOURCE_LINE_BYTES_MAX : TS_SOURCE_LINE_BYTES_MAX;
	if (table)
		TS_TRY(ts_table_begin(&r->table, r->form, columns, r->state, why));
	TS_TRY(ts_lines_open(&lines, r->input, max, quoted));
	enum ts_err err = r->form->kind == TS_FORM_BLOCKS ? read_blocks(r, &lines, why)
							  : read_lines(r, &lines, why);
	ts_lines_close(&lines);
	return err;
}

static enum ts_err read_form(struct reading *r, const char *columns, struct ts_why *why)
{
	const struct ts_json_walk walk = {.items = r->form->items,
		.item_bytes_max = TS_SOURCE_ITEM_BYTES_MAX,
		.ctx = r,
		.item = take_json_item,
		.member = take_json_member};
	switch (r->form->kind) {
	case TS_FORM_JSON:
		return ts_json_walk(r->input, &walk, why);
	case TS_FORM_XML:
		return read_xml(r, why);
	case TS_FORM_LINES:
	case TS_FORM_TABLE:
	case TS_FORM_BLOCKS:
		break;
	}
	return read_text(r, columns, why);
}

enum ts_err ts_items_read(struct ts_input *input, const struct ts_form *form, void *state,
	const char *columns, const struct ts_items_sink *sink, struct ts_why *why)
{
	struct reading *r = calloc(1, sizeof(*r));
	if (!r)
		return TS_E_NO_MEMORY;
	r->input = input;
	r->form = form;
	r->state = state;
	r->sink = sink;
	r->region = ts_region_create(REGION_BYTES_MAX);
	enum ts_err err = r->region ? read_form(r, columns, why) : TS_E_NO_MEMORY;
	ts_region_free(r->region);
	free(r);
	return err;
}
