/* SPDX-License-Identifier: Apache-2.0 */
/* The small readers: times, durations, arrays, fields, lines, what was seen. */
#include "importers/frame/lines.h"
#include "importers/frame/seen.h"
#include "importers/source/slurm_text.h"
#include "importers/frame/token.h"
#include "importers/source/tres.h"
#include "support/test.h"
#include <stdlib.h>
#include <string.h>

static void durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} cases[] = {
		{"00:24", 24},
		{"01:02:03", 3723},
		{"10-13:27:06", 912426},
		{"00:00:00", 0},
		{"1-00:00", -1},
		{"24:00:00", -1},
		{"00:60", -1},
		{"1:00", -1},
		{"", -1},
		{"-1:00", -1},
		{"01:05.753", -1},
		{"1-2-03:04:05", -1},
		{"00:00:00:00", -1},
		{"UNLIMITED", -1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t seconds = -1;
		enum ts_err err = ts_slurm_elapsed(ts_str(cases[i].text), &seconds);
		assert_int_equal(err == TS_OK ? seconds : -1, cases[i].seconds);
	}
}

static void stamps(void **state)
{
	(void)state;
	int64_t ms = 0;
	assert_ok(ts_slurm_time(TS_STR("1970-01-01T00:00:01"), &ms));
	assert_int_equal(ms, 1000);
	assert_ok(ts_slurm_time(TS_STR("1435460150"), &ms));
	assert_int_equal(ms, INT64_C(1435460150000));
	static const char *const bad[] = {"", "Unknown", "None", "None assigned", "0",
		"2026-06-01 00:00:00", "2026-06-01T00:00:00Z", "2026-06-31T00:00:00",
		"2026-06-01T24:00:00", "99999999999999"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(ts_slurm_time(ts_str(bad[i]), &ms), TS_E_MALFORMED);
}

static void arrays(void **state)
{
	(void)state;
	int64_t tasks[8];
	size_t n = 0;
	assert_ok(ts_slurm_array(TS_STR("7_[1-7:3,9%2]"), tasks, 8, &n));
	assert_int_equal(n, 4);
	assert_int_equal(tasks[2], 7);
	assert_int_equal(tasks[3], 9);
	assert_ok(ts_slurm_array(TS_STR("7_[0-999999]"), tasks, 8, &n));
	assert_int_equal(n, 1000000);
	assert_err(ts_slurm_array(TS_STR("7_[0-1000000]"), tasks, 8, &n), TS_E_LIMIT);
	static const char *const bad[] = {"7", "7_3", "7_[]", "7_[3-1]", "7_[1-]", "7_[1:2]",
		"7_[1-3:0]", "7_[a]", "_[1]", "7_[1", "7_[1,]"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(ts_slurm_array(ts_str(bad[i]), tasks, 8, &n), TS_E_MALFORMED);
}

static void slices_by_name(void **state)
{
	(void)state;
	assert_true(ts_tres_is_slice(TS_STR("1g.10gb")));
	assert_true(ts_tres_is_slice(TS_STR("a100_3g.20gb")));
	assert_true(ts_tres_is_slice(TS_STR("nvidia_h100_80gb_hbm3_1g.20gb")));
	assert_false(ts_tres_is_slice(TS_STR("h100")));
	assert_false(ts_tres_is_slice(TS_STR("a100_80gb")));
	assert_false(ts_tres_is_slice(TS_STR("3g.gb")));
	assert_false(ts_tres_is_slice(TS_STR("")));
}

static void token_is(const char *value, size_t len, const char *field)
{
	char out[TS_TOKEN_BYTES_MAX + 1];
	bool ascii = false;
	size_t n = ts_token((struct ts_str){value, len}, out, &ascii);
	assert_int_equal(n, strlen(out));
	assert_true(n >= 1 && n <= TS_TOKEN_BYTES_MAX);
	assert_string_equal(out, field);
}

static void fields(void **state)
{
	(void)state;
	token_is("", 0, "-");
	token_is("-", 1, "%2D");
	token_is("--", 2, "--");
	token_is("lab-1/a", 7, "lab-1/a");
	token_is("a b\t\"\\%", 7, "a%20b%09%22%5C%25");
	token_is("a\xc3\xa0"
		 "b",
		4, "a%C3%A0b");
	char name[65];
	memset(name, 'x', sizeof(name));
	bool ascii = false;
	char whole[65];
	memset(whole, 'x', 64);
	whole[64] = '\0';
	token_is(name, 64, whole);
	/* One byte more: 47 bytes, '~', 16 digits of SHA-256 (65 times 'x'). */
	char out[TS_TOKEN_BYTES_MAX + 1];
	char again[TS_TOKEN_BYTES_MAX + 1];
	assert_int_equal(ts_token((struct ts_str){name, 65}, out, &ascii), 64);
	assert_int_equal(out[47], '~');
	name[64] = 'y';
	assert_int_equal(ts_token((struct ts_str){name, 65}, again, &ascii), 64);
	assert_memory_equal(out, again, 48);
	assert_string_not_equal(out, again);
}

static void lines_are_bounded(void **state)
{
	(void)state;
	static const char text[] = "\xef\xbb\xbf"
				   "one\r\n\ntoo long a line\n12345678\nlast";
	FILE *file = fmemopen((void *)(uintptr_t)text, sizeof(text) - 1, "rb");
	struct ts_input *input = NULL;
	struct ts_lines lines;
	struct ts_line line;
	struct ts_why why = {0};
	bool got = false;
	assert_ok(ts_input_open(file, &input, &why));
	assert_ok(ts_lines_open(&lines, input, 8, false));
	static const char *const expected[] = {"one", "", NULL, "12345678", "last"};
	for (size_t i = 0; i < 5; i++) {
		assert_ok(ts_lines_next(&lines, &line, &got, &why));
		assert_true(got);
		assert_int_equal(line.number, i + 1);
		assert_int_equal(line.too_long, expected[i] == NULL);
		assert_true(ts_str_is(line.text, expected[i] ? expected[i] : ""));
	}
	assert_ok(ts_lines_next(&lines, &line, &got, &why));
	assert_false(got);
	assert_int_equal(ts_input_bytes(input), sizeof(text) - 1);
	ts_lines_close(&lines);
	ts_input_close(input);
	fclose(file);
}

static void seen_rows(void **state)
{
	(void)state;
	struct ts_seen *seen = NULL;
	struct ts_seen_entry entry = {.count = 1};
	assert_ok(ts_seen_create(&seen));
	for (int64_t i = 0; i < 5000; i++) {
		struct ts_hash hash;
		ts_sha256(&i, sizeof(i), &hash);
		memcpy(entry.key, hash.b, sizeof(entry.key));
		entry.first = i;
		assert_null(ts_seen_find(seen, entry.key));
		assert_ok(ts_seen_put(seen, &entry));
	}
	assert_int_equal(ts_seen_count(seen), 5000);
	int64_t i = 77;
	struct ts_hash hash;
	ts_sha256(&i, sizeof(i), &hash);
	assert_int_equal(ts_seen_find(seen, hash.b)->first, 77);
	/* the last word on a key holds */
	entry = *ts_seen_find(seen, hash.b);
	entry.first = 6000;
	assert_ok(ts_seen_put(seen, &entry));
	assert_int_equal(ts_seen_count(seen), 5000);
	assert_int_equal(ts_seen_find(seen, hash.b)->first, 6000);
	char text[TS_SEEN_LINE_BYTES + 1];
	struct ts_seen_entry back;
	size_t len = ts_seen_format(&entry, text);
	assert_ok(ts_seen_parse((struct ts_str){text, len - 1}, &back));
	assert_memory_equal(&back, &entry, sizeof(back));
	assert_err(ts_seen_parse(TS_STR("00 11 1 1"), &back), TS_E_MALFORMED);
	ts_seen_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(stamps),
		cmocka_unit_test(arrays),
		cmocka_unit_test(slices_by_name),
		cmocka_unit_test(fields),
		cmocka_unit_test(lines_are_bounded),
		cmocka_unit_test(seen_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
