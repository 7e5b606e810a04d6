/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/cluster.h"
#include "importers/xoshiro.h"
#include "importers/simulate.h"
#include "support/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define FROM_MS INT64_C(1782864000000) /* 2026-07-01T00:00:00Z */

struct kept {
	struct ts_buf lines;
	ts_i128 used;
	ts_i128 excluded;
	int64_t from_ms;
	int64_t to_ms;
	int64_t hours[1024]; /* devices_milli x ms in each hour */
	int64_t gpus;
};

static enum ts_err keep(void *ctx, const struct ts_usage *use, struct ts_why *why)
{
	struct kept *kept = ctx;
	const struct ts_record record = {.tag = TS_RECORD_USAGE, .usage = *use};
	const char *reason = "";
	(void)why;
	assert_ok(ts_record_format(&record, &kept->lines, &reason));
	ts_buf_putc(&kept->lines, '\n');
	assert_true(use->start_ms / HOUR_MS == (use->end_ms - 1) / HOUR_MS);
	assert_true(use->start_ms >= kept->from_ms && use->end_ms <= kept->to_ms);
	assert_true(use->devices_milli <= TS_GROUP_NODES * TS_NODE_GPUS * 1000);
	bool excluded = ts_str_is(use->class, "excluded_maintenance");
	*(excluded ? &kept->excluded : &kept->used) += use->quantity;
	kept->hours[(use->start_ms - kept->from_ms) / HOUR_MS] += use->quantity;
	return TS_OK;
}

static struct ts_simulate_report run(struct kept *kept, int64_t gpus, int64_t hours, uint64_t seed)
{
	const struct ts_simulate_options options = {.gpus = gpus,
		.from_ms = FROM_MS,
		.to_ms = FROM_MS + hours * HOUR_MS,
		.seed = seed,
		.jobs_milli = 800,
		.sku = TS_STR("h100"),
		.class = TS_STR("on_demand")};
	const struct ts_simulate_sink sink = {.ctx = kept, .usage = keep};
	struct ts_simulate_report report;
	struct ts_why why = {0};
	TS_ASSERT(kept != NULL);
	memset(kept, 0, sizeof(*kept));
	ts_buf_init(&kept->lines, 256u << 20);
	kept->from_ms = options.from_ms;
	kept->to_ms = options.to_ms;
	kept->gpus = gpus;
	assert_ok(ts_simulate(&options, &sink, &report, &why));
	return report;
}

static void same_seed_same_bytes(void **state)
{
	(void)state;
	struct kept *a = malloc(sizeof(*a));
	struct kept *b = malloc(sizeof(*b));
	struct ts_hash first;
	struct ts_hash second;
	run(a, 512, 72, 7);
	run(b, 512, 72, 7);
	ts_sha256(a->lines.data, a->lines.len, &first);
	ts_sha256(b->lines.data, b->lines.len, &second);
	assert_true(ts_hash_eq(&first, &second));
	ts_buf_free(&b->lines);
	run(b, 512, 72, 8);
	ts_sha256(b->lines.data, b->lines.len, &second);
	assert_false(ts_hash_eq(&first, &second));
	/* The bytes are part of what a seed means: a change of the model changes this on purpose.
	 */
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(first.b, TS_HASH_BYTES, hex);
	assert_string_equal(
		hex, "d4e8e04b50b017bfbf2862397661aa2090234438712723a994db611b7416af41");
	ts_buf_free(&a->lines);
	ts_buf_free(&b->lines);
	free(a);
	free(b);
}

static void near(int64_t value, int64_t published, int64_t permille)
{
	int64_t off = value > published ? value - published : published - value;
	assert_true(off * 1000 <= published * permille);
}

static void means_are_the_published_ones(void **state)
{
	(void)state;
	struct ts_simulate_means means = ts_simulate_means();
	near(means.gpus_milli, 26770, 20);
	near(means.run_ms, 1259689, 20);
	near(means.gpu_ms, 267905000, 20);
}

