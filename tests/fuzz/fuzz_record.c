/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is accepted is written again as the same bytes. */
#include "evidence/record.h"
#include "fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_record record;
	const char *reason = NULL;
	struct ts_buf out;
	struct ts_str line = {(const char *)data, size};
	enum ts_err err = ts_record_parse(line, &record, &reason);
	if (err != TS_OK) {
		TS_ASSERT(reason != NULL);
		return 0;
	}
	ts_buf_init(&out, TS_RECORD_BYTES_MAX + 1);
	TS_ASSERT(ts_record_format(&record, &out, &reason) == TS_OK);
	TS_ASSERT(out.len == size && memcmp(out.data, data, size) == 0);
	ts_buf_free(&out);
	return 0;
}
