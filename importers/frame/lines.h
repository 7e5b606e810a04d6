/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_LINES_H
#define TS_IMPORTERS_FRAME_LINES_H
/* Why: an input's lines with a bound on each: a line that is too long is reported and skipped,
 * never held. CR before LF is dropped; a last line without LF counts. With quotes (CSV) a line goes
 * on behind an LF that stands inside of them; a quote that is never closed costs its own line only.
 */
#include "importers/frame/input.h"

#define TS_LINES_QUOTED_MAX 64 /* lines in one quoted cell */

struct ts_line {
	struct ts_str
		text; /* good until the next line, and the caller's to change; empty when bad */
	int64_t number; /* of its first line in the file, from 1 */
	bool too_long;
	bool unclosed; /* a quote is not closed within the bounds; text is the one line */
};
struct ts_lines {
	struct ts_input *input; /* borrowed */
	bool quoted;
	size_t line_bytes_max;
	char *buf;
	size_t cap;
	size_t at; /* [at, len) is not handed out yet */
	size_t len;
	int64_t number; /* of the line that begins at `at` */
	bool ended;
};
enum ts_err ts_lines_open(
	struct ts_lines *lines, struct ts_input *input, size_t line_bytes_max, bool quoted) TS_MUST;
void ts_lines_close(struct ts_lines *lines);
/* *got false: the end. Errors are the input's. */
enum ts_err ts_lines_next(
	struct ts_lines *lines, struct ts_line *out, bool *got, struct ts_why *why) TS_MUST;

#endif
