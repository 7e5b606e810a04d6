/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_CARRIED_H
#define TS_AUDIT_CARRIED_H
/* Why: a bundle that begins at a state carries uploads from before it that something inside refers
 * to (docs/formats/bundle.md, "ranges"): a head of four lines that proves the upload to be a leaf
 * of the inputs log below FROM, an empty line, and its lines as the agent sent them. */
#include "audit/reader.h"
#include "base/buf.h"
#include "evidence/merkle.h"

#define TS_CARRIED_HEAD_MAX ((size_t)4 * 65536)

struct ts_carried {
	int64_t leaf, first, end; /* stream indexes [first, end) */
	struct ts_range range; /* of the stream, at `first` */
	struct ts_str bytes; /* of the leaf: the agent's checkpoint of size `end` */
	struct ts_path path; /* from the leaf to the root of the inputs log of size FROM */
};
/* Appends the head with its empty line; the lines follow. */
void ts_carried_format(const struct ts_carried *carried, struct ts_buf *out);
/* Reads a head; the reader then stands at the first line. *bytes is copied into the region.
 * TS_E_MALFORMED; what the reader returns. */
enum ts_err ts_carried_read(
	struct ts_reader *reader, struct ts_region *region, struct ts_carried *out) TS_MUST;

#endif
