/* SPDX-License-Identifier: Apache-2.0 */
/* Scenes that companies really have, each with the items that it must give; every report closes. */
#include "support/test.h"

#include "support/audit/recon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUNE_MS INT64_C(1780272000000) /* 2026-06-01T00:00Z */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define GPU_HOUR INT64_C(3600000000)

#define TERMS(currency, price, more)                                                               \
	"{\"currency\":\"" currency "\",\"term\":{\"from\":\"2026-06-01\",\"to\":\"2026-08-01\"}," \
	"\"skus\":[{\"sku\":\"gpu\",\"name\":\"GPU\",\"unit\":\"GPU-hour\",\"divisor\":"           \
	"\"3600000000\"}],\"prices\":[{\"id\":\"gpu\",\"sku\":\"gpu\",\"class\":\"*\"," price      \
	"}]" more "}"
#define PER_UNIT(price) "\"model\":\"per_unit\",\"unit_price\":\"" price "\""

static const char usd[] = TERMS("USD", PER_UNIT("2.00"), "");
static const char usd_dearer[] = TERMS("USD", PER_UNIT("2.10"), "");
static const char eur[] = TERMS("EUR", PER_UNIT("2.00"), "");
static const char lenient[] = TERMS("USD", PER_UNIT("2.00"),
	",\"reconciliation\":{\"tolerance\":{\"record\":{\"amount\":\"0.20\",\"percent\":\"10\"},"
	"\"line\":{\"amount\":\"0.50\"},\"invoice\":{\"percent\":\"50\"}}}");
static const char tiers[] = TERMS("USD",
	"\"model\":\"graduated\",\"tiers\":[{\"up_to\":\"100\",\"unit_price\":\"3.00\"},"
	"{\"unit_price\":\"1.00\"}]",
	"");

struct scene {
	struct ts_tapes tapes;
	struct ts_region *region;
	const struct ts_recon_report *report;
};

static struct scene scene_of(const char *terms)
{
	struct scene s = {.region = ts_region_create((size_t)256 << 20)};
	assert_non_null(s.region);
	s.tapes.from_ms = JUNE_MS;
	s.tapes.to_ms = JUNE_MS + 30 * DAY_MS;
	s.tapes.side[0].terms[0] = s.tapes.side[1].terms[0] = terms;
	return s;
}

static void end(struct scene *s)
{
	ts_tapes_free(&s->tapes);
	ts_region_free(s->region);
}

/* One GPU unless said otherwise. */
static struct ts_tape_record record(
	const char *workload, const char *resource, int64_t start_ms, int64_t span_ms)
{
	struct ts_tape_record r = {.start_ms = start_ms,
		.end_ms = start_ms + span_ms,
		.devices_milli = 1000,
		.quantity = 1000 * span_ms,
		.sku = "gpu",
		.pricing_class = "od",
		.account = "-"};
	snprintf(r.workload, sizeof r.workload, "%s", workload);
	snprintf(r.resource, sizeof r.resource, "%s", resource);
	return r;
}

static void add(struct scene *s, int side, struct ts_tape_record r)
{
	ts_tape_add(&s->tapes.side[side], &r);
}

static void both(struct scene *s, struct ts_tape_record r)
{
	add(s, 0, r);
	add(s, 1, r);
}

static void run(struct scene *s)
{
	struct ts_why why = {0};
	enum ts_err err = ts_tapes_run(&s->tapes, s->region, &s->report, &why);
	if (err != TS_OK)
		fail_msg("%s: %s", why.where, why.text);
	assert_ok(ts_recon_closes(s->report, &why));
}

static void assert_item(const struct scene *s, size_t i, enum ts_recon_category category,
	int64_t delta, int64_t minor)
{
	assert_true(i < s->report->items_n);
	const struct ts_recon_item *item = &s->report->items[i];
	assert_string_equal(ts_recon_kind(item->category)->name, ts_recon_kind(category)->name);
	assert_int_equal((int64_t)item->delta, delta);
	assert_int_equal(item->amount_minor, minor);
}

static void test_requeued_twice(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	/* One job that ran three times, the last two on another node, in the middle of an hour. */
	both(&s, record("job7", "n1", JUNE_MS, HOUR_MS));
	both(&s, record("job7", "n1", JUNE_MS + HOUR_MS, 10 * MINUTE_MS));
	both(&s, record("job7", "n2", JUNE_MS + HOUR_MS + 20 * MINUTE_MS, 5 * MINUTE_MS));
	both(&s, record("job7", "n2", JUNE_MS + HOUR_MS + 30 * MINUTE_MS, 30 * MINUTE_MS));
	run(&s);
	assert_int_equal(s.report->items_n, 0);
	/* The consumer's agent saw it as one run. */
	s.tapes.side[1].n--;
	s.tapes.side[1].list[2] = record(
		"job7", "n2", JUNE_MS + HOUR_MS + 20 * MINUTE_MS, 40 * MINUTE_MS);
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_QUANTITY, -5 * MINUTE_MS * 1000, -17);
	assert_int_equal(s.report->items[0].rows_n[0], 2);
	assert_int_equal(s.report->items[0].rows_n[1], 1);
	end(&s);
}

