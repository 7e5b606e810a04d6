/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_SLURM_TEXT_H
#define TS_IMPORTERS_SOURCE_SLURM_TEXT_H
/* Why: the texts that sacct prints for times, durations and job arrays; each refuses what sacct
 * would not have written, so that a damaged row cannot pass for another one. */
#include "base/text.h"

#define TS_SLURM_TASKS_MAX 1000000
#define TS_SLURM_SECONDS_MAX INT64_C(253402300800) /* the year 10000 */

/* `YYYY-MM-DDTHH:MM:SS`, taken as UTC, or whole seconds since 1970 (SLURM_TIME_FORMAT=%s).
 * TS_E_MALFORMED, also for the words that mean "not yet" (Unknown, None). */
enum ts_err ts_slurm_time(struct ts_str text, int64_t *ms) TS_MUST;
/* `[DD-[HH:]]MM:SS` in seconds. */
enum ts_err ts_slurm_elapsed(struct ts_str text, int64_t *seconds) TS_MUST;
/* True for a group of array tasks, `1234_[...]`; one task, `1234_7`, is no group. */
bool ts_slurm_is_array(struct ts_str job_id);
/* The tasks of a group `1234_[1-3,7,9-20:2%4]`, in order: the first `max` of them are written, *n
 * is the count of all. TS_E_MALFORMED; TS_E_LIMIT over TS_SLURM_TASKS_MAX. */
enum ts_err ts_slurm_array(struct ts_str job_id, int64_t *tasks, size_t max, size_t *n) TS_MUST;

enum ts_slurm_state {
	TS_SLURM_ENDED,
	TS_SLURM_RUNNING,
	TS_SLURM_NOT_ENDED, /* and does not run */
	TS_SLURM_REVOKED, /* ran in a sibling cluster of the federation, which reports it */
	TS_SLURM_UNKNOWN,
};
/* By the first word: "CANCELLED by 1001" is CANCELLED. */
enum ts_slurm_state ts_slurm_state(struct ts_str text);

#endif
