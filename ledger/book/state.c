/* SPDX-License-Identifier: Apache-2.0 */
#include "book/state.h"
#include "book/ledger_text.h"
#include "evidence/log.h"
#include "evidence/record.h"
#include <stdlib.h>
#include <string.h>

static const char STATE_V1[] = "tallystick/state/v1";
#define LEAF_CHARS (TS_BASE64_LEN(TS_LEAF_BYTES_MAX) + 1)

static void put_str(struct ts_buf *out, struct ts_str text)
{
	ts_buf_putc(out, '\t');
	ts_buf_put(out, text.at, text.len);
}

static void put_int(struct ts_buf *out, int64_t v)
{
	ts_buf_printf(out, "\t%lld", (long long)v);
}

/* Size, then the hashes of the compact range, largest subtree first. */
static void put_range(struct ts_buf *out, const struct ts_range *range)
{
	char text[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	int n = ts_range_count(range);
	put_int(out, range->size);
	ts_buf_putc(out, '\t');
	for (int i = 0; i < n; i++) {
		ts_text_base64(range->hashes[i].b, TS_HASH_BYTES, text);
		ts_buf_printf(out, "%s%s", i > 0 ? "," : "", text);
	}
	ts_buf_puts(out, n == 0 ? "-" : "");
}

static void put_stream(struct ts_buf *out, const struct ts_state_stream *stream)
{
	ts_buf_puts(out, "stream");
	put_str(out, stream->origin);
	put_range(out, &stream->range);
	if (stream->revoked_ms == TS_COMPLETENESS_NEVER)
		ts_buf_puts(out, "\t-");
	else
		put_int(out, stream->revoked_ms);
	ts_buf_putc(out, '\n');
	for (size_t i = 0; i < stream->windows_n; i++) {
		const struct ts_window *w = &stream->windows[i];
		ts_buf_puts(out, "window");
		put_int(out, w->start_ms);
		put_str(out, w->sku);
		put_int(out, w->first);
		put_int(out, w->count);
		put_int(out, w->quantity_sum);
		ts_buf_puts(out, w->closed_to < 0 ? "\t-" : "");
		if (w->closed_to >= 0)
			put_int(out, w->closed_to);
		ts_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < stream->closed_n; i++) {
		ts_buf_puts(out, "closed");
		put_int(out, stream->closed[i].from);
		put_int(out, stream->closed[i].to);
		ts_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < stream->marks_n; i++) {
		const struct ts_state_mark *m = &stream->marks[i];
		ts_buf_puts(out, "mark");
		put_int(out, m->from);
		put_int(out, m->to);
		put_str(out, m->kind);
		put_int(out, m->leaf);
		if (m->by_origin.at != NULL) {
			put_str(out, m->by_origin);
			put_int(out, m->by_index);
		} else {
			ts_buf_puts(out, "\t-\t-");
		}
		ts_buf_putc(out, '\n');
	}
}

static void put_completeness(struct ts_buf *out, const struct ts_state *state)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_buf_puts(out, "\ncompleteness");
	put_int(out, state->windows.expected);
	put_int(out, state->windows.closed);
	put_int(out, state->windows.late);
	put_int(out, state->windows.missing);
	ts_text_hex(state->list.b, TS_HASH_BYTES, hex);
	ts_buf_printf(out, "\t%s\n", hex);
}

static int cell_cmp(const void *a, const void *b)
{
	const struct ts_usage_cell *x = a, *y = b;
	if (x->quarter_us != y->quarter_us)
		return x->quarter_us < y->quarter_us ? -1 : 1;
	int cmp = ts_str_cmp(x->sku, y->sku);
	cmp = cmp != 0 ? cmp : ts_str_cmp(x->pricing_class, y->pricing_class);
	cmp = cmp != 0 ? cmp : ts_str_cmp(x->account, y->account);
	return cmp != 0 ? cmp : ts_str_cmp(x->origin, y->origin);
}

