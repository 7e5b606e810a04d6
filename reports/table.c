/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/table.h"
#include <glib.h>
#include <string.h>

/* Between two columns. */
#define GAP 2

struct table_row {
	struct table_row *next;
	bool rule_before;
	const char *cells[TS_TABLE_COLUMNS_MAX]; /* clean UTF-8, within the column's width_max */
};

struct ts_table {
	struct ts_region *region;
	const struct ts_table_column *columns;
	size_t n;
	int width[TS_TABLE_COLUMNS_MAX];
	struct table_row *first, *last;
	bool rule_next;
	enum ts_err err;
};

static int char_width(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

/* The character at text and its length in bytes; what may not reach a terminal is U+FFFD. */
static gunichar next_char(const char *text, size_t *bytes)
{
	gunichar c = g_utf8_get_char_validated(text, -1);
	if (c == (gunichar)-1 || c == (gunichar)-2) {
		*bytes = 1;
		return 0xFFFD;
	}
	*bytes = (size_t)(g_utf8_next_char(text) - text);
	bool bidi = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
	if (g_unichar_iscntrl(c) || bidi || c == 0x2028 || c == 0x2029)
		return 0xFFFD;
	return c;
}

int ts_table_width(const char *text)
{
	int width = 0;
	size_t bytes;
	for (; *text != '\0'; text += bytes)
		width += char_width(next_char(text, &bytes));
	return width;
}

/* A clean copy of text, at most max cells wide (0: any). */
static const char *clean(struct ts_table *table, const char *text, int max)
{
	size_t room = strlen(text) * 3 + 4; /* a bad byte becomes three; the ellipsis three more */
	char *out = ts_region_alloc(table->region, room);
	if (out == NULL) {
		table->err = TS_E_NO_MEMORY;
		return "";
	}
	bool cut = max > 0 && ts_table_width(text) > max;
	size_t len = 0, bytes;
	int width = 0;
	for (; *text != '\0'; text += bytes) {
		gunichar c = next_char(text, &bytes);
		width += char_width(c);
		if (cut && width > max - 1) {
			len += (size_t)g_unichar_to_utf8(0x2026, out + len);
			break;
		}
		len += (size_t)g_unichar_to_utf8(c, out + len);
	}
	out[len] = '\0';
	return out;
}

struct ts_table *ts_table_create(
	struct ts_region *region, const struct ts_table_column *columns, size_t n)
{
	TS_ASSERT(n >= 1 && n <= TS_TABLE_COLUMNS_MAX);
	struct ts_table *table = ts_region_alloc(region, sizeof *table);
	if (table == NULL)
		return NULL;
	table->region = region;
	table->columns = columns;
	table->n = n;
	for (size_t i = 0; i < n; i++)
		table->width[i] = ts_table_width(columns[i].title);
	return table;
}

void ts_table_row(struct ts_table *table, const char *const *cells)
{
	struct table_row *row = ts_region_alloc(table->region, sizeof *row);
	if (row == NULL) {
		table->err = TS_E_NO_MEMORY;
		return;
	}
	row->rule_before = table->rule_next;
	table->rule_next = false;
	for (size_t i = 0; i < table->n; i++) {
		const char *cell = cells[i] != NULL ? cells[i] : "";
		row->cells[i] = clean(table, cell, table->columns[i].width_max);
		int width = ts_table_width(row->cells[i]);
		if (width > table->width[i])
			table->width[i] = width;
	}
	if (table->last != NULL)
		table->last->next = row;
	else
		table->first = row;
	table->last = row;
}

void ts_table_rule(struct ts_table *table)
{
	table->rule_next = true;
}

static void put_blanks(struct ts_buf *out, int n)
{
	for (int i = 0; i < n; i++)
		ts_buf_putc(out, ' ');
}

static void put_row(const struct ts_table *table, const char *const *cells, struct ts_buf *out)
{
	int pending = 0; /* blanks that are only written when something follows */
	for (size_t i = 0; i < table->n; i++) {
		int width = ts_table_width(cells[i]);
		int space = table->width[i] - width;
		enum ts_align align = table->columns[i].align;
		int before = align == TS_ALIGN_RIGHT    ? space
			     : align == TS_ALIGN_CENTER ? space / 2
							: 0;
		pending += before + (i > 0 ? GAP : 0);
		if (width > 0) {
			put_blanks(out, pending);
			ts_buf_puts(out, cells[i]);
			pending = 0;
		}
		pending += space - before;
	}
	ts_buf_putc(out, '\n');
}

static void put_rule(const struct ts_table *table, struct ts_buf *out)
{
	for (size_t i = 0; i < table->n; i++) {
		put_blanks(out, i > 0 ? GAP : 0);
		for (int k = 0; k < table->width[i]; k++)
			ts_buf_puts(out, "\u2500");
	}
	ts_buf_putc(out, '\n');
}

enum ts_err ts_table_write(const struct ts_table *table, struct ts_buf *out)
{
	if (table->err != TS_OK)
		return table->err;
	const char *titles[TS_TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < table->n; i++)
		titles[i] = table->columns[i].title;
	put_row(table, titles, out);
	put_rule(table, out);
	for (const struct table_row *row = table->first; row != NULL; row = row->next) {
		if (row->rule_before)
			put_rule(table, out);
		put_row(table, row->cells, out);
	}
	return out->err;
}
