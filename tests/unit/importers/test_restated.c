/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries that replace one another, rows without an id, several files as one delivery, and what
 * was seen when it no longer fits memory. The source is of the plainest kind: group, id, hours. */
#include "harness.h"
#include "importers/frame/cell.h"

enum field { GROUP, ID, START, SECONDS, FIELDS };
static const struct ts_field fields[FIELDS] = {[GROUP] = {"group", true},
	[ID] = {"id|name", false},
	[START] = {"start", true},
	[SECONDS] = {"seconds", true}};

static enum ts_err plain_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)options;
	(void)region;
	(void)why;
	*state = NULL;
	return TS_OK;
}

/* Rows without an id may repeat; "end" comes of nothing but the file's end. */
static enum ts_err plain_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct ts_usage use = {.sku = TS_STR("gpu"),
		.class = TS_STR("c"),
		.resource = TS_STR("-"),
		.account = TS_STR("-")};
	int64_t seconds = 0;
	(void)state;
	(void)why;
	if (!ts_cell_stamp(item, fields, START, TS_STAMP_ZONED, &use.start_ms, row) ||
		!ts_cell_number(item, fields, SECONDS, 0, 1, 86400, &seconds, row))
		return TS_OK;
	use.end_ms = use.start_ms + seconds * 1000;
	ts_row_accept(row);
	use.workload = ts_row_token(row, item->cells[ID]);
	row->repeatable = item->cells[ID].len == 0;
	const struct ts_str group[] = {TS_STR("plain"), item->cells[GROUP]};
	ts_row_set_group(row, group, 2);
	const struct ts_str key[] = {
		TS_STR("plain"), item->cells[GROUP], item->cells[ID], item->cells[START]};
	ts_row_set_key(row, key, 4);
	ts_row_add(row, &use, 1000, seconds * 1000);
	return TS_OK;
}

static const struct ts_form forms[] = {{.kind = TS_FORM_TABLE,
	.fields = fields,
	.fields_n = FIELDS,
	.separators = ";,",
	.flags = TS_TABLE_QUOTED | TS_TABLE_NOCASE | TS_TABLE_NULL_WORD,
	.row = plain_row}};
static const struct ts_source plain = {
	.name = "plain", .time_note = "", .forms = forms, .forms_n = 1, .open = plain_open};

/* One delivery of these files. */
static void deliver(struct harness *h, const char *const *files, size_t n)
{
	const struct ts_import_sink sink = {
		.ctx = h, .usage = keep_use, .reverse = keep_reversal, .row = keep_row};
	struct ts_import *import = NULL;
	h->rows_n = h->reversed_n = 0;
	assert_ok(
		ts_import_begin(&plain, &h->options, h->seen, &sink, &h->report, &import, &h->why));
	for (size_t i = 0; i < n; i++) {
		FILE *file = fmemopen((void *)(uintptr_t)files[i], strlen(files[i]), "rb");
		assert_ok(ts_import_read(import, file, "f", &h->why));
		fclose(file);
	}
	assert_ok(ts_import_end(import, &h->why));
	ts_import_free(import);
}

#define HEAD "group,id,start,seconds\n"
#define S "2026-06-01T00:00:00Z"

static void only_differences(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char *const first[] = {
		HEAD "a,1," S ",10\na,2," S ",20\n", HEAD "a,3," S ",30\nb,1," S ",5\n"};
	/* 2 is restated, 3 is gone, 4 is new; b was not delivered and stays. */
	static const char *const second[] = {HEAD "a,4," S ",40\na,2," S ",25\na,1," S ",10\n"};
	deliver(h, first, 2);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 4);
	assert_int_equal(h->report.files, 2);
	assert_int_equal(h->uses_n, 4);
	deliver(h, first, 2);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 4);
	assert_int_equal(h->report.reversals, 0);
	deliver(h, second, 1);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_SUPERSEDED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	assert_int_equal(h->report.withdrawn, 1);
	assert_int_equal(h->report.reversals, 2);
	assert_int_equal(h->reversed[0], 1);
	assert_int_equal(h->reversed[1], 2);
	deliver(h, second, 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	assert_int_equal(h->report.withdrawn, 0);
	/* What was withdrawn may come back. */
	deliver(h, first, 2);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_SUPERSEDED], 1);
	assert_int_equal(h->report.withdrawn, 1);
	/* The same key twice in one delivery contradicts itself. */
	static const char *const twice[] = {HEAD "c,1," S ",10\nc,1," S ",11\n"};
	deliver(h, twice, 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "key_conflict"), 1);
	harness_free(h);
}