static void test_hourly_against_per_minute(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	for (int h = 0; h < 48; h++) {
		add(&s, 0, record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS));
		for (int m = 0; m < 60; m++)
			if (h != 25 || m >= 6)
				add(&s, 1,
					record("j", "n1", JUNE_MS + h * HOUR_MS + m * MINUTE_MS,
						MINUTE_MS));
	}
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_QUANTITY, 6 * MINUTE_MS * 1000, 20);
	assert_int_equal(s.report->items[0].start_ms, JUNE_MS + 25 * HOUR_MS);
	assert_int_equal(s.report->items[0].rows_n[1], 54);
	assert_int_equal(s.report->work.agreed_groups, 47);
	end(&s);
}

static void test_clock_is_off(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	for (int job = 0; job < 20; job++)
		for (int h = 1; h < 5; h++) {
			char name[16];
			snprintf(name, sizeof name, "j%d", job);
			struct ts_tape_record r = record(
				name, name, JUNE_MS + h * HOUR_MS, HOUR_MS);
			add(&s, 0, r);
			r.start_ms += 90000;
			r.end_ms += 90000;
			add(&s, 1, r);
		}
	run(&s);
	assert_int_equal(s.report->items_n, 0);
	assert_int_equal(s.report->clock.offset_ms, 90000);
	assert_int_equal(s.report->clock.groups, 20);
	assert_int_equal(s.report->clock.shifted, 20);
	/* Over the month's end it is not the same usage any more: seen, not corrected. */
	struct ts_tape_record last = record("z", "z", JUNE_MS + 30 * DAY_MS - HOUR_MS, HOUR_MS);
	add(&s, 0, last);
	last.end_ms += 90000;
	last.start_ms += 90000;
	last.quantity -= GPU_HOUR / 40; /* its own books end with the month */
	add(&s, 1, last);
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_PERIOD, GPU_HOUR / 40, s.report->items[0].amount_minor);
	end(&s);
}

static void test_node_missing_for_a_day(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	for (int node = 0; node < 4; node++)
		for (int h = 0; h < 72; h++) {
			char name[16];
			snprintf(name, sizeof name, "n%d", node);
			struct ts_tape_record r = record("j", name, JUNE_MS + h * HOUR_MS, HOUR_MS);
			add(&s, 0, r);
			if (node != 2 || h < 24 || h >= 48)
				add(&s, 1, r);
		}
	run(&s);
	assert_int_equal(s.report->items_n, 24);
	for (size_t i = 0; i < 24; i++)
		assert_item(&s, i, TS_RECON_MISSING_AT_PARTNER, GPU_HOUR, 200);
	assert_int_equal(s.report->work.days_differing, 1);
	assert_int_equal(s.report->days_n, 3);
	assert_int_equal(s.report->days[1].items, 24);
	assert_int_equal(s.report->items_minor, 4800);
	end(&s);
}

static void test_price_changed_on_one_side(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	s.tapes.side[0].terms[1] = usd_dearer;
	s.tapes.side[0].from_us[1] = (JUNE_MS + 15 * DAY_MS) * 1000;
	for (int h = 0; h < 30 * 24; h++)
		both(&s, record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS));
	run(&s);
	assert_int_equal(s.report->items_n, 15);
	for (size_t i = 0; i < 15; i++) {
		assert_item(&s, i, TS_RECON_RATE, 0, 240);
		assert_string_equal(s.report->items[i].rate[0], "2.10 USD per GPU-hour");
		assert_string_equal(s.report->items[i].rate[1], "2.00 USD per GPU-hour");
	}
	assert_int_equal(s.report->items[0].start_ms, JUNE_MS + 15 * DAY_MS);
	assert_int_equal(s.tapes.lines_read, 0); /* terms differ, records do not */
	end(&s);
}

static void test_forked_stream(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	for (int h = 0; h < 5; h++)
		both(&s, record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS));
	struct ts_tape_record told = record("j", "n1", JUNE_MS + 3 * HOUR_MS, HOUR_MS);
	told.failed = true;
	told.devices_milli = 2000;
	told.quantity *= 2;
	add(&s, 0, told);
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_SIGNATURE, 2 * GPU_HOUR, 400);
	end(&s);
}

static void test_duplicate_upload(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	for (int h = 0; h < 24; h++) {
		both(&s, record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS));
		if (h < 12)
			add(&s, 0, record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS));
	}
	run(&s);
	assert_int_equal(s.report->items_n, 12);
	assert_int_equal(s.report->sums[TS_RECON_DUPLICATE].items, 12);
	assert_int_equal(s.report->items_minor, 2400);
	end(&s);
}

