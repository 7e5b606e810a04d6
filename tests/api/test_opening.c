/* SPDX-License-Identifier: Apache-2.0 */
/* A contract checked from genesis and from the state at a cut comes to the same documents, entries
 * and roots, whatever the months behind the cut say about lines before it. */
#include "api/opening.h"

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

/* past: past the desk, which would refuse it. */
static void says_credited(
	enum ts_event_kind kind, int64_t serial, int64_t amount, const char *line, bool past)
{
	struct statement s = {.kind = TS_LEAF_EVENT};
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct ts_event e = {.contract = ts_str(contract.id),
		.kind = kind,
		.serial = serial,
		.at_ms = SVC_FROM_MS,
		.amount_minor = amount,
		.currency = TS_STR("USD"),
		.line = line != NULL ? ts_str(line) : (struct ts_str){NULL, 0},
		.item = TS_STR("reverse-charge"),
		.reason = TS_STR("An outage")};
	if (!past) {
		says_event(&e);
		return;
	}
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_event_build(&e, &text, &why), &why);
	(void)add_statement(&s, &text);
}

/* Credits before the state and behind it, all of a line and then a cent more: the same from genesis
 * and from the state. */
static void credits_are_the_same_from_a_state(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1");
	send_lines(&a);
	says_credited(TS_EVENT_CREDIT, 1, 1234, NULL, false);
	says_credited(TS_EVENT_SETTLEMENT, 1, 77, NULL, false);
	cut(0, 36);
	issue(0, 36);
	says_credited(TS_EVENT_CREDIT, 2, 50000000, "v1/fee/0/0/0", false);
	says_sealed(0, TS_SIDE_PROVIDER, true, false);
	says_sealed(0, TS_SIDE_CONSUMER, false, true);
	says_credited(TS_EVENT_SETTLEMENT, 2, 1, "v1/fee/0/0/0", true);
	cut(1, 67);
	issue(1, 67);
	cut(2, 98);
	issue(2, 98);
	sign();
	check(-1, 2, &genesis);
	assert_int_equal(genesis.report.documents_n, 3);
	check(0, 2, &opened);
	assert_same_end(0);
	assert_int_equal(svc_number(&svc, "select count(*) filter (where granted) * 10 + count(*) "
					  "from app.credit where contract_id = (select "
					  "max(contract_id) from app.credit)"),
		34);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_from_genesis_and_from_a_state),
		cmocka_unit_test(a_revocation_behind_the_state_is_refused),
		cmocka_unit_test(credits_are_the_same_from_a_state),
	};
	svc_wrote = "app.statement"; /* leaves without the desk */
	return cmocka_run_group_tests(tests, open_all, close_all);
}
