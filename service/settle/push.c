/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/push.h"
#include "base/time.h"
#include "service/command/client.h"
#include "service/progress.h"
#include <stdio.h>
#include <stdlib.h>

static void on_sent(void *ctx, int64_t size, int64_t of)
{
	ts_progress_show(ctx, size, of);
}

enum ts_err ts_push(struct ts_spool *spool, const char *url, const char *token, int64_t batch_lines,
	struct ts_agent_report *report, struct ts_why *why)
{
	struct ts_progress progress;
	const struct ts_agent_progress sink = {.ctx = &progress, .sent = on_sent};
	struct ts_send *send = NULL;
	*report = (struct ts_agent_report){.size = spool->sent_n};
	if (!url)
		url = getenv("TALLYSTICK_URL");
	if (!token)
		token = getenv("TALLYSTICK_TOKEN");
	TS_TRY(ts_send_create(url && url[0] ? url : TS_CLIENT_URL_DEFAULT, token, &send, why));
	ts_progress_begin(&progress, "lines acknowledged");
	enum ts_err err = ts_agent_push(spool, send, batch_lines, &sink, report, why);
	ts_progress_end(&progress);
	ts_send_free(send);
	return err;
}

json_t *ts_push_json(const struct ts_spool *spool, const struct ts_agent_report *report)
{
	char id[TS_STREAM_ID_CHARS + 1];
	char closed[TS_TIME_CHARS];
	char receipt[TS_TIME_CHARS] = "";
	ts_stream_id(spool->statement.origin, id);
	ts_time_format(spool->closed_ms * TS_US_PER_MS, closed);
	if (report->receipt_time_s)
		ts_time_format(report->receipt_time_s * TS_US_PER_S, receipt);
	return json_pack("{s:s%,s:s,s:I,s:I,s:I,s:s,s:o}", "origin", spool->statement.origin.at,
		spool->statement.origin.len, "stream", id, "lines", (json_int_t)spool->lines_n,
		"acknowledged", (json_int_t)spool->sent_n, "batches", (json_int_t)report->batches,
		"closed_through", closed, "receipt_time",
		receipt[0] ? json_string(receipt) : json_null());
}

void ts_push_print(const struct ts_spool *spool, const struct ts_agent_report *report)
{
	char id[TS_STREAM_ID_CHARS + 1];
	char time[TS_TIME_CHARS];
	ts_stream_id(spool->statement.origin, id);
	printf("stream %s (%.*s)\n", id, (int)spool->statement.origin.len,
		spool->statement.origin.at);
	printf("  %lld lines, %lld acknowledged (%lld now, in %lld batches)\n",
		(long long)spool->lines_n, (long long)spool->sent_n, (long long)report->lines,
		(long long)report->batches);
	printf("  windows closed through %s\n",
		ts_time_format(spool->closed_ms * TS_US_PER_MS, time));
	if (report->receipt_time_s)
		printf("  last receipt %s\n",
			ts_time_format(report->receipt_time_s * TS_US_PER_S, time));
	else if (report->batches && !spool->has_receipt_key)
		printf("  receipts kept but not checked: the folder has no receipt.vkey\n");
}
