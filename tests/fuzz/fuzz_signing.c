/* SPDX-License-Identifier: Apache-2.0 */
/* What the signer accepts has one spelling, and so has what it answers. */
#include "evidence/signing.h"
#include "fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_signing_request request = {.kind = TS_SIGNING_PING};
	struct ts_signing_answer answer;
	struct ts_why why = {0};
	struct ts_hasher hasher;
	struct ts_buf out;
	struct ts_str line = {(const char *)data, size};
	if (ts_hasher_init(&hasher) != TS_OK)
		return 0;
	ts_buf_init(&out, TS_SIGNING_LINE_MAX);
	if (ts_signing_parse(line, &request, &why) == TS_OK) {
		ts_signing_format(&request, &out);
		TS_ASSERT(out.err == TS_OK && out.len == size + 1 &&
			  memcmp(out.data, data, size) == 0);
	}
	if (request.kind == TS_SIGNING_SIGN && out.len > 0) {
		struct ts_checkpoint last = {.size = request.old_size, .root = ts_hash_empty};
		enum ts_signing_refusal refusal = ts_signing_decide(&hasher, &last, &request);
		TS_ASSERT(refusal != TS_SIGNING_BEHIND || request.checkpoint.size < last.size);
	}
	ts_buf_reset(&out);
	if (ts_signing_answer_parse(line, &answer, &why) == TS_OK) {
		ts_signing_answer_format(&answer, &out);
		TS_ASSERT(out.err == TS_OK && out.len == size + 1 &&
			  memcmp(out.data, data, size) == 0);
	}
	ts_buf_free(&out);
	ts_hasher_free(&hasher);
	return 0;
}
