/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CONTRACT_FACTS_H
#define TS_SERVICE_CONTRACT_FACTS_H
/* Why: a new stream names what its contract says: the domain of its origin, the key that signs its
 * receipts, and the statement that g1 pins. With the signed terms at hand the keys are theirs, not
 * what the service says. */
#include "evidence/key.h"
#include "evidence/origin.h"
#include "service/command/client.h"

struct ts_contract_facts {
	char domain[TS_ORIGIN_MAX + 1];
	struct ts_key receipt_key;
	struct ts_hash note; /* statement hash of the newest version in force */
};
/* terms: path of the signed terms; NULL: the service's word. TS_E_CONFLICT: not in force yet. */
enum ts_err ts_contract_facts_get(struct ts_client *client, const char *contract, const char *terms,
	struct ts_contract_facts *out, struct ts_why *why) TS_MUST;
/* How the agent's own key lies in its folder. */
struct ts_agent_seal {
	bool seal;
	const char *passphrase_file; /* NULL: the default (passphrase.h) */
};
/* The folder of a new stream under that contract: its key and its signed key statement. */
enum ts_err ts_contract_facts_spool(const struct ts_contract_facts *facts,
	const struct ts_secret *agent, const struct ts_agent_seal *seal,
	const struct ts_buf *enrolment, const char *dir, struct ts_why *why) TS_MUST;

#endif
