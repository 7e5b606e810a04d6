/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include <stdio.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_focus = {
	.name = "focus",
	.summary = "export what was invoiced as FOCUS 1.2 cost and usage",
	.usage = "tallystick focus CONTRACT [--period P] [--from DAY] [--to DAY] [--out FILE]\n"
		 "\n"
		 "A CSV with a row per charge line, tax and rounding of every issued document\n"
		 "(of a period, or issued in these days). BilledCost sums to each document's\n"
		 "payable amount.\n"
		 "\n"
		 "  tallystick focus 3f0c... --period 2026-05 --out focus.csv\n",
	.run = run,
};

struct focus_args {
	const char *period, *from, *to, *out;
	bool raw;
};

static enum ts_err focus(struct ts_cli *cli, struct ts_why *why)
{
	const struct focus_args *a = cli->own;
	const char *const names[] = {"period", "from", "to"};
	const char *const values[] = {a->period, a->from, a->to};
	struct ts_buf path;
	ts_buf_init(&path, 2048);
	ts_buf_printf(&path, "/v1/contracts/%.64s/focus.csv?raw=%s", cli->args.items[0],
		a->raw ? "true" : "false");
	for (size_t i = 0; i < 3; i++)
		if (values[i] != NULL) {
			ts_buf_printf(&path, "&%s=", names[i]);
			ts_client_escape(&path, values[i]);
		}
	enum ts_err err = path.err;
	if (err == TS_OK)
		err = ts_cli_fetch(cli, ts_buf_str(&path), a->out, why);
	ts_buf_free(&path);
	return err;
}

static int run(int argc, char **argv)
{
	static const struct ts_cli_verb verbs[] = {{NULL, 1, focus}};
	struct focus_args a = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_focus, .own = &a};
	const struct ts_opt opts[] = {
		{"period", TS_OPT_TEXT, false, &a.period, "PERIOD", "documents of this period"},
		{"from", TS_OPT_TEXT, false, &a.from, "DAY", "issued on or after"},
		{"to", TS_OPT_TEXT, false, &a.to, "DAY", "issued before"},
		{"raw", TS_OPT_FLAG, false, &a.raw, NULL, "text without the formula guard"},
		{"out", TS_OPT_TEXT, false, &a.out, "FILE", "write there, not to standard output"},
		TS_CLI_OPTS(&cli),
	};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
