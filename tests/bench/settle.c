/* SPDX-License-Identifier: Apache-2.0 */
/* What a tick and a cut cost when 1, 10 and 100 times the records are already folded. Each of three
 * contracts gets its records over HTTP, all of them over the same usage cells; then the same new
 * batches come, and each is settled in this process: the whole event, from the transaction's start
 * to both logs' signed checkpoints. Work that grows with new cells and charge lines only gives
 * ratios near 1. The database is vacuumed and analysed before what is measured, as autovacuum does;
 * --no-vacuum leaves that out and shows what a burst costs before autovacuum has come round. */
#include "api/service.h"
#include "service/config.h"
#include "service/settle.h"

#define LEVELS 3
#define BATCH 5000
#define BASE_DEFAULT 5000
#define BASE_FULL 20000
#define QUARTERS 96 /* a day */
#define ACCOUNTS 4
#define CELLS (QUARTERS * ACCOUNTS)
#define TICK_RECORDS INT64_C(50000) /* of one tick, as a busy service would */
#define SECOND_US INT64_C(1000000)
#define TICKS 9
#define CUTS 3
/* From May 1: each cut's usage, and its time some days after the month's end. */
static const int64_t usage_days[CUTS] = {9, 40, 70}, cut_days[CUTS] = {36, 66, 97};
#define TICK_US ((SVC_FROM_MS + 15 * SVC_DAY_MS) * 1000)
#define SETTLE_REGION_BYTES ((size_t)256 << 20)

struct bench {
	struct svc svc;
	struct ts_config config;
	struct ts_app app;
	struct ts_session *session;
	struct ts_hasher hasher;
	struct ts_region *region; /* the configuration's strings */
	bool vacuum;
};
struct desk {
	struct svc_contract contract;
	struct svc_agent agent;
	struct ts_send *send;
	struct ts_db_contract row;
	char path[96];
	int64_t records;
};
struct level {
	int64_t records, tick_us, cut_us;
};

static struct bench bench;

/* Also when something dies: no service stays behind. */
static void end_service(void)
{
	if (bench.svc.pid > 0)
		(void)kill(bench.svc.pid, SIGTERM);
}

static void open_session(struct bench *b)
{
	struct ts_why why = {"", ""};
	b->region = ts_region_create(1u << 20);
	if (b->region == NULL || chdir(b->svc.dir) != 0) /* paths in t.conf are relative */
		svc_die("folder", b->svc.dir);
	ts_config_default(&b->config);
	svc_ok(ts_config_load("t.conf", b->region, &b->config, &why), &why);
	svc_ok(ts_keyring_open(b->config.key_dir, &b->app.keyring, &why), &why);
	b->app.config = &b->config;
	svc_ok(ts_session_open(b->config.db_service, &b->session, &why), &why);
	svc_ok(ts_hasher_init(&b->hasher), &why);
}

static void close_session(struct bench *b)
{
	ts_hasher_free(&b->hasher);
	ts_session_close(b->session);
	ts_keyring_close(b->app.keyring);
	ts_region_free(b->region);
}

static void append(struct bench *b, struct desk *d, struct ts_str lines)
{
	struct ts_buf body, out;
	ts_buf_init(&body, 4u << 20);
	ts_buf_init(&out, SVC_ANSWER_MAX);
	svc_append_body(&b->hasher, &d->agent, lines, &body);
	long status = svc_call(
		d->send, "POST", d->path, "application/octet-stream", body.data, body.len, &out);
	if (status != 200)
		svc_die(d->path, ts_buf_str(&out));
	ts_buf_free(&out);
	ts_buf_free(&body);
}

