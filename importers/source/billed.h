/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_BILLED_H
#define TS_IMPORTERS_SOURCE_BILLED_H
/* Why: what the bills of clouds have in common: an amount of instance or chip time within a span, a
 * unit that says what the amount counts, and money that is told but never becomes usage. */
#include "importers/frame/cell.h"

/* A state that is nothing but the options: *state is a `const struct ts_source_options **`. */
enum ts_err ts_billed_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why) TS_MUST;

/* Milliseconds of a unit of time, in any spelling that a bill has ("Hrs", "hour", "seconds"); 0: it
 * is no unit of time. */
int64_t ts_billed_unit_ms(struct ts_str unit);
/* Adds an amount of unit_ms each of things that hold each_milli thousandths of a device, within
 * like's span: quantity is their product, rounded half away to a device-microsecond; devices are as
 * many things as the amount needs at the least. False when the row was judged: number_malformed,
 * number_out_of_range (also below 0), not billable zero_usage. */
bool ts_billed_add(struct ts_row *row, const struct ts_usage *like, struct ts_str amount,
	int64_t unit_ms, int64_t each_milli);

/* Money is added in units of 10^-18, so that 1.81E-8 and amounts of ten and more decimals are
 * exact; TS_E_MALFORMED, TS_E_OVERFLOW. */
enum ts_err ts_billed_money(struct ts_str text, ts_i128 *out) TS_MUST;
#define TS_BILLED_MONEY_CHARS 64
/* "-0.00165303109242778": no trailing zeros. Returns out. */
const char *ts_billed_show(ts_i128 money, char out[TS_BILLED_MONEY_CHARS]);

/* A list or object in a cell: JSON, or the literal that Python prints for it (quotes of both kinds,
 * None, True, False). TS_E_MALFORMED. */
enum ts_err ts_billed_literal(struct ts_str text, struct ts_region *region,
	const struct ts_node **out, struct ts_why *why) TS_MUST;

/* An entry of class "not_billable" says that the code is no device: the row is judged so. */
struct ts_catalog_entry;
bool ts_billed_is_none(const struct ts_catalog_entry *entry, struct ts_row *row);

/* What stands behind the last sep; the whole text when there is none. */
struct ts_str ts_billed_last(struct ts_str text, char sep);
bool ts_billed_contains(struct ts_str text, const char *part); /* ASCII letters in any case */

#endif
