/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick contract`: draw up, offer, sign and look at contracts, over REST. What is signed is
 * built and compared here, on the signer's machine: the server's word is not taken for it. */
#include "base/json.h"
#include "evidence/note.h"
#include "evidence/origin.h"
#include "evidence/statement.h"
#include "service/command/client.h"
#include "service/command/command.h"
#include "service/contract/contract_diff.h"
#include "keys/keyfile.h"
#include "service/textfile.h"
#include "service/contract/zone_table.h"
#include "terms/terms.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (4u << 20)
#define DRAFT_REGION_BYTES ((size_t)32 << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_contract = {
	.name = "contract",
	.summary = "draw up, offer, sign and show contracts",
	.usage =
		"tallystick contract new TEMPLATE.json --provider ID --consumer ID --out FILE\n"
		"                        [--witness VKEY:RUN_BY]... [--quorum all|K|unwitnessed]\n"
		"tallystick contract offer TERMS.json [--effective-from T] [--effective-to T]\n"
		"                        [--offer-until T]\n"
		"tallystick contract sign CONTRACT --key KEYFILE --terms TERMS.json [--version N]\n"
		"tallystick contract withdraw CONTRACT --version N\n"
		"tallystick contract diff CONTRACT [--from N] [--to M] [--period P] [--json]\n"
		"tallystick contract show CONTRACT | keys CONTRACT | list\n"
		"\n"
		"new fills the parties, the zone's offset table, the service's keys and a\n"
		"contract id into the template; the id is reserved only when the terms are\n"
		"valid. offer uploads the exact bytes; a further version is an amendment and\n"
		"says from when it is effective. An offer withdraws the one before it, unless\n"
		"that is in force. sign checks that the statement names these very bytes, signs\n"
		"and sends it; when both parties have signed, the contract is active.\n"
		"\n"
		"  tallystick contract sign 3f0c... --key provider.key --terms terms.json\n",
	.run = run,
};

struct contract_args {
	const char *url, *token, *provider, *consumer, *out, *key, *passphrase_file, *terms,
		*quorum;
	const char *effective_from, *effective_to, *offer_until;
	struct ts_opt_list witnesses;
	int64_t version; /* 0: as the terms say */
	int64_t from, to;
	const char *period;
	bool json;
	struct ts_opt_list args;
	struct ts_client *client;
};

static enum ts_err put_string(json_t *object, const char *name, const json_t *from,
	const char *member, struct ts_why *why)
{
	const char *text = json_string_value(json_object_get(from, member));
	if (text == NULL)
		return ts_why(why, TS_E_INTERNAL, member, "the service did not answer this member");
	return json_object_set_new(object, name, json_string(text)) != 0 ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err put_party(struct contract_args *a, json_t *terms, const char *side,
	const char *id, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/parties/%s", id);
	json_t *party = NULL;
	TS_TRY(ts_client_get(a->client, path, &party, why));
	json_t *object = json_object_get(terms, side);
	if (object == NULL) {
		object = json_object();
		json_object_set_new(terms, side, object);
	}
	static const char *const members[] = {"id", "name", "statement_key", "tax_id", "email",
		"payment_details", "address", "trade_name", "vat_id", "registration", "endpoint",
		"contact", "payment"};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		json_t *value = json_object_get(party, members[i]);
		/* Of a consumer, an account of its own says nothing: it pays. */
		bool other = strcmp(members[i], "payment") == 0 && strcmp(side, "consumer") == 0;
		if (value != NULL && !json_is_null(value) && !other)
			json_object_set(object, members[i], value);
	}
	json_decref(party);
	return TS_OK;
}

/* VKEY:RUN_BY; a vkey may hold a colon in its name, so the last one counts. */
static enum ts_err put_witnesses(const struct contract_args *a, json_t *terms, struct ts_why *why)
{
	json_t *evidence = json_object_get(terms, "evidence");
	if (evidence == NULL) {
		evidence = json_object();
		json_object_set_new(terms, "evidence", evidence);
	}
	json_t *rows = a->witnesses.n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < a->witnesses.n; i++) {
		const char *item = a->witnesses.items[i], *colon = strrchr(item, ':');
		if (colon == NULL) {
			json_decref(rows);
			return ts_why(why, TS_E_MALFORMED, "--witness", "\"%s\" is not VKEY:RUN_BY",
				item);
		}
		json_array_append_new(rows, json_pack("{s:s%,s:s}", "vkey", item,
						    (size_t)(colon - item), "run_by", colon + 1));
	}
	if (rows != NULL)
		json_object_set_new(evidence, "witnesses", rows);
	const char *quorum = a->quorum != NULL ? a->quorum : rows != NULL ? "all" : NULL;
	if (quorum != NULL)
		json_object_set_new(evidence, "quorum", json_string(quorum));
	return TS_OK;
}

/* What the service answers to a reservation, from keys that nobody keeps. */
static enum ts_err draft_keys(json_t **out)
{
	static const char contract[] = "00000000000000000000000000000000",
			  domain[] = "draft.invalid";
	static const uint8_t seed[TS_KEY_SEED_BYTES] = {0};
	char inputs[TS_ORIGIN_MAX + 1], journal[TS_ORIGIN_MAX + 1];
	TS_TRY(ts_origin_log(ts_str(domain), ts_str(contract), TS_LOG_INPUTS, inputs));
	TS_TRY(ts_origin_log(ts_str(domain), ts_str(contract), TS_LOG_JOURNAL, journal));
	const struct {
		const char *member, *name;
		enum ts_key_type type;
	} keys[] = {{"operator_key", "draft.invalid/operator", TS_KEY_ED25519},
		{"receipt_key", "draft.invalid/receipts", TS_KEY_COSIGNATURE},
		{"inputs_log", inputs, TS_KEY_ED25519}, {"journal_log", journal, TS_KEY_ED25519}};
	json_t *answer = json_pack("{s:s,s:s}", "contract", contract, "domain", domain);
	enum ts_err err = answer == NULL ? TS_E_NO_MEMORY : TS_OK;
	for (size_t i = 0; err == TS_OK && i < sizeof keys / sizeof keys[0]; i++) {
		char vkey[TS_VKEY_CHARS];
		struct ts_secret secret;
		err = ts_secret_make(ts_str(keys[i].name), keys[i].type, seed, &secret);
		if (err == TS_OK)
			json_object_set_new(answer, keys[i].member,
				json_string(ts_key_format(&secret.key, vkey)));
	}
	if (err != TS_OK)
		json_decref(answer);
	else
		*out = answer;
	return err;
}

static enum ts_err put_keys(json_t *terms, const json_t *from, struct ts_why *why)
{
	static const char *const keys[] = {
		"domain", "operator_key", "receipt_key", "inputs_log", "journal_log"};
	json_t *evidence = json_object_get(terms, "evidence");
	if (evidence == NULL) {
		evidence = json_object();
		json_object_set_new(terms, "evidence", evidence);
	}
	TS_TRY(put_string(terms, "contract", from, "contract", why));
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		TS_TRY(put_string(evidence, keys[i], from, keys[i], why));
	return TS_OK;
}

/* The terms as they will be, but for the id and the service's keys: a template that can't become a
 * contract must not use up an id. */
static enum ts_err check_draft(json_t *terms, struct ts_why *why)
{
	const struct ts_terms *parsed = NULL;
	json_t *keys = NULL;
	TS_TRY(draft_keys(&keys));
	enum ts_err err = put_keys(terms, keys, why);
	json_decref(keys);
	TS_TRY(err);
	char *text = json_dumps(terms, JSON_COMPACT);
	struct ts_region *region = ts_region_create(DRAFT_REGION_BYTES);
	if (text == NULL || region == NULL)
		err = TS_E_NO_MEMORY;
	else
		err = ts_terms_parse(text, strlen(text), region, &parsed, why);
	ts_region_free(region);
	free(text);
	return err;
}

static enum ts_err fill_template(struct contract_args *a, json_t *terms, struct ts_why *why)
{
	json_t *reserved = NULL;
	if (!json_is_object(terms))
		return ts_why(why, TS_E_MALFORMED, a->args.items[1], "a template is an object");
	json_object_set_new(terms, "terms", json_string("tallystick/terms/v1"));
	json_object_set_new(terms, "version", json_integer(1));
	TS_TRY(put_witnesses(a, terms, why));
	TS_TRY(put_party(a, terms, "provider", a->provider, why));
	TS_TRY(put_party(a, terms, "consumer", a->consumer, why));
	TS_TRY(ts_zone_fill(terms, why));
	TS_TRY(check_draft(terms, why));
	json_t *body = json_pack("{s:s,s:s}", "provider", a->provider, "consumer", a->consumer);
	enum ts_err err = ts_client_post(a->client, "/v1/contracts", body, NULL, &reserved, why);
	json_decref(body);
	TS_TRY(err);
	err = put_keys(terms, reserved, why);
	json_decref(reserved);
	return err;
}

static enum ts_err contract_new(struct contract_args *a, struct ts_why *why)
{
	if (a->provider == NULL || a->consumer == NULL || a->out == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--out",
			"--provider, --consumer and --out are needed");
	if (access(a->out, F_OK) == 0)
		return ts_why(why, TS_E_CONFLICT, a->out, "exists; terms are never written over");
	struct ts_buf file;
	ts_buf_init(&file, ANSWER_BYTES_MAX);
	json_t *terms = NULL;
	enum ts_err err = ts_textfile_read(a->args.items[1], &file, why);
	if (err == TS_OK)
		err = ts_json_parse(file.data, file.len, &terms, why);
	ts_buf_free(&file);
	if (err == TS_OK)
		err = fill_template(a, terms, why);
	char *text = err == TS_OK ? json_dumps(terms, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	if (text != NULL)
		err = ts_textfile_write(a->out, text, strlen(text), why);
	if (err == TS_OK)
		printf("%s\n", json_string_value(json_object_get(terms, "contract")));
	free(text);
	json_decref(terms);
	return err;
}

static enum ts_err terms_contract(const struct ts_buf *file, char out[33], struct ts_why *why)
{
	json_t *terms = NULL;
	TS_TRY(ts_json_parse(file->data, file->len, &terms, why));
	const char *id = json_string_value(json_object_get(terms, "contract"));
	enum ts_err err = TS_OK;
	if (id == NULL || strlen(id) != 32)
		err = ts_why(
			why, TS_E_MISSING_FIELD, "/contract", "no contract id; use contract new");
	else
		memcpy(out, id, 33);
	json_decref(terms);
	return err;
}

static enum ts_err print_offer(const struct ts_buf *answer, struct ts_why *why)
{
	json_t *offer = NULL;
	TS_TRY(ts_json_parse(answer->data, answer->len, &offer, why));
	printf("offered: version %lld, terms %s\n",
		(long long)json_integer_value(json_object_get(offer, "version")),
		json_string_value(json_object_get(offer, "terms_sha256")));
	json_decref(offer);
	return TS_OK;
}

static void put_time(struct ts_buf *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	ts_buf_printf(path, "%c%s=", strchr(ts_buf_str(path), '?') == NULL ? '?' : '&', name);
	ts_client_escape(path, value);
}

static enum ts_err contract_offer(struct contract_args *a, struct ts_why *why)
{
	struct ts_buf file, answer, path;
	char id[33] = "";
	ts_buf_init(&file, ANSWER_BYTES_MAX);
	ts_buf_init(&answer, ANSWER_BYTES_MAX);
	ts_buf_init(&path, 512);
	enum ts_err err = ts_textfile_read(a->args.items[1], &file, why);
	if (err == TS_OK)
		err = terms_contract(&file, id, why);
	ts_buf_printf(&path, "/v1/contracts/%s/terms", id);
	put_time(&path, "effective_from", a->effective_from);
	put_time(&path, "effective_to", a->effective_to);
	put_time(&path, "offer_until", a->offer_until);
	if (err == TS_OK)
		err = path.err;
	if (err == TS_OK)
		err = ts_client_call(a->client,
			&(struct ts_client_call){.method = "PUT",
				.path = ts_buf_str(&path),
				.body = file.data,
				.body_len = file.len},
			&answer, NULL, why);
	if (err == TS_OK)
		err = print_offer(&answer, why);
	ts_buf_free(&path);
	ts_buf_free(&answer);
	ts_buf_free(&file);
	return err;
}

static enum ts_err contract_withdraw(struct contract_args *a, struct ts_why *why)
{
	char path[160];
	struct ts_buf answer;
	if (a->version == 0)
		return ts_why(why, TS_E_MISSING_FIELD, "contract withdraw", "--version is needed");
	ts_buf_init(&answer, ANSWER_BYTES_MAX);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/terms?version=%lld", a->args.items[1],
		(long long)a->version);
	enum ts_err err = ts_client_call(a->client,
		&(struct ts_client_call){.method = "DELETE", .path = path}, &answer, NULL, why);
	if (err == TS_OK)
		printf("withdrawn\n");
	ts_buf_free(&answer);
	return err;
}

/* An amendment's statement in words: whoever signs sees from when to when it would govern. */
static void print_effect(const struct ts_contract_statement *s)
{
	char from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	if (s->version == 1)
		return;
	ts_time_format(s->from_ms * TS_US_PER_MS, from);
	printf("version %lld, effective from %s", (long long)s->version, from);
	if (s->to_ms != TS_OPEN_MS)
		printf(" to %s", ts_time_format(s->to_ms * TS_US_PER_MS, to));
	printf("\n");
}

static enum ts_err terms_version(const struct ts_buf *file, int64_t *out, struct ts_why *why)
{
	json_t *terms = NULL;
	TS_TRY(ts_json_parse(file->data, file->len, &terms, why));
	*out = (int64_t)json_integer_value(json_object_get(terms, "version"));
	json_decref(terms);
	return *out > 0 ? TS_OK : ts_why(why, TS_E_MISSING_FIELD, "/version", "these are no terms");
}

/* The statement must be about this contract and these bytes. */
static enum ts_err check_statement(
	struct ts_str text, const char *contract, const struct ts_buf *terms, struct ts_why *why)
{
	struct ts_contract_statement statement;
	struct ts_hash hash;
	TS_TRY(ts_contract_statement_parse(text, &statement, why));
	ts_sha256(terms->data, terms->len, &hash);
	if (!ts_str_is(statement.contract, contract))
		return ts_why(
			why, TS_E_MISMATCH, "contract", "the statement names another contract");
	if (!ts_hash_eq(&hash, &statement.terms))
		return ts_why(why, TS_E_MISMATCH, "terms",
			"the offered terms are not the bytes of this file: not signed");
	print_effect(&statement);
	return TS_OK;
}

static enum ts_err sign_statement(
	struct contract_args *a, struct ts_str text, const char *contract, struct ts_why *why)
{
	char path[128];
	struct ts_secret secret;
	struct ts_buf note;
	TS_TRY(ts_keyfile_open(a->key, a->passphrase_file, &secret, why));
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_note_begin(text, &note);
	enum ts_err err = ts_note_sign(&secret, text, &note);
	ts_secret_wipe(&secret);
	json_t *answer = NULL;
	snprintf(path, sizeof path, "/v1/contracts/%s/signatures", contract);
	if (err == TS_OK)
		err = ts_client_post_text(
			a->client, path, ts_buf_str(&note), note.len, &answer, why);
	if (err == TS_OK)
		printf("%s\n", json_string_value(json_object_get(answer, "state")));
	json_decref(answer);
	ts_buf_free(&note);
	return err;
}

static enum ts_err contract_sign(struct contract_args *a, struct ts_why *why)
{
	if (a->key == NULL || a->terms == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--terms",
			"--key and --terms (the bytes that you agree to) are needed");
	struct ts_buf terms, text;
	char path[128];
	ts_buf_init(&terms, ANSWER_BYTES_MAX);
	ts_buf_init(&text, TS_NOTE_BYTES_MAX);
	enum ts_err err = ts_textfile_read(a->terms, &terms, why);
	if (err == TS_OK && a->version == 0)
		err = terms_version(&terms, &a->version, why);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statement?version=%lld", a->args.items[1],
		(long long)a->version);
	if (err == TS_OK)
		err = ts_client_get_bytes(a->client, path, "text/plain", &text, why);
	struct ts_str slice = {ts_buf_str(&text), text.len};
	if (err == TS_OK)
		err = check_statement(slice, a->args.items[1], &terms, why);
	if (err == TS_OK)
		err = sign_statement(a, slice, a->args.items[1], why);
	ts_buf_free(&text);
	ts_buf_free(&terms);
	return err;
}

static enum ts_err print_json(struct contract_args *a, const char *path, struct ts_why *why)
{
	json_t *answer = NULL;
	TS_TRY(ts_client_get(a->client, path, &answer, why));
	json_dumpf(answer, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(answer);
	return TS_OK;
}

static enum ts_err contract_get(struct contract_args *a, struct ts_why *why)
{
	char path[128];
	bool keys = strcmp(a->args.items[0], "keys") == 0;
	snprintf(path, sizeof path, "/v1/contracts/%s%s", a->args.items[1], keys ? "/keys" : "");
	return print_json(a, path, why);
}

static enum ts_err contract_diff(struct contract_args *a, struct ts_why *why)
{
	return ts_contract_diff_print(a->client,
		&(struct ts_contract_diff){a->args.items[1], a->from, a->to, a->period, a->json},
		why);
}

static enum ts_err contract_list(struct contract_args *a, struct ts_why *why)
{
	return print_json(a, "/v1/contracts", why);
}

static const struct {
	const char *name;
	size_t args;
	enum ts_err (*run)(struct contract_args *a, struct ts_why *why);
} verbs[] = {
	{"new", 2, contract_new},
	{"offer", 2, contract_offer},
	{"sign", 2, contract_sign},
	{"withdraw", 2, contract_withdraw},
	{"diff", 2, contract_diff},
	{"show", 2, contract_get},
	{"keys", 2, contract_get},
	{"list", 1, contract_list},
};

static int run(int argc, char **argv)
{
	struct contract_args a = {.version = 0};
	const struct ts_opt opts[] = {
		{"provider", TS_OPT_TEXT, false, &a.provider, "ID", "new: the party that issues"},
		{"consumer", TS_OPT_TEXT, false, &a.consumer, "ID", "new: the party that pays"},
		{"out", TS_OPT_TEXT, false, &a.out, "FILE", "new: where the terms go"},
		{"witness", TS_OPT_LIST, false, &a.witnesses, "VKEY:RUN_BY",
			"new: cosigns both logs; run by consumer, auditor, provider or operator"},
		{"quorum", TS_OPT_TEXT, false, &a.quorum, "QUORUM",
			"new: all (default with witnesses), a number, or unwitnessed"},
		{"key", TS_OPT_TEXT, false, &a.key, "FILE", "sign: your statement key"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.passphrase_file, "FILE",
			"sign: of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"terms", TS_OPT_TEXT, false, &a.terms, "FILE", "sign: the bytes you agree to"},
		{"version", TS_OPT_INT, false, &a.version, "N",
			"sign, withdraw: version (sign: that of the terms)"},
		{"effective-from", TS_OPT_TEXT, false, &a.effective_from, "T",
			"offer: an amendment governs from this instant (RFC 3339, UTC)"},
		{"effective-to", TS_OPT_TEXT, false, &a.effective_to, "T",
			"offer: to this one (default: the end of the term)"},
		{"offer-until", TS_OPT_TEXT, false, &a.offer_until, "T",
			"offer: it stands until then (default: 90 days)"},
		{"from", TS_OPT_INT, false, &a.from, "N", "diff: version (default: before --to)"},
		{"to", TS_OPT_INT, false, &a.to, "M",
			"diff: version (default: the newest, offered or not)"},
		{"period", TS_OPT_TEXT, false, &a.period, "P",
			"diff: what its usage so far costs under both"},
		{"json", TS_OPT_FLAG, false, &a.json, NULL, "diff: print the service's JSON"},
		{"url", TS_OPT_TEXT, false, &a.url, "URL", "service (TALLYSTICK_URL)"},
		{"token", TS_OPT_TEXT, false, &a.token, "TOKEN", "bearer token (TALLYSTICK_TOKEN)"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_contract, opts, sizeof opts / sizeof opts[0], argc, argv, 1, 2,
		    &a.args, &code))
		return code;
	struct ts_why why = {0};
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(verbs[i].name, a.args.items[0]) != 0 || verbs[i].args != a.args.n)
			continue;
		enum ts_err err = ts_client_create(a.url, a.token, &a.client, &why);
		if (err == TS_OK)
			err = verbs[i].run(&a, &why);
		ts_client_free(a.client);
		return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_contract, err, &why);
	}
	ts_command_fail(&ts_cmd_contract,
		ts_why(&why, TS_E_MALFORMED, a.args.items[0],
			"is no contract command, or its "
			"argument is missing; see --help"),
		&why);
	return TS_EXIT_USAGE;
}
