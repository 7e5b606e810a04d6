/* SPDX-License-Identifier: Apache-2.0 */
/* Published billing cases of money paid before: balances that are drawn, what is given back, fees
 * that are paid up front. They need books, not only rating. */
#include "../terms/case_run.h"
#include "support/desk.h"

/* One month, one flat charge, and prepayments that are drawable from their issue. */
static json_t *flat_terms(const char *amount, json_t *prepayments)
{
	json_t *fees = json_pack("[{s:s,s:[{s:s,s:s}]}]", "id", "charge", "schedule", "from",
		"2026-01-01", "amount", amount);
	json_t *terms = case_terms("USD", "2026-01-01", "2026-02-01", NULL, fees, NULL);
	json_object_set_new(terms, "prepayments", prepayments);
	return terms;
}

static json_t *prepayment(const char *id, const char *amount, const char *tax)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", id, "amount", amount, "invoice_day",
		"2026-01-01", "tax", tax, "drawable", "on_issue");
}

/* Takes the reference; everything that is prepaid is invoiced in the order of the terms. */
static void desk_of(struct desk *d, json_t *json)
{
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	assert_non_null(region);
	desk_begin(d, region, terms_from(json, region));
	d->leaf = 1;
	desk_at(d, "2026-01-02");
	assert_ok(desk_tick(d, "2025-12-31"));
	for (size_t i = 0; i < d->terms->prepayments_n; i++)
		assert_ok(desk_prepay(d, d->terms->prepayments[i].id));
}

static void bill(struct desk *d)
{
	desk_at(d, "2026-02-01");
	assert_ok(desk_cut(d, 0, "2026-01-31"));
	assert_ok(desk_issue(d, 0));
}

static int64_t cents(const struct desk *d, const json_t *object, const char *name)
{
	int64_t minor = 0;
	assert_ok(ts_money_parse(ts_str(text_of(object, name)), d->terms->currency, &minor));
	return minor;
}

static int64_t left_of(struct desk *d, int32_t item)
{
	struct ts_ledger_prepayment p;
	assert_ok(ts_ledger_prepayment_get(d->ledger, item, &p));
	return p.left_minor;
}

/* fees - coupons = subtotal; + tax; - credit notes; - prepaid credits. What is credited before is
 * paid before, as a deposit of an earlier turn. */
static struct outcome in_order(const json_t *in, const json_t *expected)
{
	struct desk d;
	json_t *terms = flat_terms(text_of(in, "subscription_fees"),
		json_pack("[o,o]", prepayment("notes", text_of(in, "credit_notes"), "deposit"),
			prepayment("credits", text_of(in, "prepaid_credits"), "deposit")));
	json_t *fees = json_object_get(terms, "fees");
	json_array_append_new(
		fees, json_pack("{s:s,s:[{s:s,s:s}]}", "id", "usage", "schedule", "from",
			      "2026-01-01", "amount", text_of(in, "usage_fees")));
	size_t i = 0;
	json_t *row = NULL;
	json_array_foreach(fees, i, row) json_object_set_new(row, "treatment", json_string("s"));
	json_array_foreach(json_object_get(terms, "prepayments"), i, row)
		json_object_set_new(row, "treatment", json_string("o"));
	json_object_set_new(json_array_get(json_object_get(terms, "prepayments"), 0), "priority",
		json_integer(1));
	json_object_set_new(terms, "tax",
		json_pack("{s:[{s:s,s:s,s:s,s:s,s:b},{s:s,s:s,s:s,s:s,s:b}],s:[{s:s,s:s,s:s,s:s}]}",
			"treatments", "id", "s", "category", "S", "jurisdiction", "US", "rate", "n",
			"recoverable", 1, "id", "o", "category", "O", "jurisdiction", "US",
			"reason", "Paid before", "recoverable", 0, "rates", "rate", "n",
			"jurisdiction", "US", "from", "2026-01-01", "percent",
			text_of(in, "tax_rate_percent")));
	/* a coupon of a fixed amount caps what is charged */
	struct ts_decimal f = {0}, u = {0}, c = {0}, cap;
	char room[TS_DECIMAL_CHARS];
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "subscription_fees")), &f));
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "usage_fees")), &u));
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "coupons")), &c));
	cap.pico = f.pico + u.pico - c.pico;
	json_object_set_new(terms, "caps",
		json_pack("[{s:s,s:s,s:[{s:s,s:s}]}]", "id", "coupon", "per", "period", "schedule",
			"from", "2026-01-01", "amount", ts_decimal_format(cap, 2, room)));
	desk_of(&d, terms);
	bill(&d);
	assert_int_equal(d.invoice->subtotal_minor, cents(&d, expected, "subtotal_excl_tax"));
	assert_int_equal(d.invoice->tax_minor, cents(&d, expected, "tax"));
	assert_int_equal(d.invoice->total_minor, cents(&d, expected, "subtotal_incl_tax"));
	assert_int_equal(
		d.invoice->total_minor - d.invoice->prepaid_minor, cents(&d, expected, "total"));
	desk_close(&d);
	return run;
}

