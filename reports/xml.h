/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_XML_H
#define TS_REPORTS_XML_H
/* Why: an XML document written in order, one element a line, nothing kept in memory but the names
 * that are open. Same calls, same bytes. */
#include "base/buf.h"

#define TS_XML_DEPTH_MAX 16
struct ts_xml {
	struct ts_buf *out;
	const char *open[TS_XML_DEPTH_MAX];
	int depth;
};

void ts_xml_begin(struct ts_xml *xml, const char *root_with_namespaces, const char *root);
void ts_xml_open(struct ts_xml *xml, const char *name);
void ts_xml_close(struct ts_xml *xml);
/* An element with a text; nothing when the text is NULL or empty. attribute NULL: none. */
void ts_xml_text(struct ts_xml *xml, const char *name, const char *attribute, const char *value,
	const char *text);

#endif
