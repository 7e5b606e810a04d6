/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_RATE_PRINT_H
#define TS_SERVICE_RATE_PRINT_H
/* Why: what `tallystick rate` answers, for people and for programs. */
#include "book/invoice.h"
#include "service/command/what_if.h"

/* To standard output; more: with the explanation of every line; before: what the same periods came
 * to with less usage (NULL: nothing to compare), which gives what a late document would bill. */
enum ts_err ts_rate_print_json(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	const struct ts_what_if_bill *before, int32_t n, bool more, struct ts_why *why) TS_MUST;
enum ts_err ts_rate_print_text(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	const struct ts_what_if_bill *before, int32_t n, bool more, struct ts_why *why) TS_MUST;
/* The bodies of the periods' documents (--amend). */
enum ts_err ts_rate_print_bodies(struct ts_what_if *w, struct ts_invoice **bodies, int32_t n,
	bool json, struct ts_why *why) TS_MUST;

#endif
