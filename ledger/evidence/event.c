/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event.h"

#include "base/time.h"
#include "evidence/statement_text.h"

#include <string.h>

#define QUARTER_MS (TS_US_PER_QUARTER / TS_US_PER_MS)
#define NUMBER_MAX 64

static const char EVENT_V1[] = "tallystick/event/v1";

struct kind {
	const char *name;
	enum ts_event_signer signer;
};
static const struct kind kinds[] = {
	[TS_EVENT_TICK] = {"tick", TS_SIGNED_BY_OPERATOR},
	[TS_EVENT_CUT] = {"cut", TS_SIGNED_BY_OPERATOR},
	[TS_EVENT_ISSUE] = {"issue", TS_SIGNED_BY_OPERATOR},
	[TS_EVENT_VOID] = {"void", TS_SIGNED_BY_OPERATOR},
	[TS_EVENT_RELEASE] = {"release", TS_SIGNED_BY_BOTH},
	[TS_EVENT_NOTICE] = {"notice", TS_SIGNED_BY_ONE},
	[TS_EVENT_GAP] = {"gap", TS_SIGNED_BY_BOTH},
	[TS_EVENT_CREDIT] = {"credit", TS_SIGNED_BY_ONE},
	[TS_EVENT_SETTLEMENT] = {"settlement", TS_SIGNED_BY_BOTH},
	[TS_EVENT_CLAIM] = {"claim", TS_SIGNED_BY_ONE},
	[TS_EVENT_PREPAYMENT] = {"prepayment", TS_SIGNED_BY_OPERATOR},
	[TS_EVENT_PAYMENT] = {"payment", TS_SIGNED_BY_ONE},
	[TS_EVENT_REFUND] = {"refund", TS_SIGNED_BY_ONE},
	[TS_EVENT_CONSENT] = {"consent", TS_SIGNED_BY_BOTH},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
_Static_assert(KINDS == TS_EVENT_KINDS, "every kind has its name and signer");

const char *ts_event_kind_name(enum ts_event_kind kind)
{
	return kinds[kind].name;
}

enum ts_event_signer ts_event_signer(enum ts_event_kind kind)
{
	return kinds[kind].signer;
}

static void read_number(struct ts_reader *r, struct ts_event *e)
{
	e->number = ts_read_word_line(r, "number");
	ts_read_require(r, e->number.len <= NUMBER_MAX, "number", "it is over 64 bytes long");
}

static void read_period(struct ts_reader *r, struct ts_event *e)
{
	ts_read_enter(r, "period");
	e->period_from_ms = ts_read_instant(r);
	e->period_to_ms = ts_read_instant(r);
	ts_read_leave(r);
	ts_read_require(
		r, e->period_from_ms < e->period_to_ms, "period", "the end is not after the start");
	ts_read_require(r, e->period_from_ms % QUARTER_MS == 0 && e->period_to_ms % QUARTER_MS == 0,
		"period", "an edge is not on the UTC quarter-hour grid");
}

static void read_list(struct ts_reader *r, struct ts_event *e)
{
	ts_read_enter(r, "list");
	e->list = ts_read_hash(r);
	ts_read_leave(r);
}

static void read_witness(struct ts_reader *r, struct ts_event *e)
{
	struct ts_str witness = ts_read_word_line(r, "witness");
	e->cosigned = ts_str_is(witness, "cosigned");
	if (r->err == TS_OK && !e->cosigned && !ts_str_is(witness, "unwitnessed"))
		ts_read_fail(r, TS_E_MALFORMED, "neither cosigned nor unwitnessed");
	ts_read_enter(r, "gap");
	e->gap = ts_read_dash(r) ? -1 : ts_read_integer(r);
	ts_read_leave(r);
}

static void read_credit(struct ts_reader *r, struct ts_event *e)
{
	e->by = TS_SIDE_PROVIDER;
	e->amount_minor = ts_read_integer_line(r, "amount");
	ts_read_require(r, e->amount_minor >= 1, "amount", "a credit is 1 or more");
	e->currency = ts_read_word_line(r, "currency");
	ts_read_enter(r, "line");
	if (!ts_read_dash(r))
		e->line = ts_read_word(r);
	ts_read_leave(r);
	e->item = ts_read_word_line(r, "treatment");
	e->reason = ts_read_reason_line(r, "reason");
}

/* The provider's word: `by` is not written, it can be nobody else. */
static void read_cash(struct ts_reader *r, struct ts_event *e)
{
	e->by = TS_SIDE_PROVIDER;
	e->currency = ts_read_word_line(r, "currency");
	ts_read_require(r, e->currency.len == 3, "currency", "it has not three letters");
	e->amount_minor = ts_read_integer_line(r, "minor");
	ts_read_require(r, e->amount_minor > 0, "minor", "nothing was moved");
	e->date = ts_read_date_line(r, "date");
	e->reference = ts_read_reason_line(r, "reference");
}

static void read_days(struct ts_reader *r, struct ts_event *e)
{
	e->date = ts_read_date_line(r, "date");
	e->due = ts_read_date_line(r, "due");
	ts_read_require(r, e->date <= e->due, "due", "it is before date");
}

static void read_release(struct ts_reader *r, struct ts_event *e)
{
	ts_read_enter(r, "lines");
	e->origin = ts_read_word(r);
	e->line_from = ts_read_integer(r);
	e->line_to = ts_read_integer(r);
	ts_read_leave(r);
	ts_read_require(r, e->line_from < e->line_to, "lines", "the range is empty");
	e->reason = ts_read_reason_line(r, "reason");
}

static void read_event(struct ts_reader *r, struct ts_event *e)
{
	switch (e->kind) {
	case TS_EVENT_TICK:
		e->from = ts_read_integer_line(r, "from");
		e->to = ts_read_integer_line(r, "to");
		e->day = ts_read_date_line(r, "day");
		ts_read_require(r, e->from <= e->to, "to", "it is under from");
		break;
	case TS_EVENT_CUT:
		read_period(r, e);
		e->to = ts_read_integer_line(r, "to");
		e->day = ts_read_date_line(r, "day");
		break;
	case TS_EVENT_ISSUE:
		e->cut = ts_read_integer_line(r, "cut");
		read_number(r, e);
		read_days(r, e);
		read_witness(r, e);
		break;
	case TS_EVENT_VOID:
		e->cut = ts_read_integer_line(r, "cut");
		read_number(r, e);
		e->reason = ts_read_reason_line(r, "reason");
		break;
	case TS_EVENT_RELEASE:
		read_release(r, e);
		break;
	case TS_EVENT_NOTICE:
		e->by = ts_read_side_line(r, "by");
		e->end_ms = ts_read_instant_line(r, "end");
		ts_read_require(r, e->end_ms % QUARTER_MS == 0, "end",
			"it is not on the UTC quarter-hour grid");
		break;
	case TS_EVENT_PREPAYMENT:
		e->prepayment = ts_read_word_line(r, "prepayment");
		read_number(r, e);
		read_days(r, e);
		break;
	case TS_EVENT_PAYMENT:
		read_number(r, e);
		read_cash(r, e);
		break;
	case TS_EVENT_REFUND:
		e->prepayment = ts_read_word_line(r, "prepayment");
		read_cash(r, e);
		break;
	case TS_EVENT_GAP:
		read_period(r, e);
		e->missing = ts_read_integer_line(r, "missing");
		ts_read_require(r, e->missing >= 1, "missing", "there is no gap");
		read_list(r, e);
		break;
	case TS_EVENT_CONSENT:
		read_period(r, e);
		e->cells = ts_read_integer_line(r, "cells");
		ts_read_require(r, e->cells >= 1, "cells", "nothing came too late");
		read_list(r, e);
		break;
	case TS_EVENT_CREDIT:
	case TS_EVENT_SETTLEMENT:
		read_credit(r, e);
		break;
	case TS_EVENT_CLAIM:
		e->by = TS_SIDE_CONSUMER;
		e->item = ts_read_word_line(r, "sla");
		read_period(r, e);
		e->reason = ts_read_reason_line(r, "reason");
		break;
	}
}

enum ts_err ts_event_parse(struct ts_str text, struct ts_event *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_event e;
	bool known = false;
	memset(&e, 0, sizeof(e));
	ts_read_begin(&r, text, EVENT_V1, why);
	e.contract = ts_read_contract_line(&r);
	struct ts_str kind = ts_read_word_line(&r, "kind");
	for (size_t i = 0; i < KINDS && !known; i++) {
		e.kind = (enum ts_event_kind)i;
		known = ts_str_is(kind, kinds[i].name);
	}
	if (!known)
		ts_read_fail(&r, TS_E_MALFORMED, "no kind of event");
	e.serial = ts_read_integer_line(&r, "serial");
	e.at_ms = ts_read_instant_line(&r, "at");
	ts_read_require(&r, e.serial >= 1, "serial", "serials count from 1");
	if (known)
		read_event(&r, &e);
	TS_TRY(ts_read_end(&r));
	*out = e;
	return TS_OK;
}

static void cash_lines(const struct ts_event *in, struct ts_buf *out)
{
	ts_write_text_line(out, "currency", in->currency);
	ts_write_integer_line(out, "minor", in->amount_minor);
	ts_write_date_line(out, "date", in->date);
	ts_write_text_line(out, "reference", in->reference);
}

static void witness_lines(const struct ts_event *in, struct ts_buf *out)
{
	ts_buf_printf(out, "witness %s\n", in->cosigned ? "cosigned" : "unwitnessed");
	if (in->gap < 0)
		ts_buf_puts(out, "gap -\n");
	else
		ts_write_integer_line(out, "gap", in->gap);
}

static void release_lines(const struct ts_event *in, struct ts_buf *out)
{
	ts_buf_puts(out, "lines ");
	ts_buf_put(out, in->origin.at, in->origin.len);
	ts_buf_printf(out, " %lld %lld\n", (long long)in->line_from, (long long)in->line_to);
	ts_write_text_line(out, "reason", in->reason);
}

static void event_lines(const struct ts_event *in, struct ts_buf *out)
{
	switch (in->kind) {
	case TS_EVENT_TICK:
		ts_write_integer_line(out, "from", in->from);
		ts_write_integer_line(out, "to", in->to);
		ts_write_date_line(out, "day", in->day);
		break;
	case TS_EVENT_CUT:
		ts_write_interval_line(out, "period", in->period_from_ms, in->period_to_ms);
		ts_write_integer_line(out, "to", in->to);
		ts_write_date_line(out, "day", in->day);
		break;
	case TS_EVENT_ISSUE:
		ts_write_integer_line(out, "cut", in->cut);
		ts_write_text_line(out, "number", in->number);
		ts_write_date_line(out, "date", in->date);
		ts_write_date_line(out, "due", in->due);
		witness_lines(in, out);
		break;
	case TS_EVENT_VOID:
		ts_write_integer_line(out, "cut", in->cut);
		ts_write_text_line(out, "number", in->number);
		ts_write_text_line(out, "reason", in->reason);
		break;
	case TS_EVENT_RELEASE:
		release_lines(in, out);
		break;
	case TS_EVENT_NOTICE:
		ts_write_text_line(out, "by", ts_str(ts_side_name(in->by)));
		ts_write_integer_line(out, "end", in->end_ms);
		break;
	case TS_EVENT_PREPAYMENT:
		ts_write_text_line(out, "prepayment", in->prepayment);
		ts_write_text_line(out, "number", in->number);
		ts_write_date_line(out, "date", in->date);
		ts_write_date_line(out, "due", in->due);
		break;
	case TS_EVENT_PAYMENT:
		ts_write_text_line(out, "number", in->number);
		cash_lines(in, out);
		break;
	case TS_EVENT_REFUND:
		ts_write_text_line(out, "prepayment", in->prepayment);
		cash_lines(in, out);
		break;
	case TS_EVENT_GAP:
		ts_write_interval_line(out, "period", in->period_from_ms, in->period_to_ms);
		ts_write_integer_line(out, "missing", in->missing);
		ts_write_hash_line(out, "list", &in->list);
		break;
	case TS_EVENT_CONSENT:
		ts_write_interval_line(out, "period", in->period_from_ms, in->period_to_ms);
		ts_write_integer_line(out, "cells", in->cells);
		ts_write_hash_line(out, "list", &in->list);
		break;
	case TS_EVENT_CREDIT:
	case TS_EVENT_SETTLEMENT:
		ts_write_integer_line(out, "amount", in->amount_minor);
		ts_write_text_line(out, "currency", in->currency);
		ts_write_text_line(out, "line", in->line.at != NULL ? in->line : ts_str("-"));
		ts_write_text_line(out, "treatment", in->item);
		ts_write_text_line(out, "reason", in->reason);
		break;
	case TS_EVENT_CLAIM:
		ts_write_text_line(out, "sla", in->item);
		ts_write_interval_line(out, "period", in->period_from_ms, in->period_to_ms);
		ts_write_text_line(out, "reason", in->reason);
		break;
	}
}

enum ts_err ts_event_build(const struct ts_event *in, struct ts_buf *out, struct ts_why *why)
{
	size_t before = out->len;
	struct ts_event again;
	ts_buf_puts(out, "tallystick/event/v1\n");
	ts_write_text_line(out, "contract", in->contract);
	ts_write_text_line(out, "kind", ts_str(ts_event_kind_name(in->kind)));
	ts_write_integer_line(out, "serial", in->serial);
	ts_write_integer_line(out, "at", in->at_ms);
	event_lines(in, out);
	TS_TRY(ts_write_full(out, why));
	return ts_write_settle(out, before, ts_event_parse(ts_written(out, before), &again, why));
}
