/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/slurm.h"
#include "importers/frame/catalog.h"
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
	REQ_TRES,
	SUBMIT_LINE,
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
	[REQ_TRES] = {"ReqTRES", false},
	[SUBMIT_LINE] = {"SubmitLine", false},
	[NODE_LIST] = {"NodeList", false},
};
/* The same of `sacct --json` and slurmrestd; states, TRES and array tasks are built from lists. */
static const struct ts_field json_fields[FIELDS] = {
	[JOB_ID] = {"job_id.number|job_id", true},
	[JOB_ID_RAW] = {"job_id.number|job_id", true},
	[CLUSTER] = {"cluster", false},
	[PARTITION] = {"partition", false},
	[ACCOUNT] = {"account|association.account", false},
	[SUBMIT] = {"time.submission.number|time.submission", false},
	[START] = {"time.start.number|time.start", false},
	[END] = {"time.end.number|time.end", false},
	[ELAPSED] = {"-", false},
	[ELAPSED_RAW] = {"time.elapsed.number|time.elapsed", false},
	[SUSPENDED] = {"time.suspended.number|time.suspended", false},
	[STATE] = {"state.current", false},
	[ALLOC_TRES] = {"-", false},
	[REQ_TRES] = {"-", false},
	[SUBMIT_LINE] = {"submit_line", false},
	[NODE_LIST] = {"nodes", false},
};

struct slurm {
	const struct ts_source_options *options;
	const char *mig_table; /* NULL: a slice's share must be stated */
	bool bill_suspended;
	const char *fault_class; /* NULL: as any other */
};
static const struct ts_source_value settings[] = {
	{"mig", "memory or compute: the share of a device that a MIG slice counts as"},
	{"bill-suspended", "yes: devices stay with a suspended job, and are billed"},
	{"fault-class", "pricing class of jobs that ended by NODE_FAIL or BOOT_FAIL"},
};

static enum ts_err slurm_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	struct slurm *slurm = ts_region_alloc(region, sizeof(*slurm));
	if (!slurm)
		return TS_E_NO_MEMORY;
	slurm->options = options;
	const char *mig = ts_source_setting(options, "mig");
	const char *suspended = ts_source_setting(options, "bill-suspended");
	if (mig && strcmp(mig, "memory") != 0 && strcmp(mig, "compute") != 0)
		return ts_why(
			why, TS_E_INVALID, "--set mig", "\"%s\" is not memory or compute", mig);
	if (suspended && strcmp(suspended, "yes") != 0 && strcmp(suspended, "no") != 0)
		return ts_why(why, TS_E_INVALID, "--set bill-suspended", "\"%s\" is not yes or no",
			suspended);
	if (mig)
		slurm->mig_table = mig[0] == 'm' ? "mig-memory" : "mig-compute";
	slurm->bill_suspended = suspended && suspended[0] == 'y';
	slurm->fault_class = ts_source_setting(options, "fault-class");
	*state = slurm;
	return TS_OK;
}

/* Steps, states and array groups: what is no ended allocation. */
static bool judge_kind(const struct slurm *slurm, const struct ts_str *f, struct ts_row *row)
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
	case TS_SLURM_RUNNING:
		row->running = slurm->options->running_until_ms && !ts_slurm_is_array(id);
		if (row->running)
			return true;
		__attribute__((fallthrough));
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

/* A job that runs: up to the last whole step that it certainly ran through. Elapsed is as of when
 * Slurm was asked, without suspended time. */