static void totals_are_sane(void **state)
{
	(void)state;
	struct kept *kept = malloc(sizeof(*kept));
	struct ts_simulate_report report = run(kept, 2048, 30 * 24, 1);
	assert_true(report.used == kept->used);
	assert_true(report.excluded == kept->excluded);
	/* Never more than the machines there are, in any hour. */
	for (int h = 0; h < 30 * 24; h++)
		assert_true(kept->hours[h] <= kept->gpus * 1000 * HOUR_MS);
	ts_i128 whole = (ts_i128)2048 * 1000 * 30 * 24 * HOUR_MS;
	int64_t used_percent = (int64_t)(report.used * 100 / whole);
	int64_t excluded_permille = (int64_t)(report.excluded * 1000 / whole);
	print_message("jobs %lld, used %lld %%, excluded %lld per mille, interrupted %lld, "
		      "maintenance %lld, records %lld, turned away %lld\n",
		(long long)report.jobs, (long long)used_percent, (long long)excluded_permille,
		(long long)report.interrupted, (long long)report.maintenance,
		(long long)report.records, (long long)report.turned_away);
	assert_true(used_percent >= 55 && used_percent <= 90);
	assert_true(excluded_permille >= 2 && excluded_permille <= 20);
	assert_true(report.maintenance >= 12 && report.maintenance <= 17);
	/* 2048 x 720 h / 50,677 = 29 at full load */
	assert_true(report.interrupted >= 8 && report.interrupted <= 50);
	near(report.jobs, INT64_C(2048) * 86400 * 30 * 8 / 10 / 267905, 100);
	int64_t ended = report.ended[0] + report.ended[1] + report.ended[2];
	near(report.ended[0] * 1000 / ended, 541, 30);
	near(report.ended[1] * 1000 / ended, 397, 30);
	ts_buf_free(&kept->lines);
	free(kept);
}

static void options_are_refused(void **state)
{
	(void)state;
	const struct ts_simulate_options good = {.gpus = 8,
		.from_ms = FROM_MS,
		.to_ms = FROM_MS + HOUR_MS,
		.jobs_milli = 800,
		.sku = TS_STR("gpu"),
		.class = TS_STR("on_demand")};
	const struct ts_simulate_sink sink = {0};
	struct ts_simulate_report report;
	struct ts_why why = {0};
	struct ts_simulate_options o = good;
	o.gpus = 12;
	assert_err(ts_simulate(&o, &sink, &report, &why), TS_E_RANGE);
	assert_string_equal(why.where, "gpus");
	o = good;
	o.from_ms += 1;
	assert_err(ts_simulate(&o, &sink, &report, &why), TS_E_RANGE);
	o = good;
	o.to_ms = o.from_ms;
	assert_err(ts_simulate(&o, &sink, &report, &why), TS_E_RANGE);
	o = good;
	o.jobs_milli = 0;
	assert_err(ts_simulate(&o, &sink, &report, &why), TS_E_RANGE);
}

/* The published first outputs for this state, and the mean of the exponential draw. */
static void random_numbers(void **state)
{
	(void)state;
	struct ts_xoshiro rng = {{1, 2, 3, 4}};
	assert_true(ts_xoshiro_next(&rng) == UINT64_C(11520));
	assert_true(ts_xoshiro_next(&rng) == UINT64_C(0));
	assert_true(ts_xoshiro_next(&rng) == UINT64_C(1509978240));
	ts_xoshiro_seed(&rng, 42);
	int64_t sum = 0;
	int64_t below_half = 0;
	for (int i = 0; i < 200000; i++) {
		int64_t x = ts_xoshiro_exponential(&rng, 1000000);
		assert_true(x >= 0);
		sum += x;
		below_half += x < 693147;
	}
	near(sum / 200000, 1000000, 10);
	near(below_half, 100000, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_numbers),
		cmocka_unit_test(means_are_the_published_ones),
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(totals_are_sane),
		cmocka_unit_test(options_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
