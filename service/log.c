/* SPDX-License-Identifier: Apache-2.0 */
#include "service/log.h"

#include "base/time.h"
#include "service/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_VALUE_BYTES_MAX 1024

struct ts_log {
	int fd;
	enum ts_log_level level;
};

/* A line under construction; the last byte is kept for LF, the byte before for '}'. */
struct line {
	char at[TS_LOG_LINE_BYTES_MAX];
	size_t len;
};
#define LINE_ROOM (TS_LOG_LINE_BYTES_MAX - 2)

static const char *const level_names[] = {"debug", "info", "warn", "error"};

enum ts_err ts_log_open(
	const char *path, const char *level, struct ts_log **out, struct ts_why *why)
{
	size_t i = 0;
	while (i < 4 && strcmp(level, level_names[i]) != 0)
		i++;
	if (i == 4)
		return ts_why(why, TS_E_MALFORMED, "log_level",
			"log level \"%s\" is not debug, info, warn or error", level);
	int fd = STDERR_FILENO;
	if (strcmp(path, "-") != 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (fd < 0)
			return ts_why(why, TS_E_IO, "log_file", "cannot open \"%s\": %s", path,
				strerror(errno));
	}
	struct ts_log *log = calloc(1, sizeof(*log));
	if (log == NULL) {
		if (fd != STDERR_FILENO)
			(void)close(fd);
		return TS_E_NO_MEMORY;
	}
	log->fd = fd;
	log->level = (enum ts_log_level)i;
	*out = log;
	return TS_OK;
}

void ts_log_close(struct ts_log *log)
{
	if (log == NULL)
		return;
	if (log->fd != STDERR_FILENO)
		(void)close(log->fd);
	free(log);
}

/* Writes as much as fits as one piece; false and nothing written when it does not. */
static bool line_put(struct line *line, const char *text, size_t len)
{
	if (len > LINE_ROOM - line->len)
		return false;
	memcpy(line->at + line->len, text, len);
	line->len += len;
	return true;
}

static bool line_puts(struct line *line, const char *text)
{
	return line_put(line, text, strlen(text));
}

/* A JSON string; bytes outside printable ASCII are written as \u00XX (log lines are ASCII). */
static bool line_string(struct line *line, const char *text)
{
	if (!line_puts(line, "\""))
		return false;
	size_t n = strnlen(text, LOG_VALUE_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		char esc[8];
		if (c == '"' || c == '\\')
			(void)snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			(void)snprintf(esc, sizeof(esc), "\\u%04x", c);
		else
			(void)snprintf(esc, sizeof(esc), "%c", c);
		if (!line_puts(line, esc))
			return false;
	}
	return line_puts(line, "\"");
}

/* A field is written whole or not at all. */
static void line_field(struct line *line, const char *name, const char *text, int64_t number)
{
	size_t before = line->len;
	char num[24];
	(void)snprintf(num, sizeof(num), "%lld", (long long)number);
	if (!line_puts(line, line->len == 1 ? "" : ",") || !line_string(line, name) ||
		!line_puts(line, ":") ||
		!(text != NULL ? line_string(line, text) : line_puts(line, num)))
		line->len = before;
}

void ts_log_write(struct ts_log *log, enum ts_log_level level, const char *event,
	const struct ts_log_field *fields, size_t n)
{
	if (log == NULL || level < log->level)
		return;
	struct line line = {.len = 0};
	char now[TS_TIME_CHARS];
	(void)line_puts(&line, "{");
	line_field(&line, "ts", ts_time_format(ts_clock_now_us(), now), 0);
	line_field(&line, "level", level_names[level], 0);
	line_field(&line, "event", event, 0);
	for (size_t i = 0; i < n; i++)
		if (fields[i].text == NULL || fields[i].text[0] != '\0')
			line_field(&line, fields[i].name, fields[i].text, fields[i].number);
	line.at[line.len++] = '}';
	line.at[line.len++] = '\n';
	/* A full disk or a closed pipe must not stop the service. */
	ssize_t written = write(log->fd, line.at, line.len);
	(void)written;
}

void ts_log_err(struct ts_log *log, enum ts_log_level level, const char *event, enum ts_err err,
	const struct ts_why *why)
{
	TS_LOG(log, level, event, TS_LOG_TEXT("code", ts_err_code(err)),
		TS_LOG_TEXT("where", why != NULL ? why->where : ""),
		TS_LOG_TEXT("text",
			why != NULL && why->text[0] != '\0' ? why->text : ts_err_text(err)));
}
