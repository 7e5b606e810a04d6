/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_AGENT_H
#define TS_IMPORTERS_AGENT_H
/* Why: sends what a spool holds and the service does not have yet: batches under signed
 * checkpoints, each kept until its receipt is verified. Whatever breaks on the way, sending again
 * is right: the service answers a repeat with the stored receipt, and another size with the size it
 * has. */
#include "importers/send.h"
#include "importers/spool.h"

#define TS_AGENT_BATCH_LINES 5000
#define TS_AGENT_BATCH_BYTES (3u << 20) /* under the service's 4 MiB with its note */
#define TS_AGENT_REWINDS_MAX 3 /* in a row without a batch accepted */

struct ts_agent_report {
	int64_t batches;
	int64_t lines;
	int64_t rewinds; /* the service had another size */
	int64_t size; /* what the service has acknowledged now */
	int64_t receipt_time_s; /* of the last receipt; 0: none, or not checked */
};
struct ts_agent_progress {
	void *ctx;
	void (*sent)(void *ctx, int64_t size, int64_t of);
	/* NULL, or told at each answer what the service's clock said (0: nothing). */
	void (*answered)(void *ctx, int64_t date_s);
	/* NULL, or whether to give up (ts_send_call). */
	bool (*stopping)(void *ctx);
};

/* Builds the body of the next append: up to lines_max lines after the acknowledged size. *n 0:
 * nothing to send, out is untouched. range_new and bytes_new are where it ends. */
enum ts_err ts_agent_body(struct ts_spool *spool, int64_t lines_max, struct ts_buf *out, int64_t *n,
	struct ts_range *range_new, int64_t *bytes_new, struct ts_why *why) TS_MUST;
/* Checks a receipt (the answer to body) and records it. */
enum ts_err ts_agent_receipt(struct ts_spool *spool, struct ts_str body, struct ts_str receipt,
	const struct ts_range *range_new, int64_t bytes_new, int64_t *time_s,
	struct ts_why *why) TS_MUST;
/* Goes to the size that the service has. TS_E_CONFLICT: it has more than this spool ever wrote. */
enum ts_err ts_agent_rewind(struct ts_spool *spool, int64_t size, struct ts_why *why) TS_MUST;

/* Sends everything. On an error what was acknowledged stays so; the report is filled either way. */
enum ts_err ts_agent_push(struct ts_spool *spool, struct ts_send *send, int64_t batch_lines,
	const struct ts_agent_progress *progress, struct ts_agent_report *report,
	struct ts_why *why) TS_MUST;

#endif
