/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_H
#define TS_IMPORTERS_SOURCE_H
/* Why: a source turns the rows of one foreign format into usage. Every row gets exactly one
 * verdict, so that nothing is dropped silently and the counts add up to the rows; a row is judged
 * alone, from its own bytes and the options. What needs memory of other rows (duplicates), the
 * stream (scope) or the clock is decided by importers/import.h.
 * Adding a source: one file with a struct ts_source, one line in ts_sources, one section in
 * docs/formats/importers.md. */
#include "base/region.h"
#include "evidence/record.h"

#define TS_SOURCE_LINE_BYTES_MAX 65536 /* a Slurm nodelist or job name can be long */
#define TS_SOURCE_PARTITIONS_MAX 32
#define TS_SOURCE_PROFILES_MAX 32
#define TS_ROW_USES_MAX 8 /* device types in one allocation */
#define TS_ROW_TEXT_BYTES 4096
#define TS_ROW_KEY_BYTES 16

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

/* What one line of the source came to. Slices in uses point into text or into static texts, and are
 * good until the next row. */
struct ts_row {
	bool header; /* a heading, not a row: nothing else is set */
	enum ts_row_verdict verdict;
	const char *reason; /* static; "" when accepted */
	char detail[200]; /* for people: the value and the rule */
	uint8_t key[TS_ROW_KEY_BYTES]; /* of what the row is about; accepted rows only */
	size_t n;
	struct ts_usage uses[TS_ROW_USES_MAX]; /* whole spans: may be longer than a record's */
	char text[TS_ROW_TEXT_BYTES];
	size_t text_len;
};

struct ts_source_partition {
	const char *name;
	const char *sku; /* of its untyped devices; NULL: the default */
};
struct ts_source_profile {
	const char *type; /* as in gres/gpu:TYPE */
	int64_t devices_milli; /* one of it counts as this much of a device */
};
/* Borrowed by the source while it is open; everything may be zero but sku and class. */
struct ts_source_options {
	const char *sku; /* of devices that the source does not type */
	const char *class;
	const char *cluster; /* NULL: any; else rows of another cluster are quarantined */
	const char *columns; /* NULL: a heading, or the source's default layout; else comma list */
	const char *account; /* for sources without accounts; NULL: "-" */
	int64_t epoch_ms; /* alibaba-gpu: what second 0 is */
	size_t partitions_n; /* slurm: partitions that have devices */
	struct ts_source_partition partitions[TS_SOURCE_PARTITIONS_MAX];
	size_t profiles_n; /* slurm: what a MIG slice counts as */
	struct ts_source_profile profiles[TS_SOURCE_PROFILES_MAX];
};

struct ts_source {
	const char *name; /* as in `tallystick import NAME` */
	const char *summary; /* one line for --help */
	const char *time_note; /* printed with every report: how its times were read */
	bool relative; /* its times count from the option epoch_ms, which the report states too */
	/* State lives in the region; options are borrowed. */
	enum ts_err (*open)(const struct ts_source_options *options, struct ts_region *region,
		void **state, struct ts_why *why);
	/* line: without CR and LF, at most TS_SOURCE_LINE_BYTES_MAX. An error means the file as a
	 * whole cannot be read by this source (a column is missing); a bad row is a verdict. */
	enum ts_err (*row)(void *state, struct ts_str line, struct ts_row *row, struct ts_why *why);
};
extern const struct ts_source *const ts_sources[]; /* ends with one without a name */
const struct ts_source *ts_source_find(const char *name); /* NULL: unknown */

/* For sources. Sets a verdict with its reason and a formatted detail. */
void ts_row_judge(struct ts_row *row, enum ts_row_verdict verdict, const char *reason,
	const char *fmt, ...) TS_PRINTF(4, 5);
/* Encodes a value as a field of a record and keeps it in the row (token.h); a field that no longer
 * fits judges the row quarantined, "row_too_long", and returns "-". */
struct ts_str ts_row_token(struct ts_row *row, struct ts_str value);
/* The row's key: SHA-256 over the SHA-256 of each part, cut. At most TS_ROW_KEY_PARTS_MAX parts. */
#define TS_ROW_KEY_PARTS_MAX 8
void ts_row_set_key(struct ts_row *row, const struct ts_str *parts, size_t n);
/* A hash of what the row asserts: all of its uses. */
void ts_row_content(const struct ts_row *row, uint8_t out[TS_ROW_KEY_BYTES]);
/* Adds devices_milli over [start_ms, end_ms), of which billed_ms count. The other fields of *like
 * are copied. Judges the row quarantined when the quantity overflows or there are too many. */
void ts_row_add(
	struct ts_row *row, const struct ts_usage *like, int64_t devices_milli, int64_t billed_ms);

#endif
