/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include "evidence/key.h"
#include "evidence/origin.h"
#include <stdio.h>
#include <string.h>

#define PARTY_ID_MAX 32

struct raw_party {
	struct ts_party party;
	const json_t *address;
};
static const struct ts_json_field party_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct raw_party, party.id), 1, PARTY_ID_MAX},
	{"name", TS_JSON_STRING, true, offsetof(struct raw_party, party.name), 1, 200},
	{"address", TS_JSON_OBJECT, true, offsetof(struct raw_party, address), 0, 0},
	{"tax_id", TS_JSON_STRING, false, offsetof(struct raw_party, party.tax_id), 1, 40},
	{"email", TS_JSON_STRING, false, offsetof(struct raw_party, party.email), 3, 254},
	{"statement_key", TS_JSON_STRING, true, offsetof(struct raw_party, party.statement_key), 1,
		TS_VKEY_CHARS},
	{"payment_details", TS_JSON_STRING, false,
		offsetof(struct raw_party, party.payment_details), 1, 1000},
};
static const struct ts_json_field address_fields[] = {
	{"street", TS_JSON_STRING, false, offsetof(struct ts_address, street), 1, 200},
	{"city", TS_JSON_STRING, false, offsetof(struct ts_address, city), 1, 100},
	{"postal_code", TS_JSON_STRING, false, offsetof(struct ts_address, postal_code), 1, 20},
	{"region", TS_JSON_STRING, false, offsetof(struct ts_address, region), 1, 100},
	{"country", TS_JSON_STRING, true, offsetof(struct ts_address, country), 2, 2},
};
static const struct ts_json_field invoice_fields[] = {
	{"series", TS_JSON_STRING, true, offsetof(struct ts_terms, series), 1, 24},
	{"due_days", TS_JSON_INT, true, offsetof(struct ts_terms, due_days), 0, 3650},
	{"purchase_order", TS_JSON_STRING, false, offsetof(struct ts_terms, purchase_order), 1, 80},
	{"buyer_reference", TS_JSON_STRING, false, offsetof(struct ts_terms, buyer_reference), 1,
		80},
	{"payment_terms", TS_JSON_STRING, false, offsetof(struct ts_terms, payment_terms), 1, 500},
};
static const struct ts_json_field evidence_fields[] = {
	{"domain", TS_JSON_STRING, true, offsetof(struct ts_terms_keys, domain), 1, 100},
	{"operator_key", TS_JSON_STRING, true, offsetof(struct ts_terms_keys, operator_key), 1,
		TS_VKEY_CHARS},
	{"receipt_key", TS_JSON_STRING, true, offsetof(struct ts_terms_keys, receipt_key), 1,
		TS_VKEY_CHARS},
	{"inputs_log", TS_JSON_STRING, true, offsetof(struct ts_terms_keys, inputs_log), 1,
		TS_VKEY_CHARS},
	{"journal_log", TS_JSON_STRING, true, offsetof(struct ts_terms_keys, journal_log), 1,
		TS_VKEY_CHARS},
	{"quorum", TS_JSON_STRING, true, offsetof(struct ts_terms_keys, quorum), 1, 200},
	{"unwitnessed_after_days", TS_JSON_INT, true,
		offsetof(struct ts_terms_keys, unwitnessed_after_days), 0, 366},
	{"inclusion_seconds", TS_JSON_INT, true, offsetof(struct ts_terms_keys, inclusion_seconds),
		1, 31 * 86400},
};

/* A vkey of the given type that enrolment would accept; its name is `expected` unless that is
 * NULL. */
static enum ts_err check_vkey(const struct ts_decode *d, const char *vkey, enum ts_key_type type,
	const char *expected, const char *pointer)
{
	if (!vkey)
		return TS_OK; /* only in what-if terms */
	struct ts_key key;
	struct ts_why inner = {0};
	enum ts_err err = ts_key_parse(ts_str(vkey), &key, &inner);
	if (err == TS_OK)
		err = ts_key_acceptable(&key, &inner);
	if (err != TS_OK)
		return ts_why(
			d->why, err, pointer, "\"%.150s\" is no usable vkey: %s", vkey, inner.text);
	if (key.type != type)
		return ts_why(d->why, TS_E_KEY, pointer, "the key has type %d, must have %d",
			(int)key.type, (int)type);
	if (expected && strcmp(key.name, expected) != 0)
		return ts_why(d->why, TS_E_KEY, pointer, "the key is named \"%s\", must be \"%s\"",
			key.name, expected);
	return TS_OK;
}

