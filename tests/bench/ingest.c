/* SPDX-License-Identifier: Apache-2.0 */
/* How much of PostgreSQL's own speed the ingest path keeps, on one machine:
 *   A  bare COPY BINARY of the rows, one connection, one transaction, into a logged table without
 *      an index;
 *   B  the same rows over HTTP: 32 agents of one contract, batches of 5,000 lines under signed
 *      checkpoints, settle running; counted is what was acknowledged after its commit.
 * Clients, service and database share the machine; the bodies are made before the clock starts. */
#include "api/service.h"
#include "evidence/log.h"
#include <endian.h>
#include <pthread.h>

#define STREAMS 32
#define BATCH 5000
#define ROWS_DEFAULT (STREAMS * BATCH * 5)
#define NODES 100
#define ROW_BYTES_MAX 512
#define PG_EPOCH_DAY 10957 /* 2000-01-01 */

struct row {
	int64_t start_ms, end_ms;
	char workload[32], resource[32], account[16];
};
#define ROW_SKU "gpu-h100"
#define ROW_CLASS "on_demand"
#define ROW_MILLI 8000
#define ROW_QUANTITY (INT64_C(8) * 900 * 1000000)

/* Row i of a stream: 100 nodes, each a quarter-hour of eight devices. */
static void row_of(int stream, int64_t i, struct row *out)
{
	int node = (int)(i % NODES);
	out->start_ms = SVC_FROM_MS + i / NODES * 900000;
	out->end_ms = out->start_ms + 900000;
	snprintf(out->workload, sizeof out->workload, "job-%07lld", (long long)(i / 12));
	snprintf(out->resource, sizeof out->resource, "node-%02d%03d.gpu", stream, node);
	snprintf(out->account, sizeof out->account, "team-%d", node % 4);
}

/* --- A: bare COPY --- */

static void put_text(struct ts_buf *buf, const char *text)
{
	size_t len = strlen(text);
	ts_buf_put_u32be(buf, (uint32_t)len);
	ts_buf_put(buf, text, len);
}

static void put_i64(struct ts_buf *buf, int64_t v)
{
	ts_buf_put_u32be(buf, 8);
	ts_buf_put_u64be(buf, (uint64_t)v);
}

static void put_i16(struct ts_buf *buf, int v)
{
	ts_buf_put_u32be(buf, 2);
	ts_buf_put_u16be(buf, (uint16_t)v);
}

/* The columns of app.usage, in its order. */
static void put_row(struct ts_buf *buf, int stream, int64_t i)
{
	struct row row;
	row_of(stream, i, &row);
	ts_buf_put_u16be(buf, 18);
	put_i64(buf, 1);
	put_i64(buf, i / BATCH + 1);
	put_i64(buf, stream + 1);
	put_i64(buf, i + 1);
	put_i64(buf, row.start_ms);
	put_i64(buf, row.end_ms);
	put_i64(buf, ROW_MILLI);
	put_i64(buf, ROW_QUANTITY);
	ts_buf_put_u32be(buf, 4);
	ts_buf_put_u32be(buf, (uint32_t)(SVC_FROM_MS / SVC_DAY_MS - PG_EPOCH_DAY));
	put_i16(buf, 0);
	put_i16(buf, 1);
	put_text(buf, ROW_SKU);
	put_text(buf, ROW_CLASS);
	put_text(buf, row.workload);
	put_text(buf, row.resource);
	put_text(buf, row.account);
	ts_buf_put_u32be(buf, UINT32_MAX);
	ts_buf_put_u32be(buf, UINT32_MAX);
}

static void run_sql(PGconn *conn, const char *sql, ExecStatusType expected)
{
	PGresult *res = PQexec(conn, sql);
	if (PQresultStatus(res) != expected)
		svc_die(sql, PQerrorMessage(conn));
	PQclear(res);
}

