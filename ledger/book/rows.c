/* SPDX-License-Identifier: Apache-2.0 */
#include "book/rows.h"
#include <string.h>

void ts_rowset_init(struct ts_rowset *set, struct ts_region *region, size_t row_bytes,
	uint64_t (*hash)(const void *row), bool (*same)(const void *a, const void *b))
{
	*set = (struct ts_rowset){
		.region = region, .row_bytes = row_bytes, .hash = hash, .same = same};
}

static size_t slot_of(const struct ts_rowset *set, const void *row)
{
	size_t i = (size_t)set->hash(row) & (set->slots_n - 1);
	while (set->slots[i] != 0 &&
		!set->same(set->rows + (set->slots[i] - 1) * set->row_bytes, row))
		i = (i + 1) & (set->slots_n - 1);
	return i;
}

void *ts_rowset_find(const struct ts_rowset *set, const void *row)
{
	if (set->slots_n == 0)
		return NULL;
	size_t slot = slot_of(set, row);
	return set->slots[slot] == 0 ? NULL : set->rows + (set->slots[slot] - 1) * set->row_bytes;
}

static enum ts_err grow(struct ts_rowset *set)
{
	size_t cap = set->cap == 0 ? 32 : set->cap * 2;
	char *rows = ts_region_array(set->region, cap, set->row_bytes);
	uint32_t *slots = ts_region_array(set->region, cap * 4, sizeof *slots);
	if (rows == NULL || slots == NULL)
		return TS_E_NO_MEMORY;
	if (set->rows != NULL && set->n > 0)
		memcpy(rows, set->rows, set->n * set->row_bytes);
	set->rows = rows;
	set->cap = cap;
	set->slots = slots;
	set->slots_n = cap * 4;
	for (size_t i = 0; i < set->n; i++)
		set->slots[slot_of(set, rows + i * set->row_bytes)] = (uint32_t)i + 1;
	return TS_OK;
}

enum ts_err ts_rowset_add(struct ts_rowset *set, const void *row, void **out)
{
	if (set->n == set->cap)
		TS_TRY(grow(set));
	TS_ASSERT(set->rows != NULL);
	size_t slot = slot_of(set, row);
	TS_ASSERT(set->slots[slot] == 0);
	void *at = set->rows + set->n * set->row_bytes;
	memcpy(at, row, set->row_bytes);
	set->n++;
	set->slots[slot] = (uint32_t)set->n;
	if (out != NULL)
		*out = at;
	return TS_OK;
}

enum ts_err ts_rowset_get(struct ts_rowset *set, const void *row, void **out)
{
	*out = ts_rowset_find(set, row);
	return *out != NULL ? TS_OK : ts_rowset_add(set, row, out);
}

void *ts_rowset_at(const struct ts_rowset *set, size_t i)
{
	return i < set->n ? set->rows + i * set->row_bytes : NULL;
}

uint64_t ts_hash_mix(uint64_t hash, uint64_t value)
{
	hash ^= value + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ (hash >> 29);
}

uint64_t ts_hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = ts_hash_mix(hash, (uint64_t)(unsigned char)*text);
	return hash;
}
