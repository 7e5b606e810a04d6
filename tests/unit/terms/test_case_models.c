/* SPDX-License-Identifier: Apache-2.0 */
/* Published billing cases whose terms are packages, commitments, discounts, caps and credits. */
#include "case_run.h"

static json_t *per_unit(const char *id, const char *price)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "id", id, "sku", "x", "model", "per_unit",
		"unit_price", price);
}

static json_t *package_price(const char *size, const char *price)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", "p", "sku", "x", "model", "package",
		"package_size", size, "package_price", price);
}

static int64_t total_of(json_t *prices, json_t *discounts, ts_i128 quantity)
{
	json_t *terms = case_terms("USD", "2026-01-01", NULL, prices, NULL, NULL);
	if (discounts)
		json_object_set_new(terms, "discounts", discounts);
	struct rated r = rate_case(terms, 0, &quantity, true);
	int64_t total = r.total_minor;
	ts_region_free(r.region);
	return total;
}

static struct outcome case_package(const json_t *in, const json_t *expected)
{
	const char *size = text_of(in, "package_size"), *price = text_of(in, "package_price");
	bool gives = has(in, "free_units") && strcmp(text_of(in, "free_units"), "0") != 0;
	ts_i128 quantity = case_quantity(text_of(in, "quantity")), before = 0;
	int64_t was = 0;
	if (has(in, "already_rated_quantity")) {
		before = case_quantity(text_of(in, "already_rated_quantity"));
		was = total_of(json_pack("[o]", package_price(size, price)), NULL, before);
	}
	json_t *discount = gives ? json_pack("[{s:s,s:s,s:s}]", "id", "free", "price", "p",
					   "quantity", text_of(in, "free_units"))
				 : NULL;
	int64_t is = total_of(
		json_pack("[o]", package_price(size, price)), discount, before + quantity);
	assert_int_equal(is - was, parse_cents(text_of(expected, "total")));
	if (has(expected, "packages"))
		assert_int_equal((is - was) / parse_cents(price),
			strtol(text_of(expected, "packages"), NULL, 10));
	return run;
}

/* Blocks of a size, so many per tier. */
static int64_t blocks_total(const json_t *tiers, bool all_tiers, const char *quantity)
{
	json_t *list = json_array();
	struct ts_decimal size = {0};
	ts_i128 edge = 0;
	for (size_t i = 0; i < json_array_size(tiers); i++) {
		const json_t *tier = json_array_get(tiers, i);
		char up_to[TS_DECIMAL_CHARS];
		json_t *row = json_pack("{s:s,s:s}", "unit_price", text_of(tier, "price"),
			"package_size", text_of(tier, "size"));
		assert_ok(ts_decimal_parse(ts_str(text_of(tier, "size")), &size));
		edge += size.pico * int_of(tier, "max_blocks");
		if (i + 1 < json_array_size(tiers))
			json_object_set_new(row, "up_to",
				json_string(
					ts_decimal_format((struct ts_decimal){edge}, 0, up_to)));
		json_array_append_new(list, row);
	}
	return total_of(json_pack("[{s:s,s:s,s:s,s:o}]", "id", "p", "sku", "x", "model",
				all_tiers ? "graduated" : "volume", "tiers", list),
		NULL, case_quantity(quantity));
}

static struct outcome case_blocks(const json_t *in, const json_t *expected)
{
	bool all = strcmp(text_of(in, "policy"), "ALL_TIERS") == 0;
	const json_t *units = json_object_get(in, "units");
	int64_t total = 0;
	const char *name;
	json_t *unit;
	if (!units)
		total = blocks_total(json_object_get(in, "tiers"), all, text_of(in, "quantity"));
	json_object_foreach((json_t *)(uintptr_t)units, name, unit)
	{
		int64_t own = blocks_total(
			json_object_get(unit, "tiers"), all, text_of(unit, "quantity"));
		assert_int_equal(own, parse_cents(text_of(expected, name)));
		total += own;
	}
	assert_int_equal(total, parse_cents(text_of(expected, "total")));
	return run;
}

