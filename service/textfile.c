/* SPDX-License-Identifier: Apache-2.0 */
#include "service/textfile.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum ts_err read_stream(FILE *file, const char *path, struct ts_buf *out, struct ts_why *why)
{
	char block[16384];
	size_t n = 0;
	while (out->err == TS_OK && (n = fread(block, 1, sizeof block, file)) > 0)
		ts_buf_put(out, block, n);
	if (ferror(file) != 0)
		return ts_why(why, TS_E_IO, path, "cannot read: %s", strerror(errno));
	if (out->err != TS_OK)
		return ts_why(why, out->err, path, "larger than %zu bytes", out->len_max);
	return TS_OK;
}

enum ts_err ts_textfile_read(const char *path, struct ts_buf *out, struct ts_why *why)
{
	if (strcmp(path, "-") == 0)
		return read_stream(stdin, path, out, why);
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open: %s", strerror(errno));
	enum ts_err err = read_stream(file, path, out, why);
	fclose(file);
	return err;
}

enum ts_err ts_textfile_write(const char *path, const void *bytes, size_t len, struct ts_why *why)
{
	char temp[PATH_MAX];
	int n = snprintf(temp, sizeof temp, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof temp)
		return ts_why(why, TS_E_LIMIT, path, "path too long");
	FILE *file = fopen(temp, "wbe");
	if (file == NULL)
		return ts_why(why, TS_E_IO, temp, "cannot create: %s", strerror(errno));
	bool failed = fwrite(bytes, 1, len, file) != len;
	failed |= fflush(file) != 0 || fsync(fileno(file)) != 0;
	failed |= fclose(file) != 0;
	if (failed || rename(temp, path) != 0) {
		int saved = errno;
		unlink(temp);
		return ts_why(why, TS_E_IO, path, "cannot write: %s", strerror(saved));
	}
	return TS_OK;
}
