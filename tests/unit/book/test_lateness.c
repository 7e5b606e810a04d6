/* SPDX-License-Identifier: Apache-2.0 */
/* Lateness is decided once, by the leaf of a line's own batch: whatever is decided about the line
 * later takes its quantity out of, or puts it back into, the bucket that it was in. */
#include "support/desk.h"

#define TERMS                                                                                      \
	"{'currency':'USD','term':{'from':'2026-05-01'},"                                          \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'gpu','sku':'gpu','class':'od','model':'per_unit','unit_price':'0.01',"   \
	"'treatment':'t'}],'tax':{'treatments':[{'id':'t','category':'S','jurisdiction':'DE',"     \
	"'rate':'standard','recoverable':true}],'rates':[{'rate':'standard','jurisdiction':'DE',"  \
	"'from':'2026-01-01','percent':'19'}]},"                                                   \
	"'late':{'usage_until_days':3,'late_usage_until_days':40}}"

static void check_late(struct desk *d, int64_t quantity)
{
	const struct ts_unbilled_row *row = ts_ledger_unbilled(d->ledger, 0);
	assert_non_null(row);
	assert_string_equal(row->reason, "late");
	assert_int_equal(row->quantity, quantity);
}

struct late {
	struct desk d;
	int64_t on_time, parked, late; /* leaves */
};

static int64_t measured(struct desk *d)
{
	const struct ts_measure_row *row = ts_ledger_measure(d->ledger, 0);
	return row == NULL ? 0 : (int64_t)row->quantity;
}

static void on(struct late *l, int64_t leaf, int64_t quantity)
{
	assert_ok(desk_cell_of(&l->d, leaf, "2026-05-03T10:00:00Z", "gpu", "od", quantity));
}

/* A line of 9 in time; one of 5 in time that is parked at once; behind the deadline one of 3. */
static void late_open(struct late *l)
{
	desk_open(&l->d, TERMS);
	desk_at(&l->d, "2026-05-04");
	l->on_time = l->d.leaf;
	on(l, -1, 9);
	l->parked = l->d.leaf;
	on(l, -1, 5);
	on(l, l->parked, -5);
	assert_ok(desk_tick(&l->d, "2026-05-03"));
	desk_at(&l->d, "2026-06-04");
	assert_ok(desk_cut(&l->d, 0, "2026-05-31"));
	assert_ok(desk_issue(&l->d, 0));
	desk_at(&l->d, "2026-07-15");
	l->late = l->d.leaf;
	on(l, -1, 3);
	assert_ok(desk_tick(&l->d, "2026-07-14"));
	check_late(&l->d, 3);
	assert_int_equal(measured(&l->d), 9);
	int64_t late_from = ts_ledger_period(l->d.ledger, 0)->late_from;
	assert_true(late_from > l->parked && late_from <= l->late);
	desk_reload(&l->d);
}

static void late_close(struct late *l, int64_t expected, int64_t late)
{
	assert_ok(desk_tick(&l->d, "2026-07-14"));
	assert_int_equal(measured(&l->d), expected);
	check_late(&l->d, late);
	desk_close(&l->d);
}

static void reversal_of_a_line_in_time_hits_the_measure(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	on(&l, l.on_time, -9);
	on(&l, l.late, -3); /* and that of a late one what was late */
	late_close(&l, 0, 0);
}

static void contest_of_a_line_in_time_hits_the_measure(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	desk_at(&l.d, "2026-09-01");
	on(&l, l.on_time, -9);
	late_close(&l, 0, 3);
}

static void reattested_lines_return_to_where_they_were(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	on(&l, l.on_time, -9);
	on(&l, l.late, -3);
	assert_ok(desk_tick(&l.d, "2026-07-14"));
	desk_reload(&l.d);
	desk_at(&l.d, "2026-09-01");
	on(&l, l.on_time, 9);
	on(&l, l.late, 3);
	late_close(&l, 9, 3);
}

static void release_of_a_line_in_time_hits_the_measure(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	on(&l, l.parked, 5);
	late_close(&l, 14, 3);
}

/* --- consent of both companies --- */

static const struct ts_period_row *may(struct late *l)
{
	return ts_ledger_period(l->d.ledger, 0);
}

