/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cluster.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char cluster_bin[256]; /* folder of initdb and pg_ctl */
static struct ts_cluster *cluster_running; /* for atexit */

_Noreturn static void cluster_die(int code, const char *text)
{
	fprintf(stderr, "test cluster: %s\n", text);
	_exit(code);
}

/* TS_PG_BIN, else the newest of Debian's folders, else where PATH has initdb. */
static void find_bin(void)
{
	const char *env = getenv("TS_PG_BIN");
	glob_t found = {0};

	if (env != NULL)
		snprintf(cluster_bin, sizeof cluster_bin, "%s", env);
	else if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0)
		snprintf(cluster_bin, sizeof cluster_bin, "%.*s",
			(int)(strlen(found.gl_pathv[found.gl_pathc - 1]) - strlen("/initdb")),
			found.gl_pathv[found.gl_pathc - 1]);
	else if (glob("/usr/bin/initdb", 0, NULL, &found) == 0)
		snprintf(cluster_bin, sizeof cluster_bin, "/usr/bin");
	else
		cluster_die(77, "skipped: no PostgreSQL server is installed (initdb not found)");
	globfree(&found);
}

/* PostgreSQL refuses to run as root. */
static const struct passwd *server_user(void)
{
	const struct passwd *user = NULL;

	if (geteuid() != 0)
		return NULL;
	user = getpwnam("postgres");
	return user != NULL ? user : getpwnam("nobody");
}

/* Runs a program of the server as its user, output into `log`; returns its exit status. */
static int server_run(const struct ts_cluster *cluster, char *argv[])
{
	const struct passwd *user = server_user();
	char path[512], log[128];
	int status = 0;
	pid_t pid = 0;

	snprintf(path, sizeof path, "%s/%s", cluster_bin, argv[0]);
	snprintf(log, sizeof log, "%s/log", cluster->dir);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = -1;

		if (user != NULL && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
					    setuid(user->pw_uid) != 0))
			_exit(126);
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 ||
			chdir(cluster->dir) != 0)
			_exit(126);
		/* Its programs look for each other beside the path that they were called by. */
		argv[0] = path;
		execv(path, argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ts_cluster_ctl(struct ts_cluster *cluster, const char *action)
{
	char data[128], words[128], *argv[16] = {0};
	size_t n = 0;
	char *save = NULL;

	snprintf(data, sizeof data, "%s/data", cluster->dir);
	snprintf(words, sizeof words, "%s", action);
	argv[n++] = (char[]){"pg_ctl"};
	argv[n++] = (char[]){"-D"};
	argv[n++] = data;
	argv[n++] = (char[]){"-w"};
	argv[n++] = (char[]){"-s"};
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 15;
		w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	server_run(cluster, argv);
}

static void remove_all(const char *dir)
{
	char *argv[] = {(char[]){"rm"}, (char[]){"-rf"}, (char[]){"--"}, NULL, NULL};
	char path[64];
	pid_t pid = 0;

	snprintf(path, sizeof path, "%s", dir);
	argv[3] = path;
	pid = fork();
	if (pid == 0) {
		execv("/bin/rm", argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* Waits until the test is gone, however it went: then its end of the pipe is closed. In a session
 * of its own, so that a signal to the test's process group does not end it too. */
static void guard_start(struct ts_cluster *cluster)
{
	int ends[2];
	char byte = 0;

	if (pipe2(ends, O_CLOEXEC) != 0)
		cluster_die(1, "no pipe");
	cluster->guard = fork();
	if (cluster->guard == 0) {
		setsid();
		signal(SIGPIPE, SIG_IGN);
		/* Holding the test's output open would keep whoever reads it waiting. */
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		for (int fd = 3; fd < 1024; fd++)
			if (fd != ends[0])
				close(fd);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		ts_cluster_ctl(cluster, "stop -m immediate");
		remove_all(cluster->dir);
		_exit(0);
	}
	close(ends[0]);
	cluster->alive = ends[1];
}

void ts_cluster_stop(struct ts_cluster *cluster)
{
	if (cluster->guard <= 0)
		return;
	close(cluster->alive);
	while (waitpid(cluster->guard, NULL, 0) < 0 && errno == EINTR)
		;
	cluster->guard = 0;
	cluster_running = NULL;
}

static void stop_at_exit(void)
{
	if (cluster_running != NULL)
		ts_cluster_stop(cluster_running);
}

static void write_config(const struct ts_cluster *cluster)
{
	char path[128];
	FILE *f = NULL;

	snprintf(path, sizeof path, "%s/data/postgresql.auto.conf", cluster->dir);
	f = fopen(path, "a");
	if (f == NULL)
		cluster_die(1, "postgresql.auto.conf can't be written");
	/* Durable as in production; small, because many tests run side by side. */
	fprintf(f,
		"listen_addresses = ''\nunix_socket_directories = '%s'\nmax_connections = 40\n"
		"shared_buffers = '32MB'\nlogging_collector = off\nautovacuum_naptime = 600\n",
		cluster->dir);
	fclose(f);
}

static void conninfo(const struct ts_cluster *cluster, const char *role, char out[192])
{
	snprintf(out, 192, "host=%s port=5432 dbname=postgres user=%s", cluster->dir, role);
}

void ts_cluster_start(struct ts_cluster *cluster, ts_cluster_migrate migrate)
{
	ts_cluster_start_in(cluster, NULL, migrate);
}

void ts_cluster_start_in(
	struct ts_cluster *cluster, ts_cluster_prepare prepare, ts_cluster_migrate migrate)
{
	const struct passwd *user = server_user();
	char data[80], *argv[] = {(char[]){"initdb"}, (char[]){"-D"}, data, (char[]){"-U"},
			       (char[]){"postgres"}, (char[]){"-A"}, (char[]){"trust"},
			       (char[]){"--encoding=UTF8"}, (char[]){"--locale=C.UTF-8"},
			       (char[]){"--no-sync"}, (char[]){"--no-instructions"}, NULL};
	struct ts_why why;

	find_bin();
	memset(cluster, 0, sizeof *cluster);
	snprintf(cluster->dir, sizeof cluster->dir, "/tmp/ts-cluster-XXXXXX");
	if (mkdtemp(cluster->dir) == NULL)
		cluster_die(1, "no temporary folder");
	if (user != NULL && chown(cluster->dir, user->pw_uid, user->pw_gid) != 0)
		cluster_die(1, "the temporary folder can't be given to the server's user");
	chmod(cluster->dir, 0755);
	guard_start(cluster);
	if (cluster_running == NULL)
		atexit(stop_at_exit);
	cluster_running = cluster;
	if (prepare != NULL)
		prepare(cluster);
	snprintf(data, sizeof data, "%s/data", cluster->dir);
	if (server_run(cluster, argv) != 0)
		cluster_die(1, "initdb failed");
	write_config(cluster);
	ts_cluster_ctl(cluster, "start");
	conninfo(cluster, "postgres", cluster->admin);
	conninfo(cluster, "ts_ingest", cluster->ingest);
	conninfo(cluster, "ts_service", cluster->service);
	conninfo(cluster, "ts_auditor", cluster->auditor);
	if (migrate != NULL && migrate(cluster->admin, TS_CLUSTER_NOW_US, NULL, &why) != TS_OK) {
		fprintf(stderr, "migrate: %s: %s\n", why.where, why.text);
		cluster_die(1, "the migrations failed");
	}
}
