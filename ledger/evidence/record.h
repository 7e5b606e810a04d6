/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_RECORD_H
#define TS_EVIDENCE_RECORD_H
/* Why: one line of a stream. TAB-separated, a fixed number of fields per tag, one spelling per
 * value, so that the bytes that were signed are the bytes that are read. docs/formats/record.md is
 * the specification. Parsing is one pass, borrows, and allocates nothing: it is the hot path.
 *   g1 origin contract_note_sha256 created_ms
 *   u1 start_ms end_ms sku devices_milli quantity class workload resource account
 *   c1 start_ms end_ms sku first count quantity_sum
 *   r1 origin index reason */
#include "base/buf.h"
#include "base/text.h"
#include "evidence/sha256.h"

#define TS_RECORD_BYTES_MAX 1024
#define TS_RECORD_SPAN_MS_MAX (INT64_C(31) * 86400 * 1000)

enum ts_record_tag {
	TS_RECORD_GENESIS, /* g1 */
	TS_RECORD_USAGE, /* u1 */
	TS_RECORD_CLOSE, /* c1 */
	TS_RECORD_REVERSAL, /* r1 */
};
struct ts_genesis {
	struct ts_str origin;
	struct ts_hash contract_note; /* SHA-256 of the contract statement's text */
	int64_t created_ms;
};
/* Empty texts are the slice "-", as written. */
struct ts_usage {
	int64_t start_ms;
	int64_t end_ms;
	struct ts_str sku;
	int64_t devices_milli; /* thousandths of a device; 0 when the SKU is not device time */
	int64_t quantity; /* in the SKU's base unit; device time in device-microseconds */
	struct ts_str class;
	struct ts_str workload;
	struct ts_str resource;
	struct ts_str account;
};
struct ts_close {
	int64_t start_ms;
	int64_t end_ms;
	struct ts_str sku; /* "-" only in a heartbeat (count 0) */
	int64_t first;
	int64_t count;
	int64_t quantity_sum;
};
struct ts_reversal {
	struct ts_str origin;
	int64_t index;
	struct ts_str reason;
};
struct ts_record {
	enum ts_record_tag tag;
	union {
		struct ts_genesis genesis;
		struct ts_usage usage;
		struct ts_close close;
		struct ts_reversal reversal;
	};
};

/* line: without its LF; every slice in out borrows from it. On failure *reason is a static text,
 * the reason of the void leaf: TS_E_MALFORMED for grammar, TS_E_INVALID for meaning. */
enum ts_err ts_record_parse(struct ts_str line, struct ts_record *out, const char **reason) TS_MUST;
/* What the line's place in its stream adds: g1 at index 0 and only there, naming this origin; c1
 * and r1 point backwards. TS_E_INVALID with *reason. contract_note NULL: not compared. */
enum ts_err ts_record_place(const struct ts_record *record, struct ts_str origin, int64_t index,
	const struct ts_hash *contract_note, const char **reason) TS_MUST;
/* Appends the line without LF; parses it again, so that nothing is written that would be void.
 * TS_E_INVALID with *reason (out is then as it was before). */
enum ts_err ts_record_format(
	const struct ts_record *record, struct ts_buf *out, const char **reason) TS_MUST;

#endif
