/* SPDX-License-Identifier: Apache-2.0 */
/* One tick over many contracts with fifty charge lines each, as the settler makes it: four
 * connections that take contracts from a list, one transaction per contract. Every contract is made
 * over REST with terms of fifty prices, ticked once so that its line state is there, and given one
 * more upload with usage for every price; then all are settled in this process and timed.
 *
 * The yardstick of the same run: the legs that the tick has posted, copied by one plain INSERT ...
 * SELECT into an empty table with the same columns and indexes. The ratio is the tick's time over
 * the yardstick's: what evidence, rating, entries, journal leaves, line state and a commit per
 * contract cost on top of writing the legs alone.
 *
 * Signing checkpoints comes after a contract's transaction and is not in it (bench/sign). */
#include "api/inside.h"
#include <pthread.h>
#include <stdatomic.h>

#define LINES 50
#define LANES 4
#define CONTRACTS_DEFAULT 400
#define CONTRACTS_FULL 10000
#define CONTRACTS_SMOKE 8
#define USAGE_DAY 9
#define LEAST "3000.00"
#define TICK_US ((SVC_FROM_MS + 15 * SVC_DAY_MS) * 1000)

struct desk {
	struct svc_contract contract;
	struct svc_agent agent;
	struct ts_db_contract row;
};
static struct svc svc;
static struct desk *desks;
static size_t desks_n;

/* Fifty SKUs with a price each instead of the example's, and a minimum, of which every tick here
 * reaches a step that is told: the first 5 %, the second 10 %. */
static void fifty_prices(json_t *terms)
{
	json_t *skus = json_array(), *prices = json_array();
	char name[32], price[32];
	const char *treatment = svc_member(
		json_array_get(json_object_get(terms, "prices"), 0), "treatment");
	for (int i = 0; i < LINES; i++) {
		snprintf(name, sizeof name, "gpu-%02d", i);
		snprintf(price, sizeof price, "2.%02d", i);
		json_array_append_new(
			skus, json_pack("{s:s,s:s,s:s,s:s}", "sku", name, "name", name, "unit",
				      "GPU-hour", "divisor", "3600000000"));
		json_array_append_new(
			prices, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "id", name, "sku", name,
					"class", "*", "model", "per_unit", "unit_price", price,
					"treatment", treatment));
	}
	/* before the prices go: the treatment is theirs */
	json_object_set_new(terms, "minimums",
		json_pack("[{s:s,s:s,s:[s],s:[{s:s,s:s}],s:s}]", "id", "least", "description",
			"Least", "counts", "usage", "schedule", "from", "2026-05-01", "amount",
			LEAST, "treatment", treatment));
	json_object_set_new(terms, "skus", skus);
	json_object_set_new(terms, "prices", prices);
	json_object_set_new(terms, "fees", json_array());
}

/* --- the contracts, by four threads --- */

struct maker {
	pthread_t thread;
	struct ts_hasher hasher;
	size_t first;
};

static void append(
	struct ts_hasher *hasher, struct desk *d, struct ts_send *send, struct ts_buf *lines)
{
	char path[96];
	struct ts_buf body, out;
	ts_buf_init(&body, 1u << 20);
	ts_buf_init(&out, SVC_ANSWER_MAX);
	snprintf(path, sizeof path, "/v1/streams/%s/append", d->agent.stream);
	svc_append_body(hasher, &d->agent, (struct ts_str){lines->data, lines->len}, &body);
	if (svc_call(send, "POST", path, "application/octet-stream", body.data, body.len, &out) !=
		200)
		svc_die(path, ts_buf_str(&out));
	ts_buf_reset(lines);
	ts_buf_free(&out);
	ts_buf_free(&body);
}

/* A quarter-hour of every SKU. */
static void usage(struct ts_buf *lines, int64_t quarter)
{
	int64_t start = SVC_FROM_MS + USAGE_DAY * SVC_DAY_MS + quarter * TS_QUARTER_MS;
	for (int i = 0; i < LINES; i++)
		ts_buf_printf(lines,
			"u1\t%lld\t%lld\tgpu-%02d\t8000\t7200000000\ton_demand\tjob-1\tnode-"
			"1\tteam-1\n",
			(long long)start, (long long)(start + TS_QUARTER_MS), i);
}

static struct ts_send *connect_as(const char *token)
{
	struct ts_why why = {"", ""};
	struct ts_send *send = NULL;
	svc_ok(ts_send_create(svc.url, token, &send, &why), &why);
	return send;
}

