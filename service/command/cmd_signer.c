/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "service/command/command.h"
#include "service/config.h"
#include "service/http/lifecycle.h"
#include "service/key/signer.h"
#include "service/key/signer_client.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REGION_BYTES_MAX (1u << 20)
#define LOCK_WAIT_MS 3000
#define CHILD_FD 3 /* where `serve` leaves its end */

static int run(int argc, char **argv);

const struct ts_command ts_cmd_signer = {
	.name = "signer",
	.summary = "hold the log keys and sign checkpoints (serve starts its own by default)",
	.usage = "tallystick signer --config FILE [--set KEY=VALUE]... [--user NAME]\n"
		 "\n"
		 "Listens on signer_socket and signs what follows from what it signed before. It\n"
		 "alone needs to read signer_dir (key_dir when that is empty). Without a\n"
		 "signer_socket `serve` starts its own signer and this command is not needed.\n"
		 "A log that went back (a restored backup) is not signed: docs/operations.md.\n"
		 "\n"
		 "example:\n"
		 "  tallystick signer --config /etc/tallystick.conf --user tallysigner\n",
	.run = run,
};

struct signing {
	const char *config_path, *user;
	struct ts_opt_list sets;
	bool child;
	struct ts_config config;
};

static enum ts_err load(struct signing *s, struct ts_region *region, struct ts_why *why)
{
	TS_TRY(ts_config_read(s->config_path, s->sets.items, s->sets.n, region, &s->config, why));
	if (!s->child && s->config.signer_socket[0] == '\0')
		return ts_why(why, TS_E_MISSING_FIELD, "signer_socket",
			"is not set: serve starts its own signer");
	return TS_OK;
}

/* Nothing that is open, no way to look at the memory, none of it on a disk. Locking all of it needs
 * a limit that ordinary users do not have; the keys' own pages are locked in any case. */
static enum ts_err harden(const char *user, bool child, struct ts_why *why)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	if (close_range(child ? CHILD_FD + 1 : CHILD_FD, ~0U, 0) != 0)
		return ts_why(why, TS_E_IO, "signer", "close_range: %s", strerror(errno));
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	TS_TRY(ts_privileges_drop(user, why));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return ts_why(why, TS_E_IO, "signer", "prctl: %s", strerror(errno));
	return TS_OK;
}

/* A socket that is there already is a dead signer's: the lock on the folder says that none lives.
 */
static enum ts_err listen_at(const char *path, int *out, struct ts_why *why)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct stat st;
	if (strlen(path) >= sizeof at.sun_path)
		return ts_why(why, TS_E_LIMIT, "signer_socket", "the path is too long");
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask = umask(0117); /* owner and group; the folder decides who reaches it */
	bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 &&
		  listen(fd, TS_SIGNER_CONNECTIONS_MAX) == 0;
	int code = errno;
	(void)umask(mask);
	if (!ok) {
		if (fd >= 0)
			(void)close(fd);
		return ts_why(why, TS_E_IO, path, "cannot listen: %s", strerror(code));
	}
	*out = fd;
	return TS_OK;
}

static enum ts_err work(const struct signing *s, struct ts_why *why)
{
	struct ts_signer *signer = NULL;
	const struct ts_signer_options options = {
		.dir = ts_signer_dir(&s->config), .wait_ms = s->child ? LOCK_WAIT_MS : 0};
	int listener = -1;
	TS_TRY(harden(s->user, s->child, why));
	TS_TRY(ts_signer_open(&options, &signer, why));
	enum ts_err err = s->child ? TS_OK : listen_at(s->config.signer_socket, &listener, why);
	if (err == TS_OK)
		err = ts_signer_serve(signer, s->child ? CHILD_FD : -1, listener, why);
	ts_signer_close(signer);
	return err;
}

static int run(int argc, char **argv)
{
	struct signing s = {.child = false};
	struct ts_why why = {"", ""};
	int exit_code = 0;
	const struct ts_opt opts[] = {
		{"config", TS_OPT_TEXT, false, &s.config_path, "FILE", "configuration file"},
		{"set", TS_OPT_LIST, false, &s.sets, "KEY=VALUE", "overrides one key"},
		{"user", TS_OPT_TEXT, false, &s.user, "NAME",
			"user to become when started as root"},
		{"child", TS_OPT_FLAG, false, &s.child, NULL,
			"used by serve: talk over descriptor 3 until it is closed"},
	};
	if (!ts_opt_parse(&ts_cmd_signer, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 0, 0,
		    NULL, &exit_code))
		return exit_code;
	/* A child ends when serve closes the socket; a signal to the whole group must not end it
	 * before what serve finishes is signed. */
	if (s.child && (signal(SIGINT, SIG_IGN) == SIG_ERR || signal(SIGTERM, SIG_IGN) == SIG_ERR ||
			       signal(SIGHUP, SIG_IGN) == SIG_ERR))
		return TS_EXIT_FAILED;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return ts_command_fail(&ts_cmd_signer, TS_E_NO_MEMORY, NULL);
	enum ts_err err = load(&s, region, &why);
	if (err == TS_OK)
		err = work(&s, &why);
	ts_region_free(region);
	exit_code = err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_signer, err, &why);
	/* Not by exit: what runs there (a leak checker, for one) may want to look at a process that
	 * cannot be looked at. */
	_exit(exit_code);
}
