/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/append.h"

#include "evidence/origin.h"

#include <string.h>

/* Takes the line `name value`; TS_E_MALFORMED unless value is an integer. */
static enum ts_err head_line(
	struct ts_str *rest, const char *name, int64_t *value, struct ts_why *why)
{
	struct ts_str line;
	if (ts_str_line(rest, &line)) {
		struct ts_str number = line;
		struct ts_str word = ts_str_cut(&number, ' ');
		if (ts_str_is(word, name) && number.at != NULL &&
			ts_text_u63(number, value) == TS_OK)
			return TS_OK;
	}
	return ts_why(why, TS_E_MALFORMED, name,
		"expected the line '%s N', N an integer without leading zeros", name);
}

/* The note ends at the second blank line: a checkpoint text has none inside. */
static bool cut_note(struct ts_str *rest, struct ts_str *note)
{
	size_t limit = rest->len < TS_NOTE_BYTES_MAX + 2 ? rest->len : TS_NOTE_BYTES_MAX + 2;
	int blanks = 0;
	for (size_t i = 1; i < limit; i++) {
		if (rest->at[i] != '\n' || rest->at[i - 1] != '\n')
			continue;
		blanks++;
		if (blanks < 2)
			continue;
		*note = (struct ts_str){rest->at, i};
		*rest = (struct ts_str){rest->at + i + 1, rest->len - i - 1};
		return true;
	}
	return false;
}

enum ts_err ts_append_parse(struct ts_str body, struct ts_append *out, struct ts_why *why)
{
	struct ts_str rest = body;
	struct ts_str line, note;
	if (!ts_str_line(&rest, &line) || !ts_str_is(line, "append/v1"))
		return ts_why(why, TS_E_MALFORMED, "body", "the first line is not 'append/v1'");
	TS_TRY(head_line(&rest, "old", &out->old_size, why));
	TS_TRY(head_line(&rest, "new", &out->new_size, why));
	if (!cut_note(&rest, &note))
		return ts_why(why, TS_E_MALFORMED, "note",
			"no blank line behind a checkpoint note of at most %d bytes",
			TS_NOTE_BYTES_MAX);
	TS_TRY(ts_note_parse(note, &out->note, why));
	TS_TRY(ts_checkpoint_parse(out->note.text, &out->checkpoint, why));
	if (out->checkpoint.size != out->new_size)
		return ts_why(why, TS_E_MALFORMED, "new",
			"new is %lld, but the checkpoint's size is %lld", (long long)out->new_size,
			(long long)out->checkpoint.size);
	out->lines = rest;
	return TS_OK;
}

enum ts_err ts_append_authenticate(const struct ts_append *append, const struct ts_key *agent,
	struct ts_str stream_id, struct ts_note_sig *sig, struct ts_why *why)
{
	char id[TS_STREAM_ID_CHARS + 1];
	if (agent->type != TS_KEY_ED25519)
		return ts_why(why, TS_E_KEY, "key", "%s is no agent key", agent->name);
	TS_TRY(ts_note_verify(&append->note, agent, 1, sig, why));
	if (!ts_str_is(append->checkpoint.origin, agent->name))
		return ts_why(why, TS_E_NOT_FOUND, "checkpoint",
			"the checkpoint's origin is not that of the key, %s", agent->name);
	ts_stream_id(append->checkpoint.origin, id);
	if (!ts_str_is(stream_id, id))
		return ts_why(why, TS_E_NOT_FOUND, "stream",
			"the checkpoint's origin belongs to stream %s", id);
	return TS_OK;
}

enum ts_err ts_append_decide(const struct ts_append *append, const struct ts_append_state *state,
	enum ts_append_step *step, struct ts_why *why)
{
	if (append->new_size <= append->old_size)
		return ts_why(why, TS_E_RANGE, "new", "new (%lld) is not over old (%lld)",
			(long long)append->new_size, (long long)append->old_size);
	if (append->new_size - append->old_size > TS_APPEND_LINES_MAX)
		return ts_why(why, TS_E_LIMIT, "new", "%lld lines in one append are over %d",
			(long long)(append->new_size - append->old_size), TS_APPEND_LINES_MAX);
	if (append->new_size <= state->size) {
		if (!ts_hash_eq(&append->checkpoint.root, &state->root_at_new))
			return ts_why(why, TS_E_EQUIVOCATION, "checkpoint",
				"another root of size %lld is stored", (long long)append->new_size);
		if (!state->ended_at_new)
			return ts_why(why, TS_E_STALE, "old",
				"the stream has %lld lines, and no append ended at %lld",
				(long long)state->size, (long long)append->new_size);
		*step = TS_APPEND_REPLAY;
		return TS_OK;
	}
	if (append->old_size != state->size)
		return ts_why(why, TS_E_STALE, "old", "the stream has %lld lines, not %lld",
			(long long)state->size, (long long)append->old_size);
	*step = TS_APPEND_STORE;
	return TS_OK;
}

