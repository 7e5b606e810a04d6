/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_LOG_H
#define TS_SERVICE_LOG_H
/* Why: one JSON object per line, written by one write(2), once, where a request, command or tick
 * ends. Never tokens, bodies, signatures; control characters are escaped, long values cut. */
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define TS_LOG_LINE_BYTES_MAX 4096

struct ts_log;
enum ts_log_level { TS_LOG_DEBUG, TS_LOG_INFO, TS_LOG_WARN, TS_LOG_ERROR };

struct ts_log_field {
	const char *name;
	const char *text; /* NULL: the number is written */
	int64_t number;
};
#define TS_LOG_TEXT(name, text) ((struct ts_log_field){(name), (text), 0})
#define TS_LOG_NUM(name, number) ((struct ts_log_field){(name), 0, (number)})

/* path "-" = stderr, else appended (mode 0640). level: debug, info, warn, error. */
enum ts_err ts_log_open(
	const char *path, const char *level, struct ts_log **out, struct ts_why *why) TS_MUST;
void ts_log_close(struct ts_log *log); /* NULL is allowed */
/* Thread safe. {"ts":..,"level":..,"event":..,fields}; a field whose text is "" is left out. */
void ts_log_write(struct ts_log *log, enum ts_log_level level, const char *event,
	const struct ts_log_field *fields, size_t n);
#define TS_LOG(log, level, event, ...)                                                             \
	ts_log_write((log), (level), (event), (struct ts_log_field[]){__VA_ARGS__},                \
		sizeof((struct ts_log_field[]){__VA_ARGS__}) / sizeof(struct ts_log_field))
/* An error at the end of a command, tick or request: code, text, where. */
void ts_log_err(struct ts_log *log, enum ts_log_level level, const char *event, enum ts_err err,
	const struct ts_why *why);

#endif
