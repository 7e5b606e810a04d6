/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/record.h"

#include "base/num.h"
#include "base/time.h"

#include <string.h>

#define TIME_MS_MAX (TS_TIME_MAX / TS_US_PER_MS)

/* The line's bytes not yet read. `reason` sticks: the first failure is the one that is told, and
 * readers behind it do nothing. */
struct cursor {
	const char *at;
	const char *end;
	const char *reason;
};

static const char TOO_FEW[] = "fewer fields than the tag has";
static const char BAD_BYTE[] =
	"a field has a byte other than 0x21-0x7e without backslash and quote";
static const char BAD_INTEGER[] = "an integer is not spelt as 0 or digits without a leading zero";

/* 0x21-0x7E without '"' and '\\', as a bit set. */
static bool is_text(unsigned char c)
{
	static const uint64_t allowed[4] = {
		UINT64_C(0xfffffffa00000000), UINT64_C(0x7fffffffefffffff), 0, 0};
	return (allowed[c >> 6] >> (c & 63) & 1) != 0;
}

static void fail(struct cursor *cur, const char *reason)
{
	if (cur->reason == NULL)
		cur->reason = reason;
	cur->at = cur->end;
}

/* Steps over the TAB before the next field. */
static bool next_field(struct cursor *cur)
{
	if (cur->at == cur->end) {
		fail(cur, TOO_FEW);
		return false;
	}
	cur->at++; /* readers stop only at a TAB or at the end */
	return true;
}

static struct ts_str read_text(struct cursor *cur)
{
	struct ts_str out = {NULL, 0};
	if (!next_field(cur))
		return out;
	const char *from = cur->at;
	const char *at = from;
	while (at != cur->end && is_text((unsigned char)*at))
		at++;
	if (at != cur->end && *at != '\t')
		fail(cur, BAD_BYTE);
	else if (at == from)
		fail(cur, "an empty field (empty is written as -)");
	else
		cur->at = at;
	return (struct ts_str){from, (size_t)(at - from)};
}

static int64_t read_int(struct cursor *cur)
{
	if (!next_field(cur))
		return 0;
	const char *at = cur->at;
	int64_t v = 0;
	int digits = 0;
	for (; at != cur->end && *at >= '0' && *at <= '9'; at++, digits++) {
		/* 18 digits cannot overflow: only a 19th needs the check. */
		if (digits < 18)
			v = v * 10 + (*at - '0');
		else if (__builtin_mul_overflow(v, 10, &v) ||
			 __builtin_add_overflow(v, *at - '0', &v)) {
			fail(cur, "an integer is over 9223372036854775807");
			return 0;
		}
	}
	if (digits == 0 || (*cur->at == '0' && digits > 1) || (at != cur->end && *at != '\t')) {
		fail(cur, BAD_INTEGER);
		return 0;
	}
	cur->at = at;
	return v;
}

static const char *span_reason(int64_t start_ms, int64_t end_ms)
{
	if (end_ms <= start_ms)
		return "end is not after start";
	if (end_ms > TIME_MS_MAX)
		return "end is after the year 9999";
	if (end_ms - start_ms > TS_RECORD_SPAN_MS_MAX)
		return "start and end are more than 31 days apart";
	return NULL;
}

static const char *read_genesis(struct cursor *cur, struct ts_genesis *out)
{
	out->origin = read_text(cur);
	struct ts_str hex = read_text(cur);
	out->created_ms = read_int(cur);
	if (cur->reason != NULL)
		return NULL;
	if (ts_text_unhex(hex, out->contract_note.b, TS_HASH_BYTES) != TS_OK)
		fail(cur, "the contract hash is not 64 lower-case hex digits");
	if (out->created_ms > TIME_MS_MAX)
		return "created_ms is after the year 9999";
	return NULL;
}

