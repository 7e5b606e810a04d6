/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_run.h"
#include "service/command/command.h"
#include <stdio.h>

#define REGION_BYTES_MAX (1u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_agent_run = {
	.program = "tallystick-agent",
	.name = "run",
	.summary = "collect from a source, keep and sign its lines, send them",
	.usage = "tallystick-agent run CONFIG [--once] [--set KEY=VALUE ...]\n"
		 "tallystick-agent run CONFIG --check\n"
		 "\n"
		 "One process for each source and stream; CONFIG says which (docs/agent.md).\n"
		 "TERM ends it, HUP collects at once. Nothing that fails ends it: see\n"
		 "tallystick-agent status. --once does one pass, for cron.\n"
		 "\n"
		 "  tallystick-agent run /etc/tallystick/slurm.conf\n",
	.run = run,
};

static enum ts_err print(const struct ts_agent_settings *settings)
{
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, 65536);
	ts_agent_settings_print(settings, &text);
	if (text.err == TS_OK)
		printf("%.*s", (int)text.len, text.data);
	return text.err;
}

static int run(int argc, char **argv)
{
	bool once = false;
	bool check = false;
	struct ts_opt_list sets = {0};
	struct ts_opt_list args = {0};
	const struct ts_opt opts[] = {
		{"once", TS_OPT_FLAG, false, &once, NULL,
			"one pass; exit 0 if all is acknowledged"},
		{"check", TS_OPT_FLAG, false, &check, NULL,
			"print the configuration with every key, and do nothing"},
		{"set", TS_OPT_LIST, false, &sets, "KEY=VALUE", "over the file"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_agent_run, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 1, 1,
		    &args, &code))
		return code;
	struct ts_why why = {0};
	struct ts_log *log = NULL;
	static struct ts_agent_plan plan; /* 24 KB */
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	enum ts_err err = region ? ts_agent_settings_read(
					   args.items[0], sets.items, sets.n, region, &plan, &why)
				 : TS_E_NO_MEMORY;
	if (err == TS_OK && check)
		err = print(&plan.settings);
	else if (err == TS_OK)
		err = ts_log_open(plan.settings.log_file, plan.settings.log_level, &log, &why);
	if (err == TS_OK && !check)
		err = ts_agent_run(&plan, args.items[0], once, log, &why);
	if (err != TS_OK)
		code = ts_command_fail(&ts_cmd_agent_run, err, &why);
	ts_log_close(log);
	ts_region_free(region);
	return code;
}
