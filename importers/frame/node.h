/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_NODE_H
#define TS_IMPORTERS_FRAME_NODE_H
/* Why: one item of a JSON or XML document as a tree whose numbers keep their spelling: amounts are
 * read from the digits that were sent, never from a float. Both parsers are strict and bounded: no
 * duplicate members, no document types, no entities but the five of XML and character numbers. */
#include "base/region.h"
#include "base/text.h"

#define TS_NODE_DEPTH_MAX 32 /* Slurm's deepest is 8 */
#define TS_NODE_MEMBERS_MAX 1024 /* of one object */
#define TS_NODES_MAX 262144 /* of one item: a series of 100,000 samples fits */

enum ts_node_kind {
	TS_NODE_NULL,
	TS_NODE_BOOL, /* text "true" or "false" */
	TS_NODE_NUMBER, /* text as written */
	TS_NODE_STRING, /* text without quotes and escapes */
	TS_NODE_ARRAY,
	TS_NODE_OBJECT, /* in XML: an element; text is what stands in it when it has no elements */
};
struct ts_node {
	enum ts_node_kind kind;
	struct ts_str name; /* of a member or element (without prefix); an attribute's is "@name" */
	struct ts_str text;
	const struct ts_node *first;
	const struct ts_node *next;
	size_t n; /* children */
};

/* Exactly one JSON value. Nodes and unescaped texts live in the region, others borrow from bytes.
 * TS_E_MALFORMED with *reason: json_malformed, json_depth, json_duplicate, not_utf8;
 * TS_E_LIMIT: item_too_large. */
enum ts_err ts_node_json(struct ts_str bytes, struct ts_region *region, const struct ts_node **out,
	const char **reason, struct ts_why *why) TS_MUST;
/* One XML document. *reason: xml_malformed, xml_doctype, xml_entity, xml_depth, item_too_large. */
enum ts_err ts_node_xml(struct ts_str bytes, struct ts_region *region, const struct ts_node **out,
	const char **reason, struct ts_why *why) TS_MUST;

/* The node at a path of member names, "time.start"; NULL: not there, or node is NULL. In XML the
 * first element of that name. */
const struct ts_node *ts_node_at(const struct ts_node *node, struct ts_str path);
const struct ts_node *ts_node_get(const struct ts_node *node, const char *path);
/* The text of a scalar; at == NULL for null, for what is not there and for arrays and objects. */
struct ts_str ts_node_text(const struct ts_node *node);

#endif
