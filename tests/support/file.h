/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SUPPORT_FILE_H
#define TS_SUPPORT_FILE_H
/* Why: vectors stand in tests/vectors, official fixtures beside the checkout and are read in place;
 * where a fixture is absent the test is skipped, and says so. */
#include "base/text.h"
#include <stdbool.h>

struct ts_file {
	char *bytes; /* NUL behind the last one; heap */
	size_t len;
};

/* The whole file; prints the reason and exits 1 when that fails. Caller frees. */
struct ts_file ts_file_read(const char *path);
void ts_file_free(struct ts_file *file);
struct ts_str ts_file_str(const struct ts_file *file); /* borrowed */
/* Writes the file anew; prints the reason and exits 1 when that fails. */
void ts_file_write(const char *path, const void *bytes, size_t len);

/* The path of a fixture ("evidence/wycheproof/x.json"), a string of the heap that the caller
 * frees; when it is absent prints "skipped: fixture X absent" and exits 77. The folder is the
 * environment variable TS_FIXTURES, or else the one that CMake was given. */
char *ts_fixture_path(const char *name);
bool ts_fixture_exists(const char *name);
struct ts_file ts_fixture_read(const char *name);
/* The path of a file of the source tree ("tests/vectors/x.json"); heap. */
char *ts_source_path(const char *name);

#endif