static bool read_running_span(const struct slurm *slurm, const struct ts_str *f, int64_t elapsed_s,
	struct span *out, struct ts_row *row)
{
	int64_t step_ms = slurm->options->running_step_ms;
	struct ts_str text = f[SUSPENDED];
	int64_t suspended_s = 0;
	if (!read_stamp(f, START, &out->start_ms, row))
		return false;
	out->end_ms = out->start_ms + elapsed_s * 1000;
	if (out->end_ms > slurm->options->running_until_ms)
		out->end_ms = slurm->options->running_until_ms;
	out->end_ms -= out->end_ms % step_ms;
	out->billed_ms = out->end_ms - out->start_ms;
	bool suspended = text.len && ts_slurm_elapsed(text, &suspended_s) != TS_OK &&
			 ts_text_u63(text, &suspended_s) != TS_OK;
	if (!suspended && suspended_s == 0 && out->billed_ms > 0)
		return true;
	ts_row_judge(row, TS_ROW_PENDING, "not_ended", "state %.*s, Start %.*s%s",
		TS_SHOW(f[STATE]), TS_SHOW(f[START]), suspended_s ? ", was suspended" : "");
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
	if (text.len && ((ts_slurm_elapsed(text, &suspended_s) != TS_OK &&
				 ts_text_u63(text, &suspended_s) != TS_OK) ||
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

/* What one unit of the type is. Site names are in any case: the catalog's are lower. False: the
 * row was judged. */
static bool read_type(const struct slurm *slurm, struct ts_str type, int64_t at_ms,
	struct ts_str *sku, int64_t *milli, struct ts_row *row)
{
	const struct ts_source_options *options = slurm->options;
	const struct ts_catalog_entry *entry = NULL;
	char lower[64];
	struct ts_str code = {lower, type.len < sizeof(lower) ? type.len : 0};
	for (size_t i = 0; i < code.len; i++)
		lower[i] = (char)(type.at[i] >= 'A' && type.at[i] <= 'Z' ? type.at[i] + 32
									 : type.at[i]);
	*sku = type;
	for (size_t i = 0; i < options->profiles_n; i++) {
		if (!ts_str_is(type, options->profiles[i].type))
			continue;
		*milli = options->profiles[i].devices_milli;
		return true;
	}
	bool slice = ts_tres_is_slice(type);
	const char *table = slice ? slurm->mig_table : "slurm-gres";
	if (table && ts_catalog_find(options->catalog, table, code, at_ms, &entry) == TS_OK) {
		*sku = entry->sku;
		*milli = entry->devices_milli;
		return true;
	}
	if (slice)
		ts_row_judge(row, TS_ROW_QUARANTINED, "mig_profile_unknown",
			"%.*s is a slice; state what it counts as", TS_SHOW(type));
	else
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"slurm-gres \"%.*s\" is not in the catalog", TS_SHOW(code));
	return false;
}

/* The job asked for GPUs, whatever the accounting says: in ReqTRES or on its command line. */
static bool asked_for_gpus(const struct ts_str *f)
{
	static const char *const words[] = {
		"--gpus", "--gres=gpu", "--gres gpu", "--gres=gres:gpu", " -G "};
	struct ts_tres tres = {0};
	const char *reason = "";
	if (ts_tres_parse(f[REQ_TRES], &tres, &reason) != TS_OK || tres.devices)
		return true;
	struct ts_str line = f[SUBMIT_LINE];
	for (size_t i = 0; line.len && i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(line.at, line.len, words[i], strlen(words[i])))
			return true;
	return false;
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
	else if (asked_for_gpus(f))
		ts_row_judge(row, TS_ROW_QUARANTINED, "gpu_tres_missing",
			"the job asked for GPUs, but AllocTRES \"%.*s\" names none "
			"(see AccountingStorageTRES)",
			TS_SHOW(text));
	else
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "no_gpu", "AllocTRES \"%.*s\"", TS_SHOW(text));
	return false;
}

/* NODE_FAIL and BOOT_FAIL are the provider's fault: the contract may price them otherwise. */
static const char *class_of(const struct slurm *slurm, struct ts_str state)
{
	struct ts_str word = ts_str_cut(&state, ' ');
	bool fault = ts_str_is(word, "NODE_FAIL") || ts_str_is(word, "BOOT_FAIL");
	return fault && slurm->fault_class ? slurm->fault_class : slurm->options->class;
}

/* One use per device type, and one for the devices without a type. */
static void add_uses(const struct slurm *slurm, const struct ts_str *f, const struct ts_tres *tres,
	const struct span *span, struct ts_row *row)
{
	ts_row_accept(row);
	struct ts_usage like = {
		.start_ms = span->start_ms,
		.end_ms = span->end_ms,
		.class = ts_row_token(row, ts_str(class_of(slurm, f[STATE]))),
		.workload = ts_row_token(row, f[JOB_ID_RAW]),
		.resource = ts_row_token(row, f[NODE_LIST]),
		.account = ts_row_token(row, f[ACCOUNT]),
	};
	int64_t billed_ms = slurm->bill_suspended ? span->end_ms - span->start_ms : span->billed_ms;
	for (size_t i = 0; i < tres->n && row->verdict == TS_ROW_ACCEPTED; i++) {
		int64_t milli = 0;
		struct ts_str sku = {0};
		if (!read_type(slurm, tres->types[i].type, span->start_ms, &sku, &milli, row))
			return;
		like.sku = ts_row_token(row, sku);
		if (row->verdict == TS_ROW_ACCEPTED)
			ts_row_add(row, &like, tres->types[i].count * milli, billed_ms);
	}
	int64_t untyped = tres->devices - tres->typed;
	if (untyped == 0 || row->verdict != TS_ROW_ACCEPTED)
		return;
	const struct ts_source_partition *partition = find_partition(slurm, f[PARTITION]);
	const char *sku = partition && partition->sku ? partition->sku : slurm->options->sku;
	like.sku = ts_row_token(row, ts_str(sku));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &like, untyped * 1000, billed_ms);
}

