/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/en16931/check.h"
#include "reports/en16931/rule.h"
#include "base/time.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PEPPOL "urn:fdc:peppol.eu:2017:poacc:billing"

static const struct ts_ubl_rules *const tables[] = {&ts_ubl_rules_document, &ts_ubl_rules_amounts,
	&ts_ubl_rules_vat, &ts_ubl_rules_codes, &ts_ubl_rules_syntax, &ts_ubl_rules_peppol,
	&ts_ubl_rules_identifiers, &ts_ubl_rules_countries};
#define TABLES_N (sizeof tables / sizeof tables[0])

struct run {
	struct ts_ubl_judge judge;
	struct ts_region *region;
	struct ts_ubl_finding *rows;
	struct ts_ubl_findings *out;
	enum ts_err err;
};

void ts_ubl_say(struct ts_ubl_judge *judge, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(judge->detail, sizeof judge->detail, fmt, args);
	va_end(args);
}

/* Of text in messages: no more than fits beside the rest. */
#define SHOWN(text) (int)((text).len > 80 ? 80 : (text).len), (text).at

bool ts_ubl_number(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path,
	struct ts_dec *out)
{
	struct ts_ubl_value value;
	if (!ts_ubl_first(judge->doc, at, path, &value))
		return false;
	if (ts_dec_parse(value.text, out))
		return true;
	ts_ubl_say(judge, "\"%.*s\" is not a number", SHOWN(value.text));
	return false;
}

struct adding {
	struct ts_ubl_judge *judge;
	struct ts_dec sum;
};

static bool add(void *arg, const struct ts_ubl_value *value)
{
	struct adding *adding = arg;
	struct ts_dec number;
	if (!ts_dec_parse(value->text, &number)) {
		ts_ubl_say(adding->judge, "\"%.*s\" is not a number", SHOWN(value->text));
		return false;
	}
	adding->sum = ts_dec_add(adding->sum, number);
	return true;
}

bool ts_ubl_sum(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path,
	struct ts_dec *out)
{
	struct adding adding = {.judge = judge};
	if (!ts_ubl_each(judge->doc, at, path, add, &adding))
		return false;
	*out = adding.sum;
	return true;
}

bool ts_ubl_equal(struct ts_ubl_judge *judge, const char *what, struct ts_dec stated,
	const char *because, struct ts_dec due)
{
	char a[TS_DEC_CHARS], b[TS_DEC_CHARS];
	if (ts_dec_cmp(stated, due) == 0)
		return true;
	ts_ubl_say(judge, "%s is %.60s, but %s is %.60s", what, ts_dec_format(stated, a), because,
		ts_dec_format(due, b));
	return false;
}

bool ts_ubl_is_date(struct ts_str text)
{
	int32_t day;
	return text.len == TS_UBL_DATE_CHARS && ts_date_parse(text, &day) == TS_OK;
}

static bool is_listed(void *arg, const struct ts_ubl_value *value)
{
	struct ts_ubl_judge *judge = arg;
	char normal[128];
	struct ts_str code = ts_ubl_normal(value->text, normal, sizeof normal);
	if (ts_codes_have(judge->rule->codes, code))
		return true;
	ts_ubl_say(judge, "\"%.*s\" is none of the %s", SHOWN(code),
		ts_codes_title(judge->rule->codes));
	return false;
}

static bool has_cents(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_ubl_value value;
	if (!ts_ubl_first(judge->doc, at, judge->rule->path, &value))
		return true;
	const char *point = value.text.len ? memchr(value.text.at, '.', value.text.len) : NULL;
	size_t decimals = point ? value.text.len - (size_t)(point + 1 - value.text.at) : 0;
	if (decimals <= 2)
		return true;
	ts_ubl_say(judge, "%.*s has %zu decimals, at most 2 are allowed",
		SHOWN(ts_ubl_trim(value.text)), decimals);
	return false;
}

struct signs {
	struct ts_ubl_judge *judge;
	bool positive, zero, negative, any;
};

static bool add_sign(void *arg, const struct ts_ubl_value *value)
{
	struct signs *signs = arg;
	struct ts_dec number;
	signs->any = true;
	if (ts_dec_parse(value->text, &number)) {
		int sign = ts_dec_cmp(number, ts_dec_integer(0));
		signs->positive = signs->positive || sign > 0;
		signs->zero = signs->zero || sign == 0;
		signs->negative = signs->negative || sign < 0;
	}
	ts_ubl_say(signs->judge, "it is \"%.*s\"", SHOWN(value->text));
	return true;
}

