/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SPOOL_STATE_H
#define TS_IMPORTERS_SPOOL_STATE_H
/* Why: the text of a spool's `state` file: one `name value` line each, in this order, none omitted,
 * so that a damaged one is refused and never half believed. */
#include "importers/spool.h"

void ts_spool_state_format(const struct ts_spool *spool, struct ts_buf *out);
/* Fills the counters of *spool. TS_E_MALFORMED names the line. */
enum ts_err ts_spool_state_parse(
	struct ts_str text, struct ts_spool *spool, struct ts_why *why) TS_MUST;

#endif
