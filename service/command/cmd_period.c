/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "evidence/note.h"
#include "evidence/statement.h"
#include "service/command/cli.h"
#include "service/command/statement_send.h"
#include "service/textfile.h"
#include "service/publish/timestamp.h"
#include <stdio.h>
#include <string.h>

#define PATH_CHARS 320

static int run(int argc, char **argv);

const struct ts_command ts_cmd_period = {
	.name = "period",
	.summary = "billing periods: their states, seals, countersignatures, time-stamps",
	.usage =
		"tallystick period list CONTRACT\n"
		"tallystick period show CONTRACT PERIOD\n"
		"tallystick period state CONTRACT PERIOD [--out FILE]\n"
		"tallystick period seal CONTRACT PERIOD --book provider|consumer --key FILE\n"
		"                       [--state FILE]\n"
		"tallystick period countersign CONTRACT PERIOD --book B --key FILE [--state FILE]\n"
		"tallystick period reserve CONTRACT PERIOD --book B --key FILE --reason TEXT\n"
		"tallystick period timestamp CONTRACT PERIOD --book B --request FILE |\n"
		"                            --response FILE | --roots FILE\n\n"
		"Each company seals its own book, the other one countersigns it or says what it\n"
		"reserves. --state FILE: a state of your own (docs/formats/state.md); another\n"
		"hash than the service's is not signed.\n\n"
		"  tallystick period seal 3f0c... 2026-05 --book provider --key provider.key\n",
	.run = run,
};

struct period_args {
	const char *book, *state, *out, *reason, *request, *response, *roots;
	struct ts_signer_opts signer;
};

static const char *path_of(const struct ts_cli *cli, const char *rest, char out[PATH_CHARS])
{
	snprintf(out, PATH_CHARS, "/v1/contracts/%s/periods%s%s%s", cli->args.items[1],
		cli->args.n > 2 ? "/" : "", cli->args.n > 2 ? cli->args.items[2] : "", rest);
	return out;
}

static enum ts_err given(const char *value, const char *option, struct ts_why *why)
{
	return value != NULL ? TS_OK
			     : ts_why(why, TS_E_MISSING_FIELD, option, "%s is needed", option);
}

static enum ts_err side_of(const struct period_args *args, enum ts_side *out, struct ts_why *why)
{
	TS_TRY(given(args->book, "--book", why));
	*out = strcmp(args->book, "consumer") == 0 ? TS_SIDE_CONSUMER : TS_SIDE_PROVIDER;
	if (strcmp(args->book, ts_side_name(*out)) != 0)
		return ts_why(why, TS_E_MALFORMED, "--book",
			"\"%s\" is neither provider nor consumer", args->book);
	return TS_OK;
}

static void print_list(const json_t *answer)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(answer, "data"), i, row) printf("%-24s %s %s  %-7s %s\n",
		ts_cli_text(row, "period"), ts_cli_text(row, "from"), ts_cli_text(row, "to"),
		ts_cli_text(row, "state"), ts_cli_text(row, "document"));
}

static enum ts_err period_list(struct ts_cli *cli, struct ts_why *why)
{
	char path[PATH_CHARS];
	return ts_cli_get(cli, path_of(cli, "", path), print_list, why);
}

static void print_seals(const json_t *answer)
{
	static const char *const books[] = {"provider", "consumer"};
	printf("%s: through %s, cut at leaf %lld\nstate %s\n", ts_cli_text(answer, "period"),
		ts_cli_text(answer, "through"),
		(long long)json_integer_value(json_object_get(answer, "cut")),
		ts_cli_text(answer, "state"));
	for (size_t i = 0; i < 2; i++) {
		const json_t *seal = json_object_get(json_object_get(answer, "books"), books[i]);
		if (json_is_null(seal)) {
			printf("%s: not sealed\n", books[i]);
			continue;
		}
		printf("%s: sealed %s at leaf %lld, countersignature: %s, time-stamps: %lld\n",
			books[i], ts_cli_text(seal, "sealed"),
			(long long)json_integer_value(json_object_get(seal, "leaf")),
			ts_cli_text(seal, "countersignature"),
			(long long)json_integer_value(json_object_get(seal, "timestamps")));
	}
}

static enum ts_err period_show(struct ts_cli *cli, struct ts_why *why)
{
	char path[PATH_CHARS];
	return ts_cli_get(cli, path_of(cli, "/seals", path), print_seals, why);
}

