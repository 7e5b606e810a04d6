/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CATCHER_H
#define TS_SERVICE_CATCHER_H
/* Why: who is to receive webhooks wants to see one before writing a receiver: a small server on
 * loopback that verifies what comes and prints it. For trying out, not for the open net. */
#include "service/courier/webhook.h"

struct ts_catcher {
	uint16_t port; /* on 127.0.0.1 */
	int64_t count; /* ends after so many messages; 0: runs until it is killed */
	unsigned status; /* to a message that verifies; to others 401 */
	uint8_t secret[TS_WEBHOOK_SECRET_MAX];
	size_t secret_len;
};
/* TS_E_UNAVAILABLE: the port is taken; TS_E_SIGNATURE: of `count` messages one did not verify. */
enum ts_err ts_catcher_run(const struct ts_catcher *catcher, struct ts_why *why) TS_MUST;

#endif
