/* SPDX-License-Identifier: Apache-2.0 */
#include "service/key/secrecy.h"
#include "base/err.h"
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void ts_secrecy_begin(void)
{
	const struct rlimit none = {0, 0};
	TS_ASSERT(sodium_init() >= 0); /* its guarded memory and its faster code need it */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
