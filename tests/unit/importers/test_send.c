/* SPDX-License-Identifier: Apache-2.0 */
/* A host that takes the connection and says nothing: who has to stop is not held up by it. */
#include "importers/send.h"
#include "support/test.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 3600 /* longer than any run of the tests */

struct mute {
	char dir[64], url[160];
	int fd, asked, stops_at;
};

static void mute_open(struct mute *m, int stops_at)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	*m = (struct mute){.dir = "/tmp/ts_send_XXXXXX", .stops_at = stops_at};
	assert_non_null(mkdtemp(m->dir));
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", m->dir);
	(void)snprintf(m->url, sizeof m->url, "unix:%s", address.sun_path);
	m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(m->fd, 4), 0); /* the kernel connects; nobody reads */
}

static void mute_close(struct mute *m)
{
	(void)close(m->fd);
	(void)unlink(m->url + 5);
	(void)rmdir(m->dir);
}

static bool stops(void *arg)
{
	struct mute *m = arg;
	return ++m->asked >= m->stops_at;
}

static void call(struct mute *m, const char *words)
{
	struct ts_send *send = NULL;
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	struct ts_buf out;
	const struct ts_send_call c = {.method = "GET",
		.path = "/checkpoint",
		.timeout_s = PATIENCE_S,
		.repeatable = true,
		.stopping = stops,
		.stopping_arg = m};
	ts_buf_init(&out, 1000);
	assert_ok(ts_send_create(m->url, NULL, &send, &why));
	assert_err(ts_send_call(send, &c, &out, &reply, &why), TS_E_UNKNOWN_OUTCOME);
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	ts_send_free(send);
	ts_buf_free(&out);
}

static void test_stops_while_it_waits(void **state)
{
	(void)state;
	struct mute m;
	mute_open(&m, 4);
	call(&m, "given up");
	assert_int_equal(m.asked, 5); /* and before the next try, which is not made */
	mute_close(&m);
}

static void test_does_not_begin(void **state)
{
	(void)state;
	struct mute m;
	mute_open(&m, 1);
	call(&m, "not tried again");
	assert_int_equal(m.asked, 1);
	mute_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_while_it_waits),
		cmocka_unit_test(test_does_not_begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
