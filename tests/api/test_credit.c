/* SPDX-License-Identifier: Apache-2.0 */
/* Credits, settlements and claims over HTTP: who signs, what is refused and why, what is claimable
 * until when, and the lines of the document that they become. What they left is audited at the end.
 */
#include "support/test.h"
#include "api/service.h"
#include "base/time.h"
#include "evidence/event.h"

#define HOUR INT64_C(3600000)
#define PROVIDER 1
#define CONSUMER 2

static struct svc svc;
static struct ts_hasher hasher;
static struct ts_buf body, lines, answer;
static struct svc_contract contract;
static struct svc_agent agent;
static struct ts_send *as_agent, *as_consumer;

static void append(void)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/append", agent.stream);
	ts_buf_reset(&body);
	svc_append_body(&hasher, &agent, (struct ts_str){lines.data, lines.len}, &body);
	assert_int_equal(svc_call(as_agent, "POST", path, NULL, body.data, body.len, &answer), 200);
	ts_buf_reset(&lines);
}

static void use(int day, const char *class, int64_t devices)
{
	int64_t from = SVC_FROM_MS + day * SVC_DAY_MS;
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tgpu-h100\t%lld\t%lld\t%s\tjob\tnode%lld\t-\n",
		(long long)from, (long long)(from + HOUR), (long long)(devices * 1000),
		(long long)(devices * HOUR * 1000), class, (long long)devices);
}

static void post(const char *what, const char *key, long expected)
{
	char path[160];
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	snprintf(path, sizeof path, "/v1/contracts/%s/%s", contract.id, what);
	const struct ts_send_call call = {.method = "POST", .path = path, .idempotency_key = key};
	assert_ok(ts_send_call(svc.send, &call, &answer, &reply, &why));
	if (reply.status != expected)
		print_error("%s: %ld %s\n", what, reply.status, ts_buf_str(&answer));
	assert_int_equal(reply.status, expected);
}

static struct ts_event event_of(enum ts_event_kind kind, int64_t serial, int64_t amount)
{
	struct ts_event e = {.contract = ts_str(contract.id),
		.kind = kind,
		.serial = serial,
		.at_ms = ts_clock_now_us() / 1000,
		.amount_minor = amount,
		.currency = TS_STR("USD"),
		.item = TS_STR("reverse-charge"),
		.reason = TS_STR("Goodwill for 4 May")};
	if (kind == TS_EVENT_CLAIM) {
		e.item = TS_STR("uptime");
		e.period_from_ms = SVC_FROM_MS;
		e.period_to_ms = SVC_FROM_MS + 31 * SVC_DAY_MS;
	}
	return e;
}

static void say(const struct ts_event *e, int who, long expected, const char *says)
{
	char path[128];
	struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_secret *keys[2];
	size_t n = 0;
	if ((who & PROVIDER) != 0)
		keys[n++] = &contract.provider;
	if ((who & CONSUMER) != 0)
		keys[n++] = &contract.consumer;
	ts_buf_init(&text, 4096);
	svc_ok(ts_event_build(e, &text, &why), &why);
	ts_buf_reset(&body);
	svc_sign((struct ts_str){text.data, text.len}, keys, n, &body);
	ts_buf_free(&text);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	long status = svc_call(svc.send, "POST", path, "text/plain", body.data, body.len, &answer);
	if (status != expected || strstr(ts_buf_str(&answer), says) == NULL)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, expected);
	assert_non_null(strstr(ts_buf_str(&answer), says));
}

static json_t *credits(struct ts_send *as)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/contracts/%s/credits", contract.id);
	return svc_expect(as, "GET", path, NULL, SVC_NO_TEXT, 200);
}

static json_t *document(const char *period)
{
	char path[160];
	json_t *issued = NULL;
	snprintf(path, sizeof path, "periods/%s/close", period);
	post(path, path, 200);
	snprintf(path, sizeof path, "periods/%s/invoice", period);
	post(path, path, 201);
	issued = json_loads(ts_buf_str(&answer), 0, NULL);
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.json", contract.id,
		svc_member(issued, "number"));
	json_decref(issued);
	return svc_expect(as_consumer, "GET", path, NULL, SVC_NO_TEXT, 200);
}

static const json_t *line_of(const json_t *doc, const char *kind)
{
	size_t i = 0;
	const json_t *line = NULL;
	json_array_foreach(json_object_get(json_object_get(doc, "body"), "lines"), i, line)
	{
		if (strcmp(svc_member(line, "kind"), kind) == 0)
			return line;
	}
	return NULL;
}

static void nothing_before_it_is_time(void)
{
	struct ts_event e = event_of(TS_EVENT_CREDIT, 1, 5000);
	e.line = TS_STR("v1/usage/0/0/0");
	say(&e, PROVIDER, 409, "no document has billed");
	e = event_of(TS_EVENT_CREDIT, 1, 5000);
	e.currency = TS_STR("EUR");
	say(&e, PROVIDER, 409, "USD");
	e = event_of(TS_EVENT_CREDIT, 1, 5000);
	e.item = TS_STR("vat");
	say(&e, PROVIDER, 409, "no tax treatment");
	e = event_of(TS_EVENT_CREDIT, 2, 5000);
	say(&e, PROVIDER, 409, "serial");
	e = event_of(TS_EVENT_CLAIM, 1, 0);
	e.item = TS_STR("latency");
	say(&e, CONSUMER, 409, "no service credit that is claimed");
	e = event_of(TS_EVENT_CLAIM, 1, 0);
	e.period_to_ms -= SVC_DAY_MS;
	say(&e, CONSUMER, 409, "no billing period");
}

