/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_source.h"

#define HANDOVER (FROM + 100 * HOUR)
#define BATCHES 10
#define EACH 1000

static void hand_over(void)
{
	struct ts_why why = {"", ""};
	assert_ok(ts_judge_key(world.judge, 1000, NEWER, &why));
}

/* Each line over the handover that came late walked all lines of the newer stream: 500 of them
 * against 100,000 were 33 seconds of the thread that settles all contracts. */
static void late_straddlers_read_the_newer_stream_once(void **state)
{
	(void)state;
	world_open(HANDOVER);
	hand_over();
	for (int64_t b = 0; b < BATCHES; b++) {
		for (int64_t i = 0; i < EACH; i++)
			usage(HANDOVER + HOUR - i, HANDOVER + 2 * HOUR,
				i % 2 == 0 ? "job" : "mine");
		append(NEWER, 1001 + b);
	}
	for (int64_t i = 0; i < EACH; i++) /* half of them end before any of the others begins */
		usage(HANDOVER - HOUR, HANDOVER + (i % 2 == 0 ? 1 : HOUR), "job");
	usage(HANDOVER - HOUR, HANDOVER + HOUR, "other");
	world.walked = 0;
	append(OLDER, 1100);
	assert_int_equal(world.parked, EACH / 2);
	assert_in_range(world.walked, 1, BATCHES + 3); /* and the end of the list */
	world_close();
}

/* What the walk found is taken away by the upload itself: the next obstacle counts. */
static void an_obstacle_that_goes_leaves_the_next(void **state)
{
	(void)state;
	world_open(HANDOVER);
	hand_over();
	usage(HANDOVER, HANDOVER + HOUR, "job"); /* 1 */
	usage(HANDOVER + 1, HANDOVER + HOUR, "job"); /* 2 */
	append(NEWER, 1001);
	usage(HANDOVER - HOUR, HANDOVER + HOUR, "job"); /* parked */
	reversal(NEWER, 1);
	usage(HANDOVER - HOUR, HANDOVER + HOUR, "job"); /* parked, by line 2 */
	reversal(NEWER, 2);
	usage(HANDOVER - HOUR, HANDOVER + HOUR, "job"); /* not */
	append(OLDER, 1002);
	assert_int_equal(world.reversed, 2);
	assert_int_equal(world.parked, 2);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_straddlers_read_the_newer_stream_once),
		cmocka_unit_test(an_obstacle_that_goes_leaves_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
