/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_LEDGER_TEXT_H
#define TS_BOOK_LEDGER_TEXT_H
/* Why: a ledger's state as canonical text, so that a company can sign it and a verifier can go on
 * from it (docs/formats/state.md, "Ledger"). One line per row: the kind, then its fields, separated
 * by one TAB; kinds in one order, lines of a kind sorted by bytes. Equal states have equal bytes,
 * however they came about: loaded from a database, or replayed. */
#include "base/buf.h"
#include "book/ledger.h"

/* Appends the lines. What no later event can look at is left out: released waiting quantity, the
 * frozen lines of documents that are issued. TS_E_LIMIT, TS_E_INVALID (a text with TAB or LF). */
enum ts_err ts_ledger_text(const struct ts_ledger *ledger, struct ts_region *scratch,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

/* Reads what ts_ledger_text wrote, into a ledger that was just created. TS_E_MALFORMED names the
 * line: an unknown kind, a wrong number of fields, a value or an order that is not canonical. */
enum ts_err ts_ledger_text_load(
	struct ts_ledger *ledger, struct ts_str text, struct ts_why *why) TS_MUST;

#endif
