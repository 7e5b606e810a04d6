/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/row.h"
#include "base/num.h"
#include "importers/frame/token.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ts_row_reset(struct ts_row *row)
{
	row->verdict = TS_ROW_QUARANTINED;
	row->reason = "not_judged";
	row->detail[0] = '\0';
	row->more = false;
	row->repeatable = false;
	row->in_group = false;
	row->running = false;
	row->n = 0;
	row->text_len = 0;
}

const char *ts_row_verdict_name(enum ts_row_verdict verdict)
{
	static const char *const names[TS_ROW_VERDICTS] = {
		[TS_ROW_ACCEPTED] = "accepted",
		[TS_ROW_NOT_BILLABLE] = "not_billable",
		[TS_ROW_DUPLICATE] = "duplicate",
		[TS_ROW_SUPERSEDED] = "superseded",
		[TS_ROW_PENDING] = "pending",
		[TS_ROW_QUARANTINED] = "quarantined",
	};
	TS_ASSERT((size_t)verdict < TS_ROW_VERDICTS);
	return names[verdict];
}

void ts_row_judge(
	struct ts_row *row, enum ts_row_verdict verdict, const char *reason, const char *fmt, ...)
{
	row->verdict = verdict;
	row->reason = reason;
	if (verdict != TS_ROW_ACCEPTED)
		row->n = 0;
	va_list args;
	va_start(args, fmt);
	if (vsnprintf(row->detail, sizeof(row->detail), fmt, args) < 0)
		row->detail[0] = '\0';
	va_end(args);
	/* Details quote foreign bytes and end up on terminals and in line-oriented reports. */
	for (char *c = row->detail; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

void ts_row_accept(struct ts_row *row)
{
	row->verdict = TS_ROW_ACCEPTED;
	row->reason = "";
	row->detail[0] = '\0';
}

struct ts_str ts_row_token(struct ts_row *row, struct ts_str value)
{
	char *at = row->text + row->text_len;
	if (row->text_len + TS_TOKEN_BYTES_MAX + 1 > sizeof(row->text)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "row_too_long", "the row has too many names");
		return TS_STR("-");
	}
	bool ascii = true;
	size_t len = ts_token(value, at, &ascii);
	if (!ascii && !ts_text_utf8(value)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "not_utf8", "the name %.*s is not UTF-8",
			(int)len, at);
		return TS_STR("-");
	}
	row->text_len += len;
	return (struct ts_str){at, len};
}

/* Appends the part's length and bytes; false: no room. */
static bool put_part(char *text, size_t *len, struct ts_str part)
{
	if (part.len > 0xffff || *len + 2 + part.len > TS_ROW_KEY_TEXT_BYTES)
		return false;
	text[(*len)++] = (char)(part.len >> 8);
	text[(*len)++] = (char)(part.len & 0xff);
	if (part.len)
		memcpy(text + *len, part.at, part.len);
	*len += part.len;
	return true;
}

static void digest(const void *bytes, size_t len, uint8_t out[TS_ROW_KEY_BYTES])
{
	int failed = crypto_generichash_blake2b(out, TS_ROW_KEY_BYTES, bytes, len, NULL, 0);
	TS_ASSERT(failed == 0);
}

static void digest_parts(
	struct ts_row *row, const struct ts_str *parts, size_t n, uint8_t out[TS_ROW_KEY_BYTES])
{
	char text[TS_ROW_KEY_TEXT_BYTES];
	size_t len = 0;
	TS_ASSERT(n <= TS_ROW_KEY_PARTS_MAX);
	for (size_t i = 0; i < n; i++)
		if (!put_part(text, &len, parts[i])) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "row_too_long",
				"what the row is about takes more than %d bytes",
				TS_ROW_KEY_TEXT_BYTES);
			return;
		}
	digest(text, len, out);
}

void ts_row_set_key(struct ts_row *row, const struct ts_str *parts, size_t n)
{
	digest_parts(row, parts, n, row->key);
}

void ts_row_set_group(struct ts_row *row, const struct ts_str *parts, size_t n)
{
	row->in_group = true;
	digest_parts(row, parts, n, row->group);
}

#define USE_BYTES_MAX (4 * 8 + 5 * (2 + TS_RECORD_BYTES_MAX))

static size_t put_use(const struct ts_usage *use, char *text)
{
	const int64_t numbers[] = {use->start_ms, use->end_ms, use->devices_milli, use->quantity};
	const struct ts_str texts[] = {
		use->sku, use->class, use->workload, use->resource, use->account};
	size_t len = 0;
	for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
		for (int shift = 56; shift >= 0; shift -= 8)
			text[len++] = (char)((uint64_t)numbers[j] >> shift & 0xff);
	for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
		TS_ASSERT(texts[j].len <= TS_RECORD_BYTES_MAX);
		text[len++] = (char)(texts[j].len >> 8);
		text[len++] = (char)(texts[j].len & 0xff);
		memcpy(text + len, texts[j].at, texts[j].len);
		len += texts[j].len;
	}
	return len;
}

void ts_row_content(const struct ts_row *row, uint8_t out[TS_ROW_KEY_BYTES])
{
	char text[TS_ROW_USES_MAX * USE_BYTES_MAX];
	size_t len = 0;
	for (size_t i = 0; i < row->n; i++)
		len += put_use(&row->uses[i], text + len);
	digest(text, len, out);
}

void ts_row_use_content(const struct ts_usage *use, uint8_t out[TS_ROW_KEY_BYTES])
{
	char text[USE_BYTES_MAX];
	digest(text, put_use(use, text), out);
}

void ts_row_nth_key(const uint8_t key[TS_ROW_KEY_BYTES], int64_t n, uint8_t out[TS_ROW_KEY_BYTES])
{
	uint8_t bytes[TS_ROW_KEY_BYTES + 8];
	memcpy(bytes, key, TS_ROW_KEY_BYTES);
	for (int i = 0; i < 8; i++)
		bytes[TS_ROW_KEY_BYTES + i] = (uint8_t)((uint64_t)n >> (8 * i) & 0xff);
	digest(bytes, sizeof(bytes), out);
}

void ts_row_add(
	struct ts_row *row, const struct ts_usage *like, int64_t devices_milli, int64_t billed_ms)
{
	if (row->n == TS_ROW_USES_MAX) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "too_many_types",
			"more than %d device types in one allocation", TS_ROW_USES_MAX);
		return;
	}
	struct ts_usage *use = &row->uses[row->n];
	*use = *like;
	use->devices_milli = devices_milli;
	if (ts_mul64(devices_milli, billed_ms, &use->quantity) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "quantity_overflow",
			"%lld thousandths of a device over %lld ms", (long long)devices_milli,
			(long long)billed_ms);
		return;
	}
	row->n++;
}
