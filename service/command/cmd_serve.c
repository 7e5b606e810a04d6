/* SPDX-License-Identifier: Apache-2.0 */
#include "service/app.h"
#include "service/command/command.h"
#include "service/http/lifecycle.h"
#include "service/log.h"
#include "service/key/secrecy.h"
#include "service/key/signer_client.h"
#include "service/http/tls.h"
#include "service/key/document_key.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_REGION_BYTES_MAX (1u << 20)

static const char usage[] =
	"tallystick serve [--config FILE] [--set KEY=VALUE]... [--user NAME]\n"
	"\n"
	"Runs the service until SIGTERM, then finishes what is under way. SIGHUP forgets\n"
	"cached tokens. /healthz, /readyz and /metrics are on the admin listener.\n"
	"\n"
	"  tallystick serve --config /etc/tallystick.conf --user tallystick\n"
	"  tallystick serve --config site.conf --set listen=127.0.0.1:9000 --print-config\n";

static int serve_run(int argc, char **argv);
const struct ts_command ts_cmd_serve = {
	.name = "serve",
	.summary = "run the HTTP service",
	.usage = usage,
	.run = serve_run,
};

struct serve {
	const char *config_path;
	const char *user;
	bool print_config;
	bool check_config;
	struct ts_opt_list sets;
	struct ts_config config;
	struct ts_log *log;
	struct ts_metrics *metrics;
	struct ts_signer_client *signer;
	struct ts_app *app;
	struct ts_http *http;
	struct ts_admin *admin;
	struct ts_ready_check checks[TS_APP_CHECKS_MAX];
	int signal_fd;
	bool running; /* background work */
};

static enum ts_err load_config(struct serve *s, struct ts_region *region, struct ts_why *why)
{
	TS_TRY(ts_config_read(s->config_path, s->sets.items, s->sets.n, region, &s->config, why));
	return ts_config_check(&s->config, why);
}

/* Also opens what a start would open first, so that a wrong path shows before the restart. */
static enum ts_err check_files(const struct ts_config *config, struct ts_why *why)
{
	struct ts_tls tls = {NULL, NULL};
	struct ts_document_key *document_key = NULL;
	if (config->document_cert[0] != '\0')
		TS_TRY(ts_document_key_load(
			config->document_cert, config->document_key, &document_key, why));
	ts_document_key_free(document_key);
	if (config->tls_cert[0] == '\0')
		return TS_OK;
	TS_TRY(ts_tls_load(config->tls_cert, config->tls_key, &tls, why));
	ts_tls_free(&tls);
	return TS_OK;
}

static enum ts_err print_config(const struct ts_config *config)
{
	struct ts_buf out;
	ts_buf_init(&out, TS_CONFIG_FILE_BYTES_MAX);
	ts_config_print(config, &out);
	enum ts_err err = out.err;
	if (err == TS_OK && fwrite(out.data, 1, out.len, stdout) != out.len)
		err = TS_E_IO;
	ts_buf_free(&out);
	return err;
}

/* The signer first: what it inherits is nothing. Listeners last: nothing is accepted before
 * everything behind it works. */
static enum ts_err serve_start(struct serve *s, struct ts_why *why)
{
	TS_TRY(ts_privileges_check(s->user, why));
	TS_TRY(ts_signer_client_open(&s->config, s->user, &s->signer, why));
	TS_TRY(ts_privileges_drop(s->user, why));
	ts_secrecy_begin();
	ts_files_raise();
	TS_TRY(ts_signals_open(&s->signal_fd, why));
	TS_TRY(ts_log_open(s->config.log_file, s->config.log_level, &s->log, why));
	s->metrics = ts_metrics_create();
	if (s->metrics == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_app_open(&s->config, s->signer, s->log, s->metrics, &s->app, why));
	const struct ts_http_options http = {
		.config = &s->config,
		.log = s->log,
		.metrics = s->metrics,
		.tables = ts_route_tables,
		.hooks = ts_app_hooks(s->app),
		.version = "1",
	};
	TS_TRY(ts_http_start(&http, &s->http, why));
	const struct ts_admin_options admin = {
		.listen = s->config.admin_listen,
		.http = s->http,
		.metrics = s->metrics,
		.checks = s->checks,
		.checks_n = ts_app_checks(s->app, s->checks),
	};
	TS_TRY(ts_admin_start(&admin, &s->admin, why));
	TS_TRY(ts_app_run(s->app, why));
	s->running = true;
	return TS_OK;
}

