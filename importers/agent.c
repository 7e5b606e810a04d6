/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/agent.h"
#include <string.h>

#define BODY_BYTES_MAX (TS_AGENT_BATCH_BYTES + TS_NOTE_BYTES_MAX + 4096)
#define ANSWER_BYTES_MAX 65536

static void hash_lines(struct ts_spool *spool, struct ts_str lines, struct ts_range *range)
{
	struct ts_str line;
	while (ts_str_line(&lines, &line)) {
		struct ts_hash leaf;
		ts_hash_leaf(&spool->hasher, line.at, line.len, &leaf);
		ts_range_append(&spool->hasher, range, &leaf, NULL);
	}
}

enum ts_err ts_agent_body(struct ts_spool *spool, int64_t lines_max, struct ts_buf *out, int64_t *n,
	struct ts_range *range_new, int64_t *bytes_new, struct ts_why *why)
{
	struct ts_buf lines __attribute__((cleanup(ts_buf_free)));
	TS_ASSERT(!spool->uncommitted);
	ts_buf_init(&lines, TS_AGENT_BATCH_BYTES + 65536);
	TS_TRY(ts_spool_read(
		spool, spool->sent_bytes, lines_max, TS_AGENT_BATCH_BYTES, &lines, n, why));
	if (*n == 0)
		return TS_OK;
	struct ts_str text = {lines.data, lines.len};
	TS_TRY(ts_spool_unlock(spool, why));
	*range_new = spool->sent_range;
	*bytes_new = spool->sent_bytes + (int64_t)lines.len;
	hash_lines(spool, text, range_new);
	return ts_append_build(&spool->hasher, &spool->agent, spool->sent_n, range_new, text, out);
}

enum ts_err ts_agent_receipt(struct ts_spool *spool, struct ts_str body, struct ts_str receipt,
	const struct ts_range *range_new, int64_t bytes_new, int64_t *time_s, struct ts_why *why)
{
	struct ts_append append;
	struct ts_buf note __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	TS_TRY(ts_append_parse(body, &append, why));
	*time_s = 0;
	if (spool->has_receipt_key)
		TS_TRY(ts_append_receipt_verify(
			&spool->receipt_key, append.note.text, receipt, time_s, why));
	ts_buf_put(&note, append.note.bytes.at, append.note.bytes.len);
	ts_buf_put(&note, receipt.at, receipt.len);
	TS_TRY(note.err);
	return ts_spool_sent(
		spool, range_new, bytes_new, (struct ts_str){note.data, note.len}, why);
}

enum ts_err ts_agent_rewind(struct ts_spool *spool, int64_t size, struct ts_why *why)
{
	struct ts_buf lines __attribute__((cleanup(ts_buf_free)));
	struct ts_range range;
	int64_t at = 0;
	ts_buf_init(&lines, TS_AGENT_BATCH_BYTES + 65536);
	if (size > spool->lines_n)
		return ts_why(why, TS_E_CONFLICT, "size",
			"the service has %lld lines, this folder only %lld: it is an old copy; "
			"start a "
			"new generation",
			(long long)size, (long long)spool->lines_n);
	ts_range_init(&range);
	while (range.size < size) {
		int64_t n = 0;
		ts_buf_reset(&lines);
		TS_TRY(ts_spool_read(
			spool, at, size - range.size, TS_AGENT_BATCH_BYTES, &lines, &n, why));
		TS_ASSERT(n > 0);
		hash_lines(spool, (struct ts_str){lines.data, lines.len}, &range);
		at += (int64_t)lines.len;
	}
	return ts_spool_sent(spool, &range, at, (struct ts_str){0}, why);
}

/* The body of a 409 is the size, by itself (text/x.tlog.size). */
static bool stale_size(
	const struct ts_send_reply *reply, const struct ts_buf *answer, int64_t *size)
{
	struct ts_str text = {answer->data, answer->len};
	if (reply->status != 409 || strcmp(reply->content_type, "text/x.tlog.size") != 0)
		return false;
	if (text.len && text.at[text.len - 1] == '\n')
		text.len--;
	return ts_text_u63(text, size) == TS_OK;
}

/* One batch; *more is false when there was nothing to send. */
static enum ts_err push_batch(struct ts_spool *spool, struct ts_send *send, const char *path,
	int64_t batch_lines, const struct ts_agent_progress *progress,
	struct ts_agent_report *report, bool *more, struct ts_why *why)
{
	struct ts_buf body __attribute__((cleanup(ts_buf_free)));
	struct ts_buf answer __attribute__((cleanup(ts_buf_free)));
	struct ts_range range_new;
	int64_t bytes_new = 0;
	int64_t n = 0;
	int64_t size = 0;
	ts_buf_init(&body, BODY_BYTES_MAX);
	ts_buf_init(&answer, ANSWER_BYTES_MAX);
	TS_TRY(ts_agent_body(spool, batch_lines, &body, &n, &range_new, &bytes_new, why));
	*more = n > 0;
	if (n == 0)
		return TS_OK;
	const struct ts_send_call call = {.method = "POST",
		.path = path,
		.content_type = "text/plain; charset=utf-8",
		.body = body.data,
		.body_len = body.len,
		.stopping = progress ? progress->stopping : NULL,
		.stopping_arg = progress ? progress->ctx : NULL,
		.repeatable = true};
	struct ts_send_reply reply;
	TS_TRY(ts_send_call(send, &call, &answer, &reply, why));
	if (progress && progress->answered)
		progress->answered(progress->ctx, reply.date_s);
	if (reply.status == 200) {
		TS_TRY(ts_agent_receipt(spool, (struct ts_str){body.data, body.len},
			(struct ts_str){answer.data, answer.len}, &range_new, bytes_new,
			&report->receipt_time_s, why));
		report->batches++;
		report->lines += n;
		return TS_OK;
	}
	if (stale_size(&reply, &answer, &size)) {
		report->rewinds++;
		return ts_agent_rewind(spool, size, why);
	}
	return ts_send_problem(&answer, reply.status, path, why);
}

enum ts_err ts_agent_push(struct ts_spool *spool, struct ts_send *send, int64_t batch_lines,
	const struct ts_agent_progress *progress, struct ts_agent_report *report,
	struct ts_why *why)
{
	char id[TS_STREAM_ID_CHARS + 1];
	char path[128];
	ts_stream_id(spool->statement.origin, id);
	snprintf(path, sizeof(path), "/v1/streams/%s/append", id);
	*report = (struct ts_agent_report){.size = spool->sent_n};
	bool more = true;
	int64_t rewinds = 0;
	while (more) {
		int64_t batches = report->batches;
		TS_TRY(push_batch(spool, send, path, batch_lines, progress, report, &more, why));
		report->size = spool->sent_n;
		rewinds = report->batches > batches ? 0 : rewinds + 1;
		if (more && rewinds > TS_AGENT_REWINDS_MAX)
			return ts_why(why, TS_E_STALE, path,
				"the service answered another size %lld times in a row",
				(long long)rewinds);
		if (progress && progress->sent)
			progress->sent(progress->ctx, spool->sent_n, spool->lines_n);
	}
	return TS_OK;
}
