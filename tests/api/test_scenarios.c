/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong in other billing systems when two did the same at once, each as a test that bears
 * its name. Every one of the hands has a connection of its own; what they leave is audited. */
#include "api/service.h"
#include "support/test.h"
#include <pthread.h>

#define HANDS 8
#define MONTHS 3

static struct svc svc;
static struct ts_hasher hasher;
static struct svc_contract contract;
static struct svc_agent agent;
static struct ts_buf body, lines, answer;
static char finance[128]; /* token of the provider's people */

/* One hand: a request of its own. */
struct hand {
	pthread_t thread;
	pthread_barrier_t *together;
	const char *token;
	struct ts_send_call call;
	char path[160], key[64];
	long status;
	struct ts_buf answer;
};

static void *lend(void *arg)
{
	struct hand *h = arg;
	struct ts_send *send = NULL;
	struct ts_send_reply reply = {0};
	struct ts_why why = {"", ""};
	if (ts_send_create(svc.url, h->token, &send, &why) != TS_OK)
		send = NULL;
	(void)pthread_barrier_wait(h->together);
	if (send != NULL && ts_send_call(send, &h->call, &h->answer, &reply, &why) == TS_OK)
		h->status = reply.status;
	ts_send_free(send);
	return NULL;
}

/* All at once. A barrier and not a clock: they are ready together, whatever comes first then. */
static void at_once(struct hand *hands, int n)
{
	pthread_barrier_t together;
	assert_int_equal(pthread_barrier_init(&together, NULL, (unsigned)n), 0);
	for (int i = 0; i < n; i++) {
		hands[i].together = &together;
		hands[i].call.path = hands[i].path;
		if (hands[i].key[0] != '\0')
			hands[i].call.idempotency_key = hands[i].key;
		ts_buf_init(&hands[i].answer, SVC_ANSWER_MAX);
		assert_int_equal(pthread_create(&hands[i].thread, NULL, lend, &hands[i]), 0);
	}
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_join(hands[i].thread, NULL), 0);
	(void)pthread_barrier_destroy(&together);
}

static void let_go(struct hand *hands, int n)
{
	for (int i = 0; i < n; i++)
		ts_buf_free(&hands[i].answer);
}

/* How many got that status; everybody else is told why not (409). */
static int winners(struct hand *hands, int n, long status)
{
	int won = 0;
	for (int i = 0; i < n; i++) {
		if (hands[i].status != status && hands[i].status != 409)
			fail_msg("%s: %ld %s", hands[i].path, hands[i].status,
				ts_buf_str(&hands[i].answer));
		won += hands[i].status == status;
	}
	return won;
}

static void ask(struct hand *h, const char *method, const char *what, const char *key)
{
	*h = (struct hand){.token = svc.admin, .call = {.method = method}};
	snprintf(h->path, sizeof h->path, "/v1/contracts/%s/%s", contract.id, what);
	snprintf(h->key, sizeof h->key, "%s", key);
}

/* Two billing jobs ran at once and billed twice; a refresh met a finalisation; a number was lost
 * under contention. Every hand closes, then every second one issues while the others look: one cut,
 * one document, numbers without a gap. */
static void one_document_however_many_close(void **state)
{
	static const char *const months[MONTHS] = {"2026-05", "2026-06", "2026-07"};
	struct hand hands[HANDS];
	char what[64], key[64];
	(void)state;
	for (int m = 0; m < MONTHS; m++) {
		for (int i = 0; i < HANDS; i++) {
			snprintf(what, sizeof what, "periods/%s/close", months[m]);
			snprintf(key, sizeof key, "close-%d-%d", m, i);
			ask(&hands[i], "POST", what, key);
		}
		at_once(hands, HANDS);
		assert_int_equal(winners(hands, HANDS, 200), 1);
		let_go(hands, HANDS);
		for (int i = 0; i < HANDS; i++) {
			bool looks = i % 2 == 1;
			snprintf(what, sizeof what, "periods/%s/%s", months[m],
				looks ? "preview" : "invoice");
			snprintf(key, sizeof key, "issue-%d-%d", m, i);
			ask(&hands[i], looks ? "GET" : "POST", what, looks ? "" : key);
		}
		at_once(hands, HANDS);
		int issued = 0;
		for (int i = 0; i < HANDS; i++) {
			if (hands[i].status != (i % 2 ? 200 : 201) && hands[i].status != 409)
				fail_msg("%s: %ld %s", hands[i].path, hands[i].status,
					ts_buf_str(&hands[i].answer));
			issued += hands[i].status == 201;
		}
		assert_int_equal(issued, 1);
		let_go(hands, HANDS);
	}
	assert_int_equal(svc_number(&svc, "select count(*) from app.document"), MONTHS);
	assert_int_equal(
		svc_number(&svc, "select count(distinct number) * 1000 + max(right(number, "
				 "6)::bigint) from app.document"),
		MONTHS * 1000 + MONTHS);
	assert_int_equal(svc_number(&svc, "select count(*) from app.period where cut"), MONTHS);
}

