/* SPDX-License-Identifier: Apache-2.0 */
/* Within one hour: equal records of both sides cancel, first those of one workload, then what only
 * names it otherwise (a name is not billed, and digests do not see it). Of what is left, several
 * records of one key are told apart: the pair that is nearest in quantity, and copies. */
#include "audit/recon/state.h"
#include <stdlib.h>

#define PAIRING_MAX 1000000 /* comparisons; a key with more copies is paired in order */

static int cmp64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

#define TRY_CMP(expr)                                                                              \
	do {                                                                                       \
		int c = (expr);                                                                    \
		if (c != 0)                                                                        \
			return c;                                                                  \
	} while (0)

static int cmp_place(const struct ts_usage *x, const struct ts_usage *y)
{
	TRY_CMP(cmp64(x->start_ms, y->start_ms));
	TRY_CMP(cmp64(x->end_ms, y->end_ms));
	TRY_CMP(ts_str_cmp(x->sku, y->sku));
	return ts_str_cmp(x->resource, y->resource);
}

static int cmp_key(const struct ts_usage *x, const struct ts_usage *y)
{
	TRY_CMP(cmp_place(x, y));
	return ts_str_cmp(x->workload, y->workload);
}

static int cmp_position(const struct ts_recon_row *x, const struct ts_recon_row *y)
{
	TRY_CMP(ts_str_cmp(x->usage.class, y->usage.class));
	TRY_CMP(ts_str_cmp(x->usage.account, y->usage.account));
	return ts_str_cmp(x->cluster, y->cluster);
}

static int cmp_amounts(const struct ts_usage *x, const struct ts_usage *y)
{
	TRY_CMP(cmp64(x->quantity, y->quantity));
	return cmp64(x->devices_milli, y->devices_milli);
}

static int cmp_source(const struct ts_recon_row *x, const struct ts_recon_row *y)
{
	TRY_CMP((int)x->side - (int)y->side);
	TRY_CMP((int)x->failed - (int)y->failed);
	TRY_CMP(ts_str_cmp(x->line, y->line));
	TRY_CMP(cmp64((int64_t)x->input, (int64_t)y->input));
	return cmp64(x->number, y->number);
}

static int by_key(const void *a, const void *b)
{
	const struct ts_recon_row *x = ((const struct ts_recon_held *)a)->row;
	const struct ts_recon_row *y = ((const struct ts_recon_held *)b)->row;
	TRY_CMP(cmp_key(&x->usage, &y->usage));
	TRY_CMP(cmp_amounts(&x->usage, &y->usage));
	TRY_CMP(cmp_position(x, y));
	return cmp_source(x, y);
}

static int by_place(const void *a, const void *b)
{
	const struct ts_recon_row *x = (*(struct ts_recon_held *const *)a)->row;
	const struct ts_recon_row *y = (*(struct ts_recon_held *const *)b)->row;
	TRY_CMP(cmp_place(&x->usage, &y->usage));
	TRY_CMP(cmp_amounts(&x->usage, &y->usage));
	TRY_CMP(ts_str_cmp(x->usage.workload, y->usage.workload));
	TRY_CMP(cmp_position(x, y));
	return cmp_source(x, y);
}

static bool is_free(const struct ts_recon_held *h)
{
	return !h->matched && !h->row->failed;
}

/* Pairs free rows of both sides in [from, to) for which `alike` holds. */
static void match_range(
	const struct ts_recon_state *s, struct ts_recon_held **list, size_t from, size_t to)
{
	size_t tries = 0;
	for (size_t i = from; i < to; i++) {
		if (!is_free(list[i]) || list[i]->row->side != TS_RECON_PROVIDER)
			continue;
		for (size_t k = from; k < to && tries < PAIRING_MAX; k++, tries++)
			if (is_free(list[k]) && list[k]->row->side == TS_RECON_PARTNER &&
				ts_recon_priced_alike(s, list[i]->row, list[k]->row)) {
				list[i]->matched = list[k]->matched = true;
				break;
			}
	}
}