static void consent_bills_what_is_listed(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	struct ts_ledger_consent consent = desk_late(&l.d, 0);
	assert_int_equal(consent.cells, 1);
	int64_t to = ts_ledger_head(l.d.ledger)->inputs_to;
	assert_ok(desk_consent(&l.d, &consent));
	on(&l, -1, 7); /* an upload of the same event: it was not listed */
	assert_ok(desk_tick(&l.d, "2026-07-14"));
	assert_int_equal(measured(&l.d), 12);
	check_late(&l.d, 7);
	assert_int_equal(may(&l)->late_from, to);
	desk_reload(&l.d);
	/* June's document has it, as an adjustment that names May and its invoice. */
	assert_ok(desk_cut(&l.d, 1, "2026-07-14"));
	const char *body = desk_body(&l.d, 1);
	assert_non_null(strstr(body, "\"adjusts\":\"D1\""));
	assert_non_null(strstr(body, "\"period\":\"2026-05\""));
	assert_ok(desk_issue(&l.d, 1));
	assert_int_equal(l.d.invoice->subtotal_minor, 3);
	assert_int_equal(desk_consent(&l.d, &consent), TS_E_CONFLICT); /* names another list */
	desk_close(&l.d);
}

static void consent_to_another_list_changes_nothing(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	struct ts_ledger_consent consent = desk_late(&l.d, 0), other = consent;
	other.period_to_us += TS_US_PER_QUARTER;
	assert_int_equal(desk_consent(&l.d, &other), TS_E_CONFLICT);
	assert_string_equal(l.d.why.where, "period");
	other = consent;
	other.cells = 2;
	assert_int_equal(desk_consent(&l.d, &other), TS_E_CONFLICT);
	assert_string_equal(l.d.why.where, "cells");
	other = consent;
	other.list.b[31] ^= 1;
	assert_int_equal(desk_consent(&l.d, &other), TS_E_CONFLICT);
	assert_string_equal(l.d.why.where, "list");
	other = desk_late(&l.d, 1);
	assert_int_equal(desk_consent(&l.d, &other), TS_E_CONFLICT);
	assert_non_null(strstr(l.d.why.text, "nothing"));
	on(&l, l.late, 1); /* one more in the same quarter-hour, before the consent is folded */
	assert_ok(desk_tick(&l.d, "2026-07-14"));
	assert_int_equal(desk_consent(&l.d, &consent), TS_E_CONFLICT);
	late_close(&l, 9, 4);
}

static void reversal_of_a_consented_line_hits_the_measure(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	struct ts_ledger_consent consent = desk_late(&l.d, 0);
	assert_ok(desk_consent(&l.d, &consent));
	on(&l, l.late, -3); /* by the very event that folds the consent */
	int64_t newer = l.d.leaf;
	on(&l, -1, 6);
	assert_ok(desk_tick(&l.d, "2026-07-14"));
	desk_reload(&l.d);
	on(&l, newer, -2);
	late_close(&l, 9, 4);
}

static void consents_follow_each_other(void **state)
{
	struct late l;
	(void)state;
	late_open(&l);
	struct ts_ledger_consent consent = desk_late(&l.d, 0);
	assert_ok(desk_consent(&l.d, &consent));
	on(&l, -1, 6);
	assert_ok(desk_tick(&l.d, "2026-07-14"));
	consent = desk_late(&l.d, 0);
	assert_ok(desk_consent(&l.d, &consent));
	assert_int_equal(desk_consent(&l.d, &consent), TS_E_CONFLICT); /* twice in one event */
	late_close(&l, 18, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reversal_of_a_line_in_time_hits_the_measure),
		cmocka_unit_test(contest_of_a_line_in_time_hits_the_measure),
		cmocka_unit_test(reattested_lines_return_to_where_they_were),
		cmocka_unit_test(release_of_a_line_in_time_hits_the_measure),
		cmocka_unit_test(consent_bills_what_is_listed),
		cmocka_unit_test(consent_to_another_list_changes_nothing),
		cmocka_unit_test(reversal_of_a_consented_line_hits_the_measure),
		cmocka_unit_test(consents_follow_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
