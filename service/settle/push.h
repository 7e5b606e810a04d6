/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_PUSH_H
#define TS_SERVICE_PUSH_H
/* Why: import, append and stream all end in the same step: what the spool holds goes to the
 * service, with progress, and what came of it is told in the same words. */
#include "importers/agent.h"
#include <jansson.h>

/* url, token: NULL takes TALLYSTICK_URL and TALLYSTICK_TOKEN. Sends everything that is not
 * acknowledged yet; on an error what was acknowledged stays so. */
enum ts_err ts_push(struct ts_spool *spool, const char *url, const char *token, int64_t batch_lines,
	struct ts_agent_report *report, struct ts_why *why) TS_MUST;
/* {"origin","stream","lines","acknowledged","batches","closed_through","receipt_time"}; NULL
 * without memory. */
json_t *ts_push_json(const struct ts_spool *spool, const struct ts_agent_report *report) TS_MUST;
void ts_push_print(const struct ts_spool *spool, const struct ts_agent_report *report);

#endif
