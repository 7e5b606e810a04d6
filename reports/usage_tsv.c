/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/usage_tsv.h"
#include "base/time.h"
#include <inttypes.h>

static void put_field(struct ts_buf *out, struct ts_str text)
{
	if (text.len == 0)
		text = TS_STR("-");
	ts_buf_put(out, text.at, text.len);
	ts_buf_putc(out, '\t');
}

static void put_words(struct ts_buf *out, const char *text, char end)
{
	if (text == NULL || *text == '\0')
		text = "-";
	for (; *text != '\0'; text++)
		ts_buf_putc(out, (unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text);
	ts_buf_putc(out, end);
}

static void put_number(struct ts_buf *out, int64_t value)
{
	ts_buf_printf(out, "%" PRId64 "\t", value);
}

static void put_instant(struct ts_buf *out, int64_t ms)
{
	char text[TS_TIME_CHARS];
	ts_buf_puts(out, ts_time_format(ms * TS_US_PER_MS, text));
	ts_buf_putc(out, '\t');
}

void ts_usage_tsv_header(struct ts_buf *out)
{
	ts_buf_puts(out,
		"origin\tindex\tstart\tend\tsku\tdevices_milli\tquantity\tclass\tworkload\t"
		"resource\taccount\tverdict\treason\n");
}

void ts_usage_tsv_row(const struct ts_usage_tsv_row *row, struct ts_buf *out)
{
	const struct ts_usage *usage = &row->usage;
	put_field(out, row->origin);
	if (row->index >= 0)
		put_number(out, row->index);
	else
		ts_buf_puts(out, "-\t");
	put_instant(out, usage->start_ms);
	put_instant(out, usage->end_ms);
	put_field(out, usage->sku);
	put_number(out, usage->devices_milli);
	put_number(out, usage->quantity);
	put_field(out, usage->class);
	put_field(out, usage->workload);
	put_field(out, usage->resource);
	put_field(out, usage->account);
	put_words(out, row->verdict, '\t');
	put_words(out, row->reason, '\n');
}
