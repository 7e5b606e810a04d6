/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AGENT_RUN_H
#define TS_SERVICE_AGENT_RUN_H
/* Why: the agent's loop: one thread, one stream. TERM and INT end it behind the step under way, HUP
 * collects at once. Nothing that fails ends it. */
#include "service/agent/agent_settings.h"
#include "service/log.h"

/* once: one pass, and TS_OK only when all was collected and acknowledged. config: its path, for
 * status. */
enum ts_err ts_agent_run(const struct ts_agent_plan *plan, const char *config, bool once,
	struct ts_log *log, struct ts_why *why) TS_MUST;

#endif
