/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_API_OPENING_H
#define TS_TESTS_API_OPENING_H
/* Why: months of a contract are settled, issued and sealed, and its bundle is checked from genesis
 * and from the state at a cut: both must come to the same. */
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

static inline void says_revoked(const struct svc_agent *a, int64_t covered)
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

static inline void says_reattested(
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

static inline void says_event(struct ts_event *e)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	e->contract = ts_str(contract.id);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_event_build(e, &text, &why), &why);
	say(&text, true, true);
}

static inline void says_released(
	const struct svc_agent *a, int64_t from, int64_t to, int64_t serial)
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

static inline void says_sealed(int32_t period, enum ts_side book, bool provider, bool consumer)
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

static inline void cut(int32_t period, int64_t day)
{
	assert_true(settle(TS_SETTLE_CUT, period, at_day(day), false));
}

static inline void issue(int32_t period, int64_t day)
{
	assert_true(settle(TS_SETTLE_ISSUE, period, at_day(day) + 1000000, false));
}

static inline void tick_at(int64_t day)
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
	assert_true(n > 0);
	return ts_policy_write(terms[0], arg); /* who signed version 1; amendments lead on */
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
static inline void assert_same_end(int32_t from)
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

#endif
