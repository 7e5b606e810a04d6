/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_SUPPORT_CLUSTER_H
#define TS_TESTS_SUPPORT_CLUSTER_H
/* Why: a private PostgreSQL per test program: own folder, unix socket only, durable settings, gone
 * when the program ends, also when it is killed (a guard process watches it). Tests connect as the
 * service's roles; the superuser is for looking and for breaking things. */
#include "base/err.h"
#include <stdint.h>
#include <sys/types.h>

struct ts_cluster {
	char dir[64];
	char admin[192]; /* conninfo of the superuser; not for what is under test */
	char ingest[192]; /* ts_ingest */
	char service[192]; /* ts_service */
	char auditor[192]; /* ts_auditor */
	pid_t guard;
	int alive; /* pipe to the guard; closing it ends the cluster */
};
typedef enum ts_err (*ts_cluster_migrate)(
	const char *conninfo, int64_t now_us, int *applied, struct ts_why *why);
/* migrate: ts_migrate (passed in, so that this library needs no room above base); NULL: an empty
 * database. Exits 77 (skipped) when no PostgreSQL server is installed, 1 when it does not start. */
void ts_cluster_start(struct ts_cluster *cluster, ts_cluster_migrate migrate);
/* The same, with a folder that is made ready before initdb fills it: cluster->dir/data, empty. */
typedef void (*ts_cluster_prepare)(const struct ts_cluster *cluster);
void ts_cluster_start_in(
	struct ts_cluster *cluster, ts_cluster_prepare prepare, ts_cluster_migrate migrate);
/* Also done by exit. */
void ts_cluster_stop(struct ts_cluster *cluster);
/* pg_ctl as the server's user: "stop -m immediate", "start", "restart -m fast", ... */
void ts_cluster_ctl(struct ts_cluster *cluster, const char *action);
/* Time that tests pass as now: 2026-06-15T12:00:00Z. Migrate makes partitions from June 2026 on. */
#define TS_CLUSTER_NOW_US INT64_C(1781524800000000)

#endif
