/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_MIGRATE_H
#define TS_STORE_MIGRATE_H
/* Why: migrations go forward only, each in one transaction, under one advisory lock, and are known
 * by name and hash: a database whose migrations differ from the compiled ones is refused. */
#include "base/err.h"
#include <stdint.h>

/* Applies what is missing. conninfo must name a superuser (roles with BYPASSRLS are created); every
 * object belongs to ts_owner afterwards. Twice is the same as once. Makes usage partitions from the
 * month of now_us on. *applied (NULL allowed) = migrations applied now.
 * TS_E_VERSION: the database has migrations that this program does not know, or others. */
enum ts_err ts_migrate(
	const char *conninfo, int64_t now_us, int *applied, struct ts_why *why) TS_MUST;
/* Number of compiled migrations. */
int ts_migrate_count(void);

#endif
