/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/witness.h"
#include <string.h>

static enum ts_err parse_old(struct ts_str *rest, int64_t *old, struct ts_why *why)
{
	struct ts_str line;
	if (!ts_str_line(rest, &line) || line.len < 4 || memcmp(line.at, "old ", 4) != 0 ||
		ts_text_u63((struct ts_str){line.at + 4, line.len - 4}, old) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "old", "the first line must be \"old SIZE\"");
	return TS_OK;
}

static enum ts_err parse_proof(struct ts_str *rest, struct ts_path *proof, struct ts_why *why)
{
	struct ts_str line;
	proof->n = 0;
	while (ts_str_line(rest, &line)) {
		size_t len = 0;
		if (line.len == 0)
			return TS_OK;
		if (proof->n == TS_WITNESS_PROOF_MAX)
			return ts_why(why, TS_E_MALFORMED, "proof", "more than %d lines",
				TS_WITNESS_PROOF_MAX);
		struct ts_hash *hash = &proof->hashes[proof->n];
		if (ts_text_unbase64(line, hash->b, sizeof hash->b, &len) != TS_OK ||
			len != sizeof hash->b)
			return ts_why(why, TS_E_MALFORMED, "proof",
				"line %zu is no base64 of 32 bytes", proof->n + 1);
		proof->n++;
	}
	return ts_why(why, TS_E_MALFORMED, "proof", "no empty line before the checkpoint");
}

enum ts_err ts_witness_parse(
	struct ts_str bytes, struct ts_witness_request *out, struct ts_why *why)
{
	struct ts_str rest = bytes;
	TS_TRY(parse_old(&rest, &out->old, why));
	TS_TRY(parse_proof(&rest, &out->proof, why));
	if (ts_note_parse(rest, &out->note, why) != TS_OK ||
		ts_checkpoint_parse(out->note.text, &out->checkpoint, why) != TS_OK)
		return TS_E_MALFORMED;
	if (out->old > out->checkpoint.size)
		return ts_why(why, TS_E_MALFORMED, "old",
			"old %lld is above the checkpoint's size %lld", (long long)out->old,
			(long long)out->checkpoint.size);
	return TS_OK;
}

void ts_witness_build(
	int64_t old, const struct ts_path *proof, struct ts_str note, struct ts_buf *out)
{
	char base64[TS_BASE64_LEN(32) + 1];
	ts_buf_printf(out, "old %lld\n", (long long)old);
	for (size_t i = 0; i < proof->n; i++) {
		ts_text_base64(proof->hashes[i].b, sizeof proof->hashes[i].b, base64);
		ts_buf_puts(out, base64);
		ts_buf_putc(out, '\n');
	}
	ts_buf_putc(out, '\n');
	ts_buf_put(out, note.at, note.len);
}

enum ts_err ts_witness_authenticate(
	const struct ts_witness_request *request, const struct ts_key *log, struct ts_why *why)
{
	struct ts_note_sig sig;
	TS_ASSERT(log->type == TS_KEY_ED25519 && ts_str_is(request->checkpoint.origin, log->name));
	return ts_note_verify(&request->note, log, 1, &sig, why);
}

enum ts_err ts_witness_judge(struct ts_hasher *hasher, const struct ts_witness_request *request,
	int64_t size, const struct ts_hash *root, struct ts_why *why)
{
	const struct ts_checkpoint *next = &request->checkpoint;
	if (request->old != size)
		return ts_why(why, TS_E_STALE, "old", "the witness has size %lld", (long long)size);
	if (size == next->size && size > 0 && !ts_hash_eq(root, &next->root))
		return ts_why(why, TS_E_CONFLICT, "root",
			"size %lld was cosigned with another root: the log tells two stories",
			(long long)size);
	if (size == 0 || size == next->size)
		return request->proof.n == 0 ? TS_OK
					     : ts_why(why, TS_E_INVALID, "proof",
						       "from size %lld to %lld the proof is empty",
						       (long long)size, (long long)next->size);
	if (ts_consistency_verify(hasher, size, next->size, &request->proof, root, &next->root) !=
		TS_OK)
		return ts_why(why, TS_E_INVALID, "proof",
			"the consistency proof from %lld to %lld does not verify", (long long)size,
			(long long)next->size);
	return TS_OK;
}

enum ts_err ts_witness_answer(struct ts_str body, struct ts_str text, const struct ts_key *key,
	struct ts_note_sig *out, struct ts_why *why)
{
	struct ts_buf joined;
	struct ts_note note;
	struct ts_note_sig sig;
	ts_buf_init(&joined, TS_NOTE_BYTES_MAX);
	ts_note_begin(text, &joined);
	ts_buf_put(&joined, body.at, body.len);
	enum ts_err err = joined.err;
	if (err == TS_OK)
		err = ts_note_parse((struct ts_str){joined.data, joined.len}, &note, why);
	if (err == TS_OK)
		err = ts_note_verify(&note, key, 1, &sig, why);
	if (err == TS_OK) /* the line as it stands in the body, which outlives `joined` */
		sig.line.at = body.at + (sig.line.at - joined.data) - text.len - 1;
	ts_buf_free(&joined);
	if (err == TS_OK)
		*out = sig;
	return err;
}

void ts_witness_id(struct ts_str origin, char out[TS_WITNESS_ID_CHARS + 1])
{
	struct ts_hash hash;
	ts_sha256(origin.at, origin.len, &hash);
	ts_text_hex(hash.b, sizeof hash.b, out);
}
