/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_BUF_H
#define TS_BASE_BUF_H
/* Why: every buffer is created with its maximum; errors stick, so that an encoder checks once at
 * the end. Heap owned; ts_buf_free when done. Not NUL terminated unless ts_buf_str is called. */
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct ts_buf {
	char *data;
	size_t len;
	size_t cap;
	size_t len_max;
	enum ts_err err; /* first failure: TS_E_LIMIT or TS_E_NO_MEMORY; later writes do nothing */
};

void ts_buf_init(struct ts_buf *buf, size_t len_max);
void ts_buf_free(struct ts_buf *buf);
void ts_buf_reset(struct ts_buf *buf); /* len = 0, err = OK, memory kept */
void ts_buf_put(struct ts_buf *buf, const void *bytes, size_t len);
void ts_buf_puts(struct ts_buf *buf, const char *str);
void ts_buf_putc(struct ts_buf *buf, char c);
void ts_buf_printf(struct ts_buf *buf, const char *fmt, ...) TS_PRINTF(2, 3);
void ts_buf_put_u16be(struct ts_buf *buf, uint16_t v);
void ts_buf_put_u32be(struct ts_buf *buf, uint32_t v);
void ts_buf_put_u64be(struct ts_buf *buf, uint64_t v);
/* The contents with a NUL behind them (not counted in len); "" when an error stuck. */
const char *ts_buf_str(struct ts_buf *buf);

#endif
