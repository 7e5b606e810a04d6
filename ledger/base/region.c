/* SPDX-License-Identifier: Apache-2.0 */
#include "base/region.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double from the first to the last size; a larger request gets a block of its own. */
#define BLOCK_BYTES_FIRST ((size_t)4096)
#define BLOCK_BYTES_LAST ((size_t)1024 * 1024)
#define ALIGN alignof(max_align_t)

struct block {
	struct block *prev;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

/* Invariants: used_bytes <= bytes_max; used_bytes = sum of used over the blocks;
 * last is NULL or the newest block, first the oldest one. */
struct ts_region {
	struct block *last;
	struct block *first;
	size_t bytes_max;
	size_t used_bytes;
};

struct ts_region *ts_region_create(size_t bytes_max)
{
	struct ts_region *region = calloc(1, sizeof *region);
	if (region)
		region->bytes_max = bytes_max;
	return region;
}

static void blocks_free(struct block *block, const struct block *until)
{
	while (block != until) {
		struct block *prev = block->prev;
		free(block);
		block = prev;
	}
}

void ts_region_free(struct ts_region *region)
{
	if (!region)
		return;
	blocks_free(region->last, NULL);
	free(region);
}

void ts_region_reset(struct ts_region *region)
{
	blocks_free(region->last, region->first);
	region->last = region->first;
	if (region->first)
		region->first->used = 0;
	region->used_bytes = 0;
}

size_t ts_region_used_bytes(const struct ts_region *region)
{
	return region->used_bytes;
}

static struct block *block_add(struct ts_region *region, size_t bytes)
{
	size_t size = BLOCK_BYTES_FIRST;
	if (region->last && region->last->size >= BLOCK_BYTES_LAST)
		size = BLOCK_BYTES_LAST;
	else if (region->last)
		size = region->last->size * 2;
	if (size < bytes)
		size = bytes;
	struct block *block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	block->prev = region->last;
	block->size = size;
	block->used = 0;
	region->last = block;
	if (!region->first)
		region->first = block;
	return block;
}

void *ts_region_alloc(struct ts_region *region, size_t bytes)
{
	if (bytes > SIZE_MAX / 2)
		return NULL;
	size_t rounded = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) / ALIGN * ALIGN;
	TS_ASSERT(region->used_bytes <= region->bytes_max);
	if (rounded > region->bytes_max - region->used_bytes)
		return NULL;
	struct block *block = region->last;
	if (!block || rounded > block->size - block->used) {
		block = block_add(region, rounded);
		if (!block)
			return NULL;
	}
	void *at = block->bytes + block->used;
	block->used += rounded;
	region->used_bytes += rounded;
	memset(at, 0, rounded);
	return at;
}

void *ts_region_array(struct ts_region *region, size_t count, size_t bytes_each)
{
	if (bytes_each != 0 && count > SIZE_MAX / bytes_each)
		return NULL;
	return ts_region_alloc(region, count * bytes_each);
}

char *ts_region_copy(struct ts_region *region, const void *bytes, size_t len)
{
	if (len == SIZE_MAX)
		return NULL;
	char *copy = ts_region_alloc(region, len + 1);
	if (copy && len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

char *ts_region_printf(struct ts_region *region, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	va_list again;
	va_copy(again, args);
	char *text = NULL;
	int len = vsnprintf(NULL, 0, fmt, args);
	if (len >= 0)
		text = ts_region_alloc(region, (size_t)len + 1);
	if (text && vsnprintf(text, (size_t)len + 1, fmt, again) != len)
		text = NULL;
	va_end(again);
	va_end(args);
	return text;
}

void ts_region_cleanup(struct ts_region **region)
{
	ts_region_free(*region);
	*region = NULL;
}
