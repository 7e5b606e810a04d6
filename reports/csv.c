/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/csv.h"
#include <inttypes.h>
#include <string.h>

static void separate(struct ts_csv *csv)
{
	if (csv->begun)
		ts_buf_putc(csv->out, ',');
	csv->begun = true;
}

void ts_csv_text(struct ts_csv *csv, const char *text)
{
	separate(csv);
	if (text == NULL || *text == '\0')
		return;
	bool guard = !csv->raw && strchr("=+-@\t\r", *text) != NULL;
	bool quote = strpbrk(text, ",\"\r\n") != NULL || *text == ' ' ||
		     text[strlen(text) - 1] == ' ';
	if (quote)
		ts_buf_putc(csv->out, '"');
	if (guard)
		ts_buf_putc(csv->out, '\'');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"')
			ts_buf_putc(csv->out, '"');
		ts_buf_putc(csv->out, *c);
	}
	if (quote)
		ts_buf_putc(csv->out, '"');
}

void ts_csv_number(struct ts_csv *csv, const char *decimal)
{
	separate(csv);
	if (decimal != NULL)
		ts_buf_puts(csv->out, decimal);
}

void ts_csv_integer(struct ts_csv *csv, int64_t value)
{
	separate(csv);
	ts_buf_printf(csv->out, "%" PRId64, value);
}

void ts_csv_end(struct ts_csv *csv)
{
	ts_buf_puts(csv->out, "\r\n");
	csv->begun = false;
}

void ts_csv_header(struct ts_csv *csv, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ts_csv_text(csv, names[i]);
	ts_csv_end(csv);
}
