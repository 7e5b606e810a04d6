/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CONTRACT_DIFF_H
#define TS_SERVICE_CONTRACT_DIFF_H
/* Why: `tallystick contract diff`: what an amendment changes, a line per member. */
#include "service/command/client.h"

struct ts_contract_diff {
	const char *contract;
	int64_t from, to; /* versions; 0: the service's default */
	const char *period; /* NULL: no money */
	bool json;
};
enum ts_err ts_contract_diff_print(
	struct ts_client *client, const struct ts_contract_diff *diff, struct ts_why *why) TS_MUST;

#endif
