/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/collect.h"

#define REGION_BYTES_MAX (64u << 20)
#define PAIRS_MAX (TS_WINDOW_OPEN_MAX / 2) /* then windows are closed on the way */
#define HEARTBEATS_MAX 1000000
#define RESUME_BYTES ((size_t)1 << 20)

static void forget_windows(struct ts_collect *collect)
{
	const struct ts_key_statement *statement = &collect->spool->statement;
	ts_region_reset(collect->region);
	ts_windows_init(&collect->windows, collect->region, statement->active_from_ms,
		statement->window_ms);
}

enum ts_err ts_collect_begin(struct ts_collect *collect, struct ts_spool *spool)
{
	*collect = (struct ts_collect){.spool = spool};
	collect->region = ts_region_create(REGION_BYTES_MAX);
	if (!collect->region)
		return TS_E_NO_MEMORY;
	forget_windows(collect);
	return TS_OK;
}

/* Of the windows that are open: u1 lines, and c1 lines that count some of them. */
static enum ts_err count_again(
	struct ts_collect *collect, struct ts_str line, int64_t index, struct ts_why *why)
{
	struct ts_record record;
	const char *reason = "";
	TS_TRY(ts_record_parse(line, &record, &reason));
	if (record.tag == TS_RECORD_USAGE && record.usage.start_ms >= collect->spool->closed_ms)
		return ts_windows_add(&collect->windows, index, &record.usage);
	if (record.tag == TS_RECORD_CLOSE && record.close.count &&
		record.close.start_ms >= collect->spool->closed_ms &&
		ts_windows_close(&collect->windows, index, &record.close, &reason) != TS_OK)
		return ts_why(why, TS_E_INVALID, "lines", "c1 at index %lld: %s", (long long)index,
			reason);
	return TS_OK;
}

enum ts_err ts_collect_resume(struct ts_collect *collect, struct ts_why *why)
{
	struct ts_spool *spool = collect->spool;
	struct ts_buf lines __attribute__((cleanup(ts_buf_free)));
	int64_t index = 0;
	ts_buf_init(&lines, 2 * RESUME_BYTES);
	collect->keeps_open = true;
	for (int64_t at = 0; at < spool->lines_bytes;) {
		int64_t n = 0;
		struct ts_str line;
		ts_buf_reset(&lines);
		TS_TRY(ts_spool_read(spool, at, INT64_MAX, RESUME_BYTES, &lines, &n, why));
		struct ts_str rest = {lines.data, lines.len};
		at += (int64_t)lines.len;
		while (ts_str_line(&rest, &line)) {
			enum ts_err err = count_again(collect, line, index, why);
			if (err != TS_OK)
				return ts_why(why, err, "lines",
					"windows can't be counted again at index %lld",
					(long long)index);
			index++;
		}
	}
	return TS_OK;
}

void ts_collect_end(struct ts_collect *collect)
{
	ts_region_free(collect->region);
	*collect = (struct ts_collect){0};
}

enum ts_err ts_collect_check(
	const struct ts_collect *collect, const struct ts_usage *use, const char **reason)
{
	enum ts_verdict verdict = ts_key_statement_verdict(&collect->spool->statement, use);
	/* A consumer's stream is kept for reconciliation: that it is never rated is no reason to
	 * leave a line out of it. */
	if (verdict == TS_VERDICT_IN_SCOPE || verdict == TS_VERDICT_NOT_PROVIDER)
		return TS_OK;
	*reason = ts_verdict_name(verdict);
	return TS_E_INVALID;
}

static enum ts_err put_close(
	struct ts_collect *collect, const struct ts_close *close, struct ts_why *why)
{
	const struct ts_record record = {.tag = TS_RECORD_CLOSE, .close = *close};
	TS_TRY(ts_spool_put(collect->spool, &record, NULL, why));
	collect->close_lines++;
	return TS_OK;
}

/* One c1 for each (window, sku) with lines that no c1 counts yet; *i moves on to the first window
 * that starts at or after before_ms. */
static enum ts_err close_counted(
	struct ts_collect *collect, size_t *i, int64_t before_ms, bool *any, struct ts_why *why)
{
	const struct ts_windows *windows = &collect->windows;
	for (; *i < windows->n && windows->list[*i].start_ms < before_ms; ++*i) {
		const struct ts_window *window = &windows->list[*i];
		if (window->count == 0)
			continue;
		const struct ts_close close = {.start_ms = window->start_ms,
			.end_ms = window->start_ms + windows->window_ms,
			.sku = window->sku,
			.first = window->first,
			.count = window->count,
			.quantity_sum = window->quantity_sum};
		TS_TRY(put_close(collect, &close, why));
		*any = true;
	}
	return TS_OK;
}

