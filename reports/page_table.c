/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/page_table.h"

#define PAD 55 /* left and right of a cell's text */
#define ROW_GAP 38 /* above and below a row's text */
#define NOTE_GAP 10
#define HEAD_GAP 42
#define SHRINK_STEP 10
#define CARRY_HEIGHT 190
/* What a header or a heading wants to see below itself on its page. */
#define ROW_ROOM 420

void ts_page_table_fit(struct ts_page *page, struct ts_page_table *table, size_t column,
	enum ts_page_style style, const char *text)
{
	int width = ts_page_text_width(page, style, text) + 2 * PAD;
	if (width > table->widths[column])
		table->widths[column] = width;
}

/* The rest column gets what is left; where that is less than its minimum the widest of the others
 * shrink (their text then prints smaller). */
static void settle_widths(struct ts_page *page, struct ts_page_table *table)
{
	int used = 0;
	size_t rest = table->n;
	for (size_t i = 0; i < table->n; i++) {
		if (table->columns[i].rest) {
			rest = i;
			continue;
		}
		ts_page_table_fit(page, table, i, TS_STYLE_FINE_STRONG, table->columns[i].title);
		if (table->widths[i] < table->columns[i].width_min)
			table->widths[i] = table->columns[i].width_min;
		used += table->widths[i];
	}
	TS_ASSERT(rest < table->n);
	int most = table->width - table->columns[rest].width_min;
	while (used > most) {
		size_t widest = rest == 0 ? 1 : 0;
		for (size_t i = 0; i < table->n; i++) {
			if (i != rest && table->widths[i] > table->widths[widest])
				widest = i;
		}
		if (table->widths[widest] <= SHRINK_STEP)
			break;
		table->widths[widest] -= SHRINK_STEP;
		used -= SHRINK_STEP;
	}
	table->widths[rest] = table->width - used;
}

static void draw_header(struct ts_page *page, const struct ts_page_table *table)
{
	int y = ts_page_y(page), x = table->x;
	int height = ts_page_text_height(page, TS_STYLE_FINE_STRONG, -1, "X") + 2 * HEAD_GAP;
	ts_page_fill(page, TS_COLOUR_TINT, table->x, y, table->width, height);
	for (size_t i = 0; i < table->n; i++) {
		ts_page_line(page, TS_STYLE_FINE_STRONG, table->columns[i].align, x + PAD,
			y + HEAD_GAP, table->widths[i] - 2 * PAD, table->columns[i].title);
		x += table->widths[i];
	}
	ts_page_fill(page, TS_COLOUR_ACCENT, table->x, y + height, table->width, 8);
	ts_page_move(page, y + height + 8);
}

void ts_page_table_begin(struct ts_page *page, struct ts_page_table *table)
{
	TS_ASSERT(table->n <= TS_PAGE_COLUMNS_MAX);
	settle_widths(page, table);
	ts_page_need(page, ROW_ROOM);
	draw_header(page, table);
}

/* "Carried forward ... 1,234.00" in place of a row. */
static void draw_carry(struct ts_page *page, const struct ts_page_table *table, const char *label,
	const char *carry)
{
	int y = ts_page_y(page), last = table->widths[table->n - 1];
	ts_page_line(page, TS_STYLE_FINE_STRONG, TS_ALIGN_RIGHT, table->x + PAD, y + ROW_GAP + 8,
		table->width - last - 2 * PAD, label);
	ts_page_line(page, TS_STYLE_STRONG, TS_ALIGN_RIGHT, table->x + table->width - last + PAD,
		y + ROW_GAP, last - 2 * PAD, carry);
	ts_page_move(page, y + CARRY_HEIGHT);
}

/* Makes room for a row of `height` and a carry row, on the next page if need be. */
static void make_room(
	struct ts_page *page, const struct ts_page_table *table, int height, const char *carry)
{
	bool carries = table->carry_label[0] != NULL;
	int y = ts_page_y(page);
	if (y + height + (carries ? CARRY_HEIGHT : 0) <= TS_PAGE_BOTTOM)
		return;
	if (carries && carry != NULL)
		draw_carry(page, table, table->carry_label[0], carry);
	if (!ts_page_need(page, TS_PAGE_HEIGHT))
		return; /* an error stuck */
	draw_header(page, table);
	if (carries && carry != NULL) {
		draw_carry(page, table, table->carry_label[1], carry);
		ts_page_fill(page, TS_COLOUR_LINE, table->x, ts_page_y(page), table->width, 4);
	}
}

void ts_page_table_section(struct ts_page *page, const struct ts_page_table *table,
	const char *title, const char *carry)
{
	make_room(page, table, 230 + ROW_ROOM, carry);
	int y = ts_page_y(page) + 60;
	int h = ts_page_text(page, TS_STYLE_HEADING, TS_ALIGN_LEFT, table->x + PAD, y,
		table->width - 2 * PAD, title);
	y += h + 26;
	ts_page_fill(page, TS_COLOUR_LINE, table->x, y, table->width, 4);
	ts_page_move(page, y + 4);
}

struct row {
	const struct ts_page_table *table;
	const struct ts_page_cell *cells;
	const char *const *notes;
};

/* Only the rest column wraps. */
static int draw_cells(struct ts_page *page, int y, const struct row *row)
{
	int x = row->table->x + PAD, height = 0;
	for (size_t i = 0; i < row->table->n; i++) {
		const struct ts_page_column *column = &row->table->columns[i];
		const struct ts_page_cell *cell = &row->cells[i];
		int h = 0, width = row->table->widths[i] - 2 * PAD;
		if (cell->text != NULL && column->rest)
			h = ts_page_text(page, cell->style, column->align, x, y, width, cell->text);
		else if (cell->text != NULL)
			h = ts_page_line(page, cell->style, column->align, x, y, width, cell->text);
		height = h > height ? h : height;
		x += row->table->widths[i];
	}
	return height;
}

static int draw_notes(struct ts_page *page, int y, const struct row *row)
{
	int x = row->table->x, left = 0, width = row->table->width, height = 0;
	for (size_t i = 0; i < row->table->n && !row->table->columns[i].rest; i++)
		left += row->table->widths[i];
	width -= left + row->table->widths[row->table->n - 1];
	for (size_t i = 0; row->notes != NULL && row->notes[i] != NULL; i++)
		height += NOTE_GAP + ts_page_text(page, TS_STYLE_FINE, TS_ALIGN_LEFT,
					     x + left + PAD, y + height + NOTE_GAP, width - 2 * PAD,
					     row->notes[i]);
	return height;
}

static int draw_row(struct ts_page *page, int y, const void *context)
{
	const struct row *row = context;
	int height = ROW_GAP;
	height += draw_cells(page, y + height, row);
	height += draw_notes(page, y + height, row);
	return height + ROW_GAP;
}

void ts_page_table_row(struct ts_page *page, const struct ts_page_table *table,
	const struct ts_page_cell *cells, const char *const *notes, const char *carry)
{
	struct row row = {table, cells, notes};
	make_room(page, table, ts_page_measure(page, draw_row, &row), carry);
	int y = ts_page_y(page);
	y += draw_row(page, y, &row);
	ts_page_fill(page, TS_COLOUR_LINE, table->x, y, table->width, 4);
	ts_page_move(page, y + 4);
}

void ts_page_table_end(struct ts_page *page, const struct ts_page_table *table)
{
	ts_page_fill(page, TS_COLOUR_ACCENT, table->x, ts_page_y(page), table->width, 8);
	ts_page_move(page, ts_page_y(page) + 8);
}
