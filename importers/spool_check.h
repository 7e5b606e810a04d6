/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SPOOL_CHECK_H
#define TS_IMPORTERS_SPOOL_CHECK_H
/* Why: whether a spool is what its agent signed and the service acknowledged, by its files alone:
 * every line by grammar, place and window totals; the tree over them against `state` and against
 * every receipt, whose two signatures are verified. */
#include "importers/spool.h"

struct ts_spool_checked {
	int64_t usage;
	int64_t closes;
	int64_t reversals;
	int64_t receipts;
	int64_t rows; /* remembered */
	struct ts_hash root; /* over all lines */
};
/* TS_E_INVALID, TS_E_MISMATCH, TS_E_SIGNATURE, ...: the first thing that is wrong; why->where is
 * "lines:INDEX", "state", "seen" or "receipts/FILE". */
enum ts_err ts_spool_check(
	struct ts_spool *spool, struct ts_spool_checked *out, struct ts_why *why) TS_MUST;

/* The sizes of the receipts, ascending; caller frees. */
enum ts_err ts_spool_receipts(
	const struct ts_spool *spool, int64_t **out, size_t *n, struct ts_why *why) TS_MUST;
/* Appends the receipt's note and verifies it; *time_s is 0 without a receipt.vkey. */
enum ts_err ts_spool_receipt(const struct ts_spool *spool, int64_t size, struct ts_hash *root,
	int64_t *time_s, struct ts_why *why) TS_MUST;

#endif
