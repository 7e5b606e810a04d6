/* SPDX-License-Identifier: Apache-2.0 */
/* The signer on a folder of its own: what it remembers, and that being ended between any two steps
 * makes it neither forget nor contradict what it answered. */
#include "support/test.h"
#include "service/key/signer.h"
#include "service/key/signer_client.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORIGIN "ledger.example/00112233445566778899aabbccddeeff/inputs"
#define JOURNAL "ledger.example/00112233445566778899aabbccddeeff/journal"
#define STATE "/00112233445566778899aabbccddeeff.inputs.state"
#define LEAVES 64

static struct ts_hasher hasher;
static struct ts_hash leaves[LEAVES];
static struct ts_merkle_array array = {&hasher, leaves, LEAVES};
static struct ts_why why;
static char dir[64];

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	(void)info;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int fresh(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/ts-signer-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int clean(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct ts_signer *opened(void)
{
	struct ts_signer *signer = NULL;
	assert_ok(ts_signer_open(&(struct ts_signer_options){.dir = dir}, &signer, &why));
	return signer;
}

/* The request of size over our leaves (fork: over another first leaf) from old_size. */
static struct ts_signing_request request_of(int64_t old_size, int64_t size, bool fork)
{
	struct ts_signing_request request = {.kind = TS_SIGNING_SIGN,
		.checkpoint = {.origin = TS_STR(ORIGIN), .size = size},
		.old_size = old_size};
	struct ts_merkle_source source = ts_merkle_array_source(&array);
	leaves[0].b[0] ^= fork ? 1 : 0;
	assert_ok(ts_merkle_root(&hasher, &source, size, &request.checkpoint.root));
	if (old_size > 0 && old_size < size)
		assert_ok(ts_consistency_prove(&hasher, &source, old_size, size, &request.proof));
	leaves[0].b[0] ^= fork ? 1 : 0;
	return request;
}

/* The answer, kept in `line`. */
static struct ts_signing_answer asked(struct ts_signer *signer,
	const struct ts_signing_request *request, char line[TS_SIGNING_LINE_MAX])
{
	struct ts_signing_answer answer;
	struct ts_buf text, out;
	ts_buf_init(&text, TS_SIGNING_LINE_MAX);
	ts_buf_init(&out, TS_SIGNING_LINE_MAX);
	ts_signing_format(request, &text);
	assert_ok(ts_signer_answer(signer, (struct ts_str){text.data, text.len - 1}, &out, &why));
	memcpy(line, out.data, out.len);
	assert_ok(ts_signing_answer_parse((struct ts_str){line, out.len - 1}, &answer, &why));
	ts_buf_free(&out);
	ts_buf_free(&text);
	return answer;
}

static struct ts_key made(struct ts_signer *signer, const char *origin)
{
	char line[TS_SIGNING_LINE_MAX];
	const struct ts_signing_request make = {
		.kind = TS_SIGNING_MAKE, .checkpoint = {.origin = ts_str(origin)}};
	struct ts_signing_answer answer = asked(signer, &make, line);
	assert_int_equal(answer.kind, TS_SIGNING_KEY);
	return answer.key;
}

static void refused(struct ts_signer *signer, struct ts_signing_request request,
	enum ts_signing_refusal why_not)
{
	char line[TS_SIGNING_LINE_MAX];
	struct ts_signing_answer answer = asked(signer, &request, line);
	assert_int_equal(answer.kind, TS_SIGNING_REFUSED);
	assert_int_equal(answer.refusal, why_not);
}

static void signs(struct ts_signer *signer, struct ts_signing_request request)
{
	char line[TS_SIGNING_LINE_MAX];
	assert_int_equal(asked(signer, &request, line).kind, TS_SIGNING_LINE);
}

static int64_t last_of(struct ts_signer *signer)
{
	char line[TS_SIGNING_LINE_MAX];
	const struct ts_signing_request last = {
		.kind = TS_SIGNING_LAST, .checkpoint = {.origin = TS_STR(ORIGIN)}};
	struct ts_signing_answer answer = asked(signer, &last, line);
	assert_int_equal(answer.kind, TS_SIGNING_WAS);
	return answer.size;
}

static void remembers_over_a_restart(void **state)
{
	char first[TS_SIGNING_LINE_MAX] = "", again[TS_SIGNING_LINE_MAX] = "";
	(void)state;
	struct ts_signer *signer = opened();
	refused(signer, request_of(0, 5, false), TS_SIGNING_NO_KEY);
	struct ts_key key = made(signer, ORIGIN);
	assert_int_equal(last_of(signer), 0);
	struct ts_signing_request five = request_of(0, 5, false);
	struct ts_signing_answer answer = asked(signer, &five, first);
	assert_int_equal(answer.kind, TS_SIGNING_LINE);
	/* as a note it verifies */
	struct ts_buf note;
	struct ts_note parsed;
	struct ts_note_sig sig;
	struct ts_checkpoint checkpoint;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_checkpoint_format(&five.checkpoint, &note);
	ts_buf_printf(&note, "\n%.*s\n", (int)answer.line.len, answer.line.at);
	assert_ok(ts_checkpoint_open(
		(struct ts_str){note.data, note.len}, &key, 1, &parsed, &sig, &checkpoint, &why));
	ts_buf_free(&note);
	ts_signer_close(signer);
	signer = opened();
	assert_int_equal(last_of(signer), 5);
	struct ts_key same = made(signer, ORIGIN);
	assert_true(ts_key_eq(&key, &same));
	(void)asked(signer, &five, again);
	assert_string_equal(first, again);
	refused(signer, request_of(0, 5, true), TS_SIGNING_FORK);
	refused(signer, request_of(0, 4, false), TS_SIGNING_BEHIND);
	refused(signer, request_of(4, 9, false), TS_SIGNING_STALE);
	refused(signer, request_of(5, 9, true), TS_SIGNING_PROOF);
	signs(signer, request_of(5, 9, false));
	signs(signer, request_of(9, 64, false));
	assert_int_equal(last_of(signer), 64);
	ts_signer_close(signer);
}

/* A state that cannot be read is not the absence of one. */
static void damaged_state(void **state)
{
	char path[128];
	(void)state;
	struct ts_signer *signer = opened();
	(void)made(signer, ORIGIN);
	signs(signer, request_of(0, 5, false));
	snprintf(path, sizeof path, "%s" STATE, dir);
	assert_int_equal(truncate(path, 20), 0);
	refused(signer, request_of(5, 9, false), TS_SIGNING_FAILED);
	ts_signer_close(signer);
}

static void one_signer_per_folder(void **state)
{
	struct ts_signer *second = NULL;
	(void)state;
	struct ts_signer *signer = opened();
	assert_err(ts_signer_open(&(struct ts_signer_options){.dir = dir}, &second, &why),
		TS_E_CONFLICT);
	ts_signer_close(signer);
	ts_signer_close(opened());
}

struct end_at {
	int step, at;
};

static void end_there(void *arg, const char *name)
{
	struct end_at *end = arg;
	(void)name;
	if (end->step++ == end->at)
		(void)raise(SIGKILL);
}

/* Signs sizes 1, 2, 3, ... and reports each one that was answered; ended at the k-th step. */
_Noreturn static void sign_until_ended(int k, int fd)
{
	struct end_at end = {0, k};
	struct ts_signer *signer = NULL;
	const struct ts_signer_options options = {.dir = dir, .step = end_there, .arg = &end};
	if (ts_signer_open(&options, &signer, &why) != TS_OK)
		_exit(1);
	(void)made(signer, ORIGIN);
	for (int64_t size = last_of(signer) + 1; size < LEAVES; size++) {
		char line[TS_SIGNING_LINE_MAX];
		struct ts_signing_request request = request_of(size - 1, size, false);
		if (asked(signer, &request, line).kind != TS_SIGNING_LINE ||
			write(fd, &size, sizeof size) != sizeof size)
			_exit(1);
	}
	_exit(0);
}

static void ended_between_any_two_steps(void **state)
{
	int64_t before = 0;
	(void)state;
	for (int k = 0; k < 24; k++) {
		int ends[2], status = 0;
		int64_t answered = before, size = 0;
		assert_int_equal(pipe(ends), 0);
		pid_t pid = fork();
		if (pid == 0)
			sign_until_ended(k, ends[1]);
		(void)close(ends[1]);
		while (read(ends[0], &size, sizeof size) == sizeof size)
			answered = size;
		(void)close(ends[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		struct ts_signer *signer = opened();
		before = last_of(signer);
		/* what was answered is remembered; at most the one under way as well */
		assert_true(before == answered || before == answered + 1);
		if (before > 0) {
			refused(signer, request_of(0, before, true), TS_SIGNING_FORK);
			signs(signer, request_of(before, before, false));
		}
		ts_signer_close(signer);
	}
	assert_true(before > 0);
}

struct served {
	struct ts_signer *signer;
	int fd;
	pid_t pid;
};

/* A signer behind a socket, in a process of its own. */
static struct served serve_child(void)
{
	struct served s = {NULL, -1, 0};
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	s.pid = fork();
	if (s.pid == 0) {
		(void)close(ends[0]);
		if (ts_signer_open(&(struct ts_signer_options){.dir = dir}, &s.signer, &why) !=
			TS_OK)
			_exit(1);
		_exit(ts_signer_serve(s.signer, ends[1], -1, &why) == TS_OK ? 0 : 1);
	}
	(void)close(ends[1]);
	s.fd = ends[0];
	return s;
}

static void ended_well(pid_t pid)
{
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void over_the_socket(void **state)
{
	struct ts_signer_client *client = NULL;
	struct ts_key key;
	struct ts_hash root;
	struct ts_buf note;
	int64_t size = -1;
	(void)state;
	struct served s = serve_child();
	assert_ok(ts_signer_client_wrap(s.fd, &client));
	assert_ok(ts_signer_check(client, &why));
	assert_ok(ts_signer_make(client, TS_STR(ORIGIN), &key, &why));
	assert_string_equal(key.name, ORIGIN);
	assert_ok(ts_signer_last(client, TS_STR(ORIGIN), &size, &root, &why));
	assert_int_equal(size, 0);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	struct ts_signing_request five = request_of(0, 5, false), nine = request_of(5, 9, true);
	assert_ok(ts_signer_sign(client, &five.checkpoint, 0, &five.proof, &note, &why));
	assert_err(ts_signer_sign(client, &nine.checkpoint, 5, &nine.proof, &note, &why),
		TS_E_CONFLICT);
	assert_err(
		ts_signer_sign(client, &nine.checkpoint, 4, &nine.proof, &note, &why), TS_E_STALE);
	nine.checkpoint.origin = TS_STR(JOURNAL);
	assert_err(ts_signer_sign(client, &nine.checkpoint, 0, &nine.proof, &note, &why), TS_E_KEY);
	ts_buf_free(&note);
	ts_signer_client_close(client);
	ended_well(s.pid);
}

/* Who does not speak the protocol, or sends a line without end, is hung up on. */
static void malformed_is_hung_up_on(void **state)
{
	static const char *const bad[] = {"sing\n", "\n", "ping \n", "ping\nmake x\n"};
	char filler[TS_SIGNING_LINE_MAX + 1], got[16];
	(void)state;
	memset(filler, 'x', sizeof filler);
	for (size_t i = 0; i <= sizeof bad / sizeof bad[0]; i++) {
		struct served s = serve_child();
		bool last = i == sizeof bad / sizeof bad[0];
		size_t len = last ? sizeof filler : strlen(bad[i]), n = 0;
		(void)signal(SIGPIPE, SIG_IGN);
		(void)!write(s.fd, last ? filler : bad[i], len);
		ssize_t part = 0;
		while ((part = read(s.fd, got + n, sizeof got - n)) > 0)
			n += (size_t)part;
		assert_int_equal(n, i == 3 ? 5 : 0); /* what came before was answered */
		(void)close(s.fd);
		ended_well(s.pid);
	}
}

static int setup(void **state)
{
	(void)state;
	if (ts_hasher_init(&hasher) != TS_OK)
		return -1;
	for (int i = 0; i < LEAVES; i++)
		ts_hash_leaf(&hasher, &i, sizeof i, &leaves[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(remembers_over_a_restart, fresh, clean),
		cmocka_unit_test_setup_teardown(damaged_state, fresh, clean),
		cmocka_unit_test_setup_teardown(one_signer_per_folder, fresh, clean),
		cmocka_unit_test_setup_teardown(ended_between_any_two_steps, fresh, clean),
		cmocka_unit_test_setup_teardown(over_the_socket, fresh, clean),
		cmocka_unit_test_setup_teardown(malformed_is_hung_up_on, fresh, clean),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
