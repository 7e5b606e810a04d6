/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SPOOL_FILE_H
#define TS_IMPORTERS_SPOOL_FILE_H
/* Why: the small files of a spool are written whole: beside, synced, renamed, folder synced, so
 * that a power cut leaves the old or the new one. */
#include "base/buf.h"
#include "base/text.h"

#define TS_SPOOL_FILE_BYTES_MAX 65536

/* name is relative to dir_fd; an existing file is replaced. */
enum ts_err ts_spool_file_write(int dir_fd, const char *name, struct ts_str bytes, unsigned mode,
	struct ts_why *why) TS_MUST;
/* Appends the file to *out. TS_E_NOT_FOUND, TS_E_LIMIT, TS_E_IO. */
enum ts_err ts_spool_file_read(
	int dir_fd, const char *name, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