static struct outcome case_late_blocks(const json_t *in, const json_t *expected)
{
	size_t i, k;
	json_t *period, *record;
	json_array_foreach(json_object_get(in, "periods"), i, period)
	{
		ts_i128 quantity = 0;
		json_array_foreach(json_object_get(period, "records"), k, record)
			quantity += case_quantity(json_string_value(record));
		int64_t is = total_of(json_pack("[o]", package_price(text_of(in, "block_size"),
							       text_of(in, "price"))),
			NULL, quantity);
		int64_t was = strtol(text_of(period, "already_billed"), NULL, 10) *
			      parse_cents(text_of(in, "price"));
		const char *want = json_string_value(
			json_array_get(json_object_get(expected, "to_bill"), i));
		assert_int_equal(
			is - was, strtol(want, NULL, 10) * parse_cents(text_of(in, "price")));
	}
	return run;
}

static struct outcome case_termination(const json_t *in, const json_t *expected)
{
	int32_t last = 0;
	char to[TS_TIME_CHARS];
	ts_i128 billed = 0;
	size_t i;
	json_t *record;
	assert_ok(ts_date_parse(ts_str(text_of(in, "cancelled")), &last));
	struct rated r = rate_begin(
		case_terms("USD", text_of(in, "start"), ts_date_format(last + 1, to),
			json_pack("[o]", package_price(text_of(in, "block_size"),
						 text_of(in, "block_price"))),
			NULL, NULL),
		0);
	json_array_foreach(json_object_get(in, "records"), i, record)
	{
		int32_t day = 0;
		struct ts_period period;
		assert_ok(
			ts_date_parse(ts_str(json_string_value(json_array_get(record, 0))), &day));
		if (ts_period_at(r.terms, ts_zone_day_start(&r.terms->zone, day), &period) == TS_OK)
			billed += case_quantity(json_string_value(json_array_get(record, 1)));
	}
	assert_true(billed == case_quantity(text_of(expected, "billed_quantity")));
	struct ts_measure measure = {
		.month = ts_month_of_day(r.period.first_day), .quantity = billed};
	struct ts_rate_usage usage = {.measures = &measure, .measures_n = 1};
	rate_lines(&r, &usage, r.period.end_day - 1);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "amount")));
	ts_region_free(r.region);
	return run;
}

