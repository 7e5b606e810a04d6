/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_ROWS_H
#define TS_BOOK_ROWS_H
/* Why: the ledger's state is tables of small rows, each found by its key: a growing array and an
 * open-addressing index over it, in the ledger's region. Rows are never removed. */
#include "base/region.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ts_rowset {
	struct ts_region *region;
	size_t row_bytes;
	uint64_t (*hash)(const void *row); /* over the key members */
	bool (*same)(const void *a, const void *b); /* key members equal */
	char *rows;
	size_t n, cap;
	uint32_t *slots; /* row number + 1; 0 = free */
	size_t slots_n; /* power of two, more than twice n */
};
void ts_rowset_init(struct ts_rowset *set, struct ts_region *region, size_t row_bytes,
	uint64_t (*hash)(const void *row), bool (*same)(const void *a, const void *b));
/* The row with the key of `row`; NULL when there is none. Good until the next add. */
void *ts_rowset_find(const struct ts_rowset *set, const void *row);
/* Copies a row whose key is not there yet. TS_E_NO_MEMORY. */
enum ts_err ts_rowset_add(struct ts_rowset *set, const void *row, void **out) TS_MUST;
/* Finds, or adds `row` as it is. */
enum ts_err ts_rowset_get(struct ts_rowset *set, const void *row, void **out) TS_MUST;
void *ts_rowset_at(const struct ts_rowset *set, size_t i); /* NULL past the end */

uint64_t ts_hash_mix(uint64_t hash, uint64_t value);
uint64_t ts_hash_text(uint64_t hash, const char *text);

#endif
