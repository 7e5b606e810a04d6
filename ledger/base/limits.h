/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_LIMITS_H
#define TS_BASE_LIMITS_H
/* Why: every buffer and every loop over input has a bound; those that several rooms share stand
 * here, each with its reason, so that two rooms never disagree about one. */

/* A record line without its LF. Eight times a common line; refuses garbage early and bounds what
 * one record can cost in memory, hash time and error text. */
#define TS_RECORD_LINE_BYTES_MAX 1024

/* A record spans at most this long: bounds the quarter-hours (2,976) that one line is cut into. */
#define TS_RECORD_SPAN_MS_MAX (INT64_C(31) * 86400 * 1000)

/* A signed note and its signature lines: contract notes carry a handful of signers, a log
 * checkpoint some witnesses; verification time is linear in the signatures. */
#define TS_NOTE_BYTES_MAX 32768
#define TS_NOTE_SIGNATURES_MAX 64

/* One append: 10,000 lines of the aimed-at 118 bytes are 1.2 MB, so that 4 MiB holds long lines
 * too, while 32 workers with a full body each stay below 128 MiB. */
#define TS_APPEND_BODY_BYTES_MAX (4 * 1024 * 1024)
#define TS_APPEND_RECORDS_MAX 10000

/* One tick or cut folds at most this many leaves of the inputs log, and fewer when their uploads
 * hold more than that many u1 lines and cells: then it ends behind the last upload that fits, or
 * behind the first when that alone does not. A transaction of settle stays near two seconds then,
 * which is what another writer of the contract waits for its lock, and far from the ten of a
 * statement, whatever has piled up. What is left is folded by the next ticks. */
#define TS_TICK_LEAVES_MAX 256
#define TS_TICK_WORK_MAX 250000

/* A compact range never holds more: sizes are below 2^63. */
#define TS_MERKLE_RANGE_MAX 64

/* Terms nest about eight deep; 32 leaves room and keeps recursion far from the stack's end. */
#define TS_JSON_DEPTH_MAX 32
/* Any JSON value that is parsed, canonicalised or hashed as one: an invoice document of 100,000
 * lines is the largest. */
#define TS_JSON_BYTES_MAX (64 * 1024 * 1024)
/* A JSON string whose field states no maximum, and an array whose field states none. */
#define TS_JSON_STRING_BYTES_MAX 1024
#define TS_JSON_ARRAY_MAX 10000

/* Contract terms as exact bytes: a master agreement with a thousand priced sections fits. */
#define TS_TERMS_BYTES_MAX (1024 * 1024)

/* Offsets of one zone in signed terms: two a year for a hundred years, and some slack. */
#define TS_ZONE_OFFSETS_MAX 256

/* Any other request body: what people and finance systems send by hand. */
#define TS_BODY_BYTES_MAX (1024 * 1024)

#endif
