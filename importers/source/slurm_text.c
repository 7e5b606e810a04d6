/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/slurm_text.h"
#include "base/time.h"
#include <string.h>

enum ts_err ts_slurm_time(struct ts_str text, int64_t *ms)
{
	int64_t seconds = 0;
	if (ts_text_u63(text, &seconds) == TS_OK) {
		if (seconds == 0 || seconds >= TS_SLURM_SECONDS_MAX)
			return TS_E_MALFORMED;
		*ms = seconds * 1000;
		return TS_OK;
	}
	char stamp[21];
	int64_t us = 0;
	if (text.len != 19)
		return TS_E_MALFORMED;
	memcpy(stamp, text.at, 19);
	stamp[19] = 'Z';
	if (ts_time_parse((struct ts_str){stamp, 20}, &us) != TS_OK)
		return TS_E_MALFORMED;
	*ms = us / TS_US_PER_MS;
	return TS_OK;
}

/* Decimal digits with leading zeros allowed, between min and max of them. */
static bool digits(struct ts_str text, size_t min, size_t max, int64_t *out)
{
	int64_t value = 0;
	if (text.len < min || text.len > max)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + (text.at[i] - '0');
	}
	*out = value;
	return true;
}

enum ts_err ts_slurm_elapsed(struct ts_str text, int64_t *seconds)
{
	int64_t days = 0;
	int64_t parts[3] = {0};
	size_t n = 0;
	bool has_days = text.len && memchr(text.at, '-', text.len);
	if (has_days && !digits(ts_str_cut(&text, '-'), 1, 6, &days))
		return TS_E_MALFORMED;
	while (text.at) {
		if (n == 3 || !digits(ts_str_cut(&text, ':'), 2, 2, &parts[n]))
			return TS_E_MALFORMED;
		n++;
	}
	if (n < 2 || (has_days && n != 3))
		return TS_E_MALFORMED;
	int64_t hour = n == 3 ? parts[0] : 0;
	int64_t minute = parts[n - 2];
	int64_t second = parts[n - 1];
	if (hour > 23 || minute > 59 || second > 59)
		return TS_E_MALFORMED;
	*seconds = days * 86400 + hour * 3600 + minute * 60 + second;
	return TS_OK;
}

/* Cuts at '_' and takes what is inside the brackets. */
static bool array_inside(struct ts_str job_id, struct ts_str *inside)
{
	struct ts_str rest = job_id;
	int64_t id = 0;
	if (!digits(ts_str_cut(&rest, '_'), 1, 18, &id) || rest.len < 3)
		return false;
	if (rest.at[0] != '[' || rest.at[rest.len - 1] != ']')
		return false;
	*inside = (struct ts_str){rest.at + 1, rest.len - 2};
	return true;
}

bool ts_slurm_is_array(struct ts_str job_id)
{
	const char *bracket = job_id.len ? memchr(job_id.at, '[', job_id.len) : NULL;
	return bracket != NULL;
}

/* One element: `7`, `1-3` or `9-20:2`. */
static bool array_range(struct ts_str text, int64_t *first, int64_t *last, int64_t *step)
{
	struct ts_str rest = text;
	struct ts_str range = ts_str_cut(&rest, ':');
	*step = 1;
	if (rest.at && (!digits(rest, 1, 7, step) || *step == 0))
		return false;
	struct ts_str high = range;
	struct ts_str low = ts_str_cut(&high, '-');
	if (!digits(low, 1, 7, first))
		return false;
	*last = *first;
	if (high.at && !digits(high, 1, 7, last))
		return false;
	return *last >= *first && (high.at || !rest.at);
}

enum ts_err ts_slurm_array(struct ts_str job_id, int64_t *tasks, size_t max, size_t *n)
{
	struct ts_str inside;
	size_t count = 0;
	if (!array_inside(job_id, &inside))
		return TS_E_MALFORMED;
	struct ts_str limit = inside; /* "%4": at most four at a time */
	struct ts_str list = ts_str_cut(&limit, '%');
	int64_t at_once = 0;
	if (limit.at && !digits(limit, 1, 7, &at_once))
		return TS_E_MALFORMED;
	while (list.at) {
		int64_t first = 0;
		int64_t last = 0;
		int64_t step = 1;
		if (!array_range(ts_str_cut(&list, ','), &first, &last, &step))
			return TS_E_MALFORMED;
		for (int64_t task = first; task <= last; task += step, count++) {
			if (count == TS_SLURM_TASKS_MAX)
				return TS_E_LIMIT;
			if (count < max)
				tasks[count] = task;
		}
	}
	*n = count;
	return TS_OK;
}

enum ts_slurm_state ts_slurm_state(struct ts_str text)
{
	static const struct {
		const char *word;
		enum ts_slurm_state state;
	} words[] = {
		{"COMPLETED", TS_SLURM_ENDED},
		{"CANCELLED", TS_SLURM_ENDED},
		{"FAILED", TS_SLURM_ENDED},
		{"TIMEOUT", TS_SLURM_ENDED},
		{"NODE_FAIL", TS_SLURM_ENDED},
		{"PREEMPTED", TS_SLURM_ENDED},
		{"BOOT_FAIL", TS_SLURM_ENDED},
		{"DEADLINE", TS_SLURM_ENDED},
		{"OUT_OF_MEMORY", TS_SLURM_ENDED},
		{"REVOKED", TS_SLURM_REVOKED},
		{"PENDING", TS_SLURM_NOT_ENDED},
		{"RUNNING", TS_SLURM_RUNNING},
		{"REQUEUED", TS_SLURM_NOT_ENDED},
		{"RESIZING", TS_SLURM_NOT_ENDED},
		{"SUSPENDED", TS_SLURM_NOT_ENDED},
		/* flags beside a state, in JSON */
		{"COMPLETING", TS_SLURM_NOT_ENDED},
		{"CONFIGURING", TS_SLURM_NOT_ENDED},
		{"POWER_UP_NODE", TS_SLURM_NOT_ENDED},
		{"REQUEUE_FED", TS_SLURM_NOT_ENDED},
		{"REQUEUE_HOLD", TS_SLURM_NOT_ENDED},
		{"RESV_DEL_HOLD", TS_SLURM_NOT_ENDED},
		{"SIGNALING", TS_SLURM_NOT_ENDED},
		{"SPECIAL_EXIT", TS_SLURM_NOT_ENDED},
		{"STAGE_OUT", TS_SLURM_NOT_ENDED},
		{"STOPPED", TS_SLURM_NOT_ENDED},
		{"EXPEDITING", TS_SLURM_ENDED},
		{"LAUNCH_FAILED", TS_SLURM_ENDED},
		{"RECONFIG_FAIL", TS_SLURM_ENDED},
	};
	struct ts_str word = ts_str_cut(&text, ' ');
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ts_str_is(word, words[i].word))
			return words[i].state;
	return TS_SLURM_UNKNOWN;
}
