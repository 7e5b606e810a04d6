/* SPDX-License-Identifier: Apache-2.0 */
#include "service/key/signer_client.h"
#include "service/clock.h"
#include "service/command/command.h"
#include "service/key/signer.h"
#include "base/time.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_WAIT_S 10
#define CHILD_FD 3
#define SETTING_BYTES_MAX 2100 /* a configuration value and its name */

extern char **environ;

struct ts_signer_client {
	const struct ts_config *config; /* NULL: wrapped */
	const char *user; /* only for the first start; afterwards this process is that user */
	struct ts_log *log;
	pthread_mutex_t lock;
	int fd; /* -1: down */
	pid_t child; /* 0: none */
	int status; /* of the child that ended last */
	int64_t starts_us[TS_SIGNER_STARTS_MAX]; /* monotonic; a ring of the last starts */
	size_t starts;
};

const char *ts_signer_dir(const struct ts_config *config)
{
	return config->signer_dir[0] != '\0' ? config->signer_dir : config->key_dir;
}

static enum ts_err adopt(struct ts_signer_client *client, int fd, struct ts_why *why)
{
	const struct timeval wait = {ANSWER_WAIT_S, 0};
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) {
		(void)close(fd);
		return ts_why(why, TS_E_IO, "signer", "setsockopt: %s", strerror(errno));
	}
	client->fd = fd;
	return TS_OK;
}

static enum ts_err connect_to(struct ts_signer_client *client, const char *path, struct ts_why *why)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof at.sun_path)
		return ts_why(why, TS_E_LIMIT, "signer_socket", "the path is too long");
	memcpy(at.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
		int code = errno;
		if (fd >= 0)
			(void)close(fd);
		return ts_why(
			why, TS_E_UNAVAILABLE, path, "no signer answers there: %s", strerror(code));
	}
	return adopt(client, fd, why);
}