/* The service's state; *hash is that of the bytes that came, or of --state, which must be equal. */
static enum ts_err state_hash(struct ts_cli *cli, struct ts_hash *hash, struct ts_why *why)
{
	const struct period_args *args = cli->own;
	char path[PATH_CHARS];
	struct ts_hash own;
	struct ts_buf text;
	ts_buf_init(&text, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_get_bytes(
		cli->client, path_of(cli, "/state", path), "text/plain", &text, why);
	ts_sha256(text.data != NULL ? text.data : "", text.len, hash);
	if (err == TS_OK && args->out != NULL)
		err = ts_textfile_write(args->out, text.data, text.len, why);
	ts_buf_reset(&text);
	if (err == TS_OK && args->state != NULL) {
		err = ts_textfile_read(args->state, &text, why);
		ts_sha256(text.data != NULL ? text.data : "", text.len, &own);
		if (err == TS_OK && !ts_hash_eq(&own, hash))
			err = ts_why(why, TS_E_MISMATCH, args->state,
				"is not the state that the service keeps: not signed");
	}
	ts_buf_free(&text);
	return err;
}

static enum ts_err period_state(struct ts_cli *cli, struct ts_why *why)
{
	struct ts_hash hash;
	char hex[2 * TS_HASH_BYTES + 1];
	TS_TRY(state_hash(cli, &hash, why));
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	printf("%s\n", hex);
	return TS_OK;
}

static enum ts_err send(struct ts_cli *cli, struct ts_str text, struct ts_why *why)
{
	const struct period_args *args = cli->own;
	return ts_statement_send(cli, &args->signer, cli->args.items[1], text, why);
}

static enum ts_err period_seal(struct ts_cli *cli, struct ts_why *why)
{
	char path[PATH_CHARS];
	json_t *seals = NULL;
	struct ts_buf text;
	struct ts_period_statement statement = {.contract = ts_str(cli->args.items[1])};
	TS_TRY(side_of(cli->own, &statement.book, why));
	TS_TRY(state_hash(cli, &statement.state, why));
	TS_TRY(ts_client_get(cli->client, path_of(cli, "/seals", path), &seals, why));
	statement.cut = json_integer_value(json_object_get(seals, "cut"));
	enum ts_err err = ts_date_parse(ts_str(ts_cli_text(seals, "through")), &statement.through);
	json_decref(seals);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	if (err == TS_OK)
		err = ts_period_statement_build(&statement, &text, why);
	if (err == TS_OK)
		err = send(cli, (struct ts_str){text.data, text.len}, why);
	ts_buf_free(&text);
	return err;
}

/* The other company's seal, as it signed it; checked against the state. */
static enum ts_err seal_of(struct ts_cli *cli, struct ts_buf *bytes, struct ts_note *note,
	struct ts_period_statement *statement, struct ts_why *why)
{
	char rest[64], path[PATH_CHARS];
	enum ts_side book;
	TS_TRY(side_of(cli->own, &book, why));
	snprintf(rest, sizeof rest, "/seals/%s", ts_side_name(book));
	TS_TRY(ts_client_get_bytes(
		cli->client, path_of(cli, rest, path), "text/plain", bytes, why));
	TS_TRY(ts_note_parse((struct ts_str){bytes->data, bytes->len}, note, why));
	TS_TRY(ts_period_statement_parse(note->text, statement, why));
	if (!ts_str_is(statement->contract, cli->args.items[1]) || statement->book != book)
		return ts_why(why, TS_E_MISMATCH, "seal", "it is about something else");
	return TS_OK;
}

static enum ts_err countersign(struct ts_cli *cli, struct ts_buf *bytes, struct ts_why *why)
{
	struct ts_note note;
	struct ts_period_statement statement;
	struct ts_hash state;
	TS_TRY(seal_of(cli, bytes, &note, &statement, why));
	TS_TRY(state_hash(cli, &state, why));
	if (!ts_hash_eq(&state, &statement.state))
		return ts_why(why, TS_E_MISMATCH, "state",
			"the seal names another state than the service gives: not signed");
	return send(cli, note.text, why);
}

static enum ts_err reserve(struct ts_cli *cli, struct ts_buf *bytes, struct ts_why *why)
{
	const struct period_args *args = cli->own;
	struct ts_note note;
	struct ts_period_statement statement;
	struct ts_buf text;
	TS_TRY(given(args->reason, "--reason", why));
	TS_TRY(seal_of(cli, bytes, &note, &statement, why));
	struct ts_reservation reservation = {.contract = statement.contract,
		.book = statement.book,
		.through = statement.through,
		.reason = ts_str(args->reason)};
	ts_statement_hash(note.text, &reservation.statement);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	enum ts_err err = ts_reservation_build(&reservation, &text, why);
	if (err == TS_OK)
		err = send(cli, (struct ts_str){text.data, text.len}, why);
	ts_buf_free(&text);
	return err;
}

/* Asks an authority (--request), hands in what it gave (--response), or checks it (--roots). */
static enum ts_err timestamp(struct ts_cli *cli, struct ts_buf *bytes, struct ts_why *why)
{
	const struct period_args *args = cli->own;
	struct ts_note note;
	struct ts_period_statement statement;
	struct ts_hash imprint;
	struct ts_timestamp stamp;
	char rest[64], path[PATH_CHARS], text[TS_TIME_CHARS];
	TS_TRY(seal_of(cli, bytes, &note, &statement, why));
	ts_sha256(bytes->data, bytes->len, &imprint);
	snprintf(rest, sizeof rest, "/seals/%s/timestamp", args->book);
	path_of(cli, rest, path);
	struct ts_buf der;
	ts_buf_init(&der, TS_TIMESTAMP_BYTES_MAX);
	enum ts_err err = TS_OK;
	if (args->request != NULL) {
		err = ts_timestamp_request(&imprint, &der, why);
		if (err == TS_OK)
			err = ts_textfile_write(args->request, der.data, der.len, why);
	} else if (args->response != NULL) {
		err = ts_textfile_read(args->response, &der, why);
		struct ts_client_call call = {.method = "POST",
			.path = path,
			.content_type = "application/timestamp-reply",
			.body = der.data,
			.body_len = der.len};
		ts_buf_reset(bytes);
		if (err == TS_OK)
			err = ts_client_call(cli->client, &call, bytes, NULL, why);
		if (err == TS_OK)
			printf("%s\n", ts_buf_str(bytes));
	} else {
		err = given(args->roots, "--request, --response or --roots", why);
		if (err == TS_OK)
			err = ts_client_get_bytes(cli->client, path, NULL, &der, why);
		if (err == TS_OK)
			err = ts_timestamp_trust((struct ts_str){der.data, der.len}, &imprint,
				args->roots, &stamp, why);
		if (err == TS_OK)
			printf("stamped %s by %s\n", ts_time_format(stamp.stamped_us, text),
				stamp.authority);
	}
	ts_buf_free(&der);
	return err;
}

static enum ts_err with_seal(struct ts_cli *cli, struct ts_why *why)
{
	static const struct {
		const char *name;
		enum ts_err (*run)(struct ts_cli *cli, struct ts_buf *bytes, struct ts_why *why);
	} verbs[] = {{"countersign", countersign}, {"reserve", reserve}, {"timestamp", timestamp}};
	struct ts_buf bytes;
	enum ts_err err = TS_E_INTERNAL;
	ts_buf_init(&bytes, TS_NOTE_BYTES_MAX);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(cli->args.items[0], verbs[i].name) == 0)
			err = verbs[i].run(cli, &bytes, why);
	ts_buf_free(&bytes);
	return err;
}

