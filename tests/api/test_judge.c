/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions about lines end to end: appends over HTTP, statements as leaves, settle in this
 * process, and then the cells, the measures and what REST shows of it. */
#include "api/parties.h"
#include "store/seal.h"
#include "store/verdict.h"

/* Each decompressed batch stayed in one region: some 220 suspects of full batches filled it, and
 * the contract never settled again. */
static void many_suspects_do_not_wedge_settle(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	for (int64_t i = 0; i < 20000; i++) {
		usage(i % 100 == 7 ? -2 : i % 400, i % 100 == 7 ? -1 : i % 400 + 1, "node-1");
		if (i % 10000 == 9999)
			send_lines(&a);
	}
	for (int64_t i = 0; i < 300; i++) /* and targets all over the first batch */
		reversal(&a, 10000 - 33 * i);
	send_lines(&a);
	int64_t parked = 200;
	int64_t reversed = number("select 300 - count(*) from generate_series(0, 299) i where "
				  "(10000 - 33 * i - 1) %% 100 = 7");
	assert_int_equal(tick(), 20000 - parked - reversed);
	assert_int_equal(verdicts("parked", "before_from"), parked);
	assert_int_equal(verdicts("reversed", "wrong"), 300);
}

/* The facts of a range were read at once: three million parked lines were more than a statement's
 * time, and then more than their region. Now in pieces, none of which may be lost. */
static void facts_of_a_whole_stream_come_in_pieces(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	for (int64_t i = 0; i < 7 * 9999; i++) {
		usage(-2, -1, "node-1");
		if (i % 9999 == 9998)
			send_lines(&a);
	}
	assert_int_equal(tick(), 0);
	release(&a, 1, 1 + 7 * 9999, TICK_US / 1000);
	assert_int_equal(tick(), 7 * 9999);
}

static void reversed_is_for_good(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1"); /* 1: parked */
	usage(1, 2, "node-1"); /* 2 */
	usage(2, 3, "node-1"); /* 3 */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	reversal(&a, 1);
	reversal(&a, 2);
	reversal(&a, 2); /* not live any more */
	send_lines(&a);
	assert_int_equal(tick(), 1);
	assert_int_equal(verdicts("refused", "not_live"), 1);
	release(&a, 1, 3, TICK_US / 1000);
	assert_int_equal(tick(), 1);
	assert_int_equal(verdicts("released", "agreed"), 2);
}

static void released_lines_count(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1");
	usage(-3, -2, "node-1");
	send_lines(&a);
	assert_int_equal(tick(), 0);
	int64_t late_ms = TICK_US / 1000 + 40 * HOUR;
	release(&a, 2, 3, late_ms);
	assert_int_equal(tick(), 1);
	/* Folded no earlier than it says it was written. */
	assert_int_equal(number("select at_us from app.ledger_head where contract_id = %lld",
				 (long long)row.contract_id),
		late_ms * 1000);
}

static void void_lines_are_no_target(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tbytes\t0\t%lld\t-\tjob\tnode-1\tteam\n",
		(long long)SVC_FROM_MS, (long long)(SVC_FROM_MS + HOUR), (long long)INT64_MAX);
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tbytes\t0\t7\t-\tjob\tnode-1\tteam\n",
		(long long)SVC_FROM_MS, (long long)(SVC_FROM_MS + HOUR));
	reversal(&a, 2); /* looks good, and is void: its window's quantities exceed 63 bits */
	reversal(&a, 1);
	usage(1, 2, "node-1");
	send_lines(&a);
	assert_int_equal(number("select count(*) from app.batch where contract_id = %lld and "
				"void_usage = '{2}'",
				 (long long)row.contract_id),
		1);
	assert_int_equal(tick(), 1);
	assert_int_equal(verdicts("refused", "not_usage"), 1);
}

/* The key was stolen: lines leave the target, r1 lines lose their effect; taken back in, both
 * return. */
static void contested_and_reattested(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1"); /* 1 */
	usage(2, 3, "node-1"); /* 2 */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	int64_t covered = number("select inputs_to from app.ledger_head where contract_id = %lld",
		(long long)row.contract_id);
	usage(3, 4, "node-1"); /* 3 */
	reversal(&a, 1); /* 4 */
	usage(4, 5, "node-1"); /* 5 */
	reversal(&a, 5); /* 6 */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	int64_t leaf = say_revoked(&a, covered);
	usage(6, 7, "node-1");
	char path[128];
	struct svc_agent after = a;
	snprintf(path, sizeof path, "/v1/streams/%s/append", a.stream);
	ts_buf_reset(&body);
	svc_append_body(&hasher, &after, (struct ts_str){lines.data, lines.len}, &body);
	assert_int_equal(svc_call(client, "POST", path, NULL, body.data, body.len, &answer), 403);
	ts_buf_reset(&lines);
	assert_int_equal(tick(), 2); /* 1 and 2; a revocation alone is news */
	assert_int_equal(verdicts("contested", "the disk was stolen"), 4);
	assert_int_equal(number("select leaf from app.verdict where kind = 'contested' and "
				"contract_id = %lld",
				 (long long)row.contract_id),
		leaf);
	reattest(&a, 3, 4);
	assert_int_equal(tick(), 3);
	reattest(&a, 4, 7);
	assert_int_equal(tick(), 2); /* 2 and 3: both r1 lines have their effect again */
	assert_false(settle(TS_SETTLE_TICK, 0, TICK_US + ticks * 1000000, true));
}

