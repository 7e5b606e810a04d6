/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_ADMIN_H
#define TS_SERVICE_ADMIN_H
/* Why: /healthz, /readyz and /metrics on a listener of their own (loopback), so that health stays
 * observable when the public side is full, and metrics are not public. */
#include "service/http/http.h"

/* One readiness condition. Runs on an admin thread and may block about a second. On TS_OK it is
 * ready; else why->text says what is missing. */
struct ts_ready_check {
	const char *name;
	enum ts_err (*check)(void *arg, struct ts_why *why);
	void *arg;
};
struct ts_admin_options {
	const char *listen;
	struct ts_http *http; /* may be NULL */
	struct ts_metrics *metrics;
	const struct ts_ready_check *checks; /* borrowed */
	size_t checks_n;
};
struct ts_admin;
enum ts_err ts_admin_start(
	const struct ts_admin_options *options, struct ts_admin **out, struct ts_why *why) TS_MUST;
uint16_t ts_admin_port(const struct ts_admin *admin);
void ts_admin_stop(struct ts_admin *admin); /* before ts_http_stop; NULL is allowed */

#endif
