/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/apel.h"
#include "base/time.h"
#include "importers/frame/catalog.h"
#include "importers/frame/cell.h"
#include "importers/source/smime.h"
#include <string.h>
#include <strings.h>

#define PROCESSORS_MAX 1000000
#define ACCELERATORS_MILLI_MAX INT64_C(1000000000)

/* None is required by the form: records of other kinds, without them, are told by name. */
enum job_field { SITE, JOB_ID, WALL, START, END, PROCESSORS, MACHINE, VO, JOB_FIELDS };
static const struct ts_field text_fields[JOB_FIELDS] = {
	[SITE] = {"Site", false},
	[JOB_ID] = {"LocalJobId", false},
	[WALL] = {"WallDuration", false},
	[START] = {"StartTime", false},
	[END] = {"EndTime", false},
	[PROCESSORS] = {"Processors", false},
	[MACHINE] = {"MachineName|SubmitHost", false},
	[VO] = {"VO|FQAN", false},
};
static const struct ts_field xml_fields[JOB_FIELDS] = {
	[SITE] = {"Site", false},
	[JOB_ID] = {"JobIdentity.LocalJobId|JobIdentity.GlobalJobId", false},
	[WALL] = {"WallDuration", false},
	[START] = {"StartTime", false},
	[END] = {"EndTime", false},
	[PROCESSORS] = {"Processors", false},
	[MACHINE] = {"MachineName|SubmitHost", false},
	[VO] = {"UserIdentity.Group|UserIdentity.GlobalUserName", false},
};
enum unit_field {
	UNIT_SITE,
	YEAR,
	MONTH,
	KIND,
	RECORD,
	COUNT,
	AVAILABLE,
	TYPE,
	MODEL,
	FQAN,
	UNIT_FIELDS
};
static const struct ts_field json_fields[UNIT_FIELDS] = {
	[UNIT_SITE] = {"SiteName", true},
	[YEAR] = {"MeasurementYear", true},
	[MONTH] = {"MeasurementMonth", true},
	[KIND] = {"AssociatedRecordType", true},
	[RECORD] = {"AssociatedRecord", true},
	[COUNT] = {"Count", true},
	[AVAILABLE] = {"AvailableDuration", true},
	[TYPE] = {"Type", true},
	[MODEL] = {"Model", false},
	[FQAN] = {"FQAN", false},
};
/* Every key of a job message, v0.1 to v0.4: another one refuses the record. */
static const char *const known_keys[] = {"Site", "SubmitHost", "MachineName", "Queue", "LocalJobId",
	"LocalUserId", "GlobalUserName", "FQAN", "VO", "VOGroup", "VORole", "WallDuration",
	"CpuDuration", "Processors", "NodeCount", "InfrastructureDescription", "InfrastructureType",
	"StartTime", "EndTime", "MemoryReal", "MemoryVirtual", "ServiceLevelType", "ServiceLevel"};

static const struct ts_source_value settings[] = {
	{"processors-sku", "SKU of a core: bill Processors x WallDuration of job records"},
	{"ca", "PEM file of the authorities behind signed messages"},
	{"signers", "file with lines SITE TAB DN: who may report for which site"},
	{"keep", "folder where signed messages are kept as they came"},
};

struct apel {
	const struct ts_source_options *options;
	const char *processors_sku;
	const char *other; /* the header's: rows of this kind are not billable */
	struct ts_smime *smime; /* NULL: messages need no signature */
	bool verified; /* the message at hand */
	bool typed; /* an accelerator message said what it is */
	int64_t records; /* of an accelerator message */
};

static enum ts_err apel_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	struct apel *apel = ts_region_alloc(region, sizeof(*apel));
	if (!apel)
		return TS_E_NO_MEMORY;
	apel->options = options;
	apel->processors_sku = ts_source_setting(options, "processors-sku");
	const struct ts_smime_setup setup = {.authorities = ts_source_setting(options, "ca"),
		.signers = ts_source_setting(options, "signers"),
		.keep = ts_source_setting(options, "keep")};
	if (!setup.authorities != !setup.signers)
		return ts_why(why, TS_E_INVALID, "--set",
			"ca and signers belong together: who is trusted, and for what");
	if (setup.signers)
		TS_TRY(ts_smime_open(&setup, region, &apel->smime, why));
	*state = apel;
	return TS_OK;
}