static void next_generation_takes_over(void **state)
{
	struct svc_agent g1, g2;
	(void)state;
	open_contract();
	must_enrol(&whole, &g1);
	usage(8, 9, "node-1"); /* before */
	usage(9, 12, "node-1"); /* across */
	usage(9, 11, "node-2"); /* across */
	usage(10, 11, "node-3"); /* behind */
	send_lines(&g1);
	assert_int_equal(tick(), 4);
	must_enrol(&(struct enrolment){"c1", "-", 10, &g1, 2}, &g2);
	assert_int_equal(tick(), 3);
	assert_int_equal(verdicts("parked", "after_handover"), 1);
	usage(11, 12, "node-1"); /* 1: the same use again */
	usage(11, 12, "node-2"); /* 2: another hour */
	usage(10, 11, "node-3"); /* 3: what was parked above */
	send_lines(&g2);
	assert_int_equal(tick(), 5);
	assert_int_equal(verdicts("parked", "duplicate"), 1);
	reversal(&g1, 2); /* the other of the duplicate: it stays parked, a new line counts */
	send_lines(&g2);
	assert_int_equal(tick(), 4);
	usage(11, 12, "node-1");
	send_lines(&g2);
	assert_int_equal(tick(), 5);
}

struct paging {
	const char *stream;
	char seen[256];
	size_t contested;
};

static enum ts_err paging_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct paging *p = arg;
	struct ts_db_verdict *page = NULL, last = {0};
	int64_t contract_id = 0, stream_id = 0;
	size_t n = 1;
	p->seen[0] = '\0';
	TS_TRY(ts_db_stream_locate(db, p->stream, &contract_id, &stream_id, why));
	for (int i = 0; n == 1; i++) {
		TS_TRY(ts_db_verdict_page(db, contract_id, stream_id, -1, i == 0 ? NULL : &last, 1,
			region, &page, &n, why));
		if (n == 0)
			break;
		last = page[0];
		size_t len = strlen(p->seen);
		snprintf(p->seen + len, sizeof p->seen - len, "%lld %s ", (long long)last.index,
			ts_judge_kind_name(last.kind));
	}
	return ts_db_verdict_page(db, contract_id, stream_id, TS_JUDGE_CONTESTED, NULL, 10, region,
		&page, &p->contested, why);
}

static void reading(void **state)
{
	struct svc_agent a;
	char path[160];
	struct ts_why why = {"", ""};
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1"); /* 1: parked */
	usage(1, 2, "node-1"); /* 2: reversed */
	reversal(&a, 2); /* 3 */
	usage(2, 3, "node-1"); /* 4 */
	send_lines(&a);
	usage(3, 4, "node-1"); /* 5: contested */
	send_lines(&a);
	(void)tick();
	(void)say_revoked(&a, number("select max(leaf) from app.batch where contract_id = %lld",
				      (long long)row.contract_id));
	assert_int_equal(tick(), 1);
	snprintf(path, sizeof path, "/v1/contracts/%s/usage", contract.id);
	json_t *json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	static const char *const expected[] = {"parked", "reversed", "accepted", "contested"};
	static const char *const reasons[] = {"before_from", "wrong", NULL, "the disk was stolen"};
	assert_int_equal(json_array_size(json_object_get(json, "data")), 4);
	for (size_t i = 0; i < 4; i++) {
		const json_t *line = json_array_get(json_object_get(json, "data"), i);
		assert_string_equal(svc_member(line, "verdict"), expected[i]);
		assert_int_equal(json_object_get(line, "reason") == NULL, reasons[i] == NULL);
		if (reasons[i] != NULL)
			assert_string_equal(svc_member(line, "reason"), reasons[i]);
	}
	json_decref(json);
	struct paging p = {.stream = a.stream};
	svc_ok(ts_db_tx_contract(in.session->db, row.contract_id, paging_tx, &p, &why), &why);
	assert_string_equal(p.seen, "1 parked 2 reversed 5 contested ");
	assert_int_equal(p.contested, 1);
}

struct marks {
	struct ts_str text;
};

static enum ts_err marks_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct marks *m = arg;
	struct ts_hash sha256;
	int64_t leaf = 0;
	return ts_db_state_get(db, row.contract_id, 0, region, &leaf, &sha256, &m->text, why);
}

