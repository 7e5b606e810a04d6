/* SPDX-License-Identifier: Apache-2.0 */
/* Usage cells: the shares of the lines that count, by stream and day. What a transaction adds is
 * gathered first, then each day that it touches is read, added to and written back, and is due to
 * be compared with app.usage_cell. A day's state is text: a line per cell, sorted. */
#include "base/time.h"
#include "service/auditor/auditor_walk.h"
#include "store/stream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUARTERS_A_DAY 96
#define DAYS_PER_COMPARE 512
#define STATE_BYTES_MAX ((size_t)256 << 20)

struct cell {
	int64_t stream_id, quarter;
	struct ts_str sku, class, account;
	int16_t side;
	int64_t records;
	ts_i128 quantity;
	struct ts_digest digest;
};

static uint64_t text_hash(uint64_t hash, struct ts_str text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = ts_hash_mix(hash, (unsigned char)text.at[i]);
	return ts_hash_mix(hash, text.len);
}

static uint64_t cell_hash(const void *row)
{
	const struct cell *c = row;
	uint64_t hash = ts_hash_mix(ts_hash_mix(1, (uint64_t)c->stream_id), (uint64_t)c->quarter);
	return text_hash(text_hash(text_hash(hash, c->sku), c->class), c->account);
}

static bool cell_same(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	return x->stream_id == y->stream_id && x->quarter == y->quarter &&
	       ts_str_eq(x->sku, y->sku) && ts_str_eq(x->class, y->class) &&
	       ts_str_eq(x->account, y->account);
}

static int64_t day_of(const struct cell *c)
{
	return c->quarter / QUARTERS_A_DAY;
}

static int cell_order(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	if (day_of(x) != day_of(y))
		return day_of(x) < day_of(y) ? -1 : 1;
	if (x->stream_id != y->stream_id)
		return x->stream_id < y->stream_id ? -1 : 1;
	if (x->quarter != y->quarter)
		return x->quarter < y->quarter ? -1 : 1;
	int order = ts_str_cmp(x->sku, y->sku);
	if (order == 0)
		order = ts_str_cmp(x->class, y->class);
	return order != 0 ? order : ts_str_cmp(x->account, y->account);
}

void ts_auditor_cells_init(struct ts_auditor_walk *w)
{
	ts_rowset_init(&w->cells, w->a->region, sizeof(struct cell), cell_hash, cell_same);
}

static enum ts_err copy_text(struct ts_region *region, struct ts_str *text)
{
	text->at = ts_region_copy(region, text->at, text->len);
	return text->at == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err add(struct ts_rowset *set, struct ts_region *region, const struct cell *cell)
{
	struct cell *there = ts_rowset_find(set, cell), copy = *cell;
	if (there == NULL) {
		TS_TRY(copy_text(region, &copy.sku));
		TS_TRY(copy_text(region, &copy.class));
		TS_TRY(copy_text(region, &copy.account));
		return ts_rowset_add(set, &copy, NULL);
	}
	there->records += cell->records;
	TS_TRY(ts_add128(there->quantity, cell->quantity, &there->quantity));
	ts_digest_add(&there->digest, &cell->digest);
	return TS_OK;
}

enum ts_err ts_auditor_cells_add(struct ts_auditor_walk *w, int64_t stream_id, int16_t side,
	const struct ts_cell *cells, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct cell cell = {.stream_id = stream_id,
			.quarter = cells[i].quarter,
			.sku = cells[i].sku,
			.class = cells[i].class,
			.account = cells[i].account,
			.side = side,
			.records = cells[i].count,
			.quantity = cells[i].quantity,
			.digest = cells[i].digest};
		TS_TRY(add(&w->cells, w->a->region, &cell));
	}
	return TS_OK;
}

/* --- a day's state --- */

