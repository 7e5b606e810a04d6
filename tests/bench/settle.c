/* SPDX-License-Identifier: Apache-2.0 */
/* What a tick and a cut cost when 1, 10 and 100 times the records are already folded. Each size has
 * a cluster and a service of its own, and several contracts with that many records over the same
 * usage cells; then, contract by contract and round by round, the same new batch comes to all three
 * sizes, and each is settled in this process: the whole event, from the transaction's start to both
 * logs' signed checkpoints. The three take turns within a round, and of a round's events in the
 * several contracts, which lie seconds apart, the fastest counts: so that whatever else the machine
 * does hits the sizes alike, or not at all. A figure is the mean over the rounds. Work that grows
 * with new cells and charge lines only gives ratios near 1. The databases are vacuumed and analysed
 * before what is measured, as autovacuum (which is off here, so that it comes to none of them in
 * between) would;
 * --no-vacuum leaves that out and shows what a burst costs before autovacuum has come round. */
#include "api/inside.h"

#define LEVELS 3
#define BATCH 5000
#define DESKS 6 /* contracts of a size */
#define BASE_DEFAULT 5000
#define BASE_FULL 20000
#define QUARTERS 96 /* a day */
#define ACCOUNTS 4
#define CELLS (QUARTERS * ACCOUNTS)
#define TICK_RECORDS INT64_C(50000) /* of one tick, as a busy service would */
#define SECOND_US INT64_C(1000000)
#define ROUNDS 8 /* ticks, and cuts: the months of the example's terms */
#define WARM DESKS /* not measured: statements are prepared and plans settle (after five times) */
#define USAGE_DAY 9 /* of a month */
#define CUT_DAY 5 /* of the month after */
#define TICK_US ((SVC_FROM_MS + 15 * SVC_DAY_MS) * 1000)
/* From May 1: the first day of each month. */
static const int64_t month_days[ROUNDS + 1] = {0, 31, 61, 92, 123, 153, 184, 214, 245};

struct desk {
	struct svc_contract contract;
	struct svc_agent agent;
	struct ts_send *send;
	struct ts_db_contract row;
	char path[96];
	int64_t records, now_us;
};
/* One size: its cluster, its service, and what was measured. */
struct site {
	struct svc svc;
	struct inside in;
	struct ts_hasher hasher;
	struct desk desks[DESKS + 1]; /* the last: WARM */
	int64_t records; /* folded in each before what is measured */
	int64_t tick_us[DESKS + 1][ROUNDS], cut_us[DESKS + 1][ROUNDS];
};

struct result {
	int64_t records[LEVELS], tick_us[LEVELS], cut_us[LEVELS];
};

static struct site sites[LEVELS];

/* Also when something dies: no service stays behind. */
static void end_services(void)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (sites[i].svc.pid > 0)
			(void)kill(sites[i].svc.pid, SIGTERM);
}

static void append(struct site *b, struct desk *d, struct ts_str lines)
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
static void append_usage(struct site *b, struct desk *d, int64_t day, int64_t n)
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

static void open_desk(struct site *b, const struct svc_contract *other, struct desk *d)
{
	struct ts_why why = {"", ""};
	struct ts_buf line;
	memset(d, 0, sizeof *d);
	svc_contract(&b->svc, other, &d->contract);
	d->now_us = TICK_US;
	svc_agent(&b->svc, &d->contract, "c1", TS_SIDE_PROVIDER, &d->agent);
	snprintf(d->path, sizeof d->path, "/v1/streams/%s/append", d->agent.stream);
	svc_ok(ts_send_create(b->svc.url, d->contract.agent_token, &d->send, &why), &why);
	inside_contract(&b->in, d->contract.id, &d->row);
	ts_buf_init(&line, 1024);
	svc_genesis(&d->contract, &d->agent, &line);
	append(b, d, (struct ts_str){line.data, line.len});
	ts_buf_free(&line);
}

/* One event; what it took. */
static int64_t settle_us(struct site *b, struct desk *d, enum ts_settle_kind kind, int32_t period)
{
	struct ts_why why = {"", ""};
	d->now_us += SECOND_US;
	struct ts_settle s = inside_settle(&b->in, &d->row, kind, period, d->now_us);
	int64_t start = ts_clock_mono_us();
	svc_ok(ts_settle_run(&s, &why), &why);
	int64_t us = ts_clock_mono_us() - start;
	if (!s.done)
		svc_die("settle", "no event was appended");
	ts_region_free(s.region);
	return us;
}

/* As the database's superuser. */
static void admin(const struct site *b, const char *sql)
{
	PGconn *conn = PQconnectdb(b->svc.cluster.admin);
	PGresult *res = PQexec(conn, sql);
	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		svc_die(sql, PQerrorMessage(conn));
	PQclear(res);
	PQfinish(conn);
}

static void open_site(struct site *b)
{
	svc_start(&b->svc, "tick_s=0");
	admin(b, "alter system set autovacuum = off");
	admin(b, "select pg_reload_conf()");
	inside_open(&b->svc, &b->in);
	if (ts_hasher_init(&b->hasher) != TS_OK)
		svc_die("hasher", "out of memory");
	for (size_t i = 0; i <= DESKS; i++)
		open_desk(b, i > 0 ? &b->desks[0].contract : NULL, &b->desks[i]);
}

static void close_site(struct site *b)
{
	for (size_t i = 0; i <= DESKS; i++)
		ts_send_free(b->desks[i].send);
	ts_hasher_free(&b->hasher);
	inside_close(&b->in);
	svc_stop(&b->svc);
}

