/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_SPILL_H
#define TS_IMPORTERS_FRAME_SPILL_H
/* Why: an array that may outgrow memory: over a cap it moves into an unlinked temporary file, which
 * the kernel keeps in memory only as long as nobody else wants it. The file's blocks are reserved
 * before they are written, so that a full disk is an error and not a signal. */
#include "base/err.h"
#include <stddef.h>

struct ts_spill {
	void *data; /* zeroed where never written; moves when it grows */
	size_t bytes;
	size_t cap_bytes; /* of memory; beyond it a file */
	int fd; /* -1: in memory */
};
void ts_spill_init(struct ts_spill *spill, size_t cap_bytes);
void ts_spill_free(struct ts_spill *spill);
/* To at least `bytes`. TS_E_NO_MEMORY; TS_E_IO: no room for the file. */
enum ts_err ts_spill_grow(struct ts_spill *spill, size_t bytes) TS_MUST;

#endif
