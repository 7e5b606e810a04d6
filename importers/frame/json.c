/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/json.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8 /* of the paths to items */

struct reader {
	struct ts_input *input;
	const struct ts_json_walk *walk;
	struct ts_why *why;
	char *buf;
	size_t at;
	size_t len;
	int64_t offset; /* in the document, of buf */
	enum ts_err err; /* sticks */
	char *value; /* the one being captured */
	size_t value_len;
	size_t value_cap;
	char path[TS_JSON_PATH_BYTES_MAX];
	size_t path_len;
	bool met; /* something stood at a path of items */
};

/* The next byte without taking it; -1: the end or an error. */
static int peek(struct reader *r)
{
	if (r->at < r->len)
		return (unsigned char)r->buf[r->at];
	if (r->err != TS_OK)
		return -1;
	r->offset += (int64_t)r->len;
	r->at = r->len = 0;
	r->err = ts_input_read(r->input, r->buf, TS_INPUT_BLOCK_BYTES, &r->len, r->why);
	if (r->err != TS_OK)
		r->len = 0;
	return r->len ? (unsigned char)r->buf[0] : -1;
}

static int peek_token(struct reader *r)
{
	int c = peek(r);
	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		r->at++;
		c = peek(r);
	}
	return c;
}

static enum ts_err bad(struct reader *r, const char *text)
{
	if (r->err != TS_OK)
		return r->err;
	return ts_why(r->why, TS_E_MALFORMED, "input", "%s, at byte %lld", text,
		(long long)(r->offset + (int64_t)r->at));
}

static bool keep(struct reader *r, size_t from, size_t max)
{
	size_t n = r->at - from;
	if (r->value_len + n > max)
		return false;
	if (r->value_len + n > r->value_cap) {
		size_t cap = r->value_cap ? r->value_cap : 8192;
		while (cap < r->value_len + n)
			cap *= 2;
		char *value = realloc(r->value, cap);
		if (!value)
			return false;
		r->value = value;
		r->value_cap = cap;
	}
	memcpy(r->value + r->value_len, r->buf + from, n);
	r->value_len += n;
	return true;
}

/* Where a value's end is looked for: in a string or not, how deep. */
struct scan {
	int64_t depth;
	bool string;
	bool escape;
	bool scalar;
	bool ended;
};

/* Moves r->at over what belongs to the value in the bytes at hand. */
static void scan_some(struct reader *r, struct scan *s)
{
	for (; r->at < r->len && !s->ended; r->at++) {
		char c = r->buf[r->at];
		if (s->string) {
			s->string = s->escape || c != '"';
			s->escape = !s->escape && c == '\\';
			s->ended = !s->string && s->depth == 0;
			continue;
		}
		switch (c) {
		case '"':
			s->string = true;
			break;
		case '{':
		case '[':
			s->depth++;
			break;
		case '}':
		case ']':
			if (s->depth == 0) { /* ends a scalar, and belongs to what is around it */
				s->ended = true;
				return;
			}
			s->ended = --s->depth == 0;
			break;
		case ',':
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			if (s->depth == 0) {
				s->ended = true;
				return;
			}
			break;
		default:
			break;
		}
	}
}

/* Takes one value into r->value. *too_long: it was over max and is skipped. */
static enum ts_err capture(struct reader *r, size_t max, bool *too_long)
{
	struct scan s = {0};
	r->value_len = 0;
	*too_long = false;
	int first = peek_token(r);
	if (first < 0 || first == ',' || first == '}' || first == ']' || first == ':')
		return bad(r, "no value");
	s.scalar = first != '{' && first != '[' && first != '"';
	while (!s.ended) {
		if (peek(r) < 0) {
			if (s.scalar && r->err == TS_OK)
				return TS_OK;
			return bad(r, "the document ends inside a value");
		}
		size_t from = r->at;
		scan_some(r, &s);
		*too_long = *too_long || !keep(r, from, max);
	}
	return TS_OK;
}

static enum ts_err emit_item(struct reader *r, struct ts_str name)
{
	bool too_long = false;
	r->met = true;
	TS_TRY(capture(r, r->walk->item_bytes_max, &too_long));
	struct ts_str bytes = {r->value, too_long ? 0 : r->value_len};
	return r->walk->item(r->walk->ctx, name, bytes, too_long, r->why);
}

static enum ts_err emit_member(struct reader *r)
{
	bool too_long = false;
	TS_TRY(capture(r, TS_JSON_MEMBER_BYTES_MAX, &too_long));
	if (too_long || !r->walk->member)
		return TS_OK;
	return r->walk->member(r->walk->ctx, (struct ts_str){r->path, r->path_len},
		(struct ts_str){r->value, r->value_len}, r->why);
}

