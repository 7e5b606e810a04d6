/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/table.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool same_name(const struct ts_form *form, struct ts_str a, struct ts_str b)
{
	if (a.len != b.len)
		return false;
	if (a.len == 0)
		return true;
	return form->flags & TS_TABLE_NOCASE ? strncasecmp(a.at, b.at, a.len) == 0
					     : memcmp(a.at, b.at, a.len) == 0;
}

/* Which alternative of the field has that name; -1: none. */
static int alternative(const struct ts_form *form, size_t field, struct ts_str name)
{
	struct ts_str names = ts_str(form->fields[field].names);
	for (int i = 0; names.at && i < TS_TABLE_ALTERNATIVES_MAX; i++)
		if (same_name(form, ts_str_cut(&names, '|'), name))
			return i;
	return -1;
}

/* Takes a quoted cell at the start of *rest: cuts it, with doubled quotes made single in place. */
static bool cut_quoted(struct ts_str *rest, char separator, struct ts_str *out)
{
	char *to = (char *)(uintptr_t)rest->at; /* the lines' buffer, which is ours to change */
	const char *at = rest->at + 1;
	const char *end = rest->at + rest->len;
	out->at = to;
	for (;;) {
		const char *quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
		if (!quote)
			return false;
		memmove(to, at, (size_t)(quote - at));
		to += quote - at;
		at = quote + 1;
		if (at < end && *at == '"') {
			*to++ = '"';
			at++;
			continue;
		}
		break;
	}
	out->len = (size_t)(to - out->at);
	if (at == end) {
		*rest = (struct ts_str){0};
		return true;
	}
	*rest = (struct ts_str){at + 1, (size_t)(end - at) - 1};
	return *at == separator;
}

static const struct ts_str null_cell = {0};

/* The next separator in [at, end), or end. Cells are short: a word at a time beats a call each. */
static const char *next_separator(const char *at, const char *end, char separator)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t wanted = ones * (unsigned char)separator;
	for (; end - at >= 8; at += 8) {
		uint64_t word = 0;
		memcpy(&word, at, 8);
		word ^= wanted;
		if ((word - ones) & ~word & (ones << 7))
			break;
	}
	while (at < end && *at != separator)
		at++;
	return at;
}

static struct ts_str cut_plain(struct ts_str *rest, char separator)
{
	const char *at = rest->at;
	const char *end = at + rest->len;
	const char *stop = next_separator(at, end, separator);
	*rest = stop == end ? (struct ts_str){0}
			    : (struct ts_str){stop + 1, (size_t)(end - stop) - 1};
	return (struct ts_str){at, (size_t)(stop - at)};
}

/* Cuts a line into at most max columns. False: a quote is out of place. *n counts all of them, up
 * to max + 1; with rest_last the last of `max` takes what is left. */
static bool cut_columns(const struct ts_form *form, char separator, struct ts_str line,
	bool rest_last, size_t max, struct ts_str *columns, size_t *n)
{
	bool quoted = (form->flags & TS_TABLE_QUOTED) != 0;
	bool null_word = (form->flags & TS_TABLE_NULL_WORD) != 0;
	*n = 0;
	while (line.at) {
		if (*n == max) {
			*n = max + 1;
			return true;
		}
		if (rest_last && *n == max - 1) {
			columns[(*n)++] = line;
			return true;
		}
		if (quoted && line.len && line.at[0] == '"') {
			if (!cut_quoted(&line, separator, &columns[*n]))
				return false;
		} else {
			columns[*n] = cut_plain(&line, separator);
			if (null_word && ts_str_is(columns[*n], "NULL"))
				columns[*n] = null_cell;
		}
		++*n;
	}
	return true;
}

static enum ts_err place_column(
	struct ts_table *table, size_t column, struct ts_str name, struct ts_why *why)
{
	const struct ts_form *form = table->form;
	for (size_t i = 0; i < form->fields_n; i++) {
		int j = alternative(form, i, name);
		if (j < 0)
			continue;
		if (table->at[i][j] >= 0)
			return ts_why(
				why, TS_E_MALFORMED, "columns", "%.*s stands twice", TS_SHOW(name));
		table->at[i][j] = (int16_t)column;
	}
	return TS_OK;
}

/* Moves the alternatives that are there to the front. */
static size_t pack_alternatives(int16_t at[TS_TABLE_ALTERNATIVES_MAX])
{
	size_t n = 0;
	for (size_t j = 0; j < TS_TABLE_ALTERNATIVES_MAX; j++)
		if (at[j] >= 0)
			at[n++] = at[j];
	for (size_t j = n; j < TS_TABLE_ALTERNATIVES_MAX; j++)
		at[j] = -1;
	return n;
}

static enum ts_err set_layout(struct ts_table *table, const struct ts_str *names, size_t n,
	void *state, struct ts_why *why)
{
	const struct ts_form *form = table->form;
	TS_ASSERT(form->fields_n <= TS_SOURCE_FIELDS_MAX);
	memset(table->at, -1, sizeof(table->at));
	table->trailing = n > 1 && names[n - 1].len == 0;
	table->n = n - (table->trailing ? 1 : 0);
	for (size_t i = 0; i < table->n; i++)
		TS_TRY(place_column(table, i, names[i], why));
	for (size_t i = 0; i < form->fields_n; i++)
		if (pack_alternatives(table->at[i]) == 0 && form->fields[i].required)
			return ts_why(why, TS_E_MISSING_FIELD, "columns",
				"no column %s in the heading", form->fields[i].names);
	table->rest_last = form->rest && !table->trailing &&
			   same_name(form, names[table->n - 1], ts_str(form->rest));
	size_t len = names[0].len < sizeof(table->names) ? names[0].len : 0;
	memcpy(table->names, names[0].at, len);
	table->first_name = (struct ts_str){table->names, len};
	table->known = true;
	return form->heading ? form->heading(state, names, table->n, why) : TS_OK;
}

