/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_LINES_H
#define TS_IMPORTERS_LINES_H
/* Why: a file's lines with a bound on each: a line that is too long is reported and skipped, never
 * held. CR before LF and a byte order mark at the start are dropped; a last line without LF counts.
 */
#include "base/text.h"
#include <stdio.h>

struct ts_line {
	struct ts_str text; /* good until the next line; empty when too long */
	bool too_long;
};
struct ts_lines {
	FILE *file; /* borrowed */
	char *buf;
	size_t cap;
	size_t at; /* [at, len) is not handed out yet */
	size_t len;
	int64_t bytes; /* read so far */
	bool ended;
	enum ts_err err; /* TS_E_IO when reading failed; the lines before it were handed out */
};
enum ts_err ts_lines_open(struct ts_lines *lines, FILE *file, size_t line_bytes_max) TS_MUST;
void ts_lines_close(struct ts_lines *lines); /* the file stays open */
bool ts_lines_next(struct ts_lines *lines, struct ts_line *out);

#endif
