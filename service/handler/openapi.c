/* SPDX-License-Identifier: Apache-2.0 */
#include "service/handler/openapi.h"
#include "service/handler/answer.h"
#include "service/http/problem.h"
#include "base/json.h"
#include <string.h>

static void text(struct ts_buf *out, const char *name, const char *value)
{
	ts_buf_printf(out, "\"%s\":", name);
	ts_problem_string(out, value, strlen(value));
}

static const char *query_schema(enum ts_query_kind kind)
{
	switch (kind) {
	case TS_QUERY_TEXT:
		return "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}";
	case TS_QUERY_INT:
		return NULL; /* has bounds */
	case TS_QUERY_TIME:
		return "{\"type\":\"string\",\"format\":\"date-time\"}";
	case TS_QUERY_DATE:
		return "{\"type\":\"string\",\"format\":\"date\"}";
	case TS_QUERY_MONTH:
		return "{\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}$\"}";
	case TS_QUERY_BOOL:
		return "{\"type\":\"boolean\"}";
	}
	return NULL;
}

static void write_query(const struct ts_query_param *param, struct ts_buf *out)
{
	ts_buf_puts(out, "{\"in\":\"query\",");
	text(out, "name", param->name);
	ts_buf_putc(out, ',');
	text(out, "description", param->help);
	ts_buf_printf(out, ",\"required\":%s,\"schema\":", param->required ? "true" : "false");
	const char *schema = query_schema(param->kind);
	if (schema != NULL)
		ts_buf_puts(out, schema);
	else if (param->min == 0 && param->max == 0)
		ts_buf_puts(out, "{\"type\":\"integer\",\"minimum\":0}");
	else
		ts_buf_printf(out, "{\"type\":\"integer\",\"minimum\":%lld,\"maximum\":%lld}",
			(long long)param->min, (long long)param->max);
	ts_buf_putc(out, '}');
}

static void write_parameters(const struct ts_route *row, struct ts_buf *out)
{
	bool first = true;
	ts_buf_puts(out, ",\"parameters\":[");
	for (size_t i = 0; ts_route_param_name(row, i).at != NULL; i++, first = false) {
		struct ts_str name = ts_route_param_name(row, i);
		bool rest = (row->flags & TS_ROUTE_REST) != 0 &&
			    ts_route_param_name(row, i + 1).at == NULL;
		ts_buf_printf(out,
			"%s{\"in\":\"path\",\"name\":\"%.*s\",\"required\":true,%s"
			"\"schema\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._~:+%s-]{1,128}$"
			"\"}}",
			first ? "" : ",", (int)name.len, name.at,
			rest ? "\"description\":\"may contain /, which is sent as it is\"," : "",
			rest ? "/" : "");
	}
	for (size_t i = 0; row->query != NULL && row->query[i].name != NULL; i++, first = false) {
		ts_buf_puts(out, first ? "" : ",");
		write_query(&row->query[i], out);
	}
	if ((row->flags & (TS_ROUTE_MONEY | TS_ROUTE_KEY)) != 0)
		ts_buf_printf(out,
			"%s{\"in\":\"header\",\"name\":\"Idempotency-Key\",\"required\":%s,"
			"\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}}",
			first ? "" : ",", (row->flags & TS_ROUTE_MONEY) != 0 ? "true" : "false");
	ts_buf_putc(out, ']');
}