static enum ts_err judge(const struct slurm *slurm, const struct ts_str *f, struct ts_row *row)
{
	struct ts_tres tres = {0};
	struct span span = {0};
	int64_t elapsed_s = 0;
	if (!judge_kind(slurm, f, row) || !read_elapsed(f, &elapsed_s, row))
		return TS_OK;
	const char *cluster = slurm->options->cluster;
	if (cluster && !ts_str_is(f[CLUSTER], cluster)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "other_cluster", "cluster \"%.*s\", not %s",
			TS_SHOW(f[CLUSTER]), cluster);
		return TS_OK;
	}
	if (elapsed_s == 0 && !row->running) {
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
	if (row->running ? !read_running_span(slurm, f, elapsed_s, &span, row)
			 : !read_span(f, elapsed_s, &span, row))
		return TS_OK;
	const struct ts_str key[] = {
		TS_STR("slurm"), f[CLUSTER], f[JOB_ID_RAW], f[SUBMIT], f[START]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	add_uses(slurm, f, &tres, &span, row);
	return TS_OK;
}

static enum ts_err text_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	(void)why;
	return judge(state, item->cells, row);
}

/* The texts of a list, or the one text that older parsers write, with spaces between them. */
static struct ts_str join_states(const struct ts_node *current, struct ts_region *region)
{
	struct ts_buf text;
	if (!current || current->kind != TS_NODE_ARRAY)
		return ts_node_text(current);
	ts_buf_init(&text, 1024);
	for (const struct ts_node *at = current->first; at; at = at->next) {
		struct ts_str word = ts_node_text(at);
		/* The first that has not ended, or is unknown, says what the job is. */
		if (text.len && ts_slurm_state(word) == TS_SLURM_ENDED)
			continue;
		if (text.len &&
			ts_slurm_state((struct ts_str){text.data, text.len}) != TS_SLURM_ENDED)
			break;
		ts_buf_reset(&text);
		ts_buf_put(&text, word.at, word.len);
	}
	const char *copy = text.len ? ts_region_copy(region, text.data, text.len) : NULL;
	struct ts_str out = {copy, copy ? text.len : 0};
	ts_buf_free(&text);
	return out;
}

/* tres.allocated[] as sacct prints it: only what names GPUs. */
static struct ts_str join_tres(const struct ts_node *list, struct ts_region *region)
{
	struct ts_buf text;
	ts_buf_init(&text, 4096);
	for (const struct ts_node *at = list ? list->first : NULL; at; at = at->next) {
		struct ts_str name = ts_node_text(ts_node_get(at, "name"));
		struct ts_str count = ts_node_text(ts_node_get(at, "count"));
		if (!ts_str_is(ts_node_text(ts_node_get(at, "type")), "gres"))
			continue;
		ts_buf_printf(&text, "%sgres/%.*s=%.*s", text.len ? "," : "", (int)name.len,
			name.at ? name.at : "", (int)count.len, count.at ? count.at : "");
	}
	/* What does not fit is malformed, not less. */
	bool full = text.err != TS_OK;
	const char *copy = text.len && !full ? ts_region_copy(region, text.data, text.len) : NULL;
	struct ts_str out = full ? TS_STR("gres/gpu=") : (struct ts_str){copy, copy ? text.len : 0};
	ts_buf_free(&text);
	return out;
}

static enum ts_err json_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct ts_str f[FIELDS];
	(void)why;
	memcpy(f, item->cells, sizeof(f));
	if (ts_node_get(item->tree, "job_state")) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "not_accounting",
			"job %.*s as slurmctld sees it now; ask slurmdbd (/slurmdb/.../jobs, sacct "
			"--json)",
			TS_SHOW(f[JOB_ID]));
		return TS_OK;
	}
	f[STATE] = join_states(ts_node_get(item->tree, "state.current"), item->region);
	f[ALLOC_TRES] = join_tres(ts_node_get(item->tree, "tres.allocated"), item->region);
	f[REQ_TRES] = join_tres(ts_node_get(item->tree, "tres.requested"), item->region);
	if (f[ELAPSED_RAW].len == 0)
		f[ELAPSED_RAW] = TS_STR("-");
	return judge(state, f, row);
}

/* Beside the jobs: what slurmrestd could not read is not silently less. */
static enum ts_err json_member(
	void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why)
{
	(void)state;
	if (!ts_str_is(path, "errors") || node->kind != TS_NODE_ARRAY || node->n == 0)
		return TS_OK;
	struct ts_str text = ts_node_text(ts_node_get(node->first, "description"));
	if (text.len == 0)
		text = ts_node_text(ts_node_get(node->first, "error"));
	return ts_why(why, TS_E_INVALID, "/errors/0",
		"slurm reports %zu errors, so the jobs may not be all: %.*s", node->n,
		TS_SHOW(text));
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
		.row = text_row,
	},
	{
		.kind = TS_FORM_JSON,
		.fields = json_fields,
		.fields_n = FIELDS,
		.items = "jobs",
		.member = json_member,
		.row = json_row,
	},
};

const struct ts_source ts_slurm_source = {
	.name = "slurm",
	.summary = "sacct --parsable2 (the 26 columns of Open XDMoD, or any under a heading), "
		   "sacct --json, slurmrestd",
	.time_note = "times without a zone were taken as UTC (run sacct under TZ=UTC)",
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.open = slurm_open,
};
