/* SPDX-License-Identifier: Apache-2.0 */
/* Hour by hour in order of time. Rows that do not cancel join the group of their (SKU, workload,
 * resource) that they overlap; a group ends where nothing can join it any more. Held are the rows
 * of one hour and the groups that are open. */
#include "audit/recon/state.h"
#include <stdlib.h>
#include <string.h>

#define ACTORS_BYTES ((size_t)1 << 30)

struct actor {
	struct ts_str sku, workload, resource;
	int64_t matched_end_ms[2]; /* of rows that agreed */
	bool active;
	struct ts_recon_group group;
};

static uint64_t text_hash(uint64_t hash, struct ts_str text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(1099511628211);
	return ts_hash_mix(hash, text.len);
}

static uint64_t actor_hash(const void *row)
{
	const struct actor *a = row;
	return text_hash(text_hash(text_hash(0, a->sku), a->workload), a->resource);
}

static bool actor_same(const void *a, const void *b)
{
	const struct actor *x = a, *y = b;
	return ts_str_eq(x->sku, y->sku) && ts_str_eq(x->workload, y->workload) &&
	       ts_str_eq(x->resource, y->resource);
}

struct hour {
	struct ts_recon_state *s;
	int64_t hour;
	enum ts_recon_side side; /* whose lines come */
	struct ts_recon_held *rows;
	size_t n, cap;
	struct ts_region *region[2]; /* of the actors: now, and those that are carried on */
	struct ts_rowset actors;
	struct ts_recon_group *done;
	size_t done_n, done_cap;
	struct ts_recon_row *spare;
};

/* The same slice of the copy. */
static void rebase(struct ts_str *slice, const char *from, const char *to)
{
	slice->at = to + (slice->at - from);
}

static enum ts_err keep_row(struct hour *h, const struct ts_recon_line *line, struct ts_why *why)
{
	const struct ts_recon_sided *side = &h->s->options->side[h->side];
	TS_ASSERT(line->sheet < side->sheets_n);
	if (h->s->rows_n == h->s->options->rows_max)
		return ts_why(why, TS_E_LIMIT, "records",
			"more than %zu records differ or lie in one hour: are these the records of "
			"the same jobs?",
			h->s->options->rows_max);
	struct ts_recon_row *row = malloc(sizeof *row + line->text.len);
	if (row == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "records", "no memory for a record");
	char *text = (char *)(row + 1);
	memcpy(text, line->text.at, line->text.len);
	*row = (struct ts_recon_row){.side = h->side,
		.failed = side->sheets[line->sheet].failed,
		.usage = line->usage,
		.cluster = side->sheets[line->sheet].cluster,
		.input = line->input,
		.number = line->number,
		.line = {text, line->text.len}};
	struct ts_str *slices[] = {&row->usage.sku, &row->usage.class, &row->usage.workload,
		&row->usage.resource, &row->usage.account};
	for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++)
		rebase(slices[i], line->text.at, text);
	h->rows[h->n++] = (struct ts_recon_held){.row = row};
	h->s->rows_n++;
	return TS_OK;
}

static enum ts_err put_line(void *ctx, const struct ts_recon_line *line, struct ts_why *why)
{
	struct hour *h = ctx;
	if (!ts_recon_is_open(h->s, h->hour, line->usage.sku))
		return TS_OK;
	if (h->n == h->cap) {
		size_t cap = h->cap == 0 ? 1024 : 2 * h->cap;
		struct ts_recon_held *rows = realloc(h->rows, cap * sizeof *rows);
		if (rows == NULL)
			return ts_why(why, TS_E_NO_MEMORY, "records", "no memory for an hour");
		h->rows = rows;
		h->cap = cap;
	}
	h->s->report->work.read[h->side]++;
	return keep_row(h, line, why);
}

static enum ts_err push_done(struct hour *h, const struct ts_recon_group *group)
{
	if (h->done_n == h->done_cap) {
		size_t cap = h->done_cap == 0 ? 256 : 2 * h->done_cap;
		struct ts_recon_group *done = realloc(h->done, cap * sizeof *done);
		if (done == NULL)
			return TS_E_NO_MEMORY;
		h->done = done;
		h->done_cap = cap;
	}
	h->done[h->done_n++] = *group;
	return TS_OK;
}

