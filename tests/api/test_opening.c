/* SPDX-License-Identifier: Apache-2.0 */
/* A contract checked from genesis and from the state at a cut comes to the same documents, entries
 * and roots, whatever the months behind the cut say about lines before it. */
#include "api/parties.h"
#include "audit/replay.h"
#include "service/publish/bundle.h"
#include "service/handler/handler.h"
#include "store/completeness.h"
#include "store/seal.h"

#define DAY (INT64_C(24))
#define ENTRIES_MAX 4096

static struct ts_region *kept;
static struct ts_policy policy;

/* What a check came to. */
struct checked {
	struct ts_audit_report report;
	struct ts_hash entries[ENTRIES_MAX];
	size_t entries_n;
};
static struct checked genesis, opened;

static int64_t at_day(int64_t day)
{
	return (SVC_FROM_MS + day * SVC_DAY_MS) * 1000;
}

/* --- what the companies say at the desk --- */

static void say(struct ts_buf *text, bool provider, bool consumer)
{
	char path[96];
	const struct ts_secret *keys[2];
	size_t n = 0;
	struct ts_buf note;
	if (provider)
		keys[n++] = &contract.provider;
	if (consumer)
		keys[n++] = &contract.consumer;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_sign((struct ts_str){text->data, text->len}, keys, n, &note);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	long status = svc_call(svc.send, "POST", path, "text/plain", note.data, note.len, &answer);
	if (status != 200 || strstr(ts_buf_str(&answer), "\"state\":\"logged\"") == NULL)
		fail_msg("%ld %s", status, ts_buf_str(&answer));
	ts_buf_free(&note);
	ts_buf_free(text);
}

static void says_revoked(const struct svc_agent *a, int64_t covered)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	const struct ts_revocation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.compromised = true,
		.since_ms = SVC_FROM_MS,
		.covered = covered,
		.reason = TS_STR("the disk was stolen")};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_revocation_build(&r, &text, &why), &why);
	say(&text, true, false);
}

static void says_reattested(
	const struct svc_agent *a, const struct ts_range *from, const struct ts_range *to)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct ts_reattestation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.from = from->size,
		.to = to->size};
	ts_range_root(&hasher, from, &r.root_from);
	ts_range_root(&hasher, to, &r.root_to);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_reattestation_build(&r, &text, &why), &why);
	say(&text, true, true);
}

static void says_event(struct ts_event *e)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	e->contract = ts_str(contract.id);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_event_build(e, &text, &why), &why);
	say(&text, true, true);
}

static void says_released(const struct svc_agent *a, int64_t from, int64_t to, int64_t serial)
{
	struct ts_event e = {.kind = TS_EVENT_RELEASE,
		.serial = serial,
		.at_ms = SVC_FROM_MS,
		.origin = ts_str(a->key.key.name),
		.line_from = from,
		.line_to = to,
		.reason = TS_STR("agreed")};
	says_event(&e);
}

/* --- months --- */

struct state_of {
	int32_t period;
	int64_t cut;
	struct ts_hash sha256;
	struct ts_db_completeness windows;
};

static enum ts_err state_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct state_of *s = arg;
	TS_TRY(ts_db_completeness_get(db, row.contract_id, s->period, region, &s->windows, why));
	return ts_db_state_get(
		db, row.contract_id, s->period, region, &s->cut, &s->sha256, NULL, why);
}

static struct state_of state_of(int32_t period)
{
	struct ts_why why = {"", ""};
	struct state_of s = {.period = period};
	svc_ok(ts_db_tx_contract(in.session->db, row.contract_id, state_tx, &s, &why), &why);
	return s;
}

static void says_sealed(int32_t period, enum ts_side book, bool provider, bool consumer)
{
	static const int32_t ends[] = {20604, 20634, 20665}; /* last days of May, June, July */
	struct state_of s = state_of(period);
	struct ts_why why = {"", ""};
	struct ts_buf text;
	const struct ts_period_statement seal = {.contract = ts_str(contract.id),
		.book = book,
		.through = ends[period],
		.cut = s.cut,
		.state = s.sha256};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_period_statement_build(&seal, &text, &why), &why);
	say(&text, provider, consumer);
}

static void cut(int32_t period, int64_t day)
{
	assert_true(settle(TS_SETTLE_CUT, period, at_day(day), false));
}

