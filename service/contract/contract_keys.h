/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CONTRACT_KEYS_H
#define TS_SERVICE_CONTRACT_KEYS_H
/* Why: the vkeys of this service that a contract's terms must name: told at the reservation, and
 * compared with every offer. */
#include "base/err.h"
#include "service/session.h"
#include <jansson.h>

/* contract, domain, operator_key, receipt_key, inputs_log, journal_log; makes the logs' keys when
 * they are not there yet. */
enum ts_err ts_contract_keys_json(
	struct ts_app *app, const char *contract, json_t **out, struct ts_why *why) TS_MUST;

#endif
