/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a file becomes record lines, on one core, unsliced: sacct rows of GPU jobs, every one of
 * them accepted, so that each is parsed, digested, looked up, remembered and formatted as a line
 * (the worst case: rows without GPUs end early). The yardsticks of the same run, over the same
 * file: `wc -l`, and a plain COPY of its 26 columns as text into an unlogged table without an
 * index. Then the same file again, where every row is a duplicate. Peak memory is printed for a
 * quarter of the rows and for all of them.
 *   build/release/tests/bench/import [ROWS] [FILE]    FILE: measure this sacct file instead */
#include "importers/frame/import.h"
#include "importers/frame/catalog.h"
#include "support/cluster.h"
#include <libpq-fe.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROWS_DEFAULT 2000000
#define BLOCK (1 << 20)

extern char **environ;

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A job a second over half a year, of 1 to 8 H100 on one node. */
static void write_rows(FILE *file, int64_t rows)
{
	for (int64_t i = 0; i < rows; i++) {
		int day = 1 + (int)(i / 86400 % 28);
		int month = 1 + (int)(i / 86400 / 28 % 6);
		int s = (int)(i % 43200);
		int gpus = 1 << (i % 4);
		fprintf(file,
			"%" PRId64 "|%" PRId64 "|cluster|gpu|normal|lab%" PRId64
			"|users|1000|user%" PRId64 "|1000"
			"|2026-%02d-%02dT00:00:00|2026-%02d-%02dT00:00:00"
			"|2026-%02d-%02dT%02d:%02d:%02d|2026-%02d-%02dT%02d:%02d:%02d|12:00:00|0:0"
			"|COMPLETED|1|%d|%d|180G|billing=%d,cpu=%d,gres/gpu=%d,mem=180G,node=1"
			"|billing=%d,cpu=%d,gres/gpu:h100=%d,gres/gpu=%d,mem=180G,node=1"
			"|1-00:00:00|gpu%03d|train-%" PRId64 "\n",
			i, i, i % 40, i % 500, month, day, month, day, month, day, s / 3600,
			s / 60 % 60, s % 60, month, day, s / 3600 + 12, s / 60 % 60, s % 60,
			gpus * 12, gpus * 12, gpus * 12, gpus * 12, gpus, gpus * 12, gpus * 12,
			gpus, gpus, (int)(i % 800), i % 1000);
	}
}

/* Of this process: what one core did, whoever else ran. */
static double cpu_seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_wc(const char *path)
{
	char *argv[] = {
		(char *)(uintptr_t) "wc", (char *)(uintptr_t) "-l", (char *)(uintptr_t)path, NULL};
	pid_t pid = 0;
	int status = 0;
	double from = seconds();
	TS_ASSERT(posix_spawnp(&pid, "wc", NULL, NULL, argv, environ) == 0);
	TS_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	return seconds() - from;
}

static double time_copy(const char *path)
{
	static char block[BLOCK];
	struct ts_cluster cluster;
	ts_cluster_start(&cluster, NULL);
	PGconn *conn = PQconnectdb(cluster.admin);
	TS_ASSERT(PQstatus(conn) == CONNECTION_OK);
	PQclear(PQexec(conn, "create unlogged table rows (c1 text,c2 text,c3 text,c4 text,c5 text,"
			     "c6 text,c7 text,c8 text,c9 text,c10 text,c11 text,c12 text,c13 text,"
			     "c14 text,c15 text,c16 text,c17 text,c18 text,c19 text,c20 text,"
			     "c21 text,c22 text,c23 text,c24 text,c25 text,c26 text)"));
	FILE *file = fopen(path, "rb");
	TS_ASSERT(file != NULL);
	double from = seconds();
	PGresult *result = PQexec(conn, "copy rows from stdin (delimiter '|')");
	TS_ASSERT(PQresultStatus(result) == PGRES_COPY_IN);
	PQclear(result);
	for (size_t n = fread(block, 1, BLOCK, file); n; n = fread(block, 1, BLOCK, file))
		TS_ASSERT(PQputCopyData(conn, block, (int)n) == 1);
	TS_ASSERT(PQputCopyEnd(conn, NULL) == 1);
	result = PQgetResult(conn);
	TS_ASSERT(PQresultStatus(result) == PGRES_COMMAND_OK);
	PQclear(result);
	double took = seconds() - from;
	fclose(file);
	PQfinish(conn);
	ts_cluster_stop(&cluster);
	return took;
}

/* The sink: each use becomes a line, as the spool would write it; lines are counted and dropped. */
struct out {
	struct ts_buf line;
	int64_t lines, bytes;
};