static void issue(int32_t period, int64_t day)
{
	assert_true(settle(TS_SETTLE_ISSUE, period, at_day(day) + 1000000, false));
}

static void tick_at(int64_t day)
{
	assert_true(settle(TS_SETTLE_TICK, 0, at_day(day), true));
	(void)counted();
}

/* Settle in this process has no signer: the service signs behind an event of its own. */
static void sign(void)
{
	char path[96], key[32];
	struct ts_why why = {"", ""};
	struct ts_send_reply reply;
	static int calls;
	snprintf(path, sizeof path, "/v1/contracts/%s/settle", contract.id);
	snprintf(key, sizeof key, "opening-%d", ++calls);
	const struct ts_send_call call = {.method = "POST", .path = path, .idempotency_key = key};
	svc_ok(ts_send_call(svc.send, &call, &answer, &reply, &why), &why);
	assert_int_equal(reply.status, 200);
}

/* --- bundles --- */

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const int *fd = ctx;
	return pread(*fd, out, len, (off_t)offset) == (ssize_t)len ? TS_OK : TS_E_IO;
}

static enum ts_err on_entry(void *ctx, struct ts_str leaf)
{
	struct checked *c = ctx;
	assert_true(c->entries_n < ENTRIES_MAX);
	ts_sha256(leaf.at, leaf.len, &c->entries[c->entries_n++]);
	return TS_OK;
}

static enum ts_err policy_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	TS_TRY(ts_handler_terms(db, row.contract_id, kept, &terms, &n, why));
	return ts_policy_write(terms[n - 1], arg);
}

static struct ts_bundle_job job_of(int32_t from, int32_t period)
{
	return (struct ts_bundle_job){.session = in.session,
		.contract = &row,
		.period = period,
		.has_from = from >= 0,
		.from = from,
		.dir = "/tmp",
		.bytes_max = INT64_C(1) << 30};
}

/* from -1: genesis. Nothing may fail. */
static void check(int32_t from, int32_t period, struct checked *out)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	int fd = -1;
	int64_t size = 0;
	const struct ts_bundle_job job = job_of(from, period);
	svc_ok(ts_bundle_spool(&job, &fd, &size, &why), &why);
	ts_buf_init(&text, TS_POLICY_BYTES_MAX);
	svc_ok(ts_db_tx_contract(in.session->db, row.contract_id, policy_tx, &text, &why), &why);
	svc_ok(ts_policy_parse((struct ts_str){text.data, text.len}, &policy, &why), &why);
	ts_buf_free(&text);
	policy.quorum = -1; /* nobody witnesses here: whoever trusts this policy does without */
	const struct ts_audit_source source = {read_at, &fd, size};
	out->entries_n = 0;
	const struct ts_audit_options options = {.source = &source,
		.policy = &policy,
		.entry = on_entry,
		.entry_ctx = out,
		.max_age_s = -1};
	svc_ok(ts_audit_run(&options, kept, &out->report, &why), &why);
	(void)close(fd);
	for (int c = 0; c < TS_CHECK_N; c++) {
		const struct ts_finding *f = &out->report.findings.by_check[c];
		if (f->failures > 0)
			fail_msg("from %d: %s: %s [%lld]: expected %s; found %s", from,
				ts_check_name((enum ts_check)c), f->file, (long long)f->index,
				f->expected, f->actual);
	}
}

/* What the opened one found is the end of what the one from genesis found. */
static void assert_same_end(int32_t from)
{
	const struct ts_audit_report *a = &genesis.report, *b = &opened.report;
	assert_true(b->manifest.from[TS_LOG_INPUTS] > 0);
	assert_int_equal(a->manifest.to[TS_LOG_INPUTS], b->manifest.to[TS_LOG_INPUTS]);
	assert_true(ts_hash_eq(&a->journal_root, &b->journal_root));
	assert_int_equal(b->documents_n, a->documents_n - (size_t)from);
	for (size_t i = 0; i < b->documents_n; i++) {
		const struct ts_audit_document *want = &a->documents[i + (size_t)from];
		assert_string_equal(want->number, b->documents[i].number);
		assert_true(ts_hash_eq(&want->sha256, &b->documents[i].sha256));
	}
	assert_true(opened.entries_n > 0 && opened.entries_n < genesis.entries_n);
	for (size_t i = 1; i <= opened.entries_n; i++)
		assert_true(ts_hash_eq(&genesis.entries[genesis.entries_n - i],
			&opened.entries[opened.entries_n - i]));
}

