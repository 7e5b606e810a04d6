/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/rotate.h"
#include "base/json.h"
#include "importers/spool.h"
#include "service/command/cli.h"
#include "service/clock.h"
#include "service/contract/contract_facts.h"
#include "keys/keyfile.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The generation that ends. */
struct ending {
	struct ts_spool *spool; /* NULL: lost */
	struct ts_buf note; /* of a lost one; `statement` borrows from it or from the spool */
	struct ts_note parsed;
	struct ts_key_statement statement;
	int64_t size;
	struct ts_hash root;
	int64_t closed_ms; /* end of its last closed window */
	struct ts_secret company;
};

static void ending_free(struct ending *e)
{
	ts_spool_close(e->spool);
	ts_buf_free(&e->note);
	ts_secret_wipe(&e->company);
}

static enum ts_err end_spool(struct ending *e, const struct ts_rotate *rotate, struct ts_why *why)
{
	const char *dir = rotate->old_dir;
	TS_TRY(ts_spool_open(dir, rotate->agent.passphrase_file, &e->spool, why));
	TS_TRY(ts_spool_unlock(e->spool, why));
	if (e->spool->sent_n != e->spool->lines_n)
		return ts_why(why, TS_E_CONFLICT, dir,
			"%lld of its %lld lines are not acknowledged: send them first",
			(long long)(e->spool->lines_n - e->spool->sent_n),
			(long long)e->spool->lines_n);
	e->statement = e->spool->statement;
	e->size = e->spool->sent_n;
	ts_range_root(&e->spool->hasher, &e->spool->sent_range, &e->root);
	e->closed_ms = e->spool->closed_ms;
	return TS_OK;
}

/* The statement that enrolled it, believed because our own company signed it. */
static enum ts_err lost_statement(
	struct ending *e, struct ts_client *client, const char *stream, struct ts_why *why)
{
	char path[128], id[TS_STREAM_ID_CHARS + 1];
	struct ts_note_sig sig;
	TS_TRY(ts_cli_stream(stream, why));
	snprintf(path, sizeof path, "/v1/streams/%s/enrolment", stream);
	TS_TRY(ts_client_get_bytes(client, path, "text/plain", &e->note, why));
	TS_TRY(ts_note_parse((struct ts_str){e->note.data, e->note.len}, &e->parsed, why));
	TS_TRY(ts_note_verify(&e->parsed, &e->company.key, 1, &sig, why));
	TS_TRY(ts_key_statement_parse(e->parsed.text, &e->statement, why));
	ts_stream_id(e->statement.origin, id);
	return strcmp(id, stream) == 0
		       ? TS_OK
		       : ts_why(why, TS_E_MISMATCH, stream, "the service gave another's statement");
}

static enum ts_err end_lost(
	struct ending *e, struct ts_client *client, const char *stream, struct ts_why *why)
{
	char path[128];
	json_t *answer __attribute__((cleanup(ts_json_cleanup))) = NULL;
	TS_TRY(lost_statement(e, client, stream, why));
	snprintf(path, sizeof path, "/v1/streams/%s", stream);
	TS_TRY(ts_client_get(client, path, &answer, why));
	const json_t *closed = json_object_get(answer, "closed_to_ms");
	const char *root = json_string_value(json_object_get(answer, "root"));
	if (root == NULL || ts_text_unhex(ts_str(root), e->root.b, TS_HASH_BYTES) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "root", "the service's answer has none");
	e->size = json_integer_value(json_object_get(answer, "size"));
	e->closed_ms = json_is_integer(closed) ? json_integer_value(closed)
					       : e->statement.active_from_ms;
	return TS_OK;
}

static enum ts_err next_key(const struct ending *e, struct ts_secret *out, struct ts_why *why)
{
	char origin[TS_ORIGIN_MAX + 1];
	uint8_t seed[TS_KEY_SEED_BYTES];
	struct ts_origin parts = e->statement.origin_parts;
	parts.generation++;
	if (ts_origin_format(&parts, origin) != TS_OK)
		return ts_why(why, TS_E_LIMIT, "origin", "no generation comes after this one");
	randombytes_buf(seed, sizeof seed);
	enum ts_err err = ts_secret_make(ts_str(origin), TS_KEY_ED25519, seed, out);
	ts_wipe(seed, sizeof seed);
	return err;
}

/* Signed by the company, the new key and the old one. */
static enum ts_err next_enrolment(const struct ending *e, const struct ts_secret *agent,
	struct ts_buf *out, struct ts_why *why)
{
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	struct ts_key_statement s = e->statement;
	s.origin = ts_str(agent->key.name);
	s.key = agent->key;
	s.active_from_ms = s.from_ms = e->closed_ms;
	s.has_previous = true;
	s.previous.origin = e->statement.origin;
	s.previous.size = e->size;
	s.previous.root = e->root;
	if (s.active_from_ms >= s.active_to_ms)
		return ts_why(why, TS_E_CONFLICT, "active",
			"the old stream has closed all of its active time");
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	TS_TRY(ts_key_statement_build(&s, &text, why));
	const struct ts_str bytes = {text.data, text.len};
	ts_note_begin(bytes, out);
	TS_TRY(ts_note_sign(&e->company, bytes, out));
	TS_TRY(ts_note_sign(agent, bytes, out));
	return e->spool != NULL ? ts_note_sign(&e->spool->agent, bytes, out) : out->err;
}

static enum ts_err create(const struct ts_rotate *rotate, struct ts_client *client,
	struct ending *e, const char *new_dir, struct ts_why *why)
{
	struct ts_contract_facts facts;
	struct ts_secret agent;
	char contract[TS_CONTRACT_ID_CHARS + 1];
	struct ts_buf note __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	TS_TRY(ts_keyfile_open(rotate->key, rotate->passphrase_file, &e->company, why));
	TS_TRY(rotate->old_dir != NULL ? end_spool(e, rotate, why)
				       : end_lost(e, client, rotate->lost_stream, why));
	snprintf(contract, sizeof contract, "%.*s", (int)e->statement.contract.len,
		e->statement.contract.at);
	TS_TRY(ts_contract_facts_get(client, contract, rotate->terms, &facts, why));
	TS_TRY(next_key(e, &agent, why));
	enum ts_err err = next_enrolment(e, &agent, &note, why);
	if (err == TS_OK)
		err = ts_contract_facts_spool(&facts, &agent, &rotate->agent, &note, new_dir, why);
	ts_secret_wipe(&agent);
	return err;
}

enum ts_err ts_rotate_create(const struct ts_rotate *rotate, struct ts_client *client,
	const char *new_dir, struct ts_why *why)
{
	struct ending e = {0};
	ts_buf_init(&e.note, TS_NOTE_BYTES_MAX);
	enum ts_err err = create(rotate, client, &e, new_dir, why);
	ending_free(&e);
	return err;
}