static const char *read_usage(struct cursor *cur, struct ts_usage *out)
{
	out->start_ms = read_int(cur);
	out->end_ms = read_int(cur);
	out->sku = read_text(cur);
	out->devices_milli = read_int(cur);
	out->quantity = read_int(cur);
	out->class = read_text(cur);
	out->workload = read_text(cur);
	out->resource = read_text(cur);
	out->account = read_text(cur);
	if (cur->reason != NULL)
		return NULL;
	const char *reason = span_reason(out->start_ms, out->end_ms);
	if (reason != NULL)
		return reason;
	if (ts_str_is(out->sku, "-"))
		return "the sku is empty";
	if (out->devices_milli > 0 &&
		out->quantity > (ts_i128)out->devices_milli * (out->end_ms - out->start_ms))
		return "quantity is over devices_milli * (end_ms - start_ms)";
	return NULL;
}

static const char *read_close(struct cursor *cur, struct ts_close *out)
{
	out->start_ms = read_int(cur);
	out->end_ms = read_int(cur);
	out->sku = read_text(cur);
	out->first = read_int(cur);
	out->count = read_int(cur);
	out->quantity_sum = read_int(cur);
	if (cur->reason != NULL)
		return NULL;
	const char *reason = span_reason(out->start_ms, out->end_ms);
	if (reason != NULL)
		return reason;
	if (out->count == 0 && out->quantity_sum != 0)
		return "a sum without lines";
	if (out->count > 0 && ts_str_is(out->sku, "-"))
		return "the sku is empty in a close that counts lines";
	return NULL;
}

static const char *read_reversal(struct cursor *cur, struct ts_reversal *out)
{
	out->origin = read_text(cur);
	out->index = read_int(cur);
	out->reason = read_text(cur);
	return NULL;
}

/* Reads the fields; grammar failures stick in cur, a failure of meaning is returned. */
static const char *read_fields(struct cursor *cur, char tag, struct ts_record *out)
{
	switch (tag) {
	case 'u':
		out->tag = TS_RECORD_USAGE;
		return read_usage(cur, &out->usage);
	case 'c':
		out->tag = TS_RECORD_CLOSE;
		return read_close(cur, &out->close);
	case 'r':
		out->tag = TS_RECORD_REVERSAL;
		return read_reversal(cur, &out->reversal);
	case 'g':
		out->tag = TS_RECORD_GENESIS;
		return read_genesis(cur, &out->genesis);
	default:
		fail(cur, "an unknown tag");
		return NULL;
	}
}

enum ts_err ts_record_parse(struct ts_str line, struct ts_record *out, const char **reason)
{
	if (line.len > TS_RECORD_BYTES_MAX) {
		*reason = "the line is over 1024 bytes";
		return TS_E_MALFORMED;
	}
	if (line.len < 3 || line.at[1] != '1' || line.at[2] != '\t') {
		*reason = line.len == 0 ? "an empty line" : "an unknown tag";
		return TS_E_MALFORMED;
	}
	struct cursor cur = {line.at + 2, line.at + line.len, NULL};
	struct ts_record record;
	const char *meaning = read_fields(&cur, line.at[0], &record);
	if (cur.reason == NULL && cur.at != cur.end)
		fail(&cur, "more fields than the tag has");
	if (cur.reason != NULL) {
		*reason = cur.reason;
		return TS_E_MALFORMED;
	}
	if (meaning != NULL) {
		*reason = meaning;
		return TS_E_INVALID;
	}
	*out = record;
	return TS_OK;
}

/* The origin without its generation: up to the last '/'. */
static struct ts_str agent_of(struct ts_str origin)
{
	size_t len = origin.len;
	while (len > 0 && origin.at[len - 1] != '/')
		len--;
	return (struct ts_str){origin.at, len};
}