static void apel_close(void *state)
{
	struct apel *apel = state;
	ts_smime_close(apel->smime);
}

static enum ts_err apel_unwrap(void *state, struct ts_str bytes, struct ts_region *region,
	struct ts_str *out, struct ts_why *why)
{
	struct apel *apel = state;
	if (!apel->smime)
		return ts_why(why, TS_E_SIGNATURE, "signature",
			"the message is signed: name the authorities and signers "
			"(--set ca=FILE --set signers=FILE)");
	TS_TRY(ts_smime_verify(apel->smime, bytes, region, out, why));
	apel->verified = true;
	return TS_OK;
}

static bool wrapped(struct ts_str head)
{
	return ts_smime_is_signed(head);
}

/* With a list of signers nothing unsigned is read, and a signer speaks for its sites only. */
static enum ts_err check_signer(const struct apel *apel, struct ts_str site, bool *goes_on,
	struct ts_row *row, struct ts_why *why)
{
	*goes_on = true;
	if (!apel->smime)
		return TS_OK;
	if (!apel->verified)
		return ts_why(why, TS_E_SIGNATURE, "signature", "the message is not signed");
	if (ts_smime_allows(apel->smime, site))
		return TS_OK;
	struct ts_str dn = ts_smime_signer(apel->smime);
	ts_row_judge(row, TS_ROW_QUARANTINED, "signer_not_for_site",
		"%.*s may not report for site %.*s", (int)dn.len, dn.at, TS_SHOW(site));
	*goes_on = false;
	return TS_OK;
}

/* none, null and nothing are the same. */
static struct ts_str value_of(struct ts_str cell)
{
	bool none = (cell.len == 4) &&
		    (strncasecmp(cell.at, "none", 4) == 0 || strncasecmp(cell.at, "null", 4) == 0);
	return none ? (struct ts_str){0} : cell;
}

static enum ts_err judge_job(const struct apel *apel, const struct ts_item *item,
	const struct ts_field *fields, struct ts_row *row, struct ts_why *why)
{
	const struct ts_str *cells = item->cells;
	int64_t wall_ms = 0;
	int64_t processors = 0;
	struct ts_usage use = {0};
	bool goes_on = false;
	TS_TRY(check_signer(apel, cells[SITE], &goes_on, row, why));
	if (!goes_on)
		return TS_OK;
	if (cells[SITE].len == 0 || cells[JOB_ID].len == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing", "no Site, or no job id");
		return TS_OK;
	}
	const unsigned stamps = TS_STAMP_ZONED | TS_STAMP_EPOCH_S;
	if (!ts_cell_stamp(item, fields, START, stamps, &use.start_ms, row) ||
		!ts_cell_stamp(item, fields, END, stamps, &use.end_ms, row) ||
		!ts_cell_duration(
			item, fields, WALL, TS_DURATION_S | TS_DURATION_ISO, &wall_ms, row))
		return TS_OK;
	if (use.end_ms >= use.start_ms && wall_ms != use.end_ms - use.start_ms) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "wall_mismatch",
			"WallDuration %lld s, EndTime - StartTime %lld s",
			(long long)wall_ms / 1000, (long long)(use.end_ms - use.start_ms) / 1000);
		return TS_OK;
	}
	if (!ts_row_span(use.start_ms, use.end_ms, row))
		return TS_OK;
	if (!apel->processors_sku) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_accelerator",
			"a job record says cores, not devices (--set processors-sku)");
		return TS_OK;
	}
	if (!ts_cell_number(item, fields, PROCESSORS, 0, 1, PROCESSORS_MAX, &processors, row))
		return TS_OK;
	ts_row_accept(row);
	use.sku = ts_row_token(row, ts_str(apel->processors_sku));
	use.class = ts_row_token(row, ts_str(apel->options->class));
	use.workload = ts_row_token(row, cells[JOB_ID]);
	use.resource = ts_row_token(row, value_of(cells[MACHINE]));
	use.account = ts_row_token(row, value_of(cells[VO]));
	const struct ts_str key[] = {TS_STR("apel-job"), cells[SITE], cells[JOB_ID], cells[END]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, processors * 1000, wall_ms);
	return TS_OK;
}

