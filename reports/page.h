/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PAGE_H
#define TS_REPORTS_PAGE_H
/* Why: the one house style of documents for people: A4 grid, fonts, colours, blocks and tables as
 * PDF. Lengths are integers in tenths of a point, from the top left; cairo's doubles stay inside
 * page.c, so that a report that uses this cannot let one near its figures.
 *
 * Reproducible: fonts come from fixed files through a private font configuration, the date is a
 * parameter, the language is set; no clock, locale or environment takes part. Fonts: Liberation
 * Sans and Mono (Debian fonts-liberation2), DejaVu Sans (fonts-dejavu-core) for what they lack,
 * Noto Sans CJK (fonts-noto-cjk) if installed. Text that no font covers is an error, never a box.
 *
 * A failure sticks in the page and is returned by ts_page_render. */
#include "base/buf.h"
#include "reports/table.h"
#include <stdbool.h>

#define TS_PAGE_WIDTH 5953
#define TS_PAGE_HEIGHT 8419
#define TS_PAGE_LEFT 450
#define TS_PAGE_RIGHT (TS_PAGE_WIDTH - 450)
#define TS_PAGE_INNER (TS_PAGE_RIGHT - TS_PAGE_LEFT)
#define TS_PAGE_TOP 420
#define TS_PAGE_BOTTOM (TS_PAGE_HEIGHT - 620) /* content ends here; the footer is below */

/* X(NAME, family, bold, size in tenths of a point, colour) */
#define TS_PAGE_STYLES(X)                                                                          \
	X(LETTERHEAD, SANS, true, 150, ACCENT)                                                     \
	X(TITLE, SANS, true, 190, INK)                                                             \
	X(HEADING, SANS, true, 88, ACCENT)                                                         \
	X(BODY, SANS, false, 84, INK)                                                              \
	X(STRONG, SANS, true, 84, INK)                                                             \
	X(FINE, SANS, false, 70, GREY)                                                             \
	X(FINE_STRONG, SANS, true, 70, GREY)                                                       \
	X(MONO, MONO, false, 70, INK)                                                              \
	X(ALERT, SANS, true, 84, ALERT)                                                            \
	X(TOTAL, SANS, true, 110, ACCENT)                                                          \
	X(WATERMARK, SANS, true, 1100, WASH)

/* X(NAME, 0xRRGGBB) */
#define TS_PAGE_COLOURS(X)                                                                         \
	X(INK, 0x1B1F27)                                                                           \
	X(GREY, 0x59626F)                                                                          \
	X(ACCENT, 0x12395B)                                                                        \
	X(ALERT, 0x9A3412)                                                                         \
	X(LINE, 0xCBD2DB)                                                                          \
	X(TINT, 0xF1F4F8)                                                                          \
	X(ALERT_TINT, 0xFCF1E8)                                                                    \
	X(WASH, 0xEEF0F3)

enum ts_page_style {
#define X(name, family, bold, size, colour) TS_STYLE_##name,
	TS_PAGE_STYLES(X)
#undef X
};
enum ts_page_colour {
#define X(name, rgb) TS_COLOUR_##name,
	TS_PAGE_COLOURS(X)
#undef X
};

struct ts_page;

struct ts_page_info {
	const char *title, *author, *subject, *keywords; /* PDF metadata */
	const char *language; /* BCP 47: "en" */
	int32_t created_day; /* PDF creation date */
	const char *running; /* head of every page but the first, footer of all */
	const char *issuer; /* likewise, left */
	const char *watermark; /* behind every page; NULL: none */
};

/* Draws the whole document; called twice (the first time only to count pages), so it must do the
 * same both times. Returns an error of its own, or TS_OK. */
typedef enum ts_err ts_page_draw(struct ts_page *page, const void *context);

/* Appends the finished PDF to out. */
enum ts_err ts_page_render(const struct ts_page_info *info, ts_page_draw *draw, const void *context,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

/* The pen: where the next block begins. */
int ts_page_y(const struct ts_page *page);
void ts_page_move(struct ts_page *page, int y);
/* Goes to a new page unless `height` still fits below the pen; true when it did. */
bool ts_page_need(struct ts_page *page, int height);

/* Text in a box of `width`, wrapped; returns its height. */
int ts_page_text(struct ts_page *page, enum ts_page_style style, enum ts_align align, int x, int y,
	int width, const char *text);
/* One line; smaller where it would not fit. Returns the height of a line of the style. */
int ts_page_line(struct ts_page *page, enum ts_page_style style, enum ts_align align, int x, int y,
	int width, const char *text);
/* The height that ts_page_text would take. */
int ts_page_text_height(
	struct ts_page *page, enum ts_page_style style, int width, const char *text);
int ts_page_text_width(struct ts_page *page, enum ts_page_style style, const char *text);
void ts_page_fill(
	struct ts_page *page, enum ts_page_colour colour, int x, int y, int width, int height);

/* Draws a block at y and returns its height. */
typedef int ts_page_block(struct ts_page *page, int y, const void *context);
/* The block's height, drawing nothing. */
int ts_page_measure(struct ts_page *page, ts_page_block *block, const void *context);
/* Draws the block at the pen, on a new page if it does not fit, and moves the pen behind it. */
void ts_page_keep(struct ts_page *page, ts_page_block *block, const void *context);

/* Label and value, one below the other. A pair whose value is NULL is left out. */
struct ts_page_pair {
	const char *label, *value;
	enum ts_page_style style; /* of the value */
};
/* Returns the height. */
int ts_page_pairs(struct ts_page *page, int x, int y, int label_width, int width,
	const struct ts_page_pair *pairs, size_t n);

#endif
