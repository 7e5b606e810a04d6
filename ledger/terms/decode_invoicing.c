/* SPDX-License-Identifier: Apache-2.0 */
/* What electronic invoices need of a party. All of it is optional, but what is there has its form:
 * a document is refused by its receiver's software for one wrong digit. */
#include "terms/decode.h"
#include "base/codes.h"
#include "base/identify.h"
#include <stdio.h>
#include <string.h>

static const struct ts_json_field registration_fields[] = {
	{"scheme", TS_JSON_STRING, false, offsetof(struct ts_identifier, scheme), 1, 4},
	{"id", TS_JSON_STRING, true, offsetof(struct ts_identifier, id), 1, 60},
};
static const struct ts_json_field endpoint_fields[] = {
	{"scheme", TS_JSON_STRING, true, offsetof(struct ts_identifier, scheme), 1, 4},
	{"id", TS_JSON_STRING, true, offsetof(struct ts_identifier, id), 1, 135},
};
static const struct ts_json_field contact_fields[] = {
	{"name", TS_JSON_STRING, false, offsetof(struct ts_contact, name), 1, 100},
	{"phone", TS_JSON_STRING, false, offsetof(struct ts_contact, phone), 3, 40},
	{"email", TS_JSON_STRING, false, offsetof(struct ts_contact, email), 3, 254},
};
static const struct ts_json_field payment_fields[] = {
	{"means", TS_JSON_STRING, true, offsetof(struct ts_payment, means), 1, 3},
	{"iban", TS_JSON_STRING, false, offsetof(struct ts_payment, iban), 5, 34},
	{"account", TS_JSON_STRING, false, offsetof(struct ts_payment, account), 1, 60},
	{"bic", TS_JSON_STRING, false, offsetof(struct ts_payment, bic), 8, 11},
	{"account_name", TS_JSON_STRING, false, offsetof(struct ts_payment, account_name), 1, 100},
};

#define POINTER_CHARS 96
/* "/provider" and "payment/iban" to "/provider/payment/iban". */
static const char *below(char out[POINTER_CHARS], const char *pointer, const char *member)
{
	int len = snprintf(out, POINTER_CHARS, "%s/%s", pointer, member);
	TS_ASSERT(len > 0 && len < POINTER_CHARS);
	return out;
}

static enum ts_err check_identifier(const struct ts_decode *d, const struct ts_identifier *id,
	enum ts_codes schemes, const char *pointer, const char *member)
{
	char at[POINTER_CHARS], inner[POINTER_CHARS];
	below(at, pointer, member);
	if (!id->scheme)
		return TS_OK;
	if (!ts_codes_have(schemes, ts_str(id->scheme)))
		return ts_why(d->why, TS_E_INVALID, below(inner, at, "scheme"),
			"\"%s\" is none of the %s", id->scheme, ts_codes_title(schemes));
	if (!ts_scheme_fits(ts_str(id->scheme), ts_str(id->id)))
		return ts_why(d->why, TS_E_INVALID, below(inner, at, "id"),
			"\"%s\" is no identifier of scheme %s: its form or its check digit is "
			"wrong",
			id->id, id->scheme);
	return TS_OK;
}

static enum ts_err check_payment(
	const struct ts_decode *d, const struct ts_payment *payment, const char *pointer)
{
	char at[POINTER_CHARS], inner[POINTER_CHARS];
	below(at, pointer, "payment");
	if (!ts_codes_have(TS_CODES_PAYMENT_MEANS, ts_str(payment->means)))
		return ts_why(d->why, TS_E_INVALID, below(inner, at, "means"),
			"\"%s\" is none of the %s; a credit transfer is 30, in SEPA 58",
			payment->means, ts_codes_title(TS_CODES_PAYMENT_MEANS));
	if (payment->iban && !ts_iban(ts_str(payment->iban)))
		return ts_why(d->why, TS_E_INVALID, below(inner, at, "iban"),
			"\"%s\" is no IBAN: its length or its check digits are wrong (capitals, no "
			"blanks)",
			payment->iban);
	if (payment->iban && payment->account)
		return ts_why(d->why, TS_E_INVALID, below(inner, at, "account"),
			"an account is given by \"iban\" or by \"account\", not by both");
	if (strcmp(payment->means, "58") == 0 && !payment->iban)
		return ts_why(d->why, TS_E_MISSING_FIELD, below(inner, at, "iban"),
			"a SEPA transfer (58) needs an IBAN");
	if (strcmp(payment->means, "30") == 0 && !payment->iban && !payment->account)
		return ts_why(d->why, TS_E_MISSING_FIELD, below(inner, at, "iban"),
			"a credit transfer (30) needs \"iban\" or \"account\"");
	if (payment->bic && !ts_bic(ts_str(payment->bic)))
		return ts_why(d->why, TS_E_INVALID, below(inner, at, "bic"),
			"\"%s\" is no BIC: 8 or 11 capitals and digits, the country in the middle",
			payment->bic);
	return TS_OK;
}

enum ts_err ts_party_invoicing(const struct ts_party_invoicing *raw, struct ts_region *region,
	const char *pointer, struct ts_party *party, struct ts_why *why)
{
	const struct ts_decode decode = {.region = region, .why = why}, *d = &decode;
	const struct {
		const char *member;
		const json_t *obj;
		const struct ts_json_field *fields;
		size_t n;
		void *out;
	} parts[] = {
#define PART(name)                                                                                 \
	{#name, raw->name, name##_fields, sizeof name##_fields / sizeof name##_fields[0],          \
		&party->name}
		PART(registration), PART(endpoint), PART(contact), PART(payment)};
#undef PART
	char at[POINTER_CHARS];
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].obj)
			TS_TRY(ts_decode_object(d, parts[i].obj, parts[i].fields, parts[i].n, false,
				parts[i].out, below(at, pointer, parts[i].member)));
	}
	if (party->vat_id && !ts_vat_id(ts_str(party->vat_id)))
		return ts_why(d->why, TS_E_INVALID, below(at, pointer, "vat_id"),
			"\"%s\" is no VAT identifier: the country's code (Greece: EL) and what "
			"that "
			"country has behind it, capitals and digits without blanks",
			party->vat_id);
	TS_TRY(check_identifier(d, &party->registration, TS_CODES_ICD, pointer, "registration"));
	TS_TRY(check_identifier(d, &party->endpoint, TS_CODES_EAS_PEPPOL, pointer, "endpoint"));
	return party->payment.means ? check_payment(d, &party->payment, pointer) : TS_OK;
}
