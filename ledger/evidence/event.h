/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_EVENT_H
#define TS_EVIDENCE_EVENT_H
/* Why: `tallystick/event/v1`: every cause of a ledger entry that is no usage is a leaf signed by
 * whoever is entitled to assert it. Log time is given by the operator's events alone: their `at`
 * never decreases. A party's event says by its `at` when it was written and takes effect when an
 * operator's event folds it, whose `at` is not earlier. Serials count per contract and kind, from
 * 1, without gaps. All slices borrow. */
#include "evidence/statement.h"

enum ts_event_kind {
	TS_EVENT_TICK,
	TS_EVENT_CUT,
	TS_EVENT_ISSUE,
	TS_EVENT_VOID, /* of an invoice number that was reserved and will not be issued */
	TS_EVENT_RELEASE, /* parked lines count after all */
	TS_EVENT_NOTICE, /* a company ends the term */
	TS_EVENT_GAP, /* a period's document may issue although windows are missing */
	TS_EVENT_CREDIT, /* the provider gives a commercial credit */
	TS_EVENT_SETTLEMENT, /* both companies agree on one */
	TS_EVENT_CLAIM, /* the consumer claims the service credit of a period */
	TS_EVENT_PREPAYMENT, /* the invoice of a prepayment issues */
	TS_EVENT_PAYMENT, /* the provider has received money for a document */
	TS_EVENT_REFUND, /* the provider has paid back what was left of a prepayment */
	TS_EVENT_CONSENT, /* what came too late for a period is billed after all */
};
#define TS_EVENT_KINDS 14
enum ts_event_signer { TS_SIGNED_BY_OPERATOR, TS_SIGNED_BY_BOTH, TS_SIGNED_BY_ONE };

struct ts_event {
	struct ts_str contract;
	enum ts_event_kind kind;
	int64_t serial;
	int64_t at_ms;
	int64_t from; /* tick: leaves [from, to) are folded */
	int64_t to; /* tick, cut: N */
	int32_t day; /* tick, cut: D */
	int64_t period_from_ms; /* cut, gap, claim, consent */
	int64_t period_to_ms;
	int64_t cut; /* issue, void: index of the cut's leaf */
	struct ts_str number; /* issue, void, prepayment, payment */
	int32_t date; /* issue, prepayment; payment, refund: on which the money moved */
	int32_t due; /* issue, prepayment */
	bool cosigned; /* issue: the quorum had cosigned both logs up to the cut's entries */
	int64_t gap; /* issue: index of the gap event that it rests on; -1: none needed */
	struct ts_str reason; /* void, release, credit, settlement, claim */
	struct ts_str origin; /* release: whose lines */
	int64_t line_from; /* release: stream indexes [line_from, line_to) */
	int64_t line_to;
	struct ts_str prepayment; /* prepayment, refund: its id in the terms */
	struct ts_str reference; /* payment, refund: of the transfer */
	enum ts_side
		by; /* notice: whose; credit, payment, refund: the provider; claim: the consumer */
	int64_t end_ms; /* notice: the term ends at this instant */
	int64_t missing; /* gap: number of windows that nobody closed, at least 1 */
	int64_t cells; /* consent: number of lines of the list, at least 1 */
	struct ts_hash list; /* gap, consent: docs/formats/statements.md */
	int64_t amount_minor; /* credit, settlement, refund: without tax; payment: with it */
	struct ts_str currency; /* of amount_minor */
	struct ts_str
		line; /* credit, settlement: the charge line that it is about; at NULL: none */
	struct ts_str item; /* credit, settlement: tax treatment; claim: the service credit */
};

const char *ts_event_kind_name(enum ts_event_kind kind);
enum ts_event_signer ts_event_signer(enum ts_event_kind kind);
/* As in statement.h. */
enum ts_err ts_event_parse(struct ts_str text, struct ts_event *out, struct ts_why *why) TS_MUST;
enum ts_err ts_event_build(
	const struct ts_event *in, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
