/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_TEXTFILE_H
#define TS_SERVICE_TEXTFILE_H
/* Why: commands read and write whole small files in one way: bounded, and written beside and
 * renamed so that no reader ever sees half a file. */
#include "base/buf.h"
#include <stdbool.h>

/* Appends the file to *out ("-" reads standard input), within its maximum. TS_E_NOT_FOUND, TS_E_IO,
 * TS_E_LIMIT. */
enum ts_err ts_textfile_read(const char *path, struct ts_buf *out, struct ts_why *why) TS_MUST;
enum ts_err ts_textfile_write(
	const char *path, const void *bytes, size_t len, struct ts_why *why) TS_MUST;

#endif