/* n records in turn over the cells: eight devices for a quarter-hour. */
static void append_usage(struct bench *b, struct desk *d, int64_t day, int64_t n)
{
	struct ts_buf lines;
	ts_buf_init(&lines, BATCH * 256);
	for (int64_t i = 0; i < n; i++, d->records++) {
		int64_t start = SVC_FROM_MS + day * SVC_DAY_MS +
				d->records % CELLS / ACCOUNTS * TS_QUARTER_MS;
		ts_buf_printf(&lines,
			"u1\t%lld\t%lld\tgpu-h100\t8000\t7200000000\ton_demand\tjob-%lld\tnode-%lld"
			"\tteam-%lld\n",
			(long long)start, (long long)(start + TS_QUARTER_MS),
			(long long)(d->records / 12), (long long)(d->records / CELLS),
			(long long)(d->records % ACCOUNTS));
		if (i + 1 == n || (i + 1) % BATCH == 0) {
			append(b, d, (struct ts_str){lines.data, lines.len});
			ts_buf_reset(&lines);
		}
	}
	ts_buf_free(&lines);
}

static void open_desk(struct bench *b, const struct svc_contract *other, int number, struct desk *d)
{
	char cluster[16];
	struct ts_why why = {"", ""};
	struct ts_buf line;
	memset(d, 0, sizeof *d);
	svc_contract(&b->svc, other, &d->contract);
	snprintf(cluster, sizeof cluster, "c%d", number);
	svc_agent(&b->svc, &d->contract, cluster, TS_SIDE_PROVIDER, &d->agent);
	snprintf(d->path, sizeof d->path, "/v1/streams/%s/append", d->agent.stream);
	svc_ok(ts_send_create(b->svc.url, d->contract.agent_token, &d->send, &why), &why);
	svc_ok(ts_db_contract_find(b->session->db, d->contract.id, &d->row, &why), &why);
	ts_buf_init(&line, 1024);
	svc_genesis(&d->contract, &d->agent, &line);
	append(b, d, (struct ts_str){line.data, line.len});
	ts_buf_free(&line);
}

