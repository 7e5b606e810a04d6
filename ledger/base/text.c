/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include <sodium.h>
#include <string.h>

struct ts_str ts_str(const char *cstr)
{
	return (struct ts_str){cstr, strlen(cstr)};
}

bool ts_str_eq(struct ts_str a, struct ts_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool ts_str_is(struct ts_str a, const char *cstr)
{
	return ts_str_eq(a, ts_str(cstr));
}

int ts_str_cmp(struct ts_str a, struct ts_str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
	if (order != 0)
		return order < 0 ? -1 : 1;
	return a.len < b.len ? -1 : a.len > b.len;
}

struct ts_str ts_str_cut(struct ts_str *rest, char sep)
{
	struct ts_str all = *rest;
	const char *end = all.len == 0 ? NULL : memchr(all.at, sep, all.len);
	if (!end) {
		*rest = (struct ts_str){NULL, 0};
		return all;
	}
	size_t before = (size_t)(end - all.at);
	*rest = (struct ts_str){end + 1, all.len - before - 1};
	return (struct ts_str){all.at, before};
}

bool ts_str_line(struct ts_str *rest, struct ts_str *line)
{
	if (rest->len == 0)
		return false;
	const char *end = memchr(rest->at, '\n', rest->len);
	if (!end)
		return false;
	size_t before = (size_t)(end - rest->at);
	*line = (struct ts_str){rest->at, before};
	*rest = (struct ts_str){end + 1, rest->len - before - 1};
	return true;
}

enum ts_err ts_text_u63(struct ts_str text, int64_t *out)
{
	if (text.len == 0)
		return TS_E_MALFORMED;
	if (text.at[0] == '0' && text.len > 1)
		return TS_E_MALFORMED;
	int64_t v = 0;
	bool over = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (c < '0' || c > '9')
			return TS_E_MALFORMED;
		over = over || __builtin_mul_overflow(v, 10, &v) ||
		       __builtin_add_overflow(v, c - '0', &v);
	}
	if (over)
		return TS_E_RANGE;
	*out = v;
	return TS_OK;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

enum ts_err ts_text_unhex(struct ts_str text, uint8_t *out, size_t out_len)
{
	if (text.len % 2 != 0 || text.len / 2 != out_len)
		return TS_E_MALFORMED;
	for (size_t i = 0; i < text.len; i++) {
		if (nibble(text.at[i]) < 0)
			return TS_E_MALFORMED;
	}
	for (size_t i = 0; i < out_len; i++)
		out[i] = (uint8_t)(nibble(text.at[2 * i]) * 16 + nibble(text.at[2 * i + 1]));
	return TS_OK;
}

void ts_text_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

enum ts_err ts_text_unbase64(struct ts_str text, uint8_t *out, size_t out_max, size_t *out_len)
{
	if (text.len % 4 != 0)
		return TS_E_MALFORMED;
	if (text.len == 0) {
		*out_len = 0;
		return TS_OK;
	}
	size_t padding = 0;
	while (padding < 2 && text.at[text.len - 1 - padding] == '=')
		padding++;
	if (text.len / 4 * 3 - padding > out_max)
		return TS_E_LIMIT;
	/* The library takes a char for an int: where char is signed, some bytes above 0x7E pass as
	 * digits.
	 */
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.at[i] & 0x80) != 0)
			return TS_E_MALFORMED;
	size_t len = 0;
	if (sodium_base642bin(out, out_max, text.at, text.len, NULL, &len, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0)
		return TS_E_MALFORMED;
	*out_len = len;
	return TS_OK;
}

void ts_text_base64(const uint8_t *bytes, size_t len, char *out)
{
	sodium_bin2base64(out, TS_BASE64_LEN(len) + 1, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

/* The length of the well-formed sequence (Unicode table 3-7) at the start of p, 0 if there is none.
 */
static size_t utf8_sequence(const unsigned char *p, size_t len)
{
	unsigned char lead = p[0];
	if (lead < 0x80)
		return lead != 0;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool ts_text_utf8(struct ts_str text)
{
	const unsigned char *p = (const unsigned char *)text.at;
	size_t i = 0;
	while (i < text.len) {
		size_t n = utf8_sequence(p + i, text.len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