void ts_recon_group_add(struct ts_recon_group *g, struct ts_recon_row *row)
{
	int side = (int)row->side;
	bool first = g->rows_n[0] + g->rows_n[1] == 0;
	row->next = NULL;
	if (g->last[side] != NULL)
		g->last[side]->next = row;
	else
		g->rows[side] = row;
	g->last[side] = row;
	if (g->rows_n[side] > 0 && row->usage.start_ms < g->side_end_ms[side])
		g->overlap = true;
	g->rows_n[side]++;
	if (first || row->usage.start_ms < g->start_ms)
		g->start_ms = row->usage.start_ms;
	if (first || row->usage.end_ms > g->end_ms)
		g->end_ms = row->usage.end_ms;
	if (g->rows_n[side] == 1 || row->usage.end_ms > g->side_end_ms[side])
		g->side_end_ms[side] = row->usage.end_ms;
}

static enum ts_err actor_of(struct hour *h, struct ts_rowset *set, struct ts_region *region,
	struct actor key, struct actor **out)
{
	void *found = ts_rowset_find(set, &key);
	(void)h;
	if (found == NULL) {
		struct ts_str *texts[] = {&key.sku, &key.workload, &key.resource};
		for (size_t i = 0; i < 3; i++) {
			texts[i]->at = ts_region_copy(region, texts[i]->at, texts[i]->len);
			if (texts[i]->at == NULL)
				return TS_E_LIMIT;
		}
		TS_TRY(ts_rowset_add(set, &key, &found));
	}
	*out = found;
	return TS_OK;
}

/* A row with its pair or as a copy: a group of its own. */
static enum ts_err alone(struct hour *h, struct ts_recon_held *held)
{
	struct ts_recon_group group = {.duplicate = held->extra};
	ts_recon_group_add(&group, held->row);
	held->row = NULL;
	if (held->pair) {
		ts_recon_group_add(&group, held->other->row);
		held->other->row = NULL;
	}
	return push_done(h, &group);
}

static enum ts_err join(struct hour *h, struct ts_recon_held *held)
{
	struct ts_recon_row *row = held->row;
	const struct ts_usage *u = &row->usage;
	struct actor *a = NULL;
	int side = (int)row->side;
	if (held->extra || held->pair)
		return alone(h, held);
	const struct actor key = {.sku = u->sku, .workload = u->workload, .resource = u->resource};
	TS_TRY(actor_of(h, &h->actors, h->region[0], key, &a));
	if (a->active && u->start_ms >= a->group.end_ms) {
		TS_TRY(push_done(h, &a->group));
		a->active = false;
	}
	if (held->matched) {
		if (a->active && a->group.rows_n[side] > 0 &&
			u->start_ms < a->group.side_end_ms[side])
			a->group.overlap = true;
		if (u->end_ms > a->matched_end_ms[side])
			a->matched_end_ms[side] = u->end_ms;
		return TS_OK;
	}
	if (!a->active)
		a->group = (struct ts_recon_group){0};
	a->active = true;
	if (!row->failed && u->start_ms < a->matched_end_ms[side])
		a->group.overlap = true;
	ts_recon_group_add(&a->group, row);
	held->row = NULL;
	return TS_OK;
}

static int by_start(const void *a, const void *b)
{
	const struct ts_recon_group *x = a, *y = b;
	const struct ts_recon_row *p = x->rows[0] != NULL ? x->rows[0] : x->rows[1];
	const struct ts_recon_row *q = y->rows[0] != NULL ? y->rows[0] : y->rows[1];
	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	int c = ts_str_cmp(p->usage.sku, q->usage.sku);
	if (c == 0)
		c = ts_str_cmp(p->usage.resource, q->usage.resource);
	if (c == 0)
		c = ts_str_cmp(p->usage.workload, q->usage.workload);
	if (c == 0 && x->end_ms != y->end_ms)
		c = x->end_ms < y->end_ms ? -1 : 1;
	if (c == 0)
		c = (int)x->duplicate - (int)y->duplicate;
	if (c == 0)
		c = (int)p->side - (int)q->side;
	if (c == 0)
		c = ts_str_cmp(p->line, q->line);
	if (c == 0 && p->number != q->number)
		c = p->number < q->number ? -1 : 1;
	return c;
}