/* What a value must look like; lengths are of bytes, so never more than the decoder takes. */
static void write_field_schema(const struct ts_json_field *field, struct ts_buf *out)
{
	switch (field->kind) {
	case TS_JSON_STRING:
	case TS_JSON_TEXT:
		ts_buf_printf(out, "{\"type\":\"string\",\"minLength\":%d,\"maxLength\":%lld}",
			field->kind == TS_JSON_STRING ? 1 : 0,
			field->max != 0 ? (long long)field->max : 1024LL);
		return;
	case TS_JSON_INT:
		if (field->min == 0 && field->max == 0)
			ts_buf_puts(out, "{\"type\":\"integer\"}");
		else
			ts_buf_printf(out,
				"{\"type\":\"integer\",\"minimum\":%lld,\"maximum\":%lld}",
				(long long)field->min, (long long)field->max);
		return;
	case TS_JSON_BOOL:
		ts_buf_puts(out, "{\"type\":\"boolean\"}");
		return;
	case TS_JSON_DECIMAL:
	case TS_JSON_I128:
		ts_buf_puts(out, "{\"type\":\"string\"}");
		return;
	case TS_JSON_TIME:
		ts_buf_puts(out, query_schema(TS_QUERY_TIME));
		return;
	case TS_JSON_DATE:
		ts_buf_puts(out, query_schema(TS_QUERY_DATE));
		return;
	case TS_JSON_OBJECT:
		ts_buf_puts(out, "{\"type\":\"object\"}");
		return;
	case TS_JSON_ARRAY:
		ts_buf_printf(out, "{\"type\":\"array\",\"maxItems\":%lld}",
			field->max != 0 ? (long long)field->max : 10000LL);
		return;
	}
}

static void write_schema(const struct ts_json_field *fields, size_t n, struct ts_buf *out)
{
	bool first = true;
	ts_buf_puts(out, "{\"type\":\"object\"");
	if (n > 0)
		ts_buf_puts(out, ",\"additionalProperties\":false,\"properties\":{");
	for (size_t i = 0; i < n; i++) {
		ts_buf_printf(out, "%s\"%s\":", i == 0 ? "" : ",", fields[i].name);
		write_field_schema(&fields[i], out);
	}
	ts_buf_puts(out, n > 0 ? "},\"required\":[" : "");
	for (size_t i = 0; i < n; i++)
		if (fields[i].required) {
			ts_buf_printf(out, "%s\"%s\"", first ? "" : ",", fields[i].name);
			first = false;
		}
	ts_buf_puts(out, n > 0 ? "]}" : "}");
}

/* `"content":{"type":{"schema":..},...}` for a comma separated list of media types. JSON is what
 * the operation answers, or a body's fields. */
static enum ts_err write_content(const char *types, const char *answers,
	const struct ts_json_field *fields, size_t fields_n, struct ts_buf *out)
{
	enum ts_err err = TS_OK;
	struct ts_str rest = ts_str(types);
	bool first = true;
	ts_buf_puts(out, "\"content\":{");
	for (; rest.at != NULL; first = false) {
		struct ts_str type = ts_str_cut(&rest, ',');
		while (type.len > 0 && type.at[0] == ' ') {
			type.at++;
			type.len--;
		}
		ts_buf_puts(out, first ? "" : ",");
		ts_problem_string(out, type.at, type.len);
		ts_buf_puts(out, ":{\"schema\":");
		bool json = ts_str_is(type, "application/json");
		enum ts_err found = json && answers != NULL ? ts_answer_write(answers, out)
							    : TS_E_NOT_FOUND;
		if (found != TS_E_NOT_FOUND)
			err = err == TS_OK ? found : err;
		else if (json)
			write_schema(fields, fields_n, out);
		else
			ts_buf_puts(out, "{\"type\":\"string\"}");
		ts_buf_putc(out, '}');
	}
	ts_buf_putc(out, '}');
	return err;
}

static void write_roles(const struct ts_route *row, struct ts_buf *out)
{
	bool first = true;
	if (row->roles == TS_ROLE_PUBLIC) {
		ts_buf_puts(out, ",\"security\":[]");
		return;
	}
	ts_buf_puts(out, ",\"x-roles\":[");
	for (uint32_t bit = TS_ROLE_AGENT; bit <= TS_ROLE_OPERATOR; bit <<= 1)
		if ((row->roles & bit) != 0) {
			ts_buf_printf(
				out, "%s\"%s\"", first ? "" : ",", ts_role_name((enum ts_role)bit));
			first = false;
		}
	ts_buf_putc(out, ']');
}

/* A body whose members may all be left out may be left out itself. */
static bool body_is_required(const struct ts_route *row)
{
	for (size_t i = 0; i < row->fields_n; i++)
		if (row->fields[i].required)
			return true;
	return row->fields_n == 0;
}

