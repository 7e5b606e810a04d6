/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/checkpoint.h"

#include <string.h>

enum ts_err ts_checkpoint_parse(struct ts_str text, struct ts_checkpoint *out, struct ts_why *why)
{
	struct ts_str rest = text;
	struct ts_str origin, size, base64;
	if (!ts_str_line(&rest, &origin) || !ts_str_line(&rest, &size) ||
		!ts_str_line(&rest, &base64) || rest.len != 0)
		return ts_why(why, TS_E_MALFORMED, "checkpoint",
			"a checkpoint has exactly three lines: origin, size, root");
	struct ts_checkpoint checkpoint = {.origin = origin};
	size_t len = 0;
	if (origin.len == 0)
		return ts_why(why, TS_E_MALFORMED, "checkpoint", "the origin is empty");
	if (ts_text_u63(size, &checkpoint.size) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "checkpoint",
			"the size is no integer without leading zeros up to 9223372036854775807");
	if (ts_text_unbase64(base64, checkpoint.root.b, TS_HASH_BYTES, &len) != TS_OK ||
		len != TS_HASH_BYTES)
		return ts_why(why, TS_E_MALFORMED, "checkpoint",
			"the root is not the canonical base64 of 32 bytes");
	if (checkpoint.size == 0 && !ts_hash_eq(&checkpoint.root, &ts_hash_empty))
		return ts_why(why, TS_E_MALFORMED, "checkpoint",
			"size 0 with a root other than that of the empty tree");
	*out = checkpoint;
	return TS_OK;
}

void ts_checkpoint_format(const struct ts_checkpoint *checkpoint, struct ts_buf *out)
{
	char root[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_text_base64(checkpoint->root.b, TS_HASH_BYTES, root);
	ts_buf_put(out, checkpoint->origin.at, checkpoint->origin.len);
	ts_buf_printf(out, "\n%lld\n%s\n", (long long)checkpoint->size, root);
}

enum ts_err ts_checkpoint_cosign(
	const struct ts_secret *secret, struct ts_str text, int64_t time_s, struct ts_buf *out)
{
	struct ts_checkpoint parsed;
	if (secret->key.type != TS_KEY_COSIGNATURE)
		return TS_E_KEY;
	if (time_s <= 0)
		return TS_E_RANGE;
	TS_TRY(ts_checkpoint_parse(text, &parsed, NULL));
	struct ts_buf message;
	ts_buf_init(&message, TS_NOTE_BYTES_MAX + 64);
	ts_buf_printf(&message, "cosignature/v1\ntime %lld\n", (long long)time_s);
	ts_buf_put(&message, text.at, text.len);
	enum ts_err err = message.err;
	if (err == TS_OK) {
		uint8_t blob[8 + TS_KEY_SIG_BYTES];
		for (int i = 0; i < 8; i++)
			blob[i] = (uint8_t)((uint64_t)time_s >> (56 - 8 * i));
		ts_secret_sign(secret, message.data, message.len, blob + 8);
		ts_note_put_line(&secret->key, blob, sizeof(blob), out);
		err = out->err;
	}
	ts_buf_free(&message);
	return err;
}

enum ts_err ts_checkpoint_open(struct ts_str bytes, const struct ts_key *keys, size_t n,
	struct ts_note *note, struct ts_note_sig *sigs, struct ts_checkpoint *out,
	struct ts_why *why)
{
	TS_ASSERT(n > 0);
	struct ts_checkpoint checkpoint = {0};
	TS_TRY(ts_note_parse(bytes, note, why));
	TS_TRY(ts_checkpoint_parse(note->text, &checkpoint, why));
	TS_TRY(ts_note_verify(note, keys, n, sigs, why));
	if (!sigs[0].valid)
		return ts_why(why, TS_E_SIGNATURE, "signature",
			"the checkpoint is not signed by %s itself", keys[0].name);
	if (!ts_str_is(checkpoint.origin, keys[0].name))
		return ts_why(why, TS_E_SIGNATURE, "checkpoint",
			"the origin is not the name of the key, %s", keys[0].name);
	*out = checkpoint;
	return TS_OK;
}