static enum ts_err put_cells(
	const struct ts_state *state, struct ts_region *scratch, struct ts_buf *out)
{
	char quantity[TS_I128_CHARS];
	struct ts_usage_cell *list = ts_region_array(scratch, state->cells_n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	if (state->cells_n > 0)
		memcpy(list, state->cells, state->cells_n * sizeof *list);
	qsort(list, state->cells_n, sizeof *list, cell_cmp);
	for (size_t i = 0; i < state->cells_n; i++) {
		TS_ASSERT(
			list[i].quantity != 0 && (i == 0 || cell_cmp(&list[i - 1], &list[i]) < 0));
		ts_buf_puts(out, "cell");
		put_int(out, list[i].quarter_us / TS_US_PER_MS);
		put_str(out, list[i].sku);
		put_str(out, list[i].pricing_class);
		put_str(out, list[i].account);
		put_str(out, list[i].origin);
		ts_buf_printf(out, "\t%s\n", ts_i128_format(list[i].quantity, quantity));
	}
	return out->err;
}

static enum ts_err put_leaves(
	const struct ts_state *state, struct ts_region *scratch, struct ts_buf *out)
{
	char *text = ts_region_alloc(scratch, LEAF_CHARS);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < state->leaves_n; i++) {
		const struct ts_state_leaf *leaf = &state->leaves[i];
		if (leaf->bytes.len > TS_LEAF_BYTES_MAX)
			return TS_E_LIMIT;
		ts_text_base64((const uint8_t *)leaf->bytes.at, leaf->bytes.len, text);
		ts_buf_puts(out, "leaf");
		put_int(out, leaf->index);
		ts_buf_printf(out, "\t%s\n", text);
	}
	return out->err;
}

enum ts_err ts_state_text(const struct ts_state *state, const struct ts_ledger *ledger,
	struct ts_region *scratch, struct ts_buf *out, struct ts_why *why)
{
	ts_buf_printf(out, "%s\ncontract", STATE_V1);
	put_str(out, state->contract);
	ts_buf_puts(out, "\nperiod");
	put_int(out, state->period);
	ts_buf_puts(out, "\ncut");
	put_int(out, state->cut);
	ts_buf_puts(out, "\ninputs");
	put_range(out, &state->inputs);
	ts_buf_puts(out, "\njournal");
	put_range(out, &state->journal);
	put_completeness(out, state);
	TS_TRY(put_leaves(state, scratch, out));
	for (size_t i = 0; i < state->streams_n; i++)
		put_stream(out, &state->streams[i]);
	TS_TRY(put_cells(state, scratch, out));
	ts_buf_puts(out, "ledger\n");
	return ts_ledger_text(ledger, scratch, out, why);
}

/* A reader of one line at a time, TAB by TAB; the first failure sticks. */
struct reader {
	struct ts_str rest; /* lines not yet read */
	struct ts_str line; /* the current one; at NULL: none */
	struct ts_str fields; /* of it, not yet read */
	struct ts_region *region;
	enum ts_err err;
	struct ts_why *why;
};

static void fail(struct reader *r, const char *rule)
{
	if (r->err == TS_OK)
		r->err = ts_why(r->why, TS_E_MALFORMED, "state", "line \"%.*s\": %s",
			(int)(r->line.len < 60 ? r->line.len : 60),
			r->line.at != NULL ? r->line.at : "", rule);
}

static void next(struct reader *r)
{
	if (!ts_str_line(&r->rest, &r->line))
		r->line = (struct ts_str){NULL, 0};
}

/* The current line's kind is `name`: enters it. */
static bool enters(struct reader *r, const char *name)
{
	r->fields = r->line;
	return r->err == TS_OK && r->line.at != NULL &&
	       ts_str_is(ts_str_cut(&r->fields, '\t'), name);
}

static struct ts_str field(struct reader *r)
{
	if (r->fields.at == NULL)
		fail(r, "a field is missing");
	return r->err == TS_OK ? ts_str_cut(&r->fields, '\t') : (struct ts_str){NULL, 0};
}

