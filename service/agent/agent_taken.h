/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AGENT_TAKEN_H
#define TS_SERVICE_AGENT_TAKEN_H
/* Why: which files of a folder were read. Kept in the stream's folder as `taken`, one line a file
 * (size, time of last change in ns, name), appended after the file's lines are on disk: a crash in
 * between reads that one file, the last, again, and finds duplicates only. A file that has changed
 * since is read again. */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TS_AGENT_FILES_MAX 100000 /* in the folder */
#define TS_AGENT_FILE_NAME_MAX 255

struct ts_agent_file {
	char name[TS_AGENT_FILE_NAME_MAX + 1];
	int64_t bytes;
	int64_t changed_ns;
};
struct ts_agent_taken;

/* dir_fd: the stream's folder, borrowed. */
enum ts_err ts_agent_taken_open(
	int dir_fd, struct ts_agent_taken **out, struct ts_why *why) TS_MUST;
void ts_agent_taken_close(struct ts_agent_taken *taken); /* NULL is allowed */
/* The files of folder that are to be read: not taken as they are, unchanged since quiet_ns ago;
 * sorted by time of change, then name. Caller frees the list. */
enum ts_err ts_agent_taken_list(struct ts_agent_taken *taken, const char *folder, int64_t now_ns,
	int64_t quiet_ns, struct ts_agent_file **out, size_t *n, struct ts_why *why) TS_MUST;
/* Durable when it returns. */
enum ts_err ts_agent_taken_add(
	struct ts_agent_taken *taken, const struct ts_agent_file *file, struct ts_why *why) TS_MUST;

#endif
