/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the PostgreSQL of test_disk_full.c, and into nothing else: while the file
 * TS_DISK.full exists, no file under the folder TS_DISK can grow (ENOSPC). What lies within a
 * file's length can be written again, as on a real full disk. 64-bit systems
 * only: there one system call takes the whole offset. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The C library declares these by other names of its own, one per file offset width. */
ssize_t write(int fd, const void *bytes, size_t n);
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at);
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at);
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at);
int ftruncate(int fd, off_t len);
int ftruncate64(int fd, off64_t len);
int posix_fallocate(int fd, off_t at, off_t n);
int posix_fallocate64(int fd, off64_t at, off64_t n);

static bool is_full(void)
{
	char flag[PATH_MAX];
	const char *disk = getenv("TS_DISK");
	int n = disk == NULL ? -1 : snprintf(flag, sizeof flag, "%s.full", disk);
	return n > 0 && (size_t)n < sizeof flag && access(flag, F_OK) == 0;
}

/* Whether the file would be longer than it is, on a disk that is full. */
static bool refused(int fd, off_t end)
{
	char link[64], path[PATH_MAX];
	struct stat info;
	int kept = errno;
	bool no = false;
	if (is_full() && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && end > info.st_size) {
		const char *disk = getenv("TS_DISK");
		(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		no = strncmp(path, disk, strlen(disk)) == 0 && path[strlen(disk)] == '/';
	}
	errno = no ? ENOSPC : kept;
	return no;
}

static off_t total(const struct iovec *parts, int n)
{
	off_t sum = 0;
	for (int i = 0; i < n; i++)
		sum += (off_t)parts[i].iov_len;
	return sum;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	off_t at = is_full() ? lseek(fd, 0, SEEK_CUR) : -1;
	return at >= 0 && refused(fd, at + (off_t)n) ? -1 : syscall(SYS_write, fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return refused(fd, at + (off_t)n) ? -1 : syscall(SYS_pwrite64, fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	return pwrite(fd, bytes, n, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
	return refused(fd, at + total(parts, n)) ? -1 : syscall(SYS_pwritev, fd, parts, n, at, 0);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at)
{
	return pwritev(fd, parts, n, at);
}

int ftruncate(int fd, off_t len)
{
	return refused(fd, len) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int ftruncate64(int fd, off64_t len)
{
	return ftruncate(fd, len);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
	if (refused(fd, at + n))
		return ENOSPC;
	return syscall(SYS_fallocate, fd, 0, at, n) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	return posix_fallocate(fd, at, n);
}
