/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "support/audit/recon.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

void ts_tape_add(struct ts_tape *tape, const struct ts_tape_record *record)
{
	if (tape->n == tape->cap) {
		tape->cap = tape->cap == 0 ? 64 : 2 * tape->cap;
		tape->list = realloc(tape->list, tape->cap * sizeof *tape->list);
		assert_non_null(tape->list);
	}
	tape->list[tape->n++] = *record;
}

void ts_tapes_free(struct ts_tapes *tapes)
{
	for (int side = 0; side < 2; side++)
		free(tapes->side[side].list);
	memset(tapes, 0, sizeof *tapes);
}

static struct ts_usage usage_of(const struct ts_tape_record *r)
{
	return (struct ts_usage){r->start_ms, r->end_ms, ts_str(r->sku), r->devices_milli,
		r->quantity, ts_str(r->pricing_class), ts_str(r->workload), ts_str(r->resource),
		ts_str(r->account)};
}

static int by_start(const void *a, const void *b)
{
	const struct ts_tape_record *x = a, *y = b;
	return (x->start_ms > y->start_ms) - (x->start_ms < y->start_ms);
}

static enum ts_err lines(void *ctx, enum ts_recon_side side, int64_t from_ms, int64_t to_ms,
	const struct ts_recon_sink *sink, struct ts_why *why)
{
	struct ts_tapes *tapes = ctx;
	const struct ts_tape *t = &tapes->side[side];
	size_t low = 0, high = t->n;
	struct ts_buf buf;
	enum ts_err err = TS_OK;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (t->list[mid].start_ms < from_ms)
			low = mid + 1;
		else
			high = mid;
	}
	ts_buf_init(&buf, TS_RECORD_BYTES_MAX);
	for (; low < t->n && t->list[low].start_ms < to_ms && err == TS_OK; low++) {
		const struct ts_record record = {
			.tag = TS_RECORD_USAGE, .usage = usage_of(&t->list[low])};
		const char *reason = "";
		ts_buf_reset(&buf);
		assert_int_equal(ts_record_format(&record, &buf, &reason), TS_OK);
		struct ts_record parsed;
		assert_int_equal(
			ts_record_parse((struct ts_str){buf.data, buf.len}, &parsed, &reason),
			TS_OK);
		const struct ts_recon_line line = {.text = {buf.data, buf.len},
			.usage = parsed.usage,
			.sheet = t->list[low].failed ? 1 : 0,
			.input = 1,
			.number = (int64_t)low + 1};
		tapes->lines_read++;
		err = sink->put(sink->ctx, &line, why);
	}
	ts_buf_free(&buf);
	return err;
}

enum ts_err ts_tapes_run(struct ts_tapes *tapes, struct ts_region *region,
	const struct ts_recon_report **out, struct ts_why *why)
{
	struct ts_hasher hasher = {0};
	struct ts_recon_options o = {.from_ms = tapes->from_ms,
		.to_ms = tapes->to_ms,
		.rows_max = tapes->rows_max > 0 ? tapes->rows_max : 1000000,
		.ctx = tapes,
		.lines = lines};
	assert_int_equal(ts_hasher_init(&hasher), TS_OK);
	tapes->lines_read = 0;
	for (int side = 0; side < 2; side++) {
		struct ts_tape *t = &tapes->side[side];
		struct ts_recon_sheet *sheets = ts_region_array(region, 2, sizeof *sheets);
		struct ts_recon_version *versions = ts_region_array(region, 3, sizeof *versions);
		struct ts_cells cells[2];
		assert_true(sheets != NULL && versions != NULL);
		if (t->n > 1)
			qsort(t->list, t->n, sizeof *t->list, by_start);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(ts_cells_init(&cells[k], region, &hasher, 7), TS_OK);
		for (size_t i = 0; i < t->n; i++) {
			const struct ts_usage usage = usage_of(&t->list[i]);
			assert_int_equal(ts_cells_add(&cells[t->list[i].failed], &usage), TS_OK);
			if (usage.end_ms - usage.start_ms > o.side[side].span_ms_max)
				o.side[side].span_ms_max = usage.end_ms - usage.start_ms;
		}
		for (size_t k = 0; k < 2; k++)
			sheets[k] = (struct ts_recon_sheet){
				TS_STR("-"), k == 1, cells[k].cells, cells[k].n};
		o.side[side].sheets = sheets;
		o.side[side].sheets_n = 2;
		o.side[side].versions = versions;
		for (size_t v = 0; v < 3 && t->terms[v] != NULL; v++) {
			versions[v].from_us = t->from_us[v];
			assert_int_equal(ts_terms_parse_what_if(t->terms[v], strlen(t->terms[v]),
						 region, &versions[v].terms, why),
				TS_OK);
			o.side[side].versions_n++;
		}
	}
	o.dealing = &o.side[0].versions[0].terms->dealing;
	enum ts_err err = ts_recon_run(&o, region, out, why);
	ts_hasher_free(&hasher);
	return err;
}
