/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/origin.h"

#include "evidence/sha256.h"

#include <string.h>

#define DOMAIN_MAX 100
#define PART_MAX 64

static bool part_ok(struct ts_str part, size_t len_max)
{
	if (part.len == 0 || part.len > len_max)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.at[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '~';
		if (!ok)
			return false;
	}
	return true;
}

enum ts_err ts_contract_id_check(struct ts_str id, struct ts_why *why)
{
	uint8_t bytes[TS_CONTRACT_ID_CHARS / 2];
	if (ts_text_unhex(id, bytes, sizeof(bytes)) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "contract",
			"a contract id has 32 lower-case hex digits");
	return TS_OK;
}

enum ts_err ts_origin_parse(struct ts_str origin, struct ts_origin *out, struct ts_why *why)
{
	struct ts_origin parts;
	struct ts_str rest = origin;
	TS_TRY(ts_origin_check(origin, why));
	parts.domain = ts_str_cut(&rest, '/');
	parts.contract = ts_str_cut(&rest, '/');
	parts.cluster = ts_str_cut(&rest, '/');
	parts.agent = ts_str_cut(&rest, '/');
	if (!part_ok(parts.domain, DOMAIN_MAX) || !part_ok(parts.cluster, PART_MAX) ||
		!part_ok(parts.agent, PART_MAX) || rest.at == NULL)
		return ts_why(why, TS_E_MALFORMED, "origin",
			"a stream's origin is <domain>/<contract>/<cluster>/<agent>/g<generation>");
	TS_TRY(ts_contract_id_check(parts.contract, why));
	if (rest.len < 2 || rest.at[0] != 'g' ||
		ts_text_u63((struct ts_str){rest.at + 1, rest.len - 1}, &parts.generation) !=
			TS_OK ||
		parts.generation < 1)
		return ts_why(why, TS_E_MALFORMED, "origin",
			"a stream's origin ends in g and a generation from 1 on");
	*out = parts;
	return TS_OK;
}

/* Writes parts joined by '/', with a NUL; TS_E_MALFORMED when they do not fit. */
static enum ts_err join(const struct ts_str *parts, size_t n, char *out)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		if (len + 1 + parts[i].len > TS_ORIGIN_MAX)
			return TS_E_MALFORMED;
		if (i > 0)
			out[len++] = '/';
		memcpy(out + len, parts[i].at, parts[i].len);
		len += parts[i].len;
	}
	out[len] = '\0';
	return TS_OK;
}

enum ts_err ts_origin_format(const struct ts_origin *origin, char out[TS_ORIGIN_MAX + 1])
{
	char generation[24];
	char whole[TS_ORIGIN_MAX + 1];
	char *at = generation + sizeof(generation);
	int64_t v = origin->generation;
	if (v < 1)
		return TS_E_MALFORMED;
	for (; v > 0; v /= 10)
		*--at = (char)('0' + v % 10);
	*--at = 'g';
	struct ts_str parts[] = {origin->domain, origin->contract, origin->cluster, origin->agent,
		{at, (size_t)(generation + sizeof(generation) - at)}};
	TS_TRY(join(parts, 5, whole));
	struct ts_origin parsed;
	TS_TRY(ts_origin_parse(ts_str(whole), &parsed, NULL));
	memcpy(out, whole, sizeof(whole));
	return TS_OK;
}

bool ts_origin_same_agent(const struct ts_origin *a, const struct ts_origin *b)
{
	return ts_str_eq(a->cluster, b->cluster) && ts_str_eq(a->agent, b->agent);
}

enum ts_err ts_origin_log(struct ts_str domain, struct ts_str contract, enum ts_log_kind kind,
	char out[TS_ORIGIN_MAX + 1])
{
	if (!part_ok(domain, DOMAIN_MAX))
		return TS_E_MALFORMED;
	TS_TRY(ts_contract_id_check(contract, NULL));
	struct ts_str last = kind == TS_LOG_INPUTS ? TS_STR("inputs") : TS_STR("journal");
	struct ts_str parts[] = {domain, contract, last};
	return join(parts, 3, out);
}

void ts_stream_id(struct ts_str origin, char out[TS_STREAM_ID_CHARS + 1])
{
	struct ts_hash h;
	ts_sha256(origin.at, origin.len, &h);
	ts_text_hex(h.b, TS_STREAM_ID_CHARS / 2, out);
}

enum ts_err ts_origin_check(struct ts_str origin, struct ts_why *why)
{
	static const char *const reserved[] = {
		"cosignature/", "subtree/", "tallystick/", "append/", "c2sp.org/"};
	if (origin.len == 0 || origin.len > TS_ORIGIN_MAX)
		return ts_why(why, TS_E_MALFORMED, "origin",
			"an origin has 1 to %d bytes, this one has %zu", TS_ORIGIN_MAX, origin.len);
	for (size_t i = 0; i < origin.len; i++) {
		unsigned char c = (unsigned char)origin.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '+' || c == '"' || c == '\\')
			return ts_why(why, TS_E_MALFORMED, "origin",
				"byte 0x%02x at %zu is not allowed in an origin", c, i);
	}
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		size_t len = strlen(reserved[i]);
		if (origin.len >= len && memcmp(origin.at, reserved[i], len) == 0)
			return ts_why(why, TS_E_MALFORMED, "origin",
				"an origin must not begin with %s, which other signed texts do",
				reserved[i]);
	}
	return TS_OK;
}
