/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/slurm.h"
#include "importers/source/slurm_text.h"
#include "importers/source/tres.h"
#include <string.h>
#include <strings.h>

/* What is read; all other columns are skipped. */
enum field {
	JOB_ID,
	JOB_ID_RAW,
	CLUSTER,
	PARTITION,
	ACCOUNT,
	SUBMIT,
	START,
	END,
	ELAPSED,
	ELAPSED_RAW,
	SUSPENDED,
	STATE,
	ALLOC_TRES,
	NODE_LIST,
	FIELDS
};
static const struct ts_field text_fields[FIELDS] = {
	[JOB_ID] = {"JobID|JobIDRaw", true},
	[JOB_ID_RAW] = {"JobIDRaw|JobID", false},
	[CLUSTER] = {"Cluster", false},
	[PARTITION] = {"Partition", false},
	[ACCOUNT] = {"Account", false},
	[SUBMIT] = {"Submit", false},
	[START] = {"Start", true},
	[END] = {"End", true},
	[ELAPSED] = {"Elapsed|ElapsedRaw", true},
	[ELAPSED_RAW] = {"ElapsedRaw", false},
	[SUSPENDED] = {"Suspended", false},
	[STATE] = {"State", true},
	[ALLOC_TRES] = {"AllocTRES", true},
	[NODE_LIST] = {"NodeList", false},
};

struct slurm {
	const struct ts_source_options *options;
};

static enum ts_err slurm_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)why;
	struct slurm *slurm = ts_region_alloc(region, sizeof(*slurm));
	if (!slurm)
		return TS_E_NO_MEMORY;
	slurm->options = options;
	*state = slurm;
	return TS_OK;
}

/* Steps, states and array groups: what is no ended allocation. */
static bool judge_kind(const struct ts_str *f, struct ts_row *row)
{
	struct ts_str id = f[JOB_ID];
	struct ts_str state = f[STATE];
	if (id.len == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "job_id_missing", "no job id");
		return false;
	}
	if (memchr(id.at, '.', id.len)) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "step",
			"%.*s repeats the devices of its allocation", TS_SHOW(id));
		return false;
	}
	switch (ts_slurm_state(state)) {
	case TS_SLURM_ENDED:
		return true;
	case TS_SLURM_NOT_ENDED:
		ts_row_judge(row, TS_ROW_PENDING,
			ts_slurm_is_array(id) ? "array_pending" : "not_ended", "state %.*s",
			TS_SHOW(state));
		return false;
	case TS_SLURM_REVOKED:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "revoked",
			"ran in another cluster of the federation");
		return false;
	case TS_SLURM_UNKNOWN:
		break;
	}
	ts_row_judge(row, TS_ROW_QUARANTINED, "state_unknown", "state \"%.*s\"", TS_SHOW(state));
	return false;
}

static bool same_word(struct ts_str text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

struct span {
	int64_t start_ms;
	int64_t end_ms;
	int64_t billed_ms; /* without suspended time */
};

static bool read_elapsed(const struct ts_str *f, int64_t *seconds, struct ts_row *row)
{
	bool raw = f[ELAPSED_RAW].len != 0;
	struct ts_str text = f[raw ? ELAPSED_RAW : ELAPSED];
	enum ts_err err = raw ? ts_text_u63(text, seconds) : ts_slurm_elapsed(text, seconds);
	if (err == TS_OK && *seconds < TS_SLURM_SECONDS_MAX)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "elapsed_malformed", "%s \"%.*s\"",
		raw ? "ElapsedRaw" : "Elapsed", TS_SHOW(text));
	return false;
}

static bool read_stamp(const struct ts_str *f, enum field field, int64_t *ms, struct ts_row *row)
{
	struct ts_str text = f[field];
	if (ts_slurm_time(text, ms) == TS_OK)
		return true;
	bool absent = text.len == 0 || same_word(text, "Unknown") || same_word(text, "None") ||
		      same_word(text, "None assigned");
	ts_row_judge(row, TS_ROW_QUARANTINED, absent ? "time_unknown" : "time_malformed",
		"%s \"%.*s\"", text_fields[field].names, TS_SHOW(text));
	return false;
}

/* End - Start against Elapsed (and Suspended, where the column is there). */
static bool read_span(
	const struct ts_str *f, int64_t elapsed_s, struct span *out, struct ts_row *row)
{
	if (!read_stamp(f, START, &out->start_ms, row) || !read_stamp(f, END, &out->end_ms, row))
		return false;
	if (out->end_ms <= out->start_ms) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "end_before_start",
			"Start %.*s, End %.*s, elapsed %lld s", TS_SHOW(f[START]), TS_SHOW(f[END]),
			(long long)elapsed_s);
		return false;
	}
	int64_t span_s = (out->end_ms - out->start_ms) / 1000;
	if (elapsed_s > span_s) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "elapsed_over_interval",
			"elapsed %lld s in an interval of %lld s", (long long)elapsed_s,
			(long long)span_s);
		return false;
	}
	int64_t suspended_s = span_s - elapsed_s;
	struct ts_str text = f[SUSPENDED];
	if (text.len && (ts_slurm_elapsed(text, &suspended_s) != TS_OK ||
				suspended_s != span_s - elapsed_s)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "suspended_mismatch",
			"interval %lld s, elapsed %lld s, Suspended \"%.*s\"", (long long)span_s,
			(long long)elapsed_s, TS_SHOW(text));
		return false;
	}
	out->billed_ms = elapsed_s * 1000;
	return true;
}

