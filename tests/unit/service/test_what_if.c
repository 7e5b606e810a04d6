/* SPDX-License-Identifier: Apache-2.0 */
/* Record files through `tallystick rate`'s fold: quarter-hours over period and zone edges,
 * reversals, what is put aside, and refusals that name file and line. */
#include "support/test.h"
#include "support/file.h"
#include "service/command/what_if.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGION_BYTES (8 * 1024 * 1024)
#define GENESIS                                                                                    \
	"g1\tx.example/5f0c9a3e7b1d4826a9e0c3f58d71b264/c/a/g1\t"                                  \
	"0000000000000000000000000000000000000000000000000000000000000000\t1777586400000\n"
/* May 31st 23:30 to June 1st 00:30 in UTC, 8 units of 1,000,000. */
#define OVER_MONTH_END "u1\t1780270200000\t1780273800000\tx\t0\t8000000\ton\tjob1\tn1\t-\n"
#define REVERSAL(index) "r1\tx.example/5f0c9a3e7b1d4826a9e0c3f58d71b264/c/a/g1\t" index "\tdouble\n"

static const char terms_text[] =
	"{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-01\",\"to\":\"2026-08-01\"},"
	"\"skus\":[{\"sku\":\"x\",\"unit\":\"unit\",\"divisor\":\"1000000\"}],"
	"\"prices\":[{\"id\":\"p\",\"sku\":\"x\",\"class\":\"on\",\"model\":\"per_unit\","
	"\"unit_price\":\"2.5\",\"treatment\":\"vat\"}],"
	"\"exclusions\":[{\"class\":\"off\",\"reason\":\"maintenance\"}],"
	"\"tax\":{\"treatments\":[{\"id\":\"vat\",\"category\":\"S\",\"jurisdiction\":\"DE\","
	"\"rate\":\"r\",\"recoverable\":true}],\"rates\":[{\"rate\":\"r\",\"jurisdiction\":\"DE\","
	"\"from\":\"2026-01-01\",\"percent\":\"19\"},{\"rate\":\"r\",\"jurisdiction\":\"DE\","
	"\"from\":\"2026-06-30\",\"percent\":\"7\"}]}}";

struct fold {
	struct ts_region *region;
	struct ts_what_if w;
	struct ts_why why;
	enum ts_err err;
};

static struct fold fold(const char *lines)
{
	char path[] = "what_if_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	ts_file_write(path, lines, strlen(lines));
	struct fold f = {.region = ts_region_create(REGION_BYTES)};
	const struct ts_terms *terms = NULL;
	assert_ok(ts_terms_parse_what_if(terms_text, strlen(terms_text), f.region, &terms, &f.why));
	assert_ok(ts_what_if_init(&f.w, terms, f.region, &f.why));
	f.err = ts_what_if_read(&f.w, path, &f.why);
	unlink(path);
	return f;
}

static void fold_free(struct fold *f)
{
	ts_what_if_free(&f->w);
	ts_region_free(f->region);
}

static struct ts_what_if_bill bill(struct fold *f, int32_t index)
{
	struct ts_period p;
	struct ts_what_if_bill b;
	assert_ok(f->err);
	assert_ok(ts_period_get(f->w.terms, index, &p));
	assert_ok(ts_what_if_rate(&f->w, &p, &b, &f->why));
	return b;
}

static void test_record_over_a_period_edge(void **state)
{
	(void)state;
	struct fold f = fold(GENESIS OVER_MONTH_END);
	struct ts_what_if_bill may = bill(&f, 0), june = bill(&f, 1), july = bill(&f, 2);
	assert_int_equal(may.lines_n, 1);
	assert_true(may.lines[0].quantity == 4000000);
	assert_int_equal(may.subtotal_minor, 1000);
	assert_int_equal(may.tax_minor, 190);
	assert_int_equal(may.total_minor, 1190);
	assert_int_equal(june.subtotal_minor, 1000);
	assert_int_equal(june.tax_minor, 70); /* the rate of June 30th */
	assert_int_equal(july.lines_n, 0);
	assert_int_equal(f.w.last_period, 1);
	assert_int_equal(f.w.records, 1);
	fold_free(&f);
}

