/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_DIFF_H
#define TS_TERMS_DIFF_H
/* Why: what an amendment changes, member by member, for people who are to sign it. Both documents
 * are compared as JSON: elements of lists that have a name (id, sku, class, vkey) are found by it,
 * so that one that moved is no change; others by their place. */
#include "base/region.h"
#include <jansson.h>

enum ts_diff_kind { TS_DIFF_ADDED, TS_DIFF_REMOVED, TS_DIFF_CHANGED };
const char *ts_diff_kind_name(enum ts_diff_kind kind);

struct ts_diff {
	enum ts_diff_kind kind;
	const char *pointer; /* in the newer document; what was removed: in the older one */
	const char *what; /* in words: `prices "h100", unit_price` */
	const char *was, *is; /* compact JSON; NULL: absent */
};
/* In document order of the older one, then what is new. TS_E_LIMIT: too deep. */
enum ts_err ts_terms_diff(const json_t *older, const json_t *newer, struct ts_region *region,
	struct ts_diff **out, size_t *n) TS_MUST;

#endif
