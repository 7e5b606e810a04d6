/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_LEDGER_CREDIT_H
#define TS_BOOK_LEDGER_CREDIT_H
/* Internal to the room: what credits and claims do to charges, documents and postings. */
#include "book/ledger_state.h"

/* Whether a stored row can be used. */
bool ts_credit_sound(const struct ts_ledger *ledger, const struct ts_credit_row *row);
/* The charge line of a credit or settlement. */
struct ts_line_key ts_credit_line(const struct ts_credit_row *row);
/* NULL: the line is of no credit. */
const struct ts_credit_row *ts_ledger_credit_of(
	const struct ts_ledger *ledger, const struct ts_line_key *line);
/* Appends the period's credits and settlements. */
enum ts_err ts_ledger_credit_charges(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, struct ts_ledger_charge **list, size_t *n) TS_MUST;
enum ts_err ts_ledger_credit_lines(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, struct ts_ledger_line **list, size_t *n) TS_MUST;

/* The service credit of a version; NULL: none such. */
const struct ts_sla *ts_ledger_sla(const struct ts_ledger *ledger, int32_t version, int32_t item);
bool ts_ledger_claimed(const struct ts_ledger *ledger, const char *sla, int32_t period);
/* A service credit that has to be claimed: it is owed as a refund, not as less to bill. */
bool ts_ledger_is_claimable(const struct ts_ledger *ledger, const struct ts_line_key *line);
/* Whether the line still counts on day D: what was not claimed in time lapses. */
bool ts_ledger_expects(const struct ts_ledger *ledger, const struct ts_line_key *line,
	const struct ts_period *period, int32_t day);
/* Whether the document of a cut bears the line. */
bool ts_ledger_bills(const struct ts_ledger *ledger, const struct ts_line_key *line, int32_t cut);
/* Something of the period lapses on the days (before, now]. */
bool ts_ledger_lapses(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t before, int32_t now);

#endif
