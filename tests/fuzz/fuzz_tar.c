/* SPDX-License-Identifier: Apache-2.0 */
/* An archive that is read can be written again from its members, to the byte. */
#include "audit/tar.h"
#include "fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	size_t len;
};

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const struct bytes *bytes = ctx;
	TS_ASSERT(offset >= 0 && len <= bytes->len && (size_t)offset <= bytes->len - len);
	if (len > 0)
		memcpy(out, bytes->at + offset, len);
	return TS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {data, size};
	const struct ts_audit_source source = {read_at, &bytes, (int64_t)size};
	struct ts_region *region = ts_region_create((size_t)64 << 20);
	struct ts_tar tar;
	struct ts_why why = {"", ""};
	TS_ASSERT(region != NULL);
	if (ts_tar_index(&source, region, &tar, &why) == TS_OK) {
		uint8_t *again = calloc(1, size);
		size_t at = 0;
		TS_ASSERT(again != NULL);
		for (size_t i = 0; i < tar.n; i++) {
			const struct ts_tar_member *m = &tar.members[i];
			TS_ASSERT(ts_tar_find(&tar, m->name) == m);
			TS_ASSERT(ts_tar_header(ts_str(m->name), m->size, again + at) == TS_OK);
			at += TS_TAR_BLOCK;
			TS_ASSERT((int64_t)at == m->offset);
			if (m->size > 0)
				memcpy(again + at, data + at, (size_t)m->size);
			at += (size_t)(m->size + ts_tar_padding(m->size));
		}
		TS_ASSERT(at + 2 * TS_TAR_BLOCK == size && memcmp(again, data, size) == 0);
		free(again);
	}
	ts_region_free(region);
	return 0;
}