static enum ts_err read_names(
	struct ts_table *table, struct ts_str line, char separator, void *state, struct ts_why *why)
{
	size_t n = 0;
	if (!cut_columns(table->form, separator, line, false, TS_SOURCE_COLUMNS_MAX, table->columns,
		    &n) ||
		n > TS_SOURCE_COLUMNS_MAX)
		return ts_why(why, TS_E_LIMIT, "columns",
			"the heading is malformed or has more than %d columns",
			TS_SOURCE_COLUMNS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct ts_str *name = &table->columns[i];
		while (name->len && name->at[0] == ' ')
			*name = (struct ts_str){name->at + 1, name->len - 1};
		while (name->len && name->at[name->len - 1] == ' ')
			name->len--;
	}
	return set_layout(table, table->columns, n, state, why);
}

enum ts_err ts_table_begin(struct ts_table *table, const struct ts_form *form, const char *columns,
	void *state, struct ts_why *why)
{
	table->form = form;
	table->separator = form->separators[0];
	table->known = false;
	if (!columns)
		return TS_OK;
	return read_names(table, ts_str(columns), ',', state, why);
}

static char most_frequent(const char *separators, struct ts_str line)
{
	char best = separators[0];
	size_t best_n = 0;
	for (const char *c = separators; *c; c++) {
		size_t n = 0;
		for (size_t i = 0; i < line.len; i++)
			n += line.at[i] == *c;
		if (n > best_n) {
			best = *c;
			best_n = n;
		}
	}
	return best;
}

static bool is_field_name(const struct ts_form *form, struct ts_str name)
{
	for (size_t i = 0; i < form->fields_n; i++)
		if (alternative(form, i, name) >= 0)
			return true;
	return false;
}

/* A name of every required field stands among the cells. */
static bool names_required(const struct ts_table *table, struct ts_str line)
{
	const struct ts_form *form = table->form;
	for (size_t i = 0; i < form->fields_n; i++) {
		bool found = !form->fields[i].required;
		struct ts_str rest = line;
		while (!found && rest.at) {
			struct ts_str cell = ts_str_cut(&rest, table->separator);
			if (cell.len > 1 && cell.at[0] == '"')
				cell = (struct ts_str){cell.at + 1, cell.len - 2};
			found = alternative(form, i, cell) >= 0;
		}
		if (!found)
			return false;
	}
	return true;
}

/* The first line is a heading, unless the form has a layout for files without one and the line does
 * not begin with a column's name. A later line is one when it begins like a heading and has the
 * names of all columns that no layout can do without. */
static bool is_heading(struct ts_table *table, struct ts_str line)
{
	const struct ts_form *form = table->form;
	if (!table->known && !form->layout)
		return true;
	/* Cheap, as it is asked of every row: a heading begins with a letter or a quote. */
	char c = line.at[0];
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '"';
	if (!letter)
		return false;
	struct ts_str rest = line;
	struct ts_str first = ts_str_cut(&rest, table->separator);
	if (first.len > 1 && first.at[0] == '"')
		first = (struct ts_str){first.at + 1, first.len - 2};
	if (!is_field_name(form, first) &&
		!(table->known && same_name(form, first, table->first_name)))
		return false;
	return !table->known || names_required(table, line);
}

static void pick_cells(struct ts_table *table)
{
	for (size_t i = 0; i < table->form->fields_n; i++) {
		const int16_t *at = table->at[i];
		struct ts_str cell = at[0] < 0 ? null_cell : table->columns[at[0]];
		for (size_t j = 1; cell.len == 0 && j < TS_TABLE_ALTERNATIVES_MAX && at[j] >= 0;
			j++)
			cell = table->columns[at[j]];
		table->cells[i] = cell;
	}
}

enum ts_err ts_table_line(struct ts_table *table, struct ts_str line, void *state, bool *heading,
	const char **reason, char detail[200], struct ts_why *why)
{
	const struct ts_form *form = table->form;
	size_t n = 0;
	if (!table->known)
		table->separator = most_frequent(form->separators, line);
	*heading = is_heading(table, line);
	if (*heading)
		return read_names(table, line, table->separator, state, why);
	if (!table->known)
		TS_TRY(read_names(table, ts_str(form->layout), ',', state, why));
	if (table->trailing && line.at[line.len - 1] == table->separator)
		line.len--;
	if (!cut_columns(
		    form, table->separator, line, table->rest_last, table->n, table->columns, &n)) {
		*reason = "quote_malformed";
		snprintf(detail, 200, "column %zu: bytes behind the closing quote, or none", n + 1);
		return TS_OK;
	}
	if (n != table->n) {
		*reason = "column_count";
		snprintf(detail, 200, "%s than %zu columns", n > table->n ? "more" : "fewer",
			table->n);
		return TS_OK;
	}
	pick_cells(table);
	return TS_OK;
}