/* Takes a member's name and the colon; bounded, and refused when it has escapes: no path has. */
static enum ts_err take_name(struct reader *r, char name[TS_JSON_PATH_BYTES_MAX], size_t *len)
{
	*len = 0;
	if (peek_token(r) != '"')
		return bad(r, "no member name");
	r->at++;
	for (int c = peek(r); c != '"'; c = peek(r)) {
		if (c < 0x20 || *len == TS_JSON_PATH_BYTES_MAX)
			return bad(r, "a member name that is too long or not closed");
		name[(*len)++] = (char)c;
		r->at++;
		if (c == '\\' && peek(r) == '"' && *len < TS_JSON_PATH_BYTES_MAX) {
			name[(*len)++] = '"';
			r->at++;
		}
	}
	r->at++;
	if (peek_token(r) != ':')
		return bad(r, "no colon behind a member's name");
	r->at++;
	return TS_OK;
}

enum match { MATCH_NONE, MATCH_PREFIX, MATCH_ITEMS, MATCH_MEMBERS };

/* How the path stands to the paths of items. */
static enum match match_path(const struct reader *r)
{
	struct ts_str paths = ts_str(r->walk->items);
	struct ts_str path = {r->path, r->path_len};
	enum match best = MATCH_NONE;
	while (paths.at) {
		struct ts_str item = ts_str_cut(&paths, '|');
		bool members = item.len >= 2 && memcmp(item.at + item.len - 2, ".*", 2) == 0;
		bool all = ts_str_is(item, "*");
		if (members)
			item.len -= 2;
		if (all)
			item.len = 0;
		if (ts_str_eq(item, path))
			return members || all ? MATCH_MEMBERS : MATCH_ITEMS;
		bool prefix = path.len == 0 || (item.len > path.len && item.at[path.len] == '.' &&
						       memcmp(item.at, path.at, path.len) == 0);
		if (prefix)
			best = MATCH_PREFIX;
	}
	return best;
}

static enum ts_err walk_value(struct reader *r, int depth);

static enum ts_err walk_array(struct reader *r)
{
	r->at++; /* '[' */
	r->met = true;
	if (peek_token(r) == ']') {
		r->at++;
		return TS_OK;
	}
	for (;;) {
		TS_TRY(emit_item(r, (struct ts_str){0}));
		int c = peek_token(r);
		if (c != ',' && c != ']')
			return bad(r, "no comma between elements");
		r->at++;
		if (c == ']')
			return TS_OK;
	}
}

/* members: each member of the object is an item. */
static enum ts_err walk_object(struct reader *r, bool members, int depth)
{
	size_t before = r->path_len;
	r->at++; /* '{' */
	r->met = r->met || members;
	if (peek_token(r) == '}') {
		r->at++;
		return TS_OK;
	}
	for (;;) {
		char name[TS_JSON_PATH_BYTES_MAX];
		size_t len = 0;
		TS_TRY(take_name(r, name, &len));
		if (before + 1 + len > sizeof(r->path))
			return bad(r, "a path of member names that is too long");
		if (members) {
			TS_TRY(emit_item(r, (struct ts_str){name, len}));
		} else {
			if (before)
				r->path[r->path_len++] = '.';
			memcpy(r->path + r->path_len, name, len);
			r->path_len += len;
			TS_TRY(walk_value(r, depth + 1));
			r->path_len = before;
		}
		int c = peek_token(r);
		if (c != ',' && c != '}')
			return bad(r, "no comma between members");
		r->at++;
		if (c == '}')
			return TS_OK;
	}
}

static enum ts_err walk_value(struct reader *r, int depth)
{
	enum match match = match_path(r);
	int c = peek_token(r);
	if (depth > DEPTH_MAX)
		return bad(r, "members nest too deep");
	switch (match) {
	case MATCH_ITEMS:
		return c == '[' ? walk_array(r) : emit_item(r, (struct ts_str){0});
	case MATCH_MEMBERS:
	case MATCH_PREFIX:
		if (c == '{')
			return walk_object(r, match == MATCH_MEMBERS, depth);
		break;
	case MATCH_NONE:
		break;
	}
	return emit_member(r);
}

static enum ts_err walk_document(struct reader *r)
{
	bool root = false;
	struct ts_str paths = ts_str(r->walk->items);
	while (paths.at)
		root = ts_str_cut(&paths, '|').len == 0 || root;
	do {
		TS_TRY(walk_value(r, 0));
	} while (peek_token(r) >= 0 && root);
	if (r->err != TS_OK)
		return r->err;
	if (peek_token(r) >= 0)
		return bad(r, "bytes behind the document");
	if (!r->met)
		return ts_why(r->why, TS_E_NOT_FOUND, "input", "nothing at %s in the document",
			r->walk->items);
	return TS_OK;
}

enum ts_err ts_json_walk(
	struct ts_input *input, const struct ts_json_walk *walk, struct ts_why *why)
{
	struct reader r = {.input = input, .walk = walk, .why = why};
	r.buf = malloc(TS_INPUT_BLOCK_BYTES);
	if (!r.buf)
		return TS_E_NO_MEMORY;
	enum ts_err err = walk_document(&r);
	free(r.value);
	free(r.buf);
	return err;
}