static json_t *plain_tiers(const json_t *tiers)
{
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(tiers); i++) {
		const json_t *tier = json_array_get(tiers, i);
		json_t *row = json_pack("{s:s}", "unit_price", text_of(tier, "unit"));
		if (has(tier, "up_to"))
			json_object_set_new(row, "up_to", json_string(text_of(tier, "up_to")));
		assert_string_equal(text_of(tier, "flat"), "0");
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *model_price(const json_t *in)
{
	const char *model = has(in, "model") ? text_of(in, "model") : "graduated";
	if (strcmp(model, "unit") == 0)
		return per_unit("p", text_of(in, "unit_price"));
	if (strcmp(model, "package") == 0)
		return package_price(text_of(in, "package_size"), text_of(in, "package_price"));
	return json_pack("{s:s,s:s,s:s,s:o}", "id", "p", "sku", "x", "model", model, "tiers",
		plain_tiers(json_object_get(in, "tiers")));
}

/* Three events of one instant: what each adds to the whole. */
static struct outcome case_marginal(const json_t *in, const json_t *expected)
{
	int64_t before = 0, total = 0;
	for (size_t i = 0; i < json_array_size(json_object_get(in, "events")); i++) {
		total = total_of(
			json_pack("[o]", model_price(in)), NULL, CASE_DIVISOR * (ts_i128)(i + 1));
		const char *want = json_string_value(
			json_array_get(json_object_get(expected, "fees"), i));
		assert_int_equal(total - before, parse_cents(want));
		before = total;
	}
	assert_int_equal(total, parse_cents(text_of(expected, "total")));
	return run;
}

/* Amount of the lines at one unit price. */
static int64_t at_price(const struct rated *r, const char *unit_price)
{
	struct ts_decimal price = {0};
	int64_t sum = 0;
	assert_ok(ts_decimal_parse(ts_str(unit_price), &price));
	for (size_t i = 0; i < r->n; i++)
		sum += r->lines[i].unit_price.pico == price.pico ? r->lines[i].amount_minor : 0;
	return sum;
}

/* Target of what is known minus what was billed, line by line. */
static struct outcome case_delta(const json_t *in, const json_t *expected)
{
	size_t i, k, m;
	json_t *lines, *line, *other;
	int64_t before = 0;
	json_array_foreach(json_object_get(expected, "runs"), i, lines)
	{
		const json_t *cumulative = json_object_get(in, "cumulative");
		ts_i128 is = case_quantity(json_string_value(json_array_get(cumulative, i)));
		ts_i128 was = i > 0 ? case_quantity(
					      json_string_value(json_array_get(cumulative, i - 1)))
				    : 0;
		struct rated a = rate_case(case_terms("USD", "2026-01-01", NULL,
						   json_pack("[o]", model_price(in)), NULL, NULL),
			0, &was, true);
		struct rated b = rate_case(case_terms("USD", "2026-01-01", NULL,
						   json_pack("[o]", model_price(in)), NULL, NULL),
			0, &is, true);
		int64_t total = 0;
		json_array_foreach(lines, k, line)
		{
			const char *price = text_of(line, "unit_price");
			int64_t want = 0;
			json_array_foreach(lines, m, other)
				want += strcmp(text_of(other, "unit_price"), price) == 0
						? parse_cents(text_of(other, "amount"))
						: 0;
			assert_int_equal(at_price(&b, price) - at_price(&a, price), want);
			total += parse_cents(text_of(line, "amount"));
		}
		assert_int_equal(a.total_minor, before);
		assert_int_equal(b.total_minor - a.total_minor, total);
		before = b.total_minor;
		ts_region_free(a.region);
		ts_region_free(b.region);
	}
	return run;
}

/* What each period comes to when the quantities up to its end are as the run knows them. */
static void late_targets(const json_t *in, const json_t *snapshot, int64_t *out)
{
	struct ts_measure measures[8];
	struct ts_rate_usage usage = {.measures = measures};
	ts_i128 before = 0;
	for (size_t p = 0; p < json_array_size(snapshot); p++) {
		ts_i128 upto = case_quantity(json_string_value(json_array_get(snapshot, p)));
		measures[usage.measures_n++] = (struct ts_measure){.period = (int32_t)p,
			.month = 2026 * 12 + (int32_t)p,
			.quantity = upto - before};
		before = upto;
		json_t *terms = case_terms(
			"USD", "2026-01-01", NULL, json_pack("[o]", model_price(in)), NULL, NULL);
		if (has(in, "maximum"))
			json_object_set_new(terms, "caps",
				json_pack("[{s:s,s:s,s:s}]", "id", "cap", "per", "term", "amount",
					text_of(in, "maximum")));
		if (has(in, "percentage_discount"))
			json_object_set_new(terms, "discounts",
				json_pack("[{s:s,s:s}]", "id", "d", "percent",
					text_of(in, "percentage_discount")));
		struct rated r = rate_begin(terms, (int32_t)p);
		rate_lines(&r, &usage, r.period.end_day - 1);
		out[p] = r.total_minor;
		ts_region_free(r.region);
	}
}

static struct outcome case_late(const json_t *in, const json_t *expected)
{
	int64_t billed[8] = {0}, targets[8];
	size_t i, k;
	json_t *snapshot, *row;
	json_array_foreach(json_object_get(in, "snapshots"), i, snapshot)
	{
		int64_t want[8] = {0};
		late_targets(in, snapshot, targets);
		json_array_foreach(json_array_get(json_object_get(expected, "runs"), i), k, row)
			want[int_of(row, "period") - 1] += parse_cents(text_of(row, "total"));
		for (size_t p = 0; p < json_array_size(snapshot); p++) {
			assert_int_equal(targets[p] - billed[p], want[p]);
			billed[p] = targets[p];
		}
	}
	return run;
}

/* Shares as a line's months get them: differences of one cumulative rounded function. */
static struct outcome case_allocation(const json_t *in, const json_t *expected)
{
	const json_t *items = json_object_get(in, "items"),
		     *shares = json_object_get(expected, "shares");
	struct ts_decimal weight = {0}, amount = {0};
	ts_i128 whole = 0, sum = 0;
	int64_t before = 0;
	size_t found = 0;
	assert_int_equal(int_of(in, "precision"), 2);
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "amount")), &amount));
	for (size_t i = 0; i < json_array_size(items); i++) {
		assert_ok(ts_decimal_parse(
			ts_str(json_string_value(json_array_get(json_array_get(items, i), 1))),
			&weight));
		whole += weight.pico;
	}
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		ts_i128 upto = 0;
		assert_ok(ts_decimal_parse(
			ts_str(json_string_value(json_array_get(item, 1))), &weight));
		sum += weight.pico;
		assert_ok(ts_muldiv(
			amount.pico / (TS_PICO / 100), sum, whole, TS_ROUND_HALF_AWAY, &upto));
		int64_t share = (int64_t)upto - before, want = 0;
		before = (int64_t)upto;
		for (size_t k = 0; k < json_array_size(shares); k++) {
			const json_t *row = json_array_get(shares, k);
			if (!json_equal(json_array_get(row, 0), json_array_get(item, 0)))
				continue;
			want = parse_cents(json_string_value(json_array_get(row, 1)));
			found++;
		}
		if (share != want && strcmp(text_of(in, "tie_break"), "key") == 0)
			return (struct outcome){DEVIATES, "shares are cumulative, in order"};
		assert_int_equal(share, want);
	}
	assert_int_equal(found, json_array_size(shares));
	return run;
}