static void the_wrong_company_signs_nothing(void)
{
	struct ts_event e = event_of(TS_EVENT_CREDIT, 1, 5000);
	say(&e, CONSUMER, 403, "sign");
	e = event_of(TS_EVENT_CLAIM, 1, 0);
	say(&e, PROVIDER, 403, "sign");
}

/* A credit alone, one on a line, one on it that is too large, a settlement by both, a claim. */
static void companies_give_and_claim(void)
{
	struct ts_event e = event_of(TS_EVENT_CREDIT, 1, 5000), twice = e;
	say(&e, PROVIDER, 200, "logged");
	say(&twice, PROVIDER, 200, "logged"); /* the same note again */
	e = event_of(TS_EVENT_CREDIT, 2, 100000000);
	e.line = TS_STR("v1/usage/0/0/0");
	say(&e, PROVIDER, 409, "is left to credit");
	e.amount_minor = 100;
	say(&e, PROVIDER, 200, "logged");
	e = event_of(TS_EVENT_SETTLEMENT, 1, 2500);
	say(&e, PROVIDER, 200, "waiting");
	say(&e, CONSUMER, 200, "logged");
	json_t *all = credits(as_consumer);
	const json_t *one = json_array_get(json_object_get(all, "claimable"), 0);
	assert_string_equal(svc_member(one, "sla"), "uptime");
	assert_string_equal(svc_member(one, "period"), "2026-05");
	json_decref(all);
	e = event_of(TS_EVENT_CLAIM, 1, 0);
	say(&e, CONSUMER, 200, "logged");
	e = event_of(TS_EVENT_CLAIM, 2, 0); /* though nothing has folded the first yet */
	say(&e, CONSUMER, 409, "claimed already");
}

static void they_are_lines_of_the_next_document(void **state)
{
	(void)state;
	use(3, "on_demand", 100);
	use(4, "excluded_maintenance", 90);
	append();
	nothing_before_it_is_time();
	the_wrong_company_signs_nothing();
	json_t *may = document("2026-05");
	assert_null(line_of(may, "sla_credit"));
	json_decref(may);
	companies_give_and_claim();
	json_t *june = document("2026-06");
	const json_t *alone = line_of(june, "credit"), *sla = line_of(june, "sla_credit"),
		     *both = line_of(june, "settlement");
	assert_true(alone != NULL && sla != NULL && both != NULL);
	assert_string_equal(svc_member(both, "amount"), "-25.00");
	assert_string_equal(svc_member(both, "id"), "settlement-1");
	assert_string_equal(svc_member(both, "description"), "Goodwill for 4 May");
	assert_non_null(strstr(svc_member(sla, "amount"), "-"));
	json_decref(june);
	json_t *all = credits(svc.send);
	assert_int_equal(json_array_size(json_object_get(all, "data")), 4);
	assert_int_equal(json_array_size(json_object_get(all, "claimable")), 0);
	json_decref(all);
	assert_int_equal(svc_number(&svc, "select coalesce(sum(case when debit then amount else "
					  "-amount end), 0)::bigint "
					  "from app.leg where account = 'refund_liability'"),
		0);
}

static int setup(void **state)
{
	struct ts_why why = {"", ""};
	char token[128];
	(void)state;
	svc_start(&svc, "tick_s=0");
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	svc_incomplete_after_days = 0;
	svc_terms_more = json_pack("{s:[{s:s,s:{s:[s]},s:s,s:s,s:[s],s:[{s:s,s:s}],s:[{s:s,s:s}],"
				   "s:s,s:i}]}",
		"slas", "id", "uptime", "on", "prices", "h100-on-demand", "base", "before_true_up",
		"sku", "gpu-h100", "classes", "excluded_maintenance", "capacity", "from",
		"2026-05-01", "quantity", "100", "tiers", "below", "99.95", "percent", "10",
		"claim", "on_claim", "claim_days", 1000);
	assert_non_null(svc_terms_more);
	svc_contract(&svc, NULL, &contract);
	svc_agent(&svc, &contract, "colo1", TS_SIDE_PROVIDER, &agent);
	svc_ok(ts_send_create(svc.url, contract.agent_token, &as_agent, &why), &why);
	svc_token(&svc, "consumer_finance", "atlas", contract.id, token);
	svc_ok(ts_send_create(svc.url, token, &as_consumer, &why), &why);
	if (ts_hasher_init(&hasher) != TS_OK)
		return -1;
	svc_genesis(&contract, &agent, &lines);
	append();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_send_free(as_agent);
	ts_send_free(as_consumer);
	json_decref(svc_terms_more);
	ts_buf_free(&body);
	ts_buf_free(&lines);
	ts_buf_free(&answer);
	ts_hasher_free(&hasher);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_lines_of_the_next_document),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
