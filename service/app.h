/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_APP_H
#define TS_SERVICE_APP_H
/* Why: the seam between the frame and the business: `serve` starts the application, runs the HTTP
 * frame with its hooks and stops both in order. app.c is the only place that knows both sides. */
#include "service/command/admin.h"

#define TS_APP_CHECKS_MAX 8

struct ts_app;
struct ts_signer_client;
/* Checks the schema version, loads service keys, and fills the hooks and readiness checks. Starts
 * no background work. The signer is borrowed. */
enum ts_err ts_app_open(const struct ts_config *config, struct ts_signer_client *signer,
	struct ts_log *log, struct ts_metrics *metrics, struct ts_app **out,
	struct ts_why *why) TS_MUST;
struct ts_worker_hooks ts_app_hooks(struct ts_app *app);
size_t ts_app_checks(struct ts_app *app, struct ts_ready_check checks[TS_APP_CHECKS_MAX]);
/* Background work (ticks, deliveries) runs between run and halt. */
enum ts_err ts_app_run(struct ts_app *app, struct ts_why *why) TS_MUST;
void ts_app_halt(struct ts_app *app);
void ts_app_close(struct ts_app *app); /* NULL is allowed */

#endif