static struct ts_str word(struct reader *r)
{
	struct ts_str text = field(r);
	if (r->err == TS_OK && text.len == 0)
		fail(r, "a field is empty");
	return text;
}

static int64_t number(struct reader *r)
{
	int64_t v = 0;
	struct ts_str text = word(r);
	if (r->err == TS_OK && ts_text_u63(text, &v) != TS_OK)
		fail(r, "not a whole number without leading zeros");
	return v;
}

/* A number, or a dash for `none`. */
static int64_t optional(struct reader *r, int64_t none)
{
	struct ts_str ahead = r->fields;
	if (ahead.at != NULL && ts_str_is(ts_str_cut(&ahead, '\t'), "-")) {
		(void)word(r);
		return none;
	}
	int64_t v = number(r);
	if (v == none)
		fail(r, "it is spelled as a dash");
	return v;
}

/* The line is used up; goes to the next. */
static void leave(struct reader *r)
{
	if (r->fields.at != NULL)
		fail(r, "more fields than the line has");
	next(r);
}

static struct ts_range range(struct reader *r)
{
	struct ts_range out;
	ts_range_init(&out);
	out.size = number(r);
	struct ts_str hashes = word(r);
	int n = ts_range_count(&out);
	if (r->err == TS_OK && n == 0) {
		if (!ts_str_is(hashes, "-"))
			fail(r, "an empty tree has no hashes");
		return out;
	}
	for (int i = 0; i < n && r->err == TS_OK; i++) {
		size_t len = 0;
		struct ts_str text = ts_str_cut(&hashes, ',');
		if (ts_text_unbase64(text, out.hashes[i].b, TS_HASH_BYTES, &len) != TS_OK ||
			len != TS_HASH_BYTES)
			fail(r, "not the canonical base64 of a hash");
		if ((hashes.at == NULL) != (i + 1 == n))
			fail(r, "the range has another number of hashes than its size says");
	}
	return out;
}

static struct ts_range range_line(struct reader *r, const char *name)
{
	struct ts_range out;
	ts_range_init(&out);
	if (!enters(r, name)) {
		fail(r, "another line belongs here");
		return out;
	}
	out = range(r);
	leave(r);
	return out;
}

static int64_t number_line(struct reader *r, const char *name)
{
	int64_t v = 0;
	if (!enters(r, name)) {
		fail(r, "another line belongs here");
		return v;
	}
	v = number(r);
	leave(r);
	return v;
}

static void read_completeness(struct reader *r, struct ts_state *s)
{
	struct ts_completeness *c = &s->windows;
	if (!enters(r, "completeness")) {
		fail(r, "another line belongs here");
		return;
	}
	c->expected = number(r);
	c->closed = number(r);
	c->late = number(r);
	c->missing = number(r);
	struct ts_str list = word(r);
	if (r->err == TS_OK &&
		(ts_text_unhex(list, s->list.b, TS_HASH_BYTES) != TS_OK ||
			c->closed > c->expected || c->late > c->expected - c->closed ||
			c->missing != c->expected - c->closed - c->late))
		fail(r, "not counts that add up and the hash of a list");
	leave(r);
}

/* How many lines of this kind stand here. */
static size_t count(const struct reader *r, const char *name)
{
	struct reader ahead = *r;
	size_t n = 0;
	for (; enters(&ahead, name); next(&ahead))
		n++;
	return n;
}

static void *array(struct reader *r, size_t n, size_t bytes)
{
	void *list = ts_region_array(r->region, n + 1, bytes);
	if (list == NULL && r->err == TS_OK)
		r->err = ts_why(r->why, TS_E_LIMIT, "state", "it needs more memory than allowed");
	return list;
}

static struct ts_str base64(struct reader *r)
{
	struct ts_str text = word(r);
	size_t len = 0, max = text.len / 4 * 3;
	if (r->err == TS_OK && max > TS_LEAF_BYTES_MAX + 2)
		fail(r, "a leaf is too long");
	uint8_t *bytes = r->err == TS_OK ? array(r, max, 1) : NULL;
	if (bytes != NULL && ts_text_unbase64(text, bytes, max, &len) != TS_OK)
		fail(r, "not canonical base64");
	return (struct ts_str){(const char *)bytes, len};
}

