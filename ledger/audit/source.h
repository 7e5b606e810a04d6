/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_SOURCE_H
#define TS_AUDIT_SOURCE_H
/* Why: a bundle is larger than memory and lies in a file, a spool or a mirror: the room reads it at
 * offsets through this and does no I/O of its own. */
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct ts_audit_source {
	/* Exactly len bytes from offset; offset + len <= size. */
	enum ts_err (*read)(void *ctx, int64_t offset, void *out, size_t len);
	void *ctx;
	int64_t size;
};

#endif
