/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SIMULATE_H
#define TS_IMPORTERS_SIMULATE_H
/* Why: usage of a GPU cluster that looks like published ones, from a seed, for demonstrations, load
 * tests and acceptance: the same options give the same lines on every machine. Jobs arrive, wait,
 * run, are cut short by hardware and run again; groups of nodes are taken out for maintenance.
 *
 * Where the figures come from:
 * - sizes, run times, outcomes, load per job: the Kalos cluster of Acme (InternLM/AcmeTrace,
 *   data/cluster_summary.csv): 19,907 GPU jobs, mean 26.77 GPUs (median 1, max 1,024), run time
 * mean 1,259.7 s (median 124 s), 54.1 % completed, 39.7 % failed, 6.2 % cancelled, mean 267,905
 * GPU-s per job. The tables in simulate.c meet these means within 2 %.
 * - arrival: a fully busy cluster of N GPUs gets N x 86,400 / 267,905 such jobs a day; jobs_milli
 *   scales that (default 0.8).
 * - hardware: 419 unexpected interruptions in 54 days on 16,384 H100 (Llama 3, arXiv 2407.21783,
 *   section 3.3.4): one per 50,677 GPU-hours.
 * - maintenance (16 nodes for 4 hours, every 30 days each) and repair (1 to 4 hours) are ours. */
#include "base/num.h"
#include "evidence/record.h"

#define TS_SIMULATE_DAYS_MAX 400
#define TS_SIMULATE_QUEUE_MAX 65536

struct ts_simulate_options {
	int64_t gpus; /* a multiple of 8, 8..1,000,000 */
	int64_t from_ms; /* a whole UTC hour, as to_ms */
	int64_t to_ms;
	uint64_t seed;
	int64_t jobs_milli; /* offered load in thousandths of the cluster; 1..5,000 */
	struct ts_str sku;
	struct ts_str class;
	struct ts_str account; /* empty: pretrain, research or interactive, by the job's size */
};
struct ts_simulate_sink {
	void *ctx;
	/* One u1, cut at UTC hours: the GPUs of one job in one group of nodes. */
	enum ts_err (*usage)(void *ctx, const struct ts_usage *use, struct ts_why *why);
	void (*progress)(void *ctx, int64_t done_hours, int64_t hours); /* NULL allowed */
};
struct ts_simulate_report {
	int64_t jobs; /* submitted */
	int64_t ended[3]; /* completed, failed, cancelled */
	int64_t interrupted; /* times that hardware cut a job short; it ran again */
	int64_t turned_away; /* submitted to a full queue */
	int64_t maintenance; /* groups taken out */
	int64_t records;
	ts_i128 used; /* device-microseconds of jobs */
	ts_i128 excluded; /* and of maintenance and repair */
};

/* TS_E_RANGE names the option. The class of what was excluded is excluded_maintenance. */
enum ts_err ts_simulate(const struct ts_simulate_options *options,
	const struct ts_simulate_sink *sink, struct ts_simulate_report *report,
	struct ts_why *why) TS_MUST;

/* Means of the job tables, in thousandths: what the tests hold against the published ones. */
struct ts_simulate_means {
	int64_t gpus_milli;
	int64_t run_ms;
	int64_t gpu_ms; /* GPUs x run time */
};
struct ts_simulate_means ts_simulate_means(void);

#endif