/* Whatever order deliveries come in, the live lines are those of the last one. */
static void histories(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct harness *h = harness_new();
		bool dead[HARNESS_USES] = {false};
		int64_t want = 0;
		uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15);
		for (int round = 0; round < 6; round++) {
			char text[2048] = HEAD;
			size_t len = strlen(text);
			want = 0;
			for (int id = 0; id < 8; id++) {
				x ^= x << 13;
				x ^= x >> 7;
				x ^= x << 17;
				int seconds = (int)(x % 4); /* 0: not in this delivery */
				if (seconds == 0)
					continue;
				want += seconds;
				len += (size_t)snprintf(text + len, sizeof(text) - len,
					"g,%d," S ",%d\n", id, seconds);
			}
			if (want == 0) { /* an empty delivery says nothing about its group */
				len += (size_t)snprintf(
					text + len, sizeof(text) - len, "g,9," S ",1\n");
				want = 1;
			}
			const char *const files[] = {text};
			deliver(h, files, 1);
			for (size_t i = 0; i < h->reversed_n; i++) {
				/* an index counts within the report: made absolute by the harness
				 */
				assert_false(dead[h->reversed[i]]);
				dead[h->reversed[i]] = true;
			}
		}
		int64_t live = 0;
		for (size_t i = 0; i < h->uses_n; i++)
			live += dead[i] ? 0 : h->uses[i].quantity / 1000000;
		assert_int_equal(live, want);
		harness_free(h);
	}
}

/* Equal rows of an export without ids are as many as there are; one fewer next time takes one back.
 */
static void equal_rows(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char *const three[] = {
		"GROUP;id;Start;seconds\ng;;" S ";7\ng;NULL;" S ";7\ng;;" S ";7\n"};
	static const char *const two[] = {HEAD "g,," S ",7\ng,," S ",7\n"};
	deliver(h, three, 1);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	deliver(h, three, 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	deliver(h, two, 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 2);
	assert_int_equal(h->report.withdrawn, 1);
	harness_free(h);
}

/* 300,000 rows: entries and, with a small cap in mind, slots have moved and are all found. */
static void many_rows_are_found_again(void **state)
{
	(void)state;
	struct ts_seen *seen = NULL;
	struct ts_seen_entry entry = {.count = 1};
	assert_ok(ts_seen_create(&seen));
	for (int64_t i = 0; i < 300000; i++) {
		uint8_t zero[TS_ROW_KEY_BYTES] = {0};
		ts_row_nth_key(zero, i, entry.key);
		entry.first = i;
		assert_ok(ts_seen_put(seen, &entry));
	}
	ts_seen_begin_run(seen);
	for (int64_t i = 0; i < 300000; i++) {
		uint8_t zero[TS_ROW_KEY_BYTES] = {0};
		uint8_t key[TS_ROW_KEY_BYTES];
		ts_row_nth_key(zero, i, key);
		const struct ts_seen_entry *found = ts_seen_find(seen, key);
		assert_non_null(found);
		assert_int_equal(found->first, i);
		assert_false(ts_seen_is_met(seen, found));
		ts_seen_meet(seen, found);
		assert_true(ts_seen_is_met(seen, found));
	}
	assert_int_equal(ts_seen_count(seen), 300000);
	ts_seen_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_differences),
		cmocka_unit_test(histories),
		cmocka_unit_test(equal_rows),
		cmocka_unit_test(many_rows_are_found_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
