/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WITNESS_JSON_H
#define TS_SERVICE_WITNESS_JSON_H
/* Why: how far behind the witnesses are has to be visible to both companies: signed and published
 * size of each log, and of each witness what it cosigned last, when, and what is wrong with it. */
#include "service/session.h"
#include "terms/terms.h"
#include <jansson.h>

/* {quorum, needed, inputs, journal: {signed, published, published_at}, witnesses: [...]}. In a
 * transaction of the contract; *out is the caller's. */
enum ts_err ts_witness_json(struct ts_db *db, struct ts_app *app, int64_t contract_id,
	const struct ts_terms_keys *keys, struct ts_region *region, json_t **out,
	struct ts_why *why) TS_MUST;

#endif
