/* SPDX-License-Identifier: Apache-2.0 */
#include "book/account.h"

const struct ts_account_def ts_account_defs[TS_ACCOUNT_N] = {
#define X(name, book, role, number, title, debit)                                                  \
	[TS_ACCOUNT_##name] = {TS_BOOK_##book, role, number, title, debit},
	TS_ACCOUNTS(X)
#undef X
};

const struct ts_equality ts_equalities[TS_EQUALITIES_N] = {
	{"receivable = payable", {TS_ACCOUNT_RECEIVABLE, TS_ACCOUNT_N},
		{TS_ACCOUNT_PAYABLE, TS_ACCOUNT_N}},
	{"unbilled = accrued", {TS_ACCOUNT_UNBILLED, TS_ACCOUNT_N},
		{TS_ACCOUNT_ACCRUED, TS_ACCOUNT_N}},
	{"contract liability = prepaid", {TS_ACCOUNT_CONTRACT_LIABILITY, TS_ACCOUNT_N},
		{TS_ACCOUNT_PREPAID, TS_ACCOUNT_N}},
	{"refund liability = supplier credits", {TS_ACCOUNT_REFUND_LIABILITY, TS_ACCOUNT_N},
		{TS_ACCOUNT_SUPPLIER_CREDITS, TS_ACCOUNT_N}},
};

const char *ts_book_name(enum ts_book book)
{
	return book == TS_BOOK_PROVIDER ? "provider" : "consumer";
}
