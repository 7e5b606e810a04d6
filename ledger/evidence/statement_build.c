/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of statement.h: each builder writes the lines and parses them again, so that
 * nothing leaves here that the reading half would refuse. */
#include "evidence/statement.h"

#include "evidence/statement_text.h"

enum ts_err ts_contract_statement_build(
	const struct ts_contract_statement *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_contract_statement again;
	ts_buf_puts(out, "tallystick/contract/v1\n");
	ts_write_text_line(out, "contract", in->contract);
	ts_write_integer_line(out, "version", in->version);
	if (in->has_previous)
		ts_write_hash_line(out, "previous", &in->previous);
	else
		ts_buf_puts(out, "previous -\n");
	ts_write_hash_line(out, "terms", &in->terms);
	ts_write_interval_line(out, "effective", in->from_ms, in->to_ms);
	ts_write_integer_line(out, "offer-until", in->offer_until_ms);
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(
		out, before, ts_contract_statement_parse(ts_written(out, before), &again, why));
}

enum ts_err ts_key_statement_build(
	const struct ts_key_statement *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_key_statement again;
	char vkey[TS_VKEY_CHARS];
	char root[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_buf_puts(out, "tallystick/key/v1\n");
	ts_write_text_line(out, "contract", in->contract);
	ts_write_text_line(out, "origin", in->origin);
	ts_write_text_line(out, "vkey", ts_str(ts_key_format(&in->key, vkey)));
	ts_write_text_line(out, "side", ts_str(ts_side_name(in->side)));
	ts_write_text_line(out, "scope clusters", in->scope.clusters);
	ts_write_text_line(out, "scope resources", in->scope.resources);
	ts_write_text_line(out, "scope skus", in->scope.skus);
	ts_write_integer_line(out, "window", in->window_ms);
	ts_write_interval_line(out, "active", in->active_from_ms, in->active_to_ms);
	ts_write_integer_line(out, "from_ms", in->from_ms);
	if (in->has_previous) {
		ts_text_base64(in->previous.root.b, TS_HASH_BYTES, root);
		ts_buf_puts(out, "previous ");
		ts_buf_put(out, in->previous.origin.at, in->previous.origin.len);
		ts_buf_printf(out, " %lld %s\n", (long long)in->previous.size, root);
	} else {
		ts_buf_puts(out, "previous -\n");
	}
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(
		out, before, ts_key_statement_parse(ts_written(out, before), &again, why));
}

enum ts_err ts_period_statement_build(
	const struct ts_period_statement *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_period_statement again;
	ts_buf_puts(out, "tallystick/period/v1\n");
	ts_write_text_line(out, "contract", in->contract);
	ts_write_text_line(out, "book", ts_str(ts_side_name(in->book)));
	ts_write_date_line(out, "through", in->through);
	ts_write_integer_line(out, "cut", in->cut);
	ts_write_hash_line(out, "state", &in->state);
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(
		out, before, ts_period_statement_parse(ts_written(out, before), &again, why));
}

enum ts_err ts_reservation_build(
	const struct ts_reservation *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_reservation again;
	ts_buf_puts(out, "tallystick/reservation/v1\n");
	ts_write_text_line(out, "contract", in->contract);
	ts_write_text_line(out, "book", ts_str(ts_side_name(in->book)));
	ts_write_date_line(out, "through", in->through);
	ts_write_hash_line(out, "statement", &in->statement);
	ts_write_text_line(out, "reason", in->reason);
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(
		out, before, ts_reservation_parse(ts_written(out, before), &again, why));
}