static void open_desk(struct maker *m, struct svc *mine, size_t i)
{
	struct ts_buf lines;
	struct desk *d = &desks[i];
	ts_buf_init(&lines, 1u << 20);
	svc_contract(mine, i > 0 ? &desks[0].contract : NULL, &d->contract);
	svc_agent(mine, &d->contract, "c1", TS_SIDE_PROVIDER, &d->agent);
	struct ts_send *send = connect_as(d->contract.agent_token);
	svc_genesis(&d->contract, &d->agent, &lines);
	usage(&lines, 0);
	append(&m->hasher, d, send, &lines);
	ts_send_free(send);
	ts_buf_free(&lines);
}

static void append_more(struct maker *m, size_t i)
{
	struct ts_buf lines;
	struct ts_send *send = connect_as(desks[i].contract.agent_token);
	ts_buf_init(&lines, 1u << 20);
	usage(&lines, 1);
	append(&m->hasher, &desks[i], send, &lines);
	ts_send_free(send);
	ts_buf_free(&lines);
}

static void *make(void *arg)
{
	struct maker *m = arg;
	struct svc mine = svc;
	mine.send = connect_as(svc.admin);
	for (size_t i = m->first; i < desks_n; i += LANES)
		open_desk(m, &mine, i);
	ts_send_free(mine.send);
	return NULL;
}

static void *more(void *arg)
{
	struct maker *m = arg;
	for (size_t i = m->first; i < desks_n; i += LANES)
		append_more(m, i);
	return NULL;
}

static void all(void *(*work)(void *), size_t first)
{
	struct maker makers[LANES];
	for (size_t i = 0; i < LANES; i++) {
		makers[i].first = first + i;
		if (ts_hasher_init(&makers[i].hasher) != TS_OK ||
			pthread_create(&makers[i].thread, NULL, work, &makers[i]) != 0)
			svc_die("thread", "none starts");
	}
	for (size_t i = 0; i < LANES; i++) {
		pthread_join(makers[i].thread, NULL);
		ts_hasher_free(&makers[i].hasher);
	}
}

/* --- the tick --- */

struct lane {
	pthread_t thread;
	struct inside in;
	int64_t entries, wait_us;
	uint64_t statements_max;
};
static _Atomic(size_t) next_desk;
static int64_t tick_now_us;

static void *settle(void *arg)
{
	struct lane *lane = arg;
	struct ts_region *region = ts_region_create(INSIDE_REGION_BYTES);
	for (size_t i = 0; (i = atomic_fetch_add(&next_desk, 1)) < desks_n;) {
		struct ts_why why = {"", ""};
		struct ts_settle s = {.app = &lane->in.app,
			.session = lane->in.session,
			.contract = desks[i].row,
			.kind = TS_SETTLE_TICK,
			.now_us = tick_now_us,
			.day = INT32_MIN,
			.region = region};
		svc_ok(ts_settle_run(&s, &why), &why);
		lane->entries += s.entries;
		lane->wait_us += s.spent.wait_us;
		if (s.spent.statements > lane->statements_max)
			lane->statements_max = s.spent.statements;
	}
	ts_region_free(region);
	return NULL;
}

struct result {
	int64_t tick_us, yard_us, wait_us, entries, legs;
	uint64_t statements_max;
};

static void tick(struct lane lanes[LANES], struct result *r)
{
	atomic_store(&next_desk, 0);
	tick_now_us += 1000000;
	memset(r, 0, sizeof *r);
	for (size_t i = 0; i < LANES; i++)
		lanes[i].entries = lanes[i].wait_us = 0, lanes[i].statements_max = 0;
	int64_t start_us = ts_clock_mono_us();
	for (size_t i = 0; i < LANES; i++)
		if (pthread_create(&lanes[i].thread, NULL, settle, &lanes[i]) != 0)
			svc_die("thread", "none starts");
	for (size_t i = 0; i < LANES; i++)
		pthread_join(lanes[i].thread, NULL);
	r->tick_us = ts_clock_mono_us() - start_us;
	for (size_t i = 0; i < LANES; i++) {
		r->entries += lanes[i].entries;
		r->wait_us += lanes[i].wait_us;
		if (lanes[i].statements_max > r->statements_max)
			r->statements_max = lanes[i].statements_max;
	}
}

static void run(PGconn *conn, const char *sql)
{
	PGresult *res = PQexec(conn, sql);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		svc_die(sql, PQerrorMessage(conn));
	PQclear(res);
}

