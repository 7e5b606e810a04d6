/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick proof`: one record with what proves it, as three files, and their check offline. */
#include "evidence/proof.h"
#include "service/command/cli.h"
#include "service/textfile.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WITNESSES_MAX 16
#define PATH_BYTES_MAX 4096
#define LINE_FILE "record"
#define STREAM_FILE "stream.tlog-proof"
#define INPUTS_FILE "inputs.tlog-proof"

static int run(int argc, char **argv);

const struct ts_command ts_cmd_proof = {
	.name = "proof",
	.summary = "take the proof of one record away, and check it offline",
	.usage = "tallystick proof STREAM INDEX --out DIR\n"
		 "tallystick proof verify DIR --agent VKEY --log VKEY [--witness VKEY]...\n"
		 "                        [--quorum K]\n"
		 "\n"
		 "Writes " LINE_FILE " (the line, exact bytes), " STREAM_FILE " (the line in its\n"
		 "stream) and " INPUTS_FILE " (that checkpoint in the contract's inputs log).\n"
		 "verify needs no service; the keys stand in the key statement and in the terms.\n"
		 "By hand, with openssl: docs/verify-by-hand.md.\n\n"
		 "  tallystick proof 4f2a... 417 --out proof/\n"
		 "  tallystick proof verify proof/ --agent ledger.example/...+8r3X+AQ... --log "
		 "...\n",
	.run = run,
};

struct own {
	const char *out, *agent, *log;
	struct ts_opt_list witnesses;
	int64_t quorum;
};

static enum ts_err path_of(
	const char *dir, const char *name, char path[PATH_BYTES_MAX], struct ts_why *why)
{
	int n = snprintf(path, PATH_BYTES_MAX, "%s/%s", dir, name);
	return n > 0 && n < PATH_BYTES_MAX ? TS_OK
					   : ts_why(why, TS_E_LIMIT, dir, "the path is too long");
}

static enum ts_err write_text(const char *dir, const char *name, const json_t *answer,
	const char *member, struct ts_why *why)
{
	char path[PATH_BYTES_MAX];
	const json_t *text = json_object_get(answer, member);
	if (!json_is_string(text))
		return ts_why(why, TS_E_MALFORMED, member, "the answer has none");
	TS_TRY(path_of(dir, name, path, why));
	return ts_textfile_write(path, json_string_value(text), json_string_length(text), why);
}

static enum ts_err write_line(const char *dir, const json_t *answer, struct ts_why *why)
{
	static uint8_t line[1 << 17]; /* a line has at most 65,535 bytes */
	char path[PATH_BYTES_MAX];
	size_t len = 0;
	const char *base64 = json_string_value(json_object_get(answer, "line_base64"));
	if (base64 == NULL || ts_text_unbase64(ts_str(base64), line, sizeof line, &len) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "line_base64", "is not base64 of a line");
	TS_TRY(path_of(dir, LINE_FILE, path, why));
	return ts_textfile_write(path, line, len, why);
}

static enum ts_err fetch(struct ts_cli *cli, struct ts_why *why)
{
	const struct own *own = cli->own;
	char path[256];
	json_t *answer = NULL;
	snprintf(
		path, sizeof path, "/v1/usage/%s/%s/proof", cli->args.items[0], cli->args.items[1]);
	if (own->out == NULL)
		return ts_cli_get(cli, path, NULL, why);
	if (mkdir(own->out, 0777) != 0 && errno != EEXIST)
		return ts_why(why, TS_E_IO, own->out, "%s", strerror(errno));
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	enum ts_err err = write_line(own->out, answer, why);
	if (err == TS_OK)
		err = write_text(own->out, STREAM_FILE, answer, "stream_proof", why);
	if (err == TS_OK)
		err = write_text(own->out, INPUTS_FILE, answer, "inputs_proof", why);
	if (err == TS_OK)
		printf("%s: line %s of %s, leaf %lld of the inputs log\n", own->out,
			cli->args.items[1], ts_cli_text(answer, "origin"),
			(long long)json_integer_value(json_object_get(answer, "leaf")));
	json_decref(answer);
	return err;
}

struct check {
	struct ts_buf line, stream, inputs;
	struct ts_key agent, logs[1 + WITNESSES_MAX];
	size_t logs_n;
};

static enum ts_err read_all(struct check *c, const char *dir, struct ts_why *why)
{
	char path[PATH_BYTES_MAX];
	TS_TRY(path_of(dir, LINE_FILE, path, why));
	TS_TRY(ts_textfile_read(path, &c->line, why));
	TS_TRY(path_of(dir, STREAM_FILE, path, why));
	TS_TRY(ts_textfile_read(path, &c->stream, why));
	TS_TRY(path_of(dir, INPUTS_FILE, path, why));
	return ts_textfile_read(path, &c->inputs, why);
}

static enum ts_err read_keys(struct check *c, const struct own *own, struct ts_why *why)
{
	if (own->agent == NULL || own->log == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--agent, --log",
			"--agent and --log are needed: whom to believe is not for the files to "
			"say");
	if (own->witnesses.n > WITNESSES_MAX)
		return ts_why(why, TS_E_LIMIT, "--witness", "at most %d", WITNESSES_MAX);
	TS_TRY(ts_key_parse(ts_str(own->agent), &c->agent, why));
	TS_TRY(ts_key_parse(ts_str(own->log), &c->logs[c->logs_n++], why));
	for (size_t i = 0; i < own->witnesses.n; i++)
		TS_TRY(ts_key_parse(ts_str(own->witnesses.items[i]), &c->logs[c->logs_n++], why));
	return TS_OK;
}

static enum ts_err check(struct check *c, const struct own *own, struct ts_why *why)
{
	struct ts_proof stream_proof, inputs_proof;
	struct ts_note_sig sigs[1 + WITNESSES_MAX];
	struct ts_checkpoint stream, inputs;
	struct ts_hasher hasher;
	int64_t witnessed = 0;
	TS_TRY(ts_proof_parse((struct ts_str){c->stream.data, c->stream.len}, &stream_proof, why));
	TS_TRY(ts_proof_parse((struct ts_str){c->inputs.data, c->inputs.len}, &inputs_proof, why));
	TS_TRY(ts_hasher_init(&hasher));
	enum ts_err err = ts_proof_verify_record(&hasher,
		(struct ts_str){c->line.data, c->line.len}, &stream_proof, &c->agent, &inputs_proof,
		c->logs, c->logs_n, sigs, &stream, &inputs, why);
	ts_hasher_free(&hasher);
	TS_TRY(err);
	for (size_t i = 1; i < c->logs_n; i++)
		witnessed += sigs[i].valid;
	if (witnessed < own->quorum)
		return ts_why(why, TS_E_SIGNATURE, "witness",
			"%lld of the witnesses have cosigned, %lld are asked for",
			(long long)witnessed, (long long)own->quorum);
	printf("ok: line %lld of %s\n    in its checkpoint of size %lld, leaf %lld of %s at size "
	       "%lld, cosigned by %lld\n",
		(long long)stream_proof.index, c->agent.name, (long long)stream.size,
		(long long)inputs_proof.index, c->logs[0].name, (long long)inputs.size,
		(long long)witnessed);
	return TS_OK;
}

static enum ts_err verify(struct ts_cli *cli, struct ts_why *why)
{
	struct check c = {0};
	ts_buf_init(&c.line, 1u << 17);
	ts_buf_init(&c.stream, TS_PROOF_BYTES_MAX);
	ts_buf_init(&c.inputs, TS_PROOF_BYTES_MAX);
	enum ts_err err = read_keys(&c, cli->own, why);
	if (err == TS_OK)
		err = read_all(&c, cli->args.items[1], why);
	if (err == TS_OK)
		err = check(&c, cli->own, why);
	ts_buf_free(&c.line);
	ts_buf_free(&c.stream);
	ts_buf_free(&c.inputs);
	return err;
}

static int run(int argc, char **argv)
{
	struct own own = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_proof, .own = &own};
	const struct ts_opt opts[] = {
		{"out", TS_OPT_TEXT, false, &own.out, "DIR", "three files (default: JSON)"},
		{"agent", TS_OPT_TEXT, false, &own.agent, "VKEY", "verify: key of the stream"},
		{"log", TS_OPT_TEXT, false, &own.log, "VKEY", "verify: key of the inputs log"},
		{"witness", TS_OPT_LIST, false, &own.witnesses, "VKEY", "verify: a cosigner"},
		{"quorum", TS_OPT_INT, false, &own.quorum, "K",
			"verify: so many must have cosigned"},
		TS_CLI_OPTS(&cli)};
	static const struct ts_cli_verb verbs[] = {{"verify", 2, verify}, {NULL, 2, fetch}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs, 2, argc, argv);
}