/* What was decided stands in the state that the companies seal, with what a later r1 needs. */
static void state_names_decisions(void **state)
{
	struct svc_agent a;
	struct ts_why why = {"", ""};
	struct marks m = {{NULL, 0}};
	char expected[512];
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1"); /* 1: parked */
	usage(1, 2, "node-1"); /* 2: reversed */
	reversal(&a, 2); /* 3 */
	for (int i = 0; i < 2; i++) /* 4, 5: void, their window's quantities exceed 63 bits */
		ts_buf_printf(&lines, "u1\t%lld\t%lld\tbytes\t0\t%lld\t-\tjob\tn\tteam\n",
			(long long)SVC_FROM_MS, (long long)(SVC_FROM_MS + HOUR),
			(long long)INT64_MAX);
	send_lines(&a);
	assert_true(settle(TS_SETTLE_CUT, 0, (SVC_FROM_MS + 40 * SVC_DAY_MS) * 1000, false));
	svc_ok(ts_db_tx_contract(in.session->db, row.contract_id, marks_tx, &m, &why), &why);
	int64_t leaf = number("select max(leaf) from app.batch where contract_id = %lld",
		(long long)row.contract_id);
	snprintf(expected, sizeof expected,
		"mark\t1\t2\tparked\t%lld\t-\t-\nmark\t2\t3\treversed\t%lld\t%s\t3\n"
		"mark\t5\t6\tvoid\t%lld\t-\t-\n",
		(long long)leaf, (long long)leaf, a.key.key.name, (long long)leaf);
	char *text = ts_region_copy(region, m.text.at, m.text.len);
	if (strstr(text, expected) == NULL)
		print_error("%s\nnot in\n%s", expected, text);
	assert_non_null(strstr(text, expected));
}

/* --- enrolment --- */

static void scope_is_owned(void **state)
{
	struct svc_agent a, b;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	must_refuse(&(struct enrolment){"c2", "node-1", 5, NULL, 1}, 409, "overlaps the scope");
	svc_number(&svc,
		"with u as (update app.stream set state = 'quarantined' where stream_id = (select "
		"max(stream_id) from app.stream) returning 1) select count(*) from u");
	/* Two stories do not free a scope: revocation or the next generation does. */
	must_refuse(&(struct enrolment){"c2", "node-1", 5, NULL, 1}, 409, "overlaps the scope");
	must_enrol(&(struct enrolment){"c1", "-", 5, &a, 2}, &b);
	assert_int_equal(number("select count(*) from app.agent_key where contract_id = %lld and "
				"closed_leaf is not null and revoked_leaf is null",
				 (long long)row.contract_id),
		1);
	(void)say_revoked(&b, 0);
	must_enrol(&(struct enrolment){"c2", "node-1", 5, NULL, 1}, &a);
}

static void takes_over_behind_what_is_closed(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(8, 9, "node-1");
	ts_buf_printf(&lines, "c1\t%lld\t%lld\tgpu-h100\t0\t1\t%lld\n",
		(long long)(SVC_FROM_MS + 8 * HOUR), (long long)(SVC_FROM_MS + 9 * HOUR),
		(long long)Q);
	send_lines(&a);
	must_refuse(&(struct enrolment){"c1", "-", 8, &a, 2}, 409, "has closed its windows");
	(void)say_revoked(&a, 0);
	must_refuse(&(struct enrolment){"c2", "node-1", 8, NULL, 1}, 409, "has closed its windows");
	must_refuse(&(struct enrolment){"c2", "node-1", -1, NULL, 1}, 409, "begins before");
	must_enrol(&(struct enrolment){"c2", "node-1", 9, NULL, 1}, &a);
}

static void takes_over_no_cut_period(void **state)
{
	struct svc_agent a, b;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	assert_true(settle(TS_SETTLE_CUT, 0, (SVC_FROM_MS + 40 * SVC_DAY_MS) * 1000, false));
	must_refuse(&(struct enrolment){"c1", "-", 30 * 24, &a, 2}, 409, "period that is cut");
	must_enrol(&(struct enrolment){"c1", "-", 31 * 24, &a, 2}, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_suspects_do_not_wedge_settle),
		cmocka_unit_test(facts_of_a_whole_stream_come_in_pieces),
		cmocka_unit_test(reversed_is_for_good),
		cmocka_unit_test(released_lines_count),
		cmocka_unit_test(void_lines_are_no_target),
		cmocka_unit_test(contested_and_reattested),
		cmocka_unit_test(next_generation_takes_over),
		cmocka_unit_test(reading),
		cmocka_unit_test(state_names_decisions),
		cmocka_unit_test(scope_is_owned),
		cmocka_unit_test(takes_over_behind_what_is_closed),
		cmocka_unit_test(takes_over_no_cut_period),
	};
	svc_wrote = "app.statement app.stream"; /* leaves without the desk; one is quarantined */
	return cmocka_run_group_tests(tests, parties_open, parties_close);
}
