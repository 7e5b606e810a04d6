/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_COURIER_SEND_H
#define TS_SERVICE_COURIER_SEND_H
/* Why: the transfers of one round, side by side (libcurl's multi interface). No redirect is
 * followed, no proxy is used, and each address is checked as it is connected to (service/callee.h).
 */
#include "base/region.h"
#include "store/delivery.h"

#define TS_COURIER_ROUND_MAX 32
#define TS_COURIER_ERROR_CHARS 200

struct ts_courier_item {
	struct ts_db_delivery delivery; /* borrowed texts */
	int32_t status; /* out: HTTP, 0: no answer */
	char error[TS_COURIER_ERROR_CHARS]; /* out: "" when the status is 2xx */
	bool given_up; /* out: stopping; nothing is known of it */
};
/* Fills the items. loopback: the configuration allows loopback addresses. stopping(arg) is asked
 * every now and then. TS_E_NO_MEMORY: nothing was sent. */
enum ts_err ts_courier_send(struct ts_courier_item *items, size_t n, bool loopback,
	bool (*stopping)(void *), void *arg, struct ts_why *why) TS_MUST;

#endif
