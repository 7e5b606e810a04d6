/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_RATE_PRINT_H
#define TS_SERVICE_RATE_PRINT_H
/* Why: what `tallystick rate` answers, for people and for programs. */
#include "service/command/what_if.h"

/* To standard output; more: with the explanation of every line. */
enum ts_err ts_rate_print_json(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	int32_t n, bool more, struct ts_why *why) TS_MUST;
enum ts_err ts_rate_print_text(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	int32_t n, bool more, struct ts_why *why) TS_MUST;

#endif
