/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include <stdio.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_close = {
	.name = "close",
	.summary = "cut a billing period: its targets are posted as of its last day",
	.usage = "tallystick close CONTRACT PERIOD\n"
		 "\n"
		 "PERIOD is a name (2026-05) or a number (0 is the first). Periods are cut in\n"
		 "order; what arrives later becomes a delta in the next document.\n"
		 "\n"
		 "  tallystick close 3f0c... 2026-05\n",
	.run = run,
};

static void print_cut(const json_t *answer)
{
	printf("cut %s at leaf %lld: %lld entries\n", ts_cli_text(answer, "period"),
		(long long)json_integer_value(json_object_get(answer, "cut_leaf")),
		(long long)json_integer_value(json_object_get(answer, "entries")));
}

static enum ts_err close_period(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/%s/close", cli->args.items[0],
		cli->args.items[1]);
	return ts_cli_post(cli, path, NULL, print_cut, why);
}

static int run(int argc, char **argv)
{
	struct ts_cli cli = {.cmd = &ts_cmd_close};
	const struct ts_opt opts[] = {TS_CLI_OPTS(&cli)};
	static const struct ts_cli_verb verbs[] = {{NULL, 2, close_period}};
	return ts_cli_run(&cli, opts, TS_CLI_OPTS_N, verbs, 1, argc, argv);
}