/* The legs of every contract's last tick again, as a superuser. */
static void yardstick(struct result *r)
{
	PGconn *conn = PQconnectdb(svc.cluster.admin);
	run(conn, "create table public.yardstick (like app.leg including all)");
	run(conn, "create temporary table last as select l.* from app.leg l join app.entry e using "
		  "(contract_id, entry_id) where e.source_leaf = (select max(source_leaf) from "
		  "app.entry m where m.contract_id = e.contract_id)");
	int64_t start_us = ts_clock_mono_us();
	run(conn, "insert into public.yardstick select * from last");
	r->yard_us = ts_clock_mono_us() - start_us;
	run(conn, "drop table public.yardstick, last");
	PQfinish(conn);
	r->legs = 2 * r->entries;
}

static void print_ratio(const char *name, int64_t value, int64_t base, const char *end)
{
	int64_t permille = value * 1000 / (base > 0 ? base : 1);
	printf("%s%lld.%03lld%s", name, (long long)(permille / 1000), (long long)(permille % 1000),
		end);
}

static void print_json(const struct result *r)
{
	printf("{\"contracts\":%zu,\"lines\":%d,\"entries\":%lld,\"legs\":%lld,\"statements\":%"
	       "llu,",
		desks_n, LINES, (long long)r->entries, (long long)r->legs,
		(unsigned long long)r->statements_max);
	printf("\"tick_us\":%lld,\"yardstick_us\":%lld,\"contracts_per_s\":%lld,",
		(long long)r->tick_us, (long long)r->yard_us,
		(long long)((int64_t)desks_n * 1000000 / (r->tick_us + 1)));
	print_ratio("\"postgresql\":", r->wait_us, r->tick_us * LANES, ",");
	print_ratio("\"ratio\":", r->tick_us, r->yard_us, "}\n");
}

static void print_text(const struct result *r)
{
	printf("%zu contracts of %d charge lines: %lld entries, %lld legs, at most %llu statements "
	       "a contract\n",
		desks_n, LINES, (long long)r->entries, (long long)r->legs,
		(unsigned long long)r->statements_max);
	printf("tick, %d connections: %lld us, %lld contracts/s\n", LANES, (long long)r->tick_us,
		(long long)((int64_t)desks_n * 1000000 / (r->tick_us + 1)));
	print_ratio("share of the lanes' time inside PostgreSQL: ", r->wait_us, r->tick_us * LANES,
		"\n");
	printf("the same legs by one INSERT ... SELECT: %lld us\n", (long long)r->yard_us);
	print_ratio("ratio ", r->tick_us, r->yard_us, "\n");
}

static void find_rows(struct inside *in)
{
	for (size_t i = 0; i < desks_n; i++)
		inside_contract(in, desks[i].contract.id, &desks[i].row);
}

static void measure(struct result *r)
{
	struct lane lanes[LANES] = {{.entries = 0}};
	struct maker first = {.first = 0};
	if (ts_hasher_init(&first.hasher) != TS_OK)
		svc_die("hasher", "out of memory");
	open_desk(&first, &svc, 0); /* makes the companies */
	ts_hasher_free(&first.hasher);
	all(make, 1);
	for (size_t i = 0; i < LANES; i++)
		inside_open(&svc, &lanes[i].in);
	find_rows(&lanes[0].in);
	tick_now_us = TICK_US;
	tick(lanes, r);
	fprintf(stderr, "%zu contracts are there\n", desks_n);
	all(more, 0);
	PGconn *conn = PQconnectdb(svc.cluster.admin);
	run(conn, "vacuum (analyze)");
	PQfinish(conn);
	tick(lanes, r);
	if (r->entries != (int64_t)desks_n * LINES * 2)
		svc_die("tick", "a contract has not fifty lines in both books");
	for (size_t i = 0; i < LANES; i++)
		inside_close(&lanes[i].in);
	yardstick(r);
}

int main(int argc, char **argv)
{
	struct result result = {0};
	bool as_json = false, audit = true;
	desks_n = CONTRACTS_DEFAULT;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			as_json = true;
		} else if (strcmp(argv[i], "--full") == 0) {
			desks_n = CONTRACTS_FULL;
			audit = false; /* would take longer than all the rest */
		} else if (strcmp(argv[i], "--smoke") == 0) {
			desks_n = CONTRACTS_SMOKE;
		} else {
			fprintf(stderr, "usage: %s [--json] [--full | --smoke]\n", argv[0]);
			return 2;
		}
	}
	desks = calloc(desks_n, sizeof *desks);
	if (desks == NULL)
		svc_die("contracts", "out of memory");
	svc_terms_edit = fifty_prices;
	svc_start(&svc, "tick_s=0");
	measure(&result);
	if (!audit)
		svc_wrote = "*";
	svc_stop(&svc);
	free(desks);
	if (as_json)
		print_json(&result);
	else
		print_text(&result);
	return result.statements_max <= 8 ? 0 : 1;
}
