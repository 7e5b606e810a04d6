/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_HANDLER_SETTLE_H
#define TS_SERVICE_HANDLER_SETTLE_H
/* Why: POSTs that settle end alike: the idempotency key is the request's, the stored answer is the
 * reply, and a document that issued is answered with its number and sums. */
#include "service/http/exchange.h"
#include "service/settle/settle.h"

/* Runs it; in: contract, kind, answer and what its kind needs. */
enum ts_err ts_handler_settle(struct ts_request *req, struct ts_response *res, struct ts_settle *s,
	struct ts_why *why) TS_MUST;
/* The answer of an issue: number, kind, days, sums, hash. */
enum ts_err ts_handler_issued(struct ts_settle *s, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
