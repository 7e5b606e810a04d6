/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_TOKEN_H
#define TS_IMPORTERS_FRAME_TOKEN_H
/* Why: a field of a record holds bytes 0x21-0x7E without backslash and double quote; names in the
 * field hold anything. One rule, so that the same name is always the same field:
 *   empty -> "-"; "-" -> "%2D"; a byte outside the set, and "%", -> "%XX" (upper-case hex);
 *   longer than 64 bytes after that -> its first 47, "~", 16 hex digits of SHA-256 of the name. */
#include "base/text.h"

#define TS_TOKEN_BYTES_MAX 64

/* Writes the field and a NUL; returns its length. *ascii: the value has no byte over 0x7f. */
size_t ts_token(struct ts_str value, char out[TS_TOKEN_BYTES_MAX + 1], bool *ascii);

#endif
