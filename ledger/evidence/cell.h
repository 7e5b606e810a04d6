/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_CELL_H
#define TS_EVIDENCE_CELL_H
/* Why: ingest cuts each u1 on the UTC quarter-hour grid and adds the shares per (quarter, SKU,
 * class, account); settle and rating see these cells, never records. Shares of a record sum to its
 * quantity exactly: share i = floor(q*(t_i - s)/(e - s)) - floor(q*(t_{i-1} - s)/(e - s)).
 * Count and digest stand in the cell of the record's start. The digest is the sum mod 2^256 of
 * SHA-256 of the normalised record (start, end, sku, devices, quantity, resource: what two meters
 * can agree on), independent of order: a hint for reconciliation, never proof. */
#include "base/num.h"
#include "base/region.h"
#include "evidence/record.h"

#define TS_QUARTER_MS INT64_C(900000)

/* The shares of one record, in order of time. */
struct ts_quarters {
	int64_t start_ms;
	int64_t end_ms;
	int64_t quantity;
	int64_t quarter; /* next one; quarter q covers [q, q + 1) * TS_QUARTER_MS */
	int64_t given;
};
void ts_quarters_begin(struct ts_quarters *it, int64_t start_ms, int64_t end_ms, int64_t quantity);
bool ts_quarters_next(struct ts_quarters *it, int64_t *quarter, int64_t *share);

/* A 256-bit number, little-endian words. */
struct ts_digest {
	uint64_t w[4];
};
void ts_digest_add(struct ts_digest *sum, const struct ts_digest *other);
void ts_digest_sub(struct ts_digest *sum, const struct ts_digest *other);
void ts_digest_bytes(const struct ts_digest *digest, uint8_t out[32]); /* big-endian */
void ts_digest_from_bytes(const uint8_t bytes[32], struct ts_digest *out);
/* SHA-256 of the normalised record, as a number. */
void ts_usage_digest(struct ts_hasher *hasher, const struct ts_usage *usage, struct ts_digest *out);

struct ts_cell {
	int64_t quarter;
	struct ts_str sku;
	struct ts_str class;
	struct ts_str account;
	int64_t count; /* records that start here */
	ts_i128 quantity;
	struct ts_digest digest;
	uint32_t group; /* internal: number of (sku, class, account) */
};

/* Collects the cells of one batch. Everything, texts included, is copied into the region. */
struct ts_cells {
	struct ts_region *region;
	struct ts_hasher *hasher;
	struct ts_cell *cells; /* in order of first use */
	size_t n;
	size_t cells_cap;
	uint32_t *slots; /* open addressing; cell number + 1 */
	size_t slots_cap;
	struct ts_cell_group *groups;
	size_t groups_n;
	size_t groups_cap;
	uint32_t *group_slots;
	size_t group_slots_cap;
	uint32_t last_group; /* number + 1 of the one used last; 0: none */
	uint8_t hash_key[16];
};
/* hasher NULL: the cells have no digests, for who needs none. seed: any number that the sender of
 * records cannot know keeps the tables from being flooded; the cells do not depend on it. */
enum ts_err ts_cells_init(struct ts_cells *cells, struct ts_region *region,
	struct ts_hasher *hasher, uint64_t seed) TS_MUST;
/* TS_E_LIMIT when the region is full, TS_E_OVERFLOW. After an error the cells are of no use. */
enum ts_err ts_cells_add(struct ts_cells *cells, const struct ts_usage *usage) TS_MUST;
/* The same with the record's shares, count and digest taken away (a reversal). */
enum ts_err ts_cells_sub(struct ts_cells *cells, const struct ts_usage *usage) TS_MUST;
/* Sorts the cells by (quarter, sku, class, account), by bytes. The last call: nothing may be added
 * behind it. TS_E_LIMIT. */
enum ts_err ts_cells_sort(struct ts_cells *cells) TS_MUST;

#endif
