/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/traces.h"
#include "importers/frame/cell.h"
#include <stdio.h>
#include <string.h>

#define DEVICES_MAX 1000000
#define MINUTE_MS 60000

static enum ts_err keep_options(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)why;
	const struct ts_source_options **kept = ts_region_alloc(region, sizeof(*kept));
	if (!kept)
		return TS_E_NO_MEMORY;
	*kept = options;
	*state = kept;
	return TS_OK;
}

/* Philly: a job has attempts, an attempt has hosts, a host has devices. One row an attempt. */
enum philly_field { JOB_ID, VC, USER, STATUS, PHILLY_FIELDS };
static const struct ts_field philly_fields[PHILLY_FIELDS] = {
	[JOB_ID] = {"jobid", true},
	[VC] = {"vc", false},
	[USER] = {"user", false},
	[STATUS] = {"status", false},
};

static const struct ts_node *nth(const struct ts_node *list, int64_t n)
{
	const struct ts_node *at = list ? list->first : NULL;
	while (at && n-- > 0)
		at = at->next;
	return at;
}

/* Devices and the names of hosts; a device named twice is refused. */
static bool read_hosts(
	const struct ts_node *attempt, int64_t *devices, char hosts[1024], struct ts_row *row)
{
	size_t len = 0;
	const struct ts_node *detail = ts_node_get(attempt, "detail");
	*devices = 0;
	hosts[0] = '\0';
	for (const struct ts_node *host = detail ? detail->first : NULL; host; host = host->next) {
		struct ts_str ip = ts_node_text(ts_node_get(host, "ip"));
		const struct ts_node *gpus = ts_node_get(host, "gpus");
		if (ip.len == 0 || !gpus || gpus->kind != TS_NODE_ARRAY) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing",
				"a host without ip or gpus");
			return false;
		}
		for (const struct ts_node *a = gpus->first; a; a = a->next)
			for (const struct ts_node *b = gpus->first; b != a; b = b->next)
				if (ts_str_eq(ts_node_text(a), ts_node_text(b))) {
					ts_row_judge(row, TS_ROW_QUARANTINED, "device_twice",
						"%.*s %.*s", TS_SHOW(ip), TS_SHOW(ts_node_text(a)));
					return false;
				}
		*devices += (int64_t)gpus->n;
		if (len + ip.len + 2 < 1024) {
			int n = snprintf(hosts + len, 1024 - len, "%s%.*s", len ? "," : "",
				(int)ip.len, ip.at);
			len += n > 0 ? (size_t)n : 0;
		}
	}
	return true;
}

/* False: the row was judged. */
static bool read_time(
	const struct ts_node *attempt, const char *name, int64_t *ms, struct ts_row *row)
{
	struct ts_str text = ts_node_text(ts_node_get(attempt, name));
	if (text.len == 0) {
		ts_row_judge(row, TS_ROW_PENDING, "not_ended", "no %s", name);
		return false;
	}
	if (ts_stamp(text, TS_STAMP_UTC | TS_STAMP_ZONED, ms) == TS_OK)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "time_malformed", "%s \"%.*s\"", name, TS_SHOW(text));
	return false;
}

static enum ts_err philly_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct ts_source_options *const *options = state;
	const struct ts_node *attempts = ts_node_get(item->tree, "attempts");
	const struct ts_node *attempt = nth(attempts, item->part);
	struct ts_usage use = {0};
	int64_t devices = 0;
	char hosts[1024];
	(void)why;
	row->more = attempt && attempt->next;
	if (!attempt) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "never_scheduled", "no attempts");
		return TS_OK;
	}
	if (!read_time(attempt, "start_time", &use.start_ms, row) ||
		!read_time(attempt, "end_time", &use.end_ms, row) ||
		!ts_row_span(use.start_ms, use.end_ms, row) ||
		!read_hosts(attempt, &devices, hosts, row))
		return TS_OK;
	if (devices == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "an attempt without devices");
		return TS_OK;
	}
	ts_row_accept(row);
	use.sku = ts_row_token(row, ts_str((*options)->sku));
	use.class = ts_row_token(row, ts_str((*options)->class));
	use.workload = ts_row_token(row, item->cells[JOB_ID]);
	use.resource = ts_row_token(row, ts_str(hosts));
	use.account = ts_row_token(row, item->cells[VC].len ? item->cells[VC] : TS_STR(""));
	char number[32];
	snprintf(number, sizeof(number), "%lld", (long long)item->part);
	const struct ts_str key[] = {TS_STR("philly"), item->cells[JOB_ID], ts_str(number)};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, devices * 1000, use.end_ms - use.start_ms);
	return TS_OK;
}

static const struct ts_form philly_forms[] = {
	{
		.kind = TS_FORM_JSON,
		.fields = philly_fields,
		.fields_n = PHILLY_FIELDS,
		.items = "",
		.row = philly_row,
	},
};
const struct ts_source ts_philly_source = {
	.name = "philly",
	.summary = "jobs of Microsoft's Philly trace (JSON), one row an attempt",
	.time_note = "times without a zone were taken as UTC (the trace names none)",
	.forms = philly_forms,
	.forms_n = 1,
	.open = keep_options,
};

/* Acme: the trace states a product of its own, which counts the queue too: it is recomputed. */
enum acme_field { A_JOB, A_GPUS, A_STATE, A_START, A_END, A_SUBMIT, A_USER, A_STATED, ACME_FIELDS };
static const struct ts_field acme_fields[ACME_FIELDS] = {
	[A_JOB] = {"job_id", true},
	[A_GPUS] = {"gpu_num", true},
	[A_STATE] = {"state", false},
	[A_START] = {"start_time", true},
	[A_END] = {"end_time", true},
	[A_SUBMIT] = {"submit_time", false},
	[A_USER] = {"user", false},
	[A_STATED] = {"gpu_time", false},
};

