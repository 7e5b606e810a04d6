/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/statement_text.h"

#include "base/time.h"

#include <string.h>

#define TIME_MS_MAX (TS_TIME_MAX / TS_US_PER_MS)

void ts_read_fail(struct ts_reader *r, enum ts_err err, const char *rule)
{
	if (r->err != TS_OK)
		return;
	r->err = ts_why(r->why, err, r->name, "%s: %s", r->name, rule);
}

void ts_read_begin(struct ts_reader *r, struct ts_str text, const char *format, struct ts_why *why)
{
	struct ts_str line;
	*r = (struct ts_reader){.rest = text, .name = "format", .err = TS_OK, .why = why};
	if (text.len > TS_STATEMENT_BYTES_MAX)
		ts_read_fail(r, TS_E_LIMIT, "the text is over 16384 bytes");
	else if (!ts_str_line(&r->rest, &line) || !ts_str_is(line, format))
		ts_read_fail(r, TS_E_MALFORMED, "the first line names another format");
}

/* Enters the line `name ...`. */
void ts_read_enter(struct ts_reader *r, const char *name)
{
	if (r->err != TS_OK)
		return;
	r->name = name;
	size_t len = strlen(name);
	struct ts_str line;
	if (!ts_str_line(&r->rest, &line) || line.len <= len + 1 ||
		memcmp(line.at, name, len) != 0 || line.at[len] != ' ') {
		ts_read_fail(r, TS_E_MALFORMED, "this line is not here, where it belongs");
		return;
	}
	r->values = (struct ts_str){line.at + len + 1, line.len - len - 1};
}

/* The current line must be used up. */
void ts_read_leave(struct ts_reader *r)
{
	if (r->err == TS_OK && r->values.at != NULL)
		ts_read_fail(r, TS_E_MALFORMED, "more values than the line has");
}

/* One value: bytes 0x21-0x7E. */
struct ts_str ts_read_word(struct ts_reader *r)
{
	struct ts_str none = {NULL, 0};
	if (r->err != TS_OK)
		return none;
	struct ts_str v = r->values.at == NULL ? none : ts_str_cut(&r->values, ' ');
	if (v.len == 0) {
		ts_read_fail(r, TS_E_MALFORMED, "a value is missing");
		return none;
	}
	for (size_t i = 0; i < v.len; i++) {
		if ((unsigned char)v.at[i] <= 0x20 || (unsigned char)v.at[i] >= 0x7f) {
			ts_read_fail(r, TS_E_MALFORMED, "a value has a byte outside 0x21-0x7e");
			return none;
		}
	}
	return v;
}

bool ts_read_dash(struct ts_reader *r)
{
	if (r->err != TS_OK || !ts_str_is(r->values, "-"))
		return false;
	r->values = (struct ts_str){NULL, 0};
	return true;
}

int64_t ts_read_integer(struct ts_reader *r)
{
	int64_t v = 0;
	struct ts_str text = ts_read_word(r);
	if (r->err == TS_OK && ts_text_u63(text, &v) != TS_OK)
		ts_read_fail(r, TS_E_MALFORMED, "not an integer without leading zeros");
	return v;
}

int64_t ts_read_instant(struct ts_reader *r)
{
	int64_t v = ts_read_integer(r);
	if (r->err == TS_OK && v > TIME_MS_MAX)
		ts_read_fail(r, TS_E_INVALID, "an instant after the year 9999");
	return v;
}

int32_t ts_read_date(struct ts_reader *r)
{
	int32_t day = 0;
	struct ts_str text = ts_read_word(r);
	if (r->err == TS_OK && ts_date_parse(text, &day) != TS_OK)
		ts_read_fail(r, TS_E_MALFORMED, "not a date YYYY-MM-DD");
	return day;
}

struct ts_hash ts_read_hash(struct ts_reader *r)
{
	struct ts_hash h = {{0}};
	struct ts_str text = ts_read_word(r);
	if (r->err == TS_OK && ts_text_unhex(text, h.b, TS_HASH_BYTES) != TS_OK)
		ts_read_fail(r, TS_E_MALFORMED, "not 64 lower-case hex digits");
	return h;
}

struct ts_str ts_read_contract_line(struct ts_reader *r)
{
	ts_read_enter(r, "contract");
	struct ts_str id = ts_read_word(r);
	ts_read_leave(r);
	if (r->err == TS_OK && ts_contract_id_check(id, NULL) != TS_OK)
		ts_read_fail(r, TS_E_MALFORMED, "a contract id has 32 lower-case hex digits");
	return id;
}

int64_t ts_read_integer_line(struct ts_reader *r, const char *name)
{
	ts_read_enter(r, name);
	int64_t v = ts_read_integer(r);
	ts_read_leave(r);
	return v;
}

int64_t ts_read_instant_line(struct ts_reader *r, const char *name)
{
	ts_read_enter(r, name);
	int64_t v = ts_read_instant(r);
	ts_read_leave(r);
	return v;
}

