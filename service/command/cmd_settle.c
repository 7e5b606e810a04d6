/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include <stdio.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_settle = {
	.name = "settle",
	.summary = "accrue now what has arrived (the service also does it by itself)",
	.usage = "tallystick settle CONTRACT\n\n  tallystick settle 3f0c...\n",
	.run = run,
};

static void print_settled(const json_t *answer)
{
	json_int_t n = json_integer_value(json_object_get(answer, "inputs_to"));
	printf("settled %lld leaves as of %s: %lld entries", (long long)n,
		ts_cli_text(answer, "day"),
		(long long)json_integer_value(json_object_get(answer, "entries")));
	json_int_t ticks = json_integer_value(json_object_get(answer, "ticks"));
	if (ticks > 1) /* much had piled up */
		printf(" in %lld ticks", (long long)ticks);
	putchar('\n');
}

static enum ts_err settle(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/settle", cli->args.items[0]);
	return ts_cli_post(cli, path, NULL, print_settled, why);
}

static int run(int argc, char **argv)
{
	struct ts_cli cli = {.cmd = &ts_cmd_settle};
	const struct ts_opt opts[] = {TS_CLI_OPTS(&cli)};
	static const struct ts_cli_verb verbs[] = {{NULL, 1, settle}};
	return ts_cli_run(&cli, opts, TS_CLI_OPTS_N, verbs, 1, argc, argv);
}