/* What the row states against what its times say, in GPU-seconds; with --set stated=ignore only
 * the times count. */
static bool agrees(const struct ts_source_options *options, const struct ts_item *item,
	int64_t gpu_ms, struct ts_row *row)
{
	int64_t stated_ms = 0;
	const char *setting = ts_source_setting(options, "stated");
	if (item->cells[A_STATED].len == 0 || (setting && strcmp(setting, "ignore") == 0))
		return true;
	if (!ts_cell_number(item, acme_fields, A_STATED, 3, 0, INT64_MAX / 2, &stated_ms, row))
		return false;
	if (stated_ms == gpu_ms)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "stated_mismatch",
		"gpu_time states %lld.%03lld GPU-seconds, end - start x gpu_num is %lld.%03lld",
		(long long)stated_ms / 1000, (long long)stated_ms % 1000, (long long)gpu_ms / 1000,
		(long long)gpu_ms % 1000);
	return false;
}

static enum ts_err acme_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct ts_source_options *const *options = state;
	const struct ts_str *cells = item->cells;
	const unsigned stamps = TS_STAMP_ZONED;
	struct ts_usage use = {0};
	int64_t devices = 0;
	(void)why;
	if (!ts_cell_number(item, acme_fields, A_GPUS, 0, 0, DEVICES_MAX, &devices, row))
		return TS_OK;
	if (devices == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "gpu_num 0");
		return TS_OK;
	}
	if (cells[A_START].len == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "never_scheduled", "no start_time");
		return TS_OK;
	}
	if (cells[A_END].len == 0) {
		ts_row_judge(row, TS_ROW_PENDING, "not_ended", "no end_time");
		return TS_OK;
	}
	if (!ts_cell_stamp(item, acme_fields, A_START, stamps, &use.start_ms, row) ||
		!ts_cell_stamp(item, acme_fields, A_END, stamps, &use.end_ms, row) ||
		!ts_row_span(use.start_ms, use.end_ms, row) ||
		!agrees(*options, item, devices * (use.end_ms - use.start_ms), row))
		return TS_OK;
	ts_row_accept(row);
	use.sku = ts_row_token(row, ts_str((*options)->sku));
	use.class = ts_row_token(row, ts_str((*options)->class));
	use.workload = ts_row_token(row, cells[A_JOB]);
	use.resource = TS_STR("-");
	use.account = ts_row_token(row, cells[A_USER]);
	const struct ts_str key[] = {TS_STR("acme"), cells[A_JOB], cells[A_SUBMIT], cells[A_START]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, devices * 1000, use.end_ms - use.start_ms);
	return TS_OK;
}

static const struct ts_source_value acme_settings[] = {
	{"stated", "ignore: bill by the times where the stated gpu_time differs"},
};
static const struct ts_form acme_forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = acme_fields,
		.fields_n = ACME_FIELDS,
		.separators = ",",
		.flags = TS_TABLE_QUOTED,
		.row = acme_row,
	},
};
const struct ts_source ts_acme_source = {
	.name = "acme",
	.summary = "job rows of InternLM's Acme trace (CSV)",
	.time_note = "times carry a zone, as written",
	.forms = acme_forms,
	.forms_n = 1,
	.settings = acme_settings,
	.settings_n = 1,
	.open = keep_options,
};

/* Series: so many devices (Helios) or nodes (Philly) ran in that minute. */
enum series_field { S_TIME, S_RUNNING, S_TOTAL, SERIES_FIELDS };
static const struct ts_field series_fields[SERIES_FIELDS] = {
	[S_TIME] = {"time", true},
	[S_RUNNING] = {"running_gpu_num|active", true},
	[S_TOTAL] = {"total_gpu_num|total", true},
};

static enum ts_err series_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct ts_source_options *const *options = state;
	struct ts_usage use = {0};
	int64_t running = 0;
	int64_t total = 0;
	(void)why;
	if (!ts_cell_stamp(item, series_fields, S_TIME, TS_STAMP_UTC | TS_STAMP_ZONED,
		    &use.start_ms, row) ||
		!ts_cell_number(item, series_fields, S_TOTAL, 0, 0, DEVICES_MAX, &total, row) ||
		!ts_cell_number(item, series_fields, S_RUNNING, 0, 0, DEVICES_MAX, &running, row))
		return TS_OK;
	if (running > total) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "over_capacity", "%lld run of %lld",
			(long long)running, (long long)total);
		return TS_OK;
	}
	if (running == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "nothing ran");
		return TS_OK;
	}
	const char *cluster = (*options)->cluster ? (*options)->cluster : "";
	use.end_ms = use.start_ms + MINUTE_MS;
	ts_row_accept(row);
	use.sku = ts_row_token(row, ts_str((*options)->sku));
	use.class = ts_row_token(row, ts_str((*options)->class));
	use.workload = TS_STR("-");
	use.resource = ts_row_token(row, ts_str(cluster));
	use.account = ts_row_token(row, ts_str((*options)->account ? (*options)->account : ""));
	const struct ts_str key[] = {TS_STR("series"), ts_str(cluster), item->cells[S_TIME]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, running * 1000, MINUTE_MS);
	return TS_OK;
}

static const struct ts_form series_forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = series_fields,
		.fields_n = SERIES_FIELDS,
		.separators = ",",
		.row = series_row,
	},
};
const struct ts_source ts_series_source = {
	.name = "minute-series",
	.summary = "running GPUs or nodes by the minute: series of Helios and Philly (CSV)",
	.time_note = "times without a zone were taken as UTC",
	.forms = series_forms,
	.forms_n = 1,
	.open = keep_options,
};
