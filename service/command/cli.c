/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include "service/textfile.h"
#include "base/text.h"
#include "evidence/origin.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int usage(struct ts_cli *cli)
{
	struct ts_why why = {0};
	ts_command_fail(cli->cmd,
		ts_why(&why, TS_E_MALFORMED, cli->args.n > 0 ? cli->args.items[0] : "arguments",
			"no such verb, or an argument is missing or too many; see --help"),
		&why);
	return TS_EXIT_USAGE;
}

int ts_cli_run(struct ts_cli *cli, const struct ts_opt *opts, size_t n,
	const struct ts_cli_verb *verbs, size_t verbs_n, int argc, char **argv)
{
	int code = TS_EXIT_OK;
	struct ts_why why = {0};
	char key[33];
	uint8_t random[16];
	if (!ts_opt_parse(cli->cmd, opts, n, argc, argv, 0, TS_OPT_LIST_MAX, &cli->args, &code))
		return code;
	const struct ts_cli_verb *verb = NULL;
	for (size_t i = 0; i < verbs_n && verb == NULL; i++)
		if (cli->args.n == verbs[i].args &&
			(verbs[i].name == NULL || strcmp(verbs[i].name, cli->args.items[0]) == 0))
			verb = &verbs[i];
	if (verb == NULL)
		return usage(cli);
	if (cli->key == NULL) {
		randombytes_buf(random, sizeof random);
		ts_text_hex(random, sizeof random, key);
		cli->key = key;
	}
	enum ts_err err = ts_client_create(cli->url, cli->token, &cli->client, &why);
	if (err == TS_OK)
		err = verb->run(cli, &why);
	ts_client_free(cli->client);
	if (cli->posted && (err == TS_E_UNKNOWN_OUTCOME || err == TS_E_UNAVAILABLE))
		fprintf(stderr, "repeat with --idempotency-key %s\n", cli->key);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(cli->cmd, err, &why);
}

static void show(struct ts_cli *cli, const json_t *answer, ts_cli_print print)
{
	if (cli->json || print == NULL) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
	} else {
		print(answer);
	}
}

enum ts_err ts_cli_get(struct ts_cli *cli, const char *path, ts_cli_print print, struct ts_why *why)
{
	json_t *answer = NULL;
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	show(cli, answer, print);
	json_decref(answer);
	return TS_OK;
}

enum ts_err ts_cli_save(const char *out, const struct ts_buf *bytes, struct ts_why *why)
{
	if (out != NULL)
		return ts_textfile_write(out, bytes->data, bytes->len, why);
	return fwrite(bytes->data, 1, bytes->len, stdout) == bytes->len
		       ? TS_OK
		       : ts_why(why, TS_E_IO, "standard output", "cannot write");
}

enum ts_err ts_cli_fetch(struct ts_cli *cli, const char *path, const char *out, struct ts_why *why)
{
	struct ts_buf bytes;
	ts_buf_init(&bytes, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_get_bytes(cli->client, path, NULL, &bytes, why);
	if (err == TS_OK)
		err = ts_cli_save(out, &bytes, why);
	ts_buf_free(&bytes);
	return err;
}

enum ts_err ts_cli_post(struct ts_cli *cli, const char *path, const json_t *body,
	ts_cli_print print, struct ts_why *why)
{
	json_t *answer = NULL;
	cli->posted = true;
	TS_TRY(ts_client_post(cli->client, path, body, cli->key, &answer, why));
	show(cli, answer, print);
	json_decref(answer);
	return TS_OK;
}

enum ts_err ts_cli_stream(const char *id, struct ts_why *why)
{
	uint8_t bytes[TS_STREAM_ID_CHARS / 2];
	if (ts_text_unhex(ts_str(id), bytes, sizeof bytes) == TS_OK)
		return TS_OK;
	return ts_why(why, TS_E_MALFORMED, "STREAM",
		"\"%.80s\" is not a stream's id: %d hex digits", id, TS_STREAM_ID_CHARS);
}

const char *ts_cli_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text != NULL ? text : "-";
}
