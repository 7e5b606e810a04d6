/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_CATALOG_H
#define TS_IMPORTERS_FRAME_CATALOG_H
/* Why: what a foreign code means (an instance type, a billing SKU, a GRES type, a MIG profile) is
 * data with dates, not code: which SKU of ours it is, how many devices one of it holds, from when
 * to when. importers/catalog.json is compiled in; files of the same format
 * (docs/formats/catalog.md) are laid over it and win. What is found nowhere is quarantined, until
 * somebody adds it. */
#include "base/region.h"
#include "base/text.h"
#include "evidence/sha256.h"

#define TS_CATALOG_BYTES_MAX (4u << 20)
#define TS_CATALOG_ENTRIES_MAX 20000
#define TS_CATALOG_LAYERS_MAX 16 /* the compiled one and additions */

struct ts_catalog_entry {
	struct ts_str table; /* "aws-instance" */
	struct ts_str code; /* "p5.48xlarge" */
	struct ts_str sku; /* "h100" */
	int64_t devices_milli; /* one of it holds so many thousandths of a device */
	struct ts_str class; /* pricing class, or empty */
	int64_t from_ms; /* [from, to) */
	int64_t to_ms;
	struct ts_str note; /* where it is known from */
	size_t layer; /* 0: compiled in */
};
struct ts_catalog_layer {
	const char *name;
	const char *version;
	struct ts_hash digest; /* SHA-256 of its bytes */
};
struct ts_catalog;

/* With what is compiled in. Caller frees. */
enum ts_err ts_catalog_create(struct ts_catalog **out, struct ts_why *why) TS_MUST;
void ts_catalog_free(struct ts_catalog *catalog); /* NULL is allowed */
/* Lays a file's entries over the others; name (copied) is for messages. On an error the catalog is
 * to be freed. */
enum ts_err ts_catalog_add(struct ts_catalog *catalog, struct ts_str bytes, const char *name,
	struct ts_why *why) TS_MUST;

/* The entry of exactly that code at that time, of the uppermost layer. TS_E_NOT_FOUND. */
enum ts_err ts_catalog_find(const struct ts_catalog *catalog, const char *table, struct ts_str code,
	int64_t at_ms, const struct ts_catalog_entry **out) TS_MUST;
/* The entry whose code stands somewhere in the text; of several the longest. TS_E_NOT_FOUND. */
enum ts_err ts_catalog_match(const struct ts_catalog *catalog, const char *table,
	struct ts_str text, int64_t at_ms, const struct ts_catalog_entry **out) TS_MUST;

size_t ts_catalog_count(const struct ts_catalog *catalog);
/* Sorted by table, code, layer (uppermost first) and time. */
const struct ts_catalog_entry *ts_catalog_at(const struct ts_catalog *catalog, size_t i);
size_t ts_catalog_layers(const struct ts_catalog *catalog);
const struct ts_catalog_layer *ts_catalog_layer(const struct ts_catalog *catalog, size_t i);

extern const char ts_catalog_compiled[]; /* importers/catalog.json */

#endif