static bool has_sign(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct signs signs = {.judge = judge};
	ts_ubl_each(judge->doc, at, judge->rule->path, add_sign, &signs);
	if (!signs.any)
		ts_ubl_say(judge, "there is none");
	if (judge->rule->test == TS_UBL_ZERO)
		return signs.zero;
	return signs.positive || (signs.zero && judge->rule->test == TS_UBL_NOT_NEGATIVE);
}

static bool has_text(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_text(judge->doc, at, judge->rule->path).len > 0;
}

static bool holds(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const struct ts_ubl_rule *rule = judge->rule;
	size_t n = 0;
	switch (rule->test) {
	case TS_UBL_HAS:
		return ts_ubl_exists(judge->doc, at, rule->path);
	case TS_UBL_FILLED:
		return has_text(judge, at);
	case TS_UBL_HAS_NOT:
		return !ts_ubl_exists(judge->doc, at, rule->path);
	case TS_UBL_ONCE:
		n = ts_ubl_count(judge->doc, at, rule->path);
		if (n > 1)
			ts_ubl_say(judge, "there are %zu", n);
		return n <= 1;
	case TS_UBL_CENTS:
		return has_cents(judge, at);
	case TS_UBL_LISTED:
		return ts_ubl_each(judge->doc, at, rule->path, is_listed, judge);
	case TS_UBL_ABOVE_ZERO:
	case TS_UBL_ZERO:
	case TS_UBL_NOT_NEGATIVE:
		return has_sign(judge, at);
	case TS_UBL_OTHER:
		return rule->condition(judge, at);
	}
	return true;
}

static bool judge_one(void *arg, const struct ts_ubl_value *value)
{
	struct run *run = arg;
	struct ts_ubl_judge *judge = &run->judge;
	char where[TS_UBL_WHERE_CHARS];
	judge->detail[0] = '\0';
	if (holds(judge, value->node))
		return true;
	if (run->out->n == TS_UBL_FINDINGS_MAX) {
		run->out->truncated = true;
		return false;
	}
	ts_ubl_where(value->node, where);
	struct ts_ubl_finding finding = {.rule = judge->rule->id,
		.severity = judge->rule->severity,
		.line = value->node->line,
		.where = ts_region_copy(run->region, where, strlen(where)),
		.text = *judge->detail ? ts_region_printf(run->region, "%s: %s", judge->rule->says,
						 judge->detail)
				       : judge->rule->says};
	if (!finding.where || !finding.text) {
		run->err = TS_E_NO_MEMORY;
		return false;
	}
	run->rows[run->out->n++] = finding;
	run->out->fatal += finding.severity == TS_UBL_FATAL;
	return true;
}

enum ts_err ts_ubl_check(const void *bytes, size_t len, unsigned sets, struct ts_region *region,
	struct ts_ubl_findings *out, struct ts_why *why)
{
	struct run run = {.region = region, .out = out};
	*out = (struct ts_ubl_findings){0};
	TS_TRY(ts_ubl_parse(bytes, len, region, &run.judge.doc, why));
	if (sets == 0) {
		struct ts_str id = ts_ubl_text(
			run.judge.doc, ts_ubl_root(run.judge.doc), "cbc:CustomizationID");
		sets = TS_UBL_EN16931;
		if (id.len && memmem(id.at, id.len, PEPPOL, sizeof PEPPOL - 1))
			sets |= TS_UBL_PEPPOL;
	}
	run.rows = ts_region_array(region, TS_UBL_FINDINGS_MAX, sizeof *run.rows);
	if (!run.rows)
		return TS_E_NO_MEMORY;
	out->rows = run.rows;
	for (size_t i = 0; i < TABLES_N; i++) {
		if (!(tables[i]->set & sets))
			continue;
		for (size_t r = 0; r < tables[i]->n && run.err == TS_OK && !out->truncated; r++) {
			run.judge.rule = &tables[i]->rows[r];
			ts_ubl_match(run.judge.doc, run.judge.rule->context, judge_one, &run);
		}
	}
	return run.err;
}

const char *ts_ubl_rule_id(size_t i)
{
	for (size_t t = 0; t < TABLES_N; i -= tables[t]->n, t++) {
		if (i < tables[t]->n)
			return tables[t]->rows[i].id;
	}
	return NULL;
}