static const struct ts_source_partition *find_partition(
	const struct slurm *slurm, struct ts_str name)
{
	for (size_t i = 0; i < slurm->options->partitions_n; i++)
		if (ts_str_is(name, slurm->options->partitions[i].name))
			return &slurm->options->partitions[i];
	return NULL;
}

/* Thousandths of a device that one unit of the type counts as; 0: not known. */
static int64_t milli_of_type(const struct slurm *slurm, struct ts_str type)
{
	for (size_t i = 0; i < slurm->options->profiles_n; i++)
		if (ts_str_is(type, slurm->options->profiles[i].type))
			return slurm->options->profiles[i].devices_milli;
	return ts_tres_is_slice(type) ? 0 : 1000;
}

static bool judge_devices(
	const struct slurm *slurm, const struct ts_str *f, struct ts_tres *tres, struct ts_row *row)
{
	const char *reason = "";
	struct ts_str text = f[ALLOC_TRES];
	if (ts_tres_parse(text, tres, &reason) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, reason, "AllocTRES \"%.*s\"", TS_SHOW(text));
		return false;
	}
	if (tres->devices)
		return true;
	struct ts_str partition = f[PARTITION];
	if (find_partition(slurm, partition))
		ts_row_judge(row, TS_ROW_QUARANTINED, "gpu_tres_missing",
			"partition %.*s has devices, but AllocTRES \"%.*s\" names none",
			TS_SHOW(partition), TS_SHOW(text));
	else
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "no_gpu", "AllocTRES \"%.*s\"", TS_SHOW(text));
	return false;
}

/* One use per device type, and one for the devices without a type. */
static void add_uses(const struct slurm *slurm, const struct ts_str *f, const struct ts_tres *tres,
	const struct span *span, struct ts_row *row)
{
	ts_row_accept(row);
	struct ts_usage like = {
		.start_ms = span->start_ms,
		.end_ms = span->end_ms,
		.class = ts_row_token(row, ts_str(slurm->options->class)),
		.workload = ts_row_token(row, f[JOB_ID_RAW]),
		.resource = ts_row_token(row, f[NODE_LIST]),
		.account = ts_row_token(row, f[ACCOUNT]),
	};
	for (size_t i = 0; i < tres->n && row->verdict == TS_ROW_ACCEPTED; i++) {
		int64_t milli = milli_of_type(slurm, tres->types[i].type);
		if (milli == 0) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "mig_profile_unknown",
				"%.*s is a slice; state what it counts as",
				TS_SHOW(tres->types[i].type));
			return;
		}
		like.sku = ts_row_token(row, tres->types[i].type);
		ts_row_add(row, &like, tres->types[i].count * milli, span->billed_ms);
	}
	int64_t untyped = tres->devices - tres->typed;
	if (untyped == 0 || row->verdict != TS_ROW_ACCEPTED)
		return;
	const struct ts_source_partition *partition = find_partition(slurm, f[PARTITION]);
	const char *sku = partition && partition->sku ? partition->sku : slurm->options->sku;
	like.sku = ts_row_token(row, ts_str(sku));
	ts_row_add(row, &like, untyped * 1000, span->billed_ms);
}

static enum ts_err slurm_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct slurm *slurm = state;
	const struct ts_str *f = item->cells;
	struct ts_tres tres = {0};
	struct span span = {0};
	int64_t elapsed_s = 0;
	(void)why;
	if (!judge_kind(f, row) || !read_elapsed(f, &elapsed_s, row))
		return TS_OK;
	const char *cluster = slurm->options->cluster;
	if (cluster && !ts_str_is(f[CLUSTER], cluster)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "other_cluster", "cluster \"%.*s\", not %s",
			TS_SHOW(f[CLUSTER]), cluster);
		return TS_OK;
	}
	if (elapsed_s == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "zero_elapsed", "the job never ran");
		return TS_OK;
	}
	if (!judge_devices(slurm, f, &tres, row))
		return TS_OK;
	if (ts_slurm_is_array(f[JOB_ID])) {
		size_t tasks = 0;
		bool listed = ts_slurm_array(f[JOB_ID], NULL, 0, &tasks) == TS_OK;
		ts_row_judge(row, TS_ROW_QUARANTINED, "array_group",
			"%.*s stands for %zu tasks%s, each of which has its own row when it ends",
			TS_SHOW(f[JOB_ID]), tasks, listed ? "" : " (not readable)");
		return TS_OK;
	}
	if (!read_span(f, elapsed_s, &span, row))
		return TS_OK;
	const struct ts_str key[] = {
		TS_STR("slurm"), f[CLUSTER], f[JOB_ID_RAW], f[SUBMIT], f[START]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	add_uses(slurm, f, &tres, &span, row);
	return TS_OK;
}

static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = text_fields,
		.fields_n = FIELDS,
		.separators = "|",
		.flags = TS_TABLE_NOCASE,
		.layout = TS_SLURM_XDMOD_COLUMNS,
		.rest = "JobName",
		.row = slurm_row,
	},
};

const struct ts_source ts_slurm_source = {
	.name = "slurm",
	.summary =
		"sacct --parsable2: the 26 columns of Open XDMoD, or any columns under a heading",
	.time_note = "times without a zone were taken as UTC (run sacct under TZ=UTC)",
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.open = slurm_open,
};