static int spawn_child(const struct ts_signer_client *client, int fd, pid_t *pid)
{
	char setting[SETTING_BYTES_MAX], user_option[] = "--user";
	char *argv[8] = {(char[]){"tallystick"}, (char[]){"signer"}, (char[]){"--child"},
		(char[]){"--set"}, setting, NULL, NULL, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	(void)snprintf(setting, sizeof setting, "signer_dir=%s", ts_signer_dir(client->config));
	if (client->user != NULL && geteuid() == 0) {
		argv[5] = user_option;
		argv[6] = (char *)(uintptr_t)client->user;
	}
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	int failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	failed |= posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	failed |= posix_spawn_file_actions_adddup2(&actions, fd, CHILD_FD);
	failed |= posix_spawnattr_setsigmask(&attr, &none);
	failed |= posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (failed == 0)
		failed = posix_spawn(pid, "/proc/self/exe", &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static enum ts_err start_child(struct ts_signer_client *client, struct ts_why *why)
{
	int ends[2];
	pid_t pid = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return ts_why(why, TS_E_IO, "signer", "socketpair: %s", strerror(errno));
	int end = fcntl(ends[1], F_DUPFD_CLOEXEC, CHILD_FD + 1); /* out of the way of 0, 1 and 3 */
	int failed = end < 0 ? errno : spawn_child(client, end, &pid);
	(void)close(ends[1]);
	if (end >= 0)
		(void)close(end);
	if (failed != 0) {
		(void)close(ends[0]);
		return ts_why(
			why, TS_E_UNAVAILABLE, "signer", "cannot start: %s", strerror(failed));
	}
	client->child = pid;
	return adopt(client, ends[0], why);
}

/* A dead or silent signer is ended for good: the lock on its folder must be free for the next. */
static void put_down(struct ts_signer_client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	client->fd = -1;
	if (client->child > 0) {
		(void)kill(client->child, SIGKILL);
		while (waitpid(client->child, &client->status, 0) < 0 && errno == EINTR)
			;
	}
	client->child = 0;
}

static enum ts_err start(struct ts_signer_client *client, struct ts_why *why)
{
	int64_t now = ts_clock_mono_us();
	int64_t *oldest = &client->starts_us[client->starts % TS_SIGNER_STARTS_MAX];
	if (client->config == NULL)
		return ts_why(why, TS_E_UNAVAILABLE, "signer", "has hung up");
	if (client->config->signer_socket[0] != '\0')
		return connect_to(client, client->config->signer_socket, why);
	if (client->starts >= TS_SIGNER_STARTS_MAX &&
		now - *oldest < TS_SIGNER_STARTS_S * TS_US_PER_S)
		return ts_why(why, TS_E_UNAVAILABLE, "signer",
			"died %d times within %d seconds; it is started again later",
			TS_SIGNER_STARTS_MAX, TS_SIGNER_STARTS_S);
	*oldest = now;
	client->starts++;
	TS_TRY(start_child(client, why));
	if (client->log != NULL)
		TS_LOG(client->log, TS_LOG_WARN, "signer", TS_LOG_TEXT("text", "started again"),
			TS_LOG_NUM("pid", client->child));
	return TS_OK;
}

/* One line; there is never more than one answer under way. */
static bool receive_line(int fd, char *out, size_t max, size_t *len)
{
	*len = 0;
	while (*len < max) {
		ssize_t n = recv(fd, out + *len, max - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		*len += (size_t)n;
		if (out[*len - 1] == '\n')
			return true;
	}
	return false;
}

/* The answer borrows from `line`. */
static enum ts_err exchange(struct ts_signer_client *client, const struct ts_buf *request,
	char line[TS_SIGNING_LINE_MAX], struct ts_signing_answer *out, struct ts_why *why)
{
	size_t len = 0;
	if (!ts_signer_send(client->fd, request) ||
		!receive_line(client->fd, line, TS_SIGNING_LINE_MAX, &len)) {
		put_down(client);
		return ts_why(why, TS_E_UNAVAILABLE, "signer", "does not answer");
	}
	enum ts_err err = ts_signing_answer_parse((struct ts_str){line, len - 1}, out, why);
	if (err != TS_OK)
		put_down(client);
	return err;
}

static enum ts_err ask(struct ts_signer_client *client, const struct ts_signing_request *request,
	int tries, char line[TS_SIGNING_LINE_MAX], struct ts_signing_answer *out,
	struct ts_why *why)
{
	struct ts_buf text;
	enum ts_err err = TS_E_UNAVAILABLE;
	ts_buf_init(&text, TS_SIGNING_LINE_MAX);
	ts_signing_format(request, &text);
	if (text.err != TS_OK) {
		err = text.err;
		ts_buf_free(&text);
		return err;
	}
	pthread_mutex_lock(&client->lock);
	for (int i = 0; i < tries && err == TS_E_UNAVAILABLE; i++) {
		err = client->fd >= 0 ? TS_OK : start(client, why);
		if (err == TS_OK)
			err = exchange(client, &text, line, out, why);
	}
	pthread_mutex_unlock(&client->lock);
	ts_buf_free(&text);
	return err;
}

static enum ts_err create(struct ts_signer_client **out)
{
	struct ts_signer_client *client = calloc(1, sizeof *client);
	if (client == NULL)
		return TS_E_NO_MEMORY;
	client->fd = -1;
	pthread_mutex_init(&client->lock, NULL);
	*out = client;
	return TS_OK;
}

static enum ts_err ping(struct ts_signer_client *client, struct ts_why *why)
{
	static const struct ts_signing_request request = {.kind = TS_SIGNING_PING};
	struct ts_signing_answer answer;
	char line[TS_SIGNING_LINE_MAX];
	return ask(client, &request, 1, line, &answer, why);
}

enum ts_err ts_signer_client_open(const struct ts_config *config, const char *user,
	struct ts_signer_client **out, struct ts_why *why)
{
	struct ts_signer_client *client = NULL;
	TS_TRY(create(&client));
	client->config = config;
	client->user = user;
	enum ts_err err = ping(client, why);
	client->user = NULL;
	if (err == TS_E_UNAVAILABLE && WIFEXITED(client->status) &&
		WEXITSTATUS(client->status) == TS_EXIT_FAILED)
		err = ts_why(why, TS_E_IO, "signer", "did not start; it has said why");
	if (err != TS_OK) {
		ts_signer_client_close(client);
		return err;
	}
	*out = client;
	return TS_OK;
}

enum ts_err ts_signer_client_wrap(int fd, struct ts_signer_client **out)
{
	struct ts_signer_client *client = NULL;
	TS_TRY(create(&client));
	client->fd = fd;
	*out = client;
	return TS_OK;
}

void ts_signer_client_close(struct ts_signer_client *client)
{
	if (client == NULL)
		return;
	/* It has nothing to finish: what it answered is on disk, and nobody asks any more. */
	put_down(client);
	pthread_mutex_destroy(&client->lock);
	free(client);
}

void ts_signer_client_log(struct ts_signer_client *client, struct ts_log *log)
{
	client->log = log;
}

static enum ts_err refused(
	const struct ts_signing_answer *answer, struct ts_str origin, struct ts_why *why)
{
	static const struct {
		enum ts_err err;
		const char *text;
	} of[] = {
		[TS_SIGNING_OK] = {TS_E_INTERNAL, ""},
		[TS_SIGNING_BEHIND] = {TS_E_CONFLICT, "the database is behind it (an old backup?): "
						      "see \"A restored database\" in "
						      "docs/operations.md"},
		[TS_SIGNING_FORK] = {TS_E_CONFLICT,
			"another root of that size is signed: see \"A restored database\" in "
			"docs/operations.md"},
		[TS_SIGNING_STALE] = {TS_E_STALE, "somebody else signed meanwhile"},
		[TS_SIGNING_PROOF] = {TS_E_CONFLICT, "the log does not continue it (an old backup "
						     "that was written on?): see \"A "
						     "restored database\" in docs/operations.md"},
		[TS_SIGNING_NO_KEY] = {TS_E_KEY, "the signer has no key of this log"},
		[TS_SIGNING_FAILED] = {TS_E_UNAVAILABLE,
			"the signer cannot read or store its state: look at its folder"},
	};
	return ts_why(why, of[answer->refusal].err, "signer",
		"%.*s: not signed, size %lld was signed last: %s", (int)origin.len, origin.at,
		(long long)answer->size, of[answer->refusal].text);
}

/* What was signed last has changed since the proof was made: somebody else was faster, and whether
 * the refusal stands is seen from there. */
static bool overtaken(
	const struct ts_signing_request *request, const struct ts_signing_answer *answer)
{
	return request->kind == TS_SIGNING_SIGN && answer->size != request->old_size &&
	       (answer->refusal == TS_SIGNING_BEHIND || answer->refusal == TS_SIGNING_FORK);
}

/* An answer of another kind than was asked for is a signer that is none. */
static enum ts_err ask_for(struct ts_signer_client *client,
	const struct ts_signing_request *request, enum ts_signing_answer_kind kind,
	char line[TS_SIGNING_LINE_MAX], struct ts_signing_answer *out, struct ts_why *why)
{
	TS_TRY(ask(client, request, 2, line, out, why));
	if (out->kind == TS_SIGNING_REFUSED && overtaken(request, out))
		out->refusal = TS_SIGNING_STALE;
	if (out->kind == TS_SIGNING_REFUSED)
		return refused(out, request->checkpoint.origin, why);
	if (out->kind != kind)
		return ts_why(why, TS_E_INTERNAL, "signer", "answers something else");
	return TS_OK;
}

enum ts_err ts_signer_make(struct ts_signer_client *client, struct ts_str origin,
	struct ts_key *out, struct ts_why *why)
{
	const struct ts_signing_request request = {
		.kind = TS_SIGNING_MAKE, .checkpoint = {.origin = origin}};
	struct ts_signing_answer answer;
	char line[TS_SIGNING_LINE_MAX];
	TS_TRY(ask_for(client, &request, TS_SIGNING_KEY, line, &answer, why));
	*out = answer.key;
	return TS_OK;
}

enum ts_err ts_signer_last(struct ts_signer_client *client, struct ts_str origin, int64_t *size,
	struct ts_hash *root, struct ts_why *why)
{
	const struct ts_signing_request request = {
		.kind = TS_SIGNING_LAST, .checkpoint = {.origin = origin}};
	struct ts_signing_answer answer;
	char line[TS_SIGNING_LINE_MAX];
	TS_TRY(ask_for(client, &request, TS_SIGNING_WAS, line, &answer, why));
	*size = answer.size;
	*root = answer.root;
	return TS_OK;
}

enum ts_err ts_signer_sign(struct ts_signer_client *client, const struct ts_checkpoint *checkpoint,
	int64_t old_size, const struct ts_path *proof, struct ts_buf *note, struct ts_why *why)
{
	struct ts_signing_request request = {
		.kind = TS_SIGNING_SIGN, .checkpoint = *checkpoint, .old_size = old_size};
	struct ts_signing_answer answer;
	char line[TS_SIGNING_LINE_MAX];
	request.proof.n = proof->n;
	memcpy(request.proof.hashes, proof->hashes, proof->n * sizeof proof->hashes[0]);
	TS_TRY(ask_for(client, &request, TS_SIGNING_LINE, line, &answer, why));
	ts_checkpoint_format(checkpoint, note);
	ts_buf_putc(note, '\n');
	ts_buf_put(note, answer.line.at, answer.line.len);
	ts_buf_putc(note, '\n');
	return note->err;
}

enum ts_err ts_signer_check(struct ts_signer_client *client, struct ts_why *why)
{
	return ping(client, why);
}
