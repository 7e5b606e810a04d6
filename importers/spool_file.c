/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/spool_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum ts_err io_error(struct ts_why *why, const char *name, const char *what)
{
	return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, name, "%s: %s", what,
		strerror(errno));
}

static enum ts_err write_all(int fd, struct ts_str bytes)
{
	size_t done = 0;
	while (done < bytes.len) {
		ssize_t n = write(fd, bytes.at + done, bytes.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return TS_E_IO;
		done += (size_t)n;
	}
	return TS_OK;
}

enum ts_err ts_spool_file_write(
	int dir_fd, const char *name, struct ts_str bytes, unsigned mode, struct ts_why *why)
{
	char beside[256];
	int n = snprintf(beside, sizeof(beside), "%s.new", name);
	TS_ASSERT(n > 0 && (size_t)n < sizeof(beside));
	if (unlinkat(dir_fd, beside, 0) != 0 && errno != ENOENT)
		return io_error(why, beside, "unlink");
	int fd = openat(dir_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return io_error(why, beside, "create");
	enum ts_err err = write_all(fd, bytes);
	if (err == TS_OK && fsync(fd) != 0)
		err = TS_E_IO;
	if (err != TS_OK)
		err = io_error(why, beside, "write");
	if (close(fd) != 0 && err == TS_OK)
		err = io_error(why, beside, "close");
	if (err == TS_OK && renameat(dir_fd, beside, dir_fd, name) != 0)
		err = io_error(why, name, "rename");
	if (err == TS_OK && fsync(dir_fd) != 0)
		err = io_error(why, name, "sync of the folder");
	return err;
}

enum ts_err ts_spool_file_read(int dir_fd, const char *name, struct ts_buf *out, struct ts_why *why)
{
	char piece[4096];
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return io_error(why, name, "open");
	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			enum ts_err err = io_error(why, name, "read");
			close(fd);
			return err;
		}
		if (n == 0)
			break;
		ts_buf_put(out, piece, (size_t)n);
	}
	close(fd);
	return out->err == TS_OK
		       ? TS_OK
		       : ts_why(why, out->err, name, "longer than %zu bytes", out->len_max);
}