static void test_currency(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	s.tapes.side[1].terms[0] = eur;
	both(&s, record("j", "n1", JUNE_MS, HOUR_MS));
	add(&s, 0, record("j", "n1", JUNE_MS + HOUR_MS, HOUR_MS));
	run(&s);
	assert_false(s.report->amounts);
	assert_int_equal(s.report->items_n, 2);
	assert_item(&s, 0, TS_RECON_CURRENCY, 0, 0);
	assert_string_equal(s.report->items[0].rate[0], "USD");
	assert_string_equal(s.report->items[0].rate[1], "EUR");
	assert_item(&s, 1, TS_RECON_MISSING_AT_PARTNER, GPU_HOUR, 0);
	end(&s);
}

static void test_empty_sides(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	run(&s);
	assert_int_equal(s.report->items_n, 0);
	assert_int_equal(s.report->skus_n, 0);
	add(&s, 1, record("j", "n1", JUNE_MS, HOUR_MS));
	add(&s, 1, record("j", "n1", JUNE_MS + HOUR_MS, HOUR_MS));
	run(&s);
	assert_int_equal(s.report->items_n, 2);
	assert_item(&s, 0, TS_RECON_MISSING_AT_PROVIDER, -GPU_HOUR, -200);
	assert_int_equal(s.report->total_minor[0], 0);
	assert_int_equal(s.report->total_minor[1], 400);
	end(&s);
}

static void test_partial_gpus_share_a_node(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	struct ts_tape_record a = record("a", "n1", JUNE_MS, HOUR_MS);
	struct ts_tape_record b = record("b", "n1", JUNE_MS, HOUR_MS);
	a.devices_milli = b.devices_milli = 250;
	a.quantity = b.quantity = 250 * HOUR_MS;
	both(&s, a);
	add(&s, 0, b); /* alike but for the job: that job is named, not the other */
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_MISSING_AT_PARTNER, GPU_HOUR / 4, 50);
	assert_true(ts_str_is(s.report->items[0].rows[0]->usage.workload, "b"));
	end(&s);
}

static void test_midnight_and_month_end(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	/* One side cuts at midnight, the other does not. */
	add(&s, 0, record("j", "n1", JUNE_MS + DAY_MS - HOUR_MS, 3 * HOUR_MS));
	add(&s, 1, record("j", "n1", JUNE_MS + DAY_MS - HOUR_MS, HOUR_MS));
	add(&s, 1, record("j", "n1", JUNE_MS + DAY_MS, 2 * HOUR_MS));
	/* And at the month's end. */
	add(&s, 0, record("k", "n1", JUNE_MS + 30 * DAY_MS - HOUR_MS, 2 * HOUR_MS));
	add(&s, 1, record("k", "n1", JUNE_MS + 30 * DAY_MS - HOUR_MS, HOUR_MS));
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_PERIOD, GPU_HOUR, 200);
	end(&s);
}

static void test_day_of_25_hours(void **state)
{
	(void)state;
	static const char berlin[] =
		"{\"currency\":\"EUR\",\"zone\":{\"name\":\"Europe/"
		"Berlin\",\"offsets\":[{\"offset_minutes\":"
		"120},{\"from\":\"2026-10-25T01:00:00Z\",\"offset_minutes\":60}]},"
		"\"term\":{\"from\":\"2026-10-01\",\"to\":\"2026-12-01\"},"
		"\"skus\":[{\"sku\":\"gpu\",\"name\":\"GPU\",\"unit\":\"GPU-hour\",\"divisor\":"
		"\"3600000000\"}],\"prices\":[{\"id\":\"gpu\",\"sku\":\"gpu\",\"class\":\"*"
		"\"," PER_UNIT("2.00") "}]}";
	struct scene s = scene_of(berlin);
	const int64_t october_ms = INT64_C(1790805600000), begin_ms = october_ms + 24 * DAY_MS;
	s.tapes.from_ms = october_ms;
	s.tapes.to_ms = october_ms + 31 * DAY_MS + HOUR_MS;
	for (int h = 0; h < 25; h++) {
		add(&s, 0, record("j", "n1", begin_ms + h * HOUR_MS, HOUR_MS));
		if (h != 2) /* the hour that the wall clock shows twice, counted once */
			add(&s, 1, record("j", "n1", begin_ms + h * HOUR_MS, HOUR_MS));
	}
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_MISSING_AT_PARTNER, GPU_HOUR, 200);
	end(&s);
}

static void test_long_record_reaches_into_the_hour(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	both(&s, record("j", "n1", JUNE_MS, 10 * HOUR_MS));
	add(&s, 0, record("j", "n1", JUNE_MS + 7 * HOUR_MS, HOUR_MS));
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_TIME_OVERLAP, GPU_HOUR, 200);
	end(&s);
}

