/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_INSTANT_H
#define TS_SERVICE_INSTANT_H
/* Why: on a command line a time is a date (its first instant, UTC) or an instant with Z. */
#include "base/err.h"
#include <stdint.h>

/* TS_E_MALFORMED names the option. */
enum ts_err ts_instant_parse(
	const char *text, const char *option, int64_t *ms, struct ts_why *why) TS_MUST;

#endif
