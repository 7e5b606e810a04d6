/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_READER_H
#define TS_AUDIT_READER_H
/* Why: leaves and lines are read in order through one buffer, without an allocation per line. After
 * a jump the reader begins with little and doubles, so that many small uploads of many streams do
 * not read a megabyte each. */
#include "audit/source.h"
#include "base/region.h"
#include "base/text.h"

#define TS_READER_BYTES (1 << 20)
#define TS_READER_ITEM_MAX 65535 /* a leaf, or a line without its LF */

struct ts_reader {
	const struct ts_audit_source *source;
	int64_t offset; /* of the member in the source */
	int64_t size; /* of the member */
	int64_t next; /* position in the member behind what is buffered */
	char *buf; /* TS_READER_BYTES */
	size_t at, have, step;
};
/* An empty reader with its buffer. TS_E_NO_MEMORY. */
enum ts_err ts_reader_init(struct ts_reader *reader, const struct ts_audit_source *source,
	struct ts_region *region) TS_MUST;
/* Reads from `position` of a member of `size` bytes at `offset`. */
void ts_reader_open(struct ts_reader *reader, int64_t offset, int64_t size, int64_t position);
int64_t ts_reader_position(const struct ts_reader *reader); /* of the next item */
/* The next line without its LF, or leaf; borrowed until the next call. *more is false at the end.
 * TS_E_MALFORMED: no LF, longer than allowed, a leaf that the member ends in. */
enum ts_err ts_reader_line(struct ts_reader *reader, struct ts_str *line, bool *more) TS_MUST;
enum ts_err ts_reader_leaf(struct ts_reader *reader, struct ts_str *leaf, bool *more) TS_MUST;

#endif
