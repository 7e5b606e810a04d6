/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/admin.h"

#include "service/http/exchange.h"
#include "service/http/problem.h"
#include <stdlib.h>
#include <string.h>

#define METRICS_BYTES_MAX (4u << 20)
#define ADMIN_CONNECTIONS 32u
#define ADMIN_TIMEOUT_S 10u

struct ts_admin {
	struct ts_admin_options options;
	struct MHD_Daemon *daemon;
	uint16_t port;
};

static int write_healthz(struct ts_admin *admin, struct ts_buf *out)
{
	bool alive = admin->options.http == NULL || ts_http_alive(admin->options.http);
	ts_buf_printf(out, "{\"status\":\"%s\"}\n", alive ? "ok" : "stuck");
	return alive ? 200 : 503;
}

static void write_check(
	struct ts_buf *out, const char *name, enum ts_err err, const struct ts_why *why, bool first)
{
	const char *text = why->text[0] != '\0' ? why->text : ts_err_text(err);
	ts_buf_puts(out, first ? "" : ",");
	ts_problem_string(out, name, strlen(name));
	ts_buf_putc(out, ':');
	ts_problem_string(out, err == TS_OK ? "ok" : text, strlen(err == TS_OK ? "ok" : text));
}

static int write_readyz(struct ts_admin *admin, struct ts_buf *out)
{
	const struct ts_admin_options *options = &admin->options;
	struct ts_why why = {"", "stopping, or a queue is nearly full"};
	bool frame = options->http == NULL || ts_http_ready(options->http);
	bool ready = frame;
	ts_buf_puts(out, "{\"checks\":{");
	write_check(out, "http", frame ? TS_OK : TS_E_UNAVAILABLE, &why, true);
	for (size_t i = 0; i < options->checks_n; i++) {
		why = (struct ts_why){"", ""};
		enum ts_err err = options->checks[i].check(options->checks[i].arg, &why);
		write_check(out, options->checks[i].name, err, &why, false);
		ready = ready && err == TS_OK;
	}
	ts_buf_printf(out, "},\"status\":\"%s\"}\n", ready ? "ready" : "unready");
	return ready ? 200 : 503;
}

static int write_metrics(struct ts_admin *admin, struct ts_buf *out)
{
	if (admin->options.http != NULL)
		ts_http_sample(admin->options.http);
	ts_metrics_render(admin->options.metrics, out);
	return 200;
}

static const struct {
	const char *path;
	const char *type;
	int (*write)(struct ts_admin *admin, struct ts_buf *out);
} page_table[] = {
	{"/healthz", "application/json", write_healthz},
	{"/readyz", "application/json", write_readyz},
	{"/metrics", "text/plain; version=0.0.4", write_metrics},
};
#define PAGES (sizeof(page_table) / sizeof(page_table[0]))

static enum MHD_Result admin_send(struct MHD_Connection *connection, int status, const char *type,
	const char *body, size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(response, "Connection", "close");
	enum MHD_Result ok = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return ok;
}

static enum MHD_Result on_admin(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
	void **con_cls)
{
	static const char not_found[] = "{\"status\":\"not found\"}\n";
	struct ts_admin *admin = cls;
	(void)version;
	(void)upload_data;
	(void)con_cls;
	if (*upload_data_size > 0)
		return MHD_NO;
	size_t i = 0;
	while (i < PAGES && strcmp(page_table[i].path, url) != 0)
		i++;
	if (i == PAGES || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
		return admin_send(connection, i == PAGES ? 404 : 405, "application/json", not_found,
			sizeof(not_found) - 1);
	struct ts_buf out;
	ts_buf_init(&out, METRICS_BYTES_MAX);
	int status = page_table[i].write(admin, &out);
	enum MHD_Result ok = out.err == TS_OK ? admin_send(connection, status, page_table[i].type,
							out.data, out.len)
					      : MHD_NO;
	ts_buf_free(&out);
	return ok;
}

enum ts_err ts_admin_start(
	const struct ts_admin_options *options, struct ts_admin **out, struct ts_why *why)
{
	int fd = -1;
	struct ts_admin *admin = calloc(1, sizeof(*admin));
	if (admin == NULL)
		return TS_E_NO_MEMORY;
	admin->options = *options;
	enum ts_err err = ts_listen_open(options->listen, &fd, &admin->port, why);
	if (err == TS_OK) {
		/* A readiness check may block: a thread per connection keeps /healthz free of it.
		 */
		admin->daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
							 MHD_USE_INTERNAL_POLLING_THREAD |
							 MHD_USE_POLL,
			0, NULL, NULL, on_admin, admin, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd,
			MHD_OPTION_CONNECTION_LIMIT, ADMIN_CONNECTIONS,
			MHD_OPTION_CONNECTION_TIMEOUT, ADMIN_TIMEOUT_S, MHD_OPTION_END);
		if (admin->daemon == NULL)
			err = ts_why(why, TS_E_UNAVAILABLE, "admin_listen",
				"the admin server did not start");
	}
	if (err != TS_OK) {
		free(admin);
		return err;
	}
	*out = admin;
	return TS_OK;
}

uint16_t ts_admin_port(const struct ts_admin *admin)
{
	return admin->port;
}

void ts_admin_stop(struct ts_admin *admin)
{
	if (admin == NULL)
		return;
	MHD_stop_daemon(admin->daemon);
	free(admin);
}
