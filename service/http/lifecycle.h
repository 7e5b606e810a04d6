/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_LIFECYCLE_H
#define TS_SERVICE_LIFECYCLE_H
/* Why: what a daemon does with its process: signals by signalfd, privileges, a supervisor's
 * notifications. */
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Blocks TERM, INT and HUP for this and every later thread, ignores PIPE; returns a signalfd. */
enum ts_err ts_signals_open(int *fd, struct ts_why *why) TS_MUST;
/* The next signal number, or 0 after wait_ms (negative: no limit). */
int ts_signals_wait(int fd, int64_t wait_ms);
/* TS_E_FORBIDDEN where ts_privileges_drop will refuse root, for what has to come before it. */
enum ts_err ts_privileges_check(const char *user, struct ts_why *why) TS_MUST;
/* As root: becomes user (groups, gid, uid, for good). As another user: user must be NULL or itself.
 * Then no_new_privs and no core dumps. Root without a user is refused. */
enum ts_err ts_privileges_drop(const char *user, struct ts_why *why) TS_MUST;
/* Soft limit of open files up to the hard one: a connection is a file. */
void ts_files_raise(void);
/* sd_notify(3) without the library: "READY=1", "STOPPING=1". No NOTIFY_SOCKET: does nothing. */
void ts_supervisor_notify(const char *state);

#endif