static int64_t copy_us(PGconn *conn, const struct ts_buf *data)
{
	int64_t start = ts_clock_mono_us();
	run_sql(conn, "copy bare from stdin (format binary)", PGRES_COPY_IN);
	for (size_t at = 0; at < data->len; at += 1u << 20) {
		size_t n = data->len - at < 1u << 20 ? data->len - at : 1u << 20;
		if (PQputCopyData(conn, data->data + at, (int)n) != 1)
			svc_die("copy", PQerrorMessage(conn));
	}
	if (PQputCopyEnd(conn, NULL) != 1)
		svc_die("copy", PQerrorMessage(conn));
	PGresult *res = PQgetResult(conn);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		svc_die("copy", PQerrorMessage(conn));
	PQclear(res);
	while ((res = PQgetResult(conn)) != NULL)
		PQclear(res);
	return ts_clock_mono_us() - start;
}

static int64_t bench_copy(const struct svc *s, int64_t per_stream)
{
	static const char head[19] = "PGCOPY\n\377\r\n";
	struct ts_buf data;
	PGconn *conn = PQconnectdb(s->cluster.admin);
	ts_buf_init(&data, (size_t)per_stream * STREAMS * ROW_BYTES_MAX);
	ts_buf_put(&data, head, sizeof head);
	for (int64_t i = 0; i < per_stream; i++)
		for (int stream = 0; stream < STREAMS; stream++)
			put_row(&data, stream, i);
	ts_buf_put_u16be(&data, UINT16_MAX);
	if (data.err != TS_OK)
		svc_die("copy", "out of memory");
	run_sql(conn,
		"create table bare (contract_id bigint, batch_id bigint, stream_id bigint, idx "
		"bigint, "
		"start_ms bigint, end_ms bigint, devices_milli bigint, quantity bigint, received "
		"date, "
		"side smallint, tag smallint, sku text, class text, workload text, resource text, "
		"account text, record_n bigint, void_reason text)",
		PGRES_COMMAND_OK);
	run_sql(conn, "checkpoint", PGRES_COMMAND_OK);
	int64_t us = copy_us(conn, &data);
	run_sql(conn, "drop table bare", PGRES_COMMAND_OK);
	run_sql(conn, "checkpoint", PGRES_COMMAND_OK);
	PQfinish(conn);
	ts_buf_free(&data);
	return us;
}

/* --- B: the service --- */

struct client {
	const struct svc *s;
	const struct svc_contract *contract;
	struct svc_agent agent;
	struct ts_buf *bodies;
	int64_t bodies_n;
	pthread_t thread;
};

static void client_make(struct client *c, int stream, int64_t per_stream)
{
	struct ts_hasher hasher = {NULL, NULL};
	struct ts_why why = {"", ""};
	struct ts_buf lines;
	struct row row;
	svc_ok(ts_hasher_init(&hasher), &why);
	c->bodies_n = per_stream / BATCH;
	c->bodies = calloc((size_t)c->bodies_n, sizeof *c->bodies);
	ts_buf_init(&lines, BATCH * ROW_BYTES_MAX);
	for (int64_t b = 0; c->bodies != NULL && b < c->bodies_n; b++) {
		ts_buf_reset(&lines);
		ts_buf_init(&c->bodies[b], BATCH * ROW_BYTES_MAX);
		for (int64_t i = b * BATCH; i < (b + 1) * BATCH; i++) {
			row_of(stream, i, &row);
			ts_buf_printf(&lines,
				"u1\t%lld\t%lld\t" ROW_SKU "\t%d\t%lld\t" ROW_CLASS
				"\t%s\t%s\t%s\n",
				(long long)row.start_ms, (long long)row.end_ms, ROW_MILLI,
				(long long)ROW_QUANTITY, row.workload, row.resource, row.account);
		}
		svc_append_body(
			&hasher, &c->agent, (struct ts_str){lines.data, lines.len}, &c->bodies[b]);
	}
	ts_buf_free(&lines);
	ts_hasher_free(&hasher);
}

