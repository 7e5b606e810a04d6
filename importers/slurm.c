/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/slurm.h"
#include "importers/slurm_text.h"
#include "importers/tres.h"
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 64

/* The columns that are read; all others are skipped. */
enum column {
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
	JOB_NAME,
	COLUMNS
};
static const char *const column_names[COLUMNS] = {
	[JOB_ID] = "JobID",
	[JOB_ID_RAW] = "JobIDRaw",
	[CLUSTER] = "Cluster",
	[PARTITION] = "Partition",
	[ACCOUNT] = "Account",
	[SUBMIT] = "Submit",
	[START] = "Start",
	[END] = "End",
	[ELAPSED] = "Elapsed",
	[ELAPSED_RAW] = "ElapsedRaw",
	[SUSPENDED] = "Suspended",
	[STATE] = "State",
	[ALLOC_TRES] = "AllocTRES",
	[NODE_LIST] = "NodeList",
	[JOB_NAME] = "JobName",
};

struct slurm {
	const struct ts_source_options *options;
	bool known; /* the layout */
	size_t n; /* columns in a row */
	bool name_last; /* the last column is JobName and may hold '|' */
	bool trailing; /* `sacct --parsable`: every row ends in '|' */
	int at[COLUMNS]; /* where the column stands; -1: not there */
};

/* The fields of one row. A column that is not there is the empty slice. */
struct fields {
	struct ts_str of[COLUMNS];
};

static bool same_word(struct ts_str text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static enum ts_err set_layout(
	struct slurm *slurm, struct ts_str names, char sep, struct ts_why *why)
{
	slurm->n = 0;
	slurm->trailing = false;
	for (size_t i = 0; i < COLUMNS; i++)
		slurm->at[i] = -1;
	while (names.at) {
		struct ts_str name = ts_str_cut(&names, sep);
		if (name.len == 0 && !names.at) {
			slurm->trailing = true;
			break;
		}
		if (slurm->n == COLUMNS_MAX)
			return ts_why(
				why, TS_E_LIMIT, "columns", "more than %d columns", COLUMNS_MAX);
		for (size_t i = 0; i < COLUMNS; i++) {
			if (!same_word(name, column_names[i]))
				continue;
			if (slurm->at[i] >= 0)
				return ts_why(why, TS_E_MALFORMED, "columns", "%s stands twice",
					column_names[i]);
			slurm->at[i] = (int)slurm->n;
		}
		slurm->n++;
	}
	static const enum column required[] = {STATE, START, END, ALLOC_TRES};
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (slurm->at[required[i]] < 0)
			return ts_why(why, TS_E_MISSING_FIELD, "columns", "no column %s",
				column_names[required[i]]);
	if (slurm->at[JOB_ID] < 0 && slurm->at[JOB_ID_RAW] < 0)
		return ts_why(why, TS_E_MISSING_FIELD, "columns", "no column JobID or JobIDRaw");
	if (slurm->at[ELAPSED] < 0 && slurm->at[ELAPSED_RAW] < 0)
		return ts_why(
			why, TS_E_MISSING_FIELD, "columns", "no column Elapsed or ElapsedRaw");
	slurm->name_last = slurm->at[JOB_NAME] == (int)slurm->n - 1 && !slurm->trailing;
	slurm->known = true;
	return TS_OK;
}

static enum ts_err slurm_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	struct slurm *slurm = ts_region_alloc(region, sizeof(*slurm));
	if (!slurm)
		return TS_E_NO_MEMORY;
	slurm->options = options;
	if (options->columns)
		TS_TRY(set_layout(slurm, ts_str(options->columns), ',', why));
	*state = slurm;
	return TS_OK;
}

static bool has_cell(struct ts_str line, const char *word)
{
	while (line.at)
		if (same_word(ts_str_cut(&line, '|'), word))
			return true;
	return false;
}

/* The first line is a heading when it begins with a column's name; later ones (files put one after
 * another) only when they name the columns that no layout can do without. */
static bool is_heading(const struct slurm *slurm, struct ts_str line)
{
	if (slurm->known && !(has_cell(line, "State") && has_cell(line, "AllocTRES")))
		return false;
	struct ts_str first = ts_str_cut(&line, '|');
	for (size_t i = 0; i < COLUMNS; i++)
		if (same_word(first, column_names[i]))
			return true;
	return false;
}

