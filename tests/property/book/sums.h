/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_SUMS_H
#define TS_TESTS_SUMS_H
/* Why: quantities of raw cells added up by hand, as rating takes them. One file, included by one
 * test. */
#include "world.h"

/* Billable quantity from the raw cells: priced, in time; by period and month, or quarter-hour. */
struct sums {
	struct ts_measure measures[CELLS_MAX];
	struct ts_fine fine[CELLS_MAX];
	size_t n, fine_n;
};

static inline void sums_fine(struct sums *s, const struct ts_fine *row)
{
	size_t k = 0;
	while (k < s->fine_n &&
		!(s->fine[k].price == row->price && s->fine[k].quarter_us == row->quarter_us))
		k++;
	if (k == s->fine_n)
		s->fine[s->fine_n++] = *row;
	else
		s->fine[k].quantity += row->quantity;
}

static inline void sums_measure(struct sums *s, const struct ts_measure *row)
{
	size_t k = 0;
	while (k < s->n &&
		!(s->measures[k].price == row->price && s->measures[k].period == row->period &&
			s->measures[k].month == row->month))
		k++;
	if (k == s->n)
		s->measures[s->n++] = *row;
	else
		s->measures[k].quantity += row->quantity;
}

#endif