/* Enrols the agent and stores its genesis line. */
static void client_enrol(struct client *c, struct svc *s, int stream)
{
	char cluster[16], path[96];
	struct ts_hasher hasher = {NULL, NULL};
	struct ts_why why = {"", ""};
	struct ts_buf line, body;
	struct ts_send *send = NULL;
	snprintf(cluster, sizeof cluster, "c%d", stream);
	svc_agent(s, c->contract, cluster, TS_SIDE_PROVIDER, &c->agent);
	svc_ok(ts_hasher_init(&hasher), &why);
	ts_buf_init(&line, 1024);
	ts_buf_init(&body, 4096);
	svc_genesis(c->contract, &c->agent, &line);
	svc_append_body(&hasher, &c->agent, (struct ts_str){line.data, line.len}, &body);
	svc_ok(ts_send_create(s->url, c->contract->agent_token, &send, &why), &why);
	snprintf(path, sizeof path, "/v1/streams/%s/append", c->agent.stream);
	json_decref(
		svc_expect(send, "POST", path, NULL, (struct ts_str){body.data, body.len}, 200));
	ts_send_free(send);
	ts_buf_free(&line);
	ts_buf_free(&body);
	ts_hasher_free(&hasher);
}

static void *client_run(void *arg)
{
	struct client *c = arg;
	char path[96];
	struct ts_why why = {"", ""};
	struct ts_buf out;
	struct ts_send *send = NULL;
	ts_buf_init(&out, 1u << 20);
	snprintf(path, sizeof path, "/v1/streams/%s/append", c->agent.stream);
	svc_ok(ts_send_create(c->s->url, c->contract->agent_token, &send, &why), &why);
	for (int64_t b = 0; b < c->bodies_n; b++)
		if (svc_call(send, "POST", path, "text/plain", c->bodies[b].data, c->bodies[b].len,
			    &out) != 200)
			svc_die("append", ts_buf_str(&out));
	ts_send_free(send);
	ts_buf_free(&out);
	return NULL;
}

static int64_t clients_us(struct client clients[STREAMS])
{
	int64_t start = ts_clock_mono_us();
	for (int i = 0; i < STREAMS; i++)
		if (pthread_create(&clients[i].thread, NULL, client_run, &clients[i]) != 0)
			svc_die("client", "no thread");
	for (int i = 0; i < STREAMS; i++)
		(void)pthread_join(clients[i].thread, NULL);
	return ts_clock_mono_us() - start;
}

/* Peak resident memory of the service, KiB; 0 where /proc does not say. */
static long peak_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

struct result {
	int64_t rows, copy_us, http_us, stored_bytes, wal_bytes, ticks, body_bytes;
	long peak_kib;
};

static void bench_service(struct svc *s, int64_t per_stream, struct result *r)
{
	struct svc_contract contract;
	struct client *clients = calloc(STREAMS, sizeof *clients);
	if (clients == NULL)
		svc_die("client", "out of memory");
	svc_contract(s, NULL, &contract);
	for (int i = 0; i < STREAMS; i++) {
		clients[i].s = s;
		clients[i].contract = &contract;
		client_enrol(&clients[i], s, i);
		client_make(&clients[i], i, per_stream);
		for (int64_t b = 0; b < clients[i].bodies_n; b++)
			r->body_bytes += (int64_t)clients[i].bodies[b].len;
	}
	int64_t before = svc_number(s, "select pg_database_size(current_database())");
	int64_t wal = svc_number(s, "select (pg_current_wal_lsn() - '0/0')::bigint");
	r->http_us = clients_us(clients);
	r->wal_bytes = svc_number(s, "select (pg_current_wal_lsn() - '0/0')::bigint") - wal;
	r->stored_bytes = svc_number(s, "select pg_database_size(current_database())") - before;
	r->peak_kib = peak_kib(s->pid);
	r->ticks = svc_number(s, "select count(*) from app.log_leaf where log = 0 and kind = 2");
	int64_t rows = svc_number(s, "select count(*) from app.usage where void_reason is null");
	if (rows != r->rows)
		svc_die("rows", "not all that were acknowledged are stored");
	for (int i = 0; i < STREAMS; i++) {
		for (int64_t b = 0; b < clients[i].bodies_n; b++)
			ts_buf_free(&clients[i].bodies[b]);
		free(clients[i].bodies);
	}
	free(clients);
}