static void read_leaves(struct reader *r, struct ts_state *s)
{
	s->leaves_n = count(r, "leaf");
	struct ts_state_leaf *list = array(r, s->leaves_n, sizeof *list);
	for (size_t i = 0; i < s->leaves_n && r->err == TS_OK; i++) {
		(void)enters(r, "leaf");
		list[i].index = number(r);
		list[i].bytes = base64(r);
		if (list[i].index >= s->inputs.size ||
			(i > 0 && list[i].index <= list[i - 1].index))
			fail(r, "indexes do not rise, or reach N");
		leave(r);
	}
	s->leaves = list;
}

static bool window_before(const struct ts_window *a, const struct ts_window *b)
{
	return a->start_ms != b->start_ms ? a->start_ms < b->start_ms
					  : ts_str_cmp(a->sku, b->sku) < 0;
}

static void read_windows(struct reader *r, struct ts_state_stream *s)
{
	s->windows_n = count(r, "window");
	struct ts_window *list = array(r, s->windows_n, sizeof *list);
	for (size_t i = 0; i < s->windows_n && r->err == TS_OK; i++) {
		(void)enters(r, "window");
		list[i].start_ms = number(r);
		list[i].sku = word(r);
		list[i].first = number(r);
		list[i].count = number(r);
		list[i].quantity_sum = number(r);
		list[i].closed_to = optional(r, -1);
		if (i > 0 && !window_before(&list[i - 1], &list[i]))
			fail(r, "windows are not in order, or one stands twice");
		leave(r);
	}
	s->windows = list;
}

static void read_closed(struct reader *r, struct ts_state_stream *s)
{
	s->closed_n = count(r, "closed");
	struct ts_span *list = array(r, s->closed_n, sizeof *list);
	for (size_t i = 0; i < s->closed_n && r->err == TS_OK; i++) {
		(void)enters(r, "closed");
		list[i].from = number(r);
		list[i].to = number(r);
		if (list[i].from >= list[i].to || (i > 0 && list[i].from <= list[i - 1].to))
			fail(r, "spans are empty, not in order, or not apart");
		leave(r);
	}
	s->closed = list;
}

static bool mark_before(const struct ts_state_mark *a, const struct ts_state_mark *b)
{
	int kind = ts_str_cmp(a->kind, b->kind);
	if (a->from != b->from)
		return a->from < b->from;
	return kind != 0 ? kind < 0 : a->leaf < b->leaf;
}

/* Origin and index of an r1, or twice a dash. */
static void read_by(struct reader *r, struct ts_state_mark *mark)
{
	struct ts_str origin = word(r);
	if (!ts_str_is(origin, "-")) {
		mark->by_origin = origin;
		mark->by_index = number(r);
	} else if (!ts_str_is(word(r), "-")) {
		fail(r, "an index without its origin");
	}
}

static void read_marks(struct reader *r, const struct ts_state *state, struct ts_state_stream *s)
{
	s->marks_n = count(r, "mark");
	struct ts_state_mark *list = array(r, s->marks_n, sizeof *list);
	for (size_t i = 0; i < s->marks_n && r->err == TS_OK; i++) {
		(void)enters(r, "mark");
		list[i].from = number(r);
		list[i].to = number(r);
		list[i].kind = word(r);
		list[i].leaf = number(r);
		read_by(r, &list[i]);
		if (list[i].from >= list[i].to || list[i].to > s->range.size ||
			list[i].leaf >= state->inputs.size)
			fail(r, "it lies outside its stream or log");
		if (i > 0 && !mark_before(&list[i - 1], &list[i]))
			fail(r, "marks are not in order, or one stands twice");
		leave(r);
	}
	s->marks = list;
}

/* A text of a record line, or none. */
static struct ts_str plain(struct reader *r)
{
	struct ts_str text = field(r);
	bool good = text.len <= TS_RECORD_BYTES_MAX;
	for (size_t i = 0; good && i < text.len; i++)
		good = text.at[i] > ' ' && text.at[i] <= '~';
	if (r->err == TS_OK && !good)
		fail(r, "not a text of a record line");
	return text;
}