int32_t ts_read_date_line(struct ts_reader *r, const char *name)
{
	ts_read_enter(r, name);
	int32_t day = ts_read_date(r);
	ts_read_leave(r);
	return day;
}

struct ts_str ts_read_word_line(struct ts_reader *r, const char *name)
{
	ts_read_enter(r, name);
	struct ts_str v = ts_read_word(r);
	ts_read_leave(r);
	return v;
}

enum ts_side ts_read_side_line(struct ts_reader *r, const char *name)
{
	struct ts_str side = ts_read_word_line(r, name);
	if (ts_str_is(side, "consumer"))
		return TS_SIDE_CONSUMER;
	if (!ts_str_is(side, "provider"))
		ts_read_fail(r, TS_E_MALFORMED, "neither provider nor consumer");
	return TS_SIDE_PROVIDER;
}

void ts_read_require(struct ts_reader *r, bool ok, const char *name, const char *rule)
{
	if (r->err != TS_OK || ok)
		return;
	r->name = name;
	ts_read_fail(r, TS_E_INVALID, rule);
}

enum ts_err ts_read_end(struct ts_reader *r)
{
	if (r->err == TS_OK && r->rest.len != 0) {
		r->name = "end";
		ts_read_fail(r, TS_E_MALFORMED, "more lines than the format has");
	}
	return r->err;
}

/* `name FROM TO|-`, FROM < TO. */
void ts_read_interval_line(struct ts_reader *r, const char *name, int64_t *from_ms, int64_t *to_ms)
{
	ts_read_enter(r, name);
	*from_ms = ts_read_instant(r);
	*to_ms = ts_read_dash(r) ? TS_OPEN_MS : ts_read_instant(r);
	ts_read_leave(r);
	ts_read_require(r, *from_ms < *to_ms, name, "the end is not after the start");
}

/* The rest of the line `name ...`: words with spaces, 1 to 200 bytes of UTF-8 without control
 * bytes. */
struct ts_str ts_read_reason_line(struct ts_reader *r, const char *name)
{
	ts_read_enter(r, name);
	struct ts_str text = r->err == TS_OK ? r->values : (struct ts_str){NULL, 0};
	ts_read_require(r, text.len <= TS_STATEMENT_REASON_MAX && ts_text_utf8(text), name,
		"it is over 200 bytes or not UTF-8");
	return text;
}

struct ts_hash ts_read_root(struct ts_reader *r)
{
	struct ts_hash root = {{0}};
	struct ts_str text = ts_read_word(r);
	size_t len = 0;
	if (r->err == TS_OK && (ts_text_unbase64(text, root.b, TS_HASH_BYTES, &len) != TS_OK ||
				       len != TS_HASH_BYTES))
		ts_read_fail(r, TS_E_MALFORMED, "the root is not the canonical base64 of 32 bytes");
	return root;
}

void ts_write_text_line(struct ts_buf *out, const char *name, struct ts_str value)
{
	ts_buf_printf(out, "%s ", name);
	ts_buf_put(out, value.at, value.len);
	ts_buf_putc(out, '\n');
}

void ts_write_integer_line(struct ts_buf *out, const char *name, int64_t v)
{
	ts_buf_printf(out, "%s %lld\n", name, (long long)v);
}

void ts_write_hash_line(struct ts_buf *out, const char *name, const struct ts_hash *hash)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(hash->b, TS_HASH_BYTES, hex);
	ts_buf_printf(out, "%s %s\n", name, hex);
}

void ts_write_date_line(struct ts_buf *out, const char *name, int32_t day)
{
	char text[TS_TIME_CHARS];
	ts_buf_printf(out, "%s %s\n", name, ts_date_format(day, text));
}

void ts_write_interval_line(struct ts_buf *out, const char *name, int64_t from_ms, int64_t to_ms)
{
	if (to_ms == TS_OPEN_MS)
		ts_buf_printf(out, "%s %lld -\n", name, (long long)from_ms);
	else
		ts_buf_printf(out, "%s %lld %lld\n", name, (long long)from_ms, (long long)to_ms);
}

struct ts_str ts_written(const struct ts_buf *out, size_t before)
{
	return (struct ts_str){out->data + before, out->len - before};
}

enum ts_err ts_write_settle(struct ts_buf *out, size_t before, enum ts_err err)
{
	if (err != TS_OK && out->err == TS_OK)
		out->len = before;
	return err;
}

enum ts_err ts_write_full(const struct ts_buf *out, struct ts_why *why)
{
	if (out->err == TS_OK)
		return TS_OK;
	return ts_why(why, out->err, "statement", "the text does not fit its buffer");
}

void ts_write_root(struct ts_buf *out, const struct ts_hash *root)
{
	char text[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_text_base64(root->b, TS_HASH_BYTES, text);
	ts_buf_puts(out, text);
}
