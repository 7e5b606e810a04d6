/* SPDX-License-Identifier: Apache-2.0 */
/* Doubles in this file: cairo and pango take coordinates as doubles. They are made here from the
 * integers of page.h and never leave; no figure that is printed passes through one. */
#include "reports/page.h"
#include "reports/page_fonts.h"
#include "reports/pdf_finish.h"
#include "base/time.h"
#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

/* A finished document, before the language and the identifier are put in. */
#define PDF_BYTES_MAX (32 * 1024 * 1024)
#define FOOTER_Y (TS_PAGE_HEIGHT - 480)
/* More pages than this are not a document but a mistake. */
#define PAGES_MAX 5000

struct ts_page {
	const struct ts_page_info *info;
	cairo_t *cr;
	PangoLayout *layout;
	int y;
	int number; /* of the current page, from 1 */
	int count; /* of all pages, 0 in the first pass */
	bool dry; /* measure only */
	enum ts_err err; /* the first failure */
	struct ts_why *why;
};

static const struct {
	const char *family;
	bool bold;
	int size;
	enum ts_page_colour colour;
} styles[] = {
#define X(name, family, bold, size, colour)                                                        \
	[TS_STYLE_##name] = {TS_FONT_##family, bold, size, TS_COLOUR_##colour},
	TS_PAGE_STYLES(X)
#undef X
};

static const uint32_t colours[] = {
#define X(name, rgb) [TS_COLOUR_##name] = rgb,
	TS_PAGE_COLOURS(X)
#undef X
};

static double points(int tenths)
{
	return (double)tenths / 10.0;
}

static void set_colour(struct ts_page *page, enum ts_page_colour colour)
{
	uint32_t rgb = colours[colour];
	cairo_set_source_rgb(page->cr, (double)(rgb >> 16) / 255.0,
		(double)(rgb >> 8 & 255) / 255.0, (double)(rgb & 255) / 255.0);
}

/* Loads the layout: one font at `size` tenths; width in tenths, or -1 for one line. */
static void lay_out(
	struct ts_page *page, enum ts_page_style style, int size, int width, const char *text)
{
	PangoFontDescription *font = pango_font_description_new();
	pango_font_description_set_family_static(font, styles[style].family);
	pango_font_description_set_weight(
		font, styles[style].bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_size(font, size * PANGO_SCALE / 10);
	pango_layout_set_font_description(page->layout, font);
	pango_font_description_free(font);
	pango_layout_set_width(page->layout, width < 0 ? -1 : width * PANGO_SCALE / 10);
	pango_layout_set_text(page->layout, text, -1);
	if (pango_layout_get_unknown_glyphs_count(page->layout) > 0 && page->err == TS_OK)
		page->err = ts_why(page->why, TS_E_UNAVAILABLE, "font",
			"no installed font has all characters of \"%.80s\"; for Chinese, Japanese "
			"and "
			"Korean install the Debian package fonts-noto-cjk",
			text);
}

/* Size of what lies in the layout, in tenths, rounded up. */
static void layout_size(struct ts_page *page, int *width, int *height)
{
	int w, h;
	pango_layout_get_size(page->layout, &w, &h);
	*width = (w * 10 + PANGO_SCALE - 1) / PANGO_SCALE;
	*height = (h * 10 + PANGO_SCALE - 1) / PANGO_SCALE;
}

static void show(struct ts_page *page, enum ts_page_style style, int x, int y)
{
	if (page->dry || page->err != TS_OK)
		return;
	set_colour(page, styles[style].colour);
	cairo_move_to(page->cr, points(x), points(y));
	pango_cairo_show_layout(page->cr, page->layout);
}

static PangoAlignment alignment(enum ts_align align)
{
	switch (align) {
	case TS_ALIGN_LEFT:
		return PANGO_ALIGN_LEFT;
	case TS_ALIGN_RIGHT:
		return PANGO_ALIGN_RIGHT;
	case TS_ALIGN_CENTER:
		return PANGO_ALIGN_CENTER;
	}
	return PANGO_ALIGN_LEFT;
}

int ts_page_text(struct ts_page *page, enum ts_page_style style, enum ts_align align, int x, int y,
	int width, const char *text)
{
	int w, h;
	pango_layout_set_alignment(page->layout, alignment(align));
	lay_out(page, style, styles[style].size, width, text);
	layout_size(page, &w, &h);
	show(page, style, x, y);
	return h;
}

int ts_page_line(struct ts_page *page, enum ts_page_style style, enum ts_align align, int x, int y,
	int width, const char *text)
{
	int w, h, height, size = styles[style].size;
	lay_out(page, style, size, -1, text);
	layout_size(page, &w, &height);
	h = height;
	while (w > width && size > 20) {
		size = size * width / w < size ? size * width / w : size - 1;
		lay_out(page, style, size, -1, text);
		layout_size(page, &w, &h);
	}
	int gap = width - w;
	show(page, style,
		x + (align == TS_ALIGN_RIGHT           ? gap
			    : align == TS_ALIGN_CENTER ? gap / 2
						       : 0),
		y + (height - h) * 4 / 5);
	return height;
}

int ts_page_text_height(struct ts_page *page, enum ts_page_style style, int width, const char *text)
{
	int w, h;
	lay_out(page, style, styles[style].size, width, text);
	layout_size(page, &w, &h);
	return h;
}

int ts_page_text_width(struct ts_page *page, enum ts_page_style style, const char *text)
{
	int w, h;
	lay_out(page, style, styles[style].size, -1, text);
	layout_size(page, &w, &h);
	return w;
}

void ts_page_fill(
	struct ts_page *page, enum ts_page_colour colour, int x, int y, int width, int height)
{
	if (page->dry || page->err != TS_OK)
		return;
	set_colour(page, colour);
	cairo_rectangle(page->cr, points(x), points(y), points(width), points(height));
	cairo_fill(page->cr);
}

/* A name that may be cut, which no figure may: heads and feet of pages. */
static void draw_running(struct ts_page *page, enum ts_page_style style, enum ts_align align, int x,
	int y, int width, const char *text)
{
	pango_layout_set_ellipsize(page->layout, PANGO_ELLIPSIZE_END);
	pango_layout_set_height(page->layout, -1);
	ts_page_text(page, style, align, x, y, width, text);
	pango_layout_set_ellipsize(page->layout, PANGO_ELLIPSIZE_NONE);
}

static void draw_watermark(struct ts_page *page)
{
	int w, h;
	lay_out(page, TS_STYLE_WATERMARK, styles[TS_STYLE_WATERMARK].size, -1,
		page->info->watermark);
	layout_size(page, &w, &h);
	cairo_save(page->cr);
	cairo_translate(page->cr, points(TS_PAGE_WIDTH / 2), points(TS_PAGE_HEIGHT / 2));
	cairo_rotate(page->cr, -0.85);
	show(page, TS_STYLE_WATERMARK, -w / 2, -h / 2);
	cairo_restore(page->cr);
}

static void draw_footer(struct ts_page *page)
{
	char number[64];
	snprintf(number, sizeof number, "Page %d of %d", page->number, page->count);
	ts_page_fill(page, TS_COLOUR_LINE, TS_PAGE_LEFT, FOOTER_Y, TS_PAGE_INNER, 5);
	int y = FOOTER_Y + 60, side = 1650;
	draw_running(page, TS_STYLE_FINE, TS_ALIGN_LEFT, TS_PAGE_LEFT, y, side, page->info->issuer);
	draw_running(page, TS_STYLE_FINE, TS_ALIGN_CENTER, TS_PAGE_LEFT + side + 50, y,
		TS_PAGE_INNER - 2 * side - 100, page->info->running);
	draw_running(page, TS_STYLE_FINE, TS_ALIGN_RIGHT, TS_PAGE_RIGHT - side, y, side, number);
}

static void begin_page(struct ts_page *page)
{
	page->number++;
	if (page->info->watermark != NULL)
		draw_watermark(page);
	draw_footer(page);
	page->y = TS_PAGE_TOP;
	if (page->number == 1)
		return;
	int half = TS_PAGE_INNER / 2;
	int h = ts_page_text_height(page, TS_STYLE_FINE_STRONG, -1, "X");
	draw_running(page, TS_STYLE_FINE_STRONG, TS_ALIGN_LEFT, TS_PAGE_LEFT, page->y, half - 50,
		page->info->issuer);
	draw_running(page, TS_STYLE_FINE_STRONG, TS_ALIGN_RIGHT, TS_PAGE_LEFT + half + 50, page->y,
		half - 50, page->info->running);
	page->y += h + 40;
	ts_page_fill(page, TS_COLOUR_ACCENT, TS_PAGE_LEFT, page->y, TS_PAGE_INNER, 8);
	page->y += 130;
}

int ts_page_y(const struct ts_page *page)
{
	return page->y;
}

void ts_page_move(struct ts_page *page, int y)
{
	page->y = y;
}

bool ts_page_need(struct ts_page *page, int height)
{
	if (page->dry || page->y + height <= TS_PAGE_BOTTOM)
		return false;
	if (page->number >= PAGES_MAX && page->err == TS_OK)
		page->err = ts_why(page->why, TS_E_LIMIT, "pdf", "more than %d pages", PAGES_MAX);
	if (page->err != TS_OK)
		return false;
	cairo_show_page(page->cr);
	begin_page(page);
	return true;
}

int ts_page_measure(struct ts_page *page, ts_page_block *block, const void *context)
{
	bool dry = page->dry;
	page->dry = true;
	int height = block(page, 0, context);
	page->dry = dry;
	return height;
}

void ts_page_keep(struct ts_page *page, ts_page_block *block, const void *context)
{
	ts_page_need(page, ts_page_measure(page, block, context));
	page->y += block(page, page->y, context);
}

int ts_page_pairs(struct ts_page *page, int x, int y, int label_width, int width,
	const struct ts_page_pair *pairs, size_t n)
{
	int height = 0;
	for (size_t i = 0; i < n; i++) {
		if (pairs[i].value == NULL)
			continue;
		int a = ts_page_text(page, TS_STYLE_FINE, TS_ALIGN_LEFT, x, y + height + 8,
			label_width, pairs[i].label);
		bool one_line = pairs[i].style == TS_STYLE_MONO &&
				strchr(pairs[i].value, '\n') == NULL;
		int b = (one_line ? ts_page_line : ts_page_text)(page, pairs[i].style,
			TS_ALIGN_LEFT, x + label_width,
			y + height + (pairs[i].style == TS_STYLE_MONO ? 8 : 0), width - label_width,
			pairs[i].value);
		height += (a + 8 > b ? a + 8 : b) + 22;
	}
	return height;
}

static cairo_status_t keep_bytes(void *closure, const unsigned char *bytes, unsigned int len)
{
	struct ts_buf *buf = closure;
	if (buf != NULL)
		ts_buf_put(buf, bytes, len);
	return buf == NULL || buf->err == TS_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void set_metadata(cairo_surface_t *surface, const struct ts_page_info *info)
{
	char day[TS_TIME_CHARS], created[TS_TIME_CHARS + 16];
	snprintf(created, sizeof created, "%sT00:00:00Z", ts_date_format(info->created_day, day));
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, info->title);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, info->author);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, info->subject);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_KEYWORDS, info->keywords);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "tallystick");
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, created);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, created);
}

