/* SPDX-License-Identifier: Apache-2.0 */
/* A spool, its lines and its sending, against a service that checks and fails on command. */
#include "fake_service.h"
#include "importers/agent.h"
#include "importers/collect.h"
#include "support/file.h"
#include <signal.h>
#include <ftw.h>
#include <sys/stat.h>

#define CONTRACT "0123456789abcdef0123456789abcdef"
#define ORIGIN "bill.example/" CONTRACT "/phillips/agent/g1"
#define DAY_MS INT64_C(86400000)
#define FROM_MS INT64_C(1480550400000) /* 2016-12-01 */

struct world {
	char dir[64];
	char stream[96];
	struct ts_secret receipt;
	struct ts_spool *spool;
	struct fake_service *service;
	struct ts_send *send;
	struct ts_agent_report report;
	struct ts_why why;
};

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	(void)info;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void make_stream(struct world *w, const char *skus)
{
	static const uint8_t agent_seed[32] = {1};
	static const uint8_t company_seed[32] = {2};
	static const uint8_t receipt_seed[32] = {3};
	struct ts_secret agent;
	struct ts_secret company;
	struct ts_buf text;
	struct ts_buf note;
	assert_ok(ts_secret_make(TS_STR(ORIGIN), TS_KEY_ED25519, agent_seed, &agent));
	assert_ok(ts_secret_make(
		TS_STR("lab.example/statements"), TS_KEY_ED25519, company_seed, &company));
	assert_ok(ts_secret_make(
		TS_STR("bill.example/receipts"), TS_KEY_COSIGNATURE, receipt_seed, &w->receipt));
	const struct ts_key_statement statement = {.contract = TS_STR(CONTRACT),
		.origin = TS_STR(ORIGIN),
		.key = agent.key,
		.scope = {TS_STR("phillips"), TS_STR("-"), ts_str(skus)},
		.window_ms = DAY_MS,
		.active_from_ms = FROM_MS,
		.active_to_ms = TS_OPEN_MS,
		.from_ms = FROM_MS};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	assert_ok(ts_key_statement_build(&statement, &text, &w->why));
	ts_note_begin((struct ts_str){text.data, text.len}, &note);
	assert_ok(ts_note_sign(&company, (struct ts_str){text.data, text.len}, &note));
	assert_ok(ts_note_sign(&agent, (struct ts_str){text.data, text.len}, &note));
	const struct ts_spool_setup setup = {.enrolment = {note.data, note.len},
		.agent = &agent,
		.receipt_key = &w->receipt.key,
		.contract_note = ts_hash_empty,
		.created_ms = FROM_MS};
	assert_ok(ts_spool_create(w->stream, &setup, &w->why));
	assert_err(ts_spool_create(w->stream, &setup, &w->why), TS_E_CONFLICT);
	ts_buf_free(&text);
	ts_buf_free(&note);
}

