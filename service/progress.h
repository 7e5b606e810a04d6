/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_PROGRESS_H
#define TS_SERVICE_PROGRESS_H
/* Why: work that takes more than a second says so on stderr: on a terminal one line that is written
 * over, elsewhere a line every five seconds. Nothing is printed before the first second is over. */
#include <stdbool.h>
#include <stdint.h>

struct ts_progress {
	const char *what; /* "rows read"; borrowed */
	int64_t started_us;
	int64_t shown_us; /* 0: nothing printed yet */
	bool terminal;
};
void ts_progress_begin(struct ts_progress *progress, const char *what);
/* of 0: the end is not known. Cheap enough to call often. */
void ts_progress_show(struct ts_progress *progress, int64_t done, int64_t of);
void ts_progress_end(struct ts_progress *progress); /* ends the line, when there is one */

#endif
