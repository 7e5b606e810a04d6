/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_input.h"
#include "importers/send.h"
#include "service/clock.h"
#include "service/textfile.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMAND_BYTES_MAX 8192
#define TOKEN_BYTES_MAX 512

void ts_agent_input_expand(const char *text, const struct ts_agent_asked *asked, struct ts_buf *out)
{
	const struct {
		const char *name;
		int64_t ms;
		bool seconds;
	} names[] = {
		{"{since}", asked->since_ms, false},
		{"{until}", asked->until_ms, false},
		{"{since_s}", asked->since_ms, true},
		{"{until_s}", asked->until_ms, true},
	};
	while (*text) {
		size_t i = 0;
		size_t n = sizeof(names) / sizeof(names[0]);
		while (i < n && strncmp(text, names[i].name, strlen(names[i].name)) != 0)
			i++;
		if (i == n) {
			ts_buf_putc(out, *text++);
			continue;
		}
		text += strlen(names[i].name);
		time_t at = (time_t)(names[i].ms / 1000);
		struct tm tm;
		char stamp[32] = "";
		if (names[i].seconds)
			ts_buf_printf(out, "%lld", (long long)at);
		else if (gmtime_r(&at, &tm) &&
			 strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm) > 0)
			ts_buf_printf(out, "%s", stamp);
	}
}

/* A file without a name. */
static enum ts_err open_nameless(FILE **out, struct ts_why *why)
{
	const char *dir = getenv("TMPDIR");
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/tallystick-agent-XXXXXX",
		dir && dir[0] == '/' ? dir : "/var/tmp");
	if (n < 0 || (size_t)n >= sizeof(path))
		return ts_why(why, TS_E_LIMIT, "TMPDIR", "the path is too long");
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return ts_why(why, TS_E_IO, path, "%s", strerror(errno));
	(void)unlink(path);
	*out = fdopen(fd, "w+");
	if (*out)
		return TS_OK;
	(void)close(fd);
	return TS_E_NO_MEMORY;
}

static void close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

/* In the child: never returns. */
static void become_command(const char *text, int out, int err, int64_t bytes_max)
{
	const struct rlimit size = {(rlim_t)bytes_max, (rlim_t)bytes_max};
	sigset_t none;
	sigemptyset(&none);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (setpgid(0, 0) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0 || null < 0 ||
		dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
		setrlimit(RLIMIT_FSIZE, &size) != 0 || signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
		setenv("TZ", "UTC", 1) != 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

/* The first words on its stderr. */
static void said(FILE *err, char out[160])
{
	rewind(err);
	size_t n = fread(out, 1, 159, err);
	out[n] = '\0';
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

static enum ts_err judge_exit(int status, FILE *err, int64_t bytes_max, struct ts_why *why)
{
	char text[160];
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return TS_OK;
	/* The shell, or what it ran. */
	if ((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) ||
		(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGXFSZ))
		return ts_why(why, TS_E_LIMIT, "command", "its output is over %lld bytes",
			(long long)bytes_max);
	said(err, text);
	if (WIFSIGNALED(status))
		return ts_why(why, TS_E_UNAVAILABLE, "command", "ended by signal %d: %s",
			WTERMSIG(status), text);
	return ts_why(
		why, TS_E_UNAVAILABLE, "command", "exit code %d: %s", WEXITSTATUS(status), text);
}

/* Waits for the child; ends its process group when the time is over or we have to go. */
static enum ts_err wait_for(pid_t pid, const struct ts_agent_settings *settings,
	const struct ts_agent_asked *asked, FILE *err, struct ts_why *why)
{
	const struct timespec pause = {0, 20000000};
	int64_t deadline_us = ts_clock_mono_us() + settings->command_timeout_s * 1000000;
	for (;;) {
		int status = 0;
		pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid)
			return judge_exit(status, err, settings->input_bytes_max, why);
		if (got < 0 && errno != EINTR)
			return ts_why(why, TS_E_IO, "command", "wait: %s", strerror(errno));
		bool stop = asked->stopping && asked->stopping(asked->ctx);
		if (stop || ts_clock_mono_us() > deadline_us) {
			(void)kill(-pid, SIGKILL);
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return ts_why(why, TS_E_UNAVAILABLE, "command",
				stop ? "given up: this process stops"
				     : "ended: it took over %lld s",
				(long long)settings->command_timeout_s);
		}
		(void)nanosleep(&pause, NULL);
	}
}

static enum ts_err run_command(const struct ts_agent_settings *settings,
	const struct ts_agent_asked *asked, FILE *file, struct ts_why *why)
{
	FILE *err __attribute__((cleanup(close_file))) = NULL;
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, COMMAND_BYTES_MAX);
	TS_TRY(open_nameless(&err, why));
	ts_agent_input_expand(settings->command, asked, &text);
	ts_buf_putc(&text, '\0');
	if (text.err != TS_OK)
		return ts_why(why, text.err, "command", "longer than %d bytes", COMMAND_BYTES_MAX);
	pid_t pid = fork();
	if (pid < 0)
		return ts_why(why, TS_E_IO, "command", "fork: %s", strerror(errno));
	if (pid == 0)
		become_command(text.data, fileno(file), fileno(err), settings->input_bytes_max);
	return wait_for(pid, settings, asked, err, why);
}

/* The first line of a file that holds a token. */
static enum ts_err read_token(const char *path, char out[TOKEN_BYTES_MAX], struct ts_why *why)
{
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, TOKEN_BYTES_MAX - 1);
	TS_TRY(ts_textfile_read(path, &text, why));
	size_t n = 0;
	while (n < text.len && text.data[n] != '\n')
		n++;
	memcpy(out, text.data, n);
	out[n] = '\0';
	explicit_bzero(text.data, text.len);
	return TS_OK;
}

