/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/node.h"
#include <string.h>

static const struct ts_node *child(const struct ts_node *node, struct ts_str name)
{
	for (const struct ts_node *at = node->first; at; at = at->next)
		if (ts_str_eq(at->name, name))
			return at;
	return NULL;
}

const struct ts_node *ts_node_at(const struct ts_node *node, struct ts_str path)
{
	while (node && path.at)
		node = child(node, ts_str_cut(&path, '.'));
	return node;
}

const struct ts_node *ts_node_get(const struct ts_node *node, const char *path)
{
	return ts_node_at(node, ts_str(path));
}

struct ts_str ts_node_text(const struct ts_node *node)
{
	if (!node || node->kind == TS_NODE_NULL || node->kind == TS_NODE_ARRAY)
		return (struct ts_str){0};
	return node->text;
}