enum ts_err ts_collect_usage(
	struct ts_collect *collect, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	const struct ts_record record = {.tag = TS_RECORD_USAGE, .usage = *use};
	if (collect->windows.n >= PAIRS_MAX) {
		size_t i = 0;
		bool any = false;
		TS_TRY(close_counted(collect, &i, INT64_MAX, &any, why));
		forget_windows(collect);
	}
	TS_TRY(ts_spool_put(collect->spool, &record, index, why));
	enum ts_err err = ts_windows_add(&collect->windows, *index, use);
	if (err != TS_OK)
		return ts_why(
			why, err, "window", "the totals of a window or their number overflow");
	if (use->end_ms > collect->end_ms)
		collect->end_ms = use->end_ms;
	collect->usage_lines++;
	return TS_OK;
}

enum ts_err ts_collect_reverse(struct ts_collect *collect, int64_t index, struct ts_why *why)
{
	const struct ts_record record = {.tag = TS_RECORD_REVERSAL,
		.reversal = {.origin = collect->spool->statement.origin,
			.index = index,
			.reason = TS_STR("revised")}};
	TS_TRY(ts_spool_put(collect->spool, &record, NULL, why));
	collect->reversal_lines++;
	return TS_OK;
}

/* Forgets the windows that were closed. */
static enum ts_err keep_open_windows(struct ts_collect *collect)
{
	struct ts_windows kept;
	const struct ts_windows *windows = &collect->windows;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (!region)
		return TS_E_NO_MEMORY;
	ts_windows_init(&kept, region, windows->from_ms, windows->window_ms);
	for (size_t i = 0; i < windows->n; i++) {
		const struct ts_window *window = &windows->list[i];
		if (window->count == 0 || window->start_ms < collect->spool->closed_ms)
			continue;
		enum ts_err err = ts_windows_restore(&kept, window);
		if (err != TS_OK) {
			ts_region_free(region);
			return err;
		}
	}
	ts_region_free(collect->region);
	collect->region = region;
	collect->windows = kept;
	return TS_OK;
}

enum ts_err ts_collect_close(struct ts_collect *collect, int64_t through_ms, struct ts_why *why)
{
	struct ts_spool *spool = collect->spool;
	int64_t window_ms = collect->windows.window_ms;
	size_t i = 0;
	bool any = false;
	/* Lines in windows that were closed before: supplementary. */
	TS_TRY(close_counted(collect, &i, spool->closed_ms, &any, why));
	int64_t last_ms = through_ms ? through_ms : collect->end_ms;
	if (last_ms > spool->statement.active_to_ms)
		last_ms = spool->statement.active_to_ms;
	if (!through_ms && last_ms > spool->closed_ms)
		last_ms += window_ms - 1; /* the window that the end lies in */
	if ((last_ms - spool->closed_ms) / window_ms > HEARTBEATS_MAX)
		return ts_why(why, TS_E_LIMIT, "window", "more than %d windows to close at once",
			HEARTBEATS_MAX);
	while (last_ms - spool->closed_ms >= window_ms) {
		int64_t end_ms = spool->closed_ms + window_ms;
		any = false;
		TS_TRY(close_counted(collect, &i, end_ms, &any, why));
		if (!any) {
			const struct ts_close heartbeat = {.start_ms = spool->closed_ms,
				.end_ms = end_ms,
				.sku = TS_STR("-"),
				.first = spool->lines_n};
			TS_TRY(put_close(collect, &heartbeat, why));
		}
		spool->closed_ms = end_ms;
	}
	if (collect->keeps_open) {
		TS_TRY(keep_open_windows(collect));
		return ts_spool_commit(spool, why);
	}
	/* Lines in windows that stay open for more: a later c1 counts what comes then. */
	TS_TRY(close_counted(collect, &i, INT64_MAX, &any, why));
	forget_windows(collect);
	return ts_spool_commit(spool, why);
}

static enum ts_err sink_check(void *ctx, const struct ts_usage *use, const char **reason)
{
	return ts_collect_check(ctx, use, reason);
}

static enum ts_err sink_usage(
	void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	return ts_collect_usage(ctx, use, index, why);
}

static enum ts_err sink_reverse(void *ctx, int64_t index, struct ts_why *why)
{
	return ts_collect_reverse(ctx, index, why);
}

static enum ts_err sink_remember(void *ctx, const struct ts_seen_entry *entry, struct ts_why *why)
{
	struct ts_collect *collect = ctx;
	return ts_spool_remember(collect->spool, entry, why);
}

struct ts_import_sink ts_collect_sink(struct ts_collect *collect)
{
	return (struct ts_import_sink){.ctx = collect,
		.check = sink_check,
		.usage = sink_usage,
		.reverse = sink_reverse,
		.remember = sink_remember};
}
