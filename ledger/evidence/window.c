/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/window.h"

#include "base/num.h"

#include <string.h>

#define LIST_START 64

void ts_windows_init(
	struct ts_windows *windows, struct ts_region *region, int64_t from_ms, int64_t window_ms)
{
	TS_ASSERT(window_ms > 0 && from_ms >= 0);
	memset(windows, 0, sizeof(*windows));
	windows->region = region;
	windows->from_ms = from_ms;
	windows->window_ms = window_ms;
}

int64_t ts_window_start(const struct ts_windows *windows, int64_t ms)
{
	int64_t past = (ms - windows->from_ms) % windows->window_ms;
	if (past < 0)
		past += windows->window_ms;
	return ms - past;
}

static int compare(const struct ts_window *window, int64_t start_ms, struct ts_str sku)
{
	if (window->start_ms != start_ms)
		return window->start_ms < start_ms ? -1 : 1;
	return ts_str_cmp(window->sku, sku);
}

/* The place of (start, sku): where it is, or where it belongs. */
static size_t place(const struct ts_windows *windows, int64_t start_ms, struct ts_str sku)
{
	size_t lo = 0;
	size_t hi = windows->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare(&windows->list[mid], start_ms, sku) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct ts_window *at_place(
	struct ts_windows *windows, size_t i, int64_t start_ms, struct ts_str sku)
{
	if (i < windows->n && compare(&windows->list[i], start_ms, sku) == 0)
		return &windows->list[i];
	return NULL;
}

/* The list's own copy of a SKU's text. */
static enum ts_err intern(struct ts_windows *windows, struct ts_str sku, struct ts_str *out)
{
	size_t lo = 0;
	for (size_t hi = windows->skus_n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		int c = ts_str_cmp(windows->skus[mid], sku);
		if (c == 0) {
			*out = windows->skus[mid];
			return TS_OK;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (windows->skus_n == windows->skus_cap) {
		size_t cap = windows->skus_cap == 0 ? LIST_START : windows->skus_cap * 2;
		struct ts_str *bigger = ts_region_array(windows->region, cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		if (windows->skus_n > 0)
			memcpy(bigger, windows->skus, windows->skus_n * sizeof(*bigger));
		windows->skus = bigger;
		windows->skus_cap = cap;
	}
	const char *copy = ts_region_copy(windows->region, sku.at, sku.len);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	memmove(&windows->skus[lo + 1], &windows->skus[lo],
		(windows->skus_n - lo) * sizeof(*windows->skus));
	windows->skus[lo] = *out = (struct ts_str){copy, sku.len};
	windows->skus_n++;
	return TS_OK;
}

static enum ts_err insert(struct ts_windows *windows, size_t i, int64_t start_ms, struct ts_str sku,
	struct ts_window **out)
{
	struct ts_str own;
	TS_TRY(intern(windows, sku, &own));
	if (windows->n == windows->cap) {
		size_t cap = windows->cap == 0 ? LIST_START : windows->cap * 2;
		struct ts_window *bigger = ts_region_array(windows->region, cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		if (windows->n > 0)
			memcpy(bigger, windows->list, windows->n * sizeof(*bigger));
		windows->list = bigger;
		windows->cap = cap;
	}
	memmove(&windows->list[i + 1], &windows->list[i],
		(windows->n - i) * sizeof(*windows->list));
	windows->list[i] = (struct ts_window){.start_ms = start_ms, .sku = own, .closed_to = -1};
	windows->n++;
	*out = &windows->list[i];
	return TS_OK;
}

/* The window of a u1, if it is the one counted last. */
static struct ts_window *last_window(struct ts_windows *windows, const struct ts_usage *usage)
{
	if (windows->last >= windows->n)
		return NULL;
	struct ts_window *last = &windows->list[windows->last];
	bool same = usage->start_ms >= last->start_ms &&
		    usage->start_ms - last->start_ms < windows->window_ms &&
		    ts_str_eq(usage->sku, last->sku);
	return same ? last : NULL;
}

static struct ts_window *find(
	struct ts_windows *windows, int64_t start_ms, struct ts_str sku, size_t *at)
{
	*at = place(windows, start_ms, sku);
	return at_place(windows, *at, start_ms, sku);
}

enum ts_err ts_windows_add(struct ts_windows *windows, int64_t index, const struct ts_usage *usage)
{
	struct ts_window *window = last_window(windows, usage);
	size_t at = windows->last;
	int64_t start_ms = window != NULL ? window->start_ms
					  : ts_window_start(windows, usage->start_ms);
	int64_t sum = usage->quantity;
	if (window == NULL)
		window = find(windows, start_ms, usage->sku, &at);
	if (window != NULL)
		TS_TRY(ts_add64(window->quantity_sum, usage->quantity, &sum));
	if ((window == NULL || window->count == 0) && windows->open == TS_WINDOW_OPEN_MAX)
		return TS_E_LIMIT;
	if (window == NULL)
		TS_TRY(insert(windows, at, start_ms, usage->sku, &window));
	if (window->count == 0) {
		window->first = index;
		windows->open++;
	}
	window->count++;
	window->quantity_sum = sum;
	windows->last = at;
	return TS_OK;
}

/* Whether lines of any SKU in the window wait for their c1. */
static bool window_waits(const struct ts_windows *windows, int64_t start_ms)
{
	struct ts_str least = {"", 0};
	for (size_t i = place(windows, start_ms, least);
		i < windows->n && windows->list[i].start_ms == start_ms; i++) {
		if (windows->list[i].count > 0)
			return true;
	}
	return false;
}

static const char *close_reason(const struct ts_windows *windows, int64_t index,
	const struct ts_close *close, const struct ts_window *window)
{
	if (ts_window_start(windows, close->start_ms) != close->start_ms ||
		close->end_ms - close->start_ms != windows->window_ms)
		return "c1 names no window of this stream";
	if (close->first > index)
		return "c1 counts from a line behind itself";
	if (window != NULL && close->first <= window->closed_to)
		return "c1 counts lines that an earlier c1 counted";
	if (ts_str_is(close->sku, "-") && window_waits(windows, close->start_ms))
		return "a heartbeat for a window that has lines";
	int64_t count = window != NULL ? window->count : 0;
	if (count > 0 && close->first > window->first)
		return "c1 leaves out lines of its window";
	if (close->count != count)
		return "c1 counts other than the stream's lines";
	if (close->quantity_sum != (window != NULL ? window->quantity_sum : 0))
		return "c1 sums other than the stream's lines";
	return NULL;
}

enum ts_err ts_windows_close(struct ts_windows *windows, int64_t index,
	const struct ts_close *close, const char **reason)
{
	size_t i = place(windows, close->start_ms, close->sku);
	struct ts_window *window = at_place(windows, i, close->start_ms, close->sku);
	const char *found = close_reason(windows, index, close, window);
	if (found != NULL) {
		*reason = found;
		return TS_E_INVALID;
	}
	if (window == NULL) {
		if (windows->n - windows->open >= TS_WINDOW_CLOSED_MAX) {
			*reason = "too many windows without lines";
			return TS_E_LIMIT;
		}
		TS_TRY(insert(windows, i, close->start_ms, close->sku, &window));
	}
	windows->open -= window->count > 0;
	window->count = 0;
	window->quantity_sum = 0;
	window->closed_to = index;
	return TS_OK;
}

enum ts_err ts_windows_restore(struct ts_windows *windows, const struct ts_window *window)
{
	struct ts_window *mine;
	size_t i = place(windows, window->start_ms, window->sku);
	if (at_place(windows, i, window->start_ms, window->sku) != NULL)
		return TS_E_CONFLICT;
	TS_TRY(insert(windows, i, window->start_ms, window->sku, &mine));
	struct ts_str sku = mine->sku;
	*mine = *window;
	mine->sku = sku;
	windows->open += window->count > 0;
	return TS_OK;
}

void ts_windows_forget(struct ts_windows *windows, int64_t end_ms)
{
	size_t kept = 0;
	size_t closed = 0;
	for (size_t i = windows->n; i > 0; i--) {
		const struct ts_window *window = &windows->list[i - 1];
		bool drop = window->count == 0 &&
			    (closed == TS_WINDOW_CLOSED_MAX ||
				    window->start_ms + windows->window_ms <= end_ms);
		closed += window->count == 0 && !drop;
		if (!drop)
			windows->list[windows->n - ++kept] = *window;
	}
	if (kept > 0)
		memmove(windows->list, windows->list + (windows->n - kept),
			kept * sizeof(*windows->list));
	windows->n = kept;
	windows->last = 0;
}
