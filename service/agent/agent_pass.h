/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AGENT_PASS_H
#define TS_SERVICE_AGENT_PASS_H
/* Why: what an agent does each time: look whether there is room and the clock is right, collect,
 * close windows, send. Each step is on disk before the next begins, and each may be repeated, so
 * that an end at any point loses nothing and doubles nothing:
 *   rows that were committed are `seen`: read again they are duplicates;
 *   what was not committed is cut off at the next open, and its rows come again (a file that is not
 *   in `taken`, an instant `collected_ms` that has not moved);
 *   lines that were sent and not acknowledged are sent again: the service answers with the receipt.
 */
#include "importers/agent.h"
#include "importers/collect.h"
#include "service/agent/agent_report.h"
#include "service/agent/agent_settings.h"
#include "service/agent/agent_taken.h"
#include "service/log.h"

struct ts_agent {
	const struct ts_agent_plan *plan;
	struct ts_log *log;
	bool (*stopping)(void *ctx);
	void *ctx;
	/* Owned. */
	struct ts_catalog *catalog;
	struct ts_send *send;
	struct ts_spool *spool; /* NULL: to be opened again */
	struct ts_seen *seen;
	struct ts_collect collect;
	struct ts_agent_taken *taken;
	/* Known. */
	struct ts_import_options import;
	int64_t collected_ms; /* the last collection that succeeded began then; 0: none */
	int64_t send_after_us; /* monotonic: not before */
	int64_t started_s;
	uint32_t alarms;
	struct ts_agent_health health;
	char error[256]; /* the last one; "" after a pass without any */
};

/* Opens the stream; everything is to be closed by ts_agent_end, also after an error. */
enum ts_err ts_agent_begin(struct ts_agent *agent, const struct ts_agent_plan *plan,
	struct ts_log *log, struct ts_why *why) TS_MUST;
void ts_agent_end(struct ts_agent *agent);

/* Errors are logged, and are in alarms and error; the next pass tries again. */
void ts_agent_collect(struct ts_agent *agent);
/* True when nothing is left to be sent. */
bool ts_agent_send(struct ts_agent *agent);
/* Writes status.json and the metrics. */
void ts_agent_tell(struct ts_agent *agent, const char *config);

#endif
