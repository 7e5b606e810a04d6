/* SPDX-License-Identifier: Apache-2.0 */
#include "service/progress.h"
#include "service/clock.h"
#include <stdio.h>
#include <unistd.h>

#define FIRST_US 1000000
#define TERMINAL_US 200000
#define LOG_US 5000000

void ts_progress_begin(struct ts_progress *progress, const char *what)
{
	*progress = (struct ts_progress){.what = what,
		.started_us = ts_clock_mono_us(),
		.terminal = isatty(STDERR_FILENO) != 0};
}

void ts_progress_show(struct ts_progress *progress, int64_t done, int64_t of)
{
	int64_t now_us = ts_clock_mono_us();
	int64_t every_us = progress->terminal ? TERMINAL_US : LOG_US;
	if (now_us - progress->started_us < FIRST_US ||
		(progress->shown_us && now_us - progress->shown_us < every_us))
		return;
	progress->shown_us = now_us;
	fputs(progress->terminal ? "\r" : "", stderr);
	fprintf(stderr, "%s: %lld", progress->what, (long long)done);
	if (of > 0)
		fprintf(stderr, " of %lld (%lld %%)", (long long)of, (long long)(done * 100 / of));
	fprintf(stderr, ", %lld s", (long long)((now_us - progress->started_us) / 1000000));
	fputs(progress->terminal ? "   " : "\n", stderr);
	fflush(stderr);
}

void ts_progress_end(struct ts_progress *progress)
{
	if (progress->terminal && progress->shown_us)
		fputs("\n", stderr);
	progress->shown_us = 0;
}
