/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_ORIGIN_H
#define TS_EVIDENCE_ORIGIN_H
/* Why: an origin names a stream or a log, and is the name of its key. It must never look like the
 * first line of anything else that a key could sign. */
#include "base/buf.h"
#include "base/text.h"

#define TS_ORIGIN_MAX 255
#define TS_CONTRACT_ID_CHARS 32 /* lower-case hex of 128 random bits */
#define TS_STREAM_ID_CHARS 32 /* lower-case hex of the first 16 bytes of SHA-256(origin) */

/* `<domain>/<contract>/<cluster>/<agent>/g<generation>`; all borrowed. */
struct ts_origin {
	struct ts_str domain;
	struct ts_str contract; /* 32 hex digits */
	struct ts_str cluster;
	struct ts_str agent;
	int64_t generation; /* 1.. */
};
/* TS_E_MALFORMED. Parts are 1..64 bytes of a-z A-Z 0-9 . _ - ~ (domain up to 100). */
enum ts_err ts_origin_parse(
	struct ts_str origin, struct ts_origin *out, struct ts_why *why) TS_MUST;
/* TS_E_MALFORMED for parts that ts_origin_parse would refuse. out gets a NUL. */
enum ts_err ts_origin_format(const struct ts_origin *origin, char out[TS_ORIGIN_MAX + 1]) TS_MUST;

/* Streams of one agent, whatever their generations; of one contract, which the caller sees to. */
bool ts_origin_same_agent(const struct ts_origin *a, const struct ts_origin *b);

enum ts_log_kind {
	TS_LOG_INPUTS,
	TS_LOG_JOURNAL,
};
/* `<domain>/<contract>/inputs` or `.../journal`. */
enum ts_err ts_origin_log(struct ts_str domain, struct ts_str contract, enum ts_log_kind kind,
	char out[TS_ORIGIN_MAX + 1]) TS_MUST;
/* The id of a stream in URLs; out gets a NUL. */
void ts_stream_id(struct ts_str origin, char out[TS_STREAM_ID_CHARS + 1]);
/* Any origin of ours: names nothing that a note could begin with otherwise. TS_E_MALFORMED. */
enum ts_err ts_origin_check(struct ts_str origin, struct ts_why *why) TS_MUST;
enum ts_err ts_contract_id_check(struct ts_str id, struct ts_why *why) TS_MUST;

#endif