static int run(int argc, char **argv)
{
	struct period_args args = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_period, .own = &args};
	const struct ts_opt opts[] = {
		{"book", TS_OPT_TEXT, false, &args.book, "BOOK", "whose book: provider, consumer"},
		{"key", TS_OPT_TEXT, false, &args.signer.key, "FILE",
			"your company's statement key"},
		{"passphrase-file", TS_OPT_TEXT, false, &args.signer.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"state", TS_OPT_TEXT, false, &args.state, "FILE",
			"a state of your own to compare"},
		{"out", TS_OPT_TEXT, false, &args.out, "FILE", "state: where it goes"},
		{"reason", TS_OPT_TEXT, false, &args.reason, "TEXT", "reserve: what is reserved"},
		{"request", TS_OPT_TEXT, false, &args.request, "FILE",
			"timestamp: write a request for an authority"},
		{"response", TS_OPT_TEXT, false, &args.response, "FILE",
			"timestamp: hand in what the authority answered"},
		{"roots", TS_OPT_TEXT, false, &args.roots, "FILE",
			"timestamp: check the newest token against these roots (PEM)"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {{"list", 2, period_list},
		{"show", 3, period_show}, {"state", 3, period_state}, {"seal", 3, period_seal},
		{"countersign", 3, with_seal}, {"reserve", 3, with_seal},
		{"timestamp", 3, with_seal}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
