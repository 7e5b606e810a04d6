/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_ZONE_TABLE_H
#define TS_SERVICE_ZONE_TABLE_H
/* Why: a contract carries its zone as a table of offsets, so that no verifier needs a zone
 * database. This reads the machine's database once, when terms are drawn up. */
#include "base/err.h"
#include <jansson.h>
#include <stdint.h>

/* offsets of an IANA zone over [from_us, to_us), as the terms' "offsets" array: the first without
 * "from". TS_E_NOT_FOUND for a zone that this machine does not know, TS_E_INVALID for a zone whose
 * offset is no whole quarter-hour in that time. *out is owned by the caller. */
enum ts_err ts_zone_table(
	const char *zone, int64_t from_us, int64_t to_us, json_t **out, struct ts_why *why) TS_MUST;
/* The zone that terms name is one that people know: it stands on paper, beside the offsets that
 * count. TS_E_NOT_FOUND at /zone/name. */
enum ts_err ts_zone_check(const char *terms, size_t len, struct ts_why *why) TS_MUST;
/* Gives the zone of terms that name one without offsets its table, for the whole term. Errors as
 * above; TS_E_MISSING_FIELD and TS_E_MALFORMED with the member. */
enum ts_err ts_zone_fill(json_t *terms, struct ts_why *why) TS_MUST;

#endif
