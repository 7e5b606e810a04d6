/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_CODES_H
#define TS_BASE_CODES_H
/* Why: the code lists of electronic invoicing, once: terms refuse what a document could not carry,
 * and the checker of documents compares with the same rows (codes.def). */
#include "base/text.h"

enum ts_codes {
#define X(name, title, ...) TS_CODES_##name,
#include "base/codes.def"
#undef X
	TS_CODES_N
};

/* Exactly this code, in this case; one with a blank in it is in no list. */
bool ts_codes_have(enum ts_codes list, struct ts_str code);
/* "ISO 4217 currency codes" */
const char *ts_codes_title(enum ts_codes list);

#endif
