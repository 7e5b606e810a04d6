/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_INPUT_H
#define TS_IMPORTERS_FRAME_INPUT_H
/* Why: the bytes of a file, whatever it is wrapped in: gzip is seen from its first bytes and
 * inflated on the way (a truncated file and a bomb are errors), a byte order mark is dropped,
 * UTF-16 is refused. Memory is two blocks, however large the file. */
#include "base/text.h"
#include <stdio.h>

#define TS_INPUT_BLOCK_BYTES 131072
/* A table compresses 5 to 40 times; the format's own limit is 1,032. Over this, past the first
 * 64 MiB, somebody means harm. */
#define TS_INPUT_RATIO_MAX 250
#define TS_INPUT_BOMB_FLOOR_BYTES (INT64_C(64) << 20)

struct ts_input;
/* The file is borrowed and stays open. */
enum ts_err ts_input_open(FILE *file, struct ts_input **out, struct ts_why *why) TS_MUST;
/* Bytes in memory (borrowed), as they are. */
enum ts_err ts_input_memory(struct ts_str bytes, struct ts_input **out) TS_MUST;
void ts_input_close(struct ts_input *input); /* NULL is allowed */
/* What comes next, without taking it: at least one byte unless the input ended, and the first 512
 * bytes when it has them. */
enum ts_err ts_input_peek(struct ts_input *input, struct ts_str *out, struct ts_why *why) TS_MUST;
/* Up to cap bytes; *n 0: the end. TS_E_IO, TS_E_MALFORMED (truncated or damaged gzip), TS_E_LIMIT
 * (a bomb). */
enum ts_err ts_input_read(
	struct ts_input *input, char *buf, size_t cap, size_t *n, struct ts_why *why) TS_MUST;
int64_t ts_input_bytes(const struct ts_input *input); /* taken from the file so far */
bool ts_input_is_gzip(const struct ts_input *input);

#endif
