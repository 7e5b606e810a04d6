/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CLOCK_H
#define TS_SERVICE_CLOCK_H
/* Why: the two clocks of the process. Below this room time is a parameter. */
#include <stdint.h>

int64_t ts_clock_now_us(void); /* UTC, microseconds since 1970 */
int64_t ts_clock_mono_us(void); /* never goes back; for deadlines and durations */

#endif
