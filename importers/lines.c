/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/lines.h"
#include <stdlib.h>
#include <string.h>

enum ts_err ts_lines_open(struct ts_lines *lines, FILE *file, size_t line_bytes_max)
{
	*lines = (struct ts_lines){.file = file, .cap = line_bytes_max + 2};
	lines->buf = malloc(lines->cap);
	return lines->buf ? TS_OK : TS_E_NO_MEMORY;
}

void ts_lines_close(struct ts_lines *lines)
{
	free(lines->buf);
	*lines = (struct ts_lines){0};
}

/* Moves what is left to the front and reads on. */
static void fill(struct ts_lines *lines)
{
	memmove(lines->buf, lines->buf + lines->at, lines->len - lines->at);
	lines->len -= lines->at;
	lines->at = 0;
	size_t n = fread(lines->buf + lines->len, 1, lines->cap - lines->len, lines->file);
	if (n == 0) {
		lines->ended = true;
		if (ferror(lines->file))
			lines->err = TS_E_IO;
	}
	bool first = lines->bytes == 0;
	lines->len += n;
	lines->bytes += (int64_t)n;
	if (first && lines->len >= 3 && memcmp(lines->buf, "\xef\xbb\xbf", 3) == 0)
		lines->at = 3;
}

bool ts_lines_next(struct ts_lines *lines, struct ts_line *out)
{
	bool skipping = false;
	for (;;) {
		char *start = lines->buf + lines->at;
		size_t left = lines->len - lines->at;
		char *lf = left ? memchr(start, '\n', left) : NULL;
		if (!lf && !lines->ended && (left < lines->cap || skipping)) {
			if (skipping)
				lines->at = lines->len;
			fill(lines);
			continue;
		}
		if (!lf && !lines->ended) {
			skipping = true;
			continue;
		}
		if (!lf && left == 0 && !skipping)
			return false;
		size_t n = lf ? (size_t)(lf - start) : left;
		lines->at += lf ? n + 1 : n;
		if (n && start[n - 1] == '\r')
			n--;
		/* cap holds a line of the maximum and its CR LF. */
		bool too_long = skipping || n > lines->cap - 2;
		*out = (struct ts_line){
			.text = {too_long ? NULL : start, too_long ? 0 : n}, .too_long = too_long};
		return true;
	}
}
