/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/lines.h"
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES_MIN 262144

enum ts_err ts_lines_open(
	struct ts_lines *lines, struct ts_input *input, size_t line_bytes_max, bool quoted)
{
	size_t cap = line_bytes_max + 2;
	*lines = (struct ts_lines){.input = input,
		.quoted = quoted,
		.line_bytes_max = line_bytes_max,
		.cap = cap > BUFFER_BYTES_MIN ? cap : BUFFER_BYTES_MIN,
		.number = 1};
	lines->buf = malloc(lines->cap);
	return lines->buf ? TS_OK : TS_E_NO_MEMORY;
}

void ts_lines_close(struct ts_lines *lines)
{
	free(lines->buf);
	*lines = (struct ts_lines){0};
}

/* Moves what is left to the front and reads on. */
static enum ts_err fill(struct ts_lines *lines, struct ts_why *why)
{
	size_t n = 0;
	if (lines->at) {
		memmove(lines->buf, lines->buf + lines->at, lines->len - lines->at);
		lines->len -= lines->at;
		lines->at = 0;
	}
	TS_ASSERT(lines->len < lines->cap);
	TS_TRY(ts_input_read(
		lines->input, lines->buf + lines->len, lines->cap - lines->len, &n, why));
	if (n == 0)
		lines->ended = true;
	lines->len += n;
	return TS_OK;
}

static bool odd_quotes(const char *at, const char *end)
{
	bool odd = false;
	while (at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
		odd = !odd;
		at++;
	}
	return odd;
}

/* Where the search for a line's end has come to. */
struct search {
	size_t scanned; /* bytes of the line that were looked at */
	size_t first; /* where its first LF stands; 0 with no_lf */
	int64_t breaks; /* LF inside quotes */
	bool odd; /* inside quotes */
	bool found;
	size_t end; /* where its LF stands */
};

static void search_on(const struct ts_lines *lines, struct search *s)
{
	const char *start = lines->buf + lines->at;
	size_t left = lines->len - lines->at;
	while (!s->found && s->scanned < left) {
		const char *from = start + s->scanned;
		const char *lf = memchr(from, '\n', left - s->scanned);
		const char *stop = lf ? lf : start + left;
		if (lines->quoted && odd_quotes(from, stop))
			s->odd = !s->odd;
		s->scanned = (size_t)(stop - start) + (lf ? 1 : 0);
		if (!lf)
			return;
		if (s->breaks == 0)
			s->first = (size_t)(lf - start);
		s->found = !s->odd;
		s->end = (size_t)(lf - start);
		if (s->odd && ++s->breaks > TS_LINES_QUOTED_MAX)
			return;
	}
}

static void hand_out(struct ts_lines *lines, size_t len, bool lf, struct ts_line *out)
{
	char *start = lines->buf + lines->at;
	lines->at += len + (lf ? 1 : 0);
	if (len && start[len - 1] == '\r')
		len--;
	out->text = (struct ts_str){start, len};
	if (len > lines->line_bytes_max) {
		out->too_long = true;
		out->text = (struct ts_str){0};
	}
}

/* Drops the rest of a line that is too long to hold. */
static enum ts_err skip_line(struct ts_lines *lines, struct ts_line *out, struct ts_why *why)
{
	out->too_long = true;
	for (;;) {
		char *start = lines->buf + lines->at;
		char *lf = memchr(start, '\n', lines->len - lines->at);
		lines->at = lf ? (size_t)(lf - lines->buf) + 1 : lines->len;
		if (lf || lines->ended)
			break;
		TS_TRY(fill(lines, why));
	}
	lines->number++;
	return TS_OK;
}

enum ts_err ts_lines_next(
	struct ts_lines *lines, struct ts_line *out, bool *got, struct ts_why *why)
{
	struct search s = {0};
	for (;;) {
		search_on(lines, &s);
		size_t left = lines->len - lines->at;
		bool over = left > lines->line_bytes_max + 1 || s.breaks > TS_LINES_QUOTED_MAX;
		if (s.found || over || lines->ended)
			break;
		TS_TRY(fill(lines, why));
	}
	size_t left = lines->len - lines->at;
	*out = (struct ts_line){.number = lines->number};
	*got = s.found || left != 0;
	if (s.found) {
		lines->number += 1 + s.breaks;
		hand_out(lines, s.end, true, out);
	} else if (s.breaks) {
		/* The line that opens the quote is bad; the next one is judged by itself. */
		lines->number++;
		out->unclosed = true;
		hand_out(lines, s.first, true, out);
	} else if (lines->ended && left) {
		lines->number++;
		out->unclosed = s.odd;
		hand_out(lines, left, false, out);
	} else if (left) {
		return skip_line(lines, out, why);
	}
	return TS_OK;
}
