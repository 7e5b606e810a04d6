/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_JSON_H
#define TS_IMPORTERS_FRAME_JSON_H
/* Why: a JSON document of any size is read one item at a time: the items are the elements of the
 * arrays at given paths, and only one of them is held. What stands beside them is handed out too
 * when it is small. */
#include "importers/frame/input.h"

#define TS_JSON_MEMBER_BYTES_MAX 65536 /* beside the items */
#define TS_JSON_PATH_BYTES_MAX 256

struct ts_json_walk {
	const char *items; /* paths with '|' between them; see source.h */
	size_t item_bytes_max;
	void *ctx;
	/* One item, complete. too_long: it was skipped, bytes are empty. */
	enum ts_err (*item)(void *ctx, struct ts_str name, struct ts_str bytes, bool too_long,
		struct ts_why *why);
	/* A value beside the items. */
	enum ts_err (*member)(
		void *ctx, struct ts_str path, struct ts_str bytes, struct ts_why *why);
};
/* Reads the whole input. TS_E_MALFORMED: the document around the items is no JSON or is cut off;
 * TS_E_NOT_FOUND: there was nothing at any of the paths. */
enum ts_err ts_json_walk(
	struct ts_input *input, const struct ts_json_walk *walk, struct ts_why *why) TS_MUST;

#endif
