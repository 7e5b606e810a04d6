/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/xml.h"

static void put_escaped(struct ts_buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			ts_buf_puts(out, "&amp;");
			break;
		case '<':
			ts_buf_puts(out, "&lt;");
			break;
		case '>':
			ts_buf_puts(out, "&gt;");
			break;
		case '"':
			ts_buf_puts(out, "&quot;");
			break;
		default:
			ts_buf_putc(out, *text);
		}
	}
}

static void indent(const struct ts_xml *xml)
{
	for (int i = 0; i < xml->depth; i++)
		ts_buf_puts(xml->out, "  ");
}

void ts_xml_begin(struct ts_xml *xml, const char *root_with_namespaces, const char *root)
{
	ts_buf_printf(xml->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s>\n",
		root_with_namespaces);
	xml->open[xml->depth++] = root;
}

void ts_xml_open(struct ts_xml *xml, const char *name)
{
	TS_ASSERT(xml->depth < TS_XML_DEPTH_MAX);
	indent(xml);
	ts_buf_printf(xml->out, "<%s>\n", name);
	xml->open[xml->depth++] = name;
}

void ts_xml_close(struct ts_xml *xml)
{
	TS_ASSERT(xml->depth > 0);
	xml->depth--;
	indent(xml);
	ts_buf_printf(xml->out, "</%s>\n", xml->open[xml->depth]);
}

void ts_xml_text(struct ts_xml *xml, const char *name, const char *attribute, const char *value,
	const char *text)
{
	if (!text || !*text)
		return;
	indent(xml);
	ts_buf_printf(xml->out, "<%s", name);
	if (attribute && value) {
		ts_buf_printf(xml->out, " %s=\"", attribute);
		put_escaped(xml->out, value);
		ts_buf_putc(xml->out, '"');
	}
	ts_buf_putc(xml->out, '>');
	put_escaped(xml->out, text);
	ts_buf_printf(xml->out, "</%s>\n", name);
}
