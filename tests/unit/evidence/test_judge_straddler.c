/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_source.h"

#define HANDOVER (FROM + 100 * HOUR)
#define BATCHES 30
#define EACH 10000
#define LINES 40000

static void hand_over(void)
{
	struct ts_why why = {"", ""};
	assert_ok(ts_judge_key(world.judge, 1000, NEWER, &why));
}

/* Lines of the newer generation were compared with every one that reaches over the handover:
 * 200,000 of those and one upload kept settle busy for longer than the database keeps an idle
 * transaction open, so the contract never settled again. This took minutes. */
static void many_straddlers_do_not_wedge_settle(void **state)
{
	(void)state;
	world_open(HANDOVER);
	for (int64_t b = 0; b < BATCHES; b++) {
		for (int64_t i = 0; i < EACH; i++)
			usage(HANDOVER - HOUR, HANDOVER + 1, "job");
		append(OLDER, 1 + b);
	}
	hand_over();
	for (int64_t i = 0; i < LINES; i++)
		usage(HANDOVER + i % 2, HANDOVER + HOUR, "job");
	append(NEWER, 1001);
	assert_int_equal(world.parked, LINES / 2); /* those that begin before the others end */
	world_close();
}

/* Neither are those asked again and again that were reversed, and so are no obstacle; one that is
 * contested may come back, and is one as soon as it does. */
static void reversed_straddlers_are_passed_over(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	world_open(HANDOVER);
	for (int64_t i = 0; i < EACH; i++)
		usage(HANDOVER - HOUR, HANDOVER + 2 * HOUR, "job");
	usage(HANDOVER - HOUR, HANDOVER + HOUR, "job");
	append(OLDER, 1);
	for (int64_t i = 1; i <= EACH; i++)
		reversal(OLDER, i);
	append(OLDER, 2);
	hand_over();
	usage(HANDOVER, HANDOVER + 1, "job"); /* against the one that is left */
	usage(HANDOVER + HOUR, HANDOVER + 2 * HOUR, "job"); /* it has ended */
	usage(HANDOVER, HANDOVER + 1, "other");
	append(NEWER, 1001);
	assert_int_equal(world.parked, 1);
	/* the r1 lines lose their effect */
	assert_ok(ts_judge_revoke(world.judge, 1002, OLDER, 2, TS_STR("stolen"), &why));
	usage(HANDOVER + HOUR, HANDOVER + 2 * HOUR, "job");
	append(NEWER, 1003);
	assert_int_equal(world.parked, 2);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_straddlers_do_not_wedge_settle),
		cmocka_unit_test(reversed_straddlers_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
