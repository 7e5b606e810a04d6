/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent of test_agent_kill.sh, and into nothing else: the process is killed
 * (SIGKILL) before or behind the n-th call that puts something on disk or talks to the service. n
 * is TS_KILL_AT, from 1; every call counts twice, before and behind it. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void step(void)
{
	static long at = -1;
	static long now;
	int kept = errno;
	if (at < 0) {
		const char *text = getenv("TS_KILL_AT");
		at = text ? strtol(text, NULL, 10) : 0;
	}
	if (++now == at)
		(void)kill(getpid(), SIGKILL);
	errno = kept;
}

/* The function of the C library that has the name; an object pointer is no function pointer in C.
 */
#define REAL(name, type)                                                                           \
	type real_##name;                                                                          \
	void *found_##name = dlsym(RTLD_NEXT, #name);                                              \
	memcpy(&real_##name, &found_##name, sizeof(real_##name))

#define WRAP(result, name, params, args, type)                                                     \
	result name params;                                                                        \
	result name params                                                                         \
	{                                                                                          \
		typedef type;                                                                      \
		REAL(name, name##_type);                                                           \
		step();                                                                            \
		result got = real_##name args;                                                     \
		step();                                                                            \
		return got;                                                                        \
	}

WRAP(int, fsync, (int fd), (fd), int (*fsync_type)(int))
WRAP(int, fdatasync, (int fd), (fd), int (*fdatasync_type)(int))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), int (*ftruncate_type)(int, off_t))
WRAP(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags),
	int (*unlinkat_type)(int, const char *, int))
WRAP(int, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b),
	int (*renameat_type)(int, const char *, int, const char *))
WRAP(int, fflush, (FILE * file), (file), int (*fflush_type)(FILE *))
WRAP(ssize_t, send, (int fd, const void *bytes, size_t n, int flags), (fd, bytes, n, flags),
	ssize_t (*send_type)(int, const void *, size_t, int))
WRAP(ssize_t, recv, (int fd, void *bytes, size_t n, int flags), (fd, bytes, n, flags),
	ssize_t (*recv_type)(int, void *, size_t, int))
