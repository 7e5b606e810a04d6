/* SPDX-License-Identifier: Apache-2.0 */
#include "service/handler/answer.h"
#include "base/text.h"
#include <string.h>

#define DEPTH_MAX 8

struct row {
	const char *name, *shape;
};
static const struct row schemas[] = {
#define SCHEMA(name, shape) {#name, shape},
#include "service/handler/answers.def"
};
static const struct row answers[] = {
#define ANSWER(id, shape) {#id, shape},
#include "service/handler/answers.def"
};
#define SCHEMAS_N (sizeof schemas / sizeof schemas[0])
#define ANSWERS_N (sizeof answers / sizeof answers[0])

#define STRING "\"type\":\"string\""
static const struct row words[] = {
	{"any", "\"type\":\"object\""},
	{"bool", "\"type\":\"boolean\""},
	{"int", "\"type\":\"integer\""},
	{"str", STRING},
	{"dec", STRING ",\"pattern\":\"^-?(0|[1-9][0-9]*)([.][0-9]+)?$\""},
	{"hash", STRING ",\"pattern\":\"^[0-9a-f]{64}$\""},
	{"id", STRING ",\"pattern\":\"^[0-9a-f]{32}$\""},
	{"time", STRING ",\"format\":\"date-time\","
			"\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.]["
			"0-9]{1,6})?Z$\""},
	{"date", STRING ",\"format\":\"date\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}$\""},
	{"month", STRING ",\"pattern\":\"^[0-9]{4}-[0-9]{2}$\""},
	{"currency", STRING ",\"pattern\":\"^[A-Z]{3}$\""},
	{"vkey", STRING ",\"pattern\":\"^[!-~]+[+][0-9a-f]{8}[+][A-Za-z0-9+/]{44}$\""},
	{"side", STRING ",\"enum\":[\"provider\",\"consumer\"]"},
	{"streamstate", STRING ",\"enum\":[\"live\",\"quarantined\",\"closed\",\"revoked\"]"},
	{"charge", STRING
		",\"enum\":[\"usage\",\"fee\",\"discount\",\"overage\",\"shortfall\","
		"\"rollover\",\"true_up\",\"excess\",\"cap\",\"sla_credit\","
		"\"credit\",\"settlement\",\"prepayment\",\"drawdown\",\"breakage\",\"deposit\"]"},
};

/* Reads the notation from `at` on. */
struct reader {
	const char *at;
	struct ts_buf *out;
	int depth;
	bool broken;
};

static bool eat(struct reader *r, char c)
{
	bool is = *r->at == c;
	r->at += is ? 1 : 0;
	return is;
}

static struct ts_str word(struct reader *r)
{
	size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	struct ts_str text = {r->at, n};
	r->at += n;
	r->broken = r->broken || n == 0;
	return text;
}

static const struct row *named(const struct row *rows, size_t n, struct ts_str name)
{
	for (size_t i = 0; i < n; i++)
		if (ts_str_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static void shape(struct reader *r);

static void members(struct reader *r)
{
	struct {
		struct ts_str name;
		bool optional;
	} list[64];
	size_t n = 0;
	bool first = true;
	ts_buf_puts(r->out, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
	while (!r->broken && n < sizeof list / sizeof list[0] && *r->at != '}') {
		list[n].name = word(r);
		list[n].optional = eat(r, '?');
		r->broken = r->broken || !eat(r, ':');
		ts_buf_printf(r->out, "%s\"%.*s\":", n > 0 ? "," : "", (int)list[n].name.len,
			list[n].name.at);
		shape(r);
		n++;
		if (!eat(r, ' '))
			break;
	}
	r->broken = r->broken || !eat(r, '}');
	ts_buf_puts(r->out, "},\"required\":[");
	for (size_t i = 0; i < n; i++)
		if (!list[i].optional) {
			ts_buf_printf(r->out, "%s\"%.*s\"", first ? "" : ",", (int)list[i].name.len,
				list[i].name.at);
			first = false;
		}
	ts_buf_puts(r->out, "]");
}

static void choice(struct reader *r)
{
	ts_buf_puts(r->out, STRING ",\"enum\":[");
	do {
		struct ts_str one = word(r);
		ts_buf_printf(r->out, "\"%.*s\"%s", (int)one.len, one.at, *r->at == '|' ? "," : "");
	} while (!r->broken && eat(r, '|'));
	r->broken = r->broken || !eat(r, ')');
	ts_buf_puts(r->out, "]");
}

static void name_of(struct reader *r)
{
	struct ts_str name = word(r);
	const struct row *row = named(words, sizeof words / sizeof words[0], name);
	if (row != NULL)
		ts_buf_puts(r->out, row->shape);
	else if (named(schemas, SCHEMAS_N, name) != NULL)
		ts_buf_printf(
			r->out, "\"$ref\":\"#/components/schemas/%.*s\"", (int)name.len, name.at);
	else
		r->broken = true;
}

/* What stands between the braces of a schema; null is a second alternative. */
static bool nullable(const char *at)
{
	int depth = 0;
	do {
		depth += strchr("{[(", *at) != NULL ? 1 : 0;
		depth -= strchr("}])", *at) != NULL ? 1 : 0;
		at++;
	} while (*at != '\0' && (depth > 0 || strchr(" }]?", *at) == NULL));
	return *at == '?';
}

static void shape(struct reader *r)
{
	if (r->broken || *r->at == '\0' || ++r->depth > DEPTH_MAX) {
		r->broken = true;
		return;
	}
	bool null = nullable(r->at);
	ts_buf_puts(r->out, null ? "{\"oneOf\":[{\"type\":\"null\"},{" : "{");
	if (eat(r, '{')) {
		members(r);
	} else if (eat(r, '(')) {
		choice(r);
	} else if (eat(r, '[')) {
		ts_buf_puts(r->out, "\"type\":\"array\",\"items\":");
		shape(r);
		r->broken = r->broken || !eat(r, ']');
	} else {
		name_of(r);
	}
	r->broken = r->broken || (null && !eat(r, '?'));
	ts_buf_puts(r->out, null ? "}]}" : "}");
	r->depth--;
}

static enum ts_err write_shape(const char *text, struct ts_buf *out)
{
	struct reader r = {.at = text, .out = out};
	shape(&r);
	return r.broken || *r.at != '\0' ? TS_E_INTERNAL : out->err;
}

enum ts_err ts_answer_write(const char *operation_id, struct ts_buf *out)
{
	const struct row *row = named(answers, ANSWERS_N, ts_str(operation_id));
	return row != NULL ? write_shape(row->shape, out) : TS_E_NOT_FOUND;
}

enum ts_err ts_answer_schemas(struct ts_buf *out)
{
	for (size_t i = 0; i < SCHEMAS_N; i++) {
		ts_buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", schemas[i].name);
		TS_TRY(write_shape(schemas[i].shape, out));
	}
	return out->err;
}

const char *ts_answer_operation(size_t i)
{
	return i < ANSWERS_N ? answers[i].name : NULL;
}