static enum ts_err text_member(
	void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why)
{
	static const struct {
		const char *header;
		const char *other; /* NULL: job records */
	} headers[] = {
		{"APEL-individual-job-message: v0.1", NULL},
		{"APEL-individual-job-message: v0.2", NULL},
		{"APEL-individual-job-message: v0.3", NULL},
		{"APEL-individual-job-message: v0.4", NULL},
		{"APEL-summary-job-message: v0.2", "summary"},
		{"APEL-summary-job-message: v0.3", "summary"},
		{"APEL-summary-job-message: v0.4", "summary"},
		{"APEL-normalised-summary-message: v0.3", "summary"},
		{"APEL-normalised-summary-message: v0.4", "summary"},
		{"APEL-sync-message: v0.1", "sync"},
		{"APEL-cloud-message: v0.1", "cloud"},
		{"APEL-cloud-message: v0.2", "cloud"},
		{"APEL-cloud-message: v0.3", "cloud"},
		{"APEL-cloud-message: v0.4", "cloud"},
		{"APEL-cloud-summary-message: v0.2", "summary"},
		{"APEL-cloud-summary-message: v0.4", "summary"},
	};
	struct apel *apel = state;
	(void)path;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (!ts_str_is(node->text, headers[i].header))
			continue;
		apel->other = headers[i].other;
		return TS_OK;
	}
	return ts_why(why, TS_E_MALFORMED, "header", "\"%.*s\" begins no APEL message",
		TS_SHOW(node->text));
}

static enum ts_err text_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct apel *apel = state;
	for (const struct ts_node *at = item->tree->first; at; at = at->next) {
		bool known = false;
		for (size_t i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++)
			known = known || ts_str_is(at->name, known_keys[i]);
		if (known)
			continue;
		ts_row_judge(row, TS_ROW_QUARANTINED, "key_unknown", "\"%.*s\" is no key of a job",
			TS_SHOW(at->name));
		return TS_OK;
	}
	return judge_job(apel, item, text_fields, row, why);
}

/* Summaries and counts repeat what job records said: nothing to bill twice. */
static enum ts_err block_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct apel *apel = state;
	if (!apel->other)
		return text_row(state, item, row, why);
	ts_row_judge(row, TS_ROW_NOT_BILLABLE, apel->other,
		"a record of a %s message: it repeats or counts others", apel->other);
	return TS_OK;
}

static enum ts_err xml_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	if (ts_str_is(item->tree->name, "SummaryRecord")) {
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "summary", "a summary record repeats its jobs");
		return TS_OK;
	}
	return judge_job(state, item, xml_fields, row, why);
}

static enum ts_err json_member(
	void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why)
{
	struct apel *apel = state;
	struct ts_str text = ts_node_text(node);
	if (ts_str_is(path, "Type")) {
		apel->typed = ts_str_is(text, "APEL-accelerator-message");
		if (!apel->typed)
			return ts_why(why, TS_E_MALFORMED, "/Type",
				"\"%.*s\" is no message we read", TS_SHOW(text));
	} else if (ts_str_is(path, "Version") && !ts_str_is(text, "0.1")) {
		return ts_why(why, TS_E_VERSION, "/Version", "\"%.*s\" is not 0.1", TS_SHOW(text));
	}
	return TS_OK;
}

/* The SKU of a unit: its model's, or the option when the message names none. */
static bool read_model(const struct apel *apel, const struct ts_str *cells, int64_t at_ms,
	struct ts_str *sku, int64_t *milli, struct ts_row *row)
{
	static const char *const tables[] = {"apel-model", "dcgm-model"};
	const struct ts_catalog_entry *entry = NULL;
	struct ts_str model = value_of(cells[MODEL]);
	*sku = ts_str(apel->options->sku);
	*milli = 1000;
	if (model.len == 0)
		return true;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (ts_catalog_find(apel->options->catalog, tables[i], model, at_ms, &entry) !=
			TS_OK)
			continue;
		*sku = entry->sku;
		*milli = entry->devices_milli;
		return true;
	}
	ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
		"apel-model \"%.*s\" is not in the catalog", TS_SHOW(model));
	return false;
}

static bool read_month(const struct ts_item *item, struct ts_usage *use, struct ts_row *row)
{
	int64_t year = 0;
	int64_t month = 0;
	if (!ts_cell_number(item, json_fields, YEAR, 0, 2000, 9998, &year, row) ||
		!ts_cell_number(item, json_fields, MONTH, 0, 1, 12, &month, row))
		return false;
	int32_t number = (int32_t)(year * 12 + month - 1);
	use->start_ms = ts_month_first_day(number) * (TS_US_PER_DAY / TS_US_PER_MS);
	use->end_ms = ts_month_first_day(number + 1) * (TS_US_PER_DAY / TS_US_PER_MS);
	return true;
}

