/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_NUMERIC_H
#define TS_STORE_NUMERIC_H
/* Why: totals are 128-bit in C and numeric(39,0) in PostgreSQL, digests 256-bit and numeric(78,0);
 * this is the wire form of numeric (base-10,000 digits, big-endian) for whole numbers. Pure. */
#include "base/num.h"
#include "evidence/cell.h"
#include <stddef.h>

#define TS_NUMERIC_BYTES_MAX 32 /* 8 of head, 10 digits of 2 bytes, rounded up */
#define TS_NUMERIC_DIGEST_BYTES_MAX 48 /* 20 digits */

size_t ts_numeric_encode(ts_i128 v, uint8_t out[TS_NUMERIC_BYTES_MAX]); /* returns the length */
/* TS_E_MALFORMED for a fraction, NaN, infinity; TS_E_OVERFLOW over 128 bits. */
enum ts_err ts_numeric_decode(const void *bytes, size_t len, ts_i128 *out) TS_MUST;
/* The same for digests, which are never negative. */
size_t ts_numeric_encode_digest(
	const struct ts_digest *v, uint8_t out[TS_NUMERIC_DIGEST_BYTES_MAX]);
enum ts_err ts_numeric_decode_digest(const void *bytes, size_t len, struct ts_digest *out) TS_MUST;

#endif
