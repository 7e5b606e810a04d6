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
	return ts_why(p->why, err, reason, "%s at byte %zu of the document", text,
		(size_t)(p->at - p->start));
}

static enum ts_err malformed(struct parser *p, const char *text)
{
	return fail(p, TS_E_MALFORMED, "xml_malformed", text);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && is_space(*p->at))
		p->at++;
}

static bool looking_at(const struct parser *p, const char *text)
{
	size_t len = strlen(text);
	return (size_t)(p->end - p->at) >= len && memcmp(p->at, text, len) == 0;
}

static const char *find(const struct parser *p, const char *text)
{
	return p->at < p->end ? memmem(p->at, (size_t)(p->end - p->at), text, strlen(text)) : NULL;
}

/* A name; the prefix before ':' is dropped: the dialects differ in prefixes only. */
static bool parse_name(struct parser *p, struct ts_str *out)
{
	const char *from = p->at;
	while (p->at < p->end && !is_space(*p->at) && !strchr("/>=<\"'&", *p->at) && *p->at)
		p->at++;
	const char *colon = memchr(from, ':', (size_t)(p->at - from));
	const char *local = colon ? colon + 1 : from;
	*out = (struct ts_str){local, (size_t)(p->at - local)};
	return out->len != 0;
}

/* Comments, processing instructions and white space between things. */
static enum ts_err skip_misc(struct parser *p)
{
	for (;;) {
		skip_space(p);
		const char *close = NULL;
		if (looking_at(p, "<!--"))
			close = find(p, "-->");
		else if (looking_at(p, "<?"))
			close = find(p, "?>");
		else if (looking_at(p, "<!DOCTYPE") || looking_at(p, "<!ENTITY"))
			return fail(p, TS_E_MALFORMED, "xml_doctype", "a document type");
		else
			return TS_OK;
		if (!close)
			return malformed(p, "a comment that is not closed");
		p->at = (const char *)memchr(close, '>', 3) + 1;
	}
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* "#233" or "#xE9", of the basic plane. */
static bool character(struct ts_str name, uint32_t *code)
{
	bool hex = name.len > 1 && name.at[1] == 'x';
	uint32_t value = 0;
	size_t i = hex ? 2 : 1;
	if (i >= name.len || name.len > 7)
		return false;
	for (; i < name.len; i++) {
		char c = name.at[i];
		uint32_t digit = 99;
		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (uint32_t)((c | 0x20) - 'a') + 10;
		if (digit > 15)
			return false;
		value = value * (hex ? 16 : 10) + digit;
	}
	*code = value;
	return value >= 0x20 && value < 0xfffe && (value < 0xd800 || value > 0xdfff);
}

/* Text with entities replaced; surrounding white space is dropped. */
static enum ts_err plain_text(struct parser *p, struct ts_str raw, struct ts_str *out)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
	while (raw.len && is_space(raw.at[0]))
		raw = (struct ts_str){raw.at + 1, raw.len - 1};
	while (raw.len && is_space(raw.at[raw.len - 1]))
		raw.len--;
	if (!ts_text_utf8(raw))
		return fail(p, TS_E_MALFORMED, "not_utf8", "text that is not UTF-8");
	*out = raw;
	if (raw.len == 0 || !memchr(raw.at, '&', raw.len))
		return TS_OK;
	char *room = ts_region_alloc(p->region, raw.len);
	if (!room)
		return fail(p, TS_E_LIMIT, "item_too_large", "too much text");
	char *to = room;
	while (raw.at) {
		struct ts_str before = ts_str_cut(&raw, '&');
		memcpy(to, before.at, before.len);
		to += before.len;
		if (!raw.at)
			break;
		struct ts_str name = ts_str_cut(&raw, ';');
		uint32_t code = 0;
		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (ts_str_is(name, entities[i].name))
				code = (uint32_t)entities[i].c;
		bool numeric = name.len && name.at[0] == '#' && character(name, &code);
		if (!raw.at || (!numeric && code == 0))
			return fail(p, TS_E_MALFORMED, "xml_entity",
				"an entity other than the five of XML");
		to = put_utf8(to, code);
	}
	*out = (struct ts_str){room, (size_t)(to - room)};
	return TS_OK;
}

static enum ts_err add_child(
	struct parser *p, struct ts_node *node, struct ts_node **last, struct ts_node **out)
{
	struct ts_node *next = p->nodes++ < TS_NODES_MAX ? ts_region_alloc(p->region, sizeof(*next))
							 : NULL;
	if (!next)
		return fail(p, TS_E_LIMIT, "item_too_large", "too many elements");
	if (*last)
		(*last)->next = next;
	else
		node->first = next;
	*last = next;
	node->n++;
	*out = next;
	return TS_OK;
}