/* Such as a small production server has; the same for A and B. Durability is untouched. */
static void tune(struct svc *s)
{
	static const char *const settings[] = {"alter system set shared_buffers = '512MB'",
		"alter system set max_wal_size = '4GB'", "alter system set wal_compression = lz4"};
	PGconn *conn = PQconnectdb(s->cluster.admin);
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		run_sql(conn, settings[i], PGRES_COMMAND_OK);
	PQfinish(conn);
	ts_cluster_ctl(&s->cluster, "restart -m fast");
}

static void print_result(const struct result *r, bool as_json)
{
	int64_t a = r->rows * 1000000 / r->copy_us;
	int64_t b = r->rows * 1000000 / r->http_us;
	int64_t permille = r->copy_us * 1000 / r->http_us;
	if (as_json) {
		printf("{\"rows\":%lld,\"copy_rows_per_s\":%lld,\"http_rows_per_s\":%lld,"
		       "\"ratio\":%lld.%03lld,\"copy_us\":%lld,\"http_us\":%lld,"
		       "\"service_peak_kib\":%ld,\"stored_bytes_per_row\":%lld,"
		       "\"wal_bytes_per_row\":%lld,\"body_bytes_per_row\":%lld,\"ticks\":%lld}\n",
			(long long)r->rows, (long long)a, (long long)b,
			(long long)(permille / 1000), (long long)(permille % 1000),
			(long long)r->copy_us, (long long)r->http_us, r->peak_kib,
			(long long)(r->stored_bytes / r->rows), (long long)(r->wal_bytes / r->rows),
			(long long)(r->body_bytes / r->rows), (long long)r->ticks);
		return;
	}
	printf("rows                 %lld in %d streams, batches of %d\n", (long long)r->rows,
		STREAMS, BATCH);
	printf("A  bare COPY         %lld rows/s\n", (long long)a);
	printf("B  over HTTP         %lld rows/s (settle ran %lld times)\n", (long long)b,
		(long long)r->ticks);
	printf("B/A                  %lld.%03lld\n", (long long)(permille / 1000),
		(long long)(permille % 1000));
	printf("service, peak RSS    %ld MiB\n", r->peak_kib / 1024);
	printf("per record           %lld bytes sent, %lld stored, %lld of WAL\n",
		(long long)(r->body_bytes / r->rows), (long long)(r->stored_bytes / r->rows),
		(long long)(r->wal_bytes / r->rows));
}

int main(int argc, char **argv)
{
	struct svc s;
	struct result r = {.rows = ROWS_DEFAULT};
	bool as_json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			as_json = true;
		} else if (strcmp(argv[i], "--rows") == 0 && i + 1 < argc) {
			r.rows = strtoll(argv[++i], NULL, 10);
		} else {
			fprintf(stderr, "usage: %s [--json] [--rows N]\n", argv[0]);
			return 2;
		}
	}
	int64_t per_stream = (r.rows + STREAMS * BATCH - 1) / (STREAMS * BATCH) * BATCH;
	if (r.rows <= 0 || per_stream > 100 * BATCH) {
		fprintf(stderr, "--rows: 1 to %d\n", 100 * STREAMS * BATCH);
		return 2;
	}
	r.rows = per_stream * STREAMS; /* whole batches */
	svc_cluster(&s);
	tune(&s);
	svc_serve(&s, "tick_s=2");
	r.copy_us = bench_copy(&s, per_stream);
	bench_service(&s, per_stream, &r);
	svc_stop(&s);
	print_result(&r, as_json);
	return 0;
}
