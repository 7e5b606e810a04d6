/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of statement.h: each builder writes the lines and parses them again, so that
 * nothing leaves here that the reading half would refuse. */
#include "evidence/statement.h"

#include "base/time.h"

#include <string.h>

static void text_line(struct ts_buf *out, const char *name, struct ts_str value)
{
	ts_buf_printf(out, "%s ", name);
	ts_buf_put(out, value.at, value.len);
	ts_buf_putc(out, '\n');
}

static void int_line(struct ts_buf *out, const char *name, int64_t v)
{
	ts_buf_printf(out, "%s %lld\n", name, (long long)v);
}

static void hash_line(struct ts_buf *out, const char *name, const struct ts_hash *hash)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(hash->b, TS_HASH_BYTES, hex);
	ts_buf_printf(out, "%s %s\n", name, hex);
}

static void date_line(struct ts_buf *out, const char *name, int32_t day)
{
	char text[TS_TIME_CHARS];
	ts_buf_printf(out, "%s %s\n", name, ts_date_format(day, text));
}

static void interval_line(struct ts_buf *out, const char *name, int64_t from_ms, int64_t to_ms)
{
	if (to_ms == TS_OPEN_MS)
		ts_buf_printf(out, "%s %lld -\n", name, (long long)from_ms);
	else
		ts_buf_printf(out, "%s %lld %lld\n", name, (long long)from_ms, (long long)to_ms);
}

/* What was written since `before`; on an error of the buffer or of the parse it is taken back. */
static struct ts_str written(const struct ts_buf *out, size_t before)
{
	return (struct ts_str){out->data + before, out->len - before};
}

static enum ts_err settle(struct ts_buf *out, size_t before, enum ts_err err)
{
	if (err != TS_OK && out->err == TS_OK)
		out->len = before;
	return err;
}

static enum ts_err full(const struct ts_buf *out, struct ts_why *why)
{
	if (out->err == TS_OK)
		return TS_OK;
	return ts_why(why, out->err, "statement", "the text does not fit its buffer");
}

enum ts_err ts_contract_statement_build(
	const struct ts_contract_statement *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_contract_statement again;
	ts_buf_puts(out, "tallystick/contract/v1\n");
	text_line(out, "contract", in->contract);
	int_line(out, "version", in->version);
	if (in->has_previous)
		hash_line(out, "previous", &in->previous);
	else
		ts_buf_puts(out, "previous -\n");
	hash_line(out, "terms", &in->terms);
	interval_line(out, "effective", in->from_ms, in->to_ms);
	int_line(out, "offer-until", in->offer_until_ms);
	TS_TRY(full(out, why));
	return settle(out, before, ts_contract_statement_parse(written(out, before), &again, why));
}

enum ts_err ts_key_statement_build(
	const struct ts_key_statement *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_key_statement again;
	char vkey[TS_VKEY_CHARS];
	char root[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_buf_puts(out, "tallystick/key/v1\n");
	text_line(out, "contract", in->contract);
	text_line(out, "origin", in->origin);
	text_line(out, "vkey", ts_str(ts_key_format(&in->key, vkey)));
	text_line(out, "side", ts_str(ts_side_name(in->side)));
	text_line(out, "scope clusters", in->scope.clusters);
	text_line(out, "scope resources", in->scope.resources);
	text_line(out, "scope skus", in->scope.skus);
	int_line(out, "window", in->window_ms);
	interval_line(out, "active", in->active_from_ms, in->active_to_ms);
	int_line(out, "from_ms", in->from_ms);
	if (in->has_previous) {
		ts_text_base64(in->previous.root.b, TS_HASH_BYTES, root);
		ts_buf_puts(out, "previous ");
		ts_buf_put(out, in->previous.origin.at, in->previous.origin.len);
		ts_buf_printf(out, " %lld %s\n", (long long)in->previous.size, root);
	} else {
		ts_buf_puts(out, "previous -\n");
	}
	TS_TRY(full(out, why));
	return settle(out, before, ts_key_statement_parse(written(out, before), &again, why));
}

static void event_lines(const struct ts_event *in, struct ts_buf *out)
{
	switch (in->kind) {
	case TS_EVENT_TICK:
		int_line(out, "from", in->from);
		int_line(out, "to", in->to);
		date_line(out, "day", in->day);
		break;
	case TS_EVENT_CUT:
		interval_line(out, "period", in->period_from_ms, in->period_to_ms);
		int_line(out, "to", in->to);
		date_line(out, "day", in->day);
		break;
	case TS_EVENT_ISSUE:
		int_line(out, "cut", in->cut);
		text_line(out, "number", in->number);
		date_line(out, "date", in->date);
		date_line(out, "due", in->due);
		break;
	case TS_EVENT_VOID:
		int_line(out, "cut", in->cut);
		text_line(out, "number", in->number);
		text_line(out, "reason", in->reason);
		break;
	}
}

enum ts_err ts_event_build(const struct ts_event *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_event again;
	ts_buf_puts(out, "tallystick/event/v1\n");
	text_line(out, "contract", in->contract);
	text_line(out, "kind", ts_str(ts_event_kind_name(in->kind)));
	int_line(out, "serial", in->serial);
	int_line(out, "at", in->at_ms);
	event_lines(in, out);
	TS_TRY(full(out, why));
	return settle(out, before, ts_event_parse(written(out, before), &again, why));
}

enum ts_err ts_period_statement_build(
	const struct ts_period_statement *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_period_statement again;
	ts_buf_puts(out, "tallystick/period/v1\n");
	text_line(out, "contract", in->contract);
	text_line(out, "book", ts_str(ts_side_name(in->book)));
	date_line(out, "through", in->through);
	int_line(out, "cut", in->cut);
	hash_line(out, "state", &in->state);
	TS_TRY(full(out, why));
	return settle(out, before, ts_period_statement_parse(written(out, before), &again, why));
}
