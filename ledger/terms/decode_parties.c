/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include "evidence/key.h"
#include <stdio.h>
#include <string.h>

#define PARTY_ID_MAX 32

struct raw_party {
	struct ts_party party;
	const json_t *address, *registration, *endpoint, *contact, *payment;
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
	{"trade_name", TS_JSON_STRING, false, offsetof(struct raw_party, party.trade_name), 1, 200},
	{"vat_id", TS_JSON_STRING, false, offsetof(struct raw_party, party.vat_id), 1, 22},
	{"registration", TS_JSON_OBJECT, false, offsetof(struct raw_party, registration), 0, 0},
	{"endpoint", TS_JSON_OBJECT, false, offsetof(struct raw_party, endpoint), 0, 0},
	{"contact", TS_JSON_OBJECT, false, offsetof(struct raw_party, contact), 0, 0},
	{"payment", TS_JSON_OBJECT, false, offsetof(struct raw_party, payment), 0, 0},
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
	{"type", TS_JSON_STRING, false, offsetof(struct ts_terms, type), 1, 3},
	{"accounting_cost", TS_JSON_STRING, false, offsetof(struct ts_terms, accounting_cost), 1,
		80},
};

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
	return ts_decode_vkey(d, party->statement_key, TS_KEY_ED25519, NULL, where);
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
	const struct ts_party_invoicing invoicing = {
		raw.registration, raw.endpoint, raw.contact, raw.payment};
	TS_TRY(ts_party_invoicing(&invoicing, d->region, pointer, &raw.party, d->why));
	if (!raw.party.id)
		raw.party.id = id;
	if (!raw.party.name)
		raw.party.name = raw.party.id;
	*out = raw.party;
	return check_party(d, out, pointer);
}

enum ts_err ts_decode_parties(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_terms *t = d->terms;
	TS_TRY(decode_party(d, root->provider, "/provider", "provider", &t->provider));
	TS_TRY(decode_party(d, root->consumer, "/consumer", "consumer", &t->consumer));
	if (strcmp(t->provider.id, t->consumer.id) == 0)
		return ts_why(d->why, TS_E_INVALID, "/consumer/id",
			"\"%s\" is the provider's id too", t->consumer.id);
	if (t->consumer.payment.means)
		return ts_why(d->why, TS_E_INVALID, "/consumer/payment",
			"the consumer pays; only the provider has a \"payment\"");
	t->series = "";
	if (root->invoice) {
		TS_TRY(ts_decode_object(d, root->invoice, invoice_fields,
			sizeof invoice_fields / sizeof invoice_fields[0], true, t, "/invoice"));
		if (*t->series)
			TS_TRY(ts_decode_token(d, t->series, "/invoice", "series"));
		if (t->type && strcmp(t->type, "380") != 0 && strcmp(t->type, "82") != 0)
			return ts_why(d->why, TS_E_INVALID, "/invoice/type",
				"\"%s\" must be 380 (invoice) or 82 (metered services)", t->type);
	}
	return TS_OK;
}
