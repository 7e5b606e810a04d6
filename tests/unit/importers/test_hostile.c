/* SPDX-License-Identifier: Apache-2.0 */
/* Files that mean harm, or were damaged on the way: refused as a whole, or quarantined with the
 * number of the row; the rows around them are judged as ever. */
#include "harness.h"
#include "importers/frame/cell.h"
#include <zlib.h>

#define HEADING "JobID|State|Start|End|ElapsedRaw|AllocTRES|NodeList|JobName\n"
#define ROW(id, node)                                                                              \
	id "|COMPLETED|2026-06-01T00:00:00|2026-06-01T01:00:00|3600|gres/gpu=1|" node "|name\n"

static void feed(struct harness *h, const char *source, const char *text)
{
	assert_ok(harness_text(h, source, text, strlen(text)));
}

/* Deflates; the caller frees. */
static unsigned char *gzip(const char *text, size_t len, size_t *out_len)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	size_t cap = deflateBound(&z, len) + 64;
	unsigned char *out = malloc(cap);
	assert_non_null(out);
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = (unsigned)len;
	z.next_out = out;
	z.avail_out = (unsigned)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*out_len = cap - z.avail_out;
	deflateEnd(&z);
	return out;
}

static void gzip_is_seen(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char text[] = "\xef\xbb\xbf" HEADING ROW("1", "n1") ROW("2", "n2");
	size_t len = 0;
	unsigned char *z = gzip(text, sizeof(text) - 1, &len);
	assert_ok(harness_text(h, "slurm", (char *)z, len));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	assert_int_equal(h->rows[1].line, 3);
	/* Two members behind one another are one file. */
	char *both = malloc(2 * len);
	TS_ASSERT(both != NULL);
	memcpy(both, z, len);
	memcpy(both + len, z, len);
	assert_ok(harness_text(h, "slurm", both, 2 * len));
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 4);
	free(both);
	free(z);
	harness_free(h);
}

static void truncated_and_damaged_gzip(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char text[] = HEADING ROW("1", "n1") ROW("2", "n2");
	size_t len = 0;
	unsigned char *z = gzip(text, sizeof(text) - 1, &len);
	for (size_t cut = 3; cut < len; cut++)
		assert_err(harness_text(h, "slurm", (char *)z, cut), TS_E_MALFORMED);
	z[len - 6] ^= 0x55; /* the checksum */
	assert_err(harness_text(h, "slurm", (char *)z, len), TS_E_MALFORMED);
	free(z);
	harness_free(h);
}

static void gzip_bomb(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	size_t size = (size_t)TS_INPUT_BOMB_FLOOR_BYTES * 2;
	char *zeros = calloc(1, size);
	size_t len = 0;
	unsigned char *z = gzip(zeros, size, &len);
	free(zeros);
	assert_err(harness_text(h, "slurm", (char *)z, len), TS_E_LIMIT);
	assert_non_null(strstr(h->why.text, "times"));
	free(z);
	harness_free(h);
}

/* A line of any length takes no more memory than the bound, and costs itself only. */
static void line_of_many_megabytes(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	size_t big = (size_t)40 << 20;
	size_t head = strlen(HEADING);
	static const char last[] = "\n" ROW("7", "n1");
	char *text = malloc(head + big + sizeof(last));
	TS_ASSERT(text != NULL);
	memcpy(text, HEADING, head);
	memset(text + head, 'x', big);
	memcpy(text + head + big, last, sizeof(last));
	assert_ok(harness_text(h, "slurm", text, head + big + sizeof(last) - 1));
	assert_int_equal(h->report.rows, 2);
	assert_string_equal(h->rows[0].reason, "line_too_long");
	assert_int_equal(h->rows[0].line, 2);
	assert_int_equal(h->rows[1].verdict, TS_ROW_ACCEPTED);
	assert_int_equal(h->rows[1].line, 3);
	free(text);
	harness_free(h);
}

