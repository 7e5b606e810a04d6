/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_FIRST ((size_t)256)

/* Invariants: len <= len_max; data is NULL or has cap + 1 bytes, so that a NUL always fits. */

void ts_buf_init(struct ts_buf *buf, size_t len_max)
{
	TS_ASSERT(len_max <= SIZE_MAX / 4);
	*buf = (struct ts_buf){.len_max = len_max, .err = TS_OK};
}

void ts_buf_free(struct ts_buf *buf)
{
	free(buf->data);
	*buf = (struct ts_buf){.len_max = buf->len_max, .err = TS_OK};
}

void ts_buf_reset(struct ts_buf *buf)
{
	buf->len = 0;
	buf->err = TS_OK;
}

/* Room for len more bytes; false when an error stuck. */
static bool reserve(struct ts_buf *buf, size_t len)
{
	if (buf->err != TS_OK)
		return false;
	TS_ASSERT(buf->len <= buf->len_max);
	if (len > buf->len_max - buf->len) {
		buf->err = TS_E_LIMIT;
		return false;
	}
	size_t need = buf->len + len;
	if (buf->data && need <= buf->cap)
		return true;
	size_t cap = buf->cap < CAP_FIRST / 2 ? CAP_FIRST : buf->cap * 2;
	if (cap < need)
		cap = need;
	if (cap > buf->len_max)
		cap = buf->len_max;
	char *data = realloc(buf->data, cap + 1);
	if (!data) {
		buf->err = TS_E_NO_MEMORY;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void ts_buf_put(struct ts_buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || !reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

void ts_buf_puts(struct ts_buf *buf, const char *str)
{
	ts_buf_put(buf, str, strlen(str));
}

void ts_buf_putc(struct ts_buf *buf, char c)
{
	ts_buf_put(buf, &c, 1);
}

void ts_buf_printf(struct ts_buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	if (len < 0 && buf->err == TS_OK)
		buf->err = TS_E_INTERNAL;
	if (len >= 0 && reserve(buf, (size_t)len)) {
		if (vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again) == len)
			buf->len += (size_t)len;
		else
			buf->err = TS_E_INTERNAL;
	}
	va_end(again);
	va_end(args);
}

static void put_be(struct ts_buf *buf, uint64_t v, size_t bytes)
{
	unsigned char be[8];
	for (size_t i = 0; i < bytes; i++)
		be[i] = (unsigned char)(v >> (8 * (bytes - 1 - i)));
	ts_buf_put(buf, be, bytes);
}

void ts_buf_put_u16be(struct ts_buf *buf, uint16_t v)
{
	put_be(buf, v, 2);
}

void ts_buf_put_u32be(struct ts_buf *buf, uint32_t v)
{
	put_be(buf, v, 4);
}

void ts_buf_put_u64be(struct ts_buf *buf, uint64_t v)
{
	put_be(buf, v, 8);
}

const char *ts_buf_str(struct ts_buf *buf)
{
	if (!reserve(buf, 0))
		return "";
	buf->data[buf->len] = '\0';
	return buf->data;
}
