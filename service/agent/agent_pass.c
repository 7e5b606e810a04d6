/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_pass.h"
#include "importers/spool_file.h"
#include "service/agent/agent_input.h"
#include "service/clock.h"
#include "service/command/catalog_files.h"
#include "service/textfile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MS_PER_S 1000
#define CLOCK_AGE_S_MAX 3600
#define TOKEN_BYTES_MAX 512
#define COLLECTED_FILE "collected"
#define FILE_PATH_MAX 4608

static int64_t now_ms(void)
{
	return ts_clock_now_us() / 1000;
}

static void alarm_set(struct ts_agent *agent, enum ts_agent_alarm alarm, bool on)
{
	uint32_t bit = UINT32_C(1) << alarm;
	bool was = (agent->alarms & bit) != 0;
	agent->alarms = on ? agent->alarms | bit : agent->alarms & ~bit;
	if (was == on)
		return;
	TS_LOG(agent->log, on ? TS_LOG_WARN : TS_LOG_INFO, on ? "alarm" : "alarm_over",
		TS_LOG_TEXT("alarm", ts_agent_alarm_name(alarm)),
		TS_LOG_TEXT("text", ts_agent_alarm_help(alarm)));
}

static void note_error(
	struct ts_agent *agent, const char *event, enum ts_err err, const struct ts_why *why)
{
	ts_log_err(agent->log, TS_LOG_ERROR, event, err, why);
	(void)snprintf(agent->error, sizeof(agent->error), "%s: %.120s (%.80s) [%s]", event,
		why->text[0] ? why->text : ts_err_text(err), why->where, ts_err_code(err));
}

static void close_stream(struct ts_agent *agent)
{
	ts_collect_end(&agent->collect);
	ts_agent_taken_close(agent->taken);
	ts_seen_free(agent->seen);
	ts_spool_close(agent->spool);
	agent->taken = NULL;
	agent->seen = NULL;
	agent->spool = NULL;
}

static enum ts_err read_collected(struct ts_agent *agent, struct ts_why *why)
{
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, TS_SPOOL_FILE_BYTES_MAX);
	enum ts_err err = ts_spool_file_read(agent->spool->dir_fd, COLLECTED_FILE, &text, why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	if (text.len == 0 || text.data[text.len - 1] != '\n' ||
		ts_text_u63((struct ts_str){text.data, text.len - 1}, &agent->collected_ms) !=
			TS_OK)
		return ts_why(why, TS_E_MALFORMED, COLLECTED_FILE,
			"it is damaged; remove it, and "
			"all is asked for again");
	return TS_OK;
}

static enum ts_err write_collected(struct ts_agent *agent, int64_t at_ms, struct ts_why *why)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld\n", (long long)at_ms);
	TS_TRY(ts_spool_file_write(
		agent->spool->dir_fd, COLLECTED_FILE, (struct ts_str){text, (size_t)n}, 0600, why));
	agent->collected_ms = at_ms;
	return TS_OK;
}

/* What was not committed is gone afterwards: the state on disk is what counts. */
static enum ts_err open_stream(struct ts_agent *agent, struct ts_why *why)
{
	const struct ts_agent_settings *s = &agent->plan->settings;
	const char *passphrase = s->passphrase_file[0] ? s->passphrase_file : NULL;
	close_stream(agent);
	TS_TRY(ts_spool_open(s->stream, passphrase, &agent->spool, why));
	TS_TRY(ts_spool_unlock(agent->spool, why));
	TS_TRY(ts_seen_create(&agent->seen));
	TS_TRY(ts_spool_seen(agent->spool, agent->seen, why));
	TS_TRY(ts_collect_begin(&agent->collect, agent->spool));
	if (strcmp(s->close_by, "clock") == 0)
		TS_TRY(ts_collect_resume(&agent->collect, why));
	TS_TRY(read_collected(agent, why));
	return ts_agent_taken_open(agent->spool->dir_fd, &agent->taken, why);
}

static enum ts_err open_send(struct ts_agent *agent, struct ts_why *why)
{
	const struct ts_agent_settings *s = &agent->plan->settings;
	char token[TOKEN_BYTES_MAX] = "";
	if (s->token_file[0]) {
		struct ts_buf text __attribute__((cleanup(ts_buf_free)));
		ts_buf_init(&text, TOKEN_BYTES_MAX - 1);
		TS_TRY(ts_textfile_read(s->token_file, &text, why));
		memcpy(token, text.data, text.len);
		token[strcspn(token, "\r\n")] = '\0';
		explicit_bzero(text.data, text.len);
	}
	enum ts_err err = ts_send_create(s->url, token, &agent->send, why);
	explicit_bzero(token, sizeof(token));
	return err;
}