static const char *place_reason(const struct ts_record *record, struct ts_str origin, int64_t index,
	const struct ts_hash *contract_note)
{
	if ((record->tag == TS_RECORD_GENESIS) != (index == 0))
		return index == 0 ? "the first line of a stream is not g1"
				  : "g1 after the first line of a stream";
	switch (record->tag) {
	case TS_RECORD_GENESIS:
		if (!ts_str_eq(record->genesis.origin, origin))
			return "g1 names another origin";
		if (contract_note != NULL &&
			!ts_hash_eq(&record->genesis.contract_note, contract_note))
			return "g1 names another contract statement";
		return NULL;
	case TS_RECORD_USAGE:
		return NULL;
	case TS_RECORD_CLOSE:
		if (record->close.first > index)
			return "c1 counts from a line behind itself";
		if (record->close.count > index - record->close.first)
			return "c1 counts more lines than there are";
		return NULL;
	case TS_RECORD_REVERSAL:
		if (!ts_str_eq(agent_of(record->reversal.origin), agent_of(origin)))
			return "r1 names a line of another agent";
		if (ts_str_eq(record->reversal.origin, origin) && record->reversal.index >= index)
			return "r1 names a line behind itself";
		return NULL;
	}
	return NULL;
}

enum ts_err ts_record_place(const struct ts_record *record, struct ts_str origin, int64_t index,
	const struct ts_hash *contract_note, const char **reason)
{
	TS_ASSERT(index >= 0);
	const char *found = place_reason(record, origin, index, contract_note);
	if (found == NULL)
		return TS_OK;
	*reason = found;
	return TS_E_INVALID;
}

static void put_text(struct ts_buf *out, struct ts_str text)
{
	ts_buf_putc(out, '\t');
	ts_buf_put(out, text.at, text.len);
}

/* By hand: a line has four of them, and printf takes longer than all else of it. */
static void put_int(struct ts_buf *out, int64_t v)
{
	char text[24];
	size_t at = sizeof(text);
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	do {
		text[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (v < 0)
		text[--at] = '-';
	text[--at] = '\t';
	ts_buf_put(out, text + at, sizeof(text) - at);
}

static void put_usage(const struct ts_usage *usage, struct ts_buf *out)
{
	ts_buf_puts(out, "u1");
	put_int(out, usage->start_ms);
	put_int(out, usage->end_ms);
	put_text(out, usage->sku);
	put_int(out, usage->devices_milli);
	put_int(out, usage->quantity);
	put_text(out, usage->class);
	put_text(out, usage->workload);
	put_text(out, usage->resource);
	put_text(out, usage->account);
}

static void put_close(const struct ts_close *close, struct ts_buf *out)
{
	ts_buf_puts(out, "c1");
	put_int(out, close->start_ms);
	put_int(out, close->end_ms);
	put_text(out, close->sku);
	put_int(out, close->first);
	put_int(out, close->count);
	put_int(out, close->quantity_sum);
}

static void put_record(const struct ts_record *record, struct ts_buf *out)
{
	char hex[2 * TS_HASH_BYTES + 1];
	switch (record->tag) {
	case TS_RECORD_GENESIS:
		ts_text_hex(record->genesis.contract_note.b, TS_HASH_BYTES, hex);
		ts_buf_puts(out, "g1");
		put_text(out, record->genesis.origin);
		put_text(out, ts_str(hex));
		put_int(out, record->genesis.created_ms);
		break;
	case TS_RECORD_USAGE:
		put_usage(&record->usage, out);
		break;
	case TS_RECORD_CLOSE:
		put_close(&record->close, out);
		break;
	case TS_RECORD_REVERSAL:
		ts_buf_puts(out, "r1");
		put_text(out, record->reversal.origin);
		put_int(out, record->reversal.index);
		put_text(out, record->reversal.reason);
		break;
	}
}

enum ts_err ts_record_format(
	const struct ts_record *record, struct ts_buf *out, const char **reason)
{
	size_t before = out->len;
	put_record(record, out);
	if (out->err != TS_OK) {
		*reason = "the output is full";
		return out->err;
	}
	struct ts_record again;
	struct ts_str line = {out->data + before, out->len - before};
	if (ts_record_parse(line, &again, reason) != TS_OK) {
		out->len = before;
		return TS_E_INVALID;
	}
	TS_ASSERT(again.tag == record->tag);
	return TS_OK;
}
