/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_BUNDLE_H
#define TS_STORE_BUNDLE_H
/* Why: a bundle is read in many short transactions; that is sound because every row is append-only
 * and the sizes up to which it reads are fixed first. */
#include "store/db.h"

/* The leaf that issued the period's document. TS_E_CONFLICT: it is not issued. */
enum ts_err ts_db_bundle_issue(struct ts_db *db, int64_t contract_id, int32_t period, int64_t *leaf,
	struct ts_why *why) TS_MUST;
/* Sizes of the first pair of checkpoints above the leaf: published, else signed. TS_E_CONFLICT:
 * none is signed yet. */
enum ts_err ts_db_bundle_pair(struct ts_db *db, int64_t contract_id, int64_t leaf, int64_t *inputs,
	int64_t *journal, struct ts_why *why) TS_MUST;

struct ts_db_bundle_note {
	int64_t size;
	struct ts_str note; /* with its cosignatures */
};
/* Cosigned checkpoints with after < size < below, sizes rising; in the region, as all below. */
enum ts_err ts_db_bundle_checkpoints(struct ts_db *db, int64_t contract_id, int16_t log,
	int64_t after, int64_t below, int32_t limit, struct ts_region *region,
	struct ts_db_bundle_note **out, size_t *n, struct ts_why *why) TS_MUST;

struct ts_db_bundle_stream {
	int64_t stream_id;
	const char *public_id;
};
/* Provider streams with uploads below the leaf, by origin. */
enum ts_err ts_db_bundle_streams(struct ts_db *db, int64_t contract_id, int64_t leaf,
	struct ts_region *region, struct ts_db_bundle_stream **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* The lines of the upload that begins at *first and is below the leaf; *first moves behind it.
 * TS_E_NOT_FOUND: there is none. */
enum ts_err ts_db_bundle_lines(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t leaf, struct ts_region *region, int64_t *first, struct ts_str *out,
	struct ts_why *why) TS_MUST;

struct ts_db_bundle_document {
	int64_t issue_leaf;
	struct ts_hash sha256;
	struct ts_str json;
};
enum ts_err ts_db_bundle_documents(struct ts_db *db, int64_t contract_id, int64_t after,
	int64_t below, int32_t limit, struct ts_region *region, struct ts_db_bundle_document **out,
	size_t *n, struct ts_why *why) TS_MUST;

#endif
