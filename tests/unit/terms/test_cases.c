/* SPDX-License-Identifier: Apache-2.0 */
/* The published billing cases (fixtures, billing/cases) of the groups that these terms can say, as
 * what-if terms through the rating functions, to the cent. A case that the terms cannot say yet is
 * named with the reason; a new case of a known shape is picked up by itself. */
#include "case_terms.h"
#include "support/file.h"
#include <dirent.h>

enum verdict { RUN, NOT_COVERED };

struct outcome {
	enum verdict verdict;
	const char *reason;
};
static const struct outcome run = {RUN, NULL};

static struct outcome not_covered(const char *reason)
{
	return (struct outcome){NOT_COVERED, reason};
}

static const char *currency_of(const json_t *inputs)
{
	return has(inputs, "currency") ? text_of(inputs, "currency") : "USD";
}

static json_t *unit_price(const char *id, const char *pricing_class, const char *price)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", id, "sku", "x", "class", pricing_class,
		"model", "per_unit", "unit_price", price);
}

static struct outcome case_unit(const json_t *in, const json_t *expected)
{
	ts_i128 quantity = case_quantity(text_of(in, "quantity"));
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "unit_price")));
	struct rated r = rate_case(
		case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL), 0, &quantity,
		true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	ts_region_free(r.region);
	return run;
}

static json_t *tier_list(const json_t *tiers)
{
	json_t *list = json_array();
	size_t i;
	json_t *tier;
	json_array_foreach((json_t *)(uintptr_t)tiers, i, tier)
	{
		json_t *row = json_pack("{s:s}", "unit_price", text_of(tier, "unit"));
		if (has(tier, "up_to"))
			json_object_set_new(row, "up_to", json_string(text_of(tier, "up_to")));
		if (has(tier, "flat"))
			json_object_set_new(row, "flat", json_string(text_of(tier, "flat")));
		json_array_append_new(list, row);
	}
	return list;
}

static ts_i128 tier_quantity(const json_t *in)
{
	if (has(in, "quantity"))
		return case_quantity(text_of(in, "quantity"));
	ts_i128 sum = 0;
	size_t i;
	json_t *record;
	json_array_foreach(json_object_get(in, "records"), i, record)
		sum += case_quantity(text_of(record, "quantity"));
	return sum;
}

static struct outcome case_tiers(const json_t *in, const json_t *expected)
{
	if (!has(in, "tiers") || (!has(in, "quantity") && !has(in, "records")))
		return not_covered("no tiers and quantity");
	ts_i128 quantity = tier_quantity(in);
	json_t *prices = json_pack("[{s:s,s:s,s:s,s:o}]", "id", "p", "sku", "x", "model",
		text_of(in, "model"), "tiers", tier_list(json_object_get(in, "tiers")));
	struct rated r = rate_case(
		case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL), 0, &quantity,
		true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	if (has(expected, "tier"))
		assert_int_equal(r.lines[r.n - 1].tier, int_of(expected, "tier"));
	ts_region_free(r.region);
	return run;
}

static json_t *minimum(const char *from, const char *to, const char *amount)
{
	return json_pack("[{s:s,s:[{s:s,s:s*,s:s}]}]", "id", "floor", "schedule", "from", from,
		"to", to, "amount", amount);
}

static const char *cents(int64_t v, char out[32])
{
	snprintf(out, 32, "%" PRId64 ".%02d", v / 100, (int)(v % 100));
	return out;
}