/* --- the months --- */

/* May: counted, parked, reversed and contested lines; some of June's are there already. */
static void may(struct svc_agent *a, struct svc_agent *b, struct ts_range ends[2])
{
	must_enrol(&(struct enrolment){"c1", "node-", 0, NULL, 1}, a);
	must_enrol(&(struct enrolment){"c2", "rack-", 0, NULL, 1}, b);
	usage(1, 2, "node-1"); /* 1 */
	usage(2, 3, "node-1"); /* 2 */
	usage(-2, -1, "node-1"); /* 3: parked */
	usage(-3, -2, "node-1"); /* 4: parked */
	send_lines(a);
	usage(4, 5, "node-1"); /* 5 */
	ts_buf_puts(&lines, "u1\tvoid\n"); /* 6 */
	reversal(a, 2); /* 7 */
	usage(31 * DAY + 3, 31 * DAY + 4, "node-1"); /* 8: June's */
	usage(31 * DAY + 19, 31 * DAY + 22, "node-1"); /* 9: reaches behind the handover */
	send_lines(a);
	usage(6, 7, "rack-1");
	send_lines(b);
	usage(7, 8, "rack-1");
	usage(8, 9, "rack-1");
	reversal(b, 1); /* contested, and taken back in with the u1 beside it */
	ends[0] = b->range;
	send_lines(b);
	ends[1] = b->range;
	usage(9, 10, "rack-1");
	send_lines(b);
	tick_at(20);
	says_revoked(b, 0);
	tick_at(21);
	cut(0, 36);
	issue(0, 36);
}

/* June: late lines of May, and words about what lies before the cut. */
static void june(struct svc_agent *a, struct svc_agent *b, const struct ts_range ends[2],
	struct svc_agent *next)
{
	usage(11, 12, "node-1"); /* May's */
	reversal(a, 1);
	reversal(a, 2); /* refused: not live */
	reversal(a, 0); /* refused: not usage */
	usage(33 * DAY, 33 * DAY + 1, "node-1");
	send_lines(a);
	tick_at(37);
	says_released(a, 3, 4, 1);
	tick_at(38);
	says_reattested(b, &ends[0], &ends[1]); /* two u1, and the r1 */
	tick_at(39);
	must_enrol(&(struct enrolment){"c1", "node-", 31 * DAY + 20, a, 2}, next);
	usage(31 * DAY + 21, 31 * DAY + 22, "node-1"); /* the same use as line 9 of before */
	usage(34 * DAY, 34 * DAY + 1, "node-1");
	reversal(a, 8);
	reversal(a, 9999); /* refused: unknown */
	send_lines(next);
	tick_at(40);
	cut(1, 67);
}

static void accept_gap(int32_t period, int64_t day, int64_t from_day, int64_t to_day)
{
	struct state_of s = state_of(period);
	struct ts_event gap = {.kind = TS_EVENT_GAP,
		.serial = 1,
		.at_ms = at_day(day) / 1000,
		.period_from_ms = at_day(from_day) / 1000,
		.period_to_ms = at_day(to_day) / 1000,
		.missing = s.windows.counts.missing + s.windows.counts.late,
		.list = s.windows.list_sha256};
	assert_true(gap.missing > 0);
	says_event(&gap);
}

