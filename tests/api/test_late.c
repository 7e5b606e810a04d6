/* SPDX-License-Identifier: Apache-2.0 */
/* What comes too late is listed and not billed; when both companies sign the list, exactly that is
 * billed, as an adjustment of its month. A verifier finds the same from genesis and from states
 * before and behind it; what all of it left is audited at the end. */
#include "api/opening.h"

#define USED INT64_C(28800000000) /* eight devices for an hour, at 2.35 an hour each */
#define COST 1880

static void tick_on(int64_t day)
{
	assert_true(settle(TS_SETTLE_TICK, 0, at_day(day), true));
}

static json_t *late(void)
{
	char path[96];
	snprintf(path, sizeof path, "/v1/contracts/%s/late", contract.id);
	json_t *all = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	json_t *rows = json_incref(json_object_get(all, "data"));
	json_decref(all);
	return rows;
}

/* The consent to what the service lists for the only such period, counted and hashed here. */
static struct ts_event consent_of(int64_t serial)
{
	char path[128];
	json_t *rows = late();
	assert_int_equal(json_array_size(rows), 1);
	const json_t *row_of = json_array_get(rows, 0), *ms = json_object_get(row_of, "period_ms");
	struct ts_event e = {.contract = ts_str(contract.id),
		.kind = TS_EVENT_CONSENT,
		.serial = serial,
		.at_ms = SVC_FROM_MS,
		.period_from_ms = json_integer_value(json_array_get(ms, 0)),
		.period_to_ms = json_integer_value(json_array_get(ms, 1))};
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/%s/late", contract.id,
		svc_member(row_of, "period"));
	assert_int_equal(svc_call(svc.send, "GET", path, NULL, "", 0, &answer), 200);
	for (size_t i = 0; i < answer.len; i++)
		e.cells += answer.data[i] == '\n';
	assert_int_equal(json_integer_value(json_object_get(row_of, "cells")), e.cells);
	ts_sha256(answer.data, answer.len, &e.list);
	json_decref(rows);
	return e;
}

/* provider, consumer: whose signatures the note carries. */
static void post(
	const struct ts_event *e, bool provider, bool consumer, long expected, const char *says)
{
	char path[96];
	struct ts_why why = {"", ""};
	const struct ts_secret *keys[2];
	size_t n = 0;
	struct ts_buf text, note;
	if (provider)
		keys[n++] = &contract.provider;
	if (consumer)
		keys[n++] = &contract.consumer;
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_ok(ts_event_build(e, &text, &why), &why);
	svc_sign((struct ts_str){text.data, text.len}, keys, n, &note);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	long status = svc_call(svc.send, "POST", path, "text/plain", note.data, note.len, &answer);
	if (status != expected || strstr(ts_buf_str(&answer), says) == NULL)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, expected);
	assert_non_null(strstr(ts_buf_str(&answer), says));
	ts_buf_free(&note);
	ts_buf_free(&text);
}

static int64_t unbilled(void)
{
	return number("select coalesce(sum(quantity), 0) from app.unbilled where contract_id = "
		      "%lld and reason = 'late'",
		(long long)row.contract_id);
}

static int64_t cents(const char *text)
{
	int64_t n = 0;
	for (const char *c = text; *c != '\0'; c++)
		if (*c >= '0' && *c <= '9')
			n = 10 * n + (*c - '0');
	return *text == '-' ? -n : n;
}

/* What a document's lines that adjust May's come to. */
static int64_t adjusting(const char *number)
{
	char path[128];
	size_t i = 0;
	int64_t sum = 0;
	const json_t *line = NULL;
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.json", contract.id, number);
	json_t *doc = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	json_array_foreach(json_object_get(json_object_get(doc, "body"), "lines"), i, line)
	{
		if (strcmp(svc_member(line, "period"), "2026-05") != 0)
			continue;
		assert_true(json_is_string(json_object_get(line, "adjusts")));
		sum += cents(svc_member(line, "amount"));
	}
	json_decref(doc);
	return sum;
}

/* Eight devices for an hour. */
static void use(int64_t hour)
{
	ts_buf_printf(&lines,
		"u1\t%lld\t%lld\tgpu-h100\t8000\t%lld\ton_demand\tjob\tnode-1\tteam\n",
		(long long)(SVC_FROM_MS + hour * HOUR),
		(long long)(SVC_FROM_MS + (hour + 1) * HOUR), (long long)USED);
}

static void refusals(const struct ts_event *good)
{
	struct ts_event e = *good;
	e.cells++;
	post(&e, true, true, 409, "has 8 lines");
	e = *good;
	e.list.b[0] ^= 1;
	post(&e, true, true, 409, "another hash");
	e = *good;
	e.period_from_ms = e.period_to_ms;
	e.period_to_ms += 30 * SVC_DAY_MS;
	post(&e, true, true, 409, "nothing that came too late");
	e.period_to_ms += SVC_DAY_MS;
	post(&e, true, true, 409, "no billing period");
	e = *good;
	e.serial = 2;
	post(&e, true, true, 409, "serial");
}

static void months_until_late(struct svc_agent *a)
{
	open_contract();
	must_enrol(&whole, a);
	use(1);
	send_lines(a);
	cut(0, 36);
	issue(0, 36);
	says_sealed(0, TS_SIDE_PROVIDER, true, false);
	says_sealed(0, TS_SIDE_CONSUMER, false, true);
	use(11); /* in time still */
	send_lines(a);
	tick_on(70);
	json_t *none = late();
	assert_int_equal(json_array_size(none), 0);
	json_decref(none);
	use(13); /* too late */
	use(15);
	send_lines(a);
	tick_on(80);
	assert_int_equal(unbilled(), 2 * USED);
	cut(1, 81);
	issue(1, 81);
	says_sealed(1, TS_SIDE_PROVIDER, true, false);
	says_sealed(1, TS_SIDE_CONSUMER, false, true);
}

static void what_both_consent_to_is_billed(void **state)
{
	struct svc_agent a;
	(void)state;
	months_until_late(&a);
	struct ts_event e = consent_of(1);
	assert_int_equal(e.cells, 8); /* quarter-hours */
	refusals(&e);
	post(&e, true, false, 200, "\"waiting\"");
	post(&e, false, true, 200, "\"logged\"");
	e.serial = 2;
	post(&e, true, true, 409, "nothing that came too late"); /* the first waits in the log */
	use(17); /* behind the consent, and before it is folded: not listed */
	reversal(&a, 4); /* of a line that is consented to */
	send_lines(&a);
	tick_on(82);
	assert_int_equal(unbilled(), USED);
	json_t *rows = late();
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "cells")), 4);
	json_decref(rows);
	cut(2, 98);
	issue(2, 98);
	sign();
	check(-1, 2, &genesis);
	assert_int_equal(genesis.report.documents_n, 3);
	/* the one of three that came in time; then the one that is consented to and stays */
	assert_int_equal(adjusting(genesis.report.documents[1].number), COST);
	assert_int_equal(adjusting(genesis.report.documents[2].number), COST);
	check(0, 2, &opened);
	assert_same_end(0);
	check(1, 2, &opened); /* its state knows what was late, and from which leaf on */
	assert_same_end(1);
}

static int setup(void **state)
{
	svc_terms_more = json_pack(
		"{s:{s:i,s:i}}", "late", "usage_until_days", 3, "late_usage_until_days", 40);
	return svc_terms_more == NULL || open_all(state) != 0;
}

static int teardown(void **state)
{
	json_decref(svc_terms_more);
	return close_all(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_both_consent_to_is_billed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