/* A minimum over so many days of February: usage in cents, tax on the sum. */
static struct outcome case_minimum_days(const json_t *in, const json_t *expected)
{
	char amount[32], usage[32], to[16];
	if (int_of(in, "days_in_period") != 28)
		return not_covered("period of another length");
	snprintf(to, sizeof to, "2023-02-%02d", (int)int_of(in, "days_used") + 1);
	int64_t usage_cents = json_integer_value(
		json_array_get(json_object_get(in, "usage_fees_cents"), 0));
	json_t *prices = json_pack("[o]", unit_price("p", "*", cents(usage_cents, usage)));
	ts_i128 one = CASE_DIVISOR;
	struct rated r = rate_case(
		case_terms("EUR", "2023-02-01", to, prices, NULL,
			minimum("2023-02-01", to, cents(int_of(in, "minimum_cents"), amount))),
		0, &one, true);
	assert_int_equal(kind_total(&r, TS_CHARGE_TRUE_UP), int_of(expected, "true_up_cents"));
	assert_int_equal(r.total_minor, int_of(expected, "fees_total_cents"));
	struct ts_decimal percent = {0};
	int64_t tax = 0;
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "tax_rate_percent")), &percent));
	assert_ok(ts_rate_tax(r.terms, r.total_minor, percent, &tax));
	assert_int_equal(tax, int_of(expected, "taxes_cents"));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_minimum(const json_t *in, const json_t *expected)
{
	if (has(in, "maximum") || has(in, "usage_discount"))
		return not_covered(
			"maximum spend and usage discounts come with the contract models");
	if (has(in, "minimum_cents"))
		return case_minimum_days(in, expected);
	if (!has(in, "minimum") || !has(in, "rated_amount") ||
		strcmp(text_of(in, "previously_billed"), "0") != 0)
		return not_covered("not a minimum over one period");
	ts_i128 one = CASE_DIVISOR;
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "rated_amount")));
	struct rated r = rate_case(case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL,
					   minimum("2026-01-01", NULL, text_of(in, "minimum"))),
		0, &one, json_is_true(json_object_get(in, "last_in_period")));
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	assert_int_equal(
		kind_total(&r, TS_CHARGE_TRUE_UP), minor_of(r.terms, text_of(expected, "true_up")));
	ts_region_free(r.region);
	return run;
}

/* A ramp of monthly minimums; one usage quantity per month. */
static struct outcome case_ramp(const json_t *in, const json_t *expected)
{
	json_t *schedule = json_array();
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(in, "segments"), i, row) json_array_append_new(
		schedule, json_pack("{s:s,s:s,s:s}", "from", text_of(row, "from"), "to",
				  text_of(row, "to"), "amount", text_of(row, "minimum")));
	json_t *first = json_array_get(schedule, 0);
	json_t *last = json_array_get(schedule, json_array_size(schedule) - 1);
	json_t *terms = case_terms("USD", text_of(first, "from"), text_of(last, "to"),
		json_pack("[o]", unit_price("p", "*", text_of(in, "rate"))), NULL,
		json_pack("[{s:s,s:o}]", "id", "floor", "schedule", schedule));
	json_array_foreach(json_object_get(in, "usage"), i, row)
	{
		ts_i128 quantity = case_quantity(text_of(row, "quantity"));
		json_t *want = json_array_get(json_object_get(expected, "months"), i);
		struct rated r = rate_case(json_incref(terms), (int32_t)i, &quantity, true);
		assert_int_equal(r.total_minor, minor_of(r.terms, text_of(want, "total")));
		assert_int_equal(
			kind_total(&r, TS_CHARGE_USAGE), minor_of(r.terms, text_of(want, "usage")));
		assert_int_equal(kind_total(&r, TS_CHARGE_TRUE_UP),
			minor_of(r.terms, text_of(want, "shortfall")));
		ts_region_free(r.region);
	}
	json_decref(terms);
	return run;
}

static json_t *fee(const char *from, const char *to, const char *amount)
{
	return json_pack("[{s:s,s:[{s:s,s:s*,s:s}]}]", "id", "fee", "schedule", "from", from, "to",
		to, "amount", amount);
}

static struct outcome case_notice(const json_t *in, const json_t *expected)
{
	char end[16];
	snprintf(end, sizeof end, "%.10s", text_of(expected, "end_exclusive"));
	int32_t notice = 0, last = 0;
	char date[16];
	snprintf(date, sizeof date, "%.10s", text_of(in, "notice"));
	assert_ok(ts_date_parse(ts_str(date), &notice));
	assert_ok(ts_date_parse(ts_str(end), &last));
	assert_int_equal(last - notice, int_of(in, "notice_days"));
	struct rated r = rate_case(
		case_terms("USD", "2026-05-01", end, NULL,
			fee("2026-05-01", NULL, text_of(in, "monthly_fee")), NULL),
		6, NULL, true);
	assert_int_equal(r.lines[0].quantity, int_of(expected, "billable_days_november"));
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "november_fee")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_compute(const json_t *in, const json_t *expected)
{
	if (has(in, "segments") && has(in, "rate"))
		return case_ramp(in, expected);
	if (has(in, "notice") && has(in, "monthly_fee"))
		return case_notice(in, expected);
	if (has(in, "instance_hour_price"))
		return not_covered("fees in advance come with the contract models");
	if (has(in, "downtime_hours"))
		return not_covered("credits for downtime come with the contract models");
	return not_covered("another shape of contract");
}

