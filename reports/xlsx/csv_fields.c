/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/xlsx/csv_fields.h"
#include <string.h>

/* The field's length in the input, quotes included. */
static size_t span(struct ts_str in)
{
	bool quoted = false;
	size_t n = 0;
	for (; n < in.len; n++) {
		char c = in.at[n];
		if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ',' || c == '\r' || c == '\n'))
			break;
	}
	return n;
}

bool ts_csv_fields_next(struct ts_csv_fields *in, struct ts_region *region, const char **out)
{
	if (in->row_over || in->err != TS_OK || in->rest.len == 0)
		return false;
	size_t n = span(in->rest), k = 0;
	char *text = ts_region_alloc(region, n + 1);
	if (text == NULL) {
		in->err = TS_E_NO_MEMORY;
		return false;
	}
	bool quoted = n >= 2 && in->rest.at[0] == '"';
	for (size_t i = quoted ? 1 : 0; i < n - (quoted ? 1 : 0); i++) {
		text[k++] = in->rest.at[i];
		i += quoted && in->rest.at[i] == '"';
	}
	text[k] = '\0';
	*out = text;
	in->row_over = n == in->rest.len || in->rest.at[n] != ',';
	n += n < in->rest.len && in->rest.at[n] == ',';
	n += in->row_over && n < in->rest.len && in->rest.at[n] == '\r';
	n += in->row_over && n < in->rest.len && in->rest.at[n] == '\n';
	in->rest.at += n;
	in->rest.len -= n;
	return true;
}

bool ts_csv_fields_row(struct ts_csv_fields *in)
{
	in->row_over = false;
	return in->rest.len > 0 && in->err == TS_OK;
}