static void the_same_from_genesis_and_from_a_state(void **state)
{
	struct svc_agent a, b, next;
	struct ts_range ends[2];
	struct ts_why why = {"", ""};
	int fd = -1;
	int64_t size = 0;
	(void)state;
	open_contract();
	may(&a, &b, ends);
	says_sealed(0, TS_SIDE_PROVIDER, true, false);
	june(&a, &b, ends, &next);
	accept_gap(1, 67, 31, 61);
	issue(1, 67);
	sign();
	/* one company has sealed May, the other has not said anything about it */
	const struct ts_bundle_job early = job_of(0, 1);
	assert_err(ts_bundle_spool(&early, &fd, &size, &why), TS_E_CONFLICT);
	assert_non_null(strstr(why.text, "both companies"));
	says_sealed(0, TS_SIDE_PROVIDER, false, true); /* a countersignature is enough */
	says_sealed(1, TS_SIDE_PROVIDER, true, false);
	says_sealed(0, TS_SIDE_CONSUMER, false, true);
	says_sealed(1, TS_SIDE_CONSUMER, false, true);
	usage(40 * DAY, 40 * DAY + 1, "node-1");
	reversal(&a, 5);
	send_lines(&next);
	cut(2, 98);
	issue(2, 98);
	sign();
	check(-1, 2, &genesis);
	assert_int_equal(genesis.report.documents_n, 3);
	assert_int_equal(genesis.report.totals.decided[TS_JUDGE_RELEASED], 1);
	assert_int_equal(genesis.report.totals.decided[TS_JUDGE_REFUSED], 3);
	check(0, 2, &opened);
	assert_same_end(0);
	assert_int_equal(opened.report.totals.decided[TS_JUDGE_RELEASED], 1);
	assert_true(opened.report.totals.decided[TS_JUDGE_REATTESTED] > 0);
	assert_int_equal(opened.report.totals.decided[TS_JUDGE_CONTESTED], 0);
	check(1, 2, &opened);
	assert_same_end(1);
	const struct ts_bundle_job itself = job_of(2, 2);
	assert_err(ts_bundle_spool(&itself, &fd, &size, &why), TS_E_INVALID);
}

static void a_revocation_behind_the_state_is_refused(void **state)
{
	struct svc_agent a;
	struct ts_why why = {"", ""};
	int fd = -1;
	int64_t size = 0;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1");
	send_lines(&a);
	cut(0, 36);
	issue(0, 36);
	says_revoked(&a, 0); /* before anybody sealed: it reaches back to the start */
	cut(1, 67);
	issue(1, 67);
	says_sealed(0, TS_SIDE_PROVIDER, true, false);
	says_sealed(0, TS_SIDE_CONSUMER, false, true);
	cut(2, 98);
	issue(2, 98);
	sign();
	check(-1, 2, &genesis);
	const struct ts_bundle_job job = job_of(0, 2);
	assert_err(ts_bundle_spool(&job, &fd, &size, &why), TS_E_CONFLICT);
	assert_non_null(strstr(why.text, "an earlier period is needed"));
}

static void a_notice_behind_the_state_is_refused(void **state)
{
	struct svc_agent a;
	struct statement s = {.kind = TS_LEAF_EVENT};
	struct ts_why why = {"", ""};
	struct ts_buf text;
	int fd = -1;
	int64_t size = 0;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1");
	send_lines(&a);
	cut(0, 36);
	issue(0, 36);
	says_sealed(0, TS_SIDE_PROVIDER, true, false);
	says_sealed(0, TS_SIDE_CONSUMER, false, true);
	const struct ts_event notice = {.contract = ts_str(contract.id),
		.kind = TS_EVENT_NOTICE,
		.serial = 1,
		.at_ms = SVC_FROM_MS,
		.by = TS_SIDE_PROVIDER,
		.end_ms = at_day(92) / 1000};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_event_build(&notice, &text, &why), &why);
	(void)add_statement(&s, &text); /* these terms know no notice: it changes nothing */
	cut(1, 67);
	issue(1, 67);
	sign();
	check(-1, 1, &genesis);
	const struct ts_bundle_job job = job_of(0, 1);
	assert_err(ts_bundle_spool(&job, &fd, &size, &why), TS_E_CONFLICT);
	assert_non_null(strstr(why.text, "notice"));
}

/* Its meters close nothing: the documents issue incomplete, or over a gap. */
static int open_all(void **state)
{
	svc_incomplete_after_days = 0;
	kept = ts_region_create((size_t)2 << 30);
	return kept == NULL || parties_open(state) != 0;
}

static int close_all(void **state)
{
	ts_region_free(kept);
	return parties_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_from_genesis_and_from_a_state),
		cmocka_unit_test(a_revocation_behind_the_state_is_refused),
		cmocka_unit_test(a_notice_behind_the_state_is_refused),
	};
	svc_wrote = "app.statement"; /* leaves without the desk */
	return cmocka_run_group_tests(tests, open_all, close_all);
}
