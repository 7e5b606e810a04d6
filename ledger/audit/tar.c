/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tar.h"
#include <stdlib.h>
#include <string.h>

/* Offsets of the ustar fields. */
enum { NAME = 0, MODE = 100, UID = 108, GID = 116, SIZE = 124, MTIME = 136, CHKSUM = 148 };
enum { TYPE = 156, MAGIC = 257, VERSION = 263 };
#define OCTAL_SIZE_MAX INT64_C(077777777777)

int64_t ts_tar_padding(int64_t size)
{
	return (TS_TAR_BLOCK - size % TS_TAR_BLOCK) % TS_TAR_BLOCK;
}

static void put_octal(uint8_t *at, int digits, uint64_t value)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (uint8_t)('0' + value % 8);
		value /= 8;
	}
}

static void put_size(uint8_t *at, int64_t size)
{
	if (size <= OCTAL_SIZE_MAX) {
		put_octal(at, 11, (uint64_t)size);
		return;
	}
	at[0] = 0x80;
	for (int i = 11; i > 3; i--) {
		at[i] = (uint8_t)(size & 0xff);
		size >>= 8;
	}
}

/* Octal digits, or base 256; which of the two a size has is checked by writing it again. */
static bool get_size(const uint8_t *at, int64_t *out)
{
	uint64_t value = 0;
	if (at[0] == 0x80) {
		if (at[1] != 0 || at[2] != 0 || at[3] != 0)
			return false;
		for (int i = 4; i < 12; i++)
			value = value << 8 | at[i];
	} else {
		for (int i = 0; i < 11; i++) {
			if (at[i] < '0' || at[i] > '7')
				return false;
			value = value * 8 + (uint64_t)(at[i] - '0');
		}
	}
	if (value > (uint64_t)TS_TAR_SIZE_MAX)
		return false;
	*out = (int64_t)value;
	return true;
}

/* Parts of a-z A-Z 0-9 . _ - between single slashes; no part begins with a dot. */
static bool name_ok(struct ts_str name)
{
	bool begin = true;
	if (name.len == 0 || name.len > TS_TAR_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '_' || c == '-';
		if (!plain && (begin || (c != '.' && c != '/')))
			return false;
		begin = c == '/';
	}
	return !begin;
}

enum ts_err ts_tar_header(struct ts_str name, int64_t size, uint8_t out[TS_TAR_BLOCK])
{
	uint32_t sum = 0;
	if (!name_ok(name) || size < 0 || size > TS_TAR_SIZE_MAX)
		return TS_E_INVALID;
	memset(out, 0, TS_TAR_BLOCK);
	memcpy(out + NAME, name.at, name.len);
	put_octal(out + MODE, 7, 0444);
	put_octal(out + UID, 7, 0);
	put_octal(out + GID, 7, 0);
	put_size(out + SIZE, size);
	put_octal(out + MTIME, 11, 0);
	memset(out + CHKSUM, ' ', 8);
	out[TYPE] = '0';
	memcpy(out + MAGIC, "ustar", 6);
	memcpy(out + VERSION, "00", 2);
	for (int i = 0; i < TS_TAR_BLOCK; i++)
		sum += out[i];
	put_octal(out + CHKSUM, 6, sum);
	out[CHKSUM + 6] = 0;
	return TS_OK;
}

static bool zeros(const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (at[i] != 0)
			return false;
	return true;
}

static enum ts_err check_end(const struct ts_audit_source *source, int64_t offset,
	uint8_t block[TS_TAR_BLOCK], struct ts_why *why)
{
	if (source->size - offset != 2 * (int64_t)TS_TAR_BLOCK)
		return ts_why(why, TS_E_MALFORMED, "", "%lld bytes at the end, not 1024 zeros",
			(long long)(source->size - offset));
	TS_TRY(source->read(source->ctx, offset + TS_TAR_BLOCK, block, TS_TAR_BLOCK));
	if (!zeros(block, TS_TAR_BLOCK))
		return ts_why(why, TS_E_MALFORMED, "", "the last block is not all zeros");
	return TS_OK;
}

