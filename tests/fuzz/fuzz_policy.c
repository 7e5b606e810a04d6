/* SPDX-License-Identifier: Apache-2.0 */
/* A policy that is accepted names all keys once, and its quorum is met when all have signed, by
 * nobody when none has. */
#include "audit/policy.h"
#include "fuzz/fuzz.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_policy *p = calloc(1, sizeof *p);
	struct ts_why why = {"", ""};
	int64_t none[TS_POLICY_WITNESSES_MAX] = {0}, all[TS_POLICY_WITNESSES_MAX], at = -1;
	TS_ASSERT(p != NULL);
	if (ts_policy_parse((struct ts_str){(const char *)data, size}, p, &why) == TS_OK) {
		for (size_t i = 0; i < TS_POLICY_WITNESSES_MAX; i++)
			all[i] = (int64_t)i + 1;
		TS_ASSERT(p->contract[0] != '\0' && p->party[0].name[0] != '\0' &&
			  p->party[1].name[0] != '\0');
		TS_ASSERT(ts_policy_quorum(p, none, &at) == (p->quorum < 0));
		TS_ASSERT(ts_policy_quorum(p, all, &at));
		TS_ASSERT(p->quorum < 0 ? at == 0 : at >= 1 && at <= (int64_t)p->witnesses_n);
		for (size_t i = 0; i < p->pins_n; i++)
			TS_ASSERT(p->pins[i].size > 0);
	}
	free(p);
	return 0;
}