/* Ends what nothing that starts at next_ms or later can touch, and forgets its actors. */
static enum ts_err close_groups(struct hour *h, int64_t next_ms, struct ts_why *why)
{
	struct ts_rowset carried;
	struct actor *kept = NULL;
	ts_region_reset(h->region[1]);
	ts_rowset_init(&carried, h->region[1], sizeof(struct actor), actor_hash, actor_same);
	for (size_t i = 0; i < h->actors.n; i++) {
		struct actor *a = ts_rowset_at(&h->actors, i);
		if (a->active && a->group.end_ms <= next_ms) {
			TS_TRY(push_done(h, &a->group));
			a->active = false;
		}
		if (a->active || a->matched_end_ms[0] > next_ms || a->matched_end_ms[1] > next_ms)
			TS_TRY(actor_of(h, &carried, h->region[1], *a, &kept));
	}
	struct ts_region *emptied = h->region[0];
	h->region[0] = h->region[1];
	h->region[1] = emptied;
	h->actors = carried;
	if (h->done_n > 1)
		qsort(h->done, h->done_n, sizeof *h->done, by_start);
	for (size_t i = 0; i < h->done_n; i++) {
		struct ts_recon_group group = h->done[i];
		h->done[i] = (struct ts_recon_group){0}; /* judge takes the rows */
		TS_TRY(ts_recon_judge(h->s, &group, why));
	}
	h->done_n = 0;
	return TS_OK;
}

static void drop_rows(struct hour *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->rows[i].row != NULL) {
			free(h->rows[i].row);
			h->s->rows_n--;
		}
	h->n = 0;
}

static enum ts_err read_hour(struct hour *h, struct ts_why *why)
{
	struct ts_recon_state *s = h->s;
	const struct ts_recon_sink sink = {h, put_line};
	int64_t from_ms = h->hour * TS_RECON_MS_PER_HOUR;
	enum ts_err err = TS_OK;
	for (int side = 0; side < 2; side++) {
		h->side = (enum ts_recon_side)side;
		TS_TRY(s->options->lines(s->options->ctx, h->side, from_ms,
			from_ms + TS_RECON_MS_PER_HOUR, &sink, why));
	}
	if (h->n == 0)
		return TS_OK;
	ts_recon_cancel(s, h->rows, h->n);
	for (size_t i = 0; i < h->n && err == TS_OK; i++) {
		if (h->rows[i].row == NULL)
			continue;
		s->report->work.agreed += h->rows[i].matched &&
					  h->rows[i].row->side == TS_RECON_PROVIDER;
		err = join(h, &h->rows[i]);
	}
	drop_rows(h);
	return err == TS_OK ? TS_OK
			    : ts_why(why, err, "records", "no memory for what differs in one hour");
}

static enum ts_err walk(struct hour *h, struct ts_why *why)
{
	const struct ts_recon_state *s = h->s;
	for (size_t i = 0; i < s->hours_n;) {
		size_t next = i;
		bool open = false;
		for (; next < s->hours_n && s->hours[next].hour == s->hours[i].hour; next++)
			open = open || s->hours[next].open;
		h->hour = s->hours[i].hour;
		if (open)
			TS_TRY(read_hour(h, why));
		i = next;
		while (next < s->hours_n && !s->hours[next].open)
			next++;
		if (open)
			TS_TRY(close_groups(h,
				next < s->hours_n ? s->hours[next].hour * TS_RECON_MS_PER_HOUR
						  : INT64_MAX,
				why));
	}
	return TS_OK;
}

static void free_rows(struct ts_recon_group *group)
{
	for (int side = 0; side < 2; side++)
		for (struct ts_recon_row *r = group->rows[side], *next; r != NULL; r = next) {
			next = r->next;
			free(r);
		}
}

enum ts_err ts_recon_hours(struct ts_recon_state *s, struct ts_why *why)
{
	struct hour h = {
		.s = s, .region = {ts_region_create(ACTORS_BYTES), ts_region_create(ACTORS_BYTES)}};
	enum ts_err err = TS_E_NO_MEMORY;
	if (h.region[0] != NULL && h.region[1] != NULL) {
		ts_rowset_init(
			&h.actors, h.region[0], sizeof(struct actor), actor_hash, actor_same);
		err = walk(&h, why);
		drop_rows(&h);
		for (size_t i = 0; i < h.actors.n; i++) {
			struct actor *a = ts_rowset_at(&h.actors, i);
			if (a->active)
				free_rows(&a->group);
		}
	}
	for (size_t i = 0; i < h.done_n; i++)
		free_rows(&h.done[i]);
	free(h.done);
	free(h.rows);
	ts_region_free(h.region[0]);
	ts_region_free(h.region[1]);
	if (err != TS_OK && why->text[0] == '\0')
		return ts_why(why, err, "records", "no memory for what differs");
	return err;
}
