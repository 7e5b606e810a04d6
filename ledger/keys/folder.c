/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum ts_err ts_folder_sync(const char *path, struct ts_why *why)
{
	char copy[PATH_MAX];
	if (strlen(path) >= sizeof copy)
		return ts_why(why, TS_E_LIMIT, path, "path too long");
	memcpy(copy, path, strlen(path) + 1);
	int dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ts_why(why, TS_E_IO, path, "cannot open its folder: %s", strerror(errno));
	int failed = fsync(dir);
	close(dir);
	return failed != 0 ? ts_why(why, TS_E_IO, path, "cannot sync its folder") : TS_OK;
}