static enum ts_err take_member(const struct ts_audit_source *source, int64_t offset,
	const uint8_t block[TS_TAR_BLOCK], struct ts_region *region, struct ts_tar_member *out,
	struct ts_why *why)
{
	uint8_t again[TS_TAR_BLOCK];
	const char *at = (const char *)block;
	const char *end = memchr(at, '\0', TS_TAR_NAME_MAX + 1);
	struct ts_str name = {at, end != NULL ? (size_t)(end - at) : TS_TAR_NAME_MAX + 1};
	int64_t size = 0;
	if (!get_size(block + SIZE, &size) || ts_tar_header(name, size, again) != TS_OK ||
		memcmp(block, again, TS_TAR_BLOCK) != 0)
		return ts_why(why, TS_E_MALFORMED, "",
			"the header at byte %lld is none that a bundle has", (long long)offset);
	out->name = ts_region_copy(region, name.at, name.len);
	out->offset = offset + TS_TAR_BLOCK;
	out->size = size;
	if (out->name == NULL)
		return TS_E_NO_MEMORY;
	int64_t padding = ts_tar_padding(size);
	if (size + padding > source->size - out->offset)
		return ts_why(why, TS_E_MALFORMED, out->name, "the archive ends inside it");
	if (padding == 0)
		return TS_OK;
	TS_TRY(source->read(source->ctx, out->offset + size, again, (size_t)padding));
	return zeros(again, (size_t)padding)
		       ? TS_OK
		       : ts_why(why, TS_E_MALFORMED, out->name, "bytes behind it are not zero");
}

static int by_name(const void *a, const void *b)
{
	const struct ts_tar_member *const *m = a, *const *n = b;
	return strcmp((*m)->name, (*n)->name);
}

static enum ts_err sort_names(struct ts_tar *tar, struct ts_region *region, struct ts_why *why)
{
	tar->by_name = ts_region_array(region, tar->n + 1, sizeof *tar->by_name);
	if (tar->by_name == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < tar->n; i++)
		tar->by_name[i] = &tar->members[i];
	if (tar->n > 1)
		qsort(tar->by_name, tar->n, sizeof *tar->by_name, by_name);
	for (size_t i = 1; i < tar->n; i++)
		if (strcmp(tar->by_name[i - 1]->name, tar->by_name[i]->name) == 0)
			return ts_why(why, TS_E_MALFORMED, tar->by_name[i]->name, "is there twice");
	return TS_OK;
}

static enum ts_err grow(struct ts_region *region, struct ts_tar *tar, size_t *cap)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	if (tar->n < *cap)
		return TS_OK;
	if (tar->n >= TS_TAR_MEMBERS_MAX)
		return TS_E_LIMIT;
	struct ts_tar_member *bigger = ts_region_array(region, more, sizeof *bigger);
	if (bigger == NULL)
		return TS_E_NO_MEMORY;
	if (tar->n > 0)
		memcpy(bigger, tar->members, tar->n * sizeof *bigger);
	tar->members = bigger;
	*cap = more;
	return TS_OK;
}

enum ts_err ts_tar_index(const struct ts_audit_source *source, struct ts_region *region,
	struct ts_tar *out, struct ts_why *why)
{
	uint8_t block[TS_TAR_BLOCK];
	struct ts_tar tar = {NULL, NULL, 0};
	size_t cap = 0;
	int64_t offset = 0;
	for (;;) {
		if (source->size - offset < TS_TAR_BLOCK)
			return ts_why(why, TS_E_MALFORMED, "", "the archive ends at byte %lld",
				(long long)source->size);
		TS_TRY(source->read(source->ctx, offset, block, TS_TAR_BLOCK));
		if (zeros(block, TS_TAR_BLOCK))
			break;
		TS_TRY(grow(region, &tar, &cap));
		struct ts_tar_member *member = &tar.members[tar.n];
		TS_TRY(take_member(source, offset, block, region, member, why));
		offset = member->offset + member->size + ts_tar_padding(member->size);
		tar.n++;
	}
	TS_TRY(check_end(source, offset, block, why));
	TS_TRY(sort_names(&tar, region, why));
	*out = tar;
	return TS_OK;
}

const struct ts_tar_member *ts_tar_find(const struct ts_tar *tar, const char *name)
{
	struct ts_tar_member key = {.name = name};
	const struct ts_tar_member *wanted = &key, **found = NULL;
	if (tar->n > 0)
		found = bsearch(&wanted, tar->by_name, tar->n, sizeof *tar->by_name, by_name);
	return found != NULL ? *found : NULL;
}