static enum ts_err take_line(struct ts_str line, struct cell *out)
{
	uint8_t digest[32];
	struct ts_str quarter = ts_str_cut(&line, '\t');
	ts_i128 number = 0;
	TS_TRY(ts_text_u63(quarter, &out->quarter));
	out->sku = ts_str_cut(&line, '\t');
	out->class = ts_str_cut(&line, '\t');
	out->account = ts_str_cut(&line, '\t');
	out->side = (int16_t)(ts_str_is(ts_str_cut(&line, '\t'), "0") ? 0 : 1);
	TS_TRY(ts_i128_parse(ts_str_cut(&line, '\t'), &number));
	out->records = (int64_t)number;
	TS_TRY(ts_i128_parse(ts_str_cut(&line, '\t'), &out->quantity));
	TS_TRY(ts_text_unhex(line, digest, sizeof digest));
	ts_digest_from_bytes(digest, &out->digest);
	return TS_OK;
}

static void put_line(const struct cell *c, struct ts_buf *out)
{
	char quantity[TS_I128_CHARS], hex[65];
	uint8_t digest[32];
	ts_digest_bytes(&c->digest, digest);
	ts_text_hex(digest, sizeof digest, hex);
	ts_buf_printf(out, "%lld\t%.*s\t%.*s\t%.*s\t%d\t%lld\t%s\t%s\n", (long long)c->quarter,
		(int)c->sku.len, c->sku.at, (int)c->class.len, c->class.at, (int)c->account.len,
		c->account.at, (int)c->side, (long long)c->records,
		ts_i128_format(c->quantity, quantity), hex);
}

static enum ts_err take_state(
	struct ts_str state, int64_t stream_id, struct ts_region *region, struct ts_rowset *out)
{
	struct ts_str line;
	while (ts_str_line(&state, &line)) {
		struct cell cell = {.stream_id = stream_id};
		TS_TRY(take_line(line, &cell));
		TS_TRY(add(out, region, &cell));
	}
	return TS_OK;
}

/* Cells [0, n) are of one stream and day. */
static enum ts_err keep_day(
	struct ts_auditor *a, const struct cell *cells, size_t n, struct ts_why *why)
{
	const struct ts_db_audit_task task = {"cells", cells[0].stream_id, day_of(&cells[0])};
	struct ts_rowset all;
	struct ts_str state;
	struct ts_buf text;
	int64_t at = 0;
	ts_region_reset(a->scratch);
	ts_rowset_init(&all, a->scratch, sizeof(struct cell), cell_hash, cell_same);
	TS_TRY(ts_db_audit_get(
		a->db, a->contract.contract_id, &task, a->scratch, &at, &state, why));
	TS_TRY(take_state(state, cells[0].stream_id, a->scratch, &all));
	for (size_t i = 0; i < n; i++)
		TS_TRY(add(&all, a->scratch, &cells[i]));
	qsort(all.rows, all.n, sizeof(struct cell), cell_order);
	ts_buf_init(&text, STATE_BYTES_MAX);
	for (size_t i = 0; i < all.n; i++)
		put_line((const struct cell *)(const void *)all.rows + i, &text);
	enum ts_err err = text.err;
	if (err == TS_OK)
		err = ts_db_audit_put(a->db, a->contract.contract_id, &task, 1,
			(struct ts_str){ts_buf_str(&text), text.len}, why);
	ts_buf_free(&text);
	return err;
}

enum ts_err ts_auditor_cells_keep(struct ts_auditor_walk *w, struct ts_why *why)
{
	struct cell *cells = (void *)w->cells.rows;
	size_t n = w->cells.n;
	if (n == 0)
		return TS_OK;
	qsort(cells, n, sizeof *cells, cell_order);
	for (size_t first = 0, end = 0; first < n; first = end) {
		while (end < n && cells[end].stream_id == cells[first].stream_id &&
			day_of(&cells[end]) == day_of(&cells[first]))
			end++;
		TS_TRY(keep_day(w->a, &cells[first], end - first, why));
	}
	ts_auditor_cells_init(w);
	return TS_OK;
}

/* --- what counts in a range --- */

