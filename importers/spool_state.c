/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/spool_state.h"
#include <string.h>

#define FORMAT "tallystick/agent-state/v1"

void ts_spool_state_format(const struct ts_spool *spool, struct ts_buf *out)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	char hex[2 * sizeof(packed) + 1];
	size_t len = ts_range_pack(&spool->sent_range, packed);
	ts_text_hex(packed, len, hex);
	ts_buf_printf(out,
		FORMAT "\nlines %lld\nlines_bytes %lld\nseen_bytes %lld\nclosed_ms %lld\n"
		       "sent %lld\nsent_bytes %lld\nrange %s\n",
		(long long)spool->lines_n, (long long)spool->lines_bytes,
		(long long)spool->seen_bytes, (long long)spool->closed_ms, (long long)spool->sent_n,
		(long long)spool->sent_bytes, len ? hex : "-");
}

static enum ts_err named_line(
	struct ts_str *rest, const char *name, struct ts_str *value, struct ts_why *why)
{
	struct ts_str line;
	if (!ts_str_line(rest, &line) || !ts_str_is(ts_str_cut(&line, ' '), name) || !line.at)
		return ts_why(why, TS_E_MALFORMED, "state", "no line \"%s\" in its place", name);
	*value = line;
	return TS_OK;
}

static enum ts_err range_parse(struct ts_str hex, struct ts_spool *spool)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	if (ts_str_is(hex, "-"))
		hex.len = 0;
	if (hex.len % 2 != 0 || hex.len / 2 > sizeof(packed))
		return TS_E_MALFORMED;
	if (hex.len)
		TS_TRY(ts_text_unhex(hex, packed, hex.len / 2));
	return ts_range_unpack(spool->sent_n, packed, hex.len / 2, &spool->sent_range);
}

enum ts_err ts_spool_state_parse(struct ts_str text, struct ts_spool *spool, struct ts_why *why)
{
	const struct {
		const char *name;
		int64_t *value;
	} numbers[] = {
		{"lines", &spool->lines_n},
		{"lines_bytes", &spool->lines_bytes},
		{"seen_bytes", &spool->seen_bytes},
		{"closed_ms", &spool->closed_ms},
		{"sent", &spool->sent_n},
		{"sent_bytes", &spool->sent_bytes},
	};
	struct ts_str line;
	struct ts_str value;
	if (!ts_str_line(&text, &line) || !ts_str_is(line, FORMAT))
		return ts_why(why, TS_E_MALFORMED, "state", "the first line is not " FORMAT);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		TS_TRY(named_line(&text, numbers[i].name, &value, why));
		if (ts_text_u63(value, numbers[i].value) != TS_OK)
			return ts_why(why, TS_E_MALFORMED, "state", "%s \"%.*s\"", numbers[i].name,
				(int)(value.len > 40 ? 40 : value.len), value.at);
	}
	TS_TRY(named_line(&text, "range", &value, why));
	if (range_parse(value, spool) != TS_OK || text.len != 0)
		return ts_why(why, TS_E_MALFORMED, "state", "the compact range is damaged");
	if (spool->sent_n > spool->lines_n || spool->sent_bytes > spool->lines_bytes)
		return ts_why(why, TS_E_MALFORMED, "state", "more was sent than there is");
	return TS_OK;
}
