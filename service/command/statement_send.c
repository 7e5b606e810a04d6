/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/statement_send.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/record.h"
#include "keys/keyfile.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_SHOWN 40

static void print_names(const char *before, const json_t *names)
{
	size_t i = 0;
	const json_t *name = NULL;
	json_array_foreach(names, i, name)
		printf("%s%s", i == 0 ? before : ", ", json_string_value(name));
}

static void print_answer(const json_t *answer)
{
	const json_t *leaf = json_object_get(answer, "leaf");
	printf("%s %s: %s", ts_cli_text(answer, "kind"), ts_cli_text(answer, "sha256"),
		ts_cli_text(answer, "state"));
	if (json_is_integer(leaf))
		printf(" at leaf %lld", (long long)json_integer_value(leaf));
	leaf = json_object_get(answer, "countersigned_leaf");
	if (json_is_integer(leaf))
		printf(", countersigned at leaf %lld", (long long)json_integer_value(leaf));
	print_names(" for ", json_object_get(answer, "waiting_for"));
	printf("\n");
}

static enum ts_err sign(const struct ts_signer_opts *signer, struct ts_str text, struct ts_buf *out,
	struct ts_why *why)
{
	struct ts_secret secret;
	TS_TRY(ts_keyfile_open(signer->key, signer->passphrase_file, &secret, why));
	ts_note_begin(text, out);
	enum ts_err err = ts_note_sign(&secret, text, out);
	ts_secret_wipe(&secret);
	return err;
}

enum ts_err ts_statement_send(struct ts_cli *cli, const struct ts_signer_opts *signer,
	const char *contract, struct ts_str text, struct ts_why *why)
{
	char path[128];
	struct ts_buf note;
	json_t *answer = NULL;
	if (signer->key == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--key", "the company's key is needed");
	if (!cli->json)
		printf("%.*s", (int)text.len, text.at);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements", contract);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	enum ts_err err = sign(signer, text, &note, why);
	if (err == TS_OK)
		err = ts_client_post_text(
			cli->client, path, ts_buf_str(&note), note.len, &answer, why);
	ts_buf_free(&note);
	TS_TRY(err);
	if (cli->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
	} else {
		print_answer(answer);
	}
	json_decref(answer);
	return TS_OK;
}

/* --- roots over a file --- */

static enum ts_err roots_of(FILE *file, const char *path, struct ts_hasher *hasher,
	const int64_t sizes[2], struct ts_hash roots[2], struct ts_why *why)
{
	char line[TS_RECORD_BYTES_MAX + 2]; /* its LF, and a NUL */
	struct ts_range range;
	struct ts_hash leaf;
	ts_range_init(&range);
	for (;;) {
		for (size_t i = 0; i < 2; i++)
			if (range.size == sizes[i])
				ts_range_root(hasher, &range, &roots[i]);
		if (range.size >= sizes[1])
			return TS_OK;
		if (fgets(line, sizeof line, file) == NULL)
			return ts_why(why, TS_E_RANGE, path, "it has %lld lines, not %lld",
				(long long)range.size, (long long)sizes[1]);
		size_t len = strlen(line);
		if (len == 0 || line[len - 1] != '\n')
			return ts_why(why, TS_E_MALFORMED, path, "line %lld is no record line",
				(long long)range.size + 1);
		ts_hash_leaf(hasher, line, len - 1, &leaf);
		ts_range_append(hasher, &range, &leaf, NULL);
	}
}

enum ts_err ts_statement_roots(
	const char *path, const int64_t sizes[2], struct ts_hash roots[2], struct ts_why *why)
{
	struct ts_hasher hasher;
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open: %s", strerror(errno));
	enum ts_err err = ts_hasher_init(&hasher);
	if (err == TS_OK) {
		err = roots_of(file, path, &hasher, sizes, roots, why);
		ts_hasher_free(&hasher);
	}
	fclose(file);
	return err;
}

int64_t ts_statement_list(const struct ts_buf *list, const char *more, struct ts_hash *hash)
{
	struct ts_str rest = {list->data, list->len}, line;
	int64_t n = 0;
	while (ts_str_line(&rest, &line))
		if (n++ < LINES_SHOWN && more != NULL)
			printf("%.*s\n", (int)line.len, line.at);
	if (n > LINES_SHOWN && more != NULL)
		printf("... and %lld more (%s)\n", (long long)n - LINES_SHOWN, more);
	ts_sha256(list->len > 0 ? list->data : "", list->len, hash);
	return n;
}
