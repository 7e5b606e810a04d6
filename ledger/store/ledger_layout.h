/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_LEDGER_LAYOUT_H
#define TS_STORE_LEDGER_LAYOUT_H
/* Why: the rows of a ledger lie in many tables and travel in one statement each way, so that an
 * event costs two round trips, not two dozen: all in one layout, a kind, then whole numbers, then
 * quantities, then texts, each kind's in the order of its table in queries ledger_get and
 * ledger_put. */

enum ts_ledger_row_kind {
	TS_LEDGER_ROW_HEAD,
	TS_LEDGER_ROW_MEASURE,
	TS_LEDGER_ROW_FINE,
	TS_LEDGER_ROW_WAITING,
	TS_LEDGER_ROW_UNBILLED,
	TS_LEDGER_ROW_LATE,
	TS_LEDGER_ROW_ACCRUAL,
	TS_LEDGER_ROW_BILLED,
	TS_LEDGER_ROW_TAXED,
	TS_LEDGER_ROW_PERIOD,
	TS_LEDGER_ROW_CUT,
	TS_LEDGER_ROW_BALANCE,
	TS_LEDGER_ROW_CREDIT,
	TS_LEDGER_ROW_PREPAID,
	TS_LEDGER_ROW_KINDS,
	TS_LEDGER_ROW_STEP = 90, /* written only: a step of use that was reached */
	TS_LEDGER_ROW_VERSION = 100, /* read only: a version in force */
	TS_LEDGER_ROW_INPUTS, /* read only: the size of the inputs log */
	TS_LEDGER_ROW_REACHED, /* read only: the highest step of use that was reached */
};
#define TS_LEDGER_WHOLES 9
#define TS_LEDGER_QUANTITIES 2
#define TS_LEDGER_TEXTS 4
/* Columns of ledger_get. */
#define TS_LEDGER_COL_QUANTITY (1 + TS_LEDGER_WHOLES)
#define TS_LEDGER_COL_TEXT (TS_LEDGER_COL_QUANTITY + TS_LEDGER_QUANTITIES)
#define TS_LEDGER_COL_BYTES (TS_LEDGER_COL_TEXT + TS_LEDGER_TEXTS)

#endif