enum ts_err ts_agent_begin(struct ts_agent *agent, const struct ts_agent_plan *plan,
	struct ts_log *log, struct ts_why *why)
{
	*agent = (struct ts_agent){.plan = plan, .log = log, .import = plan->import};
	agent->started_s = now_ms() / MS_PER_S;
	TS_TRY(ts_catalog_files(&plan->catalogs, &agent->catalog, why));
	agent->import.source.catalog = agent->catalog;
	TS_TRY(open_send(agent, why));
	return open_stream(agent, why);
}

void ts_agent_end(struct ts_agent *agent)
{
	close_stream(agent);
	ts_send_free(agent->send);
	ts_catalog_free(agent->catalog);
	agent->send = NULL;
	agent->catalog = NULL;
}

/* Back-pressure: rows that are not collected stay where they are. */
static bool may_collect(struct ts_agent *agent)
{
	const struct ts_agent_settings *s = &agent->plan->settings;
	struct ts_agent_health *h = &agent->health;
	struct statvfs disk;
	h->waiting_bytes = agent->spool->lines_bytes - agent->spool->sent_bytes;
	if (fstatvfs(agent->spool->dir_fd, &disk) == 0)
		h->disk_free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	bool spool_full = h->waiting_bytes >= s->spool_bytes_max;
	bool disk_full = h->disk_free_bytes < s->disk_free_bytes_min;
	bool clock = llabs(h->clock_offset_ms) >= s->clock_stop_ms;
	alarm_set(agent, TS_AGENT_ALARM_spool_full, spool_full);
	alarm_set(agent, TS_AGENT_ALARM_disk_full, disk_full);
	alarm_set(agent, TS_AGENT_ALARM_clock_stop, clock);
	return !spool_full && !disk_full && !clock;
}

static enum ts_err log_row(
	void *ctx, const char *file, int64_t number, const struct ts_row *row, struct ts_why *why)
{
	struct ts_agent *agent = ctx;
	(void)why;
	if (row->verdict == TS_ROW_QUARANTINED)
		TS_LOG(agent->log, TS_LOG_WARN, "quarantined", TS_LOG_TEXT("file", file),
			TS_LOG_NUM("row", number), TS_LOG_TEXT("reason", row->reason),
			TS_LOG_TEXT("detail", row->detail));
	return TS_OK;
}

/* The collect's sink has the collect as its ctx; a row needs the agent. */
static enum ts_err sink_check(void *ctx, const struct ts_usage *use, const char **reason)
{
	return ts_collect_check(&((struct ts_agent *)ctx)->collect, use, reason);
}
static enum ts_err sink_usage(
	void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	return ts_collect_usage(&((struct ts_agent *)ctx)->collect, use, index, why);
}
static enum ts_err sink_reverse(void *ctx, int64_t index, struct ts_why *why)
{
	return ts_collect_reverse(&((struct ts_agent *)ctx)->collect, index, why);
}
static enum ts_err sink_remember(void *ctx, const struct ts_seen_entry *entry, struct ts_why *why)
{
	return ts_spool_remember(((struct ts_agent *)ctx)->spool, entry, why);
}

static void count(struct ts_agent *agent, const char *name, const struct ts_import_report *report)
{
	struct ts_agent_health *h = &agent->health;
	int64_t *const totals[TS_ROW_VERDICTS] = {
		[TS_ROW_ACCEPTED] = &h->rows_accepted,
		[TS_ROW_NOT_BILLABLE] = &h->rows_not_billable,
		[TS_ROW_DUPLICATE] = &h->rows_duplicate,
		[TS_ROW_SUPERSEDED] = &h->rows_superseded,
		[TS_ROW_PENDING] = &h->rows_pending,
		[TS_ROW_QUARANTINED] = &h->rows_quarantined,
	};
	for (size_t i = 0; i < TS_ROW_VERDICTS; i++)
		*totals[i] += report->verdicts[i];
	h->files_read++;
	h->records += report->records;
	h->reversals += report->reversals;
	TS_LOG(agent->log, TS_LOG_INFO, "read", TS_LOG_TEXT("file", name),
		TS_LOG_NUM("rows", report->rows),
		TS_LOG_NUM("accepted", report->verdicts[TS_ROW_ACCEPTED]),
		TS_LOG_NUM("duplicate", report->verdicts[TS_ROW_DUPLICATE]),
		TS_LOG_NUM("superseded", report->verdicts[TS_ROW_SUPERSEDED]),
		TS_LOG_NUM("pending", report->verdicts[TS_ROW_PENDING]),
		TS_LOG_NUM("not_billable", report->verdicts[TS_ROW_NOT_BILLABLE]),
		TS_LOG_NUM("quarantined", report->verdicts[TS_ROW_QUARANTINED]),
		TS_LOG_NUM("records", report->records), TS_LOG_NUM("reversals", report->reversals));
}

