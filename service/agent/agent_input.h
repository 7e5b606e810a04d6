/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AGENT_INPUT_H
#define TS_SERVICE_AGENT_INPUT_H
/* Why: rows of a source that is asked (a command, a URL) are on disk, whole, before the first is
 * judged: half an answer is none. */
#include "service/agent/agent_settings.h"
#include <stdio.h>

struct ts_agent_asked {
	int64_t since_ms;
	int64_t until_ms;
	bool (*stopping)(void *ctx); /* asked about every 20 ms; NULL: never */
	void *ctx;
};
/* Runs settings->command, or GETs settings->fetch, with the instants put in, and returns the output
 * from its start; caller closes. TS_E_UNAVAILABLE: exit code, signal or status say that it failed,
 * or it took too long; why->text has what it said. TS_E_LIMIT: too long. */
enum ts_err ts_agent_input(const struct ts_agent_settings *settings,
	const struct ts_agent_asked *asked, FILE **out, struct ts_why *why) TS_MUST;

/* {since}, {until}: YYYY-MM-DDTHH:MM:SS, UTC; {since_s}, {until_s}: seconds since 1970. */
void ts_agent_input_expand(
	const char *text, const struct ts_agent_asked *asked, struct ts_buf *out);

#endif