/* Until a signal that ends. */
static void serve_wait(struct serve *s)
{
	int signo = 0;
	TS_LOG(s->log, TS_LOG_INFO, "started", TS_LOG_TEXT("listen", s->config.listen),
		TS_LOG_NUM("port", ts_http_port(s->http)),
		TS_LOG_NUM("admin_port", ts_admin_port(s->admin)), TS_LOG_NUM("pid", getpid()));
	ts_supervisor_notify("READY=1");
	while (signo != SIGTERM && signo != SIGINT) {
		signo = ts_signals_wait(s->signal_fd, -1);
		if (signo == SIGHUP) {
			ts_http_forget_tokens(s->http);
			TS_LOG(s->log, TS_LOG_INFO, "reloaded", TS_LOG_TEXT("what", "tokens"));
		}
	}
	TS_LOG(s->log, TS_LOG_INFO, "stopping", TS_LOG_NUM("signal", signo));
	ts_supervisor_notify("STOPPING=1");
	ts_http_unready(s->http);
	(void)ts_signals_wait(
		s->signal_fd, s->config.unready_ms); /* a second signal ends the wait */
}

static enum ts_err serve_stop(struct serve *s)
{
	enum ts_err err = TS_OK;
	ts_admin_stop(s->admin); /* it looks at http */
	if (s->http != NULL)
		err = ts_http_stop(s->http, s->config.drain_ms);
	if (err == TS_E_UNKNOWN_OUTCOME) {
		/* A worker waits for the database; to cancel a write would not tell its outcome.
		 * Its client was told so; the process ends around it. */
		TS_LOG(s->log, TS_LOG_WARN, "stopped",
			TS_LOG_TEXT("text", "a handler was still running"));
		_exit(TS_EXIT_AGAIN);
	}
	if (s->running)
		ts_app_halt(s->app);
	ts_app_close(s->app);
	ts_signer_client_close(s->signer);
	ts_metrics_free(s->metrics);
	TS_LOG(s->log, TS_LOG_INFO, "stopped", TS_LOG_TEXT("text", "drained"));
	ts_log_close(s->log);
	if (s->signal_fd >= 0)
		(void)close(s->signal_fd);
	return err;
}

static int serve_run(int argc, char **argv)
{
	struct serve s = {.signal_fd = -1};
	struct ts_why why = {"", ""};
	int exit_code = 0;
	const struct ts_opt opts[] = {
		{"config", TS_OPT_TEXT, false, &s.config_path, "FILE", "configuration file"},
		{"set", TS_OPT_LIST, false, &s.sets, "KEY=VALUE", "overrides one key"},
		{"user", TS_OPT_TEXT, false, &s.user, "NAME",
			"user to become when started as root"},
		{"print-config", TS_OPT_FLAG, false, &s.print_config, NULL,
			"print the effective configuration and end"},
		{"check-config", TS_OPT_FLAG, false, &s.check_config, NULL,
			"check the configuration and its files and end"},
	};
	if (!ts_opt_parse(&ts_cmd_serve, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 0, 0,
		    NULL, &exit_code))
		return exit_code;
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *region = ts_region_create(
		CONFIG_REGION_BYTES_MAX);
	if (region == NULL)
		return ts_command_fail(&ts_cmd_serve, TS_E_NO_MEMORY, NULL);
	enum ts_err err = load_config(&s, region, &why);
	if (err == TS_OK && s.print_config)
		err = print_config(&s.config);
	else if (err == TS_OK && s.check_config)
		err = check_files(&s.config, &why);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_serve, err, &why);
	if (s.print_config || s.check_config)
		return TS_EXIT_OK;
	err = serve_start(&s, &why);
	if (err == TS_OK)
		serve_wait(&s);
	enum ts_err stopped = serve_stop(&s);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_serve, err, &why);
	return ts_command_exit(stopped);
}
