/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_BUNDLE_CARRY_H
#define TS_SERVICE_BUNDLE_CARRY_H
/* Why: a bundle that begins at a state carries the uploads before it that something inside refers
 * to. Which ones follows from the decisions themselves, so the bundle is checked as its reader will
 * check it, and what is asked for meanwhile is written beside: exactly these, none besides. */
#include "audit/carried.h"
#include "book/state.h"
#include "service/session.h"
#include "store/contract.h"
#include "store/stream.h"
#include <stdio.h>

struct ts_bundle_upload {
	struct ts_str origin;
	int64_t first;
	int64_t offset, bytes; /* of the member's data in `beside` */
};
struct ts_bundle_carry {
	/* in, borrowed */
	struct ts_session *session;
	const struct ts_db_contract *contract;
	int fd; /* the bundle without what is carried, `size` bytes */
	int64_t size, bytes_max;
	int64_t n; /* FROM of the inputs log */
	FILE *beside; /* empty */
	struct ts_region *region;
	/* out, in the region */
	struct ts_bundle_upload *uploads; /* by origin bytes and first index */
	size_t uploads_n;
	/* own */
	size_t uploads_cap;
	int64_t written;
	struct ts_db_stream *streams;
	size_t streams_n;
	struct ts_policy *policy;
	struct ts_buf *text;
	struct ts_why *why;
	struct ts_region *scratch;
	struct {
		int64_t stream_id, from, from_ms, to_ms;
	} ask;
	struct ts_carried answer;
	struct ts_str lines;
};
/* TS_E_CONFLICT: what is inside reaches further back than can be carried; TS_E_LIMIT, TS_E_IO. */
enum ts_err ts_bundle_carry(struct ts_bundle_carry *carry, struct ts_why *why) TS_MUST;

#endif
