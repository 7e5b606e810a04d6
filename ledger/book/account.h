/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_ACCOUNT_H
#define TS_BOOK_ACCOUNT_H
/* Why: two books, one truth. Accounts are named by role here; number and title of a role are data
 * per contract and book (the default chart is ts_account_defs), so a company maps them freely. */
#include "base/money.h"
#include <stdbool.h>

enum ts_book { TS_BOOK_PROVIDER, TS_BOOK_CONSUMER };
const char *ts_book_name(enum ts_book book); /* "provider", "consumer" */

/* X(NAME, book, "role", "number", "title", debit-normal) */
#define TS_ACCOUNTS(X)                                                                             \
	X(CASH, PROVIDER, "cash", "1000", "Cash", 1)                                               \
	X(RECEIVABLE, PROVIDER, "receivable", "1200", "Accounts receivable", 1)                    \
	X(UNBILLED, PROVIDER, "unbilled", "1210", "Unbilled receivable (contract asset)", 1)       \
	X(CONTRACT_LIABILITY, PROVIDER, "contract_liability", "2400", "Contract liability", 0)     \
	X(TAX_PAYABLE, PROVIDER, "tax_payable", "2200", "Tax payable", 0)                          \
	X(REVENUE_USAGE, PROVIDER, "revenue_usage", "4000", "Revenue: usage", 0)                   \
	X(REVENUE_CAPACITY, PROVIDER, "revenue_capacity", "4010", "Revenue: capacity fees", 0)     \
	X(REVENUE_SHORTFALL, PROVIDER, "revenue_shortfall", "4020", "Revenue: shortfall", 0)       \
	X(REVENUE_BREAKAGE, PROVIDER, "revenue_breakage", "4030",                                  \
		"Revenue: prepayments that lapsed", 0)                                             \
	X(REVENUE_CONCESSION, PROVIDER, "revenue_concession", "4080",                              \
		"Price concessions: discounts and caps", 1)                                        \
	X(REVENUE_SERVICE_CREDIT, PROVIDER, "revenue_service_credit", "4090",                      \
		"Contra-revenue: service credits", 1)                                              \
	X(REFUND_LIABILITY, PROVIDER, "refund_liability", "2310",                                  \
		"Refund liability: service credits that may be claimed", 0)                        \
	X(BANK, CONSUMER, "bank", "1000", "Cash", 1)                                               \
	X(PAYABLE, CONSUMER, "payable", "2000", "Accounts payable", 0)                             \
	X(ACCRUED, CONSUMER, "accrued", "2010", "Accrued compute expense", 0)                      \
	X(PREPAID, CONSUMER, "prepaid", "1400", "Prepaid compute", 1)                              \
	X(SUPPLIER_CREDITS, CONSUMER, "supplier_credits", "1410",                                  \
		"Supplier credits: service credits that may be claimed", 1)                        \
	X(INPUT_TAX, CONSUMER, "input_tax", "1500", "Input tax", 1)                                \
	X(OUTPUT_TAX, CONSUMER, "output_tax", "2210", "Output tax (reverse charge)", 0)            \
	X(EXPENSE_USAGE, CONSUMER, "expense_usage", "6000", "Compute expense: usage", 1)           \
	X(EXPENSE_CAPACITY, CONSUMER, "expense_capacity", "6010", "Compute expense: capacity", 1)  \
	X(EXPENSE_SHORTFALL, CONSUMER, "expense_shortfall", "6020", "Compute expense: shortfall",  \
		1)                                                                                 \
	X(EXPENSE_UNUSED, CONSUMER, "expense_unused", "6030",                                      \
		"Unused commitment: prepayments that lapsed", 1)                                   \
	X(EXPENSE_CONCESSION, CONSUMER, "expense_concession", "6080",                              \
		"Price concessions received", 0)                                                   \
	X(EXPENSE_SERVICE_CREDIT, CONSUMER, "expense_service_credit", "6085",                      \
		"Service credits received", 0)                                                     \
	X(EXPENSE_TAX, CONSUMER, "expense_tax", "6090", "Tax not recoverable", 1)

enum ts_account {
#define X(name, book, role, number, title, debit) TS_ACCOUNT_##name,
	TS_ACCOUNTS(X)
#undef X
		TS_ACCOUNT_N
};
struct ts_account_def {
	enum ts_book book;
	const char *role, *number, *title;
	bool debit_normal;
};
extern const struct ts_account_def ts_account_defs[TS_ACCOUNT_N];

/* The equalities between the books (3-money.md): the balances of `a` (provider) and `b` (consumer)
 * of each pair are equal with opposite sign after every bilateral event. */
struct ts_equality {
	const char *name;
	enum ts_account a[2], b[2]; /* second TS_ACCOUNT_N when unused */
};
#define TS_EQUALITIES_N 4
extern const struct ts_equality ts_equalities[TS_EQUALITIES_N];

#endif
