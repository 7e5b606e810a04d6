/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include "keys/keyfile.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_party = {
	.name = "party",
	.summary = "add and show the companies",
	.usage =
		"tallystick party add ID --name NAME --country CC --key FILE|--vkey VKEY [...]\n"
		"tallystick party show ID | list\n"
		"\n"
		"The statement key signs contracts and enrols agents; only its public half is\n"
		"sent. For electronic invoices: --vat-id, --registration, --endpoint, --contact,\n"
		"--phone; of who is paid --iban and --bic, or --account. Contracts that are drawn\n"
		"up later take all of it from here.\n"
		"\n"
		"  tallystick party add lab --name \"Frontier Lab PBC\" --country US --key "
		"lab.key\n",
	.run = run,
};

struct party_args {
	const char *name, *country, *street, *city, *postal_code, *region, *tax_id, *email;
	const char *payment_details, *key, *vkey;
	const char *trade_name, *vat_id, *registration, *endpoint, *contact, *phone;
	const char *means, *iban, *account, *bic, *account_name;
};

/* "SCHEME:ID", or without a scheme; NULL: absent. */
static json_t *identifier(const char *text)
{
	const char *colon = text != NULL ? strchr(text, ':') : NULL;
	if (text == NULL)
		return NULL;
	if (colon == NULL || colon == text || colon - text > 4)
		return json_pack("{s:s}", "id", text);
	return json_pack("{s:s%,s:s}", "scheme", text, (size_t)(colon - text), "id", colon + 1);
}

/* What only electronic invoices need. */
static void put_invoicing(const struct party_args *p, json_t *body)
{
	const char *means = p->means;
	if (means == NULL && p->iban != NULL)
		means = "58";
	if (means == NULL && p->account != NULL)
		means = "30";
	if (p->trade_name != NULL)
		json_object_set_new(body, "trade_name", json_string(p->trade_name));
	if (p->vat_id != NULL)
		json_object_set_new(body, "vat_id", json_string(p->vat_id));
	if (p->registration != NULL)
		json_object_set_new(body, "registration", identifier(p->registration));
	if (p->endpoint != NULL)
		json_object_set_new(body, "endpoint", identifier(p->endpoint));
	if (p->contact != NULL || p->phone != NULL)
		json_object_set_new(body, "contact",
			json_pack("{s:s*,s:s*}", "name", p->contact, "phone", p->phone));
	if (means != NULL)
		json_object_set_new(body, "payment",
			json_pack("{s:s,s:s*,s:s*,s:s*,s:s*}", "means", means, "iban", p->iban,
				"account", p->account, "bic", p->bic, "account_name",
				p->account_name));
}

static enum ts_err statement_key(
	const struct party_args *p, char vkey[TS_VKEY_CHARS], struct ts_why *why)
{
	struct ts_key key;
	bool sealed = false;
	if (p->vkey != NULL) {
		TS_TRY(ts_key_parse(ts_str(p->vkey), &key, why));
		ts_key_format(&key, vkey);
		return TS_OK;
	}
	if (p->key == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--key", "--key or --vkey is needed");
	TS_TRY(ts_keyfile_public(p->key, &key, &sealed, why));
	ts_key_format(&key, vkey);
	return TS_OK;
}

static enum ts_err party_add(struct ts_cli *cli, struct ts_why *why)
{
	const struct party_args *p = cli->own;
	char vkey[TS_VKEY_CHARS];
	if (p->name == NULL || p->country == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--name", "--name and --country are needed");
	TS_TRY(statement_key(p, vkey, why));
	json_t *address = json_pack("{s:s,s:s*,s:s*,s:s*,s:s*}", "country", p->country, "street",
		p->street, "city", p->city, "postal_code", p->postal_code, "region", p->region);
	json_t *body = json_pack("{s:s,s:s,s:s,s:o,s:s*,s:s*,s:s*}", "id", cli->args.items[1],
		"name", p->name, "statement_key", vkey, "address", address, "tax_id", p->tax_id,
		"email", p->email, "payment_details", p->payment_details);
	if (body == NULL)
		return TS_E_NO_MEMORY;
	put_invoicing(p, body);
	enum ts_err err = ts_cli_post(cli, "/v1/parties", body, NULL, why);
	json_decref(body);
	return err;
}

static enum ts_err party_show(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/parties/%s", cli->args.items[1]);
	return ts_cli_get(cli, path, NULL, why);
}

static enum ts_err party_list(struct ts_cli *cli, struct ts_why *why)
{
	return ts_cli_get(cli, "/v1/parties", NULL, why);
}

static int run(int argc, char **argv)
{
	struct party_args p = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_party, .own = &p};
	const struct ts_opt opts[] = {
		{"name", TS_OPT_TEXT, false, &p.name, "NAME", "legal name"},
		{"country", TS_OPT_TEXT, false, &p.country, "CC", "ISO 3166-1 alpha-2"},
		{"street", TS_OPT_TEXT, false, &p.street, "TEXT", "address"},
		{"city", TS_OPT_TEXT, false, &p.city, "TEXT", "address"},
		{"postal-code", TS_OPT_TEXT, false, &p.postal_code, "TEXT", "address"},
		{"region", TS_OPT_TEXT, false, &p.region, "TEXT", "state or province"},
		{"tax-id", TS_OPT_TEXT, false, &p.tax_id, "ID", "VAT or tax number"},
		{"email", TS_OPT_TEXT, false, &p.email, "ADDRESS", "billing contact"},
		{"payment-details", TS_OPT_TEXT, false, &p.payment_details, "TEXT", "bank details"},
		{"trade-name", TS_OPT_TEXT, false, &p.trade_name, "NAME", "if it is another"},
		{"vat-id", TS_OPT_TEXT, false, &p.vat_id, "ID", "with the country's prefix"},
		{"registration", TS_OPT_TEXT, false, &p.registration, "[SCHEME:]ID",
			"company register (ISO 6523 scheme)"},
		{"endpoint", TS_OPT_TEXT, false, &p.endpoint, "SCHEME:ID",
			"electronic address (EAS scheme)"},
		{"contact", TS_OPT_TEXT, false, &p.contact, "NAME", "who is asked"},
		{"phone", TS_OPT_TEXT, false, &p.phone, "NUMBER", "of the contact"},
		{"iban", TS_OPT_TEXT, false, &p.iban, "IBAN", "account to pay to"},
		{"account", TS_OPT_TEXT, false, &p.account, "NUMBER", "where there is no IBAN"},
		{"bic", TS_OPT_TEXT, false, &p.bic, "BIC", "of its bank"},
		{"account-name", TS_OPT_TEXT, false, &p.account_name, "NAME", "its holder"},
		{"means", TS_OPT_TEXT, false, &p.means, "CODE",
			"UNTDID 4461; 58 with --iban, else 30"},
		{"key", TS_OPT_TEXT, false, &p.key, "FILE",
			"statement key (only its vkey is sent)"},
		{"vkey", TS_OPT_TEXT, false, &p.vkey, "VKEY", "the statement key's public half"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {
		{"add", 2, party_add}, {"show", 2, party_show}, {"list", 1, party_list}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
