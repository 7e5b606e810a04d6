/* SPDX-License-Identifier: Apache-2.0 */
#include "service/config.h"

#include "base/text.h"
#include "service/config_table.h"
#include <string.h>

#define T(name, def, help)                                                                         \
	{                                                                                          \
#name, TS_CONFIG_TEXT, offsetof(struct ts_config, name), 0, 0, 0, def, help        \
	}
#define S(name, help)                                                                              \
	{                                                                                          \
#name, TS_CONFIG_SECRET, offsetof(struct ts_config, name), 0, 0, 0, "", help       \
	}
#define N(name, min, max, def, help)                                                               \
	{                                                                                          \
#name, TS_CONFIG_NUMBER, offsetof(struct ts_config, name), min, max, def, NULL,    \
			help                                                                       \
	}

static const struct ts_config_key keys[] = {
	T(listen, "127.0.0.1:8080", "address and port of the API; port 0 takes a free one"),
	T(admin_listen, "127.0.0.1:8081", "address and port of /healthz, /readyz, /metrics"),
	T(domain, "localhost", "domain name of this operator, in key names and log origins"),
	T(key_dir, "", "folder of the service keys"),
	T(signer_dir, "", "folder of the log keys and of what was signed last; empty: key_dir"),
	T(signer_socket, "", "socket of a signer that runs by itself; empty: serve starts one"),
	S(db_ingest, "connection string of the ingest role"),
	S(db_service, "connection string of the service role"),
	T(witnesses, "", "where witnesses answer: NAME=URL, NAME=URL (names as in the terms)"),
	T(witness_key, "", "tallystick witness: its key file (keygen --type cosignature)"),
	T(witness_dir, "",
		"tallystick witness: folder of what it remembers; never restore an old one"),
	T(spool_dir, "/var/tmp", "folder of bundles under way; files there have no names"),
	T(tls_cert, "", "PEM certificate chain; empty: no TLS"),
	T(tls_key, "", "PEM key of the certificate, readable by nobody else"),
	T(document_cert, "",
		"PEM certificate chain under which PDFs are signed (P-256 or RSA); empty: "
		"unsigned"),
	T(document_key, "", "PEM key of that certificate, readable by nobody else"),
	T(log_level, "info", "debug, info, warn or error"),
	T(log_file, "-", "log file; - is stderr"),
	N(http_threads, 1, 64, 2, "event loops"),
	N(ingest_workers, 1, 64, 4, "workers for appends, one connection each"),
	N(work_workers, 1, 64, 4, "workers for other writes, one connection each"),
	N(read_workers, 1, 64, 4, "workers for reads, one connection each"),
	N(ingest_group_max, 1, 256, 32, "appends of one contract in one commit"),
	N(connections_max, 1, 60000, 2000, "open connections"),
	N(connections_per_ip_max, 0, 60000, 0, "open connections of one address; 0: no limit"),
	N(queue_ingest_max, 1, 100000, 512, "waiting appends, more are answered 503"),
	N(queue_work_max, 1, 100000, 256, "waiting writes"),
	N(queue_read_max, 1, 100000, 256, "waiting reads"),
	N(body_bytes_max, 1024, 67108864, 4194304, "largest request body; a route may allow less"),
	N(body_budget_bytes, 1024, 17179869184, 268435456, "all bodies held at once, else 503"),
	N(response_bytes_max, 65536, 1073741824, 67108864, "largest response"),
	N(spool_bytes_max, 1048576, 17592186044416, 68719476736, "largest bundle"),
	N(answer_budget_bytes, 262144, 17179869184, 536870912,
		"large answers that wait for their readers; one token: a quarter; else 503"),
	N(region_bytes_max, 65536, 1073741824, 67108864, "scratch memory of one request"),
	N(header_deadline_ms, 10, 600000, 10000, "time for a request's headers"),
	N(body_deadline_ms, 10, 600000, 30000, "time for a request's body"),
	N(idle_deadline_ms, 10, 600000, 30000, "an idle connection is kept this long"),
	N(send_deadline_ms, 10, 3600000, 60000, "time to take a response"),
	N(request_deadline_ms, 10, 600000, 60000, "queue and handler; then 503 or 504"),
	N(drain_ms, 0, 600000, 25000, "at a stop: time for requests under way"),
	N(unready_ms, 0, 600000, 0, "at a stop: unready but still accepting (load balancer)"),
	N(token_cache_ms, 0, 600000, 5000, "a revoked token works at most this long"),
	N(rate_per_s, 1, 1000000, 1000, "requests per second and token"),
	N(rate_burst, 1, 1000000, 2000, "requests at once per token"),
	N(in_flight_max, 1, 100000, 128, "requests under way per token"),
	N(witness_interval_s, 1, 3600, 60, "seconds between checkpoints sent to a witness"),
	N(tick_s, 0, 86400, 10, "seconds between settle passes; 0: only on demand"),
	N(settle_connections, 1, 64, 4,
		"contracts that a pass settles at once, one connection each"),
	N(webhook_poll_ms, 0, 60000, 1000, "between looks for events to deliver; 0: none are"),
	N(webhook_retry_ms, 10, 3600000, 5000, "first pause after a failed delivery; it doubles"),
	N(webhook_give_up_s, 1, 2592000, 432000,
		"a delivery, or an endpoint, that fails this long"),
	N(webhook_loopback, 0, 1, 0, "1: also http and loopback endpoints, for trying out"),
};
#undef T
#undef S
#undef N
static const struct ts_config_table table = {keys, sizeof(keys) / sizeof(keys[0])};