/* Equal but for the workload's name, or for a class or account that costs the same. */
static void match_places(const struct ts_recon_state *s, struct ts_recon_held *rows, size_t n)
{
	struct ts_recon_held **list = malloc((n + 1) * sizeof *list);
	size_t left = 0;
	if (list == NULL)
		return; /* then they are found different, which is seen, not wrong */
	for (size_t i = 0; i < n; i++)
		if (is_free(&rows[i]))
			list[left++] = &rows[i];
	qsort(list, left, sizeof(struct ts_recon_held *), by_place);
	for (size_t i = 0, end = 0; i < left; i = end) {
		end = i + 1;
		while (end < left && cmp_place(&list[i]->row->usage, &list[end]->row->usage) == 0 &&
			cmp_amounts(&list[i]->row->usage, &list[end]->row->usage) == 0)
			end++;
		match_range(s, list, i, end);
	}
	free(list);
}

static void match_equal(struct ts_recon_held *rows, size_t n)
{
	for (size_t i = 0, end = 0; i < n; i = end) {
		size_t sides[2] = {0, 0};
		for (end = i; end < n && cmp_key(&rows[i].row->usage, &rows[end].row->usage) == 0 &&
			      cmp_amounts(&rows[i].row->usage, &rows[end].row->usage) == 0 &&
			      cmp_position(rows[i].row, rows[end].row) == 0;
			end++)
			sides[rows[end].row->side] += !rows[end].row->failed;
		size_t pairs = sides[0] < sides[1] ? sides[0] : sides[1];
		size_t left[2] = {pairs, pairs};
		for (size_t k = i; k < end; k++)
			if (!rows[k].row->failed && left[rows[k].row->side] > 0) {
				rows[k].matched = true;
				left[rows[k].row->side]--;
			}
	}
}

static int64_t distance(const struct ts_recon_held *a, const struct ts_recon_held *b)
{
	int64_t d = a->row->usage.quantity - b->row->usage.quantity;
	return d < 0 ? -d : d;
}

/* Copies: what one side has more often than the other, when it has the key at all besides. */
static void tell_copies(struct ts_recon_held *rows, size_t from, size_t to)
{
	bool kept[2] = {false, false};
	size_t tries = 0;
	int64_t pairs = 0;
	for (size_t i = from; i < to; i++)
		if (rows[i].matched)
			kept[rows[i].row->side] = true;
	for (size_t i = from; i < to; i++) {
		if (!is_free(&rows[i]) || rows[i].row->side != TS_RECON_PARTNER)
			continue;
		struct ts_recon_held *best = NULL;
		for (size_t k = from; k < to && (tries < PAIRING_MAX || best == NULL); k++, tries++)
			if (is_free(&rows[k]) && rows[k].row->side == TS_RECON_PROVIDER &&
				rows[k].other == NULL &&
				(best == NULL ||
					distance(&rows[k], &rows[i]) < distance(best, &rows[i])))
				best = &rows[k];
		if (best == NULL)
			continue;
		best->other = &rows[i];
		rows[i].other = best;
		rows[i].pair = best->pair = pairs++ > 0;
		kept[0] = kept[1] = true;
	}
	for (size_t i = from; i < to; i++) {
		if (!is_free(&rows[i]) || rows[i].other != NULL)
			continue;
		rows[i].extra = kept[rows[i].row->side];
		kept[rows[i].row->side] = true;
	}
}

void ts_recon_cancel(const struct ts_recon_state *s, struct ts_recon_held *rows, size_t n)
{
	qsort(rows, n, sizeof *rows, by_key);
	match_equal(rows, n);
	match_places(s, rows, n);
	for (size_t i = 0, end = 0; i < n; i = end) {
		bool any = false;
		for (end = i; end < n && cmp_key(&rows[i].row->usage, &rows[end].row->usage) == 0;
			end++)
			any = any || is_free(&rows[end]);
		if (any && end - i > 1)
			tell_copies(rows, i, end);
	}
}
