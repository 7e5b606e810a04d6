/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever settle decided about lines, a verifier decides again from the bundle alone: reversals,
 * parked, released, contested and re-attested lines, scopes that pass to a next generation. */
#include "api/parties.h"
#include "audit/replay.h"
#include "service/publish/bundle.h"
#include "service/handler/handler.h"

#define CUT_US ((SVC_FROM_MS + 36 * SVC_DAY_MS) * 1000)

static struct ts_audit_report report;
static struct ts_policy policy;
static struct ts_region *kept;

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const int *fd = ctx;
	return pread(*fd, out, len, (off_t)offset) == (ssize_t)len ? TS_OK : TS_E_IO;
}

static enum ts_err policy_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	TS_TRY(ts_handler_terms(db, row.contract_id, kept, &terms, &n, why));
	return ts_policy_write(terms[n - 1], arg);
}

/* Settle in this process has no signer: the service signs behind an event of its own. */
static void sign(void)
{
	char path[96], key[32];
	struct ts_why why = {"", ""};
	struct ts_send_reply reply;
	static int calls;
	snprintf(path, sizeof path, "/v1/contracts/%s/settle", contract.id);
	snprintf(key, sizeof key, "sign-%d", ++calls);
	const struct ts_send_call call = {.method = "POST", .path = path, .idempotency_key = key};
	svc_ok(ts_send_call(svc.send, &call, &answer, &reply, &why), &why);
	assert_int_equal(reply.status, 200);
}

/* May is cut and issued; its bundle is read as it was spooled. between: who sends a line that a
 * tick folds after the cut and before the issue; NULL: nobody. */
static void verify_with(struct svc_agent *between)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	int fd = -1;
	int64_t size = 0;
	assert_true(settle(TS_SETTLE_CUT, 0, CUT_US, false));
	if (between != NULL) {
		usage(5, 6, "node-9");
		send_lines(between);
		assert_true(settle(TS_SETTLE_TICK, 0, CUT_US + 500000, false));
	}
	assert_true(settle(TS_SETTLE_ISSUE, 0, CUT_US + 1000000, false));
	sign();
	const struct ts_bundle_job job = {.session = in.session,
		.contract = &row,
		.dir = "/tmp",
		.bytes_max = INT64_C(1) << 30};
	svc_ok(ts_bundle_spool(&job, &fd, &size, &why), &why);
	ts_region_free(kept);
	kept = ts_region_create((size_t)1 << 30);
	assert_non_null(kept);
	ts_buf_init(&text, TS_POLICY_BYTES_MAX);
	svc_ok(ts_db_tx_contract(in.session->db, row.contract_id, policy_tx, &text, &why), &why);
	/* nobody witnesses here: whoever trusts this policy does without */
	const char *witnesses = strstr(ts_buf_str(&text), "\nwitness ");
	if (witnesses != NULL) {
		text.len = (size_t)(witnesses + 1 - text.data);
		ts_buf_puts(&text, "quorum none\n");
	}
	svc_ok(ts_policy_parse((struct ts_str){text.data, text.len}, &policy, &why), &why);
	const struct ts_audit_source source = {read_at, &fd, size};
	const struct ts_audit_options options = {
		.source = &source, .policy = &policy, .max_age_s = -1};
	svc_ok(ts_audit_run(&options, kept, &report, &why), &why);
	ts_buf_free(&text);
	(void)close(fd);
	for (int kind = 0; kind <= TS_JUDGE_RELEASED; kind++)
		assert_int_equal(report.totals.decided[kind],
			number("select coalesce(sum(lines), 0) from app.verdict where contract_id "
			       "= "
			       "%lld and kind = '%s'",
				(long long)row.contract_id,
				ts_judge_kind_name((enum ts_judge_kind)kind)));
}

static void verify(void)
{
	verify_with(NULL);
}

/* Nothing fails but, when it is not TS_CHECK_N, the one check. */
static void assert_only(enum ts_check check)
{
	for (int c = 0; c < TS_CHECK_N; c++) {
		const struct ts_finding *f = &report.findings.by_check[c];
		if ((f->failures > 0) != (c == (int)check))
			fail_msg("%s: %s [%lld]: expected %s; found %s",
				ts_check_name((enum ts_check)c), f->file, (long long)f->index,
				f->expected, f->actual);
	}
	assert_int_equal(report.documents_n, 1);
	assert_true(report.documents[0].windows.missing > 0);
	assert_int_equal(report.findings.exceptions_n, 1);
	assert_int_equal(report.totals.entries, report.manifest.to[TS_LOG_JOURNAL]);
}

