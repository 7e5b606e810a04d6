/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/dcgm.h"
#include "importers/frame/catalog.h"
#include "importers/source/billed.h"
#include "importers/source/exposition.h"
#include "importers/source/timelines.h"
#include <stdio.h>
#include <string.h>

/* What is greater stands for "no value", as DCGM spells it; the greatest real counter, millijoules
 * of a device's life, is far below. */
#define BLANK_MIN INT64_C(9223372036854775000)
#define BUSY_MIN_MILLI 10 /* an engine's hundredth, a per cent's hundredth: noise below */
/* A device that reports one of these needs a reset, or a hand: double bit error, failed row remap,
 * fallen off the bus, uncontained error, GSP that does not answer. */
#define FATAL_XIDS "48,64,79,95,119,120"

enum meaning { UTILIZATION, ENERGY, XID, LEVEL };
static const struct metric {
	const char *name;
	enum meaning meaning;
} metrics[] = {
	{"DCGM_FI_DEV_GPU_UTIL", UTILIZATION},
	{"DCGM_FI_PROF_GR_ENGINE_ACTIVE", UTILIZATION},
	{"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", ENERGY},
	{"DCGM_FI_DEV_XID_ERRORS", XID},
	{"DCGM_FI_DEV_POWER_USAGE", LEVEL},
	{"DCGM_FI_DEV_FB_USED", LEVEL},
};

struct dcgm {
	const struct ts_source_options *options;
	struct ts_timelines *counted; /* of a device's metric, by series */
	const char *down; /* class of lines about time that was down; NULL: none are wanted */
	const char *xids;
	int64_t step_ms;
	int64_t at_ms; /* of a scrape; 0: not told */
	/* Of the series at hand. */
	struct ts_prom_series series;
	size_t held_n;
	struct ts_prom_held *held; /* the count is the XID */
	struct ts_str sku;
	int64_t devices_milli;
};

static enum ts_err dcgm_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	const char *at = ts_source_setting(options, "at");
	struct dcgm *d = ts_region_alloc(region, sizeof(*d));
	if (!d)
		return TS_E_NO_MEMORY;
	*d = (struct dcgm){.options = options,
		.down = ts_source_setting(options, "down"),
		.xids = ts_source_setting(options, "xids")};
	if (!d->xids)
		d->xids = FATAL_XIDS;
	if (d->down && strncmp(d->down, "excluded_", 9) != 0)
		return ts_why(why, TS_E_INVALID, "down",
			"\"%s\" does not begin with excluded_: what DCGM says is never billed",
			d->down);
	if (at && ts_stamp(ts_str(at), TS_STAMP_ZONED, &d->at_ms) != TS_OK)
		return ts_why(why, TS_E_INVALID, "at", "\"%s\" is no instant with a zone", at);
	TS_TRY(ts_prom_step(options, &d->step_ms, why));
	TS_TRY(ts_timelines_create(region, &d->counted));
	*state = d;
	return TS_OK;
}

static const struct metric *find_metric(struct ts_str name)
{
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		if (ts_str_is(name, metrics[i].name))
			return &metrics[i];
	return NULL;
}

/* UUID and MIG instance: an index or a host's name is not a device. */
static void device_name(const struct ts_prom_series *series, char out[200])
{
	struct ts_str uuid = ts_prom_label(series, "UUID|uuid");
	struct ts_str slice = ts_prom_label(series, "GPU_I_ID");
	snprintf(out, 200, "%.*s%s%.*s", TS_SHOW(uuid), slice.len ? "/" : "", TS_SHOW(slice));
}

/* Who holds the device, as the exporter knows: a pod or a job. Empty: nobody. */
static struct ts_str holder_of(const struct ts_prom_series *series)
{
	return ts_prom_label(series, "exported_pod|pod|hpc_job");
}

/* A sample in thousandths; false: it stands for no value. *bad: it is no number. */
static bool read_value(struct ts_str text, ts_i128 *milli, bool *bad)
{
	static const char *const blanks[] = {"NaN", "+Inf", "-Inf", "Inf"};
	*bad = false;
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
		if (ts_str_is(text, blanks[i]))
			return false;
	*bad = ts_number_rounded(text, 3, milli) != TS_OK;
	return !*bad && *milli < (ts_i128)BLANK_MIN * 1000;
}

static bool is_fatal(const struct dcgm *d, ts_i128 milli)
{
	struct ts_str rest = ts_str(d->xids);
	int64_t xid = 0;
	while (rest.at)
		if (ts_text_u63(ts_str_cut(&rest, ','), &xid) == TS_OK && xid > 0 &&
			milli == (ts_i128)xid * 1000)
			return true;
	return false;
}