/* One id posted by a hundred at once was stored twice; a new id for every emission billed four
 * times. Every hand sends the same upload: one batch, and its lines once. */
static void the_same_upload_counts_once(void **state)
{
	struct hand hands[HANDS];
	(void)state;
	int64_t before = svc_number(&svc, "select count(*) from app.usage");
	for (int i = 0; i < 40; i++)
		ts_buf_printf(&lines,
			"u1\t%lld\t%lld\tgpu-h100\t8000\t28800000000\ton_demand\tjob\tnode\t-\n",
			(long long)(SVC_FROM_MS + i * INT64_C(3600000)),
			(long long)(SVC_FROM_MS + (i + 1) * INT64_C(3600000)));
	ts_buf_reset(&body);
	svc_append_body(&hasher, &agent, (struct ts_str){lines.data, lines.len}, &body);
	for (int i = 0; i < HANDS; i++) {
		hands[i] = (struct hand){.token = contract.agent_token,
			.call = {.method = "POST", .body = body.data, .body_len = body.len}};
		snprintf(
			hands[i].path, sizeof hands[i].path, "/v1/streams/%s/append", agent.stream);
	}
	at_once(hands, HANDS);
	assert_int_equal(winners(hands, HANDS, 200), HANDS); /* all the same receipt */
	for (int i = 1; i < HANDS; i++)
		assert_string_equal(ts_buf_str(&hands[i].answer), ts_buf_str(&hands[0].answer));
	let_go(hands, HANDS);
	assert_int_equal(svc_number(&svc, "select count(*) from app.usage"), before + 40);
}

/* A key of one customer answered another's request: keys are the client's own. The same key by two
 * of one client, at once, has its effect once, and everybody the same answer. */
static void a_key_belongs_to_its_client(void **state)
{
	struct hand hands[HANDS];
	(void)state;
	int64_t before = svc_number(&svc, "select count(*) from app.idempotency");
	for (int i = 0; i < HANDS; i++) {
		ask(&hands[i], "POST", "settle", "one-key");
		if (i % 2 == 1)
			hands[i].token = finance;
	}
	at_once(hands, HANDS);
	(void)winners(hands, HANDS, 200);
	/* one of the operator's, one of the provider's people */
	assert_int_equal(svc_number(&svc, "select count(*) from app.idempotency"), before + 2);
	for (int side = 0; side < 2; side++) {
		struct hand *first = NULL;
		for (int i = side; i < HANDS; i += 2) {
			if (hands[i].status != 200)
				continue; /* in flight: it is told to ask again */
			if (first == NULL)
				first = &hands[i];
			assert_string_equal(
				ts_buf_str(&hands[i].answer), ts_buf_str(&first->answer));
		}
		assert_non_null(first);
	}
	let_go(hands, HANDS);
}

static int setup(void **state)
{
	(void)state;
	svc_start(&svc, "tick_s=0");
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	svc_incomplete_after_days = 0;
	svc_contract(&svc, NULL, &contract);
	svc_agent(&svc, &contract, "colo1", TS_SIDE_PROVIDER, &agent);
	svc_token(&svc, "provider_finance", "orbit", contract.id, finance);
	if (ts_hasher_init(&hasher) != TS_OK)
		return -1;
	svc_genesis(&contract, &agent, &lines);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
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
		cmocka_unit_test(the_same_upload_counts_once),
		cmocka_unit_test(a_key_belongs_to_its_client),
		cmocka_unit_test(one_document_however_many_close),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