static void read_cells(struct reader *r, struct ts_state *s)
{
	s->cells_n = count(r, "cell");
	struct ts_usage_cell *list = array(r, s->cells_n, sizeof *list);
	for (size_t i = 0; i < s->cells_n && r->err == TS_OK; i++) {
		(void)enters(r, "cell");
		int64_t start_ms = number(r);
		list[i].sku = plain(r);
		list[i].pricing_class = plain(r);
		list[i].account = plain(r);
		list[i].origin = plain(r);
		struct ts_str quantity = word(r);
		if (r->err == TS_OK && (start_ms % (TS_US_PER_QUARTER / TS_US_PER_MS) != 0 ||
					       start_ms > TS_TIME_MAX / TS_US_PER_MS))
			fail(r, "it does not start with a quarter-hour");
		list[i].quarter_us = r->err == TS_OK ? start_ms * TS_US_PER_MS : 0;
		if (r->err == TS_OK && (ts_i128_parse(quantity, &list[i].quantity) != TS_OK ||
					       list[i].quantity == 0))
			fail(r, "not a quantity, or none");
		if (r->err == TS_OK && i > 0 && cell_cmp(&list[i - 1], &list[i]) >= 0)
			fail(r, "cells are not in order, or one stands twice");
		leave(r);
	}
	s->cells = list;
}

static void read_streams(struct reader *r, struct ts_state *s)
{
	struct reader ahead = *r;
	for (; ahead.line.at != NULL && !ts_str_is(ahead.line, "ledger"); next(&ahead))
		s->streams_n += enters(&ahead, "stream");
	struct ts_state_stream *list = array(r, s->streams_n, sizeof *list);
	for (size_t i = 0; i < s->streams_n && r->err == TS_OK; i++) {
		if (!enters(r, "stream")) {
			fail(r, "another line belongs here");
			break;
		}
		list[i].origin = word(r);
		list[i].range = range(r);
		list[i].revoked_ms = optional(r, TS_COMPLETENESS_NEVER);
		if (i > 0 && ts_str_cmp(list[i - 1].origin, list[i].origin) >= 0)
			fail(r, "streams are not in the order of their origins");
		leave(r);
		read_windows(r, &list[i]);
		read_closed(r, &list[i]);
		read_marks(r, s, &list[i]);
	}
	s->streams = list;
}

enum ts_err ts_state_parse(struct ts_str text, struct ts_region *region, struct ts_state *out,
	struct ts_str *ledger, struct ts_why *why)
{
	struct reader r = {.rest = text, .region = region, .err = TS_OK, .why = why};
	struct ts_state s;
	memset(&s, 0, sizeof s);
	next(&r);
	if (!ts_str_is(r.line, STATE_V1))
		fail(&r, "the first line names another format");
	next(&r);
	if (!enters(&r, "contract"))
		fail(&r, "another line belongs here");
	s.contract = word(&r);
	if (r.err == TS_OK && ts_contract_id_check(s.contract, NULL) != TS_OK)
		fail(&r, "a contract id has 32 lower-case hex digits");
	leave(&r);
	int64_t period = number_line(&r, "period");
	if (period > INT32_MAX)
		fail(&r, "the period is out of range");
	s.period = (int32_t)period;
	s.cut = number_line(&r, "cut");
	s.inputs = range_line(&r, "inputs");
	s.journal = range_line(&r, "journal");
	read_completeness(&r, &s);
	if (s.cut < s.inputs.size)
		fail(&r, "the cut lies below its own N");
	read_leaves(&r, &s);
	read_streams(&r, &s);
	read_cells(&r, &s);
	if (r.err == TS_OK && !ts_str_is(r.line, "ledger"))
		fail(&r, "another line belongs here");
	TS_TRY(r.err);
	*out = s;
	*ledger = r.rest;
	return TS_OK;
}
