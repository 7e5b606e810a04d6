/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_APPEND_H
#define TS_SERVICE_APPEND_H
/* Why: the hot path, in two steps. Prepare, in parallel: one signature, hash and parse of every
 * line, cells. Batch, per contract: one transaction for all uploads that wait
 * (docs/formats/append.md). */
#include "service/http/request.h"

enum ts_err ts_append_prepare(
	struct ts_request *req, struct ts_response *res, struct ts_why *why) TS_MUST;
void ts_append_batch(struct ts_request **reqs, struct ts_response **ress, enum ts_err *errs,
	struct ts_why *whys, size_t n);

#endif
