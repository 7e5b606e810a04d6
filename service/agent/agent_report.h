/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AGENT_REPORT_H
#define TS_SERVICE_AGENT_REPORT_H
/* Why: what a running agent says about itself: status.json in the stream's folder (for
 * `tallystick-agent status`) and a Prometheus text file, both from one table. */
#include "base/buf.h"
#include "base/text.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define TS_AGENT_STATUS_FILE "status.json"

struct ts_agent_health {
#define X(name, kind, help) int64_t name;
#include "service/agent/agent_health.def"
#undef X
};

enum ts_agent_alarm {
#define X(name, help) TS_AGENT_ALARM_##name,
#include "service/agent/agent_alarm.def"
#undef X
	TS_AGENT_ALARMS
};
const char *ts_agent_alarm_name(enum ts_agent_alarm alarm);
const char *ts_agent_alarm_help(enum ts_agent_alarm alarm);

struct ts_agent_report_in {
	const struct ts_agent_health *health;
	uint32_t alarms; /* a bit each */
	struct ts_str origin;
	const char *config;
	int64_t written_s;
	int64_t collect_s;
	int64_t pid;
	const char *error; /* the last one; "" : none */
};
/* Caller frees; NULL without memory. */
json_t *ts_agent_report_json(const struct ts_agent_report_in *in) TS_MUST;
/* Prometheus text, all series with the label stream. */
void ts_agent_report_metrics(const struct ts_agent_report_in *in, struct ts_buf *out);

#endif