static bool split(
	const struct slurm *slurm, struct ts_str line, struct fields *out, struct ts_row *row)
{
	struct ts_str cells[COLUMNS_MAX] = {{0}};
	size_t n = 0;
	if (slurm->trailing && line.len && line.at[line.len - 1] == '|')
		line.len--;
	while (line.at && n < slurm->n) {
		bool rest = slurm->name_last && n == slurm->n - 1;
		cells[n] = rest ? line : ts_str_cut(&line, '|');
		if (rest)
			line = (struct ts_str){0};
		n++;
	}
	if (n != slurm->n || line.at) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "column_count", "%s than %zu columns",
			line.at ? "more" : "fewer", slurm->n);
		return false;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		out->of[i] = slurm->at[i] < 0 ? (struct ts_str){0} : cells[slurm->at[i]];
	if (slurm->at[JOB_ID_RAW] < 0)
		out->of[JOB_ID_RAW] = out->of[JOB_ID];
	if (slurm->at[JOB_ID] < 0)
		out->of[JOB_ID] = out->of[JOB_ID_RAW];
	return true;
}

static int shown(struct ts_str text)
{
	return text.len > 60 ? 60 : (int)text.len;
}
#define SHOW(text) shown(text), (text).at ? (text).at : ""

/* Steps, states and array groups: what is no ended allocation. */
static bool judge_kind(const struct fields *f, struct ts_row *row)
{
	struct ts_str id = f->of[JOB_ID];
	struct ts_str state = f->of[STATE];
	if (id.len == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "job_id_missing", "no job id");
		return false;
	}
	if (memchr(id.at, '.', id.len)) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "step",
			"%.*s repeats the devices of its allocation", SHOW(id));
		return false;
	}
	switch (ts_slurm_state(state)) {
	case TS_SLURM_ENDED:
		return true;
	case TS_SLURM_NOT_ENDED:
		ts_row_judge(row, TS_ROW_PENDING,
			ts_slurm_is_array(id) ? "array_pending" : "not_ended", "state %.*s",
			SHOW(state));
		return false;
	case TS_SLURM_REVOKED:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "revoked",
			"ran in another cluster of the federation");
		return false;
	case TS_SLURM_UNKNOWN:
		break;
	}
	ts_row_judge(row, TS_ROW_QUARANTINED, "state_unknown", "state \"%.*s\"", SHOW(state));
	return false;
}

struct span {
	int64_t start_ms;
	int64_t end_ms;
	int64_t billed_ms; /* without suspended time */
};

static bool read_elapsed(
	const struct slurm *slurm, const struct fields *f, int64_t *seconds, struct ts_row *row)
{
	bool raw = slurm->at[ELAPSED_RAW] >= 0;
	struct ts_str text = f->of[raw ? ELAPSED_RAW : ELAPSED];
	enum ts_err err = raw ? ts_text_u63(text, seconds) : ts_slurm_elapsed(text, seconds);
	if (err == TS_OK && *seconds < TS_SLURM_SECONDS_MAX)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "elapsed_malformed", "%s \"%.*s\"",
		column_names[raw ? ELAPSED_RAW : ELAPSED], SHOW(text));
	return false;
}

static bool read_stamp(const struct fields *f, enum column column, int64_t *ms, struct ts_row *row)
{
	struct ts_str text = f->of[column];
	if (ts_slurm_time(text, ms) == TS_OK)
		return true;
	bool absent = text.len == 0 || same_word(text, "Unknown") || same_word(text, "None") ||
		      same_word(text, "None assigned");
	ts_row_judge(row, TS_ROW_QUARANTINED, absent ? "time_unknown" : "time_malformed",
		"%s \"%.*s\"", column_names[column], SHOW(text));
	return false;
}

/* End - Start against Elapsed (and Suspended, where the column is there). */
static bool read_span(const struct slurm *slurm, const struct fields *f, int64_t elapsed_s,
	struct span *out, struct ts_row *row)
{
	if (!read_stamp(f, START, &out->start_ms, row) || !read_stamp(f, END, &out->end_ms, row))
		return false;
	if (out->end_ms <= out->start_ms) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "end_before_start",
			"Start %.*s, End %.*s, elapsed %lld s", SHOW(f->of[START]),
			SHOW(f->of[END]), (long long)elapsed_s);
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
	struct ts_str text = f->of[SUSPENDED];
	if (slurm->at[SUSPENDED] >= 0 && text.len &&
		(ts_slurm_elapsed(text, &suspended_s) != TS_OK ||
			suspended_s != span_s - elapsed_s)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "suspended_mismatch",
			"interval %lld s, elapsed %lld s, Suspended \"%.*s\"", (long long)span_s,
			(long long)elapsed_s, SHOW(text));
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
	const struct slurm *slurm, const struct fields *f, struct ts_tres *tres, struct ts_row *row)
{
	const char *reason = "";
	struct ts_str text = f->of[ALLOC_TRES];
	if (ts_tres_parse(text, tres, &reason) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, reason, "AllocTRES \"%.*s\"", SHOW(text));
		return false;
	}
	if (tres->devices)
		return true;
	struct ts_str partition = f->of[PARTITION];
	if (find_partition(slurm, partition))
		ts_row_judge(row, TS_ROW_QUARANTINED, "gpu_tres_missing",
			"partition %.*s has devices, but AllocTRES \"%.*s\" names none",
			SHOW(partition), SHOW(text));
	else
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "AllocTRES \"%.*s\"", SHOW(text));
	return false;
}