/* Nothing of the environment may decide how text is shaped. */
static PangoLayout *create_layout(PangoFontMap *fonts, cairo_t *cr)
{
	PangoContext *context = pango_font_map_create_context(fonts);
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pango_context_set_language(context, pango_language_from_string("en"));
	pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
	pango_context_set_round_glyph_positions(context, FALSE);
	pango_cairo_update_context(cr, context);
	PangoLayout *layout = pango_layout_new(context);
	g_object_unref(context);
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_auto_dir(layout, FALSE);
	/* An identifier that has to be broken must not gain a hyphen. */
	PangoAttrList *attributes = pango_attr_list_new();
	pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
	pango_layout_set_attributes(layout, attributes);
	pango_attr_list_unref(attributes);
	return layout;
}

/* One pass over the document. count: pages in all, 0 when not known yet. */
static enum ts_err draw_pass(PangoFontMap *fonts, const struct ts_page_info *info,
	ts_page_draw *draw, const void *context, int *count, struct ts_buf *pdf, struct ts_why *why)
{
	cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(
		keep_bytes, pdf, points(TS_PAGE_WIDTH), points(TS_PAGE_HEIGHT));
	set_metadata(surface, info);
	cairo_t *cr = cairo_create(surface);
	struct ts_page page = {.info = info, .cr = cr, .count = *count, .why = why};
	page.layout = create_layout(fonts, cr);
	begin_page(&page);
	enum ts_err err = draw(&page, context);
	cairo_show_page(cr);
	g_object_unref(page.layout);
	cairo_destroy(cr);
	cairo_surface_finish(surface);
	cairo_status_t status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	*count = page.number;
	if (err == TS_OK)
		err = page.err;
	if (err == TS_OK && pdf != NULL)
		err = pdf->err;
	if (err == TS_OK && status == CAIRO_STATUS_NO_MEMORY)
		err = TS_E_NO_MEMORY;
	if (err == TS_OK && status != CAIRO_STATUS_SUCCESS)
		err = ts_why(
			why, TS_E_INTERNAL, "pdf", "cairo: %s", cairo_status_to_string(status));
	return err;
}

enum ts_err ts_page_render(const struct ts_page_info *info, ts_page_draw *draw, const void *context,
	struct ts_buf *out, struct ts_why *why)
{
	PangoFontMap *fonts = NULL;
	TS_TRY(ts_page_fonts(&fonts, why));
	struct ts_buf pdf;
	ts_buf_init(&pdf, PDF_BYTES_MAX);
	int count = 0, again = 0;
	enum ts_err err = draw_pass(fonts, info, draw, context, &count, NULL, why);
	again = count;
	if (err == TS_OK)
		err = draw_pass(fonts, info, draw, context, &again, &pdf, why);
	TS_ASSERT(err != TS_OK || again == count);
	if (err == TS_OK)
		err = ts_pdf_finish(&pdf, info->language, out, why);
	ts_buf_free(&pdf);
	ts_page_fonts_free(fonts);
	return err;
}
