/* SPDX-License-Identifier: Apache-2.0 */
/* The stream row's packed windows: u64be from_ms, window_ms, n; then per window five u64be (start,
 * first, count, quantity sum, closed_to) and the SKU behind a u16be length. Written and read by
 * ingest only; it follows from the stream's lines. */
#include "store/ingest.h"
#include <endian.h>
#include <string.h>

#define WINDOWS_HEAD 24
#define WINDOW_FIXED 42

void ts_windows_pack(const struct ts_windows *windows, struct ts_buf *out)
{
	ts_buf_put_u64be(out, (uint64_t)windows->from_ms);
	ts_buf_put_u64be(out, (uint64_t)windows->window_ms);
	ts_buf_put_u64be(out, windows->n);
	for (size_t i = 0; i < windows->n; i++) {
		const struct ts_window *w = &windows->list[i];

		ts_buf_put_u64be(out, (uint64_t)w->start_ms);
		ts_buf_put_u64be(out, (uint64_t)w->first);
		ts_buf_put_u64be(out, (uint64_t)w->count);
		ts_buf_put_u64be(out, (uint64_t)w->quantity_sum);
		ts_buf_put_u64be(out, (uint64_t)w->closed_to);
		ts_buf_put_u16be(out, (uint16_t)w->sku.len);
		ts_buf_put(out, w->sku.at, w->sku.len);
	}
}

static int64_t take_i64(struct ts_str *rest)
{
	uint64_t be = 0;

	memcpy(&be, rest->at, 8);
	rest->at += 8;
	rest->len -= 8;
	return (int64_t)be64toh(be);
}

enum ts_err ts_windows_unpack(struct ts_str bytes, struct ts_windows *windows)
{
	size_t n = 0;

	TS_ASSERT(windows->n == 0);
	if (bytes.len == 0)
		return TS_OK; /* a stream without lines */
	if (bytes.len < WINDOWS_HEAD || take_i64(&bytes) != windows->from_ms ||
		take_i64(&bytes) != windows->window_ms)
		return TS_E_MALFORMED;
	n = (size_t)take_i64(&bytes);
	if (n > TS_WINDOW_OPEN_MAX + TS_WINDOW_CLOSED_MAX)
		return TS_E_MALFORMED;
	for (size_t i = 0; i < n; i++) {
		struct ts_window w;
		enum ts_err err = TS_OK;

		if (bytes.len < WINDOW_FIXED)
			return TS_E_MALFORMED;
		w.start_ms = take_i64(&bytes);
		w.first = take_i64(&bytes);
		w.count = take_i64(&bytes);
		w.quantity_sum = take_i64(&bytes);
		w.closed_to = take_i64(&bytes);
		w.sku.len = (size_t)(unsigned char)bytes.at[0] << 8 | (unsigned char)bytes.at[1];
		w.sku.at = bytes.at + 2;
		if (bytes.len < 2 + w.sku.len)
			return TS_E_MALFORMED;
		err = ts_windows_restore(windows, &w);
		if (err != TS_OK)
			return err == TS_E_CONFLICT ? TS_E_MALFORMED : err;
		bytes.at += 2 + w.sku.len;
		bytes.len -= 2 + w.sku.len;
	}
	return bytes.len == 0 ? TS_OK : TS_E_MALFORMED;
}