/* Latin-1 in a name that becomes a field; in one that nobody reads it does no harm. */
static void latin_1(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "slurm",
		HEADING ROW("1", "caf\xe9")
			ROW("2", "caf\xc3\xa9") "3|COMPLETED|2026-06-01T00:00:00|2026-06-01T01:00:"
						"00|3600|gres/gpu=1|n|caf\xe9\n");
	assert_string_equal(h->rows[0].reason, "not_utf8");
	assert_int_equal(h->rows[0].line, 2);
	assert_int_equal(h->rows[1].verdict, TS_ROW_ACCEPTED);
	assert_string_equal(h->uses[0].resource, "caf%C3%A9");
	assert_int_equal(h->rows[2].verdict, TS_ROW_ACCEPTED);
	harness_free(h);
}

static void mixed_line_ends_and_nul(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char text[] =
		"JobID|State|Start|End|ElapsedRaw|AllocTRES\r\n"
		"1|COMPLETED|2026-06-01T00:00:00|2026-06-01T01:00:00|3600|gres/gpu=1\n"
		"2|COMPLETED|2026-06-01T00:00:00|2026-06-01T01:00:00|3600|gres/gpu=1\r\n"
		"3|COMP\0LETED|2026-06-01T00:00:00|2026-06-01T01:00:00|3600|\n";
	assert_ok(harness_text(h, "slurm", text, sizeof(text) - 1));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	assert_string_equal(h->rows[2].reason, "nul_byte");
	assert_int_equal(h->rows[2].line, 4);
	harness_free(h);
}

static void utf_16(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_err(harness_text(h, "slurm", "\xff\xfeJ\0o\0", 6), TS_E_MALFORMED);
	harness_free(h);
}

/* Quotes: separators, line ends and quotes inside; one that is never closed costs its own line. */
static void quotes(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "acme",
		"job_id,gpu_num,start_time,end_time,user\n"
		"\"a,\"\"b\nc\",1,2026-06-01 00:00:00Z,2026-06-01 00:00:01Z,\"u\"\n"
		"\"open,1,2026-06-01 00:00:00Z,2026-06-01 00:00:01Z,u\n"
		"d,1,2026-06-01 00:00:00Z,2026-06-01 00:00:01Z,u\n"
		"\"e\"x,1,2026-06-01 00:00:00Z,2026-06-01 00:00:01Z,u\n");
	assert_int_equal(h->report.rows, 4);
	assert_int_equal(h->rows[0].line, 2);
	assert_string_equal(h->uses[0].workload, "a,%22b%0Ac");
	assert_string_equal(h->rows[1].reason, "quote_malformed");
	assert_int_equal(h->rows[1].line, 4);
	assert_int_equal(h->rows[2].verdict, TS_ROW_ACCEPTED);
	assert_string_equal(h->rows[3].reason, "quote_malformed");
	assert_int_equal(h->rows[3].line, 6);
	harness_free(h);
}

