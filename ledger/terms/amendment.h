/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_AMENDMENT_H
#define TS_TERMS_AMENDMENT_H
/* Why: an amendment is a whole new terms document, and yet the same contract: what entries,
 * documents and proofs of all versions share may not change under them. */
#include "terms/terms.h"

/* May `next` follow `before` (the version in force that it amends), effective [from_us, to_us)?
 * TS_E_INVALID names the JSON pointer in next that may not be what it is. */
enum ts_err ts_amendment_check(const struct ts_terms *before, const struct ts_terms *next,
	int64_t from_us, int64_t to_us, struct ts_why *why) TS_MUST;

#endif
