/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/note.h"

#include <sodium.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " /* U+2014 EM DASH, space */
#define DASH_LEN 4
#define ID_BYTES 4
#define TIME_BYTES 8
#define BLOB_MAX (ID_BYTES + TIME_BYTES + TS_KEY_SIG_BYTES)

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* UTF-8 without control bytes but LF (DEL and the C1 range included in neither rule of the
 * specification: only bytes below 0x20 are refused). */
static bool plain_text(struct ts_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c < 0x20 && c != '\n')
			return false;
	}
	return ts_text_utf8(text);
}

/* The names of unknown keys may be any UTF-8 but '+' and Unicode spaces. */
static bool name_ok(struct ts_str name)
{
	static const char *const spaces[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
		"\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
		"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
	if (name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '+' || name.at[i] == ' ')
			return false;
		for (size_t s = 0; s < sizeof(spaces) / sizeof(spaces[0]); s++) {
			size_t len = strlen(spaces[s]);
			if (len <= name.len - i && memcmp(name.at + i, spaces[s], len) == 0)
				return false;
		}
	}
	return true;
}

static enum ts_err parse_line(struct ts_str line, struct ts_sigline *out, struct ts_why *why)
{
	if (line.len < DASH_LEN || memcmp(line.at, DASH, DASH_LEN) != 0)
		return ts_why(why, TS_E_MALFORMED, "signature",
			"a signature line begins with an em dash and a space");
	struct ts_str rest = {line.at + DASH_LEN, line.len - DASH_LEN};
	out->name = ts_str_cut(&rest, ' ');
	out->base64 = rest;
	if (!name_ok(out->name))
		return ts_why(why, TS_E_MALFORMED, "signature",
			"the key name in a signature line is empty or has a space or '+'");
	uint8_t blob[TS_NOTE_BYTES_MAX];
	size_t len = 0;
	if (rest.at == NULL || ts_text_unbase64(rest, blob, sizeof(blob), &len) != TS_OK ||
		len <= ID_BYTES)
		return ts_why(why, TS_E_MALFORMED, "signature",
			"the signature of %.*s is not canonical base64 of key id and signature",
			(int)(out->name.len < 100 ? out->name.len : 100), out->name.at);
	out->id = be32(blob);
	out->line = (struct ts_str){line.at, line.len + 1};
	return TS_OK;
}

enum ts_err ts_note_parse(struct ts_str bytes, struct ts_note *out, struct ts_why *why)
{
	if (bytes.len > TS_NOTE_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "note",
			"a note of %zu bytes is over the limit of %d", bytes.len,
			TS_NOTE_BYTES_MAX);
	if (bytes.len == 0 || bytes.at[bytes.len - 1] != '\n')
		return ts_why(why, TS_E_MALFORMED, "note", "a note ends with a line feed");
	if (!plain_text(bytes))
		return ts_why(why, TS_E_MALFORMED, "note",
			"a note is UTF-8 without control bytes other than line feed");
	size_t split = bytes.len;
	for (size_t i = bytes.len - 1; i > 0; i--) {
		if (bytes.at[i] == '\n' && bytes.at[i - 1] == '\n') {
			split = i;
			break;
		}
	}
	if (split == bytes.len)
		return ts_why(
			why, TS_E_MALFORMED, "note", "no blank line between text and signatures");
	out->bytes = bytes;
	out->text = (struct ts_str){bytes.at, split};
	out->n = 0;
	struct ts_str rest = {bytes.at + split + 1, bytes.len - split - 1};
	struct ts_str line;
	while (ts_str_line(&rest, &line)) {
		if (out->n == TS_NOTE_LINES_MAX)
			return ts_why(why, TS_E_LIMIT, "note", "more than %d signature lines",
				TS_NOTE_LINES_MAX);
		TS_TRY(parse_line(line, &out->lines[out->n], why));
		out->n++;
	}
	if (out->n == 0)
		return ts_why(why, TS_E_MALFORMED, "note", "no signature line");
	return TS_OK;
}

bool ts_note_cut(struct ts_str *rest, struct ts_str *note)
{
	struct ts_str line;
	int blank = 0;
	const char *at = rest->at;
	while (rest->len > 0) {
		const char *before = rest->at;
		if (!ts_str_line(rest, &line))
			return false;
		if (line.len == 0 && ++blank == 2) {
			*note = (struct ts_str){at, (size_t)(before - at)};
			return rest->len > 0; /* a note follows */
		}
	}
	*note = (struct ts_str){at, (size_t)(rest->at - at)};
	return true;
}

bool ts_note_line_of(const struct ts_sigline *line, const struct ts_key *key)
{
	return line->id == key->id && ts_str_is(line->name, key->name);
}

