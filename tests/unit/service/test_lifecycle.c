/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/lifecycle.h"

#include "support/test.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_signals(void **state)
{
	int fd = -1;
	(void)state;
	assert_ok(ts_signals_open(&fd, NULL));
	assert_int_equal(ts_signals_wait(fd, 10), 0);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_int_equal(ts_signals_wait(fd, 1000), SIGHUP);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(ts_signals_wait(fd, -1), SIGTERM);
	assert_int_equal(close(fd), 0);
}

/* In a child, because there is no way back. Returns its exit code. */
static int in_child(const char *user)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct ts_why why;
		if (ts_privileges_drop(user, &why) != TS_OK)
			_exit(1);
		_exit(geteuid() == 0 || setuid(0) == 0 ? 2 : 0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_privileges(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(in_child(NULL), 1); /* does not serve as root */
		assert_int_equal(in_child("root"), 1);
		assert_int_equal(in_child("no such user"), 1);
		assert_int_equal(in_child("nobody"), 0);
	} else {
		assert_int_equal(in_child(NULL), 0);
		assert_int_equal(in_child("root"), 1);
	}
}

static void test_notify(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	static const char path[] = "notify-test.sock";
	char cwd[512];
	char full[600];
	char got[64] = "";
	(void)state;
	ts_supervisor_notify("READY=1"); /* nobody listens: nothing happens */
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(full, sizeof(full), "%s/%s", cwd, path);
	if (strlen(full) >= sizeof(addr.sun_path))
		skip();
	memcpy(addr.sun_path, full, strlen(full));
	(void)unlink(full);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", full, 1), 0);
	ts_supervisor_notify("READY=1");
	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 7);
	assert_string_equal(got, "READY=1");
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	(void)close(fd);
	(void)unlink(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_notify),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
