/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/reader.h"
#include <string.h>

#define STEP_FIRST (64 << 10)

_Static_assert(TS_READER_BYTES > TS_READER_ITEM_MAX + STEP_FIRST, "an item and a step fit");

enum ts_err ts_reader_init(
	struct ts_reader *reader, const struct ts_audit_source *source, struct ts_region *region)
{
	*reader = (struct ts_reader){.source = source};
	reader->buf = ts_region_alloc(region, TS_READER_BYTES);
	return reader->buf != NULL ? TS_OK : TS_E_NO_MEMORY;
}

void ts_reader_open(struct ts_reader *reader, int64_t offset, int64_t size, int64_t position)
{
	reader->offset = offset;
	reader->size = size;
	reader->next = position;
	reader->at = reader->have = 0;
	reader->step = STEP_FIRST;
}

int64_t ts_reader_position(const struct ts_reader *reader)
{
	return reader->next - (int64_t)(reader->have - reader->at);
}

/* Moves what is left to the front and reads more behind it; *grew is false at the member's end. */
static enum ts_err fill(struct ts_reader *r, bool *grew)
{
	size_t left = r->have - r->at;
	if (r->at > 0 && left > 0)
		memmove(r->buf, r->buf + r->at, left);
	r->at = 0;
	r->have = left;
	size_t room = TS_READER_BYTES - left;
	size_t n = r->step < room ? r->step : room;
	if ((int64_t)n > r->size - r->next)
		n = (size_t)(r->size - r->next);
	*grew = n > 0;
	if (n == 0)
		return TS_OK;
	TS_TRY(r->source->read(r->source->ctx, r->offset + r->next, r->buf + left, n));
	r->have += n;
	r->next += (int64_t)n;
	if (r->step < TS_READER_BYTES)
		r->step *= 2;
	return TS_OK;
}

enum ts_err ts_reader_line(struct ts_reader *reader, struct ts_str *line, bool *more)
{
	size_t looked = 0;
	for (;;) {
		const char *from = reader->buf + reader->at;
		size_t left = reader->have - reader->at;
		const char *lf = left > looked ? memchr(from + looked, '\n', left - looked) : NULL;
		bool grew = false;
		if (lf != NULL) {
			*line = (struct ts_str){from, (size_t)(lf - from)};
			reader->at += line->len + 1;
			*more = true;
			return line->len <= TS_READER_ITEM_MAX ? TS_OK : TS_E_MALFORMED;
		}
		if (left > TS_READER_ITEM_MAX)
			return TS_E_MALFORMED;
		looked = left;
		TS_TRY(fill(reader, &grew));
		if (grew)
			continue;
		*more = false;
		return left == 0 ? TS_OK : TS_E_MALFORMED;
	}
}

enum ts_err ts_reader_leaf(struct ts_reader *reader, struct ts_str *leaf, bool *more)
{
	for (;;) {
		const unsigned char *from = (const unsigned char *)reader->buf + reader->at;
		size_t left = reader->have - reader->at;
		size_t len = left >= 2 ? (size_t)from[0] << 8 | from[1] : 0;
		bool grew = false;
		if (left >= 2 && left - 2 >= len) {
			*leaf = (struct ts_str){reader->buf + reader->at + 2, len};
			reader->at += len + 2;
			*more = true;
			return TS_OK;
		}
		TS_TRY(fill(reader, &grew));
		if (grew)
			continue;
		*more = false;
		return left == 0 ? TS_OK : TS_E_MALFORMED;
	}
}
