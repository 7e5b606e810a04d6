/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_run.h"
#include "service/agent/agent_pass.h"
#include "service/clock.h"
#include "service/http/lifecycle.h"
#include <signal.h>
#include <unistd.h>

struct loop {
	int signals;
	bool stop;
	bool hurry; /* HUP: collect now */
};

static void take_signal(struct loop *loop, int64_t wait_ms)
{
	int got = ts_signals_wait(loop->signals, wait_ms);
	if (got == SIGHUP)
		loop->hurry = true;
	else if (got != 0)
		loop->stop = true;
}

static bool stopping(void *ctx)
{
	struct loop *loop = ctx;
	if (!loop->stop)
		take_signal(loop, 0);
	return loop->stop;
}

static enum ts_err run_once(struct ts_agent *agent, const char *config, struct ts_why *why)
{
	/* For the clock, and what is left of the last time. */
	bool reached = ts_agent_send(agent);
	ts_agent_collect(agent);
	bool sent = reached && ts_agent_send(agent);
	ts_agent_tell(agent, config);
	const uint32_t fatal = 1u << TS_AGENT_ALARM_collect_failed |
			       1u << TS_AGENT_ALARM_file_refused | 1u << TS_AGENT_ALARM_spool_full |
			       1u << TS_AGENT_ALARM_disk_full | 1u << TS_AGENT_ALARM_clock_stop;
	if (!sent || agent->alarms & fatal)
		return ts_why(why, TS_E_UNAVAILABLE, config, "%s",
			agent->error[0] ? agent->error : "not collected: see status");
	return TS_OK;
}

static void run_on(struct ts_agent *agent, const char *config, struct loop *loop)
{
	int64_t collect_us = agent->plan->settings.collect_s * 1000000;
	int64_t next_us = 0;
	bool sent = ts_agent_send(agent);
	while (!stopping(loop)) {
		int64_t now_us = ts_clock_mono_us();
		bool due = loop->hurry || now_us >= next_us;
		if (due) {
			loop->hurry = false;
			agent->error[0] = '\0';
			next_us = now_us + collect_us;
			ts_agent_collect(agent);
			sent = false;
		}
		if (!sent && !stopping(loop) && (due || now_us >= agent->send_after_us))
			sent = ts_agent_send(agent);
		ts_agent_tell(agent, config);
		int64_t until_us = next_us;
		if (!sent && agent->send_after_us < until_us)
			until_us = agent->send_after_us;
		int64_t wait_ms = (until_us - ts_clock_mono_us()) / 1000 + 1;
		if (wait_ms > 0 && !loop->stop)
			take_signal(loop, wait_ms);
	}
}

enum ts_err ts_agent_run(const struct ts_agent_plan *plan, const char *config, bool once,
	struct ts_log *log, struct ts_why *why)
{
	struct ts_agent agent = {0};
	struct loop loop = {.signals = -1};
	TS_TRY(ts_signals_open(&loop.signals, why));
	enum ts_err err = ts_agent_begin(&agent, plan, log, why);
	agent.stopping = stopping;
	agent.ctx = &loop;
	if (err == TS_OK) {
		TS_LOG(log, TS_LOG_INFO, "started", TS_LOG_TEXT("config", config),
			TS_LOG_TEXT("source", plan->source->name),
			TS_LOG_TEXT("stream", plan->settings.stream),
			TS_LOG_NUM("pid", (int64_t)getpid()));
		ts_supervisor_notify("READY=1");
		if (once)
			err = run_once(&agent, config, why);
		else
			run_on(&agent, config, &loop);
		ts_supervisor_notify("STOPPING=1");
		TS_LOG(log, TS_LOG_INFO, "stopped", TS_LOG_NUM("lines", agent.health.lines),
			TS_LOG_NUM("acknowledged", agent.health.acknowledged));
	}
	ts_agent_end(&agent);
	(void)close(loop.signals);
	return err;
}
