/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/xlsx/xlsx.h"
#include "base/time.h"
#include "reports/xlsx/csv_fields.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define COLUMNS_MAX 128
#define DIGITS_EXACT 15 /* of a double */
#define WIDTH_MIN 8
#define WIDTH_MAX 48
#define SECONDS_PER_US 1000000

enum cell { CELL_TEXT, CELL_AMOUNT, CELL_NUMBER, CELL_DATE };

/* The kinds of columns, by their names in all reports; others are text. */
static const struct {
	const char *name;
	enum cell cell;
} known[] = {
	{"net", CELL_AMOUNT},
	{"tax", CELL_AMOUNT},
	{"amount", CELL_AMOUNT},
	{"debit", CELL_AMOUNT},
	{"credit", CELL_AMOUNT},
	{"balance", CELL_AMOUNT},
	{"open", CELL_AMOUNT},
	{"paid", CELL_AMOUNT},
	{"total", CELL_AMOUNT},
	{"subtotal", CELL_AMOUNT},
	{"accrued", CELL_AMOUNT},
	{"billed", CELL_AMOUNT},
	{"quantity", CELL_NUMBER},
	{"unit_price", CELL_NUMBER},
	{"base_quantity", CELL_NUMBER},
	{"divisor", CELL_NUMBER},
	{"tax_percent", CELL_NUMBER},
	{"line", CELL_NUMBER},
	{"entry", CELL_NUMBER},
	{"tier", CELL_NUMBER},
	{"terms_version", CELL_NUMBER},
	{"source_leaf", CELL_NUMBER},
	{"windows_expected", CELL_NUMBER},
	{"windows_late", CELL_NUMBER},
	{"windows_missing", CELL_NUMBER},
	{"date", CELL_DATE},
	{"issue_date", CELL_DATE},
	{"due_date", CELL_DATE},
	{"from_date", CELL_DATE},
	{"to_date", CELL_DATE},
	{"period_from", CELL_DATE},
	{"period_to", CELL_DATE},
};

struct column {
	enum cell cell;
	size_t width;
	int64_t sum_minor;
	bool summed; /* and every value was a number */
};
struct sheet {
	lxw_worksheet *ws;
	struct column columns[COLUMNS_MAX];
	size_t columns_n;
	lxw_row_t rows; /* the header is row 0 */
};
struct formats {
	lxw_format *header, *amount, *total, *total_text, *number, *date, *text;
	char amount_pattern[32];
};

static enum cell cell_of(struct ts_str name)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (ts_str_is(name, known[i].name))
			return known[i].cell;
	return CELL_TEXT;
}

static bool exact(const char *text)
{
	size_t digits = 0;
	for (const char *c = text; *c != '\0'; c++)
		digits += *c >= '0' && *c <= '9';
	return digits > 0 && digits <= DIGITS_EXACT && strspn(text, "-.0123456789") == strlen(text);
}

/* Of text that is exact: digits over a power of ten, both without loss in a double, so that the
 * division rounds once, as reading the decimal would. */
static double cell_value(const char *text)
{
	int64_t digits = 0, scale = 1;
	bool fraction = false;
	for (const char *c = text; *c != '\0'; c++) {
		fraction = fraction || *c == '.';
		if (*c < '0' || *c > '9')
			continue;
		digits = 10 * digits + (*c - '0');
		scale *= fraction ? 10 : 1;
	}
	return (double)(text[0] == '-' ? -digits : digits) / (double)scale;
}

static lxw_error put_date(
	struct sheet *s, lxw_row_t row, lxw_col_t col, const char *text, lxw_format *format)
{
	int32_t day = 0;
	if (ts_date_parse(ts_str(text), &day) != TS_OK)
		return worksheet_write_string(s->ws, row, col, text, NULL);
	struct ts_date date = ts_date_of_day(day);
	lxw_datetime when = {.year = date.year, .month = date.month, .day = date.day};
	return worksheet_write_datetime(s->ws, row, col, &when, format);
}

/* ts_csv guards text that looks like a formula; in a typed cell it is text anyway. */
static const char *unguarded(const char *text)
{
	return text[0] == '\'' && text[1] != '\0' && strchr("=+-@\t\r", text[1]) != NULL ? text + 1
											 : text;
}

