/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_TEXT_H
#define TS_BASE_TEXT_H
/* Why: slices of input and the few codecs that signed text needs; one value has one spelling, so
 * every decoder here refuses anything that its encoder would not have written. */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed slice; not NUL terminated. */
struct ts_str {
	const char *at;
	size_t len;
};
#define TS_STR(literal) ((struct ts_str){(literal), sizeof(literal) - 1})
struct ts_str ts_str(const char *cstr);
bool ts_str_eq(struct ts_str a, struct ts_str b);
bool ts_str_is(struct ts_str a, const char *cstr);
int ts_str_cmp(struct ts_str a, struct ts_str b); /* by bytes, shorter first on a tie */
/* Cuts *rest at the first sep: returns what is before it, *rest = what is behind. When sep is
 * absent the whole rest is returned, *rest becomes empty with at == NULL. */
struct ts_str ts_str_cut(struct ts_str *rest, char sep);
/* Takes the next LF-terminated line without its LF; false when no LF is left (rest unchanged). */
bool ts_str_line(struct ts_str *rest, struct ts_str *line);

/* `0|[1-9][0-9]*`, at most 9223372036854775807 (2-evidence.md). */
enum ts_err ts_text_u63(struct ts_str text, int64_t *out) TS_MUST;
/* Lower-case hex, exactly out_len bytes. */
enum ts_err ts_text_unhex(struct ts_str text, uint8_t *out, size_t out_len) TS_MUST;
void ts_text_hex(const uint8_t *bytes, size_t len, char *out); /* writes 2*len + NUL */
/* RFC 4648 s.4 base64, padded, canonical (libsodium, nothing ignored). */
enum ts_err ts_text_unbase64(
	struct ts_str text, uint8_t *out, size_t out_max, size_t *out_len) TS_MUST;
#define TS_BASE64_LEN(n) ((((n) + 2) / 3) * 4)
void ts_text_base64(const uint8_t *bytes, size_t len, char *out); /* TS_BASE64_LEN(len) + NUL */
bool ts_text_utf8(struct ts_str text); /* valid UTF-8, no NUL */

#endif
