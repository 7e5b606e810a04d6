/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_source.h"

#define EACH 2000

/* Each r1 cost the look-up of a batch when it named another than the one before it: 18 seconds for
 * one upload, and a tick folds 256 of them. */
static void reversals_here_and_there_look_up_each_batch_once(void **state)
{
	(void)state;
	world_open(FROM + 100 * HOUR);
	for (int64_t b = 0; b < 3; b++) {
		for (int64_t i = 0; i < EACH; i++)
			usage(FROM + i, FROM + i + 1, "job");
		append(OLDER, 1 + b);
	}
	world.looked = 0;
	for (int64_t i = 0; i < EACH; i++)
		for (int64_t b = 2; b >= 0; b--)
			reversal(OLDER, b * EACH + EACH - i);
	append(OLDER, 4);
	assert_int_equal(world.reversed, 3 * EACH);
	assert_int_equal(world.looked, 3);
	world_close();
}

/* A line of the same upload, one that is named twice, one that is no u1, and none at all. */
static void targets_of_every_kind(void **state)
{
	(void)state;
	world_open(FROM + 100 * HOUR);
	usage(FROM, FROM + HOUR, "job"); /* 1 */
	append(OLDER, 1);
	usage(FROM, FROM + HOUR, "job"); /* 2 */
	reversal(OLDER, 2); /* 3: of this upload */
	reversal(OLDER, 1); /* 4 */
	reversal(OLDER, 1); /* 5: not live any more */
	append(OLDER, 2);
	assert_int_equal(world.reversed, 2);
	assert_int_equal(world.refused, 1);
	reversal(OLDER, 3); /* an r1 */
	reversal(NEWER, 7); /* nothing is there */
	append(OLDER, 3);
	assert_int_equal(world.reversed, 2);
	assert_int_equal(world.refused, 3);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reversals_here_and_there_look_up_each_batch_once),
		cmocka_unit_test(targets_of_every_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