/* One delivery: its lines, and the c1 lines over them, are committed together. On an error nothing
 * of it is kept. */
static enum ts_err read_delivery(struct ts_agent *agent, FILE *file, const char *name,
	int64_t at_ms, int64_t *quarantined, struct ts_why *why)
{
	const struct ts_import_sink sink = {.ctx = agent,
		.check = sink_check,
		.usage = sink_usage,
		.reverse = sink_reverse,
		.remember = sink_remember,
		.row = log_row};
	struct ts_import_report report;
	struct ts_import *import = NULL;
	int64_t step_ms = agent->import.slice_ms;
	bool records = strcmp(agent->plan->settings.close_by, "records") == 0;
	agent->import.now_ms = at_ms;
	agent->import.source.running_step_ms = step_ms;
	agent->import.source.running_until_ms =
		agent->plan->settings.running ? at_ms - at_ms % step_ms : 0;
	TS_TRY(ts_import_begin(
		agent->plan->source, &agent->import, agent->seen, &sink, &report, &import, why));
	enum ts_err err = ts_import_read(import, file, name, why);
	if (err == TS_OK)
		err = ts_import_end(import, why);
	ts_import_free(import);
	TS_TRY(err);
	/* By the clock: closed behind all deliveries of the pass, so here only what is late. */
	TS_TRY(ts_collect_close(&agent->collect, records ? 0 : agent->spool->closed_ms, why));
	count(agent, name, &report);
	*quarantined += report.verdicts[TS_ROW_QUARANTINED];
	return TS_OK;
}

