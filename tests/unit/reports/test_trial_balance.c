/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/trial_balance.h"
#include "base/text.h"
#include <string.h>

/* After an invoice of 100.00 and a further accrual of 20.00. */
static struct ts_trial_row rows[] = {
	{TS_ACCOUNT_EXPENSE_USAGE, NULL, NULL, 12000, 0},
	{TS_ACCOUNT_ACCRUED, NULL, NULL, 10000, 12000},
	{TS_ACCOUNT_PAYABLE, "3300", "Vendors, \"trade\"", 0, 10000},
	{TS_ACCOUNT_RECEIVABLE, NULL, NULL, 10000, 0},
	{TS_ACCOUNT_UNBILLED, NULL, NULL, 12000, 10000},
	{TS_ACCOUNT_REVENUE_USAGE, NULL, NULL, 0, 12000},
	{TS_ACCOUNT_TAX_PAYABLE, NULL, NULL, 0, 0},
};

static struct ts_trial_balance sample(void)
{
	struct ts_trial_balance tb = {
		.contract = "c1", .rows = rows, .rows_n = sizeof rows / sizeof rows[0]};
	assert_ok(ts_currency_find(TS_STR("USD"), &tb.currency));
	return tb;
}

static void text(void **state)
{
	(void)state;
	struct ts_trial_balance tb = sample();
	struct ts_region *region = ts_region_create(256 * 1024);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	assert_ok(ts_trial_balance_text(&tb, region, &out));
	const char *got = ts_buf_str(&out);
	assert_non_null(strstr(got, "Trial balance of contract c1, USD\n"));
	assert_non_null(
		strstr(got, "provider  1200     Accounts receivable                   100.00    "
			    "       100.00\n"));
	assert_non_null(strstr(got, "3300     Vendors, \"trade\""));
	assert_null(strstr(got, "Tax payable"));
	assert_non_null(strstr(got, "receivable = payable"));
	assert_null(strstr(got, "NOT EQUAL"));
	assert_non_null(strstr(got, "Both books balance, and they agree with each other.\n"));
	ts_buf_free(&out);
	ts_region_free(region);
}

static void csv(void **state)
{
	(void)state;
	struct ts_trial_balance tb = sample();
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	assert_ok(ts_trial_balance_csv(&tb, &out));
	assert_string_equal(ts_buf_str(&out),
		"contract,currency,book,number,account,title,debit,credit,balance\r\n"
		"c1,USD,provider,1200,receivable,Accounts receivable,100.00,0.00,100.00\r\n"
		"c1,USD,provider,1210,unbilled,Unbilled receivable (contract "
		"asset),120.00,100.00,20.00\r\n"
		"c1,USD,provider,4000,revenue_usage,Revenue: usage,0.00,120.00,-120.00\r\n"
		"c1,USD,consumer,3300,payable,\"Vendors, \"\"trade\"\"\",0.00,100.00,-100.00\r\n"
		"c1,USD,consumer,2010,accrued,Accrued compute expense,100.00,120.00,-20.00\r\n"
		"c1,USD,consumer,6000,expense_usage,Compute expense: usage,120.00,0.00,120.00\r\n");
	ts_buf_free(&out);
}

static void json(void **state)
{
	(void)state;
	struct ts_trial_balance tb = sample();
	struct ts_region *region = ts_region_create(256 * 1024);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	tb.rows_n = 0;
	assert_ok(ts_trial_balance_json(&tb, region, &out));
	assert_string_equal(ts_buf_str(&out),
		"{\"balanced\":true,\"contract\":\"c1\",\"currency\":\"USD\",\"equalities\":["
		"{\"consumer\":\"0.00\",\"difference\":\"0.00\",\"equal\":true,\"name\":"
		"\"receivable = "
		"payable\",\"provider\":\"0.00\"},"
		"{\"consumer\":\"0.00\",\"difference\":\"0.00\",\"equal\":true,\"name\":\"unbilled "
		"= "
		"accrued\",\"provider\":\"0.00\"},"
		"{\"consumer\":\"0.00\",\"difference\":\"0.00\",\"equal\":true,\"name\":\"contract "
		"liability = prepaid\",\"provider\":\"0.00\"},"
		"{\"consumer\":\"0.00\",\"difference\":\"0.00\",\"equal\":true,\"name\":\"refund "
		"liability = supplier credits\",\"provider\":\"0.00\"}],\"rows\":[],\"totals\":["
		"{\"book\":\"provider\",\"credit\":\"0.00\",\"debit\":\"0.00\"},"
		"{\"book\":\"consumer\",\"credit\":\"0.00\",\"debit\":\"0.00\"}]}");
	ts_buf_reset(&out);
	tb = sample();
	assert_ok(ts_trial_balance_json(&tb, region, &out));
	assert_non_null(strstr(ts_buf_str(&out),
		"{\"account\":\"unbilled\",\"balance\":\"20.00\",\"book\":\"provider\",\"credit\":"
		"\"100.00\",\"debit\":\"120.00\",\"number\":\"1210\",\"title\":\"Unbilled "
		"receivable "
		"(contract asset)\"}"));
	ts_buf_free(&out);
	ts_region_free(region);
}

static void a_difference_is_said_loudly(void **state)
{
	(void)state;
	struct ts_trial_balance tb = sample();
	struct ts_region *region = ts_region_create(256 * 1024);
	struct ts_buf out;
	bool holds;
	ts_buf_init(&out, 64 * 1024);
	assert_ok(ts_trial_balance_check(&tb, &holds));
	assert_true(holds);
	rows[2].credit_minor++;
	assert_ok(ts_trial_balance_check(&tb, &holds));
	assert_false(holds);
	assert_ok(ts_trial_balance_text(&tb, region, &out));
	assert_non_null(strstr(ts_buf_str(&out), "NOT EQUAL"));
	assert_non_null(strstr(ts_buf_str(&out), "THE BOOKS DO NOT AGREE"));
	rows[2].credit_minor = INT64_MAX;
	assert_err(ts_trial_balance_check(&tb, &holds), TS_E_OVERFLOW);
	rows[2].credit_minor = 10000;
	ts_buf_free(&out);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(csv),
		cmocka_unit_test(json),
		cmocka_unit_test(a_difference_is_said_loudly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
