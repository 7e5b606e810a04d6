/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_report.h"
#include "evidence/origin.h"
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name, *kind, *help;
	size_t offset;
} metrics[] = {
#define COUNTER "counter"
#define GAUGE "gauge"
#define X(name, kind, help) {#name, kind, help, offsetof(struct ts_agent_health, name)},
#include "service/agent/agent_health.def"
#undef X
#undef COUNTER
#undef GAUGE
};

static const struct {
	const char *name, *help;
} alarms[] = {
#define X(name, help) {#name, help},
#include "service/agent/agent_alarm.def"
#undef X
};

const char *ts_agent_alarm_name(enum ts_agent_alarm alarm)
{
	TS_ASSERT(alarm < TS_AGENT_ALARMS);
	return alarms[alarm].name;
}

const char *ts_agent_alarm_help(enum ts_agent_alarm alarm)
{
	TS_ASSERT(alarm < TS_AGENT_ALARMS);
	return alarms[alarm].help;
}

static int64_t value_of(const struct ts_agent_health *health, size_t i)
{
	int64_t value = 0;
	memcpy(&value, (const char *)health + metrics[i].offset, sizeof(value));
	return value;
}

json_t *ts_agent_report_json(const struct ts_agent_report_in *in)
{
	json_t *names = json_array();
	json_t *counts = json_object();
	for (unsigned i = 0; i < TS_AGENT_ALARMS; i++)
		if (in->alarms >> i & 1)
			json_array_append_new(names, json_string(alarms[i].name));
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		json_object_set_new(
			counts, metrics[i].name, json_integer((json_int_t)value_of(in->health, i)));
	return json_pack("{s:s,s:s%,s:s,s:I,s:I,s:I,s:o,s:o,s:s}", "format",
		"tallystick/agent-status/v1", "origin", in->origin.at, in->origin.len, "config",
		in->config, "pid", (json_int_t)in->pid, "written_s", (json_int_t)in->written_s,
		"collect_s", (json_int_t)in->collect_s, "alarms", names, "counts", counts, "error",
		in->error);
}

void ts_agent_report_metrics(const struct ts_agent_report_in *in, struct ts_buf *out)
{
	char id[TS_STREAM_ID_CHARS + 1];
	ts_stream_id(in->origin, id);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const char *total = strcmp(metrics[i].kind, "counter") == 0 ? "_total" : "";
		ts_buf_printf(out,
			"# HELP tallystick_agent_%s%s %s\n# TYPE tallystick_agent_%s%s %s\n"
			"tallystick_agent_%s%s{stream=\"%s\"} %lld\n",
			metrics[i].name, total, metrics[i].help, metrics[i].name, total,
			metrics[i].kind, metrics[i].name, total, id,
			(long long)value_of(in->health, i));
	}
	ts_buf_printf(out, "# HELP tallystick_agent_alarm 1 while it holds\n"
			   "# TYPE tallystick_agent_alarm gauge\n");
	for (unsigned i = 0; i < TS_AGENT_ALARMS; i++)
		ts_buf_printf(out, "tallystick_agent_alarm{stream=\"%s\",alarm=\"%s\"} %u\n", id,
			alarms[i].name, in->alarms >> i & 1);
	ts_buf_printf(out,
		"# HELP tallystick_agent_written_s when this was written, seconds since 1970\n"
		"# TYPE tallystick_agent_written_s gauge\n"
		"tallystick_agent_written_s{stream=\"%s\"} %lld\n",
		id, (long long)in->written_s);
}
