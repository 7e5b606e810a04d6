/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick completeness`: which windows of the meters are closed, and to accept, by a signature,
 * that a document issues although some are not. The list is fetched and hashed here: what is signed
 * is what was shown. */
#include "base/time.h"
#include "evidence/event.h"
#include "service/clock.h"
#include "service/instant.h"
#include "service/command/statement_send.h"
#include <stdio.h>
#include <string.h>

#define LIST_BYTES_MAX (16u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_completeness = {
	.name = "completeness",
	.summary = "which windows of the meters are closed, late, missing; accept a gap",
	.usage =
		"tallystick completeness CONTRACT --period PERIOD | --from INSTANT --to INSTANT\n"
		"tallystick completeness list CONTRACT PERIOD\n"
		"tallystick completeness accept CONTRACT PERIOD --key FILE\n"
		"\n"
		"A document does not issue over windows that the provider's meters had to close\n"
		"and did not. list prints those that the period's cut found. accept checks that\n"
		"list against its hash and signs the gap event that names both; the other company\n"
		"then signs it with: tallystick statement sign.\n"
		"\n"
		"  tallystick completeness accept 3f0c... 2026-05 --key lab.key\n",
	.run = run,
};

struct completeness_args {
	struct ts_signer_opts signer;
	const char *period, *from, *to;
};

static long long number(const json_t *object, const char *member)
{
	return (long long)json_integer_value(json_object_get(object, member));
}

static void print_counts(const json_t *counts)
{
	printf("%lld expected, %lld closed, %lld late, %lld missing", number(counts, "expected"),
		number(counts, "closed"), number(counts, "late"), number(counts, "missing"));
}

static void print_streams(const json_t *answer)
{
	size_t i = 0, k = 0;
	const json_t *row = NULL, *gap = NULL;
	printf("%s to %s, %lld leaves\n", ts_cli_text(answer, "from"), ts_cli_text(answer, "to"),
		number(answer, "inputs_to"));
	const json_t *cut = json_object_get(answer, "cut");
	if (json_is_object(cut)) {
		printf("at the cut, leaf %lld: ", number(cut, "leaf"));
		print_counts(cut);
		printf("\n");
	}
	json_array_foreach(json_object_get(answer, "data"), i, row)
	{
		printf("%s (%s): ", ts_cli_text(row, "origin"), ts_cli_text(row, "side"));
		print_counts(row);
		printf(", %lld heartbeats, %lld missing at the end\n", number(row, "heartbeats"),
			number(row, "tail_missing"));
		json_array_foreach(json_object_get(row, "windows"), k, gap) printf(
			"  %-8s %s to %s, %lld\n", ts_cli_text(gap, "state"),
			ts_cli_text(gap, "from"), ts_cli_text(gap, "to"), number(gap, "windows"));
		if (json_is_true(json_object_get(row, "windows_more")))
			printf("  and more: ask for a shorter time\n");
	}
	if (json_is_true(json_object_get(answer, "has_more")))
		printf("more streams: --json and its links\n");
}

static enum ts_err show(struct ts_cli *cli, struct ts_why *why)
{
	const struct completeness_args *a = cli->own;
	struct ts_buf path;
	ts_buf_init(&path, 1024);
	ts_buf_printf(&path, "/v1/contracts/%.64s/completeness?limit=1000", cli->args.items[0]);
	const char *const values[] = {a->period, a->from, a->to};
	static const char *const names[] = {"&period=", "&from=", "&to="};
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < 3 && err == TS_OK; i++) {
		char time[TS_TIME_CHARS];
		const char *value = values[i];
		int64_t ms = 0;
		if (value == NULL)
			continue;
		if (i > 0) {
			err = ts_instant_parse(value, i == 1 ? "--from" : "--to", &ms, why);
			value = ts_time_format(ms * TS_US_PER_MS, time);
		}
		ts_buf_puts(&path, names[i]);
		ts_client_escape(&path, value);
	}
	if (err == TS_OK)
		err = path.err;
	if (err == TS_OK)
		err = ts_cli_get(cli, ts_buf_str(&path), print_streams, why);
	ts_buf_free(&path);
	return err;
}

static enum ts_err fetch_list(struct ts_cli *cli, struct ts_buf *list, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%.64s/periods/%.64s/gaps", cli->args.items[1],
		cli->args.items[2]);
	return ts_client_get_bytes(cli->client, path, "text/plain", list, why);
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

static enum ts_err build(struct ts_cli *cli, const json_t *answer, const struct ts_buf *bytes,
	struct ts_buf *text, struct ts_why *why)
{
	char path[128];
	json_t *serials = NULL;
	const json_t *cut = json_object_get(answer, "cut");
	const json_t *ms = json_object_get(answer, "period_ms");
	struct ts_event e = {.contract = ts_str(cli->args.items[1]),
		.kind = TS_EVENT_GAP,
		.at_ms = ts_clock_now_us() / TS_US_PER_MS,
		.period_from_ms = json_integer_value(json_array_get(ms, 0)),
		.period_to_ms = json_integer_value(json_array_get(ms, 1))};
	if (!json_is_object(cut))
		return ts_why(why, TS_E_CONFLICT, cli->args.items[2],
			"it is not cut: what it lacks is not known yet");
	e.missing = ts_statement_list(
		bytes, cli->json ? NULL : "tallystick completeness list", &e.list);
	if (e.missing == 0)
		return ts_why(why, TS_E_CONFLICT, cli->args.items[2], "nothing is absent");
	if (e.missing != number(cut, "late") + number(cut, "missing"))
		return ts_why(why, TS_E_MISMATCH, cli->args.items[2],
			"the list has %lld windows, the cut found %lld late and %lld missing",
			(long long)e.missing, number(cut, "late"), number(cut, "missing"));
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/serials", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &serials, why));
	e.serial = number(serials, "gap");
	json_decref(serials);
	return ts_event_build(&e, text, why);
}

static enum ts_err accept(struct ts_cli *cli, struct ts_why *why)
{
	const struct completeness_args *a = cli->own;
	struct ts_buf bytes, text, path;
	json_t *answer = NULL;
	ts_buf_init(&bytes, LIST_BYTES_MAX);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	ts_buf_init(&path, 512);
	ts_buf_printf(
		&path, "/v1/contracts/%.64s/completeness?limit=1&period=", cli->args.items[1]);
	ts_client_escape(&path, cli->args.items[2]);
	enum ts_err err = path.err;
	if (err == TS_OK)
		err = ts_client_get(cli->client, ts_buf_str(&path), &answer, why);
	if (err == TS_OK)
		err = fetch_list(cli, &bytes, why);
	if (err == TS_OK)
		err = build(cli, answer, &bytes, &text, why);
	if (err == TS_OK)
		err = ts_statement_send(cli, &a->signer, cli->args.items[1],
			(struct ts_str){text.data, text.len}, why);
	json_decref(answer);
	ts_buf_free(&path);
	ts_buf_free(&text);
	ts_buf_free(&bytes);
	return err;
}

static int run(int argc, char **argv)
{
	struct completeness_args a = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_completeness, .own = &a};
	const struct ts_opt opts[] = {
		{"period", TS_OPT_TEXT, false, &a.period, "PERIOD", "a billing period (2026-05)"},
		{"from", TS_OPT_TEXT, false, &a.from, "INSTANT", "windows that end behind this"},
		{"to", TS_OPT_TEXT, false, &a.to, "INSTANT", "and at or before this"},
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
