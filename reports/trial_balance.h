/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_TRIAL_BALANCE_H
#define TS_REPORTS_TRIAL_BALANCE_H
/* Why: both books side by side, with the equalities between them checked and shown: what a
 * controller looks at first. Balance = debit - credit; a book's balances sum to zero. */
#include "base/buf.h"
#include "base/region.h"
#include "book/account.h"

struct ts_trial_row {
	enum ts_account account;
	const char *number, *title; /* of the company's own chart; NULL: ts_account_defs */
	int64_t debit_minor, credit_minor; /* gross totals, >= 0 */
};
struct ts_trial_balance {
	const char *contract;
	const struct ts_currency *currency;
	const struct ts_trial_row *rows; /* any order, an account at most once */
	size_t rows_n;
};

/* All three append. Accounts without any posting are left out. TS_E_OVERFLOW when totals overflow.
 * JSON is canonical: {"balanced","contract","currency","equalities":[{"consumer","difference",
 * "equal","name","provider"}],"rows":[{"account","balance","book","credit","debit","number",
 * "title"}],"totals":[{"book","credit","debit"}]}; amounts are decimal strings. */
enum ts_err ts_trial_balance_text(
	const struct ts_trial_balance *tb, struct ts_region *region, struct ts_buf *out) TS_MUST;
enum ts_err ts_trial_balance_json(
	const struct ts_trial_balance *tb, struct ts_region *region, struct ts_buf *out) TS_MUST;
enum ts_err ts_trial_balance_csv(const struct ts_trial_balance *tb, struct ts_buf *out) TS_MUST;

/* True when each book balances and every equality holds: the one line to act on. */
enum ts_err ts_trial_balance_check(const struct ts_trial_balance *tb, bool *holds) TS_MUST;

#endif
