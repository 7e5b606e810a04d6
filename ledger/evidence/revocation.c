/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/revocation.h"

#include "evidence/statement_text.h"

#include <string.h>

static const char REVOKE_V1[] = "tallystick/revoke/v1";
static const char REATTEST_V1[] = "tallystick/reattest/v1";

/* The stream that it is about, of this contract. */
static struct ts_str origin_line(struct ts_reader *r, struct ts_str contract)
{
	struct ts_origin parts;
	struct ts_why inner;
	struct ts_str origin = ts_read_word_line(r, "origin");
	if (r->err == TS_OK && ts_origin_parse(origin, &parts, &inner) != TS_OK)
		ts_read_fail(r, TS_E_MALFORMED, inner.text);
	if (r->err == TS_OK)
		ts_read_require(r, ts_str_eq(parts.contract, contract), "origin",
			"it names another contract");
	return origin;
}

enum ts_err ts_revocation_parse(struct ts_str text, struct ts_revocation *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_revocation s;
	memset(&s, 0, sizeof(s));
	ts_read_begin(&r, text, REVOKE_V1, why);
	s.contract = ts_read_contract_line(&r);
	s.origin = origin_line(&r, s.contract);
	ts_read_enter(&r, "compromised-since");
	s.compromised = !ts_read_dash(&r);
	if (s.compromised)
		s.since_ms = ts_read_instant(&r);
	ts_read_leave(&r);
	ts_read_enter(&r, "covered");
	bool none = ts_read_dash(&r);
	if (!none)
		s.covered = ts_read_integer(&r);
	ts_read_leave(&r);
	ts_read_require(&r, none != s.compromised, "covered",
		"it is given exactly when the key is compromised");
	s.reason = ts_read_reason_line(&r, "reason");
	TS_TRY(ts_read_end(&r));
	*out = s;
	return TS_OK;
}

enum ts_err ts_revocation_build(
	const struct ts_revocation *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_revocation again;
	ts_buf_printf(out, "%s\n", REVOKE_V1);
	ts_write_text_line(out, "contract", in->contract);
	ts_write_text_line(out, "origin", in->origin);
	if (in->compromised) {
		ts_write_integer_line(out, "compromised-since", in->since_ms);
		ts_write_integer_line(out, "covered", in->covered);
	} else {
		ts_buf_puts(out, "compromised-since -\ncovered -\n");
	}
	ts_write_text_line(out, "reason", in->reason);
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(
		out, before, ts_revocation_parse(ts_written(out, before), &again, why));
}

/* `name SIZE ROOT` */
static int64_t size_line(struct ts_reader *r, const char *name, struct ts_hash *root)
{
	ts_read_enter(r, name);
	int64_t size = ts_read_integer(r);
	*root = ts_read_root(r);
	ts_read_leave(r);
	return size;
}

enum ts_err ts_reattestation_parse(
	struct ts_str text, struct ts_reattestation *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_reattestation s;
	memset(&s, 0, sizeof(s));
	ts_read_begin(&r, text, REATTEST_V1, why);
	s.contract = ts_read_contract_line(&r);
	s.origin = origin_line(&r, s.contract);
	s.from = size_line(&r, "from", &s.root_from);
	s.to = size_line(&r, "to", &s.root_to);
	ts_read_require(&r, s.from < s.to, "to", "the range is empty");
	TS_TRY(ts_read_end(&r));
	*out = s;
	return TS_OK;
}

static void write_size_line(
	struct ts_buf *out, const char *name, int64_t size, const struct ts_hash *root)
{
	ts_buf_printf(out, "%s %lld ", name, (long long)size);
	ts_write_root(out, root);
	ts_buf_putc(out, '\n');
}

enum ts_err ts_reattestation_build(
	const struct ts_reattestation *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_reattestation again;
	ts_buf_printf(out, "%s\n", REATTEST_V1);
	ts_write_text_line(out, "contract", in->contract);
	ts_write_text_line(out, "origin", in->origin);
	write_size_line(out, "from", in->from, &in->root_from);
	write_size_line(out, "to", in->to, &in->root_to);
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(
		out, before, ts_reattestation_parse(ts_written(out, before), &again, why));
}
