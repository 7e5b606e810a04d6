/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_STATEMENT_TEXT_H
#define TS_EVIDENCE_STATEMENT_TEXT_H
/* Internal to the room: the grammar that all statements share. First line the format, then one
 * `name value` line each, in one order. A reader's first failure sticks: a parser reads all its
 * lines and looks once, at the end. A writer's text is parsed again before it is given out. */
#include "evidence/statement.h"

/* A reader that goes line by line and value by value; the first failure sticks. */
struct ts_reader {
	struct ts_str rest; /* lines not yet read */
	struct ts_str values; /* of the current line, not yet read */
	const char *name; /* of the current line */
	enum ts_err err;
	struct ts_why *why;
};

void ts_read_fail(struct ts_reader *r, enum ts_err err, const char *rule);
void ts_read_begin(struct ts_reader *r, struct ts_str text, const char *format, struct ts_why *why);
void ts_read_enter(struct ts_reader *r, const char *name);
void ts_read_leave(struct ts_reader *r);
struct ts_str ts_read_word(struct ts_reader *r);
bool ts_read_dash(struct ts_reader *r);
int64_t ts_read_integer(struct ts_reader *r);
int64_t ts_read_instant(struct ts_reader *r);
int32_t ts_read_date(struct ts_reader *r);
struct ts_hash ts_read_hash(struct ts_reader *r);
struct ts_str ts_read_contract_line(struct ts_reader *r);
int64_t ts_read_integer_line(struct ts_reader *r, const char *name);
int64_t ts_read_instant_line(struct ts_reader *r, const char *name);
int32_t ts_read_date_line(struct ts_reader *r, const char *name);
struct ts_str ts_read_word_line(struct ts_reader *r, const char *name);
enum ts_side ts_read_side_line(struct ts_reader *r, const char *name);
void ts_read_require(struct ts_reader *r, bool ok, const char *name, const char *rule);
enum ts_err ts_read_end(struct ts_reader *r) TS_MUST;
void ts_read_interval_line(struct ts_reader *r, const char *name, int64_t *from_ms, int64_t *to_ms);
struct ts_str ts_read_reason_line(struct ts_reader *r, const char *name);
struct ts_hash ts_read_root(struct ts_reader *r);
void ts_write_text_line(struct ts_buf *out, const char *name, struct ts_str value);
void ts_write_integer_line(struct ts_buf *out, const char *name, int64_t v);
void ts_write_hash_line(struct ts_buf *out, const char *name, const struct ts_hash *hash);
void ts_write_date_line(struct ts_buf *out, const char *name, int32_t day);
void ts_write_interval_line(struct ts_buf *out, const char *name, int64_t from_ms, int64_t to_ms);
struct ts_str ts_written(const struct ts_buf *out, size_t before);
enum ts_err ts_write_settle(struct ts_buf *out, size_t before, enum ts_err err) TS_MUST;
enum ts_err ts_write_full(const struct ts_buf *out, struct ts_why *why) TS_MUST;
void ts_write_root(struct ts_buf *out, const struct ts_hash *root);

#endif
