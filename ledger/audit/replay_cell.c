/* SPDX-License-Identifier: Apache-2.0 */
/* Quarter-hour cells as they count. Two may ask for them: an amendment or notice that is not folded
 * yet, for those that it reaches back to; and the state at the next cut, for those behind its
 * period's end. No others are kept, so that memory doesn't grow with the log.
 *
 * Invariant: of what was folded, every cell that starts at cells_from_us or later is there. */
#include "audit/replay_state.h"
#include <string.h>

#define CELLS_BYTES_MAX ((size_t)2 << 30)

struct cell_row {
	int64_t quarter_us;
	const char *sku, *pricing_class;
	const char *account, *origin; /* "" unless the terms need them */
	ts_i128 quantity;
};

static uint64_t cell_hash(const void *row)
{
	const struct cell_row *c = row;
	uint64_t h = ts_hash_text(ts_hash_mix(1, (uint64_t)c->quarter_us), c->sku);
	h = ts_hash_text(ts_hash_mix(h, 0), c->pricing_class);
	return ts_hash_text(ts_hash_text(h, c->account), c->origin);
}

static bool cell_same(const void *a, const void *b)
{
	const struct cell_row *x = a, *y = b;
	return x->quarter_us == y->quarter_us && strcmp(x->sku, y->sku) == 0 &&
	       strcmp(x->pricing_class, y->pricing_class) == 0 &&
	       strcmp(x->account, y->account) == 0 && strcmp(x->origin, y->origin) == 0;
}

static enum ts_err begin(struct ts_replay *r)
{
	r->cells_region = ts_region_create(CELLS_BYTES_MAX);
	if (r->cells_region == NULL)
		return TS_E_NO_MEMORY;
	ts_rowset_init(&r->cells, r->cells_region, sizeof(struct cell_row), cell_hash, cell_same);
	return TS_OK;
}

enum ts_err ts_audit_cells_begin(struct ts_replay *r)
{
	r->cells_from_us = INT64_MIN;
	return begin(r);
}

/* One text with a NUL behind it. */
static const char *ended(struct ts_str text, char out[TS_RECORD_BYTES_MAX + 1])
{
	TS_ASSERT(text.len <= TS_RECORD_BYTES_MAX);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
	return out;
}

enum ts_err ts_audit_keep_cells(struct ts_replay *r, const struct ts_usage_cell *cells, size_t n)
{
	char texts[4][TS_RECORD_BYTES_MAX + 1];
	struct ts_terms_needs needs = ts_ledger_needs(r->ledger);
	for (size_t i = 0; i < n; i++) {
		if (cells[i].quarter_us < r->cells_from_us)
			continue;
		struct ts_str none = TS_STR("");
		struct cell_row key = {.quarter_us = cells[i].quarter_us,
			.sku = ended(cells[i].sku, texts[0]),
			.pricing_class = ended(cells[i].pricing_class, texts[1]),
			.account = ended(needs.account ? cells[i].account : none, texts[2]),
			.origin = ended(needs.origin ? cells[i].origin : none, texts[3])};
		void *found = ts_rowset_find(&r->cells, &key);
		if (found == NULL) { /* the texts are kept once per cell */
			const char **kept[] = {
				&key.sku, &key.pricing_class, &key.account, &key.origin};
			for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++) {
				*kept[k] = ts_region_copy(
					r->cells_region, *kept[k], strlen(*kept[k]));
				if (*kept[k] == NULL)
					return TS_E_NO_MEMORY;
			}
			TS_TRY(ts_rowset_add(&r->cells, &key, &found));
		}
		struct cell_row *row = found;
		TS_TRY(ts_add128(row->quantity, cells[i].quantity, &row->quantity));
	}
	return TS_OK;
}

enum ts_err ts_audit_cells_of(
	struct ts_replay *r, int64_t from_us, int64_t to_us, struct ts_usage_cell **out, size_t *n)
{
	*n = 0;
	*out = ts_region_array(r->scratch, r->cells.n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < r->cells.n; i++) {
		const struct cell_row *row = ts_rowset_at(&r->cells, i);
		if (row->quantity != 0 && row->quarter_us >= from_us && row->quarter_us < to_us)
			(*out)[(*n)++] = (struct ts_usage_cell){.quarter_us = row->quarter_us,
				.sku = ts_str(row->sku),
				.pricing_class = ts_str(row->pricing_class),
				.quantity = row->quantity,
				.account = ts_str(row->account),
				.origin = ts_str(row->origin)};
	}
	return TS_OK;
}

/* The first that anybody may still ask for. */
static int64_t asked_from(const struct ts_replay *r, int64_t from_us)
{
	for (size_t i = r->reaches_n; i-- > 0 && r->reaches[i].leaf >= r->fold.size;)
		if (r->reaches[i].from_us < from_us)
			from_us = r->reaches[i].from_us;
	return from_us > r->cells_from_us ? from_us : r->cells_from_us;
}

enum ts_err ts_audit_cells_next(struct ts_replay *r)
{
	struct ts_period period;
	struct ts_region *before = r->cells_region;
	struct ts_usage_cell *left = NULL;
	size_t n = 0;
	TS_TRY(ts_ledger_period_get(r->ledger, (int32_t)r->cuts_n, &period));
	int64_t from_us = asked_from(r, period.to_us);
	ts_region_reset(r->scratch);
	TS_TRY(ts_audit_cells_of(r, from_us, INT64_MAX, &left, &n));
	TS_TRY(begin(r));
	r->cells_from_us = from_us;
	enum ts_err err = ts_audit_keep_cells(r, left, n); /* copies the texts of `before` */
	ts_region_free(before);
	return err;
}