static struct outcome case_prepaid(const json_t *in, const json_t *expected)
{
	struct desk d;
	if (has(in, "rollover"))
		return not_covered("units, not money: unit.terms.case_models");
	if (has(in, "coupons"))
		return in_order(in, expected);
	desk_of(&d, flat_terms(text_of(in, "charge"),
			    json_pack("[o]",
				    prepayment("p", text_of(in, "prepaid_balance"), "taxed"))));
	bill(&d);
	struct ts_ledger_prepayment p;
	assert_ok(ts_ledger_prepayment_get(d.ledger, 0, &p));
	assert_int_equal(p.drawn_minor, cents(&d, expected, "prepaid_applied"));
	assert_int_equal(d.invoice->total_minor, cents(&d, expected, "overage"));
	assert_int_equal(p.left_minor, cents(&d, expected, "balance_after"));
	desk_close(&d);
	return run;
}

/* A document's total, rounded once, is what the balance covers: no cent is left. */
static struct outcome covers_all(const json_t *in, const json_t *expected)
{
	struct desk d;
	char total[TS_DECIMAL_CHARS], wallet[TS_DECIMAL_CHARS];
	const struct ts_currency *usd = NULL;
	assert_ok(ts_currency_find(TS_STR("USD"), &usd));
	ts_money_format(int_of(in, "invoice_total_cents"), usd, total);
	ts_money_format(int_of(in, "wallet_cents"), usd, wallet);
	desk_of(&d, flat_terms(total, json_pack("[o]", prepayment("p", wallet, "deposit"))));
	bill(&d);
	assert_int_equal(d.invoice->prepaid_minor, int_of(expected, "applied_cents"));
	assert_int_equal(d.invoice->total_minor - d.invoice->prepaid_minor,
		int_of(expected, "amount_due_cents"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE),
		int_of(in, "wallet_cents") + int_of(expected, "amount_due_cents"));
	desk_close(&d);
	return run;
}

/* What is given back is an amount of the currency; the balance is the opening less that. */
static struct outcome gives_back(const json_t *in, const json_t *expected)
{
	struct desk d;
	struct ts_decimal exact = {0};
	ts_i128 minor = 0;
	desk_of(&d, flat_terms("0",
			    json_pack("[o]", prepayment("p", text_of(in, "opening"), "taxed"))));
	assert_ok(desk_cash(&d, false, "D1", cents(&d, in, "opening"), "2026-01-02"));
	assert_ok(desk_tick(&d, "2026-01-01"));
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "void")), &exact));
	assert_ok(ts_muldiv(exact.pico, 100, TS_PICO, d.terms->rounding, &minor));
	assert_int_equal((int64_t)minor, cents(&d, expected, "transaction_amount"));
	assert_ok(desk_cash(&d, true, "p", (int64_t)minor, "2026-01-02"));
	assert_ok(desk_tick(&d, "2026-01-02"));
	assert_int_equal(left_of(&d, 0), cents(&d, expected, "balance"));
	assert_int_equal(
		-desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), cents(&d, expected, "balance"));
	desk_close(&d);
	return run;
}

static struct outcome case_wallet(const json_t *in, const json_t *expected)
{
	if (has(in, "void"))
		return gives_back(in, expected);
	if (has(in, "wallet_cents"))
		return covers_all(in, expected);
	return not_covered("another shape");
}

/* All of a fee is billed with the first document; idle hours give nothing back. */
static struct outcome case_upfront(const json_t *in, const json_t *expected)
{
	struct desk d;
	if (!has(expected, "refund_for_idle"))
		return not_covered("nothing is paid up front: unit.terms.case_commitments");
	json_t *terms = flat_terms(text_of(expected, "fee"), json_array());
	json_t *fee = json_array_get(json_object_get(terms, "fees"), 0);
	struct ts_decimal price = {0};
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "instance_hour_price")), &price));
	char amount[TS_DECIMAL_CHARS];
	price.pico *= int_of(in, "instances") * int_of(in, "hours");
	ts_decimal_format(price, 2, amount);
	json_object_set_new(
		json_array_get(json_object_get(fee, "schedule"), 0), "amount", json_string(amount));
	json_object_set_new(
		fee, "invoices", json_pack("[{s:s,s:s}]", "day", "2026-01-01", "amount", amount));
	desk_of(&d, terms);
	bill(&d);
	assert_int_equal(d.invoice->total_minor, cents(&d, expected, "fee"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY),
		cents(&d, expected, "refund_for_idle"));
	assert_int_equal(
		-desk_balance(&d, TS_ACCOUNT_REVENUE_CAPACITY), cents(&d, expected, "fee"));
	desk_close(&d);
	return run;
}

static const struct group groups[] = {
	{"prepaid", case_prepaid},
	{"wallet", case_wallet},
	{"compute-contract", case_upfront},
};

static void test_cases(void **state)
{
	run_groups(*state, groups, sizeof groups / sizeof groups[0], 5);
}

int main(void)
{
	char *root = ts_fixture_path("billing/cases");
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_cases, root)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(root);
	return failed;
}
