/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick statement`: what the companies have said, and the second signature. The signer reads
 * the text and signs it here: the hash on the command line is what the other company has told. */
#include "evidence/note.h"
#include "base/time.h"
#include "evidence/event.h"
#include "evidence/revocation.h"
#include "service/clock.h"
#include "service/command/statement_send.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_statement = {
	.name = "statement",
	.summary = "list, show and countersign statements of the companies",
	.usage =
		"tallystick statement list CONTRACT [--kind KIND]\n"
		"tallystick statement show CONTRACT SHA256\n"
		"tallystick statement sign CONTRACT SHA256 --key FILE [--lines FILE]\n"
		"tallystick statement notice CONTRACT --by SIDE --end INSTANT --key FILE\n"
		"\n"
		"show prints the note: the text with the signatures so far. sign prints the text,\n"
		"checks that it has this hash and is about this contract, signs and sends it;\n"
		"with --lines it also computes the roots of a re-attestation over these lines.\n"
		"notice ends the contract's term, as far as its terms allow.\n"
		"\n"
		"  tallystick statement sign 3f0c... 9c2e... --key lab.key\n",
	.run = run,
};

struct statement_args {
	struct ts_signer_opts signer;
	const char *kind, *lines, *by, *end;
};

static void print_list(const json_t *answer)
{
	size_t i = 0, k = 0;
	const json_t *row = NULL, *name = NULL;
	json_array_foreach(json_object_get(answer, "data"), i, row)
	{
		const json_t *leaf = json_object_get(row, "leaf");
		printf("%s %-10s %-8s", ts_cli_text(row, "sha256"), ts_cli_text(row, "kind"),
			ts_cli_text(row, "state"));
		if (json_is_integer(leaf))
			printf(" leaf %lld", (long long)json_integer_value(leaf));
		json_array_foreach(json_object_get(row, "waiting_for"), k, name)
			printf("%s%s", k == 0 ? " for " : ", ", json_string_value(name));
		if (json_is_string(json_object_get(row, "refused")))
			printf(" %s", ts_cli_text(row, "refused"));
		printf("\n");
	}
}

static enum ts_err statement_list(struct ts_cli *cli, struct ts_why *why)
{
	const struct statement_args *a = cli->own;
	struct ts_buf path;
	ts_buf_init(&path, 512);
	ts_buf_printf(&path, "/v1/contracts/%.64s/statements?limit=1000", cli->args.items[1]);
	if (a->kind != NULL) {
		ts_buf_puts(&path, "&kind=");
		ts_client_escape(&path, a->kind);
	}
	enum ts_err err = path.err;
	if (err == TS_OK)
		err = ts_cli_get(cli, ts_buf_str(&path), print_list, why);
	ts_buf_free(&path);
	return err;
}

/* Its text really has this hash. */
static enum ts_err fetch(
	struct ts_cli *cli, struct ts_buf *bytes, struct ts_note *note, struct ts_why *why)
{
	char path[256], hex[2 * TS_HASH_BYTES + 1];
	struct ts_hash hash;
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/%.64s", cli->args.items[1],
		cli->args.items[2]);
	TS_TRY(ts_client_get_bytes(cli->client, path, "text/plain", bytes, why));
	TS_TRY(ts_note_parse((struct ts_str){bytes->data, bytes->len}, note, why));
	ts_statement_hash(note->text, &hash);
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	return strcmp(hex, cli->args.items[2]) == 0
		       ? TS_OK
		       : ts_why(why, TS_E_MISMATCH, cli->args.items[2],
				 "the service gave a text with the hash %s", hex);
}

static enum ts_err statement_show(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	struct ts_buf bytes;
	struct ts_note note;
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/%.64s", cli->args.items[1],
		cli->args.items[2]);
	if (cli->json)
		return ts_cli_get(cli, path, NULL, why);
	ts_buf_init(&bytes, TS_NOTE_BYTES_MAX);
	enum ts_err err = fetch(cli, &bytes, &note, why);
	if (err == TS_OK)
		printf("%s", ts_buf_str(&bytes));
	ts_buf_free(&bytes);
	return err;
}

/* Every statement of a company names its contract in the second line. */
static enum ts_err check_text(struct ts_cli *cli, struct ts_str text, struct ts_why *why)
{
	const struct statement_args *a = cli->own;
	struct ts_reattestation r;
	struct ts_hash roots[2];
	struct ts_str rest = text, line;
	bool lines = ts_str_line(&rest, &line) && ts_str_line(&rest, &line);
	struct ts_str value = line;
	if (!lines || !ts_str_is(ts_str_cut(&value, ' '), "contract") ||
		!ts_str_is(value, cli->args.items[1]))
		return ts_why(why, TS_E_MISMATCH, "contract",
			"the statement is not about contract %s", cli->args.items[1]);
	if (a->lines == NULL)
		return TS_OK;
	TS_TRY(ts_reattestation_parse(text, &r, why));
	TS_TRY(ts_statement_roots(a->lines, (const int64_t[]){r.from, r.to}, roots, why));
	if (ts_hash_eq(&roots[0], &r.root_from) && ts_hash_eq(&roots[1], &r.root_to))
		return TS_OK;
	return ts_why(why, TS_E_MISMATCH, a->lines,
		"these lines have other roots than the statement names");
}

static enum ts_err statement_sign(struct ts_cli *cli, struct ts_why *why)
{
	const struct statement_args *a = cli->own;
	struct ts_buf bytes;
	struct ts_note note;
	ts_buf_init(&bytes, TS_NOTE_BYTES_MAX);
	enum ts_err err = fetch(cli, &bytes, &note, why);
	if (err == TS_OK)
		err = check_text(cli, note.text, why);
	if (err == TS_OK)
		err = ts_statement_send(cli, &a->signer, cli->args.items[1], note.text, why);
	ts_buf_free(&bytes);
	return err;
}

static enum ts_err build_notice(struct ts_cli *cli, struct ts_buf *text, struct ts_why *why)
{
	const struct statement_args *a = cli->own;
	char path[160];
	json_t *answer = NULL;
	int64_t end_us = 0;
	bool provider = a->by != NULL && strcmp(a->by, "provider") == 0;
	if (a->end == NULL || a->by == NULL || (!provider && strcmp(a->by, "consumer") != 0))
		return ts_why(why, TS_E_MISSING_FIELD, "statement notice",
			"--by provider or consumer, and --end, are needed");
	if (ts_time_parse(ts_str(a->end), &end_us) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "--end", "\"%.80s\" is no RFC 3339 instant, UTC",
			a->end);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/serials", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	const struct ts_event e = {.contract = ts_str(cli->args.items[1]),
		.kind = TS_EVENT_NOTICE,
		.serial = json_integer_value(json_object_get(answer, "notice")),
		.at_ms = ts_clock_now_us() / TS_US_PER_MS,
		.by = provider ? TS_SIDE_PROVIDER : TS_SIDE_CONSUMER,
		.end_ms = end_us / TS_US_PER_MS};
	json_decref(answer);
	return ts_event_build(&e, text, why);
}

static enum ts_err statement_notice(struct ts_cli *cli, struct ts_why *why)
{
	const struct statement_args *a = cli->own;
	struct ts_buf text;
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	enum ts_err err = build_notice(cli, &text, why);
	if (err == TS_OK)
		err = ts_statement_send(cli, &a->signer, cli->args.items[1],
			(struct ts_str){text.data, text.len}, why);
	ts_buf_free(&text);
	return err;
}

static int run(int argc, char **argv)
{
	static const struct ts_cli_verb verbs[] = {{"list", 2, statement_list},
		{"show", 3, statement_show}, {"sign", 3, statement_sign},
		{"notice", 2, statement_notice}};
	struct statement_args a = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_statement, .own = &a};
	const struct ts_opt opts[] = {
		{"kind", TS_OPT_TEXT, false, &a.kind, "KIND",
			"list: revoke, reattest, release, period, reservation, gap, notice, "
			"credit, payment, ..."},
		{"by", TS_OPT_TEXT, false, &a.by, "SIDE", "notice: provider or consumer"},
		{"end", TS_OPT_TEXT, false, &a.end, "INSTANT",
			"notice: the term ends then (RFC 3339, UTC, quarter-hour grid)"},
		{"key", TS_OPT_TEXT, false, &a.signer.key, "FILE", "the company's statement key"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.signer.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"lines", TS_OPT_TEXT, false, &a.lines, "FILE",
			"sign: lines of the stream that is re-attested"},
		TS_CLI_OPTS(&cli),
	};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
