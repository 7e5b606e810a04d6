/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_COURIER_H
#define TS_SERVICE_COURIER_H
/* Why: the thread that hands events to the endpoints of both companies and delivers what is due: at
 * least once, in no promised order, with growing pauses over days. A slow or dead receiver costs
 * others nothing: transfers run side by side, a few per endpoint. */
#include "service/session.h"

struct ts_courier;
/* config->webhook_poll_ms 0: it does not start, *out is NULL. */
enum ts_err ts_courier_start(
	struct ts_app *app, struct ts_courier **out, struct ts_why *why) TS_MUST;
/* Transfers under way are given up; they are due again when their lease ends. NULL is allowed. */
void ts_courier_stop(struct ts_courier *courier);

/* The pause before the next attempt: twice the last, at most half a day, give or take a half by
 * `random`, any number. */
int64_t ts_courier_pause_us(int64_t first_ms, int32_t attempts, uint64_t random);

#endif
