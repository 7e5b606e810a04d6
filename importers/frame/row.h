/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_ROW_H
#define TS_IMPORTERS_FRAME_ROW_H
/* Why: what one row of a source came to. Every row gets exactly one verdict, with a reason and a
 * detail for people, so that nothing is dropped silently and the counts add up to the rows. A row
 * is judged from its own bytes and the options; what needs memory of other rows (duplicates,
 * restatements), the stream (scope) or the clock is decided by importers/frame/import.h. */
#include "base/text.h"
#include "evidence/record.h"

#define TS_ROW_USES_MAX 8 /* device types in one allocation */
#define TS_ROW_TEXT_BYTES 4096
#define TS_ROW_KEY_BYTES 16
#define TS_ROW_KEY_PARTS_MAX 16
#define TS_ROW_KEY_TEXT_BYTES 4096

enum ts_row_verdict {
	TS_ROW_ACCEPTED,
	TS_ROW_NOT_BILLABLE, /* nothing to bill, by rule: no device, no time, a job step */
	TS_ROW_DUPLICATE, /* same key and content as an earlier row, of this or an earlier file */
	TS_ROW_SUPERSEDED, /* same key, other content: the earlier one was reversed, on request */
	TS_ROW_PENDING, /* not ended yet: import again later */
	TS_ROW_QUARANTINED, /* a person must look: nothing was billed */
};
#define TS_ROW_VERDICTS 6
const char *ts_row_verdict_name(enum ts_row_verdict verdict); /* accepted, not_billable, ... */

/* Slices in uses point into text or into static texts, and are good until the next row. */
struct ts_row {
	enum ts_row_verdict verdict;
	const char *reason; /* static; "" when accepted */
	char detail[200]; /* for people: the value and the rule */
	/* The item has further rows: the source is called again with the next part. */
	bool more;
	/* Equal rows are different rows (an export without row ids): the n-th of one file is the
	 * n-th of the next. Else an equal row is a duplicate. */
	bool repeatable;
	/* Not ended yet: what it used so far, up to a whole hour (running.h). */
	bool running;
	bool in_group; /* group was set: the row belongs to a delivery that is restated as a whole
			*/
	uint8_t group[TS_ROW_KEY_BYTES];
	uint8_t key[TS_ROW_KEY_BYTES]; /* of what the row is about; accepted rows only */
	size_t n;
	struct ts_usage uses[TS_ROW_USES_MAX]; /* whole spans: may be longer than a record's */
	char text[TS_ROW_TEXT_BYTES];
	size_t text_len;
};
void ts_row_reset(struct ts_row *row); /* to quarantined, not_judged */

/* Sets a verdict with its reason (static) and a formatted detail. */
void ts_row_judge(struct ts_row *row, enum ts_row_verdict verdict, const char *reason,
	const char *fmt, ...) TS_PRINTF(4, 5);
void ts_row_accept(struct ts_row *row);
/* Encodes a value as a field of a record and keeps it in the row (token.h). Bytes that are no UTF-8
 * judge the row quarantined, "not_utf8"; a field that no longer fits, "row_too_long"; both return
 * "-". */
struct ts_str ts_row_token(struct ts_row *row, struct ts_str value);
/* The row's key: BLAKE2b over each part's length and bytes. The first part names the source. At
 * most TS_ROW_KEY_PARTS_MAX parts of TS_ROW_KEY_TEXT_BYTES together; beyond that the row is judged
 * quarantined, "row_too_long". */
void ts_row_set_key(struct ts_row *row, const struct ts_str *parts, size_t n);
/* The same for the group, which is what a delivery replaces: payer and billing period. */
void ts_row_set_group(struct ts_row *row, const struct ts_str *parts, size_t n);
/* A hash of what the row asserts: all of its uses. */
void ts_row_content(const struct ts_row *row, uint8_t out[TS_ROW_KEY_BYTES]);
void ts_row_use_content(const struct ts_usage *use, uint8_t out[TS_ROW_KEY_BYTES]);
/* The key of the n-th equal row (n > 0). */
void ts_row_nth_key(const uint8_t key[TS_ROW_KEY_BYTES], int64_t n, uint8_t out[TS_ROW_KEY_BYTES]);
/* Adds devices_milli over [start_ms, end_ms), of which billed_ms count. The other fields of *like
 * are copied. Judges the row quarantined when the quantity overflows or there are too many. */
void ts_row_add(
	struct ts_row *row, const struct ts_usage *like, int64_t devices_milli, int64_t billed_ms);

/* For details: at most 60 bytes of a foreign text, as arguments of "%.*s". */
#define TS_SHOW(text) ((int)((text).len > 60 ? 60 : (text).len)), ((text).at ? (text).at : "")

#endif
