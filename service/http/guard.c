/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/guard.h"

#include "service/http/request.h"
#include <string.h>
#include <strings.h>

bool ts_guard_token(struct ts_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (!alnum && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return name.len > 0;
}

enum ts_err ts_guard_target(struct ts_str target, struct ts_why *why)
{
	if (target.len > TS_GUARD_TARGET_BYTES_MAX)
		return ts_why(why, TS_E_URI, "", "the request target is longer than %d bytes",
			TS_GUARD_TARGET_BYTES_MAX);
	if (target.len == 0 || target.at[0] != '/')
		return ts_why(why, TS_E_MALFORMED, "", "the request target does not start with /");
	for (size_t i = 0; i < target.len; i++) {
		char c = target.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\')
			return ts_why(why, TS_E_MALFORMED, "",
				"the request target has a character 0x%02x",
				(unsigned)(unsigned char)c);
		if (c == '%' && i + 2 < target.len && target.at[i + 1] == '0' &&
			target.at[i + 2] == '0')
			return ts_why(why, TS_E_MALFORMED, "", "the request target contains %%00");
	}
	return TS_OK;
}

/* What the header iterator gathers. */
struct scan {
	struct ts_guard_head head;
	int lengths;
	int encodings;
	int hosts;
	int headers;
	size_t bytes;
	const char *fault;
};

static bool is_value(struct ts_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static const struct {
	const char *name;
	size_t offset;
} single_table[] = {
	{"Authorization", offsetof(struct ts_guard_head, authorization)},
	{"Idempotency-Key", offsetof(struct ts_guard_head, idempotency_key)},
	{"Accept", offsetof(struct ts_guard_head, accept)},
	{"Content-Type", offsetof(struct ts_guard_head, content_type)},
	{"Content-Encoding", offsetof(struct ts_guard_head, content_encoding)},
	{"If-None-Match", offsetof(struct ts_guard_head, if_none_match)},
	{"X-Request-Id", offsetof(struct ts_guard_head, request_id)},
};

static void scan_single(struct scan *scan, const char *name, struct ts_str value)
{
	for (size_t i = 0; i < sizeof(single_table) / sizeof(single_table[0]); i++) {
		if (strcasecmp(name, single_table[i].name) != 0)
			continue;
		struct ts_str *slot =
			(struct ts_str *)(void *)((char *)&scan->head + single_table[i].offset);
		if (slot->at != NULL)
			scan->fault = "a header that may stand once is repeated";
		*slot = value;
	}
}

static void scan_framing(struct scan *scan, const char *name, struct ts_str value)
{
	if (strcasecmp(name, "Content-Length") == 0) {
		scan->lengths++;
		scan->head.has_length = true;
		if (ts_text_u63(value, &scan->head.length) != TS_OK)
			scan->fault = "Content-Length is not a number";
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		scan->encodings++;
		scan->head.chunked = true;
		if (value.len != 7 || strncasecmp(value.at, "chunked", 7) != 0)
			scan->fault = "Transfer-Encoding is not \"chunked\"";
	} else if (strcasecmp(name, "Host") == 0) {
		scan->hosts++;
		if (value.len == 0 || memchr(value.at, '/', value.len) != NULL ||
			memchr(value.at, '@', value.len) != NULL ||
			memchr(value.at, ' ', value.len) != NULL)
			scan->fault = "Host is not a host";
	} else if (strcasecmp(name, "Expect") == 0) {
		scan->head.expects = true;
		if (value.len != 12 || strncasecmp(value.at, "100-continue", 12) != 0)
			scan->fault = "Expect is not 100-continue";
	}
}

static enum MHD_Result scan_header(void *arg, enum MHD_ValueKind kind, const char *key,
	size_t key_len, const char *value, size_t value_len)
{
	(void)kind;
	struct scan *scan = arg;
	struct ts_str text = {value != NULL ? value : "", value_len};
	scan->headers++;
	scan->bytes += key_len + value_len;
	if (!ts_guard_token((struct ts_str){key, key_len}) || strlen(key) != key_len)
		scan->fault = "a header name is not a token";
	else if (!is_value(text))
		scan->fault = "a header value contains a control character";
	else {
		scan_framing(scan, key, text);
		scan_single(scan, key, text);
	}
	bool more = scan->fault == NULL && scan->headers <= TS_GUARD_HEADERS_MAX &&
		    scan->bytes <= TS_GUARD_HEAD_BYTES_MAX;
	return more ? MHD_YES : MHD_NO;
}

enum ts_err ts_guard_headers(struct MHD_Connection *connection, const char *version,
	struct ts_guard_head *out, struct ts_why *why)
{
	struct scan scan = {.fault = NULL};
	bool http10 = strcmp(version, "HTTP/1.0") == 0;
	if (!http10 && strcmp(version, "HTTP/1.1") != 0)
		return ts_why(why, TS_E_MALFORMED, "", "only HTTP/1.0 and HTTP/1.1");
	(void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, scan_header, &scan);
	if (scan.headers > TS_GUARD_HEADERS_MAX)
		return ts_why(why, TS_E_HEADER, "", "more than %d headers", TS_GUARD_HEADERS_MAX);
	if (scan.bytes > TS_GUARD_HEAD_BYTES_MAX)
		return ts_why(why, TS_E_HEADER, "", "headers of more than %d bytes",
			TS_GUARD_HEAD_BYTES_MAX);
	if (scan.fault == NULL && scan.lengths > 1)
		scan.fault = "Content-Length stands more than once";
	if (scan.fault == NULL && scan.encodings > 1)
		scan.fault = "Transfer-Encoding stands more than once";
	if (scan.fault == NULL && scan.lengths > 0 && scan.encodings > 0)
		scan.fault = "both Content-Length and Transfer-Encoding";
	if (scan.fault == NULL && scan.encodings > 0 && http10)
		scan.fault = "Transfer-Encoding in HTTP/1.0";
	if (scan.fault == NULL && scan.hosts != 1)
		scan.fault = "exactly one Host header is required";
	if (scan.fault != NULL)
		return ts_why(why, TS_E_MALFORMED, "", "%s", scan.fault);
	*out = scan.head;
	return TS_OK;
}

enum ts_err ts_guard_idempotency_key(struct ts_str value, struct ts_str *out, struct ts_why *why)
{
	struct ts_str key = value;
	if (key.len >= 2 && key.at[0] == '"' && key.at[key.len - 1] == '"') {
		key.at++;
		key.len -= 2;
	}
	bool good = key.len > 0 && key.len <= TS_IDEMPOTENCY_KEY_MAX;
	for (size_t i = 0; good && i < key.len; i++)
		good = key.at[i] > 0x20 && key.at[i] < 0x7f && key.at[i] != '"' &&
		       key.at[i] != '\\';
	if (!good)
		return ts_why(why, TS_E_MALFORMED, "Idempotency-Key",
			"Idempotency-Key is not 1 to %d visible characters",
			TS_IDEMPOTENCY_KEY_MAX);
	*out = key;
	return TS_OK;
}
