/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_EN16931_PATH_H
#define TS_REPORTS_EN16931_PATH_H
/* Why: rules are rows, and a row says what it is about by a path. The few forms that the rules
 * need, in the spelling of the standards:
 *
 *   cac:Price/cbc:PriceAmount      children, from the element at hand; "." is itself, ".." its
 * parent
 *   //cac:TaxCategory/cbc:ID       anywhere in the document
 *   /cac:PaymentMeans              from the document's root element
 *   cbc:EndpointID/@schemeID       an attribute, last
 *   a|b                            either
 *   x[y]  x[!y]                    that has, has no y (a path without its own brackets)
 *   x[y=V] x[y~V] x[y^V]           whose y is V: exactly; white space trimmed; and in capitals
 *   x[y?true] x[y?false]           whose y is that boolean, however it is spelled
 *
 * Paths are our own constants: a malformed one is a bug and aborts. */
#include "reports/en16931/tree.h"

struct ts_ubl_value {
	const struct ts_ubl_node *node; /* of an attribute: its element */
	struct ts_str text;
};
/* Return false to stop. */
typedef bool ts_ubl_visit(void *arg, const struct ts_ubl_value *value);

/* Document order within an alternative. False when a visit stopped it. */
bool ts_ubl_each(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path,
	ts_ubl_visit *visit, void *arg);
bool ts_ubl_first(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path,
	struct ts_ubl_value *out);
bool ts_ubl_exists(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path);
size_t ts_ubl_count(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path);
/* Text of the first, "" when there is none; trimmed. */
struct ts_str ts_ubl_text(
	const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path);
struct ts_str ts_ubl_trim(struct ts_str text);
/* Inner white space too, into out (cut to fit): XPath's normalize-space. */
struct ts_str ts_ubl_normal(struct ts_str text, char *out, size_t out_max);

/* Every element that a pattern means: its last step is the element, those before it are its
 * parents; a leading "/" means that the first step is a child of the root. "/" alone: the root. */
bool ts_ubl_match(const struct ts_ubl *doc, const char *pattern, ts_ubl_visit *visit, void *arg);

#endif
