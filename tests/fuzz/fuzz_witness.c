/* SPDX-License-Identifier: Apache-2.0 */
/* An add-checkpoint request that is accepted is, rebuilt from what was read, the same bytes;
 * judging it against any memory ends in one of the errors that have a status. */
#include "evidence/witness.h"
#include "fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_witness_request request;
	struct ts_why why = {0};
	struct ts_hasher hasher = {0};
	struct ts_hash root = {{7}};
	struct ts_buf again;
	if (ts_witness_parse((struct ts_str){(const char *)data, size}, &request, &why) != TS_OK)
		return 0;
	TS_ASSERT(request.old <= request.checkpoint.size);
	ts_buf_init(&again, TS_WITNESS_REQUEST_BYTES_MAX);
	ts_witness_build(request.old, &request.proof, request.note.bytes, &again);
	TS_ASSERT(again.err == TS_OK && again.len == size && memcmp(again.data, data, size) == 0);
	ts_buf_free(&again);
	TS_ASSERT(ts_hasher_init(&hasher) == TS_OK);
	enum ts_err err = ts_witness_judge(&hasher, &request, request.old, &root, &why);
	TS_ASSERT(err == TS_OK || err == TS_E_CONFLICT || err == TS_E_INVALID);
	TS_ASSERT(ts_witness_judge(&hasher, &request, request.old + 1, &root, &why) == TS_E_STALE);
	ts_hasher_free(&hasher);
	return 0;
}
