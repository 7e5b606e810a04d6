/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_EN16931_RULE_H
#define TS_REPORTS_EN16931_RULE_H
/* Internal: a rule as a row, and what conditions in C have to work with. */
#include "base/codes.h"
#include "reports/en16931/check.h"
#include "reports/en16931/decimal.h"
#include "reports/en16931/path.h"

struct ts_ubl_judge;
/* True when the rule holds for the element; else it may have said more by ts_ubl_say. */
typedef bool ts_ubl_condition(struct ts_ubl_judge *judge, const struct ts_ubl_node *at);

enum ts_ubl_test {
	TS_UBL_HAS, /* one of the paths is there */
	TS_UBL_FILLED, /* the path is there with a text */
	TS_UBL_HAS_NOT, /* none of the paths is there */
	TS_UBL_ONCE, /* the path is there at most once */
	TS_UBL_CENTS, /* its text has at most two decimals; so has nothing */
	TS_UBL_LISTED, /* each of the path is in the code list */
	TS_UBL_ABOVE_ZERO, /* some number of the path is */
	TS_UBL_ZERO,
	TS_UBL_NOT_NEGATIVE,
	TS_UBL_OTHER, /* the condition in C */
};
struct ts_ubl_rule {
	const char *id;
	enum ts_ubl_severity severity;
	const char *context; /* pattern (path.h) */
	enum ts_ubl_test test;
	const char *path;
	enum ts_codes codes;
	ts_ubl_condition *condition;
	const char *argument; /* of the condition: a VAT category, a country */
	const char *says; /* when it does not hold */
};
struct ts_ubl_rules {
	const struct ts_ubl_rule *rows;
	size_t n;
	unsigned set;
};
extern const struct ts_ubl_rules ts_ubl_rules_document, ts_ubl_rules_amounts, ts_ubl_rules_vat,
	ts_ubl_rules_syntax, ts_ubl_rules_codes, ts_ubl_rules_peppol, ts_ubl_rules_identifiers,
	ts_ubl_rules_countries;

struct ts_ubl_judge {
	const struct ts_ubl *doc;
	const struct ts_ubl_rule *rule;
	char detail[384];
};
void ts_ubl_say(struct ts_ubl_judge *judge, const char *fmt, ...) TS_PRINTF(2, 3);

/* The first of the path as a number; false when absent or no number (which is said). */
bool ts_ubl_number(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path,
	struct ts_dec *out) TS_MUST;
/* Sum of all of the path; absent ones are 0. False when one is no number (which is said). */
bool ts_ubl_sum(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path,
	struct ts_dec *out) TS_MUST;
/* Says "label A, but label B". */
bool ts_ubl_equal(struct ts_ubl_judge *judge, const char *what, struct ts_dec stated,
	const char *because, struct ts_dec due);

#define TS_UBL_LINES "cac:InvoiceLine|cac:CreditNoteLine"
#define TS_UBL_DATE_CHARS 10
/* YYYY-MM-DD of the calendar, comparable as text. */
bool ts_ubl_is_date(struct ts_str text);

#endif
