/* SPDX-License-Identifier: Apache-2.0 */
#include "service/contract/contract_keys.h"
#include "evidence/origin.h"
#include "service/key/keyring.h"
#include "service/key/signer_client.h"

static enum ts_err log_vkey(struct ts_app *app, const char *contract, enum ts_log_kind kind,
	char vkey[TS_VKEY_CHARS], struct ts_why *why)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_key key;
	TS_TRY(ts_origin_log(ts_str(app->config->domain), ts_str(contract), kind, origin));
	TS_TRY(ts_signer_make(app->signer, ts_str(origin), &key, why));
	ts_key_format(&key, vkey);
	return TS_OK;
}

enum ts_err ts_contract_keys_json(
	struct ts_app *app, const char *contract, json_t **out, struct ts_why *why)
{
	char operator_key[TS_VKEY_CHARS], receipt[TS_VKEY_CHARS], inputs[TS_VKEY_CHARS],
		journal[TS_VKEY_CHARS];
	TS_TRY(log_vkey(app, contract, TS_LOG_INPUTS, inputs, why));
	TS_TRY(log_vkey(app, contract, TS_LOG_JOURNAL, journal, why));
	*out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "contract", contract, "domain",
		app->config->domain, "operator_key",
		ts_key_format(&ts_keyring_operator(app->keyring)->key, operator_key), "receipt_key",
		ts_key_format(&ts_keyring_receipt(app->keyring)->key, receipt), "inputs_log",
		inputs, "journal_log", journal);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}
