/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror_note.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NOTES_BYTES_MAX TS_NOTE_BYTES_MAX

const char *ts_mirror_log_name(enum ts_log_kind log)
{
	return log == TS_LOG_INPUTS ? "inputs" : "journal";
}

enum ts_err ts_mirror_note_open(const struct ts_policy *policy, enum ts_log_kind log,
	struct ts_str bytes, struct ts_region *region, struct ts_mirror_note *out,
	struct ts_why *why)
{
	struct ts_note note;
	struct ts_key keys[1 + TS_POLICY_WITNESSES_MAX];
	struct ts_note_sig sigs[1 + TS_POLICY_WITNESSES_MAX];
	int64_t times[TS_POLICY_WITNESSES_MAX] = {0}, met_s = 0;
	char *copy = ts_region_copy(region, bytes.at != NULL ? bytes.at : "", bytes.len);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	keys[0] = policy->log[log];
	memcpy(keys + 1, policy->witnesses, policy->witnesses_n * sizeof keys[0]);
	out->bytes = (struct ts_str){copy, bytes.len};
	TS_TRY(ts_checkpoint_open(
		out->bytes, keys, 1 + policy->witnesses_n, &note, sigs, &out->checkpoint, why));
	for (size_t i = 0; i < policy->witnesses_n; i++)
		times[i] = sigs[i + 1].valid ? sigs[i + 1].time_s : 0;
	out->quorum = ts_policy_quorum(policy, times, &met_s);
	out->lines = note.n;
	return TS_OK;
}

static enum ts_err read_note(const struct ts_mirror_dir *dir, const char *name,
	const struct ts_policy *policy, enum ts_log_kind log, struct ts_region *region,
	struct ts_mirror_note *out, struct ts_why *why)
{
	struct ts_buf bytes;
	struct ts_why inner = {"", ""};
	*out = (struct ts_mirror_note){.lines = 0};
	ts_buf_init(&bytes, NOTES_BYTES_MAX);
	enum ts_err err = ts_mirror_read(dir, name, &bytes, why);
	if (err == TS_OK) {
		err = ts_mirror_note_open(
			policy, log, (struct ts_str){bytes.data, bytes.len}, region, out, &inner);
		if (err != TS_OK)
			(void)ts_why(why, err, name, "the mirror's own note: %s", inner.text);
	}
	ts_buf_free(&bytes);
	return err;
}

enum ts_err ts_mirror_note_accepted(const struct ts_mirror_dir *dir, const struct ts_policy *policy,
	enum ts_log_kind log, struct ts_region *region, struct ts_mirror_note *out,
	struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS];
	(void)snprintf(name, sizeof name, "%s/checkpoint", ts_mirror_log_name(log));
	enum ts_err err = read_note(dir, name, policy, log, region, out, why);
	return err == TS_E_NOT_FOUND ? TS_OK : err;
}

enum ts_err ts_mirror_note_keep(const struct ts_mirror_dir *dir, const struct ts_policy *policy,
	enum ts_log_kind log, const struct ts_mirror_note *note, struct ts_region *region,
	struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_mirror_note kept;
	(void)snprintf(name, sizeof name, "%s/checkpoints/%lld", ts_mirror_log_name(log),
		(long long)note->checkpoint.size);
	enum ts_err err = read_note(dir, name, policy, log, region, &kept, why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err == TS_OK && !ts_hash_eq(&kept.checkpoint.root, &note->checkpoint.root))
		return ts_mirror_note_conflict(dir, log, &kept, note, TS_E_EQUIVOCATION, why);
	if (err == TS_OK && kept.lines >= note->lines)
		return TS_OK;
	return ts_mirror_write(dir, name, note->bytes, why);
}

static enum ts_err put_conflict(const struct ts_mirror_dir *dir, enum ts_log_kind log,
	const struct ts_mirror_note *note, struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS], hex[2 * TS_HASH_BYTES + 1];
	struct ts_hash hash;
	ts_sha256(note->bytes.at, note->bytes.len, &hash);
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	(void)snprintf(name, sizeof name, "%s/conflicts/%lld.%.16s", ts_mirror_log_name(log),
		(long long)note->checkpoint.size, hex);
	return ts_mirror_write(dir, name, note->bytes, why);
}

enum ts_err ts_mirror_note_conflict(const struct ts_mirror_dir *dir, enum ts_log_kind log,
	const struct ts_mirror_note *a, const struct ts_mirror_note *b, enum ts_err err,
	struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS], path[PATH_MAX];
	TS_TRY(put_conflict(dir, log, a, why));
	TS_TRY(put_conflict(dir, log, b, why));
	TS_TRY(ts_mirror_sync(dir, why));
	(void)snprintf(name, sizeof name, "%s/conflicts", ts_mirror_log_name(log));
	return ts_why(why, err, ts_mirror_path(dir, name, path, sizeof path),
		"the log was %s: size %lld was mirrored, now the service shows another history of "
		"size %lld. Both signed notes are kept here and nothing of the mirror was changed: "
		"sign, seal and pay nothing that rests on it, show both notes to the other company "
		"and the witnesses, and have the operator explain (docs/operations.md, \"A "
		"restored "
		"database\")",
		err == TS_E_CONFLICT ? "rolled back" : "forked", (long long)a->checkpoint.size,
		(long long)b->checkpoint.size);
}
