/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/proof.h"
#include "evidence/log.h"

#include <string.h>

#define HEADER "c2sp.org/tlog-proof@v1"

/* True, and *value set, when line is `name value`. */
static bool named(struct ts_str line, const char *name, struct ts_str *value)
{
	size_t len = strlen(name);
	if (line.len <= len || memcmp(line.at, name, len) != 0 || line.at[len] != ' ')
		return false;
	*value = (struct ts_str){line.at + len + 1, line.len - len - 1};
	return true;
}

static enum ts_err parse_path(struct ts_str *rest, struct ts_path *path, struct ts_why *why)
{
	struct ts_str line;
	path->n = 0;
	for (;;) {
		size_t len = 0;
		if (!ts_str_line(rest, &line))
			return ts_why(why, TS_E_MALFORMED, "proof",
				"no blank line before the checkpoint");
		if (line.len == 0)
			return TS_OK;
		if (path->n == TS_MERKLE_HASHES_MAX)
			return ts_why(why, TS_E_MALFORMED, "proof", "more than %d hashes",
				TS_MERKLE_HASHES_MAX);
		if (ts_text_unbase64(line, path->hashes[path->n].b, TS_HASH_BYTES, &len) != TS_OK ||
			len != TS_HASH_BYTES)
			return ts_why(why, TS_E_MALFORMED, "proof",
				"hash %zu is not the canonical base64 of 32 bytes", path->n + 1);
		path->n++;
	}
}

enum ts_err ts_proof_parse(struct ts_str bytes, struct ts_proof *out, struct ts_why *why)
{
	struct ts_str rest = bytes;
	struct ts_str line, value;
	struct ts_proof proof = {.has_extra = false};
	if (bytes.len > TS_PROOF_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "proof", "a proof of %zu bytes is over %d",
			bytes.len, TS_PROOF_BYTES_MAX);
	if (!ts_str_line(&rest, &line) || !ts_str_is(line, HEADER))
		return ts_why(why, TS_E_MALFORMED, "proof", "the first line is not " HEADER);
	bool more = ts_str_line(&rest, &line);
	if (more && named(line, "extra", &value)) {
		uint8_t raw[TS_PROOF_BYTES_MAX];
		size_t len = 0;
		if (ts_text_unbase64(value, raw, sizeof(raw), &len) != TS_OK)
			return ts_why(why, TS_E_MALFORMED, "proof",
				"the extra data is not canonical base64");
		proof.has_extra = true;
		proof.extra = value;
		more = ts_str_line(&rest, &line);
	}
	if (!more || !named(line, "index", &value) || ts_text_u63(value, &proof.index) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "proof",
			"expected the line 'index N', N an integer without leading zeros");
	TS_TRY(parse_path(&rest, &proof.path, why));
	proof.note = rest;
	*out = proof;
	return TS_OK;
}

void ts_proof_format(const struct ts_proof *proof, struct ts_buf *out)
{
	char base64[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_buf_puts(out, HEADER "\n");
	if (proof->has_extra) {
		ts_buf_puts(out, "extra ");
		ts_buf_put(out, proof->extra.at, proof->extra.len);
		ts_buf_putc(out, '\n');
	}
	ts_buf_printf(out, "index %lld\n", (long long)proof->index);
	for (size_t i = 0; i < proof->path.n; i++) {
		ts_text_base64(proof->path.hashes[i].b, TS_HASH_BYTES, base64);
		ts_buf_puts(out, base64);
		ts_buf_putc(out, '\n');
	}
	ts_buf_putc(out, '\n');
	ts_buf_put(out, proof->note.at, proof->note.len);
}

enum ts_err ts_proof_verify(struct ts_hasher *hasher, const struct ts_proof *proof,
	const void *leaf, size_t leaf_len, const struct ts_key *keys, size_t n,
	struct ts_note_sig *sigs, struct ts_checkpoint *checkpoint, struct ts_why *why)
{
	struct ts_note note;
	struct ts_hash hash;
	struct ts_checkpoint opened;
	TS_TRY(ts_checkpoint_open(proof->note, keys, n, &note, sigs, &opened, why));
	ts_hash_leaf(hasher, leaf, leaf_len, &hash);
	if (ts_inclusion_verify(
		    hasher, proof->index, opened.size, &hash, &proof->path, &opened.root) != TS_OK)
		return ts_why(why, TS_E_INVALID, "proof",
			"the path does not lead from this leaf at index %lld to the root of size "
			"%lld",
			(long long)proof->index, (long long)opened.size);
	*checkpoint = opened;
	return TS_OK;
}

static enum ts_err where(enum ts_err err, const char *which, struct ts_why *why)
{
	struct ts_why inner = *why;
	return err == TS_OK ? TS_OK : ts_why(why, err, which, "%s", inner.text);
}

enum ts_err ts_proof_verify_record(struct ts_hasher *hasher, struct ts_str line,
	const struct ts_proof *stream_proof, const struct ts_key *agent,
	const struct ts_proof *inputs_proof, const struct ts_key *logs, size_t n,
	struct ts_note_sig *sigs, struct ts_checkpoint *stream, struct ts_checkpoint *inputs,
	struct ts_why *why)
{
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_buf leaf;
	TS_TRY(where(ts_proof_verify(
			     hasher, stream_proof, line.at, line.len, agent, 1, &sig, stream, why),
		"stream", why));
	TS_TRY(ts_note_parse(stream_proof->note, &note, why));
	ts_buf_init(&leaf, TS_NOTE_BYTES_MAX);
	ts_leaf_checkpoint(note.text, sig.line, &leaf);
	enum ts_err err = leaf.err;
	if (err == TS_OK)
		err = where(ts_proof_verify(hasher, inputs_proof, leaf.data, leaf.len, logs, n,
				    sigs, inputs, why),
			"inputs", why);
	ts_buf_free(&leaf);
	return err;
}