/* What is there before. */
static void fill(struct site *b, struct desk *d, int64_t records)
{
	records -= records % CELLS; /* whole rounds: the next record is in the first cell */
	while (records > 0) {
		int64_t n = records < TICK_RECORDS ? records : TICK_RECORDS;
		append_usage(b, d, USAGE_DAY, n);
		(void)settle_us(b, d, TS_SETTLE_TICK, 0);
		records -= n;
	}
	b->records = d->records;
}

static void fill_all(int64_t records, bool vacuum)
{
	for (size_t k = 0; k < LEVELS; k++, records *= 10) {
		for (size_t i = 0; i < DESKS; i++)
			fill(&sites[k], &sites[k].desks[i], records);
		if (vacuum)
			admin(&sites[k], "vacuum (analyze)");
		fprintf(stderr, "%d times %lld records folded\n", DESKS,
			(long long)sites[k].records);
	}
}

/* The same new batch for all; then each is settled, another one first in every round. */
static void ticks(size_t desk)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		for (size_t k = 0; k < LEVELS; k++)
			append_usage(&sites[k], &sites[k].desks[desk], USAGE_DAY, CELLS);
		for (size_t k = 0; k < LEVELS; k++) {
			struct site *b = &sites[(desk + i + k) % LEVELS];
			b->tick_us[desk][i] = settle_us(b, &b->desks[desk], TS_SETTLE_TICK, 0);
		}
	}
}

static void cuts(size_t desk)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		for (size_t k = 0; k < LEVELS; k++)
			append_usage(
				&sites[k], &sites[k].desks[desk], month_days[i] + USAGE_DAY, CELLS);
		for (size_t k = 0; k < LEVELS; k++) {
			struct site *b = &sites[(desk + i + k) % LEVELS];
			struct desk *d = &b->desks[desk];
			d->now_us = (SVC_FROM_MS + (month_days[i + 1] + CUT_DAY) * SVC_DAY_MS) *
				    1000;
			b->cut_us[desk][i] = settle_us(b, d, TS_SETTLE_CUT, (int32_t)i);
		}
		for (size_t k = 0; k < LEVELS; k++) /* the next cut waits for this one's document */
			(void)settle_us(
				&sites[k], &sites[k].desks[desk], TS_SETTLE_ISSUE, (int32_t)i);
	}
}

static int64_t figure(int64_t us[DESKS + 1][ROUNDS])
{
	int64_t sum = 0;
	for (size_t i = 0; i < ROUNDS; i++) {
		int64_t least = us[0][i];
		for (size_t k = 1; k < DESKS; k++)
			least = us[k][i] < least ? us[k][i] : least;
		sum += least;
	}
	return sum / ROUNDS;
}

static void print_ratio(const char *name, int64_t value, int64_t base, const char *end)
{
	int64_t permille = value * 1000 / (base > 0 ? base : 1);
	printf("%s%lld.%03lld%s", name, (long long)(permille / 1000), (long long)(permille % 1000),
		end);
}

static void print_json(const struct result *r)
{
	printf("{\"new_cells\":%d,\"levels\":[", CELLS);
	for (int i = 0; i < LEVELS; i++)
		printf("%s{\"records\":%lld,\"tick_us\":%lld,\"cut_us\":%lld}", i > 0 ? "," : "",
			(long long)r->records[i], (long long)r->tick_us[i],
			(long long)r->cut_us[i]);
	print_ratio("],\"tick\":{\"ratio_10\":", r->tick_us[1], r->tick_us[0], "");
	print_ratio(",\"ratio_100\":", r->tick_us[2], r->tick_us[0], "}");
	print_ratio(",\"cut\":{\"ratio_10\":", r->cut_us[1], r->cut_us[0], "");
	print_ratio(",\"ratio_100\":", r->cut_us[2], r->cut_us[0], "}}\n");
}

static void print_text(const struct result *r)
{
	printf("new batch: %d records in %d cells\n%14s %12s %12s\n", CELLS, CELLS, "folded before",
		"tick, us", "cut, us");
	for (int i = 0; i < LEVELS; i++)
		printf("%14lld %12lld %12lld\n", (long long)r->records[i], (long long)r->tick_us[i],
			(long long)r->cut_us[i]);
	print_ratio("ratio_10   tick ", r->tick_us[1], r->tick_us[0], "");
	print_ratio("  cut ", r->cut_us[1], r->cut_us[0], "\n");
	print_ratio("ratio_100  tick ", r->tick_us[2], r->tick_us[0], "");
	print_ratio("  cut ", r->cut_us[2], r->cut_us[0], "\n");
}

int main(int argc, char **argv)
{
	struct result result = {0};
	int64_t records = BASE_DEFAULT;
	bool as_json = false, vacuum = true;
	svc_incomplete_after_days = 0; /* meters that close nothing are not what is measured */
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			as_json = true;
		} else if (strcmp(argv[i], "--full") == 0) {
			records = BASE_FULL;
		} else if (strcmp(argv[i], "--no-vacuum") == 0) {
			vacuum = false;
		} else {
			fprintf(stderr, "usage: %s [--json] [--full] [--no-vacuum]\n", argv[0]);
			return 2;
		}
	}
	(void)atexit(end_services);
	for (size_t k = 0; k < LEVELS; k++)
		open_site(&sites[k]);
	ticks(WARM);
	cuts(WARM);
	fill_all(records, vacuum);
	for (size_t i = 0; i < DESKS; i++) {
		ticks(i);
		cuts(i);
	}
	for (size_t k = 0; k < LEVELS; k++) {
		result.records[k] = sites[k].records;
		result.tick_us[k] = figure(sites[k].tick_us);
		result.cut_us[k] = figure(sites[k].cut_us);
	}
	for (size_t k = 0; k < LEVELS; k++)
		close_site(&sites[k]);
	if (as_json)
		print_json(&result);
	else
		print_text(&result);
	return 0;
}
