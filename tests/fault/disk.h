/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_FAULT_DISK_H
#define TS_TESTS_FAULT_DISK_H
/* Why: a disk of its own for the test's PostgreSQL, that can be full and have room again. Where the
 * test may mount, it is a small tmpfs filled to the last page; elsewhere the shim full_disk.c makes
 * every write that would grow a file fail. Either way write-ahead log and tables share it. */
#include "api/service.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#define DISK_BYTES (INT64_C(224) << 20) /* five recycled log segments, and the database twice */

enum disk_kind { DISK_SHIM, DISK_TMPFS };
static enum disk_kind disk_kind;
static char disk_data[80]; /* the cluster's data folder */
static struct ts_cluster *disk_cluster; /* to be released */

/* A name space for mounts of our own: nothing of it outlives the test. */
static inline bool disk_may_mount(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static inline void disk_preload(bool on)
{
	if (on && disk_kind == DISK_SHIM) {
		setenv("TS_DISK", disk_data, 1);
		setenv("LD_PRELOAD", TS_FULL_DISK, 1);
	} else {
		unsetenv("LD_PRELOAD");
	}
}

/* Before initdb. */
static inline void disk_prepare(const struct ts_cluster *cluster)
{
	char options[128];
	struct stat owner;
	snprintf(disk_data, sizeof disk_data, "%s/data", cluster->dir);
	disk_preload(true);
	if (disk_kind != DISK_TMPFS)
		return;
	if (stat(cluster->dir, &owner) != 0 || mkdir(disk_data, 0700) != 0)
		svc_die("disk", "no folder");
	snprintf(options, sizeof options, "size=%lld,mode=0700,uid=%u,gid=%u",
		(long long)DISK_BYTES, owner.st_uid, owner.st_gid);
	if (mount("tmpfs", disk_data, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0)
		svc_die("disk", strerror(errno));
}

static inline void disk_marker(char out[96])
{
	snprintf(out, 96, disk_kind == DISK_SHIM ? "%s.full" : "%s/ballast", disk_data);
}

/* Also takes what became free since the last time. */
static inline void disk_fill(void)
{
	static const char page[4096];
	char path[96];
	disk_marker(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		svc_die("disk", strerror(errno));
	while (disk_kind == DISK_TMPFS && write(fd, page, sizeof page) > 0)
		;
	close(fd);
}

static inline void disk_free(void)
{
	char path[96];
	disk_marker(path);
	if (unlink(path) != 0)
		svc_die("disk", strerror(errno));
}

/* Ends the server while its folder is still there, then takes the disk away: the cluster's guard
 * can remove what is left. */
static inline void disk_release(void)
{
	if (disk_cluster == NULL)
		return;
	ts_cluster_ctl(disk_cluster, "stop -m immediate");
	if (disk_kind == DISK_TMPFS)
		(void)umount2(disk_data, MNT_DETACH);
	disk_cluster = NULL;
}

#endif
