/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CONFIG_H
#define TS_SERVICE_CONFIG_H
/* Why: one table {key, kind, bounds, default, help} is the parser, --print-config, the docs and the
 * defaults. File format: `key = value` lines, `#` comments; an unknown or repeated key refuses to
 * start. Secrets (connection strings) are never printed. */
#include "base/buf.h"
#include "base/err.h"
#include "base/region.h"
#include "service/config_table.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ts_config {
	/* where */
	const char *listen; /* "127.0.0.1:8080", "[::1]:8080"; port 0 takes a free one */
	const char *admin_listen; /* /metrics, /healthz, /readyz; loopback */
	const char *domain; /* key names and URLs of this operator, e.g. "tally.example" */
	const char *key_dir; /* service keys, files of mode 0400 */
	const char *signer_dir; /* log keys and the signer's state; "" = key_dir */
	const char *signer_socket; /* of a signer that runs by itself; "" = a child of serve */
	const char *db_ingest; /* conninfo of the ingest role */
	const char *db_service; /* conninfo of the service role */
	const char *witnesses; /* NAME=URL, ...: where the witnesses of the terms answer */
	const char *witness_key; /* `tallystick witness`: key file, type cosignature */
	const char *witness_dir; /* what it remembers; never restore an older copy */
	const char *spool_dir; /* bundles are written there, in files without names */
	const char *tls_cert; /* PEM file; "" = no TLS */
	const char *tls_key;
	const char *document_cert; /* PEM: certificate under which PDFs are signed; "" = unsigned */
	const char *document_key;
	const char *log_level; /* debug, info, warn, error */
	const char *log_file; /* "-" = stderr */
	/* how many */
	int64_t http_threads;
	int64_t ingest_workers;
	int64_t work_workers;
	int64_t read_workers;
	int64_t ingest_group_max; /* requests of one group that one commit takes */
	int64_t connections_max;
	int64_t connections_per_ip_max; /* 0 = no limit (behind a proxy) */
	int64_t queue_ingest_max;
	int64_t queue_work_max;
	int64_t queue_read_max;
	/* how much */
	int64_t body_bytes_max; /* cap over every route's own limit */
	int64_t body_budget_bytes; /* of all bodies held at once */
	int64_t response_bytes_max;
	int64_t spool_bytes_max; /* of one bundle */
	int64_t answer_budget_bytes; /* of large answers that wait for their readers */
	int64_t region_bytes_max; /* scratch memory of one request */
	/* how long, milliseconds */
	int64_t header_deadline_ms;
	int64_t body_deadline_ms;
	int64_t idle_deadline_ms;
	int64_t send_deadline_ms;
	int64_t request_deadline_ms; /* queue and handler together */
	int64_t drain_ms; /* after SIGTERM */
	int64_t unready_ms; /* after SIGTERM: not ready but still accepting, for load balancers */
	int64_t token_cache_ms; /* a revoked token works at most this long */
	/* how often */
	int64_t rate_per_s; /* per token */
	int64_t rate_burst;
	int64_t in_flight_max; /* per token */
	int64_t witness_interval_s; /* between checkpoints that nothing hurries */
	int64_t tick_s;
	int64_t settle_connections;
	int64_t webhook_poll_ms; /* 0 = nothing is delivered */
	int64_t webhook_retry_ms;
	int64_t webhook_give_up_s;
	int64_t webhook_loopback; /* 0, 1 */
};

/* All defaults; strings are static. */
void ts_config_default(struct ts_config *config);
/* Applies one `key = value`; strings are copied into the region. why->where is the key. */
enum ts_err ts_config_set(struct ts_config *config, struct ts_region *region, const char *key,
	const char *value, struct ts_why *why) TS_MUST;
/* Reads a file over the defaults (TS_E_IO, or the error with why->where = "FILE:LINE"). */
enum ts_err ts_config_load(const char *path, struct ts_region *region, struct ts_config *config,
	struct ts_why *why) TS_MUST;
/* All that a command line says: the defaults, over them the file (NULL: none), over it each
 * `KEY=VALUE` of sets. */
enum ts_err ts_config_read(const char *path, const char *const *sets, size_t sets_n,
	struct ts_region *region, struct ts_config *config, struct ts_why *why) TS_MUST;
/* What ties keys together: TLS pair, address forms, required keys. */
enum ts_err ts_config_check(const struct ts_config *config, struct ts_why *why) TS_MUST;
/* The effective configuration as a file with each key's help; secrets are hidden. */
void ts_config_print(const struct ts_config *config, struct ts_buf *out);

#endif
