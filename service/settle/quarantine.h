/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_QUARANTINE_H
#define TS_SERVICE_QUARANTINE_H
/* Why: an agent that signed two stories is stopped, both notes are kept with the proof that they
 * contradict each other, and both companies are told (docs/formats/conflict.md). */
#include "service/http/request.h"
#include "store/stream.h"

#define TS_SOURCE_REGION_BYTES_MAX (256u << 20) /* lines of one upload, decompressed */

/* text, line: the refused checkpoint of `size` and the agent's verified line; root: the accepted
 * log's at that size, another one. Always an error: TS_E_EQUIVOCATION when it was kept. */
enum ts_err ts_quarantine(struct ts_request *req, const struct ts_db_stream *stream, int64_t size,
	struct ts_str text, struct ts_str line, const struct ts_hash *root,
	struct ts_why *why) TS_MUST;

#endif
