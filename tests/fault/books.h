/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_FAULT_BOOKS_H
#define TS_TESTS_FAULT_BOOKS_H
/* Why: after a fault, what must hold of one contract whatever happened, and what must be equal to a
 * contract to which nothing happened. Looks as the database's superuser, past the service. */
#include "api/service.h"
#include "evidence/log.h"
#include "support/test.h"

#define BOOKS_HOUR_MS INT64_C(3600000)
#define BOOKS_SLOTS 500 /* in May and June, so that periods 0 and 1 have usage */

/* A tick as of the end of May: as of today it would accrue fees that a test without it has not. */
#define BOOKS_TICK "{\"day\":\"2026-05-31\"}"

/* One POST of an event, once: its status; the answer is in *out, what else came in *reply. */
static inline long books_post(struct ts_send *send, const char *contract, const char *what,
	const char *key, struct ts_buf *out, struct ts_send_reply *reply)
{
	char path[160];
	struct ts_why why = {"", ""};
	snprintf(path, sizeof path, "/v1/contracts/%s/%s", contract, what);
	bool tick = strcmp(what, "settle") == 0;
	const struct ts_send_call call = {.method = "POST",
		.path = path,
		.content_type = "application/json",
		.idempotency_key = key,
		.body = tick ? BOOKS_TICK : NULL,
		.body_len = tick ? strlen(BOOKS_TICK) : 0};
	return ts_send_call(send, &call, out, reply, &why) == TS_OK ? reply->status : 0;
}

/* Line i of a stream: an hour of some devices, in a slot of two hours of the contract's term. */
static inline void books_line_at(struct ts_buf *out, int64_t slot, int64_t i)
{
	int64_t from_ms = SVC_FROM_MS + slot * BOOKS_HOUR_MS * 2;
	int64_t devices = 1 + i % 8;
	ts_buf_printf(out,
		"u1\t%lld\t%lld\tgpu-h100\t%lld\t%lld\ton_demand\tjob-%lld\tnode-%lld\t-\n",
		(long long)from_ms, (long long)(from_ms + BOOKS_HOUR_MS),
		(long long)(devices * 1000), (long long)(devices * BOOKS_HOUR_MS * 1000),
		(long long)i, (long long)(i % 16));
}

static inline void books_line(struct ts_buf *out, int64_t i)
{
	books_line_at(out, i % BOOKS_SLOTS, i);
}

/* The first value of a query with the contract as its parameter; heap. */
static inline char *books_text(const struct svc *s, const char *contract, const char *sql)
{
	PGconn *conn = PQconnectdb(s->cluster.admin);
	PGresult *res = PQexecParams(conn, sql, 1, NULL, &contract, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) < 1)
		svc_die(sql, PQerrorMessage(conn));
	char *value = strdup(PQgetvalue(res, 0, 0));
	PQclear(res);
	PQfinish(conn);
	assert_non_null(value);
	return value;
}

static inline int64_t books_number(const struct svc *s, const char *contract, const char *sql)
{
	char *text = books_text(s, contract, sql);
	int64_t value = strtoll(text, NULL, 10);
	free(text);
	return value;
}

#define BOOKS_C                                                                                    \
	"with c as (select contract_id as id from app.directory where public_id = $1::text) "

/* Everything of the contract that an append or an event can leave behind, counted. */
static inline char *books_counts(const struct svc *s, const char *contract)
{
	return books_text(s, contract,
		BOOKS_C
		"select format('usage %s, batches %s, cells %s, leaves %s, size %s, entries "
		"%s, legs %s, documents %s, keys %s, cut lines %s, accruals %s', (select count(*) "
		"from app.usage where contract_id = c.id), (select count(*) from app.batch where "
		"contract_id = c.id), (select count(*) from app.batch_cell where contract_id = "
		"c.id), (select count(*) from app.log_leaf where contract_id = c.id), (select "
		"sum(size) from app.stream where contract_id = c.id), (select count(*) from "
		"app.entry where contract_id = c.id), (select count(*) from app.leg where "
		"contract_id = c.id), (select count(*) from app.document where contract_id = "
		"c.id), (select count(*) from app.idempotency where contract_id = c.id), (select "
		"count(*) from app.cut_line where contract_id = c.id), (select "
		"sum(abs(accrued)) from app.accrual where contract_id = c.id)) from c");
}

