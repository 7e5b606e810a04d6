/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/carried.h"
#include <string.h>

static void put_hashes(struct ts_buf *out, const char *name, const struct ts_hash *list, size_t n)
{
	char text[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_buf_printf(out, "%s ", name);
	for (size_t i = 0; i < n; i++) {
		ts_text_base64(list[i].b, TS_HASH_BYTES, text);
		ts_buf_printf(out, "%s%s", i > 0 ? "," : "", text);
	}
	ts_buf_puts(out, n == 0 ? "-\n" : "\n");
}

void ts_carried_format(const struct ts_carried *c, struct ts_buf *out)
{
	char text[TS_READER_ITEM_MAX + 1];
	TS_ASSERT(TS_BASE64_LEN(c->bytes.len) < sizeof text);
	ts_buf_printf(out, "upload %lld %lld %lld\n", (long long)c->leaf, (long long)c->first,
		(long long)c->end);
	put_hashes(out, "range", c->range.hashes, (size_t)ts_range_count(&c->range));
	ts_text_base64((const uint8_t *)c->bytes.at, c->bytes.len, text);
	ts_buf_printf(out, "leaf %s\n", text);
	put_hashes(out, "path", c->path.hashes, c->path.n);
	ts_buf_putc(out, '\n');
}

/* The next line, behind its first word. */
static enum ts_err field(struct ts_reader *reader, const char *name, struct ts_str *out)
{
	bool more = false;
	TS_TRY(ts_reader_line(reader, out, &more));
	return more && ts_str_is(ts_str_cut(out, ' '), name) && out->at != NULL ? TS_OK
										: TS_E_MALFORMED;
}

static enum ts_err numbers(struct ts_reader *reader, struct ts_carried *out)
{
	struct ts_str line;
	TS_TRY(field(reader, "upload", &line));
	TS_TRY(ts_text_u63(ts_str_cut(&line, ' '), &out->leaf));
	if (line.at == NULL)
		return TS_E_MALFORMED;
	TS_TRY(ts_text_u63(ts_str_cut(&line, ' '), &out->first));
	if (line.at == NULL)
		return TS_E_MALFORMED;
	TS_TRY(ts_text_u63(line, &out->end));
	return out->first < out->end ? TS_OK : TS_E_MALFORMED;
}

static enum ts_err hashes(
	struct ts_reader *reader, const char *name, struct ts_hash *out, size_t *n)
{
	struct ts_str line;
	size_t len = 0;
	*n = 0;
	TS_TRY(field(reader, name, &line));
	if (ts_str_is(line, "-"))
		return TS_OK;
	while (line.at != NULL) {
		if (*n == TS_MERKLE_HASHES_MAX ||
			ts_text_unbase64(ts_str_cut(&line, ','), out[*n].b, TS_HASH_BYTES, &len) !=
				TS_OK ||
			len != TS_HASH_BYTES)
			return TS_E_MALFORMED;
		++*n;
	}
	return TS_OK;
}

static enum ts_err read_head(
	struct ts_reader *reader, struct ts_region *region, struct ts_carried *out)
{
	struct ts_str line;
	size_t n = 0;
	bool more = false;
	TS_TRY(numbers(reader, out));
	ts_range_init(&out->range);
	out->range.size = out->first;
	TS_TRY(hashes(reader, "range", out->range.hashes, &n));
	if (n != (size_t)ts_range_count(&out->range))
		return TS_E_MALFORMED;
	TS_TRY(field(reader, "leaf", &line));
	uint8_t *bytes = ts_region_alloc(region, line.len + 1);
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_text_unbase64(line, bytes, line.len, &out->bytes.len));
	out->bytes.at = (const char *)bytes;
	TS_TRY(hashes(reader, "path", out->path.hashes, &out->path.n));
	TS_TRY(ts_reader_line(reader, &line, &more));
	return more && line.len == 0 ? TS_OK : TS_E_MALFORMED;
}

enum ts_err ts_carried_read(
	struct ts_reader *reader, struct ts_region *region, struct ts_carried *out)
{
	enum ts_err err = read_head(reader, region, out);
	return err == TS_E_RANGE || err == TS_E_INVALID || err == TS_E_OVERFLOW ? TS_E_MALFORMED
										: err;
}
