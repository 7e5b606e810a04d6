/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick webhook`: endpoints of a company, and a small receiver to try one out. */
#include "service/courier/catcher.h"
#include "service/command/cli.h"
#include "service/courier/webhook.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_webhook = {
	.name = "webhook",
	.summary = "be told what happens: endpoints, tests, deliveries, a receiver to try",
	.usage = "tallystick webhook add URL [--type TYPE]... [--threshold PERCENT]...\n"
		 "tallystick webhook list\n"
		 "tallystick webhook deliveries ID\n"
		 "tallystick webhook remove ID\n"
		 "tallystick webhook rotate ID [--overlap SECONDS]\n"
		 "tallystick webhook test ID\n"
		 "tallystick webhook listen --secret whsec_... [--port N] [--count N]\n"
		 "                          [--status CODE]\n"
		 "\n"
		 "add and rotate show the secret this once. listen receives on loopback,\n"
		 "verifies each message (docs/formats/webhooks.md) and prints it; the service\n"
		 "must be started with webhook_loopback=1 to call it. Exit code 1 when --count\n"
		 "messages came and one of them did not verify.\n"
		 "\n"
		 "  tallystick webhook add https://hooks.example/tally --type document.issued\n"
		 "  tallystick webhook listen --port 9000 --secret whsec_...\n",
	.run = run,
};

struct own {
	struct ts_opt_list types, thresholds;
	const char *secret;
	int64_t overlap_s, port, count, status;
};

static void print_hook(const json_t *hook)
{
	const json_t *types = json_object_get(hook, "types");
	const char *secret = json_string_value(json_object_get(hook, "secret"));
	printf("%s %s %s", ts_cli_text(hook, "id"), ts_cli_text(hook, "state"),
		ts_cli_text(hook, "url"));
	for (size_t i = 0; i < json_array_size(types); i++)
		printf(" %s", json_string_value(json_array_get(types, i)));
	if (json_is_string(json_object_get(hook, "failing_since")))
		printf(" failing since %s: %s", ts_cli_text(hook, "failing_since"),
			ts_cli_text(hook, "last_error"));
	printf("\n");
	if (secret != NULL)
		printf("secret %s\n", secret);
}

static void print_hooks(const json_t *answer)
{
	const json_t *data = json_object_get(answer, "data");
	for (size_t i = 0; i < json_array_size(data); i++)
		print_hook(json_array_get(data, i));
}

static void print_deliveries(const json_t *answer)
{
	const json_t *data = json_object_get(answer, "data");
	for (size_t i = 0; i < json_array_size(data); i++) {
		const json_t *row = json_array_get(data, i);
		printf("%s %s %s %s attempts %lld %s\n", ts_cli_text(row, "created"),
			ts_cli_text(row, "message"), ts_cli_text(row, "type"),
			ts_cli_text(row, "state"),
			(long long)json_integer_value(json_object_get(row, "attempts")),
			ts_cli_text(row, "last_error"));
	}
}

static void print_message(const json_t *answer)
{
	printf("message %s\n", ts_cli_text(answer, "message"));
}

static enum ts_err add(struct ts_cli *cli, struct ts_why *why)
{
	const struct own *own = cli->own;
	json_t *body = json_pack("{s:s}", "url", cli->args.items[1]), *types = json_array();
	for (size_t i = 0; i < own->types.n; i++)
		json_array_append_new(types, json_string(own->types.items[i]));
	json_object_set_new(body, "types", types);
	json_t *thresholds = json_array();
	for (size_t i = 0; i < own->thresholds.n; i++)
		json_array_append_new(
			thresholds, json_integer(strtoll(own->thresholds.items[i], NULL, 10)));
	if (own->thresholds.n > 0)
		json_object_set(body, "thresholds", thresholds);
	json_decref(thresholds);
	enum ts_err err = ts_cli_post(cli, "/v1/webhooks", body, print_hook, why);
	json_decref(body);
	return err;
}

static enum ts_err list(struct ts_cli *cli, struct ts_why *why)
{
	return ts_cli_get(cli, "/v1/webhooks", print_hooks, why);
}

static const char *path_of(const struct ts_cli *cli, const char *rest, char path[256])
{
	snprintf(path, 256, "/v1/webhooks/%.128s%s", cli->args.items[1], rest);
	return path;
}

static enum ts_err deliveries(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	return ts_cli_get(cli, path_of(cli, "/deliveries", path), print_deliveries, why);
}

static enum ts_err rotate(struct ts_cli *cli, struct ts_why *why)
{
	const struct own *own = cli->own;
	char path[256];
	json_t *body = json_pack("{s:I}", "overlap_s", (json_int_t)own->overlap_s);
	enum ts_err err = ts_cli_post(
		cli, path_of(cli, "/rotate-secret", path), body, print_hook, why);
	json_decref(body);
	return err;
}

static enum ts_err test(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	return ts_cli_post(cli, path_of(cli, "/test", path), NULL, print_message, why);
}

static enum ts_err remove_hook(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	struct ts_buf answer;
	const struct ts_client_call call = {.method = "DELETE", .path = path_of(cli, "", path)};
	ts_buf_init(&answer, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_call(cli->client, &call, &answer, NULL, why);
	ts_buf_free(&answer);
	if (err == TS_OK)
		printf("deleted %s\n", cli->args.items[1]);
	return err;
}

static enum ts_err listen_here(struct ts_cli *cli, struct ts_why *why)
{
	const struct own *own = cli->own;
	struct ts_catcher catcher = {
		.port = (uint16_t)own->port, .count = own->count, .status = (unsigned)own->status};
	if (own->secret == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--secret", "as add or rotate showed it");
	if (own->port < 1 || own->port > 65535 || own->status < 200 || own->status > 599)
		return ts_why(why, TS_E_RANGE, "--port", "or --status is out of range");
	TS_TRY(ts_webhook_secret_parse(
		ts_str(own->secret), catcher.secret, &catcher.secret_len, why));
	return ts_catcher_run(&catcher, why);
}

static int run(int argc, char **argv)
{
	struct own own = {.overlap_s = 86400, .port = 9000, .status = 204};
	struct ts_cli cli = {.cmd = &ts_cmd_webhook, .own = &own};
	const struct ts_opt opts[] = {
		{"type", TS_OPT_LIST, false, &own.types, "TYPE", "add: only these (default: all)"},
		{"threshold", TS_OPT_LIST, false, &own.thresholds, "PERCENT",
			"add: of threshold.reached, in steps of 5 (default 50, 80, 100)"},
		{"overlap", TS_OPT_INT, false, &own.overlap_s, "SECONDS",
			"rotate: how long both secrets sign (default a day)"},
		{"secret", TS_OPT_TEXT, false, &own.secret, "SECRET", "listen: whsec_..."},
		{"port", TS_OPT_INT, false, &own.port, "N", "listen: on 127.0.0.1 (default 9000)"},
		{"count", TS_OPT_INT, false, &own.count, "N", "listen: end after so many"},
		{"status", TS_OPT_INT, false, &own.status, "CODE",
			"listen: answer to good ones (default 204)"},
		TS_CLI_OPTS(&cli)};
	static const struct ts_cli_verb verbs[] = {{"add", 2, add}, {"list", 1, list},
		{"deliveries", 2, deliveries}, {"remove", 2, remove_hook}, {"rotate", 2, rotate},
		{"test", 2, test}, {"listen", 1, listen_here}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