static struct outcome case_calendar(const json_t *in, const json_t *expected)
{
	int32_t anchor = 0;
	size_t i;
	json_t *date;
	assert_ok(ts_date_parse(ts_str(text_of(in, "anchor")), &anchor));
	json_t *terms = case_terms("USD", text_of(in, "anchor"), NULL, NULL, NULL, NULL);
	json_object_set_new(
		terms, "calendar", json_pack("{s:i}", "anchor_day", ts_date_of_day(anchor).day));
	struct rated r = rate_begin(terms, 0);
	json_array_foreach(json_object_get(expected, "dates"), i, date)
	{
		char text[TS_TIME_CHARS];
		assert_ok(ts_period_get(r.terms, (int32_t)i + 1, &r.period));
		assert_string_equal(
			ts_date_format(r.period.first_day, text), json_string_value(date));
	}
	assert_int_equal(i, int_of(in, "steps"));
	ts_region_free(r.region);
	return run;
}

/* Prices by sets where one holds the other: refused. What such terms mean, said without overlap,
 * counts each event once. */
static struct outcome case_overlap(const json_t *in, const json_t *expected)
{
	const json_t *filters = json_object_get(in, "filters");
	json_t *terms = case_terms("USD", "2026-01-01", NULL, NULL, NULL, NULL);
	json_t *regions = json_array();
	for (size_t i = 0; i < json_array_size(filters); i++)
		json_array_append_new(regions,
			json_pack("{s:s,s:O}", "region", text_of(json_array_get(filters, i), "id"),
				"clusters", json_object_get(json_array_get(filters, i), "cloud")));
	json_object_set_new(terms, "regions", regions);
	char *bytes = json_dumps(terms, JSON_COMPACT);
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *out = NULL;
	struct ts_why why = {0};
	assert_err(ts_terms_parse_what_if(bytes, strlen(bytes), region, &out, &why), TS_E_INVALID);
	assert_string_equal(why.where, "/regions/1");
	assert_int_equal(json_array_size(json_object_get(in, "events")),
		strtol(text_of(expected, "total_quantity"), NULL, 10));
	free(bytes);
	json_decref(terms);
	ts_region_free(region);
	return (struct outcome){DEVIATES, "terms by which a cell matches twice are refused"};
}

static struct outcome case_amendment(const json_t *in, const json_t *expected)
{
	const json_t *versions = json_object_get(in, "versions");
	ts_i128 quantity = 0;
	size_t i;
	json_t *record;
	if (json_array_size(versions) != 1)
		return not_covered("several versions: through the command, e2e.rate_cases");
	json_array_foreach(json_object_get(in, "records"), i, record)
		quantity += case_quantity(json_string_value(json_array_get(record, 1)));
	int64_t total = total_of(
		json_pack("[o]", model_price(json_array_get(versions, 0))), NULL, quantity);
	assert_int_equal(total,
		parse_cents(
			text_of(json_array_get(json_object_get(expected, "items"), 0), "amount")));
	return run;
}

