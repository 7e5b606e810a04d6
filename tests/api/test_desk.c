/* SPDX-License-Identifier: Apache-2.0 */
/* The desk itself, with kinds of its own: a countersignature that is a leaf of its own, and a world
 * that changes while a statement waits. The table of kinds here takes the place of the service's.
 */
#include "support/test.h"
#include "api/service.h"
#include "service/desk/desk.h"
#include "store/log.h"

static struct svc svc;
static struct svc_contract contract;
static struct ts_session *session;
static struct ts_region *region;
static struct {
	bool closed; /* the world: nothing is admitted */
	int applied, countered;
	int64_t leaf;
} world;

static enum ts_err period_read(struct ts_desk *desk, struct ts_why *why)
{
	TS_TRY(ts_period_statement_parse(desk->text, &desk->is.period, why));
	desk->about = desk->is.period.contract;
	return TS_OK;
}

static enum ts_err period_owner(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	(void)why;
	*out = desk->is.period.book;
	return TS_OK;
}

static enum ts_err note_apply(struct ts_desk *desk, struct ts_why *why)
{
	(void)why;
	if (desk->counter)
		world.countered++;
	else
		world.applied++;
	world.leaf = desk->leaf;
	return TS_OK;
}

static enum ts_err reservation_read(struct ts_desk *desk, struct ts_why *why)
{
	TS_TRY(ts_reservation_parse(desk->text, &desk->is.reservation, why));
	desk->about = desk->is.reservation.contract;
	return TS_OK;
}

static enum ts_err world_check(struct ts_desk *desk, struct ts_why *why)
{
	return world.closed ? ts_why(why, TS_E_CONFLICT, "book", "the shop of %s is shut",
				      desk->contract.public_id)
			    : TS_OK;
}

static const struct ts_desk_kind period = {.name = "period",
	.format = TS_STATEMENT_PERIOD,
	.leaf = TS_LEAF_PERIOD,
	.signers = TS_DESK_COUNTER,
	.read = period_read,
	.owner = period_owner,
	.apply = note_apply};
static const struct ts_desk_kind both = {.name = "both",
	.format = TS_STATEMENT_RESERVATION,
	.leaf = TS_LEAF_RESERVATION,
	.signers = TS_DESK_BOTH,
	.read = reservation_read,
	.check = world_check,
	.apply = note_apply};
const struct ts_desk_kind *const ts_desk_kinds[] = {&period, &both, NULL};
const struct ts_desk_kind *ts_desk_kind_named(struct ts_str name)
{
	return ts_str_is(name, "period") ? &period : &both;
}

static const char *period_text(enum ts_side book, int32_t through)
{
	static struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_period_statement s = {
		.contract = ts_str(contract.id), .book = book, .through = through, .cut = 1};
	ts_buf_free(&text);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_period_statement_build(&s, &text, &why), &why);
	return ts_buf_str(&text);
}

static const char *both_text(int32_t through)
{
	static struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_reservation s = {.contract = ts_str(contract.id),
		.through = through,
		.reason = TS_STR("not all of it")};
	ts_buf_free(&text);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_reservation_build(&s, &text, &why), &why);
	return ts_buf_str(&text);
}

#define PROVIDER 1u
#define CONSUMER 2u

/* One post; what refuses it, a kept refusal too. *row is the statement afterwards. */
static enum ts_err post(const char *text, unsigned who, struct ts_db_statement *row)
{
	const struct ts_secret *keys[2];
	struct ts_buf note;
	struct ts_why why = {"", ""};
	struct ts_desk_post p = {.must_sign = 0};
	size_t n = 0;
	if ((who & CONSUMER) != 0)
		keys[n++] = &contract.consumer;
	if ((who & PROVIDER) != 0)
		keys[n++] = &contract.provider;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_sign(ts_str(text), keys, n, &note);
	char *bytes = ts_region_copy(region, note.data, note.len);
	svc_ok(ts_note_parse((struct ts_str){bytes, note.len}, &p.note, &why), &why);
	ts_buf_free(&note);
	svc_ok(ts_desk_read(&p, &why), &why);
	svc_ok(ts_db_contract_find(session->db, contract.id, &p.desk.contract, &why), &why);
	p.desk.hasher = &session->hasher;
	p.desk.region = region;
	p.desk.now_us = ts_clock_now_us();
	enum ts_err err = ts_db_tx_contract(
		session->db, p.desk.contract.contract_id, ts_desk_tx, &p, &why);
	*row = p.row;
	return err != TS_OK ? err : p.refusal;
}

/* The leaf: exactly one line, of this key. */
static void assert_line(int64_t leaf, const struct ts_secret *key)
{
	char sql[600];
	snprintf(sql, sizeof sql,
		"select (length(t) - length(replace(t, chr(8212), ''))) * 10 + (t like "
		"'%%%s %%')::int from (select convert_from(data, 'UTF8') t from app.log_leaf "
		"where log = 0 and idx = %lld) l",
		key->key.name, (long long)leaf);
	assert_int_equal(svc_number(&svc, sql), 11);
}

