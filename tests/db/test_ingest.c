/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: all of a group is durable together, a stale upload drops out alone, and what was
 * stored reads back as the bytes that came. */
#include "db/fixture.h"
#include "evidence/origin.h"
#include "evidence/log.h"
#include "store/batch.h"
#include "store/cell.h"
#include "store/ingest.h"
#include "store/ingest_copy.h"
#include "store/ledger_state.h"
#include "store/log.h"
#include "store/news.h"
#include "store/sql.h"
#include "store/usage.h"
#include "support/file.h"

#define LINES 600

/* An upload and everything that it borrows, as the service's ingest would make it. */
struct upload {
	struct ts_region *region;
	struct ts_range before, after;
	struct ts_intake intake;
	struct ts_ingest_subtree subtrees[8];
	struct ts_intake_row *rows;
	char *lines;
	struct ts_ingest_upload up;
};

static struct ts_hasher hasher;
static struct ts_ingest *group;
static struct ts_range ranges[4]; /* what each stream should be */

/* n lines of stream `stream` from its present size on: u1, with a c1, an r1 and a void line. */
static void upload_make(struct upload *u, int stream, size_t n)
{
	struct ts_buf buf;
	struct ts_str rest, line;
	struct ts_hash full;
	const char *reason = NULL;
	size_t i = 0;

	memset(u, 0, sizeof *u);
	u->region = ts_region_create(64u << 20);
	u->before = u->after = ranges[stream];
	u->rows = ts_region_array(u->region, n, sizeof *u->rows);
	assert_int_equal(ts_cells_init(&u->intake.cells, u->region, &hasher, 7), TS_OK);
	ts_buf_init(&buf, 16u << 20);
	for (i = 0; i < n; i++) {
		int64_t index = u->before.size + (int64_t)i, start = 1781524800000 + index * 60000;

		if (i == 3)
			ts_buf_printf(&buf, "c1\t%lld\t%lld\tgpu\t0\t3\t10800\n",
				(long long)1781524800000, (long long)1781528400000);
		else if (i == 4)
			ts_buf_printf(
				&buf, "r1\ttally.example/%032d/c/a%d/g1\t0\twrong\n", 0, stream);
		else if (i == 5)
			ts_buf_printf(&buf, "u1\tnot a number\n");
		else
			ts_buf_printf(&buf,
				"u1\t%lld\t%lld\tgpu\t1000\t3600\treserved\tjob-%lld\tnode-1\t-\n",
				(long long)start, (long long)(start + 1200000),
				(long long)(index % 7));
	}
	u->lines = ts_region_copy(u->region, buf.data, buf.len);
	rest = (struct ts_str){u->lines, buf.len};
	for (i = 0; ts_str_line(&rest, &line); i++) {
		struct ts_intake_row *row = &u->rows[i];
		struct ts_hash leaf;

		row->index = u->before.size + (int64_t)i;
		if (ts_record_parse(line, &row->record, &reason) != TS_OK)
			row->void_reason = reason;
		else if (row->record.tag == TS_RECORD_USAGE)
			assert_int_equal(ts_cells_add(&u->intake.cells, &row->record.usage), TS_OK);
		u->intake.void_n += row->void_reason != NULL;
		u->intake.usage_n += row->void_reason == NULL && row->record.tag == TS_RECORD_USAGE;
		u->intake.close_n += row->void_reason == NULL && row->record.tag == TS_RECORD_CLOSE;
		u->intake.reversal_n += ts_ingest_is_reversal(row);
		ts_hash_leaf(&hasher, line.at, line.len, &leaf);
		if (ts_range_append(&hasher, &u->after, &leaf, &full))
			u->subtrees[u->up.subtrees_n++] = (struct ts_ingest_subtree){
				u->after.size / TS_MERKLE_TILE_LEAVES - 1, full};
	}
	assert_int_equal(i, n);
	assert_int_equal(ts_cells_sort(&u->intake.cells), TS_OK);
	u->up.stream_id = streams[stream];
	u->up.side = stream == 2;
	u->up.range_old = &u->before;
	u->up.range = &u->after;
	ts_range_root(&hasher, &u->after, &u->up.root);
	u->up.note = TS_STR("note");
	u->up.receipt = TS_STR("receipt");
	u->up.leaf = TS_STR("checkpoint leaf");
	ts_hash_leaf(&hasher, u->up.leaf.at, u->up.leaf.len, &u->up.leaf_hash);
	u->up.lines = (struct ts_str){u->lines, buf.len};
	u->up.rows = u->rows;
	u->up.rows_n = n;
	u->up.intake = &u->intake;
	u->up.subtrees = u->subtrees;
	ts_buf_free(&buf);
}

