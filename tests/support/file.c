/* SPDX-License-Identifier: Apache-2.0 */
#include "support/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: cannot %s: %s\n", path, what, strerror(errno));
	exit(1);
}

struct ts_file ts_file_read(const char *path)
{
	FILE *in = fopen(path, "rb");
	if (!in)
		fail(path, "open");
	struct ts_file file = {NULL, 0};
	size_t cap = 0;
	size_t got = 0;
	do {
		file.len += got;
		if (file.len + 1 >= cap) {
			cap = cap == 0 ? 65536 : cap * 2;
			char *bytes = realloc(file.bytes, cap);
			if (!bytes)
				fail(path, "hold");
			file.bytes = bytes;
		}
		got = fread(file.bytes + file.len, 1, cap - 1 - file.len, in);
	} while (got > 0);
	if (ferror(in))
		fail(path, "read");
	fclose(in);
	file.bytes[file.len] = '\0';
	return file;
}

void ts_file_free(struct ts_file *file)
{
	free(file->bytes);
	*file = (struct ts_file){NULL, 0};
}

struct ts_str ts_file_str(const struct ts_file *file)
{
	return (struct ts_str){file->bytes, file->len};
}

void ts_file_write(const char *path, const void *bytes, size_t len)
{
	FILE *out = fopen(path, "wb");
	if (!out)
		fail(path, "create");
	if (fwrite(bytes, 1, len, out) != len || fclose(out) != 0)
		fail(path, "write");
}

static char *join(const char *folder, const char *name)
{
	size_t len = strlen(folder) + strlen(name) + 2;
	char *path = malloc(len);
	if (!path)
		fail(name, "hold the path of");
	snprintf(path, len, "%s/%s", folder, name);
	return path;
}

static char *fixture(const char *name)
{
	const char *folder = getenv("TS_FIXTURES");
	return join(folder && *folder ? folder : TS_FIXTURES, name);
}

bool ts_fixture_exists(const char *name)
{
	char *path = fixture(name);
	bool exists = access(path, R_OK) == 0;
	free(path);
	return exists;
}

char *ts_fixture_path(const char *name)
{
	if (!ts_fixture_exists(name)) {
		printf("skipped: fixture %s absent\n", name);
		exit(77);
	}
	return fixture(name);
}

struct ts_file ts_fixture_read(const char *name)
{
	char *path = ts_fixture_path(name);
	struct ts_file file = ts_file_read(path);
	free(path);
	return file;
}

char *ts_source_path(const char *name)
{
	return join(TS_SOURCE_DIR, name);
}
