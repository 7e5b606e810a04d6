/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_TAR_H
#define TS_AUDIT_TAR_H
/* Why: the container of a bundle (docs/formats/bundle.md). One content has one archive: a reader
 * takes name and size from a header, writes the header that they have, and compares all 512 bytes,
 * so links, devices, owners, other magics and path tricks need no rules of their own. */
#include "audit/source.h"
#include "base/region.h"
#include "base/text.h"

#define TS_TAR_BLOCK 512
#define TS_TAR_NAME_MAX 99
#define TS_TAR_MEMBERS_MAX 1000000 /* one stream or document each */
#define TS_TAR_SIZE_MAX (INT64_C(1) << 56)

struct ts_tar_member {
	const char *name;
	int64_t offset; /* of the data in the source */
	int64_t size;
};
struct ts_tar {
	struct ts_tar_member *members; /* in order of the archive */
	const struct ts_tar_member **by_name;
	size_t n;
};

/* Zeros that follow size bytes of data. */
int64_t ts_tar_padding(int64_t size);
/* TS_E_INVALID for a name or size that no bundle has. */
enum ts_err ts_tar_header(struct ts_str name, int64_t size, uint8_t out[TS_TAR_BLOCK]) TS_MUST;
/* Reads every header up to the end of the source; data is not read, padding is. TS_E_MALFORMED with
 * why->where = the member; TS_E_LIMIT; what the source returns. */
enum ts_err ts_tar_index(const struct ts_audit_source *source, struct ts_region *region,
	struct ts_tar *out, struct ts_why *why) TS_MUST;
/* NULL when there is none. */
const struct ts_tar_member *ts_tar_find(const struct ts_tar *tar, const char *name);

#endif