void ts_append_walk_init(struct ts_append_walk *walk, struct ts_hasher *hasher,
	const struct ts_append *append, const struct ts_range *range)
{
	TS_ASSERT(range->size == append->old_size);
	walk->hasher = hasher;
	walk->range = *range;
	walk->rest = append->lines;
	walk->end = append->new_size;
	walk->framed = true;
}

bool ts_append_walk_next(struct ts_append_walk *walk, struct ts_append_line *out)
{
	if (!walk->framed || walk->rest.len == 0 || walk->range.size >= walk->end)
		return false;
	const char *lf = memchr(walk->rest.at, '\n', walk->rest.len);
	if (lf == NULL || lf - walk->rest.at > TS_APPEND_LINE_BYTES_MAX) {
		walk->framed = false;
		return false;
	}
	size_t len = (size_t)(lf - walk->rest.at);
	out->index = walk->range.size;
	out->bytes = (struct ts_str){walk->rest.at, len};
	ts_hash_leaf(walk->hasher, out->bytes.at, len, &out->leaf);
	out->full = ts_range_append(walk->hasher, &walk->range, &out->leaf, &out->full_root);
	walk->rest = (struct ts_str){lf + 1, walk->rest.len - len - 1};
	return true;
}

enum ts_err ts_append_walk_finish(
	const struct ts_append_walk *walk, const struct ts_append *append, struct ts_why *why)
{
	struct ts_hash root;
	if (!walk->framed)
		return ts_why(why, TS_E_MISMATCH, "lines",
			"line %lld has no line feed within %d bytes",
			(long long)(walk->range.size - append->old_size + 1),
			TS_APPEND_LINE_BYTES_MAX);
	if (walk->range.size != append->new_size || walk->rest.len != 0)
		return ts_why(why, TS_E_MISMATCH, "lines",
			"the body has %s than the %lld lines that old and new announce",
			walk->rest.len != 0 ? "more" : "fewer",
			(long long)(append->new_size - append->old_size));
	ts_range_root(walk->hasher, &walk->range, &root);
	if (!ts_hash_eq(&root, &append->checkpoint.root))
		return ts_why(why, TS_E_MISMATCH, "lines",
			"the root over the lines differs from the signed root of size %lld",
			(long long)append->new_size);
	return TS_OK;
}

enum ts_err ts_append_build(struct ts_hasher *hasher, const struct ts_secret *agent,
	int64_t old_size, const struct ts_range *range_new, struct ts_str lines, struct ts_buf *out)
{
	int64_t n = 0;
	for (size_t i = 0; i < lines.len; i++)
		n += lines.at[i] == '\n';
	if (old_size < 0 || n == 0 || n != range_new->size - old_size ||
		lines.at[lines.len - 1] != '\n')
		return TS_E_INVALID;
	struct ts_checkpoint checkpoint = {
		.origin = ts_str(agent->key.name), .size = range_new->size};
	struct ts_buf text;
	ts_range_root(hasher, range_new, &checkpoint.root);
	ts_buf_init(&text, TS_CHECKPOINT_CHARS);
	ts_checkpoint_format(&checkpoint, &text);
	enum ts_err err = text.err;
	if (err == TS_OK) {
		ts_buf_printf(out, "append/v1\nold %lld\nnew %lld\n", (long long)old_size,
			(long long)range_new->size);
		ts_note_begin((struct ts_str){text.data, text.len}, out);
		err = ts_note_sign(agent, (struct ts_str){text.data, text.len}, out);
		ts_buf_putc(out, '\n');
		ts_buf_put(out, lines.at, lines.len);
	}
	ts_buf_free(&text);
	return err != TS_OK ? err : out->err;
}

enum ts_err ts_append_receipt(const struct ts_secret *receipt, const struct ts_append *append,
	int64_t time_s, struct ts_buf *out)
{
	return ts_checkpoint_cosign(receipt, append->note.text, time_s, out);
}

enum ts_err ts_append_receipt_verify(const struct ts_key *receipt, struct ts_str text,
	struct ts_str line, int64_t *time_s, struct ts_why *why)
{
	struct ts_buf bytes;
	struct ts_note note;
	struct ts_note_sig sig = {.valid = false};
	if (receipt->type != TS_KEY_COSIGNATURE)
		return ts_why(why, TS_E_KEY, "key", "%s is no receipt key", receipt->name);
	ts_buf_init(&bytes, TS_NOTE_BYTES_MAX);
	ts_note_begin(text, &bytes);
	ts_buf_put(&bytes, line.at, line.len);
	enum ts_err err = bytes.err;
	if (err == TS_OK)
		err = ts_note_parse((struct ts_str){bytes.data, bytes.len}, &note, why);
	if (err == TS_OK)
		err = ts_note_verify(&note, receipt, 1, &sig, why);
	ts_buf_free(&bytes);
	if (err == TS_OK)
		*time_s = sig.time_s;
	return err;
}
