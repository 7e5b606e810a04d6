/* SPDX-License-Identifier: Apache-2.0 */
#include "service/clock.h"

#include "base/err.h"
#include <time.h>

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;
	TS_ASSERT(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + (int64_t)ts.tv_nsec / 1000;
}

int64_t ts_clock_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t ts_clock_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}
