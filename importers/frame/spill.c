/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/spill.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void ts_spill_init(struct ts_spill *spill, size_t cap_bytes)
{
	*spill = (struct ts_spill){.cap_bytes = cap_bytes, .fd = -1};
}

void ts_spill_free(struct ts_spill *spill)
{
	if (spill->fd >= 0) {
		munmap(spill->data, spill->bytes);
		close(spill->fd);
	} else {
		free(spill->data);
	}
	ts_spill_init(spill, spill->cap_bytes);
}

static int open_unlinked(void)
{
	char path[4096];
	const char *dir = getenv("TMPDIR");
	if (!dir || !dir[0])
		dir = "/var/tmp"; /* /tmp may be memory */
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	int n = snprintf(path, sizeof(path), "%s/tallystick-XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static enum ts_err grow_memory(struct ts_spill *spill, size_t bytes)
{
	char *data = realloc(spill->data, bytes);
	if (!data)
		return TS_E_NO_MEMORY;
	memset(data + spill->bytes, 0, bytes - spill->bytes);
	spill->data = data;
	spill->bytes = bytes;
	return TS_OK;
}

static enum ts_err move_to_file(struct ts_spill *spill, size_t bytes)
{
	int fd = open_unlinked();
	if (fd < 0)
		return TS_E_IO;
	void *data = MAP_FAILED;
	if (posix_fallocate(fd, 0, (off_t)bytes) == 0)
		data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED) {
		close(fd);
		return TS_E_IO;
	}
	if (spill->bytes)
		memcpy(data, spill->data, spill->bytes);
	free(spill->data);
	spill->data = data;
	spill->bytes = bytes;
	spill->fd = fd;
	return TS_OK;
}

enum ts_err ts_spill_grow(struct ts_spill *spill, size_t bytes)
{
	if (bytes <= spill->bytes)
		return TS_OK;
	if (spill->fd < 0)
		return bytes <= spill->cap_bytes ? grow_memory(spill, bytes)
						 : move_to_file(spill, bytes);
	size_t more = bytes - spill->bytes;
	if (posix_fallocate(spill->fd, (off_t)spill->bytes, (off_t)more) != 0)
		return TS_E_IO;
	void *data = mremap(spill->data, spill->bytes, bytes, MREMAP_MAYMOVE);
	if (data == MAP_FAILED)
		return TS_E_NO_MEMORY;
	spill->data = data;
	spill->bytes = bytes;
	return TS_OK;
}