/* One use per device type, and one for the devices without a type. */
static void add_uses(const struct slurm *slurm, const struct fields *f, const struct ts_tres *tres,
	const struct span *span, struct ts_row *row)
{
	struct ts_usage like = {
		.start_ms = span->start_ms,
		.end_ms = span->end_ms,
		.class = ts_row_token(row, ts_str(slurm->options->class)),
		.workload = ts_row_token(row, f->of[JOB_ID_RAW]),
		.resource = ts_row_token(row, f->of[NODE_LIST]),
		.account = ts_row_token(row, f->of[ACCOUNT]),
	};
	row->verdict = TS_ROW_ACCEPTED;
	row->reason = "";
	for (size_t i = 0; i < tres->n && row->verdict == TS_ROW_ACCEPTED; i++) {
		int64_t milli = milli_of_type(slurm, tres->types[i].type);
		if (milli == 0) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "mig_profile_unknown",
				"%.*s is a slice; state what it counts as",
				SHOW(tres->types[i].type));
			return;
		}
		like.sku = ts_row_token(row, tres->types[i].type);
		ts_row_add(row, &like, tres->types[i].count * milli, span->billed_ms);
	}
	int64_t untyped = tres->devices - tres->typed;
	if (untyped == 0 || row->verdict != TS_ROW_ACCEPTED)
		return;
	const struct ts_source_partition *partition = find_partition(slurm, f->of[PARTITION]);
	const char *sku = partition && partition->sku ? partition->sku : slurm->options->sku;
	like.sku = ts_row_token(row, ts_str(sku));
	ts_row_add(row, &like, untyped * 1000, span->billed_ms);
}

static enum ts_err slurm_row(
	void *state, struct ts_str line, struct ts_row *row, struct ts_why *why)
{
	struct slurm *slurm = state;
	if (is_heading(slurm, line)) {
		row->header = true;
		return set_layout(slurm, line, '|', why);
	}
	if (!slurm->known)
		TS_TRY(set_layout(slurm, TS_STR(TS_SLURM_XDMOD_COLUMNS), ',', why));
	struct fields f;
	struct ts_tres tres = {0};
	struct span span = {0};
	int64_t elapsed_s = 0;
	if (!split(slurm, line, &f, row) || !judge_kind(&f, row) ||
		!read_elapsed(slurm, &f, &elapsed_s, row))
		return TS_OK;
	const char *cluster = slurm->options->cluster;
	if (cluster && !ts_str_is(f.of[CLUSTER], cluster)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "other_cluster", "cluster \"%.*s\", not %s",
			SHOW(f.of[CLUSTER]), cluster);
		return TS_OK;
	}
	if (elapsed_s == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "zero_elapsed", "the job never ran");
		return TS_OK;
	}
	if (!judge_devices(slurm, &f, &tres, row))
		return TS_OK;
	if (ts_slurm_is_array(f.of[JOB_ID])) {
		size_t tasks = 0;
		bool listed = ts_slurm_array(f.of[JOB_ID], NULL, 0, &tasks) == TS_OK;
		ts_row_judge(row, TS_ROW_QUARANTINED, "array_group",
			"%.*s stands for %zu tasks%s, each of which has its own row when it ends",
			SHOW(f.of[JOB_ID]), tasks, listed ? "" : " (not readable)");
		return TS_OK;
	}
	if (!read_span(slurm, &f, elapsed_s, &span, row))
		return TS_OK;
	const struct ts_str key[] = {f.of[CLUSTER], f.of[JOB_ID_RAW], f.of[SUBMIT], f.of[START]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	add_uses(slurm, &f, &tres, &span, row);
	return TS_OK;
}

const struct ts_source ts_slurm_source = {
	.name = "slurm",
	.summary =
		"sacct --parsable2: the 26 columns of Open XDMoD, or any columns under a heading",
	.time_note = "times without a zone were taken as UTC (run sacct under TZ=UTC)",
	.open = slurm_open,
	.row = slurm_row,
};
