/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/node.h"
#include <string.h>

struct parser {
	const char *start;
	const char *at;
	const char *end;
	struct ts_region *region;
	size_t nodes;
	const char *reason;
	struct ts_why *why;
};

static enum ts_err fail(struct parser *p, enum ts_err err, const char *reason, const char *text)
{
	p->reason = reason;
	return ts_why(p->why, err, reason, "%s at byte %zu of the item", text,
		(size_t)(p->at - p->start));
}

static enum ts_err malformed(struct parser *p, const char *text)
{
	return fail(p, TS_E_MALFORMED, "json_malformed", text);
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end &&
		(*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
		p->at++;
}

static bool hex4(struct parser *p, uint32_t *out)
{
	uint32_t value = 0;
	if (p->end - p->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *p->at++;
		uint32_t digit = 0;
		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (uint32_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (uint32_t)(c - 'A') + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*out = value;
	return true;
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* Behind "\u". A pair of surrogates is one character; one alone, and NUL, are refused. */
static bool unescape_code(struct parser *p, char **to)
{
	uint32_t code = 0;
	uint32_t low = 0;
	if (!hex4(p, &code) || code == 0 || (code >= 0xdc00 && code < 0xe000))
		return false;
	if (code >= 0xd800 && code < 0xdc00) {
		if (p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u')
			return false;
		p->at += 2;
		if (!hex4(p, &low) || low < 0xdc00 || low >= 0xe000)
			return false;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = put_utf8(*to, code);
	return true;
}

static bool unescape(struct parser *p, char **to)
{
	static const char from[] = "\"\\/bfnrt";
	static const char into[] = "\"\\/\b\f\n\r\t";
	char c = p->at < p->end ? *p->at++ : '\0';
	if (c == 'u')
		return unescape_code(p, to);
	const char *found = c ? strchr(from, c) : NULL;
	if (!found)
		return false;
	*(*to)++ = into[found - from];
	return true;
}

/* At the opening quote. */
static enum ts_err parse_string(struct parser *p, struct ts_str *out)
{
	const char *from = ++p->at;
	unsigned char bits = 0;
	while (p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20)
		bits = (unsigned char)(bits | (unsigned char)*p->at++);
	*out = (struct ts_str){from, (size_t)(p->at - from)};
	if (p->at < p->end && *p->at == '\\') {
		/* Escapes only get shorter. */
		const char *close = p->at;
		while (close < p->end && *close != '"')
			close += *close == '\\' ? 2 : 1;
		if (close >= p->end)
			return malformed(p, "a string that is not closed");
		char *room = ts_region_alloc(p->region, (size_t)(close - from) + 1);
		if (!room)
			return fail(p, TS_E_LIMIT, "item_too_large", "too much text");
		char *to = room + out->len;
		memcpy(room, from, out->len);
		while (p->at < close) {
			char c = *p->at++;
			if ((unsigned char)c < 0x20 || (c == '\\' && !unescape(p, &to)))
				return malformed(p, "a string with a bad escape or control byte");
			if (c != '\\')
				*to++ = c;
			bits = (unsigned char)(bits | (unsigned char)c);
		}
		*out = (struct ts_str){room, (size_t)(to - room)};
	}
	if (p->at >= p->end || *p->at != '"')
		return malformed(p, "a string that is not closed, or a control byte in it");
	if (bits >= 0x80 && !ts_text_utf8(*out))
		return fail(p, TS_E_MALFORMED, "not_utf8", "a string that is not UTF-8");
	p->at++;
	return TS_OK;
}

static bool digits(struct parser *p)
{
	const char *from = p->at;
	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		p->at++;
	return p->at != from;
}

static enum ts_err parse_number(struct parser *p, struct ts_str *out)
{
	const char *from = p->at;
	if (*p->at == '-')
		p->at++;
	const char *whole = p->at;
	if (!digits(p) || (*whole == '0' && p->at - whole > 1))
		return malformed(p, "a number that is none");
	if (p->at < p->end && *p->at == '.') {
		p->at++;
		if (!digits(p))
			return malformed(p, "a number without digits behind the point");
	}
	if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
		p->at++;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		if (!digits(p))
			return malformed(p, "a number without digits in the exponent");
	}
	*out = (struct ts_str){from, (size_t)(p->at - from)};
	return TS_OK;
}

static enum ts_err parse_word(struct parser *p, struct ts_node *node)
{
	static const struct {
		const char *word;
		enum ts_node_kind kind;
	} words[] = {{"true", TS_NODE_BOOL}, {"false", TS_NODE_BOOL}, {"null", TS_NODE_NULL}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);
		if ((size_t)(p->end - p->at) < len || memcmp(p->at, words[i].word, len) != 0)
			continue;
		node->kind = words[i].kind;
		node->text = (struct ts_str){p->at, len};
		p->at += len;
		return TS_OK;
	}
	return malformed(p, "no value");
}

static enum ts_err parse_value(struct parser *p, struct ts_node *node, int depth);

static enum ts_err parse_member_name(
	struct parser *p, const struct ts_node *node, struct ts_str *name)
{
	if (p->at >= p->end || *p->at != '"')
		return malformed(p, "no member name");
	TS_TRY(parse_string(p, name));
	for (const struct ts_node *at = node->first; at; at = at->next)
		if (ts_str_eq(at->name, *name))
			return fail(p, TS_E_MALFORMED, "json_duplicate", "a member stands twice");
	if (node->n == TS_NODE_MEMBERS_MAX)
		return fail(p, TS_E_LIMIT, "item_too_large", "too many members");
	skip_space(p);
	if (p->at >= p->end || *p->at++ != ':')
		return malformed(p, "no colon behind a member's name");
	skip_space(p);
	return TS_OK;
}

/* Behind the opening bracket of an array or object. */
static enum ts_err parse_children(struct parser *p, struct ts_node *node, int depth)
{
	char close = node->kind == TS_NODE_OBJECT ? '}' : ']';
	struct ts_node *last = NULL;
	if (depth == TS_NODE_DEPTH_MAX)
		return fail(p, TS_E_MALFORMED, "json_depth", "brackets nest too deep");
	skip_space(p);
	if (p->at < p->end && *p->at == close) {
		p->at++;
		return TS_OK;
	}
	for (;;) {
		struct ts_str name = {0};
		if (node->kind == TS_NODE_OBJECT)
			TS_TRY(parse_member_name(p, node, &name));
		struct ts_node *next = p->nodes++ < TS_NODES_MAX
					       ? ts_region_alloc(p->region, sizeof(*next))
					       : NULL;
		if (!next)
			return fail(p, TS_E_LIMIT, "item_too_large", "too many values");
		next->name = name;
		TS_TRY(parse_value(p, next, depth + 1));
		if (last)
			last->next = next;
		else
			node->first = next;
		last = next;
		node->n++;
		skip_space(p);
		char c = p->at < p->end ? *p->at++ : '\0';
		if (c == close)
			return TS_OK;
		if (c != ',')
			return malformed(p, "no comma between values");
		skip_space(p);
	}
}

static enum ts_err parse_value(struct parser *p, struct ts_node *node, int depth)
{
	char c = p->at < p->end ? *p->at : '\0';
	switch (c) {
	case '{':
	case '[':
		p->at++;
		node->kind = c == '{' ? TS_NODE_OBJECT : TS_NODE_ARRAY;
		return parse_children(p, node, depth);
	case '"':
		node->kind = TS_NODE_STRING;
		return parse_string(p, &node->text);
	case 't':
	case 'f':
	case 'n':
		return parse_word(p, node);
	default:
		if (c != '-' && (c < '0' || c > '9'))
			return malformed(p, "no value");
		node->kind = TS_NODE_NUMBER;
		return parse_number(p, &node->text);
	}
}

enum ts_err ts_node_json(struct ts_str bytes, struct ts_region *region, const struct ts_node **out,
	const char **reason, struct ts_why *why)
{
	struct parser p = {.start = bytes.at,
		.at = bytes.at,
		.end = bytes.at + bytes.len,
		.region = region,
		.why = why};
	struct ts_node *root = ts_region_alloc(region, sizeof(*root));
	*reason = "item_too_large";
	if (!root)
		return TS_E_LIMIT;
	skip_space(&p);
	enum ts_err err = parse_value(&p, root, 0);
	skip_space(&p);
	if (err == TS_OK && p.at != p.end)
		err = malformed(&p, "bytes behind the value");
	if (err != TS_OK) {
		*reason = p.reason;
		return err;
	}
	*out = root;
	return TS_OK;
}
