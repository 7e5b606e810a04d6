/* SPDX-License-Identifier: Apache-2.0 */
/* Any body is walked without harm, and the walk accepts only the announced number of lines. */
#include "evidence/append.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_append append;
	struct ts_append_walk walk;
	struct ts_append_line line;
	struct ts_range range;
	struct ts_hasher hasher = {0};
	struct ts_why why = {0};
	int64_t lines = 0;
	struct ts_str body = {(const char *)data, size};
	if (ts_append_parse(body, &append, &why) != TS_OK || append.old_size != 0)
		return 0;
	if (ts_hasher_init(&hasher) != TS_OK)
		return 0;
	ts_range_init(&range);
	ts_append_walk_init(&walk, &hasher, &append, &range);
	while (ts_append_walk_next(&walk, &line))
		lines++;
	if (ts_append_walk_finish(&walk, &append, &why) == TS_OK)
		TS_ASSERT(lines == append.new_size);
	ts_hasher_free(&hasher);
	return 0;
}