struct sum {
	int64_t quarter;
	struct ts_str sku, class, account, origin;
	ts_i128 quantity;
};

static uint64_t sum_hash(const void *row)
{
	const struct sum *s = row;
	uint64_t hash = text_hash(
		text_hash(ts_hash_mix(1, (uint64_t)s->quarter), s->sku), s->class);
	return text_hash(text_hash(hash, s->account), s->origin);
}

static bool sum_same(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	return x->quarter == y->quarter && ts_str_eq(x->sku, y->sku) &&
	       ts_str_eq(x->class, y->class) && ts_str_eq(x->account, y->account) &&
	       ts_str_eq(x->origin, y->origin);
}

struct counting {
	struct ts_auditor *a;
	struct ts_region *region;
	struct ts_terms_needs needs;
	struct ts_db_key *keys; /* by stream_id */
	size_t keys_n;
	int64_t from, to; /* quarters */
	struct ts_rowset sums;
};

static struct ts_str origin_of(const struct counting *c, int64_t stream_id)
{
	for (size_t i = 0; i < c->keys_n && c->needs.origin; i++)
		if (c->keys[i].stream_id == stream_id)
			return ts_str(c->keys[i].origin);
	return TS_STR("");
}

static enum ts_err sum_cell(struct counting *c, const struct cell *cell, struct ts_str origin)
{
	struct sum sum = {cell->quarter, cell->sku, cell->class,
		c->needs.account ? cell->account : TS_STR(""), origin, cell->quantity};
	struct sum *there = ts_rowset_find(&c->sums, &sum);
	if (there != NULL)
		return ts_add128(there->quantity, sum.quantity, &there->quantity);
	TS_TRY(copy_text(c->region, &sum.sku));
	TS_TRY(copy_text(c->region, &sum.class));
	TS_TRY(copy_text(c->region, &sum.account));
	return ts_rowset_add(&c->sums, &sum, NULL);
}

static enum ts_err sum_day(struct counting *c, const struct ts_db_audit_day *day)
{
	struct ts_str state = day->state, line, origin = origin_of(c, day->stream_id);
	while (ts_str_line(&state, &line)) {
		struct cell cell = {.stream_id = day->stream_id};
		TS_TRY(take_line(line, &cell));
		if (cell.side == TS_SIDE_PROVIDER && cell.quarter >= c->from &&
			cell.quarter < c->to)
			TS_TRY(sum_cell(c, &cell, origin));
	}
	return TS_OK;
}

static enum ts_err sum_days(struct counting *c, struct ts_why *why)
{
	struct ts_auditor *a = c->a;
	struct ts_db_audit_day last = {.stream_id = 0, .day = c->from / QUARTERS_A_DAY};
	size_t n = DAYS_PER_COMPARE;
	while (n == DAYS_PER_COMPARE) {
		struct ts_db_audit_day *days = NULL;
		ts_region_reset(a->scratch);
		TS_TRY(ts_db_audit_days(a->db, a->contract.contract_id, &last,
			(c->to - 1) / QUARTERS_A_DAY, DAYS_PER_COMPARE, a->scratch, &days, &n,
			why));
		for (size_t i = 0; i < n; i++)
			TS_TRY(sum_day(c, &days[i]));
		if (n > 0)
			last = days[n - 1];
	}
	return TS_OK;
}