struct summary {
	size_t samples;
	size_t blank;
	size_t busy;
	int64_t xid; /* the last one that is not 0 */
	ts_i128 energy_milli; /* sum of what the counter grew; a reset begins anew */
	ts_i128 level_milli; /* the greatest */
};

/* Runs through the samples; false: the row was judged. */
static bool read_samples(
	struct dcgm *d, const struct metric *metric, struct summary *sum, struct ts_row *row)
{
	const struct ts_prom_series *series = &d->series;
	ts_i128 before = -1;
	*sum = (struct summary){.samples = series->n};
	for (size_t i = 0; i < series->n; i++) {
		ts_i128 milli = 0;
		bool bad = false;
		if (!read_value(series->samples[i].value, &milli, &bad)) {
			sum->blank++;
			if (!bad)
				continue;
			ts_row_judge(row, TS_ROW_QUARANTINED, "number_malformed", "\"%.*s\"",
				TS_SHOW(series->samples[i].value));
			return false;
		}
		sum->busy += milli >= BUSY_MIN_MILLI;
		sum->level_milli = milli > sum->level_milli ? milli : sum->level_milli;
		if (before >= 0 && milli > before)
			sum->energy_milli += milli - before;
		before = milli;
		if (metric->meaning != XID || milli == 0)
			continue;
		if (milli > 0 && milli <= INT32_MAX)
			sum->xid = (int64_t)(milli / 1000);
		int64_t at_ms = series->samples[i].at_ms;
		if (d->held && series->step_ms && is_fatal(d, milli))
			ts_prom_hold(d->held, &d->held_n, at_ms, at_ms + series->step_ms,
				(int64_t)(milli / 1000));
	}
	return true;
}

static void judge_evidence(const struct dcgm *d, const struct metric *metric,
	const struct summary *sum, struct ts_row *row)
{
	struct ts_str holder = holder_of(&d->series);
	char device[200];
	device_name(&d->series, device);
	const char *by = holder.len ? ", held by " : ", held by nobody";
	if (sum->blank == sum->samples) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "blank", "%s: no value", device);
		return;
	}
	switch (metric->meaning) {
	case XID:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, sum->xid ? "xid_error" : "healthy",
			"%s: XID %lld%s%.*s", device, (long long)sum->xid, by, TS_SHOW(holder));
		break;
	case UTILIZATION:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, sum->busy ? "activity" : "idle",
			"%s: busy in %zu of %zu samples%s%.*s", device, sum->busy,
			sum->samples - sum->blank, by, TS_SHOW(holder));
		break;
	case ENERGY:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE,
			sum->energy_milli               ? "activity"
			: sum->samples - sum->blank > 1 ? "idle"
							: "level",
			"%s: %lld mJ more%s%.*s", device, (long long)(sum->energy_milli / 1000), by,
			TS_SHOW(holder));
		break;
	case LEVEL:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "level", "%s: at most %lld%s%.*s", device,
			(long long)(sum->level_milli / 1000), by, TS_SHOW(holder));
		break;
	}
}

/* The same device, metric and time again (a second scraper, a copy per job) counts once. */
static bool is_counted(struct dcgm *d, struct ts_row *row)
{
	const struct ts_prom_series *series = &d->series;
	int64_t start_ms = series->samples[0].at_ms;
	int64_t step_ms = series->step_ms ? series->step_ms : 1;
	int64_t end_ms = series->samples[series->n - 1].at_ms + step_ms;
	char device[200];
	char name[300];
	device_name(series, device);
	snprintf(name, sizeof(name), "%.*s %s", TS_SHOW(series->name), device);
	if (ts_timelines_overlap(d->counted, ts_str(name), start_ms, end_ms)) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "duplicate_series", "%s", name);
		return true;
	}
	if (ts_timelines_add(d->counted, ts_str(name), start_ms, end_ms) == TS_OK)
		return false;
	ts_row_judge(row, TS_ROW_QUARANTINED, "too_many_devices", "more than %d series",
		TS_TIMELINES_NAMES_MAX);
	return true;
}

/* SKU and share of the device; false: the row was judged. */
static bool find_sku(struct dcgm *d, struct ts_row *row)
{
	struct ts_str model = ts_prom_label(&d->series, "modelName");
	struct ts_str profile = ts_prom_label(&d->series, "GPU_I_PROFILE");
	int64_t at_ms = d->series.samples[0].at_ms;
	const struct ts_catalog_entry *entry = NULL;
	const char *mig = ts_source_setting(d->options, "mig");
	char code[100];
	if (ts_catalog_find(d->options->catalog, "dcgm-model", model, at_ms, &entry) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"dcgm-model \"%.*s\" is not in the catalog at that time", TS_SHOW(model));
		return false;
	}
	if (profile.len) {
		snprintf(code, sizeof(code), "%.*s_%.*s", TS_SHOW(entry->sku), TS_SHOW(profile));
		const char *table = mig && strcmp(mig, "compute") == 0 ? "mig-compute"
								       : "mig-memory";
		if (!mig || ts_catalog_find(d->options->catalog, table, ts_str(code), at_ms,
				    &entry) != TS_OK) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "mig_profile_unknown",
				"%s: --set mig=memory or compute says how slices count", code);
			return false;
		}
	}
	d->sku = entry->sku;
	d->devices_milli = entry->devices_milli;
	return true;
}

