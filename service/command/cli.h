/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CLI_H
#define TS_SERVICE_CLI_H
/* Why: the client commands share their options (--url, --token, --json) and their ways: a table of
 * verbs, JSON printed as it came with --json, an idempotency key per run for money effects. */
#include "service/command/client.h"
#include "service/command/command.h"

#define TS_CLI_ANSWER_BYTES_MAX (64u << 20)

struct ts_cli {
	const struct ts_command *cmd;
	const char *url, *token, *key; /* key: --idempotency-key */
	bool posted; /* the key went out with a request */
	bool json;
	struct ts_opt_list args;
	struct ts_client *client;
	void *own; /* the command's options */
};
/* Rows for the shared options, to be put behind the command's own. */
#define TS_CLI_OPTS(cli)                                                                           \
	{"url", TS_OPT_TEXT, false, &(cli)->url, "URL", "service (TALLYSTICK_URL)"},               \
		{"token", TS_OPT_TEXT, false, &(cli)->token, "TOKEN",                              \
			"bearer token (TALLYSTICK_TOKEN)"},                                        \
		{"json", TS_OPT_FLAG, false, &(cli)->json, NULL, "print the service's JSON"},      \
	{                                                                                          \
		"idempotency-key", TS_OPT_TEXT, false, &(cli)->key, "KEY",                         \
			"repeat a money effect safely (default: a new key)"                        \
	}
#define TS_CLI_OPTS_N 4

struct ts_cli_verb {
	const char *name; /* NULL: the command has no verbs */
	size_t args; /* positional arguments, the verb included */
	enum ts_err (*run)(struct ts_cli *cli, struct ts_why *why);
};
/* Parses, connects, finds the verb by args.items[0] and the count, runs it; the exit code. */
int ts_cli_run(struct ts_cli *cli, const struct ts_opt *opts, size_t n,
	const struct ts_cli_verb *verbs, size_t verbs_n, int argc, char **argv);

/* GET or POST, then print the answer: indented JSON, or `print` (NULL: JSON in any case). */
typedef void (*ts_cli_print)(const json_t *answer);
enum ts_err ts_cli_get(
	struct ts_cli *cli, const char *path, ts_cli_print print, struct ts_why *why) TS_MUST;
enum ts_err ts_cli_post(struct ts_cli *cli, const char *path, const json_t *body,
	ts_cli_print print, struct ts_why *why) TS_MUST;
/* Bytes to the file `out`, or to standard output where that is NULL. */
enum ts_err ts_cli_save(const char *out, const struct ts_buf *bytes, struct ts_why *why) TS_MUST;
/* GET, then save what comes. */
enum ts_err ts_cli_fetch(
	struct ts_cli *cli, const char *path, const char *out, struct ts_why *why) TS_MUST;
/* TS_E_MALFORMED unless it looks like a stream's id: it goes into paths. */
enum ts_err ts_cli_stream(const char *id, struct ts_why *why) TS_MUST;
/* Text of a member, "-" when it is absent or null. */
const char *ts_cli_text(const json_t *object, const char *member);

#endif