static struct outcome case_rounding(const json_t *in, const json_t *expected)
{
	if (!has(in, "currency"))
		return not_covered("no ISO 4217 currency");
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "amount")));
	json_t *terms = case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL);
	bool even = strcmp(text_of(in, "mode"), "half_even") == 0;
	json_object_set_new(
		terms, "rounding", json_string(even ? "half_even" : "half_away_from_zero"));
	ts_i128 one = CASE_DIVISOR;
	struct rated r = rate_case(terms, 0, &one, true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "amount")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_rounding_sum(const json_t *in, const json_t *expected)
{
	json_t *lines = json_object_get(in, "lines");
	size_t n = json_is_array(lines) ? json_array_size(lines) : 1;
	int64_t count = json_is_array(lines) ? 1 : int_of(lines, "count");
	ts_i128 ones[16];
	char id[24];
	json_t *prices = json_array();
	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++) {
		snprintf(id, sizeof id, "p%zu", i);
		const char *price = json_is_array(lines)
					    ? json_string_value(json_array_get(lines, i))
					    : text_of(lines, "repeat");
		json_array_append_new(prices, unit_price(id, id, price));
		ones[i] = CASE_DIVISOR;
	}
	struct rated r = rate_case(
		case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL), 0, ones, true);
	assert_int_equal(r.total_minor * count, minor_of(r.terms, text_of(expected, "subtotal")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_rounding_true_up(const json_t *in, const json_t *expected)
{
	ts_i128 one = CASE_DIVISOR;
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "usage")));
	struct rated r = rate_case(case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL,
					   minimum("2026-01-01", NULL, text_of(in, "commitment"))),
		0, &one, true);
	assert_int_equal(
		kind_total(&r, TS_CHARGE_TRUE_UP), minor_of(r.terms, text_of(expected, "true_up")));
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(in, "commitment")));
	ts_region_free(r.region);
	return run;
}

/* The amount for the first `days` of a month that has so many days. */
static int64_t prorated(
	const char *currency, const char *amount, int64_t days, int64_t days_in_period)
{
	static const char *const months[] = {"2023-02", "2024-02", "2024-04", "2024-03"}; /* 28.. */
	char from[16], to[16];
	assert_true(days_in_period >= 28 && days_in_period <= 31);
	const char *month = months[days_in_period - 28];
	snprintf(from, sizeof from, "%s-01", month);
	snprintf(to, sizeof to, "%s-%02d", month, (int)days + 1);
	json_t *terms = case_terms(currency, from, NULL, NULL, fee(from, to, amount), NULL);
	struct rated r = rate_case(terms, 0, NULL, true);
	int64_t minor = r.total_minor;
	ts_region_free(r.region);
	return minor;
}

static int64_t parse_cents(const char *text)
{
	struct ts_decimal v = {0};
	assert_ok(ts_decimal_parse(ts_str(text), &v));
	return (int64_t)(v.pico / (TS_PICO / 100));
}

/* Credit for the old amount, charge for the new one: each rounded, the net is their sum. */
static struct outcome proration_change(const json_t *in, const json_t *expected)
{
	int64_t days = int_of(in, "days_remaining"), of = int_of(in, "days_in_period");
	int64_t credit = -prorated("USD", text_of(in, "old_amount"), days, of);
	int64_t charge = prorated("USD", text_of(in, "new_amount"), days, of);
	assert_int_equal(credit, parse_cents(text_of(expected, "credit")));
	assert_int_equal(charge, parse_cents(text_of(expected, "charge")));
	assert_int_equal(credit + charge, parse_cents(text_of(expected, "net")));
	return run;
}

static struct outcome proration_cents(const json_t *in, const json_t *expected)
{
	char amount[32];
	int64_t minor = prorated("EUR", cents(int_of(in, "amount_cents"), amount),
		int_of(in, "days"), int_of(in, "days_in_period"));
	if (has(in, "tax_multiplier")) {
		struct ts_decimal factor = {0};
		int64_t tax = 0;
		assert_ok(ts_decimal_parse(ts_str(text_of(in, "tax_multiplier")), &factor));
		struct ts_decimal percent = {(factor.pico - TS_PICO) * 100};
		struct ts_terms terms = {.rounding = TS_ROUND_HALF_AWAY};
		assert_ok(ts_rate_tax(&terms, minor, percent, &tax));
		minor += tax;
	}
	assert_int_equal(minor, int_of(expected, "amount_cents"));
	return run;
}

