/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_EN16931_DECIMAL_H
#define TS_REPORTS_EN16931_DECIMAL_H
/* Why: the rules compare sums and products of whatever decimals stand in anybody's document, as
 * xs:decimal does, with no rounding but the one that a rule names. The ledger's own numbers end at
 * 12 decimals, so this is a small big number: value = +-limbs / 10^scale. */
#include "base/text.h"

/* Digits of one number in a document. Three of them multiplied fit into the limbs. */
#define TS_DEC_DIGITS_MAX 60
#define TS_DEC_LIMBS 28 /* of nine digits */
struct ts_dec {
	uint32_t limbs[TS_DEC_LIMBS]; /* least first, each below 10^9 */
	int scale; /* digits behind the point */
	bool negative; /* never on zero */
};

/* xs:decimal with white space around it: `[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)`. */
bool ts_dec_parse(struct ts_str text, struct ts_dec *out) TS_MUST;
struct ts_dec ts_dec_integer(int32_t value);
struct ts_dec ts_dec_add(struct ts_dec a, struct ts_dec b);
struct ts_dec ts_dec_sub(struct ts_dec a, struct ts_dec b);
struct ts_dec ts_dec_mul(struct ts_dec a, struct ts_dec b);
struct ts_dec ts_dec_abs(struct ts_dec a);
int ts_dec_cmp(struct ts_dec a, struct ts_dec b); /* below, at, above 0 */
/* XPath's round(x * 10^places) / 10^places: a half goes up, toward plus infinity. */
struct ts_dec ts_dec_round(struct ts_dec a, int places);

#define TS_DEC_CHARS (TS_DEC_LIMBS * 9 + 4)
/* At least two decimals, no more zeros behind them than that. Returns out. */
const char *ts_dec_format(struct ts_dec a, char out[TS_DEC_CHARS]);

#endif
