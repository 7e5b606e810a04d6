/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_REGION_H
#define TS_BASE_REGION_H
/* Why: one region per request, batch or pass, with a cap; everything in it goes at once, so that
 * there is no cleanup code and no input can take more memory than its cap. Not thread safe. */
#include "base/err.h"
#include <stdarg.h>
#include <stddef.h>

struct ts_region;

/* A region that gives out at most bytes_max bytes. NULL when memory is out. Caller frees. */
struct ts_region *ts_region_create(size_t bytes_max) TS_MUST;
void ts_region_free(struct ts_region *region); /* NULL is allowed */
void ts_region_reset(struct ts_region *region); /* forgets all, keeps the first block */
size_t ts_region_used_bytes(const struct ts_region *region);

/* Zeroed memory aligned for any type, owned by the region; NULL over the cap or without memory. */
void *ts_region_alloc(struct ts_region *region, size_t bytes) TS_MUST;
void *ts_region_array(struct ts_region *region, size_t count, size_t bytes_each) TS_MUST;
/* Copies with a terminating NUL; NULL as above. */
char *ts_region_copy(struct ts_region *region, const void *bytes, size_t len) TS_MUST;
char *ts_region_printf(struct ts_region *region, const char *fmt, ...) TS_PRINTF(2, 3) TS_MUST;

/* For third-party handles only: __attribute__((cleanup(ts_region_cleanup))). */
void ts_region_cleanup(struct ts_region **region);

#endif