static enum ts_err json_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct apel *apel = state;
	const struct ts_str *cells = item->cells;
	struct ts_usage use = {0};
	struct ts_str sku = {0};
	int64_t count_milli = 0;
	int64_t available_s = 0;
	int64_t milli = 0;
	bool goes_on = false;
	if (++apel->records > TS_APEL_RECORDS_MAX)
		return ts_why(why, TS_E_LIMIT, "/UsageRecords", "more than %d records",
			TS_APEL_RECORDS_MAX);
	TS_TRY(check_signer(apel, cells[UNIT_SITE], &goes_on, row, why));
	if (!goes_on || !read_month(item, &use, row) ||
		!ts_cell_number(item, json_fields, COUNT, 3, 0, ACCELERATORS_MILLI_MAX,
			&count_milli, row) ||
		!ts_cell_number(item, json_fields, AVAILABLE, 0, 0, INT32_MAX, &available_s, row))
		return TS_OK;
	if (available_s * 1000 > use.end_ms - use.start_ms) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "available_over_month",
			"AvailableDuration %lld s in a month of %lld s", (long long)available_s,
			(long long)(use.end_ms - use.start_ms) / 1000);
		return TS_OK;
	}
	if (!ts_str_is(cells[TYPE], "GPU") && !ts_str_is(cells[TYPE], "FPGA") &&
		!ts_str_is(cells[TYPE], "Other")) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "type_unknown",
			"Type \"%.*s\" is not GPU, FPGA or Other", TS_SHOW(cells[TYPE]));
		return TS_OK;
	}
	if (count_milli == 0 || available_s == 0) {
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "zero_elapsed", "Count or AvailableDuration 0");
		return TS_OK;
	}
	if (!read_model(apel, cells, use.start_ms, &sku, &milli, row))
		return TS_OK;
	ts_row_accept(row);
	use.sku = ts_row_token(row, sku);
	use.class = ts_row_token(row, ts_str(apel->options->class));
	use.workload = ts_row_token(row, cells[RECORD]);
	use.resource = ts_row_token(row, cells[UNIT_SITE]);
	use.account = ts_row_token(row, value_of(cells[FQAN]));
	const struct ts_str key[] = {TS_STR("apel-accelerator"), cells[YEAR], cells[MONTH],
		cells[KIND], cells[RECORD], cells[UNIT_SITE], cells[MODEL]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, count_milli * milli / 1000, available_s * 1000);
	return TS_OK;
}

/* A signature and a type are a message's own. */
static void apel_begin(void *state)
{
	struct apel *apel = state;
	apel->other = NULL;
	apel->verified = false;
	apel->typed = false;
	apel->records = 0;
}

/* The message said what it is, before or behind its records. */
static enum ts_err apel_end(void *state, struct ts_why *why)
{
	const struct apel *apel = state;
	if (apel->records && !apel->typed)
		return ts_why(
			why, TS_E_MISSING_FIELD, "/Type", "the message does not say its type");
	return TS_OK;
}

static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_BLOCKS,
		.fields = text_fields,
		.fields_n = JOB_FIELDS,
		.member = text_member,
		.row = block_row,
	},
	{
		.kind = TS_FORM_XML,
		.fields = xml_fields,
		.fields_n = JOB_FIELDS,
		.items = "UsageRecord|JobUsageRecord|SummaryRecord",
		.row = xml_row,
	},
	{
		.kind = TS_FORM_JSON,
		.fields = json_fields,
		.fields_n = UNIT_FIELDS,
		.items = "UsageRecords",
		.member = json_member,
		.row = json_row,
	},
};

const struct ts_source ts_apel_source = {
	.name = "apel",
	.summary = "APEL job messages (text, XML) and accelerator messages (JSON), signed or not",
	.time_note = "times are seconds since 1970, or carry a zone; accelerators by UTC month",
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.state_bytes_max = 2u << 20,
	.open = apel_open,
	.close = apel_close,
	.begin = apel_begin,
	.end = apel_end,
	.wrapped = wrapped,
	.unwrap = apel_unwrap,
};