static json_t *zone_of(const char *name)
{
	if (strcmp(name, "UTC") == 0)
		return json_pack("{s:s,s:[{s:i}]}", "name", name, "offsets", "offset_minutes", 0);
	if (strcmp(name, "America/New_York") == 0)
		return json_pack("{s:s,s:[{s:i},{s:s,s:i},{s:s,s:i},{s:s,s:i}]}", "name", name,
			"offsets", "offset_minutes", -300, "from", "2023-03-12T07:00:00Z",
			"offset_minutes", -240, "from", "2023-11-05T06:00:00Z", "offset_minutes",
			-300, "from", "2024-03-10T07:00:00Z", "offset_minutes", -240);
	return NULL;
}

static struct outcome proration_days(const json_t *in, const json_t *expected)
{
	char from[16], to[16];
	snprintf(from, sizeof from, "%.10s", text_of(in, "start"));
	snprintf(to, sizeof to, "%.10s", text_of(in, "end"));
	json_t *zone = zone_of(text_of(in, "timezone"));
	if (!zone)
		return not_covered("a zone whose offsets this test does not carry");
	json_t *json = case_terms("USD", from, to, NULL, NULL, NULL);
	json_object_set_new(json, "zone", zone);
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(json, region);
	int64_t days = ts_zone_day(&terms->zone, terms->to_us) -
		       ts_zone_day(&terms->zone, terms->from_us);
	assert_int_equal(days, int_of(expected, "days"));
	ts_region_free(region);
	return run;
}

