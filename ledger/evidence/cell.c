/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/cell.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_START 256
#define GROUPS_START 16

/* One (sku, class, account). */
struct ts_cell_group {
	struct ts_str sku;
	struct ts_str class;
	struct ts_str account;
	uint64_t hash;
	uint32_t rank;
};

void ts_quarters_begin(struct ts_quarters *it, int64_t start_ms, int64_t end_ms, int64_t quantity)
{
	TS_ASSERT(start_ms >= 0 && start_ms < end_ms && quantity >= 0);
	it->start_ms = start_ms;
	it->end_ms = end_ms;
	it->quantity = quantity;
	it->quarter = start_ms / TS_QUARTER_MS;
	it->given = 0;
}

/* floor(quantity * part / whole); whole > 0, 0 <= part <= whole. */
static int64_t floor_share(int64_t quantity, int64_t part, int64_t whole)
{
	int64_t product;
	if (!__builtin_mul_overflow(quantity, part, &product))
		return product / whole;
	return (int64_t)((ts_i128)quantity * part / whole);
}

bool ts_quarters_next(struct ts_quarters *it, int64_t *quarter, int64_t *share)
{
	int64_t from_ms = it->quarter * TS_QUARTER_MS;
	if (from_ms >= it->end_ms)
		return false;
	int64_t to_ms = from_ms + TS_QUARTER_MS;
	int64_t upto = it->quantity;
	if (to_ms < it->end_ms)
		upto = floor_share(it->quantity, to_ms - it->start_ms, it->end_ms - it->start_ms);
	*quarter = it->quarter;
	*share = upto - it->given;
	it->given = upto;
	it->quarter++;
	return true;
}

void ts_digest_add(struct ts_digest *sum, const struct ts_digest *other)
{
	uint64_t carry = 0;
	for (int i = 0; i < 4; i++) {
		ts_u128 v = (ts_u128)sum->w[i] + other->w[i] + carry;
		sum->w[i] = (uint64_t)v;
		carry = (uint64_t)(v >> 64);
	}
}

void ts_digest_sub(struct ts_digest *sum, const struct ts_digest *other)
{
	uint64_t borrow = 0;
	for (int i = 0; i < 4; i++) {
		ts_u128 v = (ts_u128)sum->w[i] - other->w[i] - borrow;
		sum->w[i] = (uint64_t)v;
		borrow = (uint64_t)(v >> 64) & 1;
	}
}

void ts_digest_bytes(const struct ts_digest *digest, uint8_t out[32])
{
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(digest->w[3 - i / 8] >> (56 - 8 * (i % 8)));
}

