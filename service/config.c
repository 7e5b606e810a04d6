/* SPDX-License-Identifier: Apache-2.0 */
#include "service/config.h"

#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum kind { TEXT, SECRET, NUMBER };

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	int64_t min, max; /* NUMBER */
	int64_t number; /* default of a NUMBER */
	const char *text; /* default of a TEXT or SECRET */
	const char *help;
};
#define T(name, def, help)                                                                         \
	{                                                                                          \
#name, TEXT, offsetof(struct ts_config, name), 0, 0, 0, def, help                  \
	}
#define S(name, help)                                                                              \
	{                                                                                          \
#name, SECRET, offsetof(struct ts_config, name), 0, 0, 0, "", help                 \
	}
#define N(name, min, max, def, help)                                                               \
	{                                                                                          \
#name, NUMBER, offsetof(struct ts_config, name), min, max, def, NULL, help         \
	}

static const struct key keys[] = {
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
#define KEYS (sizeof(keys) / sizeof(keys[0]))
#define CONFIG_VALUE_BYTES_MAX 2048

static void *slot(struct ts_config *config, const struct key *key)
{
	return (char *)config + key->offset;
}

void ts_config_default(struct ts_config *config)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].kind == NUMBER)
			*(int64_t *)slot(config, &keys[i]) = keys[i].number;
		else
			*(const char **)slot(config, &keys[i]) = keys[i].text;
	}
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

enum ts_err ts_config_set(struct ts_config *config, struct ts_region *region, const char *name,
	const char *value, struct ts_why *why)
{
	const struct key *key = find_key(name);
	if (key == NULL)
		return ts_why(why, TS_E_UNKNOWN_FIELD, name, "unknown key \"%s\"", name);
	if (strlen(value) > CONFIG_VALUE_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, name, "%s is longer than %d bytes", name,
			CONFIG_VALUE_BYTES_MAX);
	if (key->kind == NUMBER) {
		int64_t number = 0;
		if (ts_text_u63(ts_str(value), &number) != TS_OK)
			return ts_why(why, TS_E_MALFORMED, name,
				"%s = \"%s\" is not a whole number", name, value);
		if (number < key->min || number > key->max)
			return ts_why(why, TS_E_RANGE, name, "%s = %s is not in [%lld, %lld]", name,
				value, (long long)key->min, (long long)key->max);
		*(int64_t *)slot(config, key) = number;
		return TS_OK;
	}
	const char *copy = ts_region_copy(region, value, strlen(value));
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	*(const char **)slot(config, key) = copy;
	return TS_OK;
}

static struct ts_str trim(struct ts_str text)
{
	while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && strchr(" \t\r", text.at[text.len - 1]) != NULL)
		text.len--;
	return text;
}

static enum ts_err config_line(struct ts_config *config, struct ts_region *region,
	struct ts_str line, uint64_t *given, struct ts_why *why)
{
	line = trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return TS_OK;
	struct ts_str value = line;
	struct ts_str name = trim(ts_str_cut(&value, '='));
	if (value.at == NULL)
		return ts_why(why, TS_E_MALFORMED, "", "expected `key = value`, found \"%.*s\"",
			(int)(line.len < 40 ? line.len : 40), line.at);
	value = trim(value);
	const char *key = ts_region_copy(region, name.at, name.len);
	const char *text = ts_region_copy(region, value.at, value.len);
	if (key == NULL || text == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_config_set(config, region, key, text, why));
	uint64_t bit = UINT64_C(1) << (size_t)(find_key(key) - keys);
	if ((*given & bit) != 0)
		return ts_why(why, TS_E_MALFORMED, key, "key \"%s\" is given twice", key);
	*given |= bit;
	return TS_OK;
}

static void close_file(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

static enum ts_err read_file(
	const char *path, struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	__attribute__((cleanup(close_file))) FILE *file = fopen(path, "re");
	if (file == NULL)
		return ts_why(why, TS_E_IO, path, "cannot open \"%s\": %s", path, strerror(errno));
	char *bytes = ts_region_alloc(region, TS_CONFIG_FILE_BYTES_MAX + 1);
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	size_t len = fread(bytes, 1, TS_CONFIG_FILE_BYTES_MAX + 1, file);
	if (ferror(file) != 0)
		return ts_why(why, TS_E_IO, path, "cannot read \"%s\"", path);
	if (len > TS_CONFIG_FILE_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, path, "\"%s\" is larger than %d bytes", path,
			TS_CONFIG_FILE_BYTES_MAX);
	if (memchr(bytes, '\0', len) != NULL)
		return ts_why(why, TS_E_MALFORMED, path, "\"%s\" contains a NUL byte", path);
	*out = (struct ts_str){bytes, len};
	return TS_OK;
}

enum ts_err ts_config_load(
	const char *path, struct ts_region *region, struct ts_config *config, struct ts_why *why)
{
	_Static_assert(KEYS <= 64, "one bit per key");
	struct ts_str rest;
	uint64_t given = 0;
	TS_TRY(read_file(path, region, &rest, why));
	for (int number = 1; rest.at != NULL && rest.len > 0; number++) {
		struct ts_str line = ts_str_cut(&rest, '\n');
		enum ts_err err = config_line(config, region, line, &given, why);
		if (err != TS_OK) {
			if (why != NULL)
				(void)snprintf(
					why->where, sizeof(why->where), "%.150s:%d", path, number);
			return err;
		}
	}
	return TS_OK;
}

enum ts_err ts_config_read(const char *path, const char *const *sets, size_t sets_n,
	struct ts_region *region, struct ts_config *config, struct ts_why *why)
{
	ts_config_default(config);
	if (path != NULL)
		TS_TRY(ts_config_load(path, region, config, why));
	for (size_t i = 0; i < sets_n; i++) {
		struct ts_str value = ts_str(sets[i]);
		struct ts_str key = ts_str_cut(&value, '=');
		const char *name = ts_region_copy(region, key.at, key.len);
		if (name == NULL)
			return TS_E_NO_MEMORY;
		if (value.at == NULL)
			return ts_why(
				why, TS_E_MALFORMED, "--set", "\"%s\" is not KEY=VALUE", name);
		TS_TRY(ts_config_set(config, region, name, value.at, why));
	}
	return TS_OK;
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
	for (size_t i = 0; i < KEYS; i++) {
		const char *at = (const char *)config + keys[i].offset;
		ts_buf_printf(out, "# %s\n", keys[i].help);
		if (keys[i].kind == NUMBER) {
			ts_buf_printf(out, "# %lld to %lld, default %lld\n%s = %lld\n",
				(long long)keys[i].min, (long long)keys[i].max,
				(long long)keys[i].number, keys[i].name,
				(long long)*(const int64_t *)(const void *)at);
			continue;
		}
		const char *text = *(const char *const *)(const void *)at;
		if (keys[i].kind == SECRET && text[0] != '\0')
			ts_buf_printf(out, "# %s = (set, not shown)\n", keys[i].name);
		else
			ts_buf_printf(out, "%s = %s\n", keys[i].name, text);
	}
}