static enum ts_err read_one_file(struct ts_agent *agent, const struct ts_agent_file *file,
	int64_t at_ms, int64_t *quarantined, struct ts_why *why)
{
	char path[FILE_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", agent->plan->settings.files, file->name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ts_why(why, TS_E_LIMIT, file->name, "the path is too long");
	FILE *input = fopen(path, "rbe");
	if (!input)
		return ts_why(why, TS_E_IO, path, "%s", strerror(errno));
	enum ts_err err = read_delivery(agent, input, file->name, at_ms, quarantined, why);
	fclose(input);
	TS_TRY(err);
	return ts_agent_taken_add(agent->taken, file, why);
}

/* A file that is refused stays; the others are read. *all: nothing is left. */
static enum ts_err read_files(
	struct ts_agent *agent, int64_t at_ms, int64_t *quarantined, bool *all, struct ts_why *why)
{
	const struct ts_agent_settings *s = &agent->plan->settings;
	struct ts_agent_file *list = NULL;
	size_t n = 0;
	agent->health.files_refused = 0;
	enum ts_err err = ts_agent_taken_list(
		agent->taken, s->files, at_ms * 1000000, s->quiet_s * 1000000000, &list, &n, why);
	for (size_t i = 0; i < n && err == TS_OK; i++) {
		if ((agent->stopping && agent->stopping(agent->ctx)) || !may_collect(agent)) {
			*all = false;
			break;
		}
		struct ts_why refused = {0};
		err = read_one_file(agent, &list[i], at_ms, quarantined, &refused);
		if (err == TS_OK)
			continue;
		agent->health.files_refused++;
		*all = false;
		char event[TS_AGENT_FILE_NAME_MAX + 32];
		(void)snprintf(event, sizeof(event), "file %s", list[i].name);
		note_error(agent, event, err, &refused);
		err = open_stream(agent, why);
	}
	free(list);
	return err;
}

static enum ts_err ask(
	struct ts_agent *agent, int64_t at_ms, int64_t *quarantined, struct ts_why *why)
{
	const struct ts_agent_settings *s = &agent->plan->settings;
	int64_t from_ms = agent->spool->statement.from_ms;
	struct ts_agent_asked asked = {.since_ms = agent->collected_ms - s->lookback_s * MS_PER_S,
		.until_ms = at_ms,
		.stopping = agent->stopping,
		.ctx = agent->ctx};
	FILE *input = NULL;
	if (agent->collected_ms == 0 || asked.since_ms < from_ms)
		asked.since_ms = from_ms;
	TS_TRY(ts_agent_input(s, &asked, &input, why));
	enum ts_err err = read_delivery(
		agent, input, s->command[0] ? "command" : "fetch", at_ms, quarantined, why);
	fclose(input);
	return err;
}

/* All that began before at_ms is collected: heartbeats may say so. */
static enum ts_err close_by_clock(struct ts_agent *agent, int64_t at_ms, struct ts_why *why)
{
	int64_t through_ms = at_ms - agent->plan->settings.close_delay_s * MS_PER_S;
	if (strcmp(agent->plan->settings.close_by, "clock") != 0 ||
		through_ms <= agent->spool->closed_ms)
		return TS_OK;
	return ts_collect_close(&agent->collect, through_ms, why);
}

static enum ts_err collect(
	struct ts_agent *agent, int64_t at_ms, int64_t *quarantined, struct ts_why *why)
{
	bool files = agent->plan->settings.files[0] != '\0';
	bool all = true;
	TS_TRY(files ? read_files(agent, at_ms, quarantined, &all, why)
		     : ask(agent, at_ms, quarantined, why));
	if (!all)
		return TS_OK;
	TS_TRY(close_by_clock(agent, at_ms, why));
	return write_collected(agent, at_ms, why);
}

void ts_agent_collect(struct ts_agent *agent)
{
	struct ts_why why = {0};
	int64_t at_ms = now_ms();
	int64_t quarantined = 0;
	struct ts_agent_health *h = &agent->health;
	enum ts_err err = agent->spool ? TS_OK : open_stream(agent, &why);
	if (err == TS_OK && !may_collect(agent))
		return;
	h->passes++;
	if (err == TS_OK)
		err = collect(agent, at_ms, &quarantined, &why);
	if (err != TS_OK) {
		note_error(agent, "collect", err, &why);
		h->pass_failures++;
		struct ts_why again = {0};
		if (open_stream(agent, &again) != TS_OK)
			close_stream(agent); /* the next pass tries */
	} else {
		h->pass_failures = 0;
		alarm_set(agent, TS_AGENT_ALARM_quarantined, quarantined > 0);
	}
	alarm_set(agent, TS_AGENT_ALARM_collect_failed, err != TS_OK);
	alarm_set(agent, TS_AGENT_ALARM_file_refused, h->files_refused > 0);
}

static void on_answered(void *ctx, int64_t date_s)
{
	struct ts_agent *agent = ctx;
	int64_t at_ms = now_ms();
	if (date_s == 0)
		return;
	/* The header has whole seconds: between its own and the next one there is no difference. */
	int64_t low = date_s * MS_PER_S - at_ms;
	agent->health.clock_offset_ms = low > 0 ? low : low + 999 < 0 ? low + 999 : 0;
	agent->health.clock_known_s = at_ms / MS_PER_S;
	alarm_set(agent, TS_AGENT_ALARM_clock_offset,
		llabs(agent->health.clock_offset_ms) >= agent->plan->settings.clock_alarm_ms);
}

static bool on_stopping(void *ctx)
{
	struct ts_agent *agent = ctx;
	return agent->stopping && agent->stopping(agent->ctx);
}

/* Nothing to send says nothing about the clock: once an hour the service is asked for it. Any
 * answer will do. */
static enum ts_err ask_clock(struct ts_agent *agent, struct ts_why *why)
{
	struct ts_send_reply reply;
	struct ts_buf answer __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&answer, 65536);
	const struct ts_send_call call = {.method = "GET",
		.path = "/v1/contracts?limit=1",
		.stopping = on_stopping,
		.stopping_arg = agent};
	TS_TRY(ts_send_call(agent->send, &call, &answer, &reply, why));
	on_answered(agent, reply.date_s);
	return TS_OK;
}

/* Whether no repeat will help: a person has to. */
static bool is_refusal(enum ts_err err)
{
	int status = ts_err_http(err);
	return (status >= 400 && status < 500 && status != 429 && err != TS_E_STALE) ||
	       err == TS_E_SIGNATURE;
}