static struct world *world_new(const char *skus)
{
	struct world *w = calloc(1, sizeof(*w));
	TS_ASSERT(w != NULL);
	snprintf(w->dir, sizeof(w->dir), "/tmp/ts-agent-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->stream, sizeof(w->stream), "%s/stream", w->dir);
	make_stream(w, skus);
	assert_ok(ts_spool_open(w->stream, NULL, &w->spool, &w->why));
	w->service = fake_start(w->dir, &w->spool->statement, &w->receipt);
	assert_ok(ts_send_create(w->service->path, "ts_1.secret", &w->send, &w->why));
	return w;
}

static void world_free(struct world *w)
{
	ts_spool_close(w->spool);
	ts_send_free(w->send);
	fake_free(w->service);
	assert_int_equal(nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
}

/* n jobs of an hour, one every three hours, from day `day` on. */
static struct ts_import_report import_jobs(struct world *w, int first, int n, enum ts_err expected)
{
	struct ts_buf text;
	struct ts_seen *seen = NULL;
	struct ts_collect collect;
	struct ts_import_report report;
	const struct ts_import_options options = {.source = {.sku = "gpu", .class = "on_demand"}};
	ts_buf_init(&text, 16u << 20);
	ts_buf_puts(&text, "JobID|State|Start|End|ElapsedRaw|AllocTRES\n");
	for (int i = first; i < first + n; i++) {
		long long start = FROM_MS / 1000 + (long long)i * 3 * 3600;
		ts_buf_printf(&text, "%d|COMPLETED|%lld|%lld|3600|gres/gpu%s=1%s\n", i + 1, start,
			start + 3600, i % 2 ? ":h100" : "", i % 5 ? "" : ",cpu=1");
	}
	assert_ok(ts_seen_create(&seen));
	assert_ok(ts_spool_seen(w->spool, seen, &w->why));
	assert_ok(ts_collect_begin(&collect, w->spool));
	const struct ts_import_sink sink = ts_collect_sink(&collect);
	FILE *file = fmemopen(text.data, text.len, "rb");
	assert_err(ts_import_file(
			   ts_source_find("slurm"), &options, file, seen, &sink, &report, &w->why),
		expected);
	if (expected == TS_OK)
		assert_ok(ts_collect_close(&collect, 0, &w->why));
	fclose(file);
	ts_collect_end(&collect);
	ts_seen_free(seen);
	ts_buf_free(&text);
	return report;
}

static void push(struct world *w, int64_t batch, enum ts_err expected)
{
	assert_err(ts_agent_push(w->spool, w->send, batch, NULL, &w->report, &w->why), expected);
}

/* The service has exactly the spool's lines, and none of them is void. */
static void assert_delivered(struct world *w)
{
	char path[128];
	assert_int_equal(w->service->size, w->spool->lines_n);
	assert_int_equal(w->spool->sent_n, w->spool->lines_n);
	fake_stop(w->service);
	if (w->service->voids)
		print_message("%s\n", w->service->void_reason);
	assert_int_equal(w->service->voids, 0);
	snprintf(path, sizeof(path), "%s/lines", w->stream);
	struct ts_file file = ts_file_read(path);
	assert_int_equal(file.len, w->service->lines.len);
	assert_memory_equal(file.bytes, w->service->lines.data, file.len);
	ts_file_free(&file);
}

static void import_and_send(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	struct ts_import_report report = import_jobs(w, 0, 100, TS_OK);
	assert_int_equal(report.records, 100);
	/* g1, 100 u1, and per day of the 13 one c1 per sku */
	assert_int_equal(w->spool->lines_n, 1 + 100 + 2 * 13);
	assert_int_equal(w->spool->closed_ms, FROM_MS + 13 * DAY_MS);
	push(w, 50, TS_OK);
	assert_int_equal(w->report.batches, 3);
	assert_int_equal(w->report.receipt_time_s, 1780000000);
	/* again: nothing to do, no request */
	int requests = w->service->requests;
	push(w, 50, TS_OK);
	assert_int_equal(w->service->requests, requests);
	/* the same rows again: duplicates, no line */
	report = import_jobs(w, 0, 100, TS_OK);
	assert_int_equal(report.verdicts[TS_ROW_DUPLICATE], 100);
	assert_int_equal(w->spool->lines_n, 1 + 100 + 2 * 13);
	/* late rows in closed windows: supplementary c1; a gap of days: heartbeats */
	report = import_jobs(w, 100, 100, TS_OK);
	assert_int_equal(report.verdicts[TS_ROW_ACCEPTED], 100);
	import_jobs(w, 400, 8, TS_OK);
	push(w, 5000, TS_OK);
	assert_delivered(w);
	world_free(w);
}

/* Closing and opening again changes nothing; what was not committed is gone. */
static void crash_and_reopen(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	import_jobs(w, 0, 10, TS_OK);
	int64_t lines = w->spool->lines_n;
	const struct ts_record record = {.tag = TS_RECORD_USAGE,
		.usage = {.start_ms = FROM_MS,
			.end_ms = FROM_MS + 1,
			.sku = TS_STR("gpu"),
			.class = TS_STR("-"),
			.workload = TS_STR("-"),
			.resource = TS_STR("-"),
			.account = TS_STR("-")}};
	assert_ok(ts_spool_put(w->spool, &record, NULL, &w->why));
	struct ts_spool *second = NULL;
	assert_err(ts_spool_open(w->stream, NULL, &second, &w->why), TS_E_IN_FLIGHT);
	ts_spool_close(w->spool);
	w->spool = NULL;
	assert_ok(ts_spool_open(w->stream, NULL, &w->spool, &w->why));
	assert_int_equal(w->spool->lines_n, lines);
	push(w, 7, TS_OK);
	ts_spool_close(w->spool);
	w->spool = NULL;
	assert_ok(ts_spool_open(w->stream, NULL, &w->spool, &w->why));
	assert_int_equal(w->spool->sent_n, lines);
	import_jobs(w, 5, 10, TS_OK);
	push(w, 7, TS_OK);
	assert_delivered(w);
	world_free(w);
}

static void passing_failures(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	import_jobs(w, 0, 20, TS_OK);
	w->service->fault = FAKE_BUSY;
	push(w, 10, TS_OK);
	import_jobs(w, 20, 20, TS_OK);
	/* stored, but the answer was lost: the repeat gets the stored receipt */
	w->service->fault = FAKE_SILENT;
	push(w, 10, TS_OK);
	assert_int_equal(w->report.rewinds, 0);
	assert_delivered(w);
	world_free(w);
}

/* The receipt was lost and the next batch is cut differently: the service says its size. */
static void another_size(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	import_jobs(w, 0, 20, TS_OK);
	w->service->fault = FAKE_FOREIGN;
	push(w, 10, TS_E_SIGNATURE);
	assert_int_equal(w->spool->sent_n, 0);
	assert_int_equal(w->service->size, 10);
	push(w, 12, TS_OK);
	assert_int_equal(w->report.rewinds, 1);
	assert_delivered(w);
	world_free(w);
}

/* A service that was restored from a backup gets the lines again; an agent that was, stops. */
static void old_copies(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	import_jobs(w, 0, 20, TS_OK);
	push(w, 10, TS_OK);
	import_jobs(w, 20, 20, TS_OK);
	struct ts_range before = w->spool->sent_range;
	push(w, 10, TS_OK);
	int64_t size = w->spool->sent_n;
	assert_true(size > before.size);
	assert_ok(ts_agent_rewind(w->spool, before.size, &w->why));
	assert_true(ts_range_eq(&before, &w->spool->sent_range));
	push(w, 10, TS_OK);
	assert_int_equal(w->spool->sent_n, size);
	assert_err(ts_agent_rewind(w->spool, size + 1, &w->why), TS_E_CONFLICT);
	assert_delivered(w);
	world_free(w);
}

static void refusals_are_told(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	w->service->fault = FAKE_REFUSE;
	push(w, 10, TS_E_SIGNATURE);
	assert_string_equal(w->why.text, "no valid signature: key revoked");
	assert_string_equal(w->why.where, "/key");
	w->service->fault = FAKE_NONE;
	push(w, 10, TS_OK);
	assert_delivered(w);
	world_free(w);
}

static void rows_outside_the_scope(void **state)
{
	(void)state;
	struct world *w = world_new("h100");
	struct ts_import_report report = import_jobs(w, -2, 12, TS_OK);
	assert_int_equal(report.verdicts[TS_ROW_ACCEPTED], 5);
	assert_int_equal(report.verdicts[TS_ROW_QUARANTINED], 7);
	push(w, 100, TS_OK);
	assert_delivered(w);
	world_free(w);
}

static void damaged_folders(void **state)
{
	(void)state;
	struct world *w = world_new("-");
	struct ts_spool *spool = NULL;
	char path[128];
	import_jobs(w, 0, 10, TS_OK);
	push(w, 100, TS_OK);
	ts_spool_close(w->spool);
	w->spool = NULL;
	snprintf(path, sizeof(path), "%s/lines", w->stream);
	assert_int_equal(truncate(path, 100), 0);
	assert_err(ts_spool_open(w->stream, NULL, &spool, &w->why), TS_E_IO);
	assert_string_equal(w->why.where, "lines");
	snprintf(path, sizeof(path), "%s/state", w->stream);
	ts_file_write(path, "tallystick/agent-state/v1\nlines 1\n", 34);
	assert_err(ts_spool_open(w->stream, NULL, &spool, &w->why), TS_E_MALFORMED);
	assert_err(ts_spool_open("no-such-folder", NULL, &spool, &w->why), TS_E_NOT_FOUND);
	fake_stop(w->service);
	world_free(w);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* the checking service cuts connections on purpose */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(import_and_send),
		cmocka_unit_test(crash_and_reopen),
		cmocka_unit_test(passing_failures),
		cmocka_unit_test(another_size),
		cmocka_unit_test(old_copies),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(rows_outside_the_scope),
		cmocka_unit_test(damaged_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