void ts_digest_from_bytes(const uint8_t bytes[32], struct ts_digest *out)
{
	for (size_t i = 0; i < 4; i++) {
		const uint8_t *b = bytes + 8 * (3 - i);
		out->w[i] = (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
			    (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
			    (uint64_t)b[6] << 8 | (uint64_t)b[7];
	}
}

/* Two digits a step, from the back: a division by a constant each. */
static size_t put_int(char *at, int64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[20];
	size_t from = sizeof(digits);
	uint64_t rest = (uint64_t)v;
	while (rest >= 100) {
		from -= 2;
		memcpy(digits + from, pairs + 2 * (rest % 100), 2);
		rest /= 100;
	}
	if (rest >= 10) {
		from -= 2;
		memcpy(digits + from, pairs + 2 * rest, 2);
	} else {
		digits[--from] = (char)('0' + rest);
	}
	size_t n = sizeof(digits) - from;
	memcpy(at, digits + from, n);
	at[n] = '\t';
	return n + 1;
}

void ts_usage_digest(struct ts_hasher *hasher, const struct ts_usage *usage, struct ts_digest *out)
{
	char line[TS_RECORD_BYTES_MAX + 4 * 20 + 8];
	size_t len = 0;
	TS_ASSERT(usage->sku.len + usage->resource.len <= TS_RECORD_BYTES_MAX);
	len += put_int(line + len, usage->start_ms);
	len += put_int(line + len, usage->end_ms);
	memcpy(line + len, usage->sku.at, usage->sku.len);
	len += usage->sku.len;
	line[len++] = '\t';
	len += put_int(line + len, usage->devices_milli);
	len += put_int(line + len, usage->quantity);
	memcpy(line + len, usage->resource.at, usage->resource.len);
	len += usage->resource.len;
	struct ts_hash hash;
	ts_hash_bytes(hasher, line, len, &hash);
	ts_digest_from_bytes(hash.b, out);
}

enum ts_err ts_cells_init(
	struct ts_cells *cells, struct ts_region *region, struct ts_hasher *hasher, uint64_t seed)
{
	memset(cells, 0, sizeof(*cells));
	cells->region = region;
	cells->hasher = hasher;
	cells->cells_cap = CELLS_START;
	cells->slots_cap = 2 * CELLS_START;
	cells->groups_cap = GROUPS_START;
	cells->group_slots_cap = 2 * GROUPS_START;
	memcpy(cells->hash_key, &seed, sizeof(seed));
	cells->cells = ts_region_array(region, cells->cells_cap, sizeof(*cells->cells));
	cells->slots = ts_region_array(region, cells->slots_cap, sizeof(*cells->slots));
	cells->groups = ts_region_array(region, cells->groups_cap, sizeof(*cells->groups));
	cells->group_slots = ts_region_array(
		region, cells->group_slots_cap, sizeof(*cells->group_slots));
	if (cells->cells == NULL || cells->slots == NULL || cells->groups == NULL ||
		cells->group_slots == NULL)
		return TS_E_LIMIT;
	return TS_OK;
}

/* A region cannot grow an array: the old one stays behind, at most as large as the new one. */
static void *grown(struct ts_region *region, const void *old, size_t n, size_t each, size_t *cap)
{
	void *bigger = ts_region_array(region, *cap * 2, each);
	if (bigger == NULL)
		return NULL;
	memcpy(bigger, old, n * each);
	*cap *= 2;
	return bigger;
}

static bool group_is(const struct ts_cell_group *group, const struct ts_usage *usage)
{
	return ts_str_eq(group->sku, usage->sku) && ts_str_eq(group->class, usage->class) &&
	       ts_str_eq(group->account, usage->account);
}

static uint64_t group_hash(const struct ts_cells *cells, const struct ts_usage *usage)
{
	unsigned char text[TS_RECORD_BYTES_MAX + 2];
	uint64_t hash;
	size_t len = 0;
	const struct ts_str parts[] = {usage->sku, usage->class, usage->account};
	TS_ASSERT(usage->sku.len + usage->class.len + usage->account.len <= TS_RECORD_BYTES_MAX);
	for (size_t i = 0; i < 3; i++) {
		memcpy(text + len, parts[i].at, parts[i].len);
		len += parts[i].len;
		if (i < 2)
			text[len++] = '\t';
	}
	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "the hash is 64 bits");
	(void)crypto_shorthash((unsigned char *)&hash, text, len, cells->hash_key);
	return hash;
}

static bool copy_text(struct ts_region *region, struct ts_str in, struct ts_str *out)
{
	out->at = ts_region_copy(region, in.at, in.len);
	out->len = in.len;
	return out->at != NULL;
}

static void group_place(struct ts_cells *cells, uint32_t number)
{
	size_t mask = cells->group_slots_cap - 1;
	size_t i = cells->groups[number].hash & mask;
	while (cells->group_slots[i] != 0)
		i = (i + 1) & mask;
	cells->group_slots[i] = number + 1;
}

static enum ts_err group_add(
	struct ts_cells *cells, const struct ts_usage *usage, uint64_t hash, uint32_t *number)
{
	if (cells->groups_n == cells->groups_cap) {
		struct ts_cell_group *bigger = grown(cells->region, cells->groups, cells->groups_n,
			sizeof(*cells->groups), &cells->groups_cap);
		if (bigger == NULL)
			return TS_E_LIMIT;
		cells->groups = bigger;
		cells->group_slots = ts_region_array(
			cells->region, 2 * cells->groups_cap, sizeof(*cells->group_slots));
		if (cells->group_slots == NULL)
			return TS_E_LIMIT;
		cells->group_slots_cap = 2 * cells->groups_cap;
		for (size_t i = 0; i < cells->groups_n; i++)
			group_place(cells, (uint32_t)i);
	}
	struct ts_cell_group *group = &cells->groups[cells->groups_n];
	if (!copy_text(cells->region, usage->sku, &group->sku) ||
		!copy_text(cells->region, usage->class, &group->class) ||
		!copy_text(cells->region, usage->account, &group->account))
		return TS_E_LIMIT;
	group->hash = hash;
	*number = (uint32_t)cells->groups_n++;
	group_place(cells, *number);
	return TS_OK;
}

static enum ts_err group_find(
	struct ts_cells *cells, const struct ts_usage *usage, uint32_t *number)
{
	/* Neighbouring lines mostly share SKU, class and account. */
	if (cells->last_group != 0 && group_is(&cells->groups[cells->last_group - 1], usage)) {
		*number = cells->last_group - 1;
		return TS_OK;
	}
	uint64_t hash = group_hash(cells, usage);
	size_t mask = cells->group_slots_cap - 1;
	for (size_t i = hash & mask; cells->group_slots[i] != 0; i = (i + 1) & mask) {
		uint32_t found = cells->group_slots[i] - 1;
		if (cells->groups[found].hash == hash && group_is(&cells->groups[found], usage)) {
			*number = found;
			cells->last_group = found + 1;
			return TS_OK;
		}
	}
	TS_TRY(group_add(cells, usage, hash, number));
	cells->last_group = *number + 1;
	return TS_OK;
}

static size_t cell_slot(const struct ts_cells *cells, uint32_t group, int64_t quarter)
{
	uint64_t h = cells->groups[group].hash + (uint64_t)quarter * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ (h >> 31)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (h ^ (h >> 29)) & (cells->slots_cap - 1);
}

static enum ts_err cells_grow(struct ts_cells *cells)
{
	struct ts_cell *bigger = grown(
		cells->region, cells->cells, cells->n, sizeof(*cells->cells), &cells->cells_cap);
	if (bigger == NULL)
		return TS_E_LIMIT;
	cells->cells = bigger;
	cells->slots = ts_region_array(cells->region, 2 * cells->cells_cap, sizeof(*cells->slots));
	if (cells->slots == NULL)
		return TS_E_LIMIT;
	cells->slots_cap = 2 * cells->cells_cap;
	for (size_t n = 0; n < cells->n; n++) {
		size_t i = cell_slot(cells, cells->cells[n].group, cells->cells[n].quarter);
		while (cells->slots[i] != 0)
			i = (i + 1) & (cells->slots_cap - 1);
		cells->slots[i] = (uint32_t)n + 1;
	}
	return TS_OK;
}

static enum ts_err cell_find(
	struct ts_cells *cells, uint32_t group, int64_t quarter, struct ts_cell **out)
{
	size_t i = cell_slot(cells, group, quarter);
	for (; cells->slots[i] != 0; i = (i + 1) & (cells->slots_cap - 1)) {
		struct ts_cell *cell = &cells->cells[cells->slots[i] - 1];
		if (cell->quarter == quarter && cell->group == group) {
			*out = cell;
			return TS_OK;
		}
	}
	if (cells->n == cells->cells_cap) {
		TS_TRY(cells_grow(cells));
		i = cell_slot(cells, group, quarter);
		while (cells->slots[i] != 0)
			i = (i + 1) & (cells->slots_cap - 1);
	}
	struct ts_cell *cell = &cells->cells[cells->n];
	const struct ts_cell_group *names = &cells->groups[group];
	*cell = (struct ts_cell){.quarter = quarter,
		.sku = names->sku,
		.class = names->class,
		.account = names->account,
		.group = group};
	cells->n++;
	cells->slots[i] = (uint32_t)cells->n;
	*out = cell;
	return TS_OK;
}

static enum ts_err cells_change(struct ts_cells *cells, const struct ts_usage *usage, int sign)
{
	struct ts_quarters it;
	struct ts_digest digest;
	uint32_t group;
	int64_t quarter, share;
	bool first = true;
	TS_TRY(group_find(cells, usage, &group));
	ts_quarters_begin(&it, usage->start_ms, usage->end_ms, usage->quantity);
	while (ts_quarters_next(&it, &quarter, &share)) {
		struct ts_cell *cell;
		if (share == 0 && !first)
			continue;
		TS_TRY(cell_find(cells, group, quarter, &cell));
		TS_TRY(ts_add128(cell->quantity, (ts_i128)share * sign, &cell->quantity));
		if (!first)
			continue;
		first = false;
		cell->count += sign;
		if (cells->hasher == NULL)
			continue;
		ts_usage_digest(cells->hasher, usage, &digest);
		if (sign > 0)
			ts_digest_add(&cell->digest, &digest);
		else
			ts_digest_sub(&cell->digest, &digest);
	}
	TS_ASSERT(it.given == usage->quantity);
	return TS_OK;
}

enum ts_err ts_cells_add(struct ts_cells *cells, const struct ts_usage *usage)
{
	return cells_change(cells, usage, 1);
}

enum ts_err ts_cells_sub(struct ts_cells *cells, const struct ts_usage *usage)
{
	return cells_change(cells, usage, -1);
}

static int compare_groups(const void *a, const void *b)
{
	const struct ts_cell_group *x = *(const struct ts_cell_group *const *)a;
	const struct ts_cell_group *y = *(const struct ts_cell_group *const *)b;
	int c = ts_str_cmp(x->sku, y->sku);
	if (c == 0)
		c = ts_str_cmp(x->class, y->class);
	if (c == 0)
		c = ts_str_cmp(x->account, y->account);
	return c;
}

static int compare_cells(const void *a, const void *b)
{
	const struct ts_cell *x = a;
	const struct ts_cell *y = b;
	if (x->quarter != y->quarter)
		return x->quarter < y->quarter ? -1 : 1;
	return (x->group > y->group) - (x->group < y->group);
}

enum ts_err ts_cells_sort(struct ts_cells *cells)
{
	/* Texts are compared once per group, then cells by number. */
	struct ts_cell_group **order = ts_region_array(
		cells->region, cells->groups_n + 1, sizeof(*order));
	if (order == NULL)
		return TS_E_LIMIT;
	for (size_t i = 0; i < cells->groups_n; i++)
		order[i] = &cells->groups[i];
	qsort(order, cells->groups_n, sizeof(*order), compare_groups);
	for (size_t i = 0; i < cells->groups_n; i++)
		order[i]->rank = (uint32_t)i;
	for (size_t i = 0; i < cells->n; i++)
		cells->cells[i].group = cells->groups[cells->cells[i].group].rank;
	qsort(cells->cells, cells->n, sizeof(*cells->cells), compare_cells);
	return TS_OK;
}
