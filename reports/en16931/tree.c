/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/en16931/tree.h"
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#define BUCKETS 1024
#define UBL "urn:oasis:names:specification:ubl:schema:xsd:"

struct name {
	const char *text;
	const struct ts_ubl_node *first;
	struct ts_ubl_node *last;
	struct name *next;
};
struct ts_ubl {
	struct name *buckets[BUCKETS];
	const struct ts_ubl_node *root;
	bool credit_note;
};

struct build {
	struct ts_ubl *doc;
	struct ts_region *region;
	size_t elements, names;
	struct ts_why *why;
};

static const struct {
	const char *uri, *prefix;
} prefixes[] = {
	{UBL "CommonBasicComponents-2", "cbc"},
	{UBL "CommonAggregateComponents-2", "cac"},
	{UBL "CommonExtensionComponents-2", "ext"},
	{UBL "Invoice-2", "ubl"},
	{UBL "CreditNote-2", "cn"},
};

static size_t bucket_of(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash % BUCKETS;
}

static struct name *find(const struct ts_ubl *doc, const char *name, size_t len)
{
	struct name *at = doc->buckets[bucket_of(name, len)];
	while (at && !(strlen(at->text) == len && memcmp(at->text, name, len) == 0))
		at = at->next;
	return at;
}

static enum ts_err name_of(struct build *b, const xmlNode *xml, struct name **out)
{
	char text[128];
	const char *prefix = "?", *uri = xml->ns ? (const char *)xml->ns->href : "";
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		if (uri && strcmp(uri, prefixes[i].uri) == 0)
			prefix = prefixes[i].prefix;
	}
	snprintf(text, sizeof text, "%s:%s", prefix, (const char *)xml->name);
	struct name *found = find(b->doc, text, strlen(text));
	if (!found) {
		size_t bucket = bucket_of(text, strlen(text));
		if (++b->names > TS_UBL_NAMES_MAX)
			return ts_why(b->why, TS_E_LIMIT, "document",
				"more than %d different element names", TS_UBL_NAMES_MAX);
		found = ts_region_alloc(b->region, sizeof *found);
		char *copy = ts_region_copy(b->region, text, strlen(text));
		if (!found || !copy)
			return TS_E_NO_MEMORY;
		*found = (struct name){.text = copy, .next = b->doc->buckets[bucket]};
		b->doc->buckets[bucket] = found;
	}
	*out = found;
	return TS_OK;
}

static enum ts_err text_of(struct build *b, const xmlNode *xml, struct ts_str *out)
{
	size_t len = 0, at = 0;
	for (const xmlNode *x = xml->children; x; x = x->next) {
		if ((x->type == XML_TEXT_NODE || x->type == XML_CDATA_SECTION_NODE) && x->content)
			len += strlen((const char *)x->content);
	}
	char *text = ts_region_alloc(b->region, len + 1);
	if (!text)
		return TS_E_NO_MEMORY;
	for (const xmlNode *x = xml->children; x; x = x->next) {
		if ((x->type == XML_TEXT_NODE || x->type == XML_CDATA_SECTION_NODE) && x->content) {
			size_t n = strlen((const char *)x->content);
			memcpy(text + at, x->content, n);
			at += n;
		}
	}
	*out = (struct ts_str){text, at};
	return TS_OK;
}

static enum ts_err attributes_of(
	struct build *b, const xmlNode *xml, const struct ts_ubl_attribute **out)
{
	for (const xmlAttr *x = xml->properties; x; x = x->next) {
		const char *value = x->children && x->children->content
					    ? (const char *)x->children->content
					    : "";
		struct ts_ubl_attribute *attribute = ts_region_alloc(b->region, sizeof *attribute);
		if (!attribute)
			return TS_E_NO_MEMORY;
		attribute->name = ts_region_copy(b->region, x->name, strlen((const char *)x->name));
		attribute->value = ts_region_copy(b->region, value, strlen(value));
		attribute->next = *out;
		if (!attribute->name || !attribute->value)
			return TS_E_NO_MEMORY;
		*out = attribute;
	}
	return TS_OK;
}

/* Depth first, so that ->same is in document order. Recursion ends at TS_UBL_DEPTH_MAX. */
static enum ts_err build_node(struct build *b, const xmlNode *xml, int depth,
	const struct ts_ubl_node *parent, struct ts_ubl_node **out)
{
	struct name *name = NULL;
	if (depth > TS_UBL_DEPTH_MAX || ++b->elements > TS_UBL_ELEMENTS_MAX)
		return ts_why(b->why, TS_E_LIMIT, "document",
			"more than %d elements, or more than %d in one another",
			TS_UBL_ELEMENTS_MAX, TS_UBL_DEPTH_MAX);
	struct ts_ubl_node *node = ts_region_alloc(b->region, sizeof *node);
	if (!node)
		return TS_E_NO_MEMORY;
	TS_TRY(name_of(b, xml, &name));
	TS_ASSERT(name != NULL);
	node->name = name->text;
	node->parent = parent;
	node->line = (int32_t)xmlGetLineNo(xml);
	TS_TRY(text_of(b, xml, &node->text));
	TS_TRY(attributes_of(b, xml, &node->attributes));
	if (name->last)
		name->last->same = node;
	else
		name->first = node;
	name->last = node;
	struct ts_ubl_node *last = NULL;
	for (const xmlNode *x = xml->children; x; x = x->next) {
		struct ts_ubl_node *child = NULL;
		if (x->type != XML_ELEMENT_NODE)
			continue;
		TS_TRY(build_node(b, x, depth + 1, node, &child));
		if (last)
			last->next = child;
		else
			node->child = child;
		last = child;
	}
	*out = node;
	return TS_OK;
}

