/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/conflict.h"
#include <string.h>

#define HEADER "tallystick/conflict/v1"
#define NOTE_LINES 5 /* origin, size, root, empty, the agent's line */

static enum ts_err parse_hash(struct ts_str text, struct ts_hash *out, struct ts_why *why)
{
	size_t len = 0;
	if (ts_text_unbase64(text, out->b, TS_HASH_BYTES, &len) != TS_OK || len != TS_HASH_BYTES)
		return ts_why(why, TS_E_MALFORMED, "conflict",
			"a hash is not the canonical base64 of 32 bytes");
	return TS_OK;
}

/* A checkpoint note with one signature line, as it is stored as a leaf. */
static enum ts_err take_note(struct ts_str *rest, const char *which, struct ts_str *bytes,
	struct ts_checkpoint *checkpoint, struct ts_why *why)
{
	struct ts_str line;
	struct ts_note note;
	const char *start = rest->at;
	for (int i = 0; i < NOTE_LINES; i++)
		if (!ts_str_line(rest, &line))
			return ts_why(why, TS_E_MALFORMED, which, "the note ends too early");
	*bytes = (struct ts_str){start, (size_t)(rest->at - start)};
	TS_TRY(ts_note_parse(*bytes, &note, why));
	TS_TRY(ts_checkpoint_parse(note.text, checkpoint, why));
	if (checkpoint->size == 0)
		return ts_why(why, TS_E_MALFORMED, which, "an empty log contradicts nothing");
	return TS_OK;
}

static enum ts_err parse_path(struct ts_str *rest, struct ts_path *path, struct ts_why *why)
{
	struct ts_str line;
	path->n = 0;
	while (ts_str_line(rest, &line)) {
		if (line.len == 0)
			return TS_OK;
		if (path->n == TS_MERKLE_HASHES_MAX)
			return ts_why(why, TS_E_MALFORMED, "conflict", "more than %d hashes",
				TS_MERKLE_HASHES_MAX);
		TS_TRY(parse_hash(line, &path->hashes[path->n], why));
		path->n++;
	}
	return ts_why(why, TS_E_MALFORMED, "conflict", "no empty line behind the hashes");
}

enum ts_err ts_conflict_parse(struct ts_str bytes, struct ts_conflict *out, struct ts_why *why)
{
	static const char root[] = "root ";
	struct ts_str rest = bytes, line;
	struct ts_conflict conflict;
	if (bytes.len > TS_CONFLICT_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "conflict", "%zu bytes are over %d", bytes.len,
			TS_CONFLICT_BYTES_MAX);
	if (!ts_str_line(&rest, &line) || !ts_str_is(line, HEADER))
		return ts_why(why, TS_E_MALFORMED, "conflict", "the first line is not " HEADER);
	if (!ts_str_line(&rest, &line) || line.len < sizeof root ||
		memcmp(line.at, root, sizeof root - 1) != 0)
		return ts_why(why, TS_E_MALFORMED, "conflict", "expected the line 'root HASH'");
	line.at += sizeof root - 1;
	line.len -= sizeof root - 1;
	TS_TRY(parse_hash(line, &conflict.root, why));
	TS_TRY(parse_path(&rest, &conflict.path, why));
	TS_TRY(take_note(&rest, "refused", &conflict.refused_note, &conflict.refused, why));
	if (!ts_str_line(&rest, &line) || line.len != 0)
		return ts_why(
			why, TS_E_MALFORMED, "conflict", "no empty line between the two notes");
	TS_TRY(take_note(&rest, "accepted", &conflict.accepted_note, &conflict.accepted, why));
	if (rest.len != 0)
		return ts_why(why, TS_E_MALFORMED, "conflict", "bytes behind the second note");
	*out = conflict;
	return TS_OK;
}

static void put_hash(const struct ts_hash *hash, struct ts_buf *out)
{
	char base64[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_text_base64(hash->b, TS_HASH_BYTES, base64);
	ts_buf_puts(out, base64);
	ts_buf_putc(out, '\n');
}

void ts_conflict_format(const struct ts_conflict *conflict, struct ts_buf *out)
{
	ts_buf_puts(out, HEADER "\nroot ");
	put_hash(&conflict->root, out);
	for (size_t i = 0; i < conflict->path.n; i++)
		put_hash(&conflict->path.hashes[i], out);
	ts_buf_putc(out, '\n');
	ts_buf_put(out, conflict->refused_note.at, conflict->refused_note.len);
	ts_buf_putc(out, '\n');
	ts_buf_put(out, conflict->accepted_note.at, conflict->accepted_note.len);
}

enum ts_err ts_conflict_verify(struct ts_hasher *hasher, const struct ts_conflict *conflict,
	const struct ts_key *agent, struct ts_why *why)
{
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_checkpoint refused, accepted;
	if (agent->type != TS_KEY_ED25519)
		return ts_why(why, TS_E_KEY, "key", "an agent's key signs texts (type 1)");
	TS_TRY(ts_checkpoint_open(conflict->refused_note, agent, 1, &note, &sig, &refused, why));
	TS_TRY(ts_checkpoint_open(conflict->accepted_note, agent, 1, &note, &sig, &accepted, why));
	if (refused.size <= 0 || refused.size > accepted.size)
		return ts_why(why, TS_E_INVALID, "refused",
			"size %lld is not in [1, %lld], the accepted one", (long long)refused.size,
			(long long)accepted.size);
	if (ts_consistency_verify(hasher, refused.size, accepted.size, &conflict->path,
		    &conflict->root, &accepted.root) != TS_OK)
		return ts_why(why, TS_E_INVALID, "root",
			"is not shown to be the accepted log's at size %lld",
			(long long)refused.size);
	if (ts_hash_eq(&conflict->root, &refused.root))
		return ts_why(why, TS_E_INVALID, "root",
			"both checkpoints agree at size %lld: there is no conflict",
			(long long)refused.size);
	return TS_OK;
}
