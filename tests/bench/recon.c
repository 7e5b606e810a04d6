/* SPDX-License-Identifier: Apache-2.0 */
/* How long a reconciliation takes beside a plain SQL FULL JOIN of the same records in the same run.
 * N records a side (`recon N`, default 1,000,000), once equal and once with every 100th of another
 * quantity, spread over all hours. The engine is given the cells, which ingest keeps anyway, and
 * gets the lines of an hour when it asks; they are written as it asks, so that memory is the
 * engine's own. Memory is the peak of a child process. PostgreSQL's settings are its defaults, the
 * tables are analyzed and warm. */
#include "audit/recon/recon.h"
#include "support/cluster.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FROM_MS INT64_C(1780272000000)
#define HOUR_MS INT64_C(3600000)
#define HOURS 720
#define EVERY 100

static const char terms_json[] =
	"{\"currency\":\"USD\",\"term\":{\"from\":\"2026-06-01\",\"to\":\"2026-07-01\"},"
	"\"skus\":[{\"sku\":\"gpu\",\"name\":\"GPU\",\"unit\":\"GPU-hour\",\"divisor\":"
	"\"3600000000\"}],"
	"\"prices\":[{\"id\":\"gpu\",\"sku\":\"gpu\",\"class\":\"*\",\"model\":\"per_unit\","
	"\"unit_price\":\"2.00\"}]}";

struct data {
	int64_t per_hour;
	int64_t every; /* partner's every n-th differs; 0: none */
	struct ts_recon_sheet sheets[2];
};

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Record i of the hour, as the SQL below has it. */
static void write_line(const struct data *d, int side, int64_t hour, int64_t i, struct ts_buf *out)
{
	int64_t number = hour * d->per_hour + i, from = FROM_MS + hour * HOUR_MS;
	int64_t less = side == 1 && d->every > 0 && number % d->every == 0 ? 36000000 : 0;
	ts_buf_reset(out);
	ts_buf_printf(out, "u1\t%lld\t%lld\tgpu\t1000\t%lld\tod\tjob-%lld\tn%lld\ta",
		(long long)from, (long long)(from + HOUR_MS), (long long)(1000 * HOUR_MS - less),
		(long long)(i / 8), (long long)i);
}

static enum ts_err put_hour(const struct data *d, int side, int64_t hour,
	const struct ts_recon_sink *sink, struct ts_cells *cells, struct ts_why *why)
{
	struct ts_buf buf;
	struct ts_record record;
	const char *reason = "";
	enum ts_err err = TS_OK;
	ts_buf_init(&buf, TS_RECORD_BYTES_MAX);
	for (int64_t i = 0; i < d->per_hour && err == TS_OK; i++) {
		write_line(d, side, hour, i, &buf);
		const struct ts_str text = {buf.data, buf.len};
		TS_ASSERT(ts_record_parse(text, &record, &reason) == TS_OK);
		const struct ts_recon_line line = {
			.text = text, .usage = record.usage, .input = 1, .number = i + 1};
		err = cells != NULL ? ts_cells_add(cells, &record.usage)
				    : sink->put(sink->ctx, &line, why);
	}
	ts_buf_free(&buf);
	return err;
}

static enum ts_err lines(void *ctx, enum ts_recon_side side, int64_t from_ms, int64_t to_ms,
	const struct ts_recon_sink *sink, struct ts_why *why)
{
	TS_ASSERT(to_ms - from_ms == HOUR_MS);
	return put_hour(ctx, (int)side, (from_ms - FROM_MS) / HOUR_MS, sink, NULL, why);
}

static void make_cells(struct data *d, struct ts_region *region)
{
	struct ts_hasher hasher = {0};
	struct ts_why why = {0};
	TS_ASSERT(ts_hasher_init(&hasher) == TS_OK);
	for (int side = 0; side < 2; side++) {
		struct ts_cells cells;
		TS_ASSERT(ts_cells_init(&cells, region, &hasher, 1) == TS_OK);
		for (int64_t hour = 0; hour < HOURS; hour++)
			TS_ASSERT(put_hour(d, side, hour, NULL, &cells, &why) == TS_OK);
		d->sheets[side] = (struct ts_recon_sheet){TS_STR("-"), false, cells.cells, cells.n};
	}
	ts_hasher_free(&hasher);
}

struct result {
	double run_s;
	int64_t items, peak_kib;
};

static struct result run_here(struct data *d)
{
	struct ts_region *region = ts_region_create((size_t)2 << 30);
	const struct ts_terms *terms = NULL;
	const struct ts_recon_report *report = NULL;
	struct ts_why why = {0};
	struct rusage usage;
	TS_ASSERT(region != NULL && ts_terms_parse_what_if(terms_json, sizeof terms_json - 1,
					    region, &terms, &why) == TS_OK);
	make_cells(d, region);
	const struct ts_recon_version version = {terms, INT64_MIN};
	struct ts_recon_options o = {.from_ms = FROM_MS,
		.to_ms = FROM_MS + HOURS * HOUR_MS,
		.dealing = &terms->dealing,
		.rows_max = 4000000,
		.ctx = d,
		.lines = lines};
	for (int side = 0; side < 2; side++)
		o.side[side] = (struct ts_recon_sided){&d->sheets[side], 1, HOUR_MS, &version, 1};
	double from = seconds();
	enum ts_err err = ts_recon_run(&o, region, &report, &why);
	struct result r = {.run_s = seconds() - from};
	if (err != TS_OK) {
		fprintf(stderr, "%s: %s\n", why.where, why.text);
		exit(1);
	}
	r.items = (int64_t)report->items_n;
	(void)getrusage(RUSAGE_SELF, &usage);
	r.peak_kib = usage.ru_maxrss;
	ts_region_free(region);
	return r;
}