/* Each counts what is wrong. */
static const struct {
	const char *what, *sql;
} books_rules[] = {
	{"kept totals are the sums of the legs", "select count(*) from (select account, sum(case "
						 "when debit then amount else 0 end) d, "
						 "sum(case when debit then 0 else amount end) k "
						 "from app.leg, c where contract_id = c.id "
						 "group by 1) l full join (select b.* from "
						 "app.balance b, c where contract_id = c.id and "
						 "(debit, credit) <> (0, 0)) b using (account) "
						 "where l.d is distinct from b.debit or l.k "
						 "is distinct from b.credit"},
	{"an entry is a leaf of the journal", "select count(*) from (select entry_id as i from "
					      "app.entry, c where contract_id = c.id) e "
					      "full join (select idx as i from app.log_leaf, c "
					      "where contract_id = c.id and log = 1) l "
					      "using (i) where e.i is null or l.i is null"},
	{"logs have no gap",
		"select count(*) from c join app.contract_lock k on k.contract_id = c.id and "
		"k.what in "
		"(0, 1) cross join lateral (select count(*) n, coalesce(max(idx) + 1, 0) top from "
		"app.log_leaf l where l.contract_id = c.id and l.log = k.what) l "
		"where k.size <> l.n or k.size <> l.top"},
	{"accrued is the sum of accrual entries",
		"select count(*) from (select line_version as version, line_kind as kind, "
		"line_item as "
		"item, line_tier as tier, line_period as period, service_month as month, sum(case "
		"when "
		"debit then amount else -amount end) as s from app.entry e join app.leg l using "
		"(contract_id, entry_id), c where e.contract_id = c.id and account = 'unbilled' "
		"and "
		"e.kind = 'accrual' group by 1, 2, 3, 4, 5, 6) x full join (select a.* from "
		"app.accrual "
		"a, c where contract_id = c.id) a using (version, kind, item, tier, period, month) "
		"where coalesce(x.s, 0) <> coalesce(a.accrued, 0)"},
	{"a batch is a leaf",
		"select count(*) from (select leaf from app.batch, c where "
		"contract_id = c.id) b full join (select idx as leaf from app.log_leaf, c "
		"where contract_id = c.id and log = 0 and kind = 4) l using (leaf) where "
		"b.leaf is null or l.leaf is null"},
	{"usage rows are those of the batches",
		"select abs((select count(*) from app.usage, c where contract_id = c.id) - (select "
		"coalesce(sum(usage_n + void_n + close_n), 0) from app.batch, c where contract_id "
		"= "
		"c.id)) + (select count(*) - count(distinct (stream_id, idx)) from app.usage, c "
		"where "
		"contract_id = c.id)"},
	{"a stream is as long as its batches", "select count(*) from app.stream s, c where "
					       "s.contract_id = c.id and s.size <> (select "
					       "coalesce(sum(end_index - first_index), 0) from "
					       "app.batch b where b.contract_id = c.id "
					       "and b.stream_id = s.stream_id)"},
	{"a document is issued and stands in both books",
		"select count(*) from app.document d, c where d.contract_id = c.id and (state <> "
		"'issued' or (select count(distinct book) from app.entry e where e.contract_id = "
		"c.id "
		"and e.document = d.number and e.document_sha256 = d.sha256) <> 2)"},
	{"a kept key has its answer", "select count(*) from app.idempotency i, c where "
				      "i.contract_id = c.id and status is null"},
};

static inline void books_whole(const struct svc *s, const char *contract)
{
	char sql[2048];
	int wrong = 0;
	for (size_t i = 0; i < sizeof books_rules / sizeof books_rules[0]; i++) {
		snprintf(sql, sizeof sql, BOOKS_C "%s", books_rules[i].sql);
		int64_t n = books_number(s, contract, sql);
		if (n != 0)
			print_error("not so: %s (%lld)\n", books_rules[i].what, (long long)n);
		wrong += n != 0;
	}
	assert_int_equal(wrong, 0);
}

/* Balances, accruals and documents of two contracts with the same terms and usage. */
static inline void books_equal(const struct svc *s, const char *a, const char *b)
{
	static const char *const views[] = {"select coalesce(string_agg(account || ' ' || (debit - "
					    "credit), E'\\n' order by account), "
					    "'') from app.balance, c where contract_id = c.id",
		"select coalesce(string_agg(format('%s/%s/%s/%s/%s/%s %s', version, kind, item, "
		"tier, "
		"period, month, accrued), E'\\n' order by version, kind, item, tier, period, "
		"month), '') "
		"from app.accrual, c where contract_id = c.id and accrued <> 0",
		"select coalesce(string_agg(format('%s %s %s %s %s', period, kind, subtotal, tax, "
		"total), "
		"E'\\n' order by period), '') from app.document, c where contract_id = c.id"};
	char sql[1024];
	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		snprintf(sql, sizeof sql, BOOKS_C "%s", views[i]);
		char *x = books_text(s, a, sql), *y = books_text(s, b, sql);
		assert_string_equal(x, y);
		assert_true(x[0] != '\0');
		free(x);
		free(y);
	}
}

#endif