static void take_back_in(const struct svc_agent *a, const struct ts_range *from)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct statement s = {.kind = TS_LEAF_REATTEST};
	struct ts_reattestation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.from = from->size,
		.to = a->range.size};
	ts_range_root(&hasher, from, &r.root_from);
	ts_range_root(&hasher, &a->range, &r.root_to);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_reattestation_build(&r, &text, &why), &why);
	(void)add_statement(&s, &text);
}

static void decided_lines_are_decided_again(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1"); /* 1 */
	usage(2, 3, "node-1"); /* 2 */
	usage(-2, -1, "node-1"); /* 3: parked */
	send_lines(&a);
	struct ts_range before = a.range;
	assert_int_equal(tick(), 2);
	usage(3, 4, "node-1"); /* 4 */
	reversal(&a, 1); /* 5 */
	reversal(&a, 1); /* 6: refused */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	release(&a, 3, 4, TICK_US / 1000);
	assert_int_equal(tick(), 3);
	(void)say_revoked(&a, 0); /* nothing was sealed: all of it */
	assert_int_equal(tick(), 0);
	take_back_in(&a, &before);
	assert_int_equal(tick(), 1); /* 4; the lines before stay contested */
	verify();
	assert_only(TS_CHECK_N);
	assert_int_equal(report.totals.usage, 4);
	assert_true(report.totals.decided[TS_JUDGE_CONTESTED] > 0);
}

static void a_scope_passes_on_again(void **state)
{
	struct svc_agent g1, g2;
	(void)state;
	open_contract();
	must_enrol(&whole, &g1);
	usage(8, 9, "node-1"); /* before */
	usage(9, 12, "node-1"); /* across */
	usage(10, 11, "node-3"); /* behind */
	send_lines(&g1);
	assert_int_equal(tick(), 3);
	must_enrol(&(struct enrolment){"c1", "-", 10, &g1, 2}, &g2);
	assert_int_equal(tick(), 2);
	usage(11, 12, "node-1"); /* the same use again */
	usage(10, 11, "node-3");
	reversal(&g1, 1);
	send_lines(&g2);
	assert_int_equal(tick(), 2);
	verify();
	assert_only(TS_CHECK_N);
	assert_int_equal(report.totals.decided[TS_JUDGE_PARKED], 2);
	assert_int_equal(report.totals.streams, 2);
}

/* The decisions are the same, but nothing bears out the size that the revocation names. */
static void a_size_that_nobody_cosigned_is_seen(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1");
	send_lines(&a);
	assert_int_equal(tick(), 1);
	int64_t covered = number("select inputs_to from app.ledger_head where contract_id = %lld",
		(long long)row.contract_id);
	usage(2, 3, "node-1");
	send_lines(&a);
	(void)say_revoked(&a, covered);
	assert_int_equal(tick(), 1);
	verify();
	assert_only(TS_CHECK_COVERED);
}

/* A document's head names the journal after its cut's entries, whatever came before its issue. */
static void a_tick_between_cut_and_issue(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1");
	send_lines(&a);
	verify_with(&a);
	assert_only(TS_CHECK_N);
	assert_int_equal(report.totals.usage, 2);
}

static void what_is_not_spooled(void **state)
{
	struct ts_why why = {"", ""};
	struct svc_agent a;
	int fd = -1;
	int64_t size = 0;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1");
	send_lines(&a);
	struct ts_bundle_job job = {.session = in.session,
		.contract = &row,
		.dir = "/tmp",
		.bytes_max = INT64_C(1) << 30};
	assert_err(ts_bundle_spool(&job, &fd, &size, &why), TS_E_CONFLICT); /* not issued */
	verify();
	assert_only(TS_CHECK_N);
	job.bytes_max = 5000;
	assert_err(ts_bundle_spool(&job, &fd, &size, &why), TS_E_LIMIT);
	job.bytes_max = INT64_C(1) << 30;
	job.dir = "/nowhere";
	assert_err(ts_bundle_spool(&job, &fd, &size, &why), TS_E_IO);
	assert_int_equal(fd, -1);
}

/* Its meters close nothing: the documents issue incomplete, which is no failure, and said. */
static int open_all(void **state)
{
	svc_incomplete_after_days = 0;
	return parties_open(state);
}

static int close_all(void **state)
{
	ts_region_free(kept);
	return parties_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decided_lines_are_decided_again),
		cmocka_unit_test(a_scope_passes_on_again),
		cmocka_unit_test(a_size_that_nobody_cosigned_is_seen),
		cmocka_unit_test(a_tick_between_cut_and_issue),
		cmocka_unit_test(what_is_not_spooled),
	};
	svc_wrote = "app.statement"; /* leaves without the desk */
	return cmocka_run_group_tests(tests, open_all, close_all);
}