/* In a child, so that its peak is its own. */
static struct result run_engine(struct data *d)
{
	struct result r = {0};
	int fd[2], status = 0;
	TS_ASSERT(pipe(fd) == 0);
	pid_t pid = fork();
	TS_ASSERT(pid >= 0);
	if (pid == 0) {
		r = run_here(d);
		_exit(write(fd[1], &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
	}
	(void)close(fd[1]);
	TS_ASSERT(read(fd[0], &r, sizeof r) == (ssize_t)sizeof r);
	(void)close(fd[0]);
	TS_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	return r;
}

static char *ask(PGconn *conn, const char *sql)
{
	PGresult *res = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(res);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s\n", PQerrorMessage(conn));
		exit(1);
	}
	char *text = PQntuples(res) > 0 ? strdup(PQgetvalue(res, 0, 0)) : NULL;
	PQclear(res);
	return text;
}

static void fill(PGconn *conn, const char *table, int64_t per_hour, int64_t every)
{
	char sql[1024];
	snprintf(sql, sizeof sql,
		"CREATE TABLE %s AS SELECT %lld + h * 3600000 AS start_ms, %lld + (h + 1) * "
		"3600000 AS "
		"end_ms, 'gpu'::text AS sku, 1000::int8 AS devices_milli, 3600000000 - CASE WHEN "
		"%lld > 0 "
		"AND (h * %lld + i) %% greatest(%lld, 1) = 0 THEN 36000000 ELSE 0 END AS quantity, "
		"'od'::text AS class, 'job-' || i / 8 AS workload, 'n' || i AS resource, 'a'::text "
		"AS "
		"account FROM generate_series(0::int8, %d - 1) h, generate_series(0::int8, %lld - "
		"1) i",
		table, (long long)FROM_MS, (long long)FROM_MS, (long long)every,
		(long long)per_hour, (long long)every, HOURS, (long long)per_hour);
	free(ask(conn, sql));
	snprintf(sql, sizeof sql, "VACUUM ANALYZE %s", table);
	free(ask(conn, sql));
}

/* The second of two runs: what is read lies in the cache. */
static double join(PGconn *conn, const char *partner, int64_t *items)
{
	char sql[512];
	double best = 0;
	snprintf(sql, sizeof sql,
		"SELECT count(*) FROM provider p FULL JOIN %s c USING (sku, workload, resource, "
		"start_ms, "
		"end_ms) WHERE p.quantity IS DISTINCT FROM c.quantity OR p.class IS DISTINCT FROM "
		"c.class",
		partner);
	for (int i = 0; i < 2; i++) {
		double from = seconds();
		char *n = ask(conn, sql);
		best = seconds() - from;
		*items = n != NULL ? strtoll(n, NULL, 10) : -1;
		free(n);
	}
	return best;
}

int main(int argc, char **argv)
{
	int64_t n = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000;
	struct data equal = {.per_hour = n / HOURS};
	struct data differing = {.per_hour = n / HOURS, .every = EVERY};
	struct ts_cluster cluster;
	if (equal.per_hour < 1)
		return 2;
	struct result same = run_engine(&equal), other = run_engine(&differing);
	ts_cluster_start(&cluster, NULL);
	PGconn *conn = PQconnectdb(cluster.admin);
	TS_ASSERT(PQstatus(conn) == CONNECTION_OK);
	fill(conn, "provider", equal.per_hour, 0);
	fill(conn, "agreeing", equal.per_hour, 0);
	fill(conn, "differing", equal.per_hour, EVERY);
	int64_t items[2];
	double join_s[2] = {join(conn, "agreeing", &items[0]), join(conn, "differing", &items[1])};
	PQfinish(conn);
	TS_ASSERT(items[0] == same.items && items[1] == other.items);
	printf("%lld records a side\n"
	       "all agree:    %8.3f s, FULL JOIN %8.3f s (%.1f times), peak %lld MiB\n"
	       "1 %% differ:   %8.3f s, FULL JOIN %8.3f s (%.1f times), peak %lld MiB, %lld "
	       "items\n",
		(long long)(equal.per_hour * HOURS), same.run_s, join_s[0], join_s[0] / same.run_s,
		(long long)same.peak_kib / 1024, other.run_s, join_s[1], join_s[1] / other.run_s,
		(long long)other.peak_kib / 1024, (long long)other.items);
	ts_cluster_stop(&cluster);
	return 0;
}
