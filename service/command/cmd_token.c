/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_token = {
	.name = "token",
	.summary = "make and revoke access tokens",
	.usage =
		"tallystick token new ROLE [--party ID] [--contract CONTRACT]... [--label TEXT]\n"
		"tallystick token list | revoke ID\n"
		"\n"
		"ROLE: agent, provider_finance, consumer_finance, auditor, operator. The token is\n"
		"shown once; only a hash of it is stored. Without --contract it is good for every\n"
		"contract of the party.\n"
		"\n"
		"  tallystick token new consumer_finance --party lab\n",
	.run = run,
};

struct token_args {
	const char *party, *label, *expires;
	struct ts_opt_list contracts;
};

static void print_token(const json_t *answer)
{
	printf("%s\n", ts_cli_text(answer, "token"));
}

static enum ts_err token_new(struct ts_cli *cli, struct ts_why *why)
{
	const struct token_args *t = cli->own;
	json_t *body = json_pack("{s:s,s:s*,s:s*,s:s*}", "role", cli->args.items[1], "party",
		t->party, "label", t->label, "expires", t->expires);
	json_t *contracts = t->contracts.n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < t->contracts.n; i++)
		json_array_append_new(contracts, json_string(t->contracts.items[i]));
	if (contracts != NULL)
		json_object_set_new(body, "contracts", contracts);
	enum ts_err err = ts_cli_post(cli, "/v1/tokens", body, print_token, why);
	json_decref(body);
	return err;
}

static enum ts_err token_list(struct ts_cli *cli, struct ts_why *why)
{
	return ts_cli_get(cli, "/v1/tokens", NULL, why);
}

static enum ts_err token_revoke(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	struct ts_buf out;
	snprintf(path, sizeof path, "/v1/tokens/%s", cli->args.items[1]);
	ts_buf_init(&out, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_call(cli->client,
		&(struct ts_client_call){.method = "DELETE", .path = path}, &out, NULL, why);
	ts_buf_free(&out);
	return err;
}

static int run(int argc, char **argv)
{
	struct token_args t = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_token, .own = &t};
	const struct ts_opt opts[] = {
		{"party", TS_OPT_TEXT, false, &t.party, "ID", "whose token"},
		{"contract", TS_OPT_LIST, false, &t.contracts, "ID", "limit to this contract"},
		{"label", TS_OPT_TEXT, false, &t.label, "TEXT", "what it is for"},
		{"expires", TS_OPT_TEXT, false, &t.expires, "INSTANT", "RFC 3339"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {
		{"new", 2, token_new}, {"list", 1, token_list}, {"revoke", 2, token_revoke}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