static void upload_free(struct upload *u)
{
	ts_region_free(u->region);
}

static enum ts_err commit(struct upload *uploads, size_t n)
{
	struct ts_ingest_upload *list[8];
	struct ts_why why = {"", ""};
	enum ts_err err = TS_OK;

	for (size_t i = 0; i < n; i++)
		list[i] = &uploads[i].up;
	err = ts_ingest_commit(group, ingest, contracts[0], TS_CLUSTER_NOW_US, list, n, &why);
	if (err != TS_OK)
		print_error("%s: %s\n", why.where, why.text);
	return err;
}

static int64_t count(const char *what)
{
	char sql[512];

	snprintf(sql, sizeof sql, "select count(*) from %s%s", what[0] == '(' ? "" : "app.", what);
	return fixture_number(cluster.admin, sql);
}

static void group_of_three(void **state)
{
	struct upload u[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		upload_make(&u[i], i, LINES);
	assert_int_equal(commit(u, 3), TS_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(u[i].up.result, TS_OK);
		assert_int_equal(u[i].up.size, LINES);
		assert_int_equal(u[i].up.leaf_index, i);
		ranges[i] = u[i].after;
		upload_free(&u[i]);
	}
	assert_int_equal(count("usage where tag = 1"), 3 * (LINES - 3));
	assert_int_equal(count("usage where tag = 2 and record_n = 3"), 3);
	assert_int_equal(
		count("window_close where records = 3 and quantity = 10800 and idx = 3"), 3);
	assert_int_equal(count("usage where tag = 9 and void_reason is not null"), 3);
	assert_int_equal(count("reversal where target_index = 0"), 3);
	assert_int_equal(count("batch where usage_n = 597 and void_n = 1"), 3);
	assert_int_equal(count("subtree where tree > 0"), 3 * 2);
	assert_int_equal(count("log_leaf where log = 0"), 3);
}

/* A database of before: the migration finds all its c1 lines, though row-level security is forced
 * on whoever migrates. */
static void closes_are_filled_in(void **state)
{
	const struct ts_sql_migration *m = ts_sql_migrations;
	struct ts_buf sql;

	(void)state;
	while (m->name != NULL && strncmp(m->name, "0016", 4) != 0)
		m++;
	assert_non_null(m->name);
	ts_buf_init(&sql, 1u << 20);
	ts_buf_printf(&sql,
		"begin; create table public.kept as table app.window_close; drop table "
		"app.window_close, app.period_completeness; set local role ts_owner; %s; commit",
		m->text);
	fixture_sql(cluster.admin, ts_buf_str(&sql));
	ts_buf_free(&sql);
	assert_int_equal(count("window_close"), 3);
	assert_int_equal(
		count("(select * from app.window_close except select * from public.kept) t"), 0);
}

static void stale_drops_out_alone(void **state)
{
	struct upload u[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		upload_make(&u[i], i, 10);
	u[1].before.size -= 7; /* sent again by an agent that missed the answer */
	u[1].after.size -= 7;
	assert_int_equal(commit(u, 3), TS_OK);
	assert_int_equal(u[0].up.result, TS_OK);
	assert_int_equal(u[1].up.result, TS_E_STALE);
	assert_int_equal(u[1].up.size, LINES);
	assert_int_equal(u[2].up.result, TS_OK);
	assert_int_equal(u[0].up.leaf_index, 3);
	assert_int_equal(u[2].up.leaf_index, 4);
	ranges[0] = u[0].after;
	ranges[2] = u[2].after;
	for (int i = 0; i < 3; i++)
		upload_free(&u[i]);
	assert_int_equal(count("batch"), 5);
}

static void twice_in_a_group(void **state)
{
	struct upload u[2];

	(void)state;
	upload_make(&u[0], 1, 20);
	upload_make(&u[1], 1, 20);
	assert_int_equal(commit(u, 2), TS_OK);
	assert_int_equal(u[0].up.result, TS_OK);
	assert_int_equal(u[1].up.result, TS_E_STALE);
	ranges[1] = u[0].after;
	upload_free(&u[0]);
	upload_free(&u[1]);
}

/* A group in which one upload can't be stored at all leaves no trace; one by one the rest passes.
 */
static void failing_group(void **state)
{
	struct upload u[2];
	int64_t before = count("usage");

	(void)state;
	upload_make(&u[0], 0, 10);
	upload_make(&u[1], 1, 10);
	u[1].up.side = 7; /* a check constraint of batch refuses it */
	assert_int_equal(commit(u, 2), TS_E_INVALID);
	assert_int_equal(count("usage"), before);
	assert_int_equal(count("log_leaf where log = 0"), 6);
	assert_int_equal(commit(u, 1), TS_OK);
	assert_int_equal(u[0].up.leaf_index, 6);
	ranges[0] = u[0].after;
	upload_free(&u[0]);
	upload_free(&u[1]);
}

static void reads_back(void **state)
{
	struct ts_region *region = ts_region_create(64u << 20);
	struct ts_db_stream stream;
	struct ts_db_batch batch;
	struct ts_str lines, line;
	struct ts_hash root;
	struct ts_why why;

	(void)state;
	OK(ts_db_stream_get(ingest, "00000000000000000000000000000001", region, &stream, &why));
	assert_int_equal(stream.contract_id, contracts[0]);
	assert_int_equal(stream.range.size, LINES + 20);
	assert_true(ts_range_eq(&stream.range, &ranges[1]));
	assert_int_equal(stream.state, TS_DB_STREAM_LIVE);
	assert_string_equal(
		stream.key.origin, "tally.example/00000000000000000000000000000000/c/a1/g1");
	OK(ts_db_batch_ended(ingest, contracts[0], streams[1], LINES, region, &batch, &why));
	assert_true(ts_str_is(batch.receipt, "receipt"));
	assert_int_equal(batch.received_month, 2026 * 12 + 5);
	assert_int_equal(ts_db_batch_ended(
				 ingest, contracts[0], streams[1], LINES - 1, region, &batch, &why),
		TS_E_NOT_FOUND);
	OK(ts_db_batch_lines(ingest, contracts[0], 1, region, &lines, &why));
	assert_memory_equal(lines.at, "u1\t", 3);
	OK(ts_db_batch_line(ingest, contracts[0], streams[1], LINES + 5, region, &line, &why));
	assert_true(ts_str_is(line, "u1\tnot a number"));
	/* Roots from stored hashes equal those that grew as lines came: two paths, one value. */
	for (int i = 0; i < 3; i++) {
		struct ts_db_stream_source source = {.db = ingest,
			.hasher = &hasher,
			.contract_id = contracts[0],
			.stream_id = streams[i],
			.region = ts_region_create(16u << 20)};
		struct ts_merkle_source merkle = ts_db_stream_source(&source);
		struct ts_hash grown;

		ts_range_root(&hasher, &ranges[i], &grown);
		assert_int_equal(ts_merkle_root(&hasher, &merkle, ranges[i].size, &root), TS_OK);
		assert_true(ts_hash_eq(&root, &grown));
		ts_region_free(source.region);
	}
	ts_region_free(region);
}

static void revoked_key(void **state)
{
	struct upload u[2];

	(void)state;
	fixture_sql(cluster.admin,
		"update app.agent_key set revoked_leaf = 100 where public_id like '%2'");
	upload_make(&u[0], 0, 10);
	upload_make(&u[1], 2, 10);
	assert_int_equal(commit(u, 2), TS_OK);
	assert_int_equal(u[0].up.result, TS_OK);
	assert_int_equal(u[1].up.result, TS_E_KEY);
	ranges[0] = u[0].after;
	upload_free(&u[0]);
	upload_free(&u[1]);
}

static void equivocation(void **state)
{
	struct upload u;
	struct ts_why why;

	(void)state;
	const struct ts_db_conflict conflict = {.size = 10,
		.accepted_note = TS_STR("one note"),
		.refused_note = TS_STR("another note"),
		.proof = TS_STR("proof"),
		.seen_us = TS_CLUSTER_NOW_US};
	bool news = false;
	for (int i = 0; i < 2; i++) {
		OK(ts_db_stream_quarantine(
			ingest, contracts[0], streams[1], &conflict, "{}", &news, &why));
		assert_int_equal(news, i == 0);
	}
	assert_int_equal(count("conflict"), 1);
	assert_int_equal(count("event"), 1); /* both companies are told once */
	assert_int_equal(count("event_queue"), 1);
	upload_make(&u, 1, 10);
	assert_int_equal(commit(&u, 1), TS_OK);
	assert_int_equal(u.up.result, TS_E_QUARANTINED);
	upload_free(&u);
}

struct fold {
	struct ts_region *region;
	struct ts_usage_cell *cells;
	size_t n;
};

/* As settle does: the keys of all uploads' lines, stored with the ledger of the example's terms. */
static enum ts_err keys_body(struct ts_db *db, struct ts_region *mine, struct ts_why *why)
{
	char *path = ts_source_path("tests/vectors/terms/example.json");
	struct ts_file file = ts_file_read(path);
	const struct ts_terms *terms = NULL;
	struct ts_ledger *ledger = NULL;
	struct ts_db_news news;
	struct ts_ledger_version version;

	free(path);
	TS_TRY(ts_terms_parse(file.bytes, file.len, mine, &terms, why));
	ts_file_free(&file);
	version = ts_ledger_first_version(terms);
	TS_TRY(ts_ledger_create(mine, &version, 1, &ledger));
	TS_TRY(ts_db_news_read(db, contracts[0], 0, 8, INT64_MAX, mine, &news, why));
	assert_int_equal(news.to, 8);
	assert_true(news.batches > 1 && news.keys.n > 0);
	TS_TRY(ts_db_ledger_store(db, contracts[0], ledger, &news.keys, NULL, why));
	TS_TRY(ts_db_news_read(db, contracts[0], 0, 8, 1, mine, &news, why));
	assert_int_equal(news.batches, 1); /* the first always fits */
	return ts_db_ledger_store(
		db, contracts[0], ledger, &news.keys, NULL, why); /* are there already */
}

static enum ts_err fold_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct fold *f = arg;
	struct ts_usage usage = {.start_ms = 1781524800000,
		.end_ms = 1781524800000 + 1200000,
		.sku = TS_STR("gpu"),
		.devices_milli = 1000,
		.quantity = 3600,
		.class = TS_STR("reserved"),
		.workload = TS_STR("job-0"),
		.resource = TS_STR("node-1"),
		.account = TS_STR("-")};
	struct ts_db_usage_filter filter = {
		.side = -1, .workload = "job-3", .after_index = -1, .limit = 1000};
	struct ts_db_usage *rows = NULL;
	struct ts_db_cell_sum *sums = NULL;
	struct ts_cells cells;
	size_t n = 0;
	int64_t differ = -1;

	TS_TRY(ts_db_cell_fold(db, contracts[0], 0, 3,
		(struct ts_terms_needs){.account = true, .origin = true}, f->region, &f->cells,
		&f->n, why));
	for (size_t i = 0; i < f->n; i++) {
		assert_true(ts_str_is(f->cells[i].account, "-"));
		assert_true(ts_origin_check(f->cells[i].origin, why) == TS_OK);
	}
	TS_TRY(ts_db_cell_fold(db, contracts[0], 3, 8, (struct ts_terms_needs){0}, f->region,
		&f->cells, &f->n, why));
	TS_TRY(ts_db_cell_check(db, contracts[0], 8, &differ, why));
	assert_int_equal(differ, 0);
	TS_TRY(ts_cells_init(&cells, f->region, &hasher, 7));
	TS_TRY(ts_cells_sub(&cells, &usage));
	TS_TRY(ts_db_cell_adjust(db, contracts[0], streams[0], cells.cells, cells.n, why));
	TS_TRY(ts_db_cell_check(db, contracts[0], 8, &differ, why));
	assert_int_equal(differ, 2); /* 20 minutes lie in two quarter-hours */
	TS_TRY(ts_db_cell_sums(db, contracts[0], 0, INT64_C(4000000) * 900 * 1000000,
		INT64_C(86400) * 1000000, false, false, f->region, &sums, &n, why));
	assert_true(n >= 2);
	TS_TRY(keys_body(db, f->region, why));
	TS_TRY(ts_db_usage_list(db, contracts[0], &filter, f->region, &rows, &n, why));
	assert_true(n > 200);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(rows[i].workload, "job-3");
	filter.after_batch = rows[99].batch_id;
	filter.after_index = rows[99].index;
	filter.limit = 1;
	TS_TRY(ts_db_usage_list(db, contracts[0], &filter, f->region, &rows, &n, why));
	assert_int_equal(n, 1);
	filter = (struct ts_db_usage_filter){
		.side = 1, .voids = true, .after_index = -1, .limit = 1000};
	TS_TRY(ts_db_usage_list(db, contracts[0], &filter, f->region, &rows, &n, why));
	assert_true(n > 590 && rows[0].side == 1);
	return ts_db_partition_close(db, 2026 * 12 + 5, why);
}

static void settle_side(void **state)
{
	struct fold f = {.region = ts_region_create(64u << 20)};
	struct ts_db_scope scope = {
		.contracts = contracts, .contracts_n = 1, .sides = TS_DB_SIDES_BOTH};
	struct ts_why why = {"", ""};

	(void)state;
	OK(ts_db_tx(service, &scope, fold_body, &f, &why));
	assert_true(f.n > 0);
	ts_region_free(f.region);
	/* From the kept lines, and the same as the rows say. */
	assert_true(count("batch_key where kind = 0 and value = 'job-3'") > 3);
	assert_int_equal(count("batch_key where kind = 2"), 0);
	assert_int_equal(count("(select distinct k.kind, k.value, u.batch_id from app.usage u"
			       " cross join lateral (values (0, workload), (1, resource),"
			       " (2, account)) k(kind, value) where tag = 1 and value <> '-') u"
			       " full join app.batch_key k using (kind, value, batch_id)"
			       " where u.batch_id is null or k.batch_id is null"),
		0);
}

static void windows_pack(void **state)
{
	struct ts_region *region = ts_region_create(1u << 20);
	struct ts_windows a, b;
	struct ts_usage usage = {
		.start_ms = 7200001, .end_ms = 7200002, .quantity = 5, .sku = TS_STR("gpu")};
	struct ts_buf buf;
	struct ts_str packed;

	(void)state;
	ts_windows_init(&a, region, 0, 3600000);
	assert_int_equal(ts_windows_add(&a, 3, &usage), TS_OK);
	usage.sku = TS_STR("egress");
	assert_int_equal(ts_windows_add(&a, 4, &usage), TS_OK);
	ts_buf_init(&buf, 4096);
	ts_windows_pack(&a, &buf);
	packed = (struct ts_str){buf.data, buf.len};
	ts_windows_init(&b, region, 0, 3600000);
	assert_int_equal(ts_windows_unpack(packed, &b), TS_OK);
	assert_int_equal(b.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(ts_str_eq(a.list[i].sku, b.list[i].sku));
		assert_int_equal(a.list[i].first, b.list[i].first);
		assert_int_equal(a.list[i].closed_to, b.list[i].closed_to);
	}
	usage.start_ms = 1;
	assert_int_equal(ts_windows_add(&b, 5, &usage), TS_OK);
	for (size_t len = 1; len < buf.len; len++) {
		ts_windows_init(&b, region, 0, 3600000);
		assert_int_equal(
			ts_windows_unpack((struct ts_str){buf.data, len}, &b), TS_E_MALFORMED);
	}
	ts_buf_free(&buf);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(group_of_three),
		cmocka_unit_test(closes_are_filled_in),
		cmocka_unit_test(stale_drops_out_alone),
		cmocka_unit_test(twice_in_a_group),
		cmocka_unit_test(failing_group),
		cmocka_unit_test(reads_back),
		cmocka_unit_test(revoked_key),
		cmocka_unit_test(equivocation),
		cmocka_unit_test(settle_side),
		cmocka_unit_test(windows_pack),
	};
	int failed = 0;

	fixture_start();
	fixture_connect();
	fixture_contracts();
	assert_int_equal(ts_hasher_init(&hasher), TS_OK);
	assert_int_equal(ts_ingest_create(&group), TS_OK);
	for (int i = 0; i < 4; i++)
		ts_range_init(&ranges[i]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ts_ingest_free(group);
	ts_hasher_free(&hasher);
	fixture_disconnect();
	return failed;
}
