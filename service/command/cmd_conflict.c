/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick conflict`: fetch the proof that an agent signed two stories, and check one offline.
 */
#include "evidence/conflict.h"
#include "service/command/cli.h"
#include "service/textfile.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_conflict = {
	.name = "conflict",
	.summary = "fetch or check the proof that an agent signed two stories",
	.usage = "tallystick conflict fetch STREAM [SHA256] [--out FILE]\n"
		 "tallystick conflict verify FILE --key VKEY\n\n"
		 "fetch takes the stream's first conflict, or the one of that name. verify needs\n"
		 "no service: exit code 0 says that the holder of the key signed two checkpoints\n"
		 "that no log can both have (docs/formats/conflict.md).\n\n"
		 "  tallystick conflict fetch 4f2a... --out conflict.txt\n"
		 "  tallystick conflict verify conflict.txt --key ledger.example/...+8r3X+AQ...\n",
	.run = run,
};

struct own {
	const char *out, *key;
};

/* The name of the stream's first conflict. */
static enum ts_err first_name(
	struct ts_cli *cli, char name[2 * TS_HASH_BYTES + 1], struct ts_why *why)
{
	char path[192];
	json_t *list = NULL;
	snprintf(path, sizeof path, "/v1/streams/%s/conflicts", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &list, why));
	const json_t *first = json_array_get(json_object_get(list, "data"), 0);
	if (first != NULL)
		snprintf(name, 2 * TS_HASH_BYTES + 1, "%s", ts_cli_text(first, "sha256"));
	json_decref(list);
	return first != NULL ? TS_OK
			     : ts_why(why, TS_E_NOT_FOUND, "stream", "%s has no conflict",
				       cli->args.items[1]);
}

static enum ts_err fetch(struct ts_cli *cli, struct ts_why *why)
{
	const struct own *own = cli->own;
	char name[2 * TS_HASH_BYTES + 1], path[256];
	struct ts_buf file;
	if (cli->args.n == 3)
		snprintf(name, sizeof name, "%s", cli->args.items[2]);
	else
		TS_TRY(first_name(cli, name, why));
	snprintf(path, sizeof path, "/v1/streams/%s/conflicts/%s", cli->args.items[1], name);
	ts_buf_init(&file, TS_CONFLICT_BYTES_MAX);
	enum ts_err err = ts_client_get_bytes(cli->client, path, "text/plain", &file, why);
	if (err == TS_OK && own->out != NULL)
		err = ts_textfile_write(own->out, file.data, file.len, why);
	else if (err == TS_OK && fwrite(file.data, 1, file.len, stdout) != file.len)
		err = TS_E_IO;
	ts_buf_free(&file);
	return err;
}

static enum ts_err check(struct ts_str bytes, const char *vkey, struct ts_why *why)
{
	struct ts_conflict conflict;
	struct ts_hasher hasher;
	struct ts_key key;
	TS_TRY(ts_key_parse(ts_str(vkey), &key, why));
	TS_TRY(ts_conflict_parse(bytes, &conflict, why));
	TS_TRY(ts_hasher_init(&hasher));
	enum ts_err err = ts_conflict_verify(&hasher, &conflict, &key, why);
	ts_hasher_free(&hasher);
	TS_TRY(err);
	printf("conflict: %s signed two logs\n  refused:  size %lld\n  accepted: size %lld\n"
	       "No log has both.\n",
		key.name, (long long)conflict.refused.size, (long long)conflict.accepted.size);
	return TS_OK;
}

static enum ts_err verify(struct ts_cli *cli, struct ts_why *why)
{
	const struct own *own = cli->own;
	struct ts_buf file;
	if (own->key == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--key", "whose conflict: the agent's vkey");
	ts_buf_init(&file, TS_CONFLICT_BYTES_MAX);
	enum ts_err err = ts_textfile_read(cli->args.items[1], &file, why);
	if (err == TS_OK)
		err = check((struct ts_str){file.data, file.len}, own->key, why);
	ts_buf_free(&file);
	return err;
}

static int run(int argc, char **argv)
{
	struct own own = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_conflict, .own = &own};
	const struct ts_opt opts[] = {
		{"out", TS_OPT_TEXT, false, &own.out, "FILE", "fetch: write here, not to stdout"},
		{"key", TS_OPT_TEXT, false, &own.key, "VKEY", "verify: the agent's key"},
		TS_CLI_OPTS(&cli)};
	static const struct ts_cli_verb verbs[] = {
		{"fetch", 2, fetch}, {"fetch", 3, fetch}, {"verify", 2, verify}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs, 3, argc, argv);
}
