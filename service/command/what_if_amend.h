/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WHAT_IF_AMEND_H
#define TS_SERVICE_WHAT_IF_AMEND_H
/* Why: a what-if over a contract that was amended. Its records go through the ledger itself, with
 * one version for each file, so that a period that is split is rated as settle would. */
#include "book/invoice.h"
#include "service/command/what_if.h"

#define TS_WHAT_IF_VERSIONS_MAX 100

/* amendments: FILE@INSTANT each, in order; they become versions 2, 3, ... effective from there to
 * the end of the term. Gives w a ledger; before anything is read. */
enum ts_err ts_what_if_amend(struct ts_what_if *w, const char *const *amendments, size_t n,
	const char *cluster, struct ts_why *why) TS_MUST;
/* After all was read: as of the end of day. */
enum ts_err ts_what_if_settle(struct ts_what_if *w, int32_t day, struct ts_why *why) TS_MUST;
enum ts_err ts_what_if_body(
	struct ts_what_if *w, int32_t period, struct ts_invoice **out, struct ts_why *why) TS_MUST;

#endif
