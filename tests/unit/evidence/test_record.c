/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/record.h"

static void test_good(void **state)
{
	(void)state;
	json_t *doc = vec_own("records.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "good"), i, c)
	{
		struct ts_str line = ts_str(json_string_value(c));
		struct ts_record record;
		const char *reason = "";
		struct ts_buf out;
		if (ts_record_parse(line, &record, &reason) != TS_OK)
			fail_msg("line %zu: %s", i, reason);
		ts_buf_init(&out, 2048);
		assert_ok(ts_record_format(&record, &out, &reason));
		assert_true(ts_str_eq(vec_buf(&out), line));
		ts_buf_free(&out);
	}
	json_decref(doc);
}

static void test_void(void **state)
{
	(void)state;
	json_t *doc = vec_own("records.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "bad"), i, c)
	{
		struct ts_record record;
		const char *reason = NULL;
		enum ts_err want = strcmp(vec_text(c, "kind"), "malformed") == 0 ? TS_E_MALFORMED
										 : TS_E_INVALID;
		enum ts_err got = ts_record_parse(vec_str(c, "line"), &record, &reason);
		if (got != want)
			fail_msg("%s: %s", vec_text(c, "why"), ts_err_code(got));
		assert_non_null(reason);
	}
	json_decref(doc);
	/* Bytes that JSON cannot carry. */
	static const char nul[] = "u1\t0\t1\ts\t0\t1\ta\0b\t-\t-\t-";
	struct ts_record record;
	const char *reason;
	assert_err(ts_record_parse((struct ts_str){nul, sizeof(nul) - 1}, &record, &reason),
		TS_E_MALFORMED);
	assert_err(ts_record_parse((struct ts_str){NULL, 0}, &record, &reason), TS_E_MALFORMED);
}

/* The published non-canonical lines, in this grammar's field order or not: none is accepted. */
static void test_published_negatives(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/worked-example/negative.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "records_non_canonical"), i, c)
	{
		struct ts_record record;
		const char *reason;
		assert_true(ts_record_parse(vec_str(c, "record"), &record, &reason) != TS_OK);
	}
	json_decref(doc);
}

static void test_fields(void **state)
{
	(void)state;
	struct ts_record r;
	const char *reason;
	assert_ok(ts_record_parse(
		TS_STR("u1\t900000\t1800000\tH100\t1500\t1350000000\tspot\tjob\tnode\tacct"), &r,
		&reason));
	assert_int_equal(r.tag, TS_RECORD_USAGE);
	assert_int_equal(r.usage.start_ms, 900000);
	assert_int_equal(r.usage.end_ms, 1800000);
	assert_true(ts_str_is(r.usage.sku, "H100"));
	assert_int_equal(r.usage.devices_milli, 1500);
	assert_int_equal(r.usage.quantity, 1350000000);
	assert_true(ts_str_is(r.usage.class, "spot"));
	assert_true(ts_str_is(r.usage.workload, "job"));
	assert_true(ts_str_is(r.usage.resource, "node"));
	assert_true(ts_str_is(r.usage.account, "acct"));
	assert_ok(ts_record_parse(TS_STR("c1\t1\t2\tH100\t3\t4\t5"), &r, &reason));
	assert_int_equal(r.close.first, 3);
	assert_int_equal(r.close.count, 4);
	assert_int_equal(r.close.quantity_sum, 5);
	assert_ok(ts_record_parse(TS_STR("r1\ta/b\t3\twhy"), &r, &reason));
	assert_true(ts_str_is(r.reversal.origin, "a/b"));
	assert_int_equal(r.reversal.index, 3);
	assert_true(ts_str_is(r.reversal.reason, "why"));
}

static enum ts_err place(const char *line, int64_t index, const struct ts_hash *contract)
{
	struct ts_record record;
	const char *reason;
	assert_ok(ts_record_parse(ts_str(line), &record, &reason));
	return ts_record_place(&record, TS_STR("d/c/k/a/g2"), index, contract, &reason);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
static void test_place(void **state)
{
	(void)state;
	struct ts_hash zeros = {{0}};
	const char *g1 = "g1\td/c/k/a/g2\t" ZEROS "\t5";
	const char *u1 = "u1\t0\t1\ts\t0\t1\t-\t-\t-\t-";
	assert_ok(place(g1, 0, &zeros));
	assert_ok(place(g1, 0, NULL));
	assert_err(place(g1, 0, &ts_hash_empty), TS_E_INVALID);
	assert_err(place(g1, 1, &zeros), TS_E_INVALID);
	assert_err(place("g1\td/c/k/a/g1\t" ZEROS "\t5", 0, NULL), TS_E_INVALID);
	assert_err(place(u1, 0, NULL), TS_E_INVALID);
	assert_ok(place(u1, 1, NULL));
	assert_ok(place("c1\t0\t1\ts\t1\t4\t0", 5, NULL));
	assert_err(place("c1\t0\t1\ts\t1\t5\t0", 5, NULL), TS_E_INVALID);
	assert_err(place("c1\t0\t1\ts\t6\t0\t0", 5, NULL), TS_E_INVALID);
	assert_ok(place("c1\t0\t1\ts\t5\t0\t0", 5, NULL));
	assert_ok(place("r1\td/c/k/a/g2\t4\twhy", 5, NULL));
	assert_err(place("r1\td/c/k/a/g2\t5\twhy", 5, NULL), TS_E_INVALID);
	assert_ok(place("r1\td/c/k/a/g1\t99\twhy", 5, NULL));
	assert_err(place("r1\td/c/k/b/g1\t1\twhy", 5, NULL), TS_E_INVALID);
}

static void test_format_refuses(void **state)
{
	(void)state;
	struct ts_buf out;
	const char *reason;
	struct ts_record r = {.tag = TS_RECORD_USAGE,
		.usage = {.start_ms = 1,
			.end_ms = 2,
			.sku = TS_STR("a b"),
			.class = TS_STR("-"),
			.workload = TS_STR("-"),
			.resource = TS_STR("-"),
			.account = TS_STR("-")}};
	ts_buf_init(&out, 2048);
	ts_buf_puts(&out, "before");
	assert_err(ts_record_format(&r, &out, &reason), TS_E_INVALID);
	assert_int_equal(out.len, 6);
	r.usage.sku = TS_STR("a");
	assert_ok(ts_record_format(&r, &out, &reason));
	r.usage.account = TS_STR("");
	assert_err(ts_record_format(&r, &out, &reason), TS_E_INVALID);
	r.usage.account = TS_STR("x\tu1");
	assert_err(ts_record_format(&r, &out, &reason), TS_E_INVALID);
	ts_buf_free(&out);
	ts_buf_init(&out, 8);
	r.usage.account = TS_STR("-");
	assert_err(ts_record_format(&r, &out, &reason), TS_E_LIMIT);
	ts_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_void),
		cmocka_unit_test(test_published_negatives),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_format_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