enum ts_err ts_note_line_verify(struct ts_str text, const struct ts_sigline *line,
	const struct ts_key *key, int64_t *time_s)
{
	uint8_t blob[BLOB_MAX];
	size_t len = 0;
	if (ts_text_unbase64(line->base64, blob, sizeof(blob), &len) != TS_OK)
		return TS_E_SIGNATURE;
	*time_s = 0;
	if (key->type == TS_KEY_ED25519) {
		if (len != ID_BYTES + TS_KEY_SIG_BYTES)
			return TS_E_SIGNATURE;
		return ts_key_verify(key, text.at, text.len, blob + ID_BYTES);
	}
	if (len != BLOB_MAX)
		return TS_E_SIGNATURE;
	uint64_t time = (uint64_t)be32(blob + ID_BYTES) << 32 | be32(blob + ID_BYTES + 4);
	if (time == 0 || time > INT64_MAX)
		return TS_E_SIGNATURE;
	struct ts_buf message;
	ts_buf_init(&message, TS_NOTE_BYTES_MAX + 64);
	ts_buf_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
	ts_buf_put(&message, text.at, text.len);
	enum ts_err err = message.err;
	if (err == TS_OK)
		err = ts_key_verify(key, message.data, message.len, blob + ID_BYTES + TIME_BYTES);
	ts_buf_free(&message);
	if (err == TS_OK)
		*time_s = (int64_t)time;
	return err;
}

/* One known key: all its lines must be the same bytes and verify. */
static enum ts_err verify_key(const struct ts_note *note, const struct ts_key *key,
	struct ts_note_sig *sig, struct ts_why *why)
{
	const struct ts_sigline *first = NULL;
	*sig = (struct ts_note_sig){.valid = false};
	for (size_t i = 0; i < note->n; i++) {
		const struct ts_sigline *line = &note->lines[i];
		if (!ts_note_line_of(line, key))
			continue;
		if (first != NULL) {
			if (!ts_str_eq(first->base64, line->base64))
				return ts_why(why, TS_E_SIGNATURE, "signature",
					"two signature lines of %s differ", key->name);
			continue;
		}
		first = line;
		enum ts_err err = ts_note_line_verify(note->text, line, key, &sig->time_s);
		if (err != TS_OK)
			return ts_why(why, err, "signature",
				"the signature of %s (id %08x) does not verify", key->name,
				key->id);
		sig->valid = true;
		sig->line = line->line;
	}
	return TS_OK;
}

enum ts_err ts_note_verify(const struct ts_note *note, const struct ts_key *keys, size_t n,
	struct ts_note_sig *sigs, struct ts_why *why)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (keys[i].id == keys[j].id && strcmp(keys[i].name, keys[j].name) == 0)
				return ts_why(why, TS_E_KEY, "keys",
					"two known keys share the name %s and id %08x",
					keys[i].name, keys[i].id);
		}
	}
	for (size_t i = 0; i < n; i++) {
		TS_TRY(verify_key(note, &keys[i], &sigs[i], why));
		any = any || sigs[i].valid;
	}
	if (!any)
		return ts_why(why, TS_E_SIGNATURE, "signature",
			"none of the %zu signature lines is of a known key", note->n);
	return TS_OK;
}

enum ts_err ts_note_text_check(struct ts_str text, struct ts_why *why)
{
	if (text.len == 0 || text.at[0] == '\n' || text.at[text.len - 1] != '\n')
		return ts_why(why, TS_E_INVALID, "text",
			"a note text begins with a line that is not empty and ends with a line "
			"feed");
	if (!plain_text(text))
		return ts_why(why, TS_E_INVALID, "text",
			"a note text is UTF-8 without control bytes other than line feed");
	return TS_OK;
}

void ts_note_begin(struct ts_str text, struct ts_buf *out)
{
	ts_buf_put(out, text.at, text.len);
	ts_buf_putc(out, '\n');
}

void ts_note_put_line(const struct ts_key *key, const uint8_t *blob, size_t len, struct ts_buf *out)
{
	uint8_t bytes[BLOB_MAX];
	char base64[TS_BASE64_LEN(BLOB_MAX) + 1];
	TS_ASSERT(len <= BLOB_MAX - ID_BYTES);
	bytes[0] = (uint8_t)(key->id >> 24);
	bytes[1] = (uint8_t)(key->id >> 16);
	bytes[2] = (uint8_t)(key->id >> 8);
	bytes[3] = (uint8_t)key->id;
	memcpy(bytes + ID_BYTES, blob, len);
	ts_text_base64(bytes, ID_BYTES + len, base64);
	ts_buf_puts(out, DASH);
	ts_buf_puts(out, key->name);
	ts_buf_putc(out, ' ');
	ts_buf_puts(out, base64);
	ts_buf_putc(out, '\n');
}

enum ts_err ts_note_sign(const struct ts_secret *secret, struct ts_str text, struct ts_buf *out)
{
	uint8_t sig[TS_KEY_SIG_BYTES];
	if (secret->key.type != TS_KEY_ED25519)
		return TS_E_KEY;
	TS_TRY(ts_note_text_check(text, NULL));
	ts_secret_sign(secret, text.at, text.len, sig);
	ts_note_put_line(&secret->key, sig, sizeof(sig), out);
	return out->err;
}
