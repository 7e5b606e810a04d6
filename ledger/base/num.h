/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_NUM_H
#define TS_BASE_NUM_H
/* Why: money and quantity are integers; every operation is checked, and overflow is an error
 * (TS_E_OVERFLOW), never a wrapped value. quantity x price / divisor has one 256-bit intermediate
 * and one named rounding. */
#include "base/err.h"
#include "base/text.h"
#include <stdint.h>

__extension__ typedef __int128 ts_i128;
__extension__ typedef unsigned __int128 ts_u128;

enum ts_rounding {
	TS_ROUND_HALF_AWAY, /* half away from zero */
	TS_ROUND_HALF_EVEN,
	TS_ROUND_DOWN, /* toward zero */
	TS_ROUND_UP, /* away from zero */
};
/* "half_away_from_zero", "half_even", "down", "up"; TS_E_MALFORMED for any other. */
enum ts_err ts_rounding_parse(struct ts_str text, enum ts_rounding *out) TS_MUST;
const char *ts_rounding_name(enum ts_rounding rounding);

enum ts_err ts_add64(int64_t a, int64_t b, int64_t *out) TS_MUST;
enum ts_err ts_sub64(int64_t a, int64_t b, int64_t *out) TS_MUST;
enum ts_err ts_mul64(int64_t a, int64_t b, int64_t *out) TS_MUST;
enum ts_err ts_add128(ts_i128 a, ts_i128 b, ts_i128 *out) TS_MUST;
enum ts_err ts_sub128(ts_i128 a, ts_i128 b, ts_i128 *out) TS_MUST;
enum ts_err ts_mul128(ts_i128 a, ts_i128 b, ts_i128 *out) TS_MUST;
enum ts_err ts_to64(ts_i128 a, int64_t *out) TS_MUST;

/* round(a * b / divisor), exact in 256 bits before the one rounding; divisor > 0. */
enum ts_err ts_muldiv(
	ts_i128 a, ts_i128 b, ts_i128 divisor, enum ts_rounding rounding, ts_i128 *out) TS_MUST;

#define TS_I128_CHARS 41 /* sign, 39 digits, NUL */
/* `-?(0|[1-9][0-9]*)`, no "-0"; at most 39 digits. */
enum ts_err ts_i128_parse(struct ts_str text, ts_i128 *out) TS_MUST;
const char *ts_i128_format(ts_i128 v, char out[TS_I128_CHARS]); /* returns out */

/* An exact decimal with at most 12 digits after the point: value = pico / 10^12. */
#define TS_PICO ((ts_i128)1000000000000)
struct ts_decimal {
	ts_i128 pico;
};
#define TS_DECIMAL_CHARS 56
/* `-?(0|[1-9][0-9]*)(\.[0-9]{1,12})?`. */
enum ts_err ts_decimal_parse(struct ts_str text, struct ts_decimal *out) TS_MUST;
/* Shortest spelling with at least decimals_min digits behind the point. Returns out. */
const char *ts_decimal_format(struct ts_decimal v, int decimals_min, char out[TS_DECIMAL_CHARS]);

/* value / divisor as a decimal string, rounded half away to `decimals` (0..12), trailing zeros cut.
 * For printing quantities only. */
const char *ts_ratio_format(
	ts_i128 value, ts_i128 divisor, int decimals, char out[TS_DECIMAL_CHARS]);

#endif
