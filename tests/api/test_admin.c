/* SPDX-License-Identifier: Apache-2.0 */
/* Health, readiness and metrics while the public side is full or stopping. */
#include "frame.h"

#include "service/command/admin.h"

struct check {
	enum ts_err err;
	long wait_ms;
};
static enum ts_err run_check(void *arg, struct ts_why *why)
{
	const struct check *check = arg;
	frame_sleep_ms(check->wait_ms);
	return check->err == TS_OK ? TS_OK : ts_why(why, check->err, "", "no \"database\"");
}

static void expect(uint16_t port, const char *path, int status, const char *part)
{
	char request[128];
	struct ts_wire_reply reply;
	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	ts_wire_ask(port, request, &reply);
	if (reply.status != status || strstr(reply.body, part) == NULL)
		fail_msg("%s: %d %s", path, reply.status, reply.body);
	ts_wire_reply_free(&reply);
}

static void test_pages(void **state)
{
	struct frame f;
	struct check check = {TS_OK, 0};
	struct ts_why why = {"", ""};
	struct ts_admin *admin = NULL;
	const struct ts_ready_check checks[] = {{"database", run_check, &check}};
	(void)state;
	frame_init(&f);
	frame_start(&f);
	const struct ts_admin_options options = {
		.listen = "127.0.0.1:0",
		.http = f.http,
		.metrics = f.metrics,
		.checks = checks,
		.checks_n = 1,
	};
	assert_ok(ts_admin_start(&options, &admin, &why));
	uint16_t port = ts_admin_port(admin);
	expect(f.port, "/t/hit", 200, "body");
	expect(f.port, "/metrics", 404, "not_found"); /* not public */
	expect(port, "/healthz", 200, "\"status\":\"ok\"");
	expect(port, "/readyz", 200, "\"database\":\"ok\"");
	expect(port, "/metrics", 200,
		"tallystick_http_requests_total{route=\"GET /t/hit\",code=\"200\"} 1\n");
	expect(port, "/metrics", 200, "tallystick_queue_depth{class=\"ingest\"} 0\n");
	expect(port, "/", 404, "not found");
	check.err = TS_E_UNAVAILABLE;
	expect(port, "/readyz", 503, "\"database\":\"no \\\"database\\\"\"");
	/* a check that hangs does not keep the others from answering */
	check.wait_ms = 500;
	int slow = ts_wire_connect(port);
	ts_wire_puts(slow, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	frame_sleep_ms(50);
	int64_t before_us = ts_clock_mono_us();
	expect(port, "/healthz", 200, "ok");
	assert_true(ts_clock_mono_us() - before_us < 400000);
	(void)close(slow);
	check = (struct check){TS_OK, 0};
	ts_http_unready(f.http);
	expect(port, "/readyz", 503, "\"status\":\"unready\"");
	expect(f.port, "/t/hit", 200, "body"); /* unready still serves */
	ts_admin_stop(admin);
	frame_stop(&f);
}

static void test_address_in_use(void **state)
{
	struct frame f;
	struct ts_why why = {"", ""};
	struct ts_admin *admin = NULL;
	char address[64];
	(void)state;
	frame_init(&f);
	frame_start(&f);
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)f.port);
	const struct ts_admin_options options = {.listen = address};
	assert_err(ts_admin_start(&options, &admin, &why), TS_E_UNAVAILABLE);
	assert_non_null(strstr(why.text, address));
	const struct ts_admin_options wrong = {.listen = "nowhere:1"};
	assert_err(ts_admin_start(&wrong, &admin, &why), TS_E_MALFORMED);
	frame_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_address_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
