/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_RECON_FILE_H
#define TS_SERVICE_RECON_FILE_H
/* Why: records of one side for `tallystick recon`, from files of record lines. One pass makes the
 * cells and notes where the lines of each hour stand, so that an hour can be read again by itself;
 * memory is that of cells and of those places, never of records. */
#include "audit/recon/recon.h"
#include "reports/recon.h"

#define TS_RECON_FILES_MAX 64
#define TS_RECON_STREAMS_MAX 1024
#define TS_RECON_RUNS_MAX 4000000 /* of lines that start in one hour, beside each other */

struct ts_recon_files;
/* Both belong to the region; close when done. A file whose bytes were given before counts once;
 * so do lines of a stream that was given before, up to where both differ: what follows there is a
 * fork, and failed. why->where is FILE:LINE. */
enum ts_err ts_recon_files_open(enum ts_recon_side side, const char *const *paths, size_t n,
	struct ts_region *region, struct ts_recon_files **out, struct ts_why *why) TS_MUST;
void ts_recon_files_close(struct ts_recon_files *files); /* NULL is allowed */
/* Fills sheets and span_ms_max. */
enum ts_err ts_recon_files_sheets(const struct ts_recon_files *files, struct ts_region *region,
	struct ts_recon_sided *out) TS_MUST;
const struct ts_recon_input *ts_recon_files_inputs(const struct ts_recon_files *files, size_t *n);
enum ts_err ts_recon_files_lines(struct ts_recon_files *files, int64_t from_ms, int64_t to_ms,
	const struct ts_recon_sink *sink, struct ts_why *why) TS_MUST;

#endif
