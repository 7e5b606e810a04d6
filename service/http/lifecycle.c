/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/lifecycle.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum ts_err ts_signals_open(int *fd, struct ts_why *why)
{
	sigset_t set;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigaction(SIGPIPE, &ignore, NULL) != 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return ts_why(why, TS_E_IO, "signals", "cannot block signals: %s", strerror(errno));
	int got = signalfd(-1, &set, SFD_CLOEXEC);
	if (got < 0)
		return ts_why(why, TS_E_IO, "signals", "signalfd: %s", strerror(errno));
	*fd = got;
	return TS_OK;
}

int ts_signals_wait(int fd, int64_t wait_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int timeout = wait_ms < 0 ? -1 : (int)(wait_ms > 3600000 ? 3600000 : wait_ms);
	struct signalfd_siginfo info;
	if (poll(&pfd, 1, timeout) != 1 || read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

static enum ts_err become(const char *user, struct ts_why *why)
{
	errno = 0;
	const struct passwd *pw = getpwnam(user);
	if (pw == NULL || pw->pw_uid == 0)
		return ts_why(
			why, TS_E_INVALID, "user", "\"%s\" is not a user without privileges", user);
	uid_t uid = pw->pw_uid;
	gid_t gid = pw->pw_gid;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
		setresuid(uid, uid, uid) != 0)
		return ts_why(
			why, TS_E_IO, "user", "cannot become \"%s\": %s", user, strerror(errno));
	TS_ASSERT(setuid(0) != 0 && geteuid() == uid && getegid() == gid);
	return TS_OK;
}

enum ts_err ts_privileges_check(const char *user, struct ts_why *why)
{
	if (geteuid() == 0 && user == NULL)
		return ts_why(
			why, TS_E_FORBIDDEN, "user", "does not serve as root: give --user NAME");
	return TS_OK;
}

enum ts_err ts_privileges_drop(const char *user, struct ts_why *why)
{
	TS_TRY(ts_privileges_check(user, why));
	if (geteuid() == 0) {
		TS_TRY(become(user, why));
	} else if (user != NULL) {
		const struct passwd *pw = getpwnam(user);
		if (pw == NULL || pw->pw_uid != geteuid())
			return ts_why(
				why, TS_E_FORBIDDEN, "user", "only root can become \"%s\"", user);
	}
	const struct rlimit no_core = {0, 0}; /* a core file would hold the service keys */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return ts_why(
			why, TS_E_IO, "user", "cannot give up privileges: %s", strerror(errno));
	return TS_OK;
}

void ts_files_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

void ts_supervisor_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, strlen(path));
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	ssize_t sent = sendto(
		fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr, len);
	(void)sent;
	(void)close(fd);
}