static enum ts_err get(const struct ts_agent_settings *settings, const char *base, const char *path,
	const struct ts_agent_asked *asked, FILE *file, struct ts_why *why)
{
	char token[TOKEN_BYTES_MAX] = "";
	struct ts_buf answer __attribute__((cleanup(ts_buf_free)));
	struct ts_send *send = NULL;
	struct ts_send_reply reply;
	ts_buf_init(&answer, 65536);
	if (settings->fetch_token_file[0])
		TS_TRY(read_token(settings->fetch_token_file, token, why));
	enum ts_err err = ts_send_create(base, token, &send, why);
	explicit_bzero(token, sizeof(token));
	TS_TRY(err);
	const struct ts_send_call call = {.method = "GET",
		.path = path,
		.file = file,
		.file_bytes_max = settings->input_bytes_max,
		.timeout_s = (int)settings->command_timeout_s,
		.stopping = asked->stopping,
		.stopping_arg = asked->ctx,
		.repeatable = true};
	err = ts_send_call(send, &call, &answer, &reply, why);
	ts_send_free(send);
	TS_TRY(err);
	if (reply.status < 200 || reply.status > 299)
		return ts_why(why, TS_E_UNAVAILABLE, "fetch", "http status %ld from %.100s",
			reply.status, base);
	return TS_OK;
}

static enum ts_err fetch(const struct ts_agent_settings *settings,
	const struct ts_agent_asked *asked, FILE *file, struct ts_why *why)
{
	struct ts_buf url __attribute__((cleanup(ts_buf_free)));
	char base[1024];
	ts_buf_init(&url, COMMAND_BYTES_MAX);
	ts_agent_input_expand(settings->fetch, asked, &url);
	ts_buf_putc(&url, '\0');
	TS_TRY(url.err);
	const char *host = strstr(url.data, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	int n = snprintf(base, sizeof(base), "%.*s",
		(int)(path ? (size_t)(path - url.data) : url.len - 1), url.data);
	if (n < 0 || (size_t)n >= sizeof(base))
		return ts_why(why, TS_E_LIMIT, "fetch", "the URL's host is too long");
	return get(settings, base, path ? path : "/", asked, file, why);
}

enum ts_err ts_agent_input(const struct ts_agent_settings *settings,
	const struct ts_agent_asked *asked, FILE **out, struct ts_why *why)
{
	FILE *file = NULL;
	TS_TRY(open_nameless(&file, why));
	enum ts_err err = settings->command[0] ? run_command(settings, asked, file, why)
					       : fetch(settings, asked, file, why);
	if (err == TS_OK && (fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0))
		err = ts_why(why, TS_E_IO, "input", "%s", strerror(errno));
	if (err != TS_OK) {
		fclose(file);
		return err;
	}
	*out = file;
	return TS_OK;
}
