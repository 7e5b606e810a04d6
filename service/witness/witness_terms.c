/* SPDX-License-Identifier: Apache-2.0 */
/* What a contract's terms in force ask of its witnesses. */
#include "service/witness/witnesser.h"
#include "store/witness.h"
#include "terms/terms.h"

#define REGION_BYTES_MAX (32u << 20)

enum ts_err ts_witness_quorum(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_quorum *out, struct ts_why *why)
{
	const struct ts_terms *terms = NULL;
	struct ts_str bytes;
	int64_t version = 0;
	enum ts_err err = ts_db_version_newest(db, contract_id, 0, region, &version, &bytes, why);
	*out = (struct ts_quorum){.n = 0};
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	TS_TRY(ts_terms_parse(bytes.at, bytes.len, region, &terms, why));
	*out = terms->keys.quorum_of;
	return TS_OK;
}

struct admission {
	int64_t contract_id;
	struct ts_quorum quorum;
};

static enum ts_err quorum_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct admission *a = arg;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_witness_quorum(db, a->contract_id, region, &a->quorum, why);
	ts_region_free(region);
	return err;
}

enum ts_err ts_witnesser_admitted(struct ts_app *app, struct ts_session *session,
	int64_t contract_id, bool *out, struct ts_why *why)
{
	struct admission a = {.contract_id = contract_id};
	TS_TRY(ts_db_tx_contract(session->db, contract_id, quorum_tx, &a, why));
	*out = ts_witnesser_admits(app->witnesser, contract_id, &a.quorum, NULL) == TS_OK;
	return TS_OK;
}