/* Level x time, as records carry it; the priced unit is a level over the whole period. */
static struct outcome case_weighted(const json_t *in, const json_t *expected)
{
	int64_t from = 0, to = 0, at = 0;
	ts_i128 level = has(in, "opening_level") ? case_quantity(text_of(in, "opening_level")) : 0;
	ts_i128 sum = 0, units = 0, cents = 0;
	struct ts_decimal want = {0};
	size_t i;
	json_t *change;
	assert_ok(ts_time_parse(ts_str(text_of(in, "period_from")), &from));
	assert_ok(ts_time_parse(ts_str(text_of(in, "period_to_exclusive")), &to));
	int64_t before = from;
	json_array_foreach(json_object_get(in, "changes"), i, change)
	{
		struct ts_decimal delta = {0};
		assert_ok(ts_time_parse(ts_str(text_of(change, "at")), &at));
		assert_ok(ts_decimal_parse(ts_str(text_of(change, "delta")), &delta));
		sum += level * ((at - before) / TS_US_PER_S);
		level += delta.pico / (TS_PICO / CASE_DIVISOR);
		before = at;
	}
	sum += level * ((to - before) / TS_US_PER_S);
	ts_i128 whole = (ts_i128)CASE_DIVISOR * ((to - from) / TS_US_PER_S);
	const char *text = text_of(expected, has(expected, "units") ? "units" : "weighted");
	assert_ok(ts_decimal_parse(ts_str(text), &want));
	assert_ok(ts_muldiv(sum, INT64_C(10000000000), whole, TS_ROUND_HALF_AWAY, &units));
	assert_true(units * 100 == want.pico);
	if (!has(in, "unit_price"))
		return run;
	assert_ok(ts_muldiv(
		sum, parse_cents(text_of(in, "unit_price")), whole, TS_ROUND_HALF_AWAY, &cents));
	assert_true(cents == int_of(expected, "amount_cents"));
	assert_true(level == case_quantity(text_of(expected, "closing_level")));
	return run;
}

/* What was not used of one period may be used in the next. */
static struct outcome case_prepaid(const json_t *in, const json_t *expected)
{
	if (!json_is_true(json_object_get(in, "rollover")))
		return not_covered("a prepayment in money: unit.book.case_prepaid");
	json_t *terms = case_terms(
		"USD", "2026-01-01", NULL, json_pack("[o]", per_unit("p", "1")), NULL, NULL);
	json_object_set_new(terms, "commitments",
		json_pack("[{s:s,s:s,s:s,s:[{s:s,s:s}],s:s,s:s,s:s}]", "id", "c", "price", "p",
			"per", "period", "schedule", "from", "2026-01-01", "quantity",
			text_of(in, "prepaid_units_per_period"), "overage_factor", "2",
			"shortfall_unit_price", "1", "rollover", "1"));
	struct rated r = rate_begin(terms, 1);
	ts_i128 next = case_quantity(text_of(expected, "next_period_total"));
	struct ts_measure measures[] = {
		{.month = 2026 * 12,
			.quantity = case_quantity(
				json_string_value(json_array_get(json_object_get(in, "used"), 0)))},
		{.period = 1, .month = 2026 * 12 + 1, .quantity = next}};
	struct ts_rate_usage usage = {.measures = measures, .measures_n = 2};
	rate_lines(&r, &usage, r.period.end_day - 1);
	assert_int_equal(kind_total(&r, TS_CHARGE_OVERAGE), 0);
	assert_int_equal(-kind_total(&r, TS_CHARGE_ROLLOVER),
		parse_cents(json_string_value(
			json_array_get(json_object_get(expected, "remaining"), 0))));
	measures[1].quantity += CASE_DIVISOR; /* one more is beyond it */
	rate_lines(&r, &usage, r.period.end_day - 1);
	assert_int_equal(kind_total(&r, TS_CHARGE_OVERAGE), 100);
	ts_region_free(r.region);
	return run;
}

static struct outcome case_peak(const json_t *in, const json_t *expected)
{
	(void)in;
	(void)expected;
	return not_covered("through the command, e2e.rate_cases");
}

static const struct group groups[] = {
	{"package", case_package},
	{"tier-block", case_blocks},
	{"late-usage", case_late_blocks},
	{"termination", case_termination},
	{"marginal-order", case_marginal},
	{"rerate-delta", case_delta},
	{"rerate-late-usage", case_late},
	{"allocation", case_allocation},
	{"calendar", case_calendar},
	{"filter-overlap", case_overlap},
	{"contract-amendment", case_amendment},
	{"time-weighted", case_weighted},
	{"prepaid", case_prepaid},
	{"capacity-peak", case_peak},
};

static void test_cases(void **state)
{
	run_groups(*state, groups, sizeof groups / sizeof groups[0], 38);
}

int main(void)
{
	char *root = ts_fixture_path("billing/cases");
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_cases, root)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(root);
	return failed;
}
