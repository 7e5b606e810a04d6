/* SPDX-License-Identifier: Apache-2.0 */
/* Terms in force and the ledger with its rows, from one statement. */
#include "service/handler/handler.h"
#include "service/settle/settle.h"
#include "store/ledger_state.h"

static enum ts_err versions_of(const struct ts_db_ledger *from, struct ts_region *region,
	struct ts_ledger_version **out, struct ts_why *why)
{
	if (from->versions_n == 0)
		return ts_why(why, TS_E_CONFLICT, "contract",
			"no version is in force: both parties must sign first");
	struct ts_ledger_version *versions = ts_region_array(
		region, from->versions_n, sizeof *versions);
	if (versions == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < from->versions_n; i++)
		TS_TRY(ts_handler_version(from->versions[i].leaf, from->versions[i].statement,
			from->versions[i].terms, region, &versions[i], why));
	*out = versions;
	return TS_OK;
}

static enum ts_err ledger_of(struct ts_db_ledger *from, struct ts_region *region,
	const struct ts_terms ***terms, struct ts_ledger **ledger, struct ts_why *why)
{
	struct ts_ledger_version *versions = NULL;
	TS_TRY(versions_of(from, region, &versions, why));
	*terms = ts_region_array(region, from->versions_n, sizeof **terms);
	if (versions == NULL || *terms == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < from->versions_n; i++)
		(*terms)[i] = versions[i].terms;
	TS_TRY(ts_ledger_create(region, versions, from->versions_n, ledger));
	return ts_db_ledger_load(from, *ledger, why);
}

enum ts_err ts_settle_read(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_settle_state *out, struct ts_why *why)
{
	struct ts_db_ledger from;
	struct ts_settle_state state = {.terms = NULL};
	TS_TRY(ts_db_ledger_open(db, contract_id, region, &from, why));
	enum ts_err err = ledger_of(&from, region, &state.terms, &state.ledger, why);
	ts_db_ledger_close(&from);
	TS_TRY(err);
	state.terms_n = from.versions_n;
	state.inputs_size = from.inputs_size;
	state.reached = from.reached;
	*out = state;
	return TS_OK;
}

enum ts_err ts_settle_load(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	const struct ts_terms ***terms, size_t *terms_n, struct ts_ledger **ledger,
	struct ts_why *why)
{
	struct ts_settle_state state;
	TS_TRY(ts_settle_read(db, contract_id, region, &state, why));
	*terms = state.terms;
	*terms_n = state.terms_n;
	*ledger = state.ledger;
	return TS_OK;
}