static enum ts_err check_party(
	const struct ts_decode *d, const struct ts_party *party, const char *pointer)
{
	char where[64];
	snprintf(where, sizeof where, "%s/id", pointer);
	for (const char *c = party->id; *c; c++) {
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') && *c != '-')
			return ts_why(d->why, TS_E_MALFORMED, where,
				"\"%s\" must be of a-z, 0-9 and -", party->id);
	}
	const char *country = party->address.country;
	for (int i = 0; country && i < 2; i++) {
		snprintf(where, sizeof where, "%s/address/country", pointer);
		if (country[i] < 'A' || country[i] > 'Z')
			return ts_why(d->why, TS_E_MALFORMED, where,
				"\"%s\" must be an ISO 3166-1 code of two capitals", country);
	}
	snprintf(where, sizeof where, "%s/statement_key", pointer);
	return check_vkey(d, party->statement_key, TS_KEY_ED25519, NULL, where);
}

static enum ts_err decode_party(const struct ts_decode *d, const json_t *obj, const char *pointer,
	const char *id, struct ts_party *out)
{
	struct raw_party raw = {0};
	char where[64];
	if (obj)
		TS_TRY(ts_decode_object(d, obj, party_fields,
			sizeof party_fields / sizeof party_fields[0], true, &raw, pointer));
	else
		TS_ASSERT(d->what_if);
	snprintf(where, sizeof where, "%s/address", pointer);
	if (raw.address)
		TS_TRY(ts_decode_object(d, raw.address, address_fields,
			sizeof address_fields / sizeof address_fields[0], true, &raw.party.address,
			where));
	if (!raw.party.id)
		raw.party.id = id;
	if (!raw.party.name)
		raw.party.name = raw.party.id;
	*out = raw.party;
	return check_party(d, out, pointer);
}

static enum ts_err check_log(
	const struct ts_decode *d, enum ts_log_kind kind, const char *vkey, const char *pointer)
{
	const struct ts_terms *t = d->terms;
	char origin[TS_ORIGIN_MAX + 1];
	if (!vkey)
		return TS_OK;
	if (ts_origin_log(ts_str(t->keys.domain), ts_str(t->contract), kind, origin) != TS_OK)
		return ts_why(d->why, TS_E_MALFORMED, "/evidence/domain",
			"\"%s\" cannot begin an origin", t->keys.domain);
	return check_vkey(d, vkey, TS_KEY_ED25519, origin, pointer);
}

static enum ts_err decode_evidence(const struct ts_decode *d, const json_t *obj)
{
	struct ts_terms_keys *keys = &d->terms->keys;
	*keys = (struct ts_terms_keys){.domain = "example.invalid", .quorum = "unwitnessed"};
	if (!obj) {
		TS_ASSERT(d->what_if);
		return TS_OK;
	}
	TS_TRY(ts_decode_object(d, obj, evidence_fields,
		sizeof evidence_fields / sizeof evidence_fields[0], true, keys, "/evidence"));
	char name[160];
	snprintf(name, sizeof name, "%s/operator", keys->domain);
	TS_TRY(check_vkey(d, keys->operator_key, TS_KEY_ED25519, name, "/evidence/operator_key"));
	snprintf(name, sizeof name, "%s/receipts", keys->domain);
	TS_TRY(check_vkey(d, keys->receipt_key, TS_KEY_COSIGNATURE, name, "/evidence/receipt_key"));
	TS_TRY(check_log(d, TS_LOG_INPUTS, keys->inputs_log, "/evidence/inputs_log"));
	return check_log(d, TS_LOG_JOURNAL, keys->journal_log, "/evidence/journal_log");
}

enum ts_err ts_decode_parties(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_terms *t = d->terms;
	TS_TRY(decode_party(d, root->provider, "/provider", "provider", &t->provider));
	TS_TRY(decode_party(d, root->consumer, "/consumer", "consumer", &t->consumer));
	if (strcmp(t->provider.id, t->consumer.id) == 0)
		return ts_why(d->why, TS_E_INVALID, "/consumer/id",
			"\"%s\" is the provider's id too", t->consumer.id);
	t->series = "";
	if (root->invoice) {
		TS_TRY(ts_decode_object(d, root->invoice, invoice_fields,
			sizeof invoice_fields / sizeof invoice_fields[0], true, t, "/invoice"));
		if (*t->series)
			TS_TRY(ts_decode_token(d, t->series, "/invoice", "series"));
	}
	return decode_evidence(d, root->evidence);
}
