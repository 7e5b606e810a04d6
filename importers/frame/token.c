/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/token.h"
#include "evidence/sha256.h"
#include <string.h>

#define HEAD_BYTES 47
#define HASH_BYTES 8

static bool plain(unsigned char c)
{
	return c >= 0x21 && c <= 0x7e && c != '\\' && c != '"' && c != '%';
}

size_t ts_token(struct ts_str value, char out[TS_TOKEN_BYTES_MAX + 1], bool *ascii)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;
	size_t head = 0; /* length of the longest whole-character prefix of at most HEAD_BYTES */
	bool whole = true;
	bool dash = value.len == 1 && value.at[0] == '-';
	unsigned char bits = 0;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		bits |= c;
		size_t need = plain(c) && !dash ? 1 : 3;
		if (n + need > TS_TOKEN_BYTES_MAX) {
			whole = false;
			break;
		}
		if (need == 1) {
			out[n++] = (char)c;
		} else {
			out[n++] = '%';
			out[n++] = digits[c >> 4];
			out[n++] = digits[c & 15];
		}
		if (n <= HEAD_BYTES)
			head = n;
	}
	for (size_t i = whole ? value.len : 0; i < value.len; i++)
		bits |= (unsigned char)value.at[i];
	*ascii = bits < 0x80;
	if (!whole) {
		struct ts_hash hash;
		ts_sha256(value.at, value.len, &hash);
		out[head] = '~';
		ts_text_hex(hash.b, HASH_BYTES, out + head + 1);
		return head + 1 + 2 * HASH_BYTES;
	}
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
	return n;
}