static struct outcome proration_span(const json_t *in, const json_t *expected)
{
	const char *to = text_of(in, "to_exclusive");
	if (!to || !has(in, "amount"))
		return not_covered("periods of several months come with the contract models");
	json_t *terms = case_terms("USD", text_of(in, "period_from"),
		text_of(in, "period_to_exclusive"), NULL,
		fee(text_of(in, "from"), to, text_of(in, "amount")), NULL);
	struct rated r = rate_case(terms, 0, NULL, true);
	assert_int_equal(r.total_minor, parse_cents(text_of(expected, "amount")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_proration(const json_t *in, const json_t *expected)
{
	if (has(in, "days_remaining"))
		return proration_change(in, expected);
	if (has(in, "amount_cents") && has(in, "days"))
		return proration_cents(in, expected);
	if (has(in, "timezone"))
		return proration_days(in, expected);
	if (has(in, "period_from"))
		return proration_span(in, expected);
	if (has(expected, "factor")) { /* nine decimals: as minor units of a billion yen */
		char want[32];
		snprintf(want, sizeof want, "%s", text_of(expected, "factor"));
		int64_t factor = prorated(
			"JPY", "1000000000", int_of(in, "days"), int_of(in, "days_in_period"));
		assert_int_equal(factor, strtoll(strchr(want, '.') + 1, NULL, 10));
		return run;
	}
	return not_covered("another shape of proration");
}

/* "2023-03-01T04:00:00-05:00" to microseconds. */
static int64_t instant(const char *text)
{
	char local[24];
	int64_t us = 0;
	snprintf(local, sizeof local, "%.19sZ", text);
	assert_ok(ts_time_parse(ts_str(local), &us));
	if (text[19] == 'Z' || text[19] == '.')
		return us + (text[19] == '.' ? strtol(text + 20, NULL, 10) * TS_US_PER_MS : 0);
	assert_int_equal(strlen(text), 25);
	int64_t minutes = strtol(text + 20, NULL, 10) * 60 + strtol(text + 23, NULL, 10);
	int64_t offset = minutes * 60 * TS_US_PER_S;
	return us - (text[19] == '-' ? -offset : offset);
}

static struct outcome boundary_members(const json_t *in, const json_t *expected)
{
	json_t *zone = zone_of(text_of(in, "timezone"));
	if (!zone)
		return not_covered("a zone whose offsets this test does not carry");
	char from[24];
	snprintf(from, sizeof from, "%s-01",
		json_string_value(json_array_get(json_object_get(in, "periods"), 0)));
	json_t *json = case_terms("USD", from, NULL, NULL, NULL, NULL);
	json_object_set_new(json, "zone", zone);
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(json, region);
	int64_t counts[12] = {0};
	size_t i;
	json_t *record;
	json_array_foreach(json_object_get(in, "records"), i, record)
	{
		struct ts_period p;
		assert_ok(ts_period_at(terms, instant(json_string_value(record)), &p));
		assert_true(p.index < 12);
		counts[p.index]++;
	}
	json_t *want;
	json_array_foreach(json_object_get(expected, "counts"), i, want)
		assert_int_equal(counts[i], json_integer_value(want));
	ts_region_free(region);
	return run;
}

/* Events inside or outside one period, or in it or the next. */
static struct outcome boundary_events(const json_t *in, const json_t *expected)
{
	bool target = has(expected, "target");
	char from[16], to[16];
	snprintf(from, sizeof from, "%.10s", text_of(in, "period_from"));
	snprintf(to, sizeof to, "%.10s", text_of(in, "period_to_exclusive"));
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(
		case_terms("USD", from, target ? NULL : to, NULL, NULL, NULL), region);
	size_t i;
	json_t *event;
	json_array_foreach(json_object_get(in, "events"), i, event)
	{
		struct ts_period p = {.index = -1};
		int64_t us = json_is_string(event) ? instant(json_string_value(event))
						   : json_integer_value(event) * TS_US_PER_S;
		enum ts_err err = ts_period_at(terms, us, &p);
		const json_t *want = json_array_get(
			json_object_get(expected, target ? "target" : "included"), i);
		if (target)
			assert_int_equal(
				p.index, strcmp(json_string_value(want), "draft") == 0 ? 0 : 1);
		else
			assert_int_equal(err == TS_OK, json_is_true(want));
	}
	ts_region_free(region);
	return run;
}

static struct outcome case_boundary(const json_t *in, const json_t *expected)
{
	if (has(in, "records") && has(in, "periods") && has(in, "timezone"))
		return boundary_members(in, expected);
	if (has(in, "events") && has(in, "period_from") &&
		(has(expected, "target") || has(expected, "included")))
		return boundary_events(in, expected);
	return not_covered("another shape of boundary");
}

struct group {
	const char *name;
	struct outcome (*run)(const json_t *in, const json_t *expected);
};
static const struct group groups[] = {
	{"unit", case_unit},
	{"tier-graduated", case_tiers},
	{"tier-volume", case_tiers},
	{"minimum-maximum", case_minimum},
	{"compute-contract", case_compute},
	{"rounding", case_rounding},
	{"rounding-sum", case_rounding_sum},
	{"rounding-true-up", case_rounding_true_up},
	{"proration", case_proration},
	{"period-boundary", case_boundary},
};

static void run_case(const struct group *group, const char *path, size_t counts[2])
{
	struct ts_file file = ts_file_read(path);
	struct ts_why why = {0};
	json_t *json = NULL;
	assert_ok(ts_json_parse(file.bytes, file.len, &json, &why));
	/* cmocka names the line of a failure, not the case: so it is printed before. */
	print_message("%s", text_of(json, "id"));
	struct outcome outcome = group->run(
		json_object_get(json, "inputs"), json_object_get(json, "expected"));
	print_message(outcome.verdict == RUN ? ": ok\n" : ": not covered: %s\n", outcome.reason);
	counts[outcome.verdict]++;
	json_decref(json);
	ts_file_free(&file);
}

static void test_cases(void **state)
{
	const char *root = *state;
	size_t counts[2] = {0, 0};
	for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
		char folder[512], path[1024];
		snprintf(folder, sizeof folder, "%s/%s", root, groups[g].name);
		struct dirent **names = NULL;
		int n = scandir(folder, &names, NULL, alphasort);
		assert_true(n > 2);
		for (int i = 0; i < n; i++) {
			size_t len = strlen(names[i]->d_name);
			snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
			if (len > 5 && strcmp(names[i]->d_name + len - 5, ".json") == 0)
				run_case(&groups[g], path, counts);
			free(names[i]);
		}
		free(names);
	}
	print_message("%zu cases run, %zu not covered\n", counts[RUN], counts[NOT_COVERED]);
	assert_true(counts[RUN] >= 50);
}

int main(void)
{
	char *root = ts_fixture_path("billing/cases");
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_cases, root)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(root);
	return failed;
}
