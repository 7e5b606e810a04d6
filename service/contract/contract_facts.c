/* SPDX-License-Identifier: Apache-2.0 */
#include "service/contract/contract_facts.h"
#include "base/json.h"
#include "importers/spool.h"
#include "service/clock.h"
#include "service/textfile.h"
#include <stdio.h>
#include <string.h>

#define TERMS_BYTES_MAX (4u << 20)

static enum ts_err copy_member(
	const json_t *object, const char *name, char *out, size_t room, struct ts_why *why)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (!text || strlen(text) >= room)
		return ts_why(why, TS_E_MISSING_FIELD, name, "missing or too long");
	memcpy(out, text, strlen(text) + 1);
	return TS_OK;
}

static enum ts_err facts_of_keys(
	const json_t *object, struct ts_contract_facts *facts, struct ts_why *why)
{
	char vkey[TS_VKEY_CHARS];
	TS_TRY(copy_member(object, "domain", facts->domain, sizeof(facts->domain), why));
	TS_TRY(copy_member(object, "receipt_key", vkey, sizeof(vkey), why));
	return ts_key_parse(ts_str(vkey), &facts->receipt_key, why);
}

static enum ts_err facts_of_terms(
	const char *contract, const char *path, struct ts_contract_facts *facts, struct ts_why *why)
{
	struct ts_buf file __attribute__((cleanup(ts_buf_free)));
	json_t *terms __attribute__((cleanup(ts_json_cleanup))) = NULL;
	ts_buf_init(&file, TERMS_BYTES_MAX);
	TS_TRY(ts_textfile_read(path, &file, why));
	TS_TRY(ts_json_parse(file.data, file.len, &terms, why));
	const char *id = json_string_value(json_object_get(terms, "contract"));
	if (!id || strcmp(id, contract) != 0)
		return ts_why(why, TS_E_INVALID, path, "these are terms of contract %s",
			id ? id : "(none)");
	return facts_of_keys(json_object_get(terms, "evidence"), facts, why);
}

/* The statement hash of the newest version in force: what g1 pins. */
static enum ts_err facts_of_versions(
	const json_t *answer, struct ts_contract_facts *facts, struct ts_why *why)
{
	const json_t *versions = json_object_get(answer, "versions");
	const json_t *version = NULL;
	const char *newest = NULL;
	json_int_t best = 0;
	size_t i = 0;
	json_array_foreach(versions, i, version)
	{
		json_int_t number = json_integer_value(json_object_get(version, "version"));
		if (!json_is_integer(json_object_get(version, "leaf")) || number <= best)
			continue;
		best = number;
		newest = json_string_value(json_object_get(version, "statement_sha256"));
	}
	if (!newest)
		return ts_why(why, TS_E_CONFLICT, "contract",
			"no version is in force yet: both parties must sign first");
	if (ts_text_unhex(ts_str(newest), facts->note.b, TS_HASH_BYTES) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "statement_sha256", "\"%.80s\"", newest);
	return TS_OK;
}

enum ts_err ts_contract_facts_get(struct ts_client *client, const char *contract, const char *terms,
	struct ts_contract_facts *out, struct ts_why *why)
{
	char path[128];
	json_t *answer __attribute__((cleanup(ts_json_cleanup))) = NULL;
	json_t *keys __attribute__((cleanup(ts_json_cleanup))) = NULL;
	snprintf(path, sizeof(path), "/v1/contracts/%s", contract);
	TS_TRY(ts_client_get(client, path, &answer, why));
	TS_TRY(facts_of_versions(answer, out, why));
	if (terms)
		return facts_of_terms(contract, terms, out, why);
	snprintf(path, sizeof(path), "/v1/contracts/%s/keys", contract);
	TS_TRY(ts_client_get(client, path, &keys, why));
	return facts_of_keys(keys, out, why);
}

enum ts_err ts_contract_facts_spool(const struct ts_contract_facts *facts,
	const struct ts_secret *agent, const struct ts_agent_seal *seal,
	const struct ts_buf *enrolment, const char *dir, struct ts_why *why)
{
	struct ts_passphrase passphrase = {0};
	struct ts_spool_setup setup = {.enrolment = {enrolment->data, enrolment->len},
		.agent = agent,
		.receipt_key = &facts->receipt_key,
		.contract_note = facts->note,
		.created_ms = ts_clock_now_us() / 1000};
	if (seal->seal) {
		TS_TRY(ts_passphrase_read(seal->passphrase_file, dir, true, &passphrase, why));
		setup.passphrase = &passphrase;
	}
	enum ts_err err = ts_spool_create(dir, &setup, why);
	ts_passphrase_wipe(&passphrase);
	return err;
}
