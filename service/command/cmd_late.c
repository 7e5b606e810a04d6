/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick late`: what came too late for its period, and to let it count after all by the
 * signatures of both companies. The list is fetched and hashed here: what is signed is what was
 * shown. */
#include "base/time.h"
#include "evidence/event.h"
#include "service/clock.h"
#include "service/command/statement_send.h"
#include <stdio.h>
#include <string.h>

#define LIST_BYTES_MAX (256u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_late = {
	.name = "late",
	.summary = "what came too late for its period; let it count after all",
	.usage = "tallystick late CONTRACT\n"
		 "tallystick late list CONTRACT PERIOD\n"
		 "tallystick late accept CONTRACT PERIOD --key FILE\n"
		 "\n"
		 "What comes more than late_usage_until_days behind a period's cut is kept, shown\n"
		 "and not billed. list prints it by quarter-hour. accept checks that list against\n"
		 "its hash and signs the consent that names both; the other company then signs it\n"
		 "with: tallystick statement sign. The next document bills exactly what was\n"
		 "listed, as an adjustment of its month.\n"
		 "\n"
		 "  tallystick late accept 3f0c... 2026-05 --key lab.key\n",
	.run = run,
};

struct late_args {
	struct ts_signer_opts signer;
};

static int64_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static void print_periods(const json_t *answer)
{
	size_t i = 0;
	const json_t *row = NULL, *rows = json_object_get(answer, "data");
	json_array_foreach(rows, i, row) printf("%s: %lld quarter-hours, in leaves from %lld on\n",
		ts_cli_text(row, "period"), (long long)number(row, "cells"),
		(long long)number(row, "late_from"));
	if (json_array_size(rows) == 0)
		printf("nothing came too late\n");
}

static enum ts_err show(struct ts_cli *cli, struct ts_why *why)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/contracts/%.64s/late", cli->args.items[0]);
	return ts_cli_get(cli, path, print_periods, why);
}

static enum ts_err fetch_list(struct ts_cli *cli, struct ts_buf *list, struct ts_why *why)
{
	struct ts_buf path;
	ts_buf_init(&path, 512);
	ts_buf_printf(&path, "/v1/contracts/%.64s/periods/", cli->args.items[1]);
	ts_client_escape(&path, cli->args.items[2]);
	ts_buf_puts(&path, "/late");
	enum ts_err err = path.err;
	if (err == TS_OK)
		err = ts_client_get_bytes(cli->client, ts_buf_str(&path), "text/plain", list, why);
	ts_buf_free(&path);
	return err;
}

static enum ts_err list(struct ts_cli *cli, struct ts_why *why)
{
	struct ts_buf bytes;
	ts_buf_init(&bytes, LIST_BYTES_MAX);
	enum ts_err err = fetch_list(cli, &bytes, why);
	if (err == TS_OK)
		err = ts_cli_save(NULL, &bytes, why);
	ts_buf_free(&bytes);
	return err;
}

/* The period in the service's list of those with something late, by its name or index. */
static enum ts_err find(
	struct ts_cli *cli, const json_t *answer, struct ts_event *e, struct ts_why *why)
{
	size_t i = 0;
	const json_t *row = NULL;
	char index[24];
	json_array_foreach(json_object_get(answer, "data"), i, row)
	{
		const json_t *ms = json_object_get(row, "period_ms");
		snprintf(index, sizeof index, "%lld", (long long)number(row, "index"));
		if (strcmp(ts_cli_text(row, "period"), cli->args.items[2]) != 0 &&
			strcmp(index, cli->args.items[2]) != 0)
			continue;
		e->period_from_ms = json_integer_value(json_array_get(ms, 0));
		e->period_to_ms = json_integer_value(json_array_get(ms, 1));
		return TS_OK;
	}
	return ts_why(why, TS_E_CONFLICT, cli->args.items[2],
		"nothing that came too late for it waits for a consent");
}

static enum ts_err build(struct ts_cli *cli, const json_t *answer, const struct ts_buf *bytes,
	struct ts_buf *text, struct ts_why *why)
{
	char path[128];
	json_t *serials = NULL;
	struct ts_event e = {.contract = ts_str(cli->args.items[1]),
		.kind = TS_EVENT_CONSENT,
		.at_ms = ts_clock_now_us() / TS_US_PER_MS};
	TS_TRY(find(cli, answer, &e, why));
	e.cells = ts_statement_list(bytes, cli->json ? NULL : "tallystick late list", &e.list);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/serials", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &serials, why));
	e.serial = number(serials, "consent");
	json_decref(serials);
	return ts_event_build(&e, text, why);
}

static enum ts_err accept(struct ts_cli *cli, struct ts_why *why)
{
	const struct late_args *a = cli->own;
	struct ts_buf bytes, text;
	char path[128];
	json_t *answer = NULL;
	ts_buf_init(&bytes, LIST_BYTES_MAX);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/late", cli->args.items[1]);
	enum ts_err err = ts_client_get(cli->client, path, &answer, why);
	if (err == TS_OK)
		err = fetch_list(cli, &bytes, why);
	if (err == TS_OK)
		err = build(cli, answer, &bytes, &text, why);
	if (err == TS_OK)
		err = ts_statement_send(cli, &a->signer, cli->args.items[1],
			(struct ts_str){text.data, text.len}, why);
	json_decref(answer);
	ts_buf_free(&text);
	ts_buf_free(&bytes);
	return err;
}

static int run(int argc, char **argv)
{
	struct late_args a = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_late, .own = &a};
	const struct ts_opt opts[] = {
		{"key", TS_OPT_TEXT, false, &a.signer.key, "FILE", "accept: the company's key"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.signer.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {
		{"list", 3, list}, {"accept", 3, accept}, {NULL, 1, show}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