static void test_reversals(void **state)
{
	(void)state;
	struct fold f = fold(GENESIS OVER_MONTH_END OVER_MONTH_END REVERSAL("1"));
	assert_int_equal(bill(&f, 0).subtotal_minor, 1000);
	assert_int_equal(f.w.records, 1);
	fold_free(&f);
	static const struct {
		const char *lines, *line, *text;
	} refused[] = {
		{GENESIS OVER_MONTH_END REVERSAL("2"), ":3", "reverses no earlier line"},
		{GENESIS OVER_MONTH_END REVERSAL("0"), ":3", "reverses a line that is no usage"},
		{GENESIS OVER_MONTH_END REVERSAL("1") REVERSAL("1"), ":4",
			"reverses a line that is reversed already"},
	};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		f = fold(refused[i].lines);
		assert_err(f.err, TS_E_INVALID);
		assert_string_equal(f.why.text, refused[i].text);
		assert_non_null(strstr(f.why.where, refused[i].line));
		fold_free(&f);
	}
}

static void test_put_aside(void **state)
{
	(void)state;
	/* Excluded; then two records of which one begins a quarter-hour before the term. */
	struct fold f = fold("u1\t1780270200000\t1780273800000\tx\t0\t5\toff\tj\tn\t-\n"
			     "u1\t1777592700000\t1777594500000\tx\t0\t10\ton\tj\tn\t-\n"
			     "u1\t1777000000000\t1777000001000\tx\t0\t7\ton\tj\tn\t-\n");
	assert_ok(f.err);
	assert_int_equal(f.w.asides_n, 2);
	assert_string_equal(f.w.asides[0].reason, "maintenance");
	assert_true(f.w.asides[0].quantity == 5);
	assert_string_equal(f.w.asides[1].reason, "outside the term");
	assert_int_equal(f.w.asides[1].records, 2);
	assert_true(f.w.asides[1].quantity == 5 + 7);
	assert_true(bill(&f, 0).lines[0].quantity == 5);
	fold_free(&f);
}

static void test_refusals_name_the_line(void **state)
{
	(void)state;
	static const struct {
		const char *lines, *line;
		enum ts_err err;
	} refused[] = {
		{OVER_MONTH_END "u1\t1\t2\n", ":2", TS_E_MALFORMED},
		{OVER_MONTH_END "\n", ":2", TS_E_MALFORMED},
		{"u1\t1780273800000\t1780270200000\tx\t0\t8\ton\tj\tn\t-\n", ":1", TS_E_INVALID},
		{"u1\t1780270200000\t1780273800000\tx\t0\t8\tspot\tj\tn\t-\n", ":1", TS_E_INVALID},
		{"u1\t1780270200000\t1780273800000\ty\t0\t8\ton\tj\tn\t-\n", ":1", TS_E_INVALID},
	};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct fold f = fold(refused[i].lines);
		assert_err(f.err, refused[i].err);
		assert_non_null(strstr(f.why.where, refused[i].line));
		fold_free(&f);
	}
	char *huge = calloc(1, 4096);
	assert_non_null(huge);
	memset(huge, 'u', 4000);
	struct fold f = fold(huge);
	assert_err(f.err, TS_E_LIMIT);
	fold_free(&f);
	free(huge);
}

/* Without an LF at the end, and an empty file. */
static void test_ends(void **state)
{
	(void)state;
	struct fold f = fold("u1\t1780270200000\t1780273800000\tx\t0\t8\ton\tj\tn\t-");
	assert_ok(f.err);
	assert_int_equal(f.w.records, 1);
	fold_free(&f);
	f = fold("");
	assert_ok(f.err);
	assert_int_equal(f.w.last_period, -1);
	assert_int_equal(bill(&f, 0).total_minor, 0);
	fold_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_over_a_period_edge),
		cmocka_unit_test(test_reversals),
		cmocka_unit_test(test_put_aside),
		cmocka_unit_test(test_refusals_name_the_line),
		cmocka_unit_test(test_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