static void xml_entities(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char *const bad[] = {
		"<!DOCTYPE x [<!ENTITY a \"b\">]><UsageRecord/>",
		"<?xml version=\"1.0\"?><!DOCTYPE x SYSTEM \"file:///etc/passwd\"><UsageRecord/>",
		"<UsageRecord><Site>&a;</Site></UsageRecord>",
		"<UsageRecord><Site>&#0;</Site></UsageRecord>",
		"<UsageRecord><Site>x</Other></UsageRecord>",
		"<UsageRecord><Site>x</Site>",
		"<UsageRecord><![CDATA[x]]></UsageRecord>",
		"<UsageRecord/>trailing",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(harness_text(h, "apel", bad[i], strlen(bad[i])), TS_E_MALFORMED);
	char deep[8 * 100 + 1];
	for (size_t i = 0; i < 100; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	assert_err(harness_text(h, "apel", deep, 300), TS_E_MALFORMED);
	assert_string_equal(h->why.where, "xml_depth");
	feed(h, "apel",
		"<r><UsageRecord><Site>a&amp;b&#xe9;</Site><JobIdentity><LocalJobId>1</LocalJobId>"
		"</JobIdentity><WallDuration>PT1H</WallDuration>"
		"<StartTime>2026-06-01T00:00:00+02:00</StartTime>"
		"<EndTime>2026-06-01T01:00:00+02:00</EndTime></UsageRecord></r>");
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_accelerator"), 1);
	harness_free(h);
}

/* An item that is too deep, too large or no JSON costs itself only; brackets that do not close
 * refuse the file. */
static void json_depth_and_damage(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	struct ts_buf text;
	ts_buf_init(&text, (size_t)16 << 20);
	ts_buf_puts(&text, "{\"jobs\":[");
	for (int i = 0; i < 100000; i++)
		ts_buf_putc(&text, '[');
	for (int i = 0; i < 100000; i++)
		ts_buf_putc(&text, ']');
	ts_buf_puts(&text,
		",{\"job_id\":1,\"job_id\":2},{\"job_id\":01},{\"job_id\":\"\xe9\"},{\"a\":\"");
	for (size_t i = 0; i <= TS_SOURCE_ITEM_BYTES_MAX; i++)
		ts_buf_putc(&text, 'x');
	ts_buf_puts(&text, "\"},{\"job_id\":5,\"state\":{\"current\":[\"PENDING\"]}}]}");
	assert_ok(harness_text(h, "slurm", text.data, text.len));
	static const char *const reasons[] = {"json_depth", "json_duplicate", "json_malformed",
		"not_utf8", "item_too_large", "not_ended"};
	assert_int_equal(h->report.rows, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(h->rows[i].reason, reasons[i]);
		assert_int_equal(h->rows[i].line, i + 1);
	}
	static const char *const bad[] = {"{\"jobs\":[{\"job_id\":1}", "{\"jobs\":[{]}",
		"{\"jobs\":[1 2]}", "{\"jobs\":[]}x", "{\"jobs\" []}", "{\"jobs\":[{}],}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(harness_text(h, "slurm", bad[i], strlen(bad[i])), TS_E_MALFORMED);
	assert_err(harness_text(h, "slurm", "{\"x\":[]}", 8), TS_E_NOT_FOUND);
	ts_buf_free(&text);
	harness_free(h);
}

static void numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int scale;
		enum ts_err err;
		int64_t value;
	} cases[] = {
		{"0.5", 3, TS_OK, 500},
		{"1.81E-8", 12, TS_OK, 18100},
		{"-12", 0, TS_OK, -12},
		{"1e3", 0, TS_OK, 1000},
		{"1000000000000000000000e-21", 0, TS_OK, 1},
		{"0.5", 0, TS_E_INVALID, 0},
		{"1e999", 0, TS_E_OVERFLOW, 0},
		{"9223372036854775808", 0, TS_E_OVERFLOW, 0},
		{"1e-999", 0, TS_E_INVALID, 0},
		{"0e999", 0, TS_OK, 0},
		{"1e99999999999999999999", 0, TS_E_OVERFLOW, 0},
		{"", 0, TS_E_MALFORMED, 0},
		{"NaN", 0, TS_E_MALFORMED, 0},
		{"+Inf", 0, TS_E_MALFORMED, 0},
		{"1,000", 0, TS_E_MALFORMED, 0},
		{".5", 1, TS_E_MALFORMED, 0},
		{"0x10", 0, TS_E_MALFORMED, 0},
		{"1e", 0, TS_E_MALFORMED, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = 0;
		enum ts_err err = ts_number(ts_str(cases[i].text), cases[i].scale, &value);
		assert_int_equal(err, cases[i].err);
		assert_int_equal(value, cases[i].value);
	}
	ts_i128 rounded = 0;
	assert_ok(ts_number_rounded(TS_STR("2.4999"), 0, &rounded));
	assert_true(rounded == 2);
	assert_ok(ts_number_rounded(TS_STR("-2.5"), 0, &rounded));
	assert_true(rounded == -3);
}

static void dates(void **state)
{
	(void)state;
	const unsigned all = TS_STAMP_ZONED | TS_STAMP_UTC;
	static const struct {
		const char *text;
		unsigned accept;
		enum ts_err err;
		int64_t ms;
	} cases[] = {
		{"2026-06-01T00:00:00Z", TS_STAMP_ZONED, TS_OK, INT64_C(1780272000000)},
		{"2026-06-01 02:00:00+02:00", TS_STAMP_ZONED, TS_OK, INT64_C(1780272000000)},
		{"2026-06-01 00:00:00 UTC", TS_STAMP_ZONED, TS_OK, INT64_C(1780272000000)},
		{"2026-06-01T00:00:00.567Z", TS_STAMP_ZONED, TS_OK, INT64_C(1780272000567)},
		{"2026-06-01T00:00:00", TS_STAMP_ZONED, TS_E_INVALID, 0},
		{"2026-06-01 00:00:00 PST", all, TS_E_INVALID, 0},
		{"0000-01-01T00:00:00Z", all, TS_E_RANGE, 0},
		{"1969-12-31T23:59:59Z", all, TS_E_RANGE, 0},
		{"1970-01-01T00:00:00+01:00", all, TS_E_RANGE, 0},
		{"2026-02-29T00:00:00Z", all, TS_E_MALFORMED, 0},
		{"2026-06-01T24:00:00Z", all, TS_E_MALFORMED, 0},
		{"5/1/25", all, TS_E_MALFORMED, 0},
		{"2026-06-01", all, TS_E_MALFORMED, 0},
		{"2026-06-01", TS_STAMP_DATE, TS_OK, INT64_C(1780272000000)},
		{"1780272000", TS_STAMP_EPOCH_S, TS_OK, INT64_C(1780272000000)},
		{"1780272000.5", TS_STAMP_EPOCH_S, TS_OK, INT64_C(1780272000500)},
		{"0", TS_STAMP_EPOCH_S, TS_E_RANGE, 0},
		{"99999999999999", TS_STAMP_EPOCH_S, TS_E_RANGE, 0},
		{"1780272000", all, TS_E_MALFORMED, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 0;
		assert_int_equal(
			ts_stamp(ts_str(cases[i].text), cases[i].accept, &ms), cases[i].err);
		assert_int_equal(ms, cases[i].ms);
	}
	/* 9999 is a date, and no end of a job: refused by the clock, or as a span. */
	struct harness *h = harness_new();
	static const char text[] = HEADING
		"1|COMPLETED|2026-06-01T00:00:00|9999-12-31T23:59:59|3600|gres/gpu=1|n|x\n";
	feed(h, "slurm", text);
	assert_string_equal(h->rows[0].reason, "span_too_long");
	h->options.now_ms = INT64_C(1790000000000);
	feed(h, "slurm", text);
	assert_string_equal(h->rows[0].reason, "end_in_future");
	harness_free(h);
}

static void durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms; /* -1: malformed */
	} cases[] = {{"P1D", 86400000}, {"PT4S", 4000}, {"P1DT2H3M4.5S", 93784500}, {"PT0S", 0},
		{"P", -1}, {"PT", -1}, {"P1DT", -1}, {"PT1D", -1}, {"P1Y", -1}, {"PT1S1M", -1},
		{"PT99999999999H", -1}, {"1-02:24:13", 95053000}, {"00:02", 2000},
		{"01:05.753", 65753}, {"24:00:00", -1}, {"1-02:03", -1}, {"47248", 47248000},
		{"-1", -1}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = -1;
		enum ts_err err = ts_duration(ts_str(cases[i].text),
			TS_DURATION_ISO | TS_DURATION_CLOCK | TS_DURATION_S, &ms);
		assert_int_equal(err, cases[i].ms < 0 ? TS_E_MALFORMED : TS_OK);
		assert_int_equal(ms, cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_seen),
		cmocka_unit_test(truncated_and_damaged_gzip),
		cmocka_unit_test(gzip_bomb),
		cmocka_unit_test(line_of_many_megabytes),
		cmocka_unit_test(latin_1),
		cmocka_unit_test(mixed_line_ends_and_nul),
		cmocka_unit_test(utf_16),
		cmocka_unit_test(quotes),
		cmocka_unit_test(xml_entities),
		cmocka_unit_test(json_depth_and_damage),
		cmocka_unit_test(numbers),
		cmocka_unit_test(dates),
		cmocka_unit_test(durations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