static enum ts_err take_use(
	void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	struct out *out = ctx;
	const struct ts_record record = {.tag = TS_RECORD_USAGE, .usage = *use};
	const char *reason = "";
	ts_buf_reset(&out->line);
	enum ts_err err = ts_record_format(&record, &out->line, &reason);
	if (err != TS_OK)
		return ts_why(why, err, "line", "%s", reason);
	*index = ++out->lines;
	out->bytes += (int64_t)out->line.len;
	return TS_OK;
}

static double time_import(const char *path, struct ts_seen *seen, struct ts_import_report *report)
{
	struct ts_import_options options = {.source = {.sku = "gpu", .class = "on_demand"}};
	struct out out = {0};
	struct ts_why why = {0};
	ts_buf_init(&out.line, TS_RECORD_BYTES_MAX);
	const struct ts_import_sink sink = {.ctx = &out, .usage = take_use};
	FILE *file = fopen(path, "rb");
	TS_ASSERT(file != NULL);
	double from = seconds();
	enum ts_err err = ts_import_file(
		ts_source_find("slurm"), &options, file, seen, &sink, report, &why);
	double took = seconds() - from;
	if (err != TS_OK) {
		fprintf(stderr, "import: %s: %s\n", why.where, why.text);
		exit(1);
	}
	fclose(file);
	ts_buf_free(&out.line);
	return took;
}

/* In a child, so that its peak is its own. */
static long peak_of(const char *path)
{
	struct ts_import_report report;
	struct ts_seen *seen = NULL;
	int status = 0;
	pid_t pid = fork();
	TS_ASSERT(pid >= 0);
	if (pid == 0) {
		TS_ASSERT(ts_seen_create(&seen) == TS_OK);
		(void)time_import(path, seen, &report);
		_exit(0);
	}
	struct rusage use;
	TS_ASSERT(wait4(pid, &status, 0, &use) == pid && status == 0);
	return use.ru_maxrss;
}

static void make_file(const char *path, int64_t rows)
{
	FILE *file = fopen(path, "wb");
	TS_ASSERT(file != NULL);
	write_rows(file, rows);
	TS_ASSERT(fclose(file) == 0);
}

int main(int argc, char **argv)
{
	int64_t rows = argc > 1 ? strtoll(argv[1], NULL, 10) : ROWS_DEFAULT;
	char dir[] = "/var/tmp/tallystick-import-XXXXXX";
	char path[64];
	char quarter[64];
	TS_ASSERT(rows >= 1000 && mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/rows", dir);
	snprintf(quarter, sizeof(quarter), "%s/quarter", dir);
	make_file(path, rows);
	make_file(quarter, rows / 4);
	const char *input = argc > 2 ? argv[2] : path;
	struct ts_import_report report;
	struct ts_seen *seen = NULL;
	TS_ASSERT(ts_seen_create(&seen) == TS_OK);
	long small = peak_of(quarter);
	long large = peak_of(path);
	double wc = time_wc(input); /* the first one warms the cache */
	wc = time_wc(input);
	double first_cpu = cpu_seconds();
	double first = time_import(input, seen, &report);
	first_cpu = cpu_seconds() - first_cpu;
	int64_t accepted = report.verdicts[TS_ROW_ACCEPTED];
	int64_t n = report.rows;
	int64_t bytes = report.bytes;
	double again = time_import(input, seen, &report);
	double copy = time_copy(input);
	printf("%" PRId64 " rows, %" PRId64 " bytes, %" PRId64 " accepted\n", n, bytes, accepted);
	printf("parse to line   %6.3f s  %9.0f rows/s  %7.1f MB/s\n", first, (double)n / first,
		(double)bytes / first / 1e6);
	printf("  on the CPU    %6.3f s  %9.0f rows/s\n", first_cpu, (double)n / first_cpu);
	printf("the same again  %6.3f s  %9.0f rows/s  (%" PRId64 " duplicates)\n", again,
		(double)n / again, report.verdicts[TS_ROW_DUPLICATE]);
	printf("wc -l           %6.3f s  import takes %.1f times as long\n", wc, first / wc);
	printf("plain COPY      %6.3f s  import takes %.2f of that\n", copy, first / copy);
	printf("peak memory     %ld KiB for %" PRId64 " rows, %ld KiB for %" PRId64 "\n", small,
		rows / 4, large, rows);
	ts_seen_free(seen);
	unlink(path);
	unlink(quarter);
	rmdir(dir);
	return 0;
}
