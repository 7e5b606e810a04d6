/* SPDX-License-Identifier: Apache-2.0 */
/* Commercial credits, settlements and claims, and the service credits that may be claimed. */
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/settle/settle.h"
#include <string.h>

#define REGION_BYTES_MAX (1024u << 20)

struct view {
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_region *region;
	struct ts_ledger *ledger;
};

static enum ts_err view_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	return ts_settle_load(db, v->contract.contract_id, v->region, &terms, &n, &v->ledger, why);
}

/* The document that billed it last. */
static const char *document_of(const struct view *v, const struct ts_credit_row *row)
{
	for (size_t i = 0; ts_ledger_billed(v->ledger, i) != NULL; i++) {
		const struct ts_billed_row *billed = ts_ledger_billed(v->ledger, i);
		if (billed->line.kind == row->kind && billed->line.period == row->period &&
			billed->line.item == row->serial - 1)
			return billed->document;
	}
	return NULL;
}

static json_t *period_json(const struct view *v, int32_t index)
{
	struct ts_period period;
	char name[TS_TIME_CHARS];
	if (ts_ledger_period_get(v->ledger, index, &period) != TS_OK)
		return json_null();
	return json_string(ts_period_name(&period, name));
}

static json_t *credit_json(
	const struct view *v, const struct ts_currency *currency, const struct ts_credit_row *row)
{
	bool claim = row->kind == TS_CHARGE_SLA;
	const char *document = claim ? NULL : document_of(v, row);
	return json_pack("{s:s,s:I,s:I,s:b,s:o,s:s?,s:s,s:s,s:o,s:s?}", "kind",
		claim ? "claim" : ts_charge_kind_name(row->kind), "serial", (json_int_t)row->serial,
		"leaf", (json_int_t)row->leaf, "granted", row->granted, "amount",
		claim || !row->granted ? json_null() : ts_json_money(row->amount_minor, currency),
		"line", row->about, claim ? "sla" : "treatment", row->item, "reason", row->reason,
		"period", row->granted ? period_json(v, row->period) : json_null(), "document",
		document);
}

/* A service credit that is expected and has not been claimed. */
static json_t *claimable_json(
	const struct view *v, const struct ts_currency *currency, const struct ts_accrual_row *row)
{
	struct ts_ledger_claimable claim;
	struct ts_period period;
	if (row->accrued_minor == 0 || !ts_ledger_claimable(v->ledger, &row->line, &claim) ||
		ts_ledger_period_get(v->ledger, row->line.period, &period) != TS_OK)
		return NULL;
	return json_pack("{s:s,s:o,s:[I,I],s:o,s:o}", "sla", claim.sla, "period",
		period_json(v, row->line.period), "period_ms",
		(json_int_t)(period.from_us / TS_US_PER_MS),
		(json_int_t)(period.to_us / TS_US_PER_MS), "amount",
		ts_json_money(-row->accrued_minor, currency), "claim_before",
		ts_json_day(claim.lapse_day));
}

static enum ts_err answer(struct view *v, struct ts_response *res, struct ts_why *why)
{
	json_t *rows = json_array(), *claimable = json_array();
	const struct ts_currency *currency = ts_ledger_currency(v->ledger);
	for (size_t i = 0; ts_ledger_credit_row(v->ledger, i) != NULL; i++)
		json_array_append_new(
			rows, credit_json(v, currency, ts_ledger_credit_row(v->ledger, i)));
	for (size_t i = 0; ts_ledger_accrual(v->ledger, i) != NULL; i++) {
		json_t *one = claimable_json(v, currency, ts_ledger_accrual(v->ledger, i));
		if (one != NULL)
			json_array_append_new(claimable, one);
	}
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:o,s:o}", "currency", currency->code, "data", rows, "claimable",
			claimable),
		why);
}

static enum ts_err credits_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req, .region = ts_region_create(REGION_BYTES_MAX)};
	struct ts_db_scope scope;
	if (v.region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_handler_contract(req, res, &v.contract, &scope, why);
	scope.read_only = true;
	if (err == TS_OK)
		err = ts_db_tx(ts_req_session(req)->db, &scope, view_tx, &v, why);
	if (err == TS_OK)
		err = answer(&v, res, why);
	ts_region_free(v.region);
	return err;
}

const struct ts_route ts_routes_credit[] = {
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/credits",
		.handler = credits_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "getCredits",
		.tag = "documents",
		.summary = "Commercial credits, settlements and claims, granted or not, and the "
			   "service credits that the consumer may claim",
		.response = "currency, data: kind, serial, leaf, granted, amount, line, treatment "
			    "or sla, reason, period, document; claimable: sla, period, period_ms, "
			    "amount, claim_before"},
	{0},
};
