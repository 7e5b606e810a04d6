/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick key`: what keys there are, how they lie on disk, and how they end. What is signed is
 * built here; of the service's word only what cannot be known here is taken. */
#include "base/time.h"
#include "evidence/event.h"
#include "evidence/revocation.h"
#include "importers/spool.h"
#include "service/clock.h"
#include "service/instant.h"
#include "keys/keyfile.h"
#include "keys/keyseal.h"
#include "service/command/statement_send.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_key = {
	.name = "key",
	.summary = "list, seal and revoke keys; re-attest and release lines",
	.usage =
		"tallystick key list CONTRACT | show FILE|DIR\n"
		"tallystick key seal FILE|DIR | unseal FILE|DIR [--passphrase-file FILE]\n"
		"tallystick key revoke STREAM --key FILE --reason TEXT [--compromised-since T]\n"
		"tallystick key reattest STREAM --from N --to M --key FILE [--lines FILE]\n"
		"tallystick key release STREAM --from N --to M --key FILE --reason TEXT\n"
		"\n"
		"seal puts a private key under a passphrase, which comes from a private file or\n"
		"the terminal; of a stream's folder it is the agent's key. revoke ends a\n"
		"stream's key; with --compromised-since what it sent later is contested, until\n"
		"both companies re-attest lines [N, M). release lets parked lines count; it\n"
		"needs both companies too: the second one signs with tallystick statement sign.\n"
		"\n"
		"  tallystick key revoke 5f0c... --key provider.key --reason 'node was stolen' \\\n"
		"      --compromised-since 2026-06-03T00:00:00Z\n",
	.run = run,
};

struct key_args {
	struct ts_signer_opts signer;
	const char *since, *reason, *lines;
	int64_t from, to;
};

/* --- files --- */

static void print_keys(const json_t *answer)
{
	static const char *const names[] = {
		"operator_key", "receipt_key", "inputs_log", "journal_log"};
	size_t i = 0;
	const json_t *agent = NULL;
	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
		printf("%-12s %s\n", names[k], ts_cli_text(answer, names[k]));
	json_array_foreach(json_object_get(answer, "agents"), i, agent)
	{
		const json_t *end = json_object_get(agent, "revoked_leaf");
		const json_t *next = json_object_get(agent, "closed_leaf");
		printf("%-12s %s stream %s", ts_cli_text(agent, "side"), ts_cli_text(agent, "vkey"),
			ts_cli_text(agent, "stream"));
		if (json_is_integer(end))
			printf(" revoked at leaf %lld", (long long)json_integer_value(end));
		if (json_is_integer(next))
			printf(" ended at leaf %lld", (long long)json_integer_value(next));
		printf("\n");
	}
}

static enum ts_err key_list(struct ts_cli *cli, struct ts_why *why)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/contracts/%.64s/keys", cli->args.items[1]);
	return ts_cli_get(cli, path, print_keys, why);
}

/* FILE, or the agent's key in a stream's folder. */
static enum ts_err key_file(const struct ts_cli *cli, char room[TS_SPOOL_PATH_MAX],
	const char **out, struct ts_why *why)
{
	struct stat st;
	*out = cli->args.items[1];
	if (stat(*out, &st) != 0 || !S_ISDIR(st.st_mode))
		return TS_OK;
	int n = snprintf(room, TS_SPOOL_PATH_MAX, "%s/agent.key", *out);
	if (n < 0 || n >= TS_SPOOL_PATH_MAX)
		return ts_why(why, TS_E_LIMIT, *out, "the path is too long");
	*out = room;
	return TS_OK;
}

static enum ts_err key_show(struct ts_cli *cli, struct ts_why *why)
{
	struct ts_key key;
	bool sealed = false;
	const char *path = NULL;
	char vkey[TS_VKEY_CHARS], room[TS_SPOOL_PATH_MAX];
	TS_TRY(key_file(cli, room, &path, why));
	TS_TRY(ts_keyfile_public(path, &key, &sealed, why));
	printf("%s\n%s, %s\n", ts_key_format(&key, vkey),
		key.type == TS_KEY_ED25519 ? "signs notes" : "cosigns checkpoints",
		sealed ? "sealed by a passphrase" : "in the clear");
	return TS_OK;
}

static enum ts_err reseal(struct ts_cli *cli, bool seal, struct ts_why *why)
{
	const struct key_args *a = cli->own;
	const char *path = NULL;
	char room[TS_SPOOL_PATH_MAX];
	struct ts_passphrase passphrase = {0};
	struct ts_key key;
	struct ts_secret secret;
	bool sealed = false;
	TS_TRY(key_file(cli, room, &path, why));
	TS_TRY(ts_keyfile_public(path, &key, &sealed, why));
	if (sealed == seal)
		return ts_why(why, TS_E_CONFLICT, path,
			seal ? "it is sealed already: unseal it first"
			     : "it is in the clear already");
	TS_TRY(ts_keyfile_open(path, a->signer.passphrase_file, &secret, why));
	enum ts_err err = seal ? ts_passphrase_read(
					 a->signer.passphrase_file, path, true, &passphrase, why)
			       : TS_OK;
	if (err == TS_OK)
		err = ts_keyseal_write(path, &secret, seal ? &passphrase : NULL, true, why);
	ts_passphrase_wipe(&passphrase);
	ts_secret_wipe(&secret);
	return err;
}

static enum ts_err key_seal(struct ts_cli *cli, struct ts_why *why)
{
	return reseal(cli, true, why);
}

static enum ts_err key_unseal(struct ts_cli *cli, struct ts_why *why)
{
	return reseal(cli, false, why);
}

/* --- statements --- */

struct subject { /* the stream that a statement is about */
	char origin[TS_ORIGIN_MAX + 1];
	char contract[TS_CONTRACT_ID_CHARS + 1];
	struct ts_buf text; /* what is signed */
};

/* The origin is the service's word; that it is this stream's is checked: the id is its hash. */
static enum ts_err find_subject(struct ts_cli *cli, struct subject *s, struct ts_why *why)
{
	char path[128], id[TS_STREAM_ID_CHARS + 1];
	const char *stream = cli->args.items[1];
	json_t *answer = NULL;
	struct ts_origin parts;
	TS_TRY(ts_cli_stream(stream, why));
	snprintf(path, sizeof path, "/v1/streams/%s", stream);
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	snprintf(s->origin, sizeof s->origin, "%s", ts_cli_text(answer, "origin"));
	json_decref(answer);
	ts_stream_id(ts_str(s->origin), id);
	TS_TRY(ts_origin_parse(ts_str(s->origin), &parts, why));
	if (strcmp(id, stream) != 0)
		return ts_why(why, TS_E_MISMATCH, stream, "the service gave another's origin");
	snprintf(s->contract, sizeof s->contract, "%.*s", (int)parts.contract.len,
		parts.contract.at);
	return TS_OK;
}

static enum ts_err build_revocation(struct ts_cli *cli, struct subject *s, struct ts_why *why)
{
	const struct key_args *a = cli->own;
	char path[160], time[TS_TIME_CHARS];
	json_t *answer = NULL;
	struct ts_revocation r = {.contract = ts_str(s->contract),
		.origin = ts_str(s->origin),
		.compromised = a->since != NULL,
		.reason = ts_str(a->reason != NULL ? a->reason : "")};
	if (a->reason == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--reason", "a reason is needed");
	if (r.compromised) {
		TS_TRY(ts_instant_parse(a->since, "--compromised-since", &r.since_ms, why));
		snprintf(path, sizeof path, "/v1/streams/%s/revocation?since=%s",
			cli->args.items[1], ts_time_format(r.since_ms * TS_US_PER_MS, time));
		TS_TRY(ts_client_get(cli->client, path, &answer, why));
		r.covered = json_integer_value(json_object_get(answer, "covered"));
		json_decref(answer);
	}
	return ts_revocation_build(&r, &s->text, why);
}

static enum ts_err served_roots(
	struct ts_cli *cli, const int64_t sizes[2], struct ts_hash roots[2], struct ts_why *why)
{
	for (size_t i = 0; i < 2; i++) {
		char path[160];
		json_t *answer = NULL;
		snprintf(path, sizeof path, "/v1/streams/%s/root?size=%lld", cli->args.items[1],
			(long long)sizes[i]);
		TS_TRY(ts_client_get(cli->client, path, &answer, why));
		enum ts_err err = ts_text_unhex(
			ts_str(ts_cli_text(answer, "root")), roots[i].b, TS_HASH_BYTES);
		json_decref(answer);
		TS_TRY(err);
	}
	return TS_OK;
}

static enum ts_err need_range(const struct key_args *a, struct ts_why *why)
{
	if (a->from >= 0 && a->to > a->from)
		return TS_OK;
	return ts_why(why, TS_E_MISSING_FIELD, "--from, --to",
		"which lines: from this index, up to before that one");
}

static enum ts_err build_reattestation(struct ts_cli *cli, struct subject *s, struct ts_why *why)
{
	const struct key_args *a = cli->own;
	const int64_t sizes[2] = {a->from, a->to};
	struct ts_hash roots[2];
	TS_TRY(need_range(a, why));
	if (a->lines == NULL)
		fprintf(stderr, "without --lines, the roots are the service's word\n");
	TS_TRY(a->lines != NULL ? ts_statement_roots(a->lines, sizes, roots, why)
				: served_roots(cli, sizes, roots, why));
	const struct ts_reattestation r = {.contract = ts_str(s->contract),
		.origin = ts_str(s->origin),
		.from = a->from,
		.root_from = roots[0],
		.to = a->to,
		.root_to = roots[1]};
	return ts_reattestation_build(&r, &s->text, why);
}

static enum ts_err build_release(struct ts_cli *cli, struct subject *s, struct ts_why *why)
{
	const struct key_args *a = cli->own;
	char path[128];
	json_t *answer = NULL;
	TS_TRY(need_range(a, why));
	if (a->reason == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--reason", "a reason is needed");
	snprintf(path, sizeof path, "/v1/contracts/%s/statements/serials", s->contract);
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	const struct ts_event e = {.contract = ts_str(s->contract),
		.kind = TS_EVENT_RELEASE,
		.serial = json_integer_value(json_object_get(answer, "release")),
		.at_ms = ts_clock_now_us() / TS_US_PER_MS,
		.origin = ts_str(s->origin),
		.line_from = a->from,
		.line_to = a->to,
		.reason = ts_str(a->reason)};
	json_decref(answer);
	return ts_event_build(&e, &s->text, why);
}

static enum ts_err say(struct ts_cli *cli,
	enum ts_err (*build)(struct ts_cli *, struct subject *, struct ts_why *),
	struct ts_why *why)
{
	const struct key_args *a = cli->own;
	struct subject s = {{0}, {0}, {0}};
	ts_buf_init(&s.text, TS_STATEMENT_BYTES_MAX);
	enum ts_err err = find_subject(cli, &s, why);
	if (err == TS_OK)
		err = build(cli, &s, why);
	if (err == TS_OK)
		err = ts_statement_send(
			cli, &a->signer, s.contract, (struct ts_str){s.text.data, s.text.len}, why);
	ts_buf_free(&s.text);
	return err;
}

static enum ts_err key_revoke(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, build_revocation, why);
}

static enum ts_err key_reattest(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, build_reattestation, why);
}

static enum ts_err key_release(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, build_release, why);
}

static int run(int argc, char **argv)
{
	static const struct ts_cli_verb verbs[] = {{"list", 2, key_list}, {"show", 2, key_show},
		{"seal", 2, key_seal}, {"unseal", 2, key_unseal}, {"revoke", 2, key_revoke},
		{"reattest", 2, key_reattest}, {"release", 2, key_release}};
	struct key_args a = {.from = -1, .to = -1};
	struct ts_cli cli = {.cmd = &ts_cmd_key, .own = &a};
	const struct ts_opt opts[] = {
		{"key", TS_OPT_TEXT, false, &a.signer.key, "FILE", "the company's statement key"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.signer.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"compromised-since", TS_OPT_TEXT, false, &a.since, "INSTANT",
			"revoke: contest what came later"},
		{"reason", TS_OPT_TEXT, false, &a.reason, "TEXT", "revoke, release: one line"},
		{"from", TS_OPT_INT, false, &a.from, "N", "first line, from 0"},
		{"to", TS_OPT_INT, false, &a.to, "M", "the line behind the last"},
		{"lines", TS_OPT_TEXT, false, &a.lines, "FILE",
			"reattest: compute the roots over these lines"},
		TS_CLI_OPTS(&cli),
	};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