static lxw_error put_cell(struct sheet *s, const struct formats *f, size_t col, const char *text)
{
	struct column *c = &s->columns[col];
	lxw_col_t at = (lxw_col_t)col;
	size_t width = strlen(text) + 2;
	c->width = width > c->width ? width : c->width;
	if (text[0] == '\0')
		return LXW_NO_ERROR;
	if (c->cell == CELL_DATE)
		return put_date(s, s->rows, at, text, f->date);
	if (c->cell == CELL_TEXT)
		return worksheet_write_string(s->ws, s->rows, at, unguarded(text), f->text);
	if (!exact(text))
		return worksheet_write_string(s->ws, s->rows, at, text, f->text);
	return worksheet_write_number(s->ws, s->rows, at, cell_value(text),
		c->cell == CELL_AMOUNT ? f->amount : f->number);
}

/* The sum is exact here; the cell shows it before anything is calculated. */
static enum ts_err add(struct column *c, const char *text, const struct ts_currency *currency)
{
	int64_t minor = 0;
	if (c->cell != CELL_AMOUNT || text[0] == '\0' || !c->summed)
		return TS_OK;
	if (!exact(text) || ts_money_parse(ts_str(text), currency, &minor) != TS_OK) {
		c->summed = false;
		return TS_OK;
	}
	return ts_add64(c->sum_minor, minor, &c->sum_minor);
}

static lxw_error put_totals(
	struct sheet *s, const struct formats *f, const struct ts_currency *currency)
{
	lxw_error error = worksheet_write_string(s->ws, s->rows, 0, "Total", f->total_text);
	for (size_t i = 1; i < s->columns_n && error == LXW_NO_ERROR; i++) {
		struct column *c = &s->columns[i];
		char formula[64], first[16], last[16], value[TS_DECIMAL_CHARS];
		ts_money_format(c->sum_minor, currency, value);
		if (c->cell != CELL_AMOUNT || !c->summed || !exact(value)) {
			error = worksheet_write_blank(s->ws, s->rows, (lxw_col_t)i, f->total_text);
			continue;
		}
		lxw_rowcol_to_cell(first, 1, (lxw_col_t)i);
		lxw_rowcol_to_cell(last, s->rows - 1, (lxw_col_t)i);
		snprintf(formula, sizeof formula, "=SUM(%s:%s)", first, last);
		error = worksheet_write_formula_num(
			s->ws, s->rows, (lxw_col_t)i, formula, f->total, cell_value(value));
	}
	return error;
}

static lxw_error dress(struct sheet *s)
{
	lxw_error error = LXW_NO_ERROR;
	for (size_t i = 0; i < s->columns_n && error == LXW_NO_ERROR; i++) {
		size_t width = s->columns[i].width;
		width = width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
		error = worksheet_set_column(s->ws, (lxw_col_t)i, (lxw_col_t)i, (int)width, NULL);
	}
	worksheet_freeze_panes(s->ws, 1, 0);
	if (error == LXW_NO_ERROR && s->rows > 1)
		error = worksheet_autofilter(
			s->ws, 0, 0, s->rows - 1, (lxw_col_t)(s->columns_n - 1));
	worksheet_set_landscape(s->ws);
	worksheet_set_paper(s->ws, 9); /* A4 */
	worksheet_fit_to_pages(s->ws, 1, 0);
	worksheet_repeat_rows(s->ws, 0, 0);
	return error;
}

static enum ts_err header(struct sheet *s, const struct formats *f, struct ts_csv_fields *in,
	struct ts_region *region, struct ts_why *why)
{
	const char *name = NULL;
	while (ts_csv_fields_next(in, region, &name)) {
		if (s->columns_n == COLUMNS_MAX)
			return ts_why(why, TS_E_LIMIT, "xlsx", "more than %d columns", COLUMNS_MAX);
		s->columns[s->columns_n] = (struct column){
			.cell = cell_of(ts_str(name)), .width = strlen(name) + 4, .summed = true};
		if (worksheet_write_string(s->ws, 0, (lxw_col_t)s->columns_n, name, f->header) !=
			LXW_NO_ERROR)
			return TS_E_INTERNAL;
		s->columns_n++;
	}
	s->rows = 1;
	return in->err;
}

