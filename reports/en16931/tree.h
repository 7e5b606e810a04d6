/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_EN16931_TREE_H
#define TS_REPORTS_EN16931_TREE_H
/* Why: anybody's UBL document as a plain tree that the rules walk. Bytes come from strangers: no
 * document type, so no entity but XML's own five, no network, and a limit on size, depth, elements
 * and names. Names are spelled with UBL's customary prefixes, whatever the file calls them. */
#include "base/region.h"
#include "base/text.h"

#define TS_UBL_BYTES_MAX (16 * 1024 * 1024) /* attachments travel inside */
#define TS_UBL_DEPTH_MAX 64
#define TS_UBL_ELEMENTS_MAX 1000000
#define TS_UBL_NAMES_MAX 2000 /* UBL has about 1,900 */

struct ts_ubl_attribute {
	const char *name, *value;
	const struct ts_ubl_attribute *next;
};
struct ts_ubl_node {
	const char *name; /* "cbc:ID", "cac:Party"; "ubl:Invoice", "cn:CreditNote"; "?:x" */
	struct ts_str text; /* of the element itself, not of those in it */
	const struct ts_ubl_attribute *attributes;
	const struct ts_ubl_node *parent, *child, *next;
	const struct ts_ubl_node *same; /* the next with this name, in document order */
	int32_t line;
};
struct ts_ubl;

/* TS_E_MALFORMED (not XML, a document type, not a UBL invoice or credit note), TS_E_LIMIT; *why
 * has the line. All memory belongs to the region. */
enum ts_err ts_ubl_parse(const void *bytes, size_t len, struct ts_region *region,
	const struct ts_ubl **out, struct ts_why *why) TS_MUST;

const struct ts_ubl_node *ts_ubl_root(const struct ts_ubl *doc);
/* The first element of that name, NULL if none; follow ->same. */
const struct ts_ubl_node *ts_ubl_named(const struct ts_ubl *doc, const char *name, size_t name_len);
bool ts_ubl_credit_note(const struct ts_ubl *doc);
const char *ts_ubl_attribute(const struct ts_ubl_node *node, const char *name); /* NULL */
/* "cac:InvoiceLine[2]/cac:Price/cbc:PriceAmount", the root left out, cut to fit. Returns out. */
#define TS_UBL_WHERE_CHARS 192
const char *ts_ubl_where(const struct ts_ubl_node *node, char out[TS_UBL_WHERE_CHARS]);

#endif