static enum ts_err write_operation(const struct ts_route *row, struct ts_buf *out)
{
	static const char lower[][8] = {"", "get", "post", "put", "delete"};
	ts_buf_printf(out, "\"%s\":{", lower[row->method]);
	text(out, "operationId", row->id);
	ts_buf_puts(out, ",\"tags\":[");
	ts_problem_string(out, row->tag, strlen(row->tag));
	ts_buf_puts(out, "],");
	text(out, "summary", row->summary);
	write_roles(row, out);
	write_parameters(row, out);
	if (row->body_bytes_max != 0) {
		ts_buf_printf(out, ",\"requestBody\":{\"required\":%s,",
			body_is_required(row) ? "true" : "false");
		text(out, "description", row->request);
		ts_buf_putc(out, ',');
		const char *any = row->fields != NULL ? "application/json" : "*/*";
		TS_TRY(write_content(row->consumes != NULL ? row->consumes : any, NULL, row->fields,
			row->fields_n, out));
		ts_buf_printf(out, ",\"x-bytes-max\":%zu}", row->body_bytes_max);
	}
	ts_buf_puts(out, ",\"responses\":{\"2XX\":{");
	text(out, "description", row->response);
	ts_buf_putc(out, ',');
	TS_TRY(write_content(
		row->produces != NULL ? row->produces : "application/json", row->id, NULL, 0, out));
	ts_buf_puts(out, "},\"default\":{\"$ref\":\"#/components/responses/Problem\"}}}");
	return TS_OK;
}

/* The first row of this path? Its methods are then all written under it. */
static bool is_first_of_path(const struct ts_route *const *tables, const struct ts_route *row)
{
	for (; *tables != NULL; tables++)
		for (const struct ts_route *at = *tables; at->path != NULL; at++) {
			if (at == row)
				return true;
			if (strcmp(at->path, row->path) == 0)
				return false;
		}
	return true;
}

static enum ts_err write_path(
	const struct ts_route *const *tables, const struct ts_route *row, struct ts_buf *out)
{
	bool first = true;
	ts_problem_string(out, row->path, strlen(row->path));
	ts_buf_puts(out, ":{");
	for (; *tables != NULL; tables++)
		for (const struct ts_route *at = *tables; at->path != NULL; at++) {
			if (strcmp(at->path, row->path) != 0)
				continue;
			ts_buf_puts(out, first ? "" : ",");
			first = false;
			TS_TRY(write_operation(at, out));
		}
	ts_buf_putc(out, '}');
	return TS_OK;
}

static void write_codes(struct ts_buf *out)
{
	static const char *const codes[] = {
#define X(name, code, http, text) code,
#include "base/err.def"
#undef X
	};
	for (size_t i = 1; i < sizeof(codes) / sizeof(codes[0]); i++)
		ts_buf_printf(out, "%s\"%s\"", i > 1 ? "," : "", codes[i]);
}

enum ts_err ts_openapi_write(
	const struct ts_route *const *tables, const char *version, struct ts_buf *out)
{
	bool first = true;
	ts_buf_puts(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"tallystick\",");
	text(out, "version", version);
	ts_buf_puts(out, "},\"security\":[{\"token\":[]}],\"paths\":{");
	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct ts_route *row = tables[t]; row->path != NULL; row++)
			if (is_first_of_path(tables, row)) {
				ts_buf_puts(out, first ? "" : ",");
				first = false;
				TS_TRY(write_path(tables, row, out));
			}
	ts_buf_puts(out,
		"},\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":"
		"\"bearer\",\"bearerFormat\":\"ts_ID.SECRET\"}},\"responses\":{\"Problem\":{"
		"\"description\":\"refused or failed (RFC 9457)\",\"content\":{"
		"\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
		"Problem\"}}}}},"
		"\"schemas\":{");
	TS_TRY(ts_answer_schemas(out));
	ts_buf_puts(out,
		",\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\","
		"\"status\",\"code\",\"request_id\"],\"properties\":{\"type\":{\"type\":\"string\"}"
		","
		"\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{"
		"\"type\":"
		"\"string\"},\"instance\":{\"type\":\"string\"},\"request_id\":{\"type\":"
		"\"string\"},"
		"\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
		"\"pointer\":"
		"{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}},\"code\":{\"type\":"
		"\"string\","
		"\"enum\":[");
	write_codes(out);
	ts_buf_puts(out, "]}}}}}}\n");
	return out->err;
}