/* Attributes of a start tag, up to '>' or '/>'. Prefixed name spaces are dropped. */
static enum ts_err parse_attributes(struct parser *p, struct ts_node *node, struct ts_node **last)
{
	for (;;) {
		skip_space(p);
		if (p->at < p->end && (*p->at == '>' || *p->at == '/'))
			return TS_OK;
		struct ts_str name = {0};
		bool space = looking_at(p, "xmlns");
		if (!parse_name(p, &name))
			return malformed(p, "a start tag that is not closed");
		skip_space(p);
		if (p->at >= p->end || *p->at++ != '=')
			return malformed(p, "an attribute without a value");
		skip_space(p);
		char quote = p->at < p->end ? *p->at++ : '\0';
		const char *close = quote == '"' || quote == '\''
					    ? memchr(p->at, quote, (size_t)(p->end - p->at))
					    : NULL;
		if (!close)
			return malformed(p, "an attribute's value that is not closed");
		struct ts_str raw = {p->at, (size_t)(close - p->at)};
		p->at = close + 1;
		if (space)
			continue;
		struct ts_node *attribute = NULL;
		TS_TRY(add_child(p, node, last, &attribute));
		char *at_name = ts_region_alloc(p->region, name.len + 1);
		if (!at_name)
			return fail(p, TS_E_LIMIT, "item_too_large", "too much text");
		at_name[0] = '@';
		memcpy(at_name + 1, name.at, name.len);
		attribute->name = (struct ts_str){at_name, name.len + 1};
		attribute->kind = TS_NODE_STRING;
		TS_TRY(plain_text(p, raw, &attribute->text));
	}
}

static enum ts_err parse_element(struct parser *p, struct ts_node *node, int depth);

/* Between start and end tag. */
static enum ts_err parse_content(
	struct parser *p, struct ts_node *node, struct ts_node **last, int depth)
{
	for (;;) {
		const char *from = p->at;
		const char *tag = find(p, "<");
		if (!tag)
			return malformed(p, "an element that is not closed");
		p->at = tag;
		if (looking_at(p, "<![CDATA["))
			return malformed(p, "a CDATA section");
		if (tag != from && node->text.len == 0)
			TS_TRY(plain_text(
				p, (struct ts_str){from, (size_t)(tag - from)}, &node->text));
		if (looking_at(p, "</"))
			return TS_OK;
		if (looking_at(p, "<!") || looking_at(p, "<?")) {
			TS_TRY(skip_misc(p));
			continue;
		}
		struct ts_node *child = NULL;
		TS_TRY(add_child(p, node, last, &child));
		TS_TRY(parse_element(p, child, depth + 1));
	}
}

static enum ts_err parse_element(struct parser *p, struct ts_node *node, int depth)
{
	struct ts_node *last = NULL;
	node->kind = TS_NODE_OBJECT;
	if (depth == TS_NODE_DEPTH_MAX)
		return fail(p, TS_E_MALFORMED, "xml_depth", "elements nest too deep");
	if (p->at >= p->end || *p->at != '<')
		return malformed(p, "no element");
	p->at++;
	if (!parse_name(p, &node->name))
		return malformed(p, "an element without a name");
	TS_TRY(parse_attributes(p, node, &last));
	if (*p->at == '/') {
		p->at++;
		if (p->at >= p->end || *p->at++ != '>')
			return malformed(p, "a start tag that is not closed");
		return TS_OK;
	}
	p->at++;
	TS_TRY(parse_content(p, node, &last, depth));
	p->at += 2; /* "</" */
	struct ts_str name = {0};
	if (!parse_name(p, &name) || !ts_str_eq(name, node->name))
		return malformed(p, "an end tag of another element");
	skip_space(p);
	if (p->at >= p->end || *p->at++ != '>')
		return malformed(p, "an end tag that is not closed");
	return TS_OK;
}

enum ts_err ts_node_xml(struct ts_str bytes, struct ts_region *region, const struct ts_node **out,
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
	enum ts_err err = TS_OK;
	if (bytes.len && memchr(bytes.at, '\0', bytes.len))
		err = fail(&p, TS_E_MALFORMED, "nul_byte", "a NUL byte");
	if (err == TS_OK)
		err = skip_misc(&p);
	if (err == TS_OK)
		err = parse_element(&p, root, 0);
	if (err == TS_OK)
		err = skip_misc(&p);
	if (err == TS_OK && p.at != p.end)
		err = malformed(&p, "bytes behind the document");
	if (err != TS_OK) {
		*reason = p.reason;
		return err;
	}
	*out = root;
	return TS_OK;
}