static void test_sums_where_nothing_is_named(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	add(&s, 0, record("a", "n1", JUNE_MS, HOUR_MS));
	add(&s, 0, record("b", "n2", JUNE_MS, HOUR_MS));
	struct ts_tape_record sum = record("-", "-", JUNE_MS, HOUR_MS);
	sum.devices_milli = 2000;
	sum.quantity *= 2;
	add(&s, 1, sum);
	run(&s);
	assert_int_equal(s.report->items_n, 0);
	s.tapes.side[1].list[0].quantity -= GPU_HOUR / 2;
	run(&s);
	assert_int_equal(s.report->items_n, 1);
	assert_item(&s, 0, TS_RECON_QUANTITY, GPU_HOUR / 2, 100);
	assert_true(s.report->items[0].residual);
	end(&s);
}

static void test_tolerances(void **state)
{
	(void)state;
	struct scene s = scene_of(lenient);
	for (int h = 0; h < 2; h++) {
		struct ts_tape_record r = record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS);
		add(&s, 0, r);
		r.quantity -= GPU_HOUR / 10;
		add(&s, 1, r);
	}
	run(&s);
	assert_int_equal(s.report->within_sum.items, 2);
	assert_int_equal(s.report->within_minor, 40);
	assert_int_equal(s.report->items_minor, 0);
	struct ts_tape_record r = record("j", "n1", JUNE_MS + 2 * HOUR_MS, HOUR_MS);
	add(&s, 0, r);
	r.quantity -= GPU_HOUR / 10;
	add(&s, 1, r);
	run(&s); /* each is small, together they are more than 0.50 */
	assert_int_equal(s.report->within_sum.items, 0);
	assert_int_equal(s.report->sums[TS_RECON_QUANTITY].items, 3);
	assert_string_equal(s.report->items[0].held, "line");
	end(&s);
}

static void test_tiers_and_rounding_close(void **state)
{
	(void)state;
	struct scene s = scene_of(tiers);
	for (int h = 0; h < 104; h++) {
		struct ts_tape_record r = record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS);
		r.quantity -= 7777777 * (h % 3);
		add(&s, 0, r);
		r.quantity -= h % 5 == 0 ? 123457 : 0;
		if (h % 10 != 3)
			add(&s, 1, r);
	}
	run(&s);
	assert_int_equal(s.report->sums[TS_RECON_MISSING_AT_PARTNER].items, 11);
	assert_true(s.report->total_minor[0] > s.report->total_minor[1]);
	end(&s);
}

static void test_does_not_publish_what_does_not_close(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	struct ts_why why = {0};
	add(&s, 0, record("j", "n1", JUNE_MS, HOUR_MS));
	run(&s);
	struct ts_recon_report spoilt = *s.report;
	struct ts_recon_item item = s.report->items[0];
	spoilt.items = &item;
	item.amount_minor++;
	assert_err(ts_recon_closes(&spoilt, &why), TS_E_INTERNAL);
	item.amount_minor--;
	assert_ok(ts_recon_closes(&spoilt, &why));
	item.delta++;
	assert_err(ts_recon_closes(&spoilt, &why), TS_E_INTERNAL);
	end(&s);
}

static void test_too_much_differs(void **state)
{
	(void)state;
	struct scene s = scene_of(usd);
	struct ts_why why = {0};
	for (int h = 0; h < 20; h++)
		add(&s, 0, record("j", "n1", JUNE_MS + h * HOUR_MS, HOUR_MS));
	s.tapes.rows_max = 10;
	assert_err(ts_tapes_run(&s.tapes, s.region, &s.report, &why), TS_E_LIMIT);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requeued_twice),
		cmocka_unit_test(test_hourly_against_per_minute),
		cmocka_unit_test(test_clock_is_off),
		cmocka_unit_test(test_node_missing_for_a_day),
		cmocka_unit_test(test_price_changed_on_one_side),
		cmocka_unit_test(test_forked_stream),
		cmocka_unit_test(test_duplicate_upload),
		cmocka_unit_test(test_currency),
		cmocka_unit_test(test_empty_sides),
		cmocka_unit_test(test_partial_gpus_share_a_node),
		cmocka_unit_test(test_midnight_and_month_end),
		cmocka_unit_test(test_day_of_25_hours),
		cmocka_unit_test(test_long_record_reaches_into_the_hour),
		cmocka_unit_test(test_sums_where_nothing_is_named),
		cmocka_unit_test(test_tolerances),
		cmocka_unit_test(test_tiers_and_rounding_close),
		cmocka_unit_test(test_does_not_publish_what_does_not_close),
		cmocka_unit_test(test_too_much_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