static void emit(struct dcgm *d, const struct ts_prom_held *held, struct ts_row *row)
{
	const struct ts_prom_series *series = &d->series;
	struct ts_usage use = {.start_ms = held->start_ms, .end_ms = held->end_ms};
	struct ts_str host = ts_prom_label(series, "hostname|Hostname");
	char device[200];
	char resource[300];
	char start[24];
	ts_row_accept(row);
	device_name(series, device);
	use.sku = ts_row_token(row, d->sku);
	use.class = ts_row_token(row, ts_str(d->down));
	use.workload = ts_row_token(row, holder_of(series));
	snprintf(
		resource, sizeof(resource), "%.*s%s%s", TS_SHOW(host), host.len ? "/" : "", device);
	use.resource = ts_row_token(row, ts_str(resource));
	use.account = ts_row_token(row, ts_prom_label(series, "exported_namespace|namespace"));
	snprintf(start, sizeof(start), "%lld", (long long)held->start_ms);
	const struct ts_str key[] = {TS_STR("dcgm"), ts_str(device), ts_str(start)};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, d->devices_milli, held->end_ms - held->start_ms);
	if (row->verdict == TS_ROW_ACCEPTED)
		snprintf(row->detail, sizeof(row->detail), "XID %lld while held by %.*s",
			(long long)held->count, TS_SHOW(holder_of(series)));
}

/* What one series says, once its samples are read. */
static void judge_series(struct dcgm *d, const struct ts_item *item, struct ts_row *row)
{
	const struct metric *metric = find_metric(d->series.name);
	struct summary sum;
	d->held_n = 0;
	d->held = NULL;
	if (!metric) {
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "other_metric", "%.*s", TS_SHOW(d->series.name));
		return;
	}
	if (ts_prom_label(&d->series, "UUID|uuid").len == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "device_missing", "%s without a UUID",
			metric->name);
		return;
	}
	if (d->down && metric->meaning == XID && holder_of(&d->series).len &&
		d->series.step_ms <= TS_PROM_STEP_MS_MAX)
		d->held = ts_region_array(item->region, 2 * d->series.n, sizeof(*d->held));
	if (!read_samples(d, metric, &sum, row) || is_counted(d, row))
		return;
	judge_evidence(d, metric, &sum, row);
	if (d->held_n && !find_sku(d, row))
		d->held_n = 0;
}

static void next_part(struct dcgm *d, const struct ts_item *item, struct ts_row *row)
{
	row->more = (size_t)item->part + 1 < d->held_n;
	if (d->held_n)
		emit(d, &d->held[item->part], row);
}

static enum ts_err series_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct dcgm *d = state;
	(void)why;
	if (item->part == 0) {
		d->held_n = 0;
		if (!ts_prom_read(item, d->step_ms, &d->series, row))
			return TS_OK;
		judge_series(d, item, row);
	}
	next_part(d, item, row);
	return TS_OK;
}

/* A scrape is of one instant, which it does not say. */
static enum ts_err line_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct dcgm *d = state;
	(void)why;
	if (item->part == 0) {
		d->held_n = 0;
		if (!ts_exposition_read(item->raw, d->at_ms, item->region, &d->series, row))
			return TS_OK;
		d->series.step_ms = d->series.samples[0].at_ms ? d->step_ms : 0;
		judge_series(d, item, row);
	}
	next_part(d, item, row);
	return TS_OK;
}

static const struct ts_source_value settings[] = {
	{"down", "CLASS (excluded_...): time with a fatal XID while held becomes lines of it"},
	{"xids", "which XID errors are fatal (" FATAL_XIDS ")"},
	{"step", "SECONDS of the query or between scrapes"},
	{"at", "INSTANT at which a scrape was taken"},
	{"mig", "memory or compute: what a MIG slice counts as"},
};
static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_JSON,
		.items = "data.result",
		.member = ts_prom_member,
		.row = series_row,
	},
	{
		.kind = TS_FORM_LINES,
		.row = line_row,
	},
};
const struct ts_source ts_dcgm_source = {
	.name = "dcgm",
	.summary = "dcgm-exporter, scrape or query_range: evidence, and time that was down",
	.time_note = "sample times are seconds since 1970; a scrape has none but --set at=INSTANT",
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.state_bytes_max = 64u << 20,
	.open = dcgm_open,
};