static enum ts_err put_sheet(const struct ts_xlsx *x, const struct ts_xlsx_sheet *in,
	lxw_worksheet *ws, const struct formats *f, struct ts_region *region, struct ts_why *why)
{
	struct sheet *s = ts_region_alloc(region, sizeof *s);
	struct ts_csv_fields fields = {.rest = in->csv};
	const char *text = NULL;
	if (s == NULL)
		return TS_E_NO_MEMORY;
	*s = (struct sheet){.ws = ws};
	TS_TRY(header(s, f, &fields, region, why));
	while (ts_csv_fields_row(&fields)) {
		if (s->rows >= TS_XLSX_ROWS_MAX)
			return ts_why(why, TS_E_LIMIT, "xlsx",
				"more rows than a spreadsheet holds (%d): take the CSV",
				TS_XLSX_ROWS_MAX);
		for (size_t col = 0; ts_csv_fields_next(&fields, region, &text); col++) {
			if (col >= s->columns_n || put_cell(s, f, col, text) != LXW_NO_ERROR)
				return TS_E_INTERNAL;
			TS_TRY(add(&s->columns[col], text, x->currency));
		}
		TS_TRY(fields.err);
		s->rows++;
	}
	if (dress(s) != LXW_NO_ERROR ||
		(in->totals && s->rows > 1 && put_totals(s, f, x->currency) != LXW_NO_ERROR))
		return TS_E_INTERNAL;
	return TS_OK;
}

static lxw_format *format(lxw_workbook *book, const char *pattern, bool bold)
{
	lxw_format *f = workbook_add_format(book);
	if (f == NULL)
		return NULL;
	format_set_font_name(f, "Liberation Sans");
	format_set_font_size(f, 10);
	if (pattern != NULL)
		format_set_num_format(f, pattern);
	if (bold)
		format_set_bold(f);
	return f;
}

static bool formats_make(lxw_workbook *book, const struct ts_currency *currency, struct formats *f)
{
	snprintf(f->amount_pattern, sizeof f->amount_pattern, "#,##0%s%.*s",
		currency->exponent > 0 ? "." : "", currency->exponent, "0000");
	f->header = format(book, NULL, true);
	f->amount = format(book, f->amount_pattern, false);
	f->total = format(book, f->amount_pattern, true);
	f->total_text = format(book, NULL, true);
	f->number = format(book, "General", false);
	f->date = format(book, "yyyy-mm-dd", false);
	f->text = format(book, NULL, false);
	if (f->header == NULL || f->amount == NULL || f->total == NULL || f->total_text == NULL ||
		f->number == NULL || f->date == NULL || f->text == NULL)
		return false;
	format_set_bottom(f->header, LXW_BORDER_THIN);
	format_set_bg_color(f->header, 0xE8EDF2);
	format_set_top(f->total, LXW_BORDER_THIN);
	format_set_top(f->total_text, LXW_BORDER_THIN);
	return true;
}

static enum ts_err fill(
	const struct ts_xlsx *x, lxw_workbook *book, struct ts_region *region, struct ts_why *why)
{
	struct formats f;
	lxw_doc_properties properties = {
		.title = (char *)(uintptr_t)x->title, /* its members are not const; it copies */
		.company = (char *)(uintptr_t)x->company,
		.created = (time_t)(x->created_us / SECONDS_PER_US)};
	if (!formats_make(book, x->currency, &f) ||
		workbook_set_properties(book, &properties) != LXW_NO_ERROR)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < x->sheets_n; i++) {
		lxw_worksheet *ws = workbook_add_worksheet(book, x->sheets[i].name);
		if (ws == NULL)
			return ts_why(
				why, TS_E_INTERNAL, "xlsx", "no sheet \"%s\"", x->sheets[i].name);
		TS_TRY(put_sheet(x, &x->sheets[i], ws, &f, region, why));
	}
	return TS_OK;
}

static enum ts_err take(int fd, struct ts_buf *out, struct ts_why *why)
{
	char bytes[65536];
	ssize_t n = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ts_why(why, TS_E_IO, "xlsx", "%s", strerror(errno));
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		ts_buf_put(out, bytes, (size_t)n);
	return n < 0 ? ts_why(why, TS_E_IO, "xlsx", "%s", strerror(errno)) : out->err;
}

enum ts_err ts_xlsx_write(const struct ts_xlsx *workbook, struct ts_region *region,
	struct ts_buf *out, struct ts_why *why)
{
	char path[40];
	/* the library writes to a path only: to this process' own memory */
	int fd = memfd_create("xlsx", MFD_CLOEXEC);
	if (fd < 0)
		return ts_why(why, TS_E_IO, "xlsx", "%s", strerror(errno));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	lxw_workbook *book = workbook_new(path);
	enum ts_err err = book == NULL ? TS_E_NO_MEMORY : fill(workbook, book, region, why);
	lxw_error closed = book != NULL ? workbook_close(book) : LXW_NO_ERROR;
	if (err == TS_OK && closed != LXW_NO_ERROR)
		err = ts_why(why, TS_E_IO, "xlsx", "%s", lxw_strerror(closed));
	if (err == TS_OK)
		err = take(fd, out, why);
	close(fd);
	return err;
}