bool ts_agent_send(struct ts_agent *agent)
{
	struct ts_agent_health *h = &agent->health;
	const struct ts_agent_progress progress = {
		.ctx = agent, .answered = on_answered, .stopping = on_stopping};
	struct ts_agent_report report = {0};
	struct ts_why why = {0};
	int64_t pause_s = INT64_C(1) << (h->send_failures > 10 ? 10 : h->send_failures);
	if (!agent->spool)
		return false;
	enum ts_err err = ts_agent_push(agent->spool, agent->send,
		agent->plan->settings.batch_lines, &progress, &report, &why);
	bool stopped = llabs(h->clock_offset_ms) >= agent->plan->settings.clock_stop_ms;
	if (err == TS_OK && report.batches == 0 &&
		(stopped || now_ms() / MS_PER_S - h->clock_known_s > CLOCK_AGE_S_MAX))
		err = ask_clock(agent, &why);
	if (report.batches) {
		h->receipt_s = now_ms() / MS_PER_S;
		TS_LOG(agent->log, TS_LOG_INFO, "sent", TS_LOG_NUM("lines", report.lines),
			TS_LOG_NUM("batches", report.batches),
			TS_LOG_NUM("acknowledged", report.size));
	}
	alarm_set(agent, TS_AGENT_ALARM_send_failed, err != TS_OK);
	alarm_set(agent, TS_AGENT_ALARM_stream_refused, err != TS_OK && is_refusal(err));
	h->send_failures = err == TS_OK ? 0 : h->send_failures + 1;
	if (err == TS_OK)
		return true;
	note_error(agent, "send", err, &why);
	if (pause_s > agent->plan->settings.send_retry_s)
		pause_s = agent->plan->settings.send_retry_s;
	agent->send_after_us = ts_clock_mono_us() + pause_s * 1000000;
	return false;
}

static void measure(struct ts_agent *agent, int64_t now_s)
{
	const struct ts_agent_settings *s = &agent->plan->settings;
	struct ts_agent_health *h = &agent->health;
	int64_t collected_s = agent->collected_ms / MS_PER_S;
	int64_t collect_base_s = collected_s ? collected_s : agent->started_s;
	int64_t receipt_base_s = h->receipt_s ? h->receipt_s : agent->started_s;
	struct rusage used;
	h->collected_s = collected_s;
	if (getrusage(RUSAGE_SELF, &used) == 0)
		h->memory_peak_kb = used.ru_maxrss;
	if (agent->spool) {
		h->lines = agent->spool->lines_n;
		h->acknowledged = agent->spool->sent_n;
		h->waiting_bytes = agent->spool->lines_bytes - agent->spool->sent_bytes;
		h->closed_through_s = agent->spool->closed_ms / MS_PER_S;
	}
	alarm_set(agent, TS_AGENT_ALARM_collect_silent,
		now_s - collect_base_s > s->silence_alarm_s + s->collect_s);
	alarm_set(agent, TS_AGENT_ALARM_send_silent,
		h->lines > h->acknowledged && now_s - receipt_base_s > s->silence_alarm_s);
}

static enum ts_err write_status(
	struct ts_agent *agent, const struct ts_agent_report_in *in, struct ts_why *why)
{
	json_t *json = ts_agent_report_json(in);
	char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	json_decref(json);
	if (!text)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_spool_file_write(
		agent->spool->dir_fd, TS_AGENT_STATUS_FILE, ts_str(text), 0644, why);
	free(text);
	return err;
}

void ts_agent_tell(struct ts_agent *agent, const char *config)
{
	struct ts_why why = {0};
	int64_t now_s = now_ms() / MS_PER_S;
	const char *path = agent->plan->settings.metrics_file;
	if (!agent->spool)
		return;
	measure(agent, now_s);
	const struct ts_agent_report_in in = {.health = &agent->health,
		.alarms = agent->alarms,
		.origin = agent->spool->statement.origin,
		.config = config,
		.written_s = now_s,
		.collect_s = agent->plan->settings.collect_s,
		.pid = getpid(),
		.error = agent->error};
	enum ts_err err = write_status(agent, &in, &why);
	if (err == TS_OK && path[0]) {
		struct ts_buf text __attribute__((cleanup(ts_buf_free)));
		ts_buf_init(&text, TS_SPOOL_FILE_BYTES_MAX);
		ts_agent_report_metrics(&in, &text);
		err = text.err == TS_OK ? ts_textfile_write(path, text.data, text.len, &why)
					: text.err;
	}
	if (err != TS_OK)
		ts_log_err(agent->log, TS_LOG_ERROR, "tell", err, &why);
}