/* What the settler reads from app.usage_cell; zeros are left out. */
enum ts_err ts_auditor_cells_counted(struct ts_auditor_walk *w, int64_t from_us, int64_t to_us,
	struct ts_region *region, struct ts_usage_cell **out, size_t *n, struct ts_why *why)
{
	struct counting c = {.a = w->a,
		.region = region,
		.needs = ts_ledger_needs(w->ledger),
		.from = from_us / TS_US_PER_QUARTER,
		.to = to_us == INT64_MAX ? INT64_MAX : to_us / TS_US_PER_QUARTER};
	TS_TRY(ts_auditor_cells_keep(w, why));
	ts_rowset_init(&c.sums, region, sizeof(struct sum), sum_hash, sum_same);
	if (c.needs.origin)
		TS_TRY(ts_db_key_list(
			w->a->db, w->a->contract.contract_id, region, &c.keys, &c.keys_n, why));
	if (c.from < c.to)
		TS_TRY(sum_days(&c, why));
	struct ts_usage_cell *list = ts_region_array(region, c.sums.n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	*n = 0;
	for (size_t i = 0; i < c.sums.n; i++) {
		const struct sum *s = ts_rowset_at(&c.sums, i);
		if (s->quantity != 0)
			list[(*n)++] = (struct ts_usage_cell){s->quarter * TS_US_PER_QUARTER,
				s->sku, s->class, s->quantity, s->account, s->origin};
	}
	*out = list;
	return TS_OK;
}

/* --- comparing --- */

static void expect(struct ts_sheet *sheet, const struct cell *c)
{
	char quantity[TS_I128_CHARS];
	ts_buf_printf(&sheet->key, "stream %lld quarter %lld %.*s %.*s %.*s",
		(long long)c->stream_id, (long long)c->quarter, (int)c->sku.len, c->sku.at,
		(int)c->class.len, c->class.at, (int)c->account.len, c->account.at);
	ts_sheet_int(sheet, c->side);
	ts_sheet_int(sheet, c->records);
	ts_sheet_text(sheet, ts_str(ts_i128_format(c->quantity, quantity)));
	ts_sheet_digest(sheet, &c->digest);
	ts_sheet_put(sheet);
}

static enum ts_err expect_day(struct ts_sheet *sheet, const struct ts_db_audit_day *day)
{
	struct ts_str state = day->state, line;
	while (ts_str_line(&state, &line)) {
		struct cell cell = {.stream_id = day->stream_id};
		TS_TRY(take_line(line, &cell));
		expect(sheet, &cell);
	}
	return sheet->err;
}

/* One day of some streams. */
static enum ts_err compare_day(struct ts_auditor *a, struct ts_sheet *sheet,
	const struct ts_db_audit_day *days, size_t n, struct ts_why *why)
{
	struct ts_array ids;
	struct ts_args args;
	ts_array_init(&ids, TS_ARRAY_I64);
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < n && err == TS_OK; i++) {
		ts_array_i64(&ids, days[i].stream_id);
		err = expect_day(sheet, &days[i]);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, a->contract.contract_id);
	ts_arg_i64(&args, days[0].day);
	if (err == TS_OK)
		err = ts_arg_array(&args, &ids);
	if (err == TS_OK)
		err = ts_sheet_compare(sheet, &args, &a->counts->cells, why);
	ts_array_free(&ids);
	for (size_t i = 0; i < n && err == TS_OK; i++)
		err = ts_db_audit_put(a->db, a->contract.contract_id,
			&(struct ts_db_audit_task){"cells", days[i].stream_id, days[i].day}, 0,
			days[i].state, why);
	return err;
}

enum ts_err ts_auditor_cells_compare(struct ts_auditor *a, bool *more, struct ts_why *why)
{
	struct ts_db_audit_day *days = NULL;
	struct ts_sheet sheet;
	size_t n = 0;
	ts_region_reset(a->scratch);
	TS_TRY(ts_db_audit_due(
		a->db, a->contract.contract_id, DAYS_PER_COMPARE, a->scratch, &days, &n, why));
	*more = n == DAYS_PER_COMPARE;
	enum ts_err err = ts_sheet_begin(
		&sheet, a, TS_AUDITOR_CELLS, "app.usage_cell", "audit_usage_cell");
	for (size_t first = 0, end = 0; first < n && err == TS_OK; first = end) {
		while (end < n && days[end].day == days[first].day)
			end++;
		err = compare_day(a, &sheet, &days[first], end - first, why);
	}
	ts_sheet_end(&sheet);
	return err;
}
