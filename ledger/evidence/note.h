/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_NOTE_H
#define TS_EVIDENCE_NOTE_H
/* Why: everything signed is a C2SP signed note: a text, a blank line, signature lines. Parsing is
 * strict and borrows; verifying follows three rules: a line of an unknown (name, id) is ignored, a
 * line of a known key that fails rejects the note, a note without any valid line is rejected. */
#include "evidence/key.h"

#define TS_NOTE_BYTES_MAX 32768
#define TS_NOTE_LINES_MAX 64
#define TS_SIGLINE_CHARS (3 + 1 + TS_KEY_NAME_MAX + 1 + TS_BASE64_LEN(76) + 2)

struct ts_sigline {
	struct ts_str line; /* the whole line with its LF */
	struct ts_str name;
	struct ts_str base64;
	uint32_t id;
};
struct ts_note {
	struct ts_str bytes; /* all of it */
	struct ts_str text; /* with its final LF */
	size_t n;
	struct ts_sigline lines[TS_NOTE_LINES_MAX];
};
/* Borrows bytes. TS_E_MALFORMED, TS_E_LIMIT. */
enum ts_err ts_note_parse(struct ts_str bytes, struct ts_note *out, struct ts_why *why) TS_MUST;

/* Notes that follow each other with an empty line between two: takes the next one off *rest. False
 * when what is there can't be cut (each note is text, empty line, signature lines). */
bool ts_note_cut(struct ts_str *rest, struct ts_str *note);

/* What a known key said about a note. */
struct ts_note_sig {
	bool valid; /* the key has a line, and it verifies */
	int64_t time_s; /* cosignatures only; else 0 */
	struct ts_str line; /* that line, borrowed from the note; with its LF */
};
/* Fills sigs[i] for keys[i]. TS_E_SIGNATURE by the rules above; TS_E_KEY when two of the known keys
 * share a (name, id), which would make lines ambiguous. */
enum ts_err ts_note_verify(const struct ts_note *note, const struct ts_key *keys, size_t n,
	struct ts_note_sig *sigs, struct ts_why *why) TS_MUST;

/* The line names this key (name and id); says nothing about the signature. */
bool ts_note_line_of(const struct ts_sigline *line, const struct ts_key *key);
/* One line alone: TS_E_SIGNATURE unless it is the key's signature of text. *time_s: of a
 * cosignature, else 0. */
enum ts_err ts_note_line_verify(struct ts_str text, const struct ts_sigline *line,
	const struct ts_key *key, int64_t *time_s) TS_MUST;

/* TS_E_INVALID unless text may be signed as a note text: valid UTF-8, ends in LF, no control bytes
 * but LF, not starting with one. */
enum ts_err ts_note_text_check(struct ts_str text, struct ts_why *why) TS_MUST;
/* Appends text, blank line. Signature lines follow by ts_note_sign. */
void ts_note_begin(struct ts_str text, struct ts_buf *out);
/* Appends one signature line of a TS_KEY_ED25519 key over text. TS_E_KEY for the other type. */
enum ts_err ts_note_sign(
	const struct ts_secret *secret, struct ts_str text, struct ts_buf *out) TS_MUST;
/* Appends one signature line made elsewhere: blob is the signature without the key id. */
void ts_note_put_line(
	const struct ts_key *key, const uint8_t *blob, size_t len, struct ts_buf *out);

#endif