void ts_config_default(struct ts_config *config)
{
	ts_config_table_default(&table, config);
}

enum ts_err ts_config_set(struct ts_config *config, struct ts_region *region, const char *name,
	const char *value, struct ts_why *why)
{
	return ts_config_table_set(&table, config, region, name, value, why);
}

enum ts_err ts_config_load(
	const char *path, struct ts_region *region, struct ts_config *config, struct ts_why *why)
{
	return ts_config_table_load(&table, path, region, config, why);
}

enum ts_err ts_config_read(const char *path, const char *const *sets, size_t sets_n,
	struct ts_region *region, struct ts_config *config, struct ts_why *why)
{
	return ts_config_table_read(&table, path, sets, sets_n, region, config, why);
}

/* HOST:PORT or [HOST6]:PORT with a port of 0..65535. */
static enum ts_err check_address(const char *name, const char *text, struct ts_why *why)
{
	const char *colon = strrchr(text, ':');
	int64_t port = -1;
	if (colon == NULL || colon == text || ts_text_u63(ts_str(colon + 1), &port) != TS_OK ||
		port > 65535 || (text[0] == '[') != (colon[-1] == ']') ||
		(text[0] != '[' && memchr(text, ':', (size_t)(colon - text)) != NULL))
		return ts_why(
			why, TS_E_MALFORMED, name, "%s = \"%s\" is not ADDRESS:PORT", name, text);
	return TS_OK;
}

enum ts_err ts_config_check(const struct ts_config *config, struct ts_why *why)
{
	TS_TRY(check_address("listen", config->listen, why));
	TS_TRY(check_address("admin_listen", config->admin_listen, why));
	if ((config->tls_cert[0] == '\0') != (config->tls_key[0] == '\0'))
		return ts_why(
			why, TS_E_INVALID, "tls_key", "tls_cert and tls_key are set together");
	if ((config->document_cert[0] == '\0') != (config->document_key[0] == '\0'))
		return ts_why(why, TS_E_INVALID, "document_key",
			"document_cert and document_key are set together");
	if (config->body_budget_bytes < config->body_bytes_max)
		return ts_why(why, TS_E_INVALID, "body_budget_bytes",
			"body_budget_bytes is less than body_bytes_max");
	if (config->answer_budget_bytes / 4 < config->response_bytes_max)
		return ts_why(why, TS_E_INVALID, "answer_budget_bytes",
			"a quarter of answer_budget_bytes is less than response_bytes_max");
	if (config->domain[0] == '\0')
		return ts_why(why, TS_E_MISSING_FIELD, "domain", "domain is empty");
	return TS_OK;
}

void ts_config_print(const struct ts_config *config, struct ts_buf *out)
{
	ts_config_table_print(&table, config, out);
}