static void a_countersignature_is_a_leaf_of_its_own(void **state)
{
	struct ts_db_statement row;
	(void)state;
	assert_int_equal(
		post(period_text(TS_SIDE_CONSUMER, 20000), PROVIDER, &row), TS_E_SIGNATURE);
	assert_ok(post(period_text(TS_SIDE_CONSUMER, 20000), CONSUMER, &row));
	int64_t leaf = row.leaf;
	assert_true(leaf > 0);
	assert_int_equal(row.counter_leaf, -1);
	assert_int_equal(world.applied, 1);
	assert_line(leaf, &contract.consumer);
	assert_ok(post(period_text(TS_SIDE_CONSUMER, 20000), CONSUMER, &row));
	assert_int_equal(row.leaf, leaf);
	assert_int_equal(row.counter_leaf, -1);
	assert_ok(post(period_text(TS_SIDE_CONSUMER, 20000), PROVIDER, &row));
	assert_int_equal(row.leaf, leaf);
	assert_int_equal(row.counter_leaf, leaf + 1);
	assert_int_equal(world.countered, 1);
	assert_int_equal(world.leaf, leaf + 1);
	assert_line(leaf + 1, &contract.provider);
	assert_ok(post(period_text(TS_SIDE_CONSUMER, 20000), PROVIDER | CONSUMER, &row));
	assert_int_equal(row.counter_leaf, leaf + 1);
	assert_int_equal(world.applied + world.countered, 2);
}

static void both_lines_at_once_are_two_leaves(void **state)
{
	struct ts_db_statement row;
	(void)state;
	assert_ok(post(period_text(TS_SIDE_PROVIDER, 20001), PROVIDER | CONSUMER, &row));
	assert_int_equal(row.counter_leaf, row.leaf + 1);
	assert_line(row.leaf, &contract.provider);
	assert_line(row.counter_leaf, &contract.consumer);
}

static void the_world_changes_while_it_waits(void **state)
{
	struct ts_db_statement row;
	int applied = world.applied;
	(void)state;
	world.closed = true;
	assert_int_equal(post(both_text(20000), PROVIDER, &row), TS_E_CONFLICT);
	world.closed = false;
	assert_int_equal(svc_number(&svc, "select count(*) from app.statement where kind = 'both'"),
		0); /* what nobody could admit is not kept */
	assert_ok(post(both_text(20000), PROVIDER, &row));
	world.closed = true;
	assert_int_equal(post(both_text(20000), CONSUMER, &row), TS_E_CONFLICT);
	assert_int_equal(row.leaf, -1);
	assert_non_null(strstr(row.refused, "is shut"));
	assert_int_equal(
		svc_number(&svc, "select count(*) from app.statement where refused like 'book: %'"),
		1);
	assert_int_equal(world.applied, applied);
	world.closed = false; /* both signatures were kept: any repeat will do */
	assert_ok(post(both_text(20000), PROVIDER, &row));
	assert_true(row.leaf > 0);
	assert_null(row.refused);
	assert_int_equal(world.applied, applied + 1);
}

/* What a company can pile up is bounded; what the other one began is not touched by it. */
static void waiting_statements_are_bounded(void **state)
{
	struct ts_db_statement row;
	char sql[512];
	(void)state;
	snprintf(sql, sizeof sql,
		"with n as (insert into app.statement (contract_id, sha256, kind, side, note, "
		"posted) select contract_id, decode(lpad(to_hex(i), 64, '0'), 'hex'), 'both', 0, "
		"'x', now() from generate_series(1, %d) i, app.directory where public_id = '%s' "
		"returning 1) select count(*) from n",
		TS_DESK_WAITING_MAX, contract.id);
	assert_int_equal(svc_number(&svc, sql), TS_DESK_WAITING_MAX);
	assert_int_equal(post(both_text(20007), PROVIDER, &row), TS_E_CONFLICT);
	assert_ok(post(both_text(20007), CONSUMER, &row));
	assert_int_equal(row.leaf, -1);
}

static int begin(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	svc_wrote = "app.statement app.seal app.seal_answer"; /* the desk alone runs here */
	svc_start(&svc, "tick_s=0");
	svc_contract(&svc, NULL, &contract);
	svc_ok(ts_session_open(svc.cluster.service, &session, &why), &why);
	region = ts_region_create(64u << 20);
	return region != NULL ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	ts_region_free(region);
	ts_session_close(session);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_countersignature_is_a_leaf_of_its_own),
		cmocka_unit_test(both_lines_at_once_are_two_leaves),
		cmocka_unit_test(the_world_changes_while_it_waits),
		cmocka_unit_test(waiting_statements_are_bounded),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