/* One event; what it took. */
static int64_t settle_us(
	struct bench *b, struct desk *d, enum ts_settle_kind kind, int32_t period, int64_t now_us)
{
	struct ts_why why = {"", ""};
	struct ts_settle s = {.app = &b->app,
		.session = b->session,
		.contract = d->row,
		.kind = kind,
		.now_us = now_us,
		.day = INT32_MIN,
		.period = period,
		.region = ts_region_create(SETTLE_REGION_BYTES)};
	if (s.region == NULL)
		svc_die("settle", "out of memory");
	int64_t start = ts_clock_mono_us();
	svc_ok(ts_settle_run(&s, &why), &why);
	int64_t us = ts_clock_mono_us() - start;
	if (!s.done)
		svc_die("settle", "no event was appended");
	ts_region_free(s.region);
	return us;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t median(int64_t *values, size_t n)
{
	qsort(values, n, sizeof *values, by_size);
	return values[n / 2];
}

/* What autovacuum does within a minute or so of real time: statistics, and BRIN ranges summarised.
 */
static void vacuum(struct bench *b)
{
	PGconn *conn = PQconnectdb(b->svc.cluster.admin);
	PGresult *res = PQexec(conn, "vacuum (analyze)");
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		svc_die("vacuum", PQerrorMessage(conn));
	PQclear(res);
	PQfinish(conn);
}

static void run_level(struct bench *b, struct desk *d, int64_t records, struct level *out)
{
	int64_t ticks[TICKS], cuts[CUTS], now_us = TICK_US;
	records -= records % CELLS; /* whole rounds: the next record is in the first cell */
	while (records > 0) {
		int64_t n = records < TICK_RECORDS ? records : TICK_RECORDS;
		append_usage(b, d, usage_days[0], n);
		now_us += SECOND_US;
		(void)settle_us(b, d, TS_SETTLE_TICK, 0, now_us);
		records -= n;
	}
	out->records = d->records;
	if (b->vacuum)
		vacuum(b);
	for (int i = 0; i < TICKS; i++) {
		append_usage(b, d, usage_days[0], CELLS);
		now_us += SECOND_US;
		ticks[i] = settle_us(b, d, TS_SETTLE_TICK, 0, now_us);
	}
	for (int i = 0; i < CUTS; i++) {
		append_usage(b, d, usage_days[i], CELLS);
		now_us = (SVC_FROM_MS + cut_days[i] * SVC_DAY_MS) * 1000;
		cuts[i] = settle_us(b, d, TS_SETTLE_CUT, i, now_us);
		/* the next cut waits for this one's document */
		(void)settle_us(b, d, TS_SETTLE_ISSUE, i, now_us + SECOND_US);
	}
	fprintf(stderr, "%lld records folded: measured\n", (long long)out->records);
	out->tick_us = median(ticks, TICKS);
	out->cut_us = median(cuts, CUTS);
}

static void print_ratio(const char *name, int64_t value, int64_t base, const char *end)
{
	int64_t permille = value * 1000 / (base > 0 ? base : 1);
	printf("%s%lld.%03lld%s", name, (long long)(permille / 1000), (long long)(permille % 1000),
		end);
}

static void print_json(const struct level levels[LEVELS])
{
	printf("{\"new_cells\":%d,\"levels\":[", CELLS);
	for (int i = 0; i < LEVELS; i++)
		printf("%s{\"records\":%lld,\"tick_us\":%lld,\"cut_us\":%lld}", i > 0 ? "," : "",
			(long long)levels[i].records, (long long)levels[i].tick_us,
			(long long)levels[i].cut_us);
	print_ratio("],\"tick\":{\"ratio_10\":", levels[1].tick_us, levels[0].tick_us, "");
	print_ratio(",\"ratio_100\":", levels[2].tick_us, levels[0].tick_us, "}");
	print_ratio(",\"cut\":{\"ratio_10\":", levels[1].cut_us, levels[0].cut_us, "");
	print_ratio(",\"ratio_100\":", levels[2].cut_us, levels[0].cut_us, "}}\n");
}

static void print_text(const struct level levels[LEVELS])
{
	printf("new batch: %d records in %d cells\n%14s %12s %12s\n", CELLS, CELLS, "folded before",
		"tick, us", "cut, us");
	for (int i = 0; i < LEVELS; i++)
		printf("%14lld %12lld %12lld\n", (long long)levels[i].records,
			(long long)levels[i].tick_us, (long long)levels[i].cut_us);
	print_ratio("ratio_10   tick ", levels[1].tick_us, levels[0].tick_us, "");
	print_ratio("  cut ", levels[1].cut_us, levels[0].cut_us, "\n");
	print_ratio("ratio_100  tick ", levels[2].tick_us, levels[0].tick_us, "");
	print_ratio("  cut ", levels[2].cut_us, levels[0].cut_us, "\n");
}

int main(int argc, char **argv)
{
	struct bench *b = &bench;
	b->vacuum = true;
	static struct desk warm, desks[LEVELS];
	struct level levels[LEVELS];
	int64_t records = BASE_DEFAULT;
	bool as_json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			as_json = true;
		} else if (strcmp(argv[i], "--full") == 0) {
			records = BASE_FULL;
		} else if (strcmp(argv[i], "--no-vacuum") == 0) {
			b->vacuum = false;
		} else {
			fprintf(stderr, "usage: %s [--json] [--full] [--no-vacuum]\n", argv[0]);
			return 2;
		}
	}
	(void)atexit(end_service);
	svc_start(&b->svc, "tick_s=0");
	open_session(b);
	/* Not measured: statements are prepared and plans settle in the connection's first events.
	 */
	open_desk(b, NULL, LEVELS, &warm);
	run_level(b, &warm, records, &levels[0]);
	ts_send_free(warm.send);
	for (int i = 0; i < LEVELS; i++, records *= 10) {
		open_desk(b, &warm.contract, i, &desks[i]);
		run_level(b, &desks[i], records, &levels[i]);
		ts_send_free(desks[i].send);
	}
	close_session(b);
	svc_stop(&b->svc);
	if (as_json)
		print_json(levels);
	else
		print_text(levels);
	return 0;
}
