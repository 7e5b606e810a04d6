/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick stream`: enrol an agent and look at its stream. The agent's key is made here and
 * never leaves the folder; the organisation's statement key signs who may assert what. */
#include "base/json.h"
#include "importers/collect.h"
#include "service/command/client.h"
#include "service/clock.h"
#include "service/command/command.h"
#include "service/contract/contract_facts.h"
#include "service/instant.h"
#include "keys/keyfile.h"
#include "service/settle/push.h"
#include "service/command/rotate.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES_MAX 4096

static int run(int argc, char **argv);

const struct ts_command ts_cmd_stream = {
	.name = "stream",
	.summary = "enrol an agent, show its stream, close its windows",
	.usage =
		"tallystick stream new DIR --contract ID --cluster NAME --from DATE --key KEYFILE\n"
		"                          [--terms TERMS.json] [...]\n"
		"tallystick stream show DIR\n"
		"tallystick stream close DIR --through INSTANT [--url URL --token TOKEN]\n"
		"tallystick stream rotate DIR NEWDIR --key KEYFILE [--terms TERMS.json]\n"
		"tallystick stream rotate --lost STREAM NEWDIR --key KEYFILE [--terms TERMS.json]\n"
		"\n"
		"new makes DIR with a new agent key, signs the key statement with the company's\n"
		"statement key and enrols it; run again, it sends the same statement. With\n"
		"--terms the receipt key is that of the signed terms, not what the service\n"
		"says. --seal puts the agent's key under a passphrase of its own; import and\n"
		"append then ask for it. close writes the c1 lines up to an instant,\n"
		"heartbeats where nothing ran, and sends. rotate goes on in NEWDIR with a new\n"
		"key from the last closed window on; the old stream, all of it sent, ends. With\n"
		"--lost the old key is gone: revoke it first (tallystick key revoke), then only\n"
		"the company and the new key sign.\n"
		"\n"
		"  tallystick stream new var/agent --contract 3f0c... --cluster colossus1 \\\n"
		"      --from 2026-06-01 --key provider.key --terms terms.json\n",
	.run = run,
};

struct stream_args {
	const char *url, *token, *contract, *cluster, *agent, *side, *from, *to, *key, *terms;
	const char *resources, *through, *lost, *passphrase_file;
	struct ts_agent_seal seal;
	int64_t window_ms;
	bool as_json;
	struct ts_opt_list skus, args;
};

static int by_text(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;
	return strcmp(*x, *y);
}

/* "-" for any, else sorted and comma separated, as the statement wants it. */
static enum ts_err join_list(const struct ts_opt_list *list, struct ts_buf *out)
{
	struct ts_opt_list sorted = *list;
	qsort(sorted.items, sorted.n, sizeof(sorted.items[0]), by_text);
	if (sorted.n == 0)
		ts_buf_putc(out, '-');
	for (size_t i = 0; i < sorted.n; i++) {
		ts_buf_puts(out, i ? "," : "");
		ts_buf_puts(out, sorted.items[i]);
	}
	return out->err;
}

static enum ts_err make_agent(const struct stream_args *a, const struct ts_contract_facts *facts,
	struct ts_secret *agent, struct ts_why *why)
{
	char origin[TS_ORIGIN_MAX + 1];
	uint8_t seed[TS_KEY_SEED_BYTES];
	const struct ts_origin parts = {.domain = ts_str(facts->domain),
		.contract = ts_str(a->contract),
		.cluster = ts_str(a->cluster),
		.agent = ts_str(a->agent != NULL ? a->agent : "agent"),
		.generation = 1};
	if (ts_origin_format(&parts, origin) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "origin",
			"contract, cluster or agent has bytes other than a-z A-Z 0-9 . _ - ~");
	randombytes_buf(seed, sizeof(seed));
	enum ts_err err = ts_secret_make(ts_str(origin), TS_KEY_ED25519, seed, agent);
	ts_wipe(seed, sizeof(seed));
	return err;
}

/* The key/v1 note, signed by the company and by the new key itself. */
static enum ts_err make_enrolment(const struct stream_args *a, const struct ts_secret *agent,
	struct ts_buf *out, struct ts_why *why)
{
	struct ts_buf skus __attribute__((cleanup(ts_buf_free)));
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	struct ts_secret company;
	struct ts_key_statement s = {.contract = ts_str(a->contract),
		.origin = ts_str(agent->key.name),
		.key = agent->key,
		.side = strcmp(a->side, "consumer") == 0 ? TS_SIDE_CONSUMER : TS_SIDE_PROVIDER,
		.scope = {.clusters = ts_str(a->cluster), .resources = ts_str(a->resources)},
		.window_ms = a->window_ms,
		.active_to_ms = TS_OPEN_MS};
	ts_buf_init(&skus, LIST_BYTES_MAX);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	TS_TRY(join_list(&a->skus, &skus));
	s.scope.skus = (struct ts_str){skus.data, skus.len};
	TS_TRY(ts_instant_parse(a->from, "--from", &s.active_from_ms, why));
	if (a->to)
		TS_TRY(ts_instant_parse(a->to, "--to", &s.active_to_ms, why));
	s.from_ms = s.active_from_ms;
	TS_TRY(ts_key_statement_build(&s, &text, why));
	struct ts_str bytes = {text.data, text.len};
	TS_TRY(ts_keyfile_open(a->key, a->passphrase_file, &company, why));
	ts_note_begin(bytes, out);
	enum ts_err err = ts_note_sign(&company, bytes, out);
	ts_secret_wipe(&company);
	TS_TRY(err);
	TS_TRY(ts_note_sign(agent, bytes, out));
	return out->err;
}

static enum ts_err create_folder(
	const struct stream_args *a, struct ts_client *client, const char *dir, struct ts_why *why)
{
	struct ts_contract_facts facts;
	struct ts_secret agent;
	struct ts_buf note __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	if (!a->contract || !a->cluster || !a->from || !a->key)
		return ts_why(why, TS_E_MISSING_FIELD, "--contract",
			"--contract, --cluster, --from and --key are needed");
	if (strcmp(a->side, "provider") != 0 && strcmp(a->side, "consumer") != 0)
		return ts_why(why, TS_E_MALFORMED, "--side", "\"%s\" is not provider or consumer",
			a->side);
	TS_TRY(ts_contract_facts_get(client, a->contract, a->terms, &facts, why));
	TS_TRY(make_agent(a, &facts, &agent, why));
	enum ts_err err = make_enrolment(a, &agent, &note, why);
	if (err == TS_OK)
		err = ts_contract_facts_spool(&facts, &agent, &a->seal, &note, dir, why);
	ts_secret_wipe(&agent);
	return err;
}

static void print_state(const struct stream_args *a, const struct ts_spool *spool,
	const struct ts_agent_report *sent)
{
	if (!a->as_json) {
		ts_push_print(spool, sent);
		return;
	}
	json_t *json = ts_push_json(spool, sent);
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	printf("\n");
	json_decref(json);
}

/* A folder that is made stays: run again, the same statement is sent once more. */
static bool is_made(const char *dir)
{
	char state[TS_SPOOL_PATH_MAX];
	int n = snprintf(state, sizeof(state), "%s/state", dir);
	return n > 0 && (size_t)n < sizeof(state) && access(state, F_OK) == 0;
}

static enum ts_err enrol(
	const struct stream_args *a, struct ts_client *client, const char *dir, struct ts_why *why)
{
	struct ts_spool *spool = NULL;
	json_t *answer __attribute__((cleanup(ts_json_cleanup))) = NULL;
	TS_TRY(ts_spool_open(dir, a->seal.passphrase_file, &spool, why));
	enum ts_err err = ts_client_post_text(
		client, "/v1/streams", spool->enrolment.data, spool->enrolment.len, &answer, why);
	const struct ts_agent_report none = {.size = spool->sent_n};
	if (err == TS_OK)
		print_state(a, spool, &none);
	ts_spool_close(spool);
	return err;
}

/* What the options say of the stream must be what its folder is. */
static enum ts_err check_made(const struct stream_args *a, const char *dir, struct ts_why *why)
{
	struct ts_spool *spool = NULL;
	struct ts_origin origin = {0};
	TS_TRY(ts_spool_open(dir, a->seal.passphrase_file, &spool, why));
	enum ts_err err = ts_origin_parse(ts_str(spool->agent.key.name), &origin, why);
	bool other = err == TS_OK &&
		     ((a->contract != NULL && !ts_str_is(origin.contract, a->contract)) ||
			     (a->cluster != NULL && !ts_str_is(origin.cluster, a->cluster)) ||
			     (a->agent != NULL && !ts_str_is(origin.agent, a->agent)));
	if (other)
		err = ts_why(why, TS_E_CONFLICT, dir, "this folder is another stream: %.200s",
			spool->agent.key.name);
	ts_spool_close(spool);
	return err;
}

static enum ts_err stream_new(const struct stream_args *a, struct ts_why *why)
{
	struct ts_client *client __attribute__((cleanup(ts_client_cleanup))) = NULL;
	const char *dir = a->args.items[1];
	TS_TRY(ts_client_create(a->url, a->token, &client, why));
	if (is_made(dir))
		TS_TRY(check_made(a, dir, why));
	else
		TS_TRY(create_folder(a, client, dir, why));
	return enrol(a, client, dir, why);
}

static enum ts_err stream_rotate(const struct stream_args *a, struct ts_why *why)
{
	struct ts_client *client __attribute__((cleanup(ts_client_cleanup))) = NULL;
	const char *dir = a->args.items[a->args.n - 1];
	const struct ts_rotate rotate = {.old_dir = a->lost ? NULL : a->args.items[1],
		.lost_stream = a->lost,
		.key = a->key,
		.passphrase_file = a->passphrase_file,
		.agent = a->seal,
		.terms = a->terms};
	if (!a->key || a->args.n != (a->lost ? 2 : 3))
		return ts_why(why, TS_E_MISSING_FIELD, "--key",
			"--key, the old folder (or --lost STREAM) and the new folder are needed");
	TS_TRY(ts_client_create(a->url, a->token, &client, why));
	if (!is_made(dir))
		TS_TRY(ts_rotate_create(&rotate, client, dir, why));
	return enrol(a, client, dir, why);
}

static enum ts_err stream_show(const struct stream_args *a, struct ts_why *why)
{
	struct ts_spool *spool = NULL;
	TS_TRY(ts_spool_open(a->args.items[1], a->seal.passphrase_file, &spool, why));
	const struct ts_agent_report none = {.size = spool->sent_n};
	print_state(a, spool, &none);
	ts_spool_close(spool);
	return TS_OK;
}

static enum ts_err close_windows(
	const struct stream_args *a, struct ts_spool *spool, struct ts_why *why)
{
	struct ts_collect collect;
	int64_t through_ms = 0;
	TS_TRY(ts_instant_parse(a->through, "--through", &through_ms, why));
	TS_TRY(ts_collect_begin(&collect, spool));
	enum ts_err err = ts_collect_close(&collect, through_ms, why);
	ts_collect_end(&collect);
	return err;
}

static enum ts_err stream_close(const struct stream_args *a, struct ts_why *why)
{
	struct ts_spool *spool = NULL;
	struct ts_agent_report sent = {0};
	if (!a->through)
		return ts_why(why, TS_E_MISSING_FIELD, "--through", "which instant is needed");
	TS_TRY(ts_spool_open(a->args.items[1], a->seal.passphrase_file, &spool, why));
	enum ts_err err = close_windows(a, spool, why);
	if (err == TS_OK)
		err = ts_push(spool, a->url, a->token, TS_AGENT_BATCH_LINES, &sent, why);
	if (err == TS_OK)
		print_state(a, spool, &sent);
	ts_spool_close(spool);
	return err;
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		size_t args_max;
		enum ts_err (*run)(const struct stream_args *, struct ts_why *);
	} verbs[] = {{"new", 2, stream_new}, {"show", 2, stream_show}, {"close", 2, stream_close},
		{"rotate", 3, stream_rotate}};
	struct stream_args a = {.side = "provider", .resources = "-", .window_ms = 86400000};
	const struct ts_opt opts[] = {
		{"contract", TS_OPT_TEXT, false, &a.contract, "ID", "32 hex digits"},
		{"cluster", TS_OPT_TEXT, false, &a.cluster, "NAME", "the only one it may meter"},
		{"agent", TS_OPT_TEXT, false, &a.agent, "NAME", "default agent"},
		{"side", TS_OPT_TEXT, false, &a.side, "SIDE", "provider (default) or consumer"},
		{"sku", TS_OPT_LIST, false, &a.skus, "SKU", "that it may meter (default: any)"},
		{"resources", TS_OPT_TEXT, false, &a.resources, "PREFIXES",
			"comma list of prefixes (default: any)"},
		{"from", TS_OPT_TEXT, false, &a.from, "DATE", "first window and first usage"},
		{"to", TS_OPT_TEXT, false, &a.to, "DATE", "end of its windows (default: open)"},
		{"window", TS_OPT_INT, false, &a.window_ms, "MS", "default 86400000, a day"},
		{"key", TS_OPT_TEXT, false, &a.key, "FILE", "the company's statement key"},
		{"terms", TS_OPT_TEXT, false, &a.terms, "FILE", "the signed terms, for their keys"},
		{"through", TS_OPT_TEXT, false, &a.through, "INSTANT", "close: up to here"},
		{"lost", TS_OPT_TEXT, false, &a.lost, "STREAM", "rotate: its folder is gone"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"seal", TS_OPT_FLAG, false, &a.seal.seal, NULL,
			"new, rotate: seal the agent's own key by a passphrase"},
		{"agent-passphrase-file", TS_OPT_TEXT, false, &a.seal.passphrase_file, "FILE",
			"of the agent's key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"url", TS_OPT_TEXT, false, &a.url, "URL", "service (TALLYSTICK_URL)"},
		{"token", TS_OPT_TEXT, false, &a.token, "TOKEN", "bearer token (TALLYSTICK_TOKEN)"},
		{"json", TS_OPT_FLAG, false, &a.as_json, NULL, "print JSON"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_stream, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 2, 3,
		    &a.args, &code))
		return code;
	struct ts_why why = {0};
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(a.args.items[0], verbs[i].name) != 0 || a.args.n > verbs[i].args_max)
			continue;
		enum ts_err err = verbs[i].run(&a, &why);
		return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_stream, err, &why);
	}
	ts_command_fail(&ts_cmd_stream,
		ts_why(&why, TS_E_MALFORMED, a.args.items[0],
			"is not new, show, close or rotate, or there is an argument too many"),
		&why);
	return TS_EXIT_USAGE;
}
