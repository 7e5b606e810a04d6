/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_forecast = {
	.name = "forecast",
	.summary = "commitments used so far, and what the periods ahead will cost",
	.usage = "tallystick forecast CONTRACT [--periods N] [--json]\n"
		 "\n"
		 "From the present billing period on: what is charged to date, what the whole\n"
		 "period comes to if usage goes on at the mean of the reference days, and of each\n"
		 "minimum, commitment and cap how much is used and what it settles at. As of\n"
		 "what was settled last; docs/forecast.md states the method. To be told when a\n"
		 "commitment is used to 80 %: webhook add --type threshold.reached.\n"
		 "\n"
		 "  tallystick forecast 3f0c... --periods 6\n",
	.run = run,
};

static void print_agreed(const json_t *g)
{
	printf("    %-10s %-24s %6s %% of %s %s used, %s left; projected %s (%s %%), settles at "
	       "%s\n",
		ts_cli_text(g, "kind"), ts_cli_text(g, "id"), ts_cli_text(g, "used_percent"),
		ts_cli_text(g, "agreed"), ts_cli_text(g, "unit"), ts_cli_text(g, "left"),
		ts_cli_text(g, "projected"), ts_cli_text(g, "projected_percent"),
		ts_cli_text(g, "settles_at"));
}

static void print_forecast(const json_t *answer)
{
	const json_t *method = json_object_get(answer, "method");
	size_t i, k;
	json_t *p, *g;
	printf("as of the end of %s, inputs below %lld; at the mean of %lld days from %s to %s; "
	       "%s\n",
		ts_cli_text(answer, "as_of"),
		(long long)json_integer_value(json_object_get(answer, "inputs_to")),
		(long long)json_integer_value(json_object_get(method, "days")),
		ts_cli_text(method, "from"), ts_cli_text(method, "to"),
		ts_cli_text(answer, "currency"));
	printf("%-24s %-6s %20s %20s\n", "period", "state", "to date", "projected");
	json_array_foreach(json_object_get(answer, "periods"), i, p)
	{
		const char *name;
		json_t *amount;
		printf("%-24s %-6s %20s %20s\n", ts_cli_text(p, "period"), ts_cli_text(p, "state"),
			ts_cli_text(p, "to_date"), ts_cli_text(p, "projected"));
		json_object_foreach(json_object_get(p, "projected_by_kind"), name, amount)
			printf("    %-26s %42s\n", name, json_string_value(amount));
		json_array_foreach(json_object_get(p, "agreed"), k, g) print_agreed(g);
	}
}

static enum ts_err forecast(struct ts_cli *cli, struct ts_why *why)
{
	const int64_t *periods = cli->own;
	char path[256], query[40] = "";
	if (*periods > 0)
		snprintf(query, sizeof query, "?periods=%lld", (long long)*periods);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/forecast%s", cli->args.items[0], query);
	return ts_cli_get(cli, path, print_forecast, why);
}

static int run(int argc, char **argv)
{
	int64_t periods = 0;
	struct ts_cli cli = {.cmd = &ts_cmd_forecast, .own = &periods};
	const struct ts_opt opts[] = {
		{"periods", TS_OPT_INT, false, &periods, "N",
			"billing periods, from the present one on (default 12)"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {{NULL, 1, forecast}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs, 1, argc, argv);
}