static void refuse_doctype(void *arg, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
	xmlParserCtxt *parser = arg;
	(void)name, (void)id, (void)uri;
	*(bool *)parser->_private = true;
	xmlStopParser(parser);
}

static void free_parser(xmlParserCtxt **parser)
{
	xmlFreeParserCtxt(*parser);
}

static void free_xml(xmlDoc **xml)
{
	xmlFreeDoc(*xml);
}

static enum ts_err read_xml(const void *bytes, size_t len, xmlDoc **out, struct ts_why *why)
{
	bool doctype = false;
	xmlInitParser();
	__attribute__((cleanup(free_parser))) xmlParserCtxt *parser = xmlNewParserCtxt();
	if (!parser)
		return TS_E_NO_MEMORY;
	parser->_private = &doctype;
	parser->sax->internalSubset = refuse_doctype;
	*out = xmlCtxtReadMemory(parser, bytes, (int)len, NULL, NULL,
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
	if (doctype)
		return ts_why(why, TS_E_MALFORMED, "document",
			"a document type (<!DOCTYPE) is not accepted in an invoice");
	if (!*out) {
		const xmlError *error = xmlCtxtGetLastError(parser);
		char where[32], text[160] = "not an XML document";
		snprintf(where, sizeof where, "line %d", error ? error->line : 1);
		if (error && error->message)
			snprintf(text, sizeof text, "%s", error->message);
		text[strcspn(text, "\n")] = '\0';
		return ts_why(why, TS_E_MALFORMED, where, "not well-formed XML: %s", text);
	}
	return TS_OK;
}

enum ts_err ts_ubl_parse(const void *bytes, size_t len, struct ts_region *region,
	const struct ts_ubl **out, struct ts_why *why)
{
	if (len > TS_UBL_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "document", "%zu bytes, at most %d", len,
			TS_UBL_BYTES_MAX);
	__attribute__((cleanup(free_xml))) xmlDoc *xml = NULL;
	TS_TRY(read_xml(bytes, len, &xml, why));
	struct build build = {.region = region, .why = why};
	struct ts_ubl_node *root = NULL;
	build.doc = ts_region_alloc(region, sizeof *build.doc);
	if (!build.doc)
		return TS_E_NO_MEMORY;
	TS_TRY(build_node(&build, xmlDocGetRootElement(xml), 1, NULL, &root));
	build.doc->root = root;
	build.doc->credit_note = strcmp(root->name, "cn:CreditNote") == 0;
	if (!build.doc->credit_note && strcmp(root->name, "ubl:Invoice") != 0)
		return ts_why(why, TS_E_MALFORMED, "document",
			"neither a UBL 2.1 Invoice nor a UBL 2.1 CreditNote: its root is <%s>",
			(const char *)xmlDocGetRootElement(xml)->name);
	*out = build.doc;
	return TS_OK;
}

const struct ts_ubl_node *ts_ubl_root(const struct ts_ubl *doc)
{
	return doc->root;
}

const struct ts_ubl_node *ts_ubl_named(const struct ts_ubl *doc, const char *name, size_t name_len)
{
	struct name *found = find(doc, name, name_len);
	return found ? found->first : NULL;
}

bool ts_ubl_credit_note(const struct ts_ubl *doc)
{
	return doc->credit_note;
}

const char *ts_ubl_attribute(const struct ts_ubl_node *node, const char *name)
{
	const struct ts_ubl_attribute *at = node->attributes;
	while (at && strcmp(at->name, name) != 0)
		at = at->next;
	return at ? at->value : NULL;
}

/* Appends what fits. */
static void append(char *out, size_t *len, const char *text)
{
	for (; *text && *len + 1 < TS_UBL_WHERE_CHARS; text++)
		out[(*len)++] = *text;
	out[*len] = '\0';
}

const char *ts_ubl_where(const struct ts_ubl_node *node, char out[TS_UBL_WHERE_CHARS])
{
	const struct ts_ubl_node *steps[TS_UBL_DEPTH_MAX];
	size_t steps_n = 0, len = 0;
	out[0] = '\0';
	for (; node->parent && steps_n < TS_UBL_DEPTH_MAX; node = node->parent)
		steps[steps_n++] = node;
	if (steps_n == 0)
		append(out, &len, node->name);
	while (steps_n-- > 0) {
		int place = 0, n = 0;
		char number[24];
		const struct ts_ubl_node *step = steps[steps_n];
		for (const struct ts_ubl_node *x = step->parent->child; x; x = x->next) {
			n += x->name == step->name;
			if (x == step)
				place = n;
		}
		append(out, &len, step->name);
		snprintf(number, sizeof number, "[%d]", place);
		append(out, &len, n > 1 ? number : "");
		append(out, &len, steps_n > 0 ? "/" : "");
	}
	return out;
}
