/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_JOBS_H
#define TS_IMPORTERS_JOBS_H
/* Why: the simulator's job population (sizes, run times, outcomes; sources in simulate.h) and the
 * heap of what runs, ordered by its end. */
#include "importers/cluster.h"
#include "importers/xoshiro.h"
#include <stdbool.h>

enum ts_job_kind {
	TS_JOB_WORK,
	TS_JOB_MAINTENANCE,
	TS_JOB_REPAIR,
};
struct ts_job {
	int64_t id; /* per kind, from 1 */
	enum ts_job_kind kind;
	int64_t gpus;
	int64_t start_ms;
	int64_t end_ms;
	int64_t left_ms; /* still to run after end_ms, when hardware ends it; else 0 */
	int outcome; /* 0 completed, 1 failed, 2 cancelled */
	uint32_t *nodes; /* owned */
	size_t nodes_n;
};

/* A heap: [0] ends first; ties by kind, then id. */
struct ts_jobs {
	struct ts_job *list;
	size_t n;
	size_t cap;
};
enum ts_err ts_jobs_push(struct ts_jobs *jobs, const struct ts_job *job) TS_MUST;
struct ts_job ts_jobs_pop(struct ts_jobs *jobs); /* n > 0; its nodes are the caller's then */
void ts_jobs_free(struct ts_jobs *jobs);

/* Draws size, run time (into left_ms) and outcome. Sizes over gpus_max are drawn again. */
void ts_jobs_draw(struct ts_xoshiro *rng, int64_t gpus_max, struct ts_job *out);
struct ts_simulate_means;
void ts_jobs_means(int64_t gpus_max, struct ts_simulate_means *out);

#endif
