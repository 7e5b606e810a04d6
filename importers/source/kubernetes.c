/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/kubernetes.h"
#include "importers/frame/catalog.h"
#include "importers/source/billed.h"
#include "importers/source/prom.h"
#include "importers/source/timelines.h"
#include <stdio.h>
#include <string.h>

#define DEVICES_MAX 1000000
#define NAME_BYTES_MAX 256

struct kubernetes {
	const struct ts_source_options *options;
	struct ts_region *region;
	int64_t step_ms;
	bool requests; /* one was judged: phases come too late now */
	struct ts_timelines *pods; /* when they ran; NULL until a phase was read */
	/* Of the series at hand. */
	struct ts_prom_series series;
	const struct ts_catalog_entry *entry;
	struct ts_str sku;
	size_t held_n;
	struct ts_prom_held *held;
};

static enum ts_err kubernetes_open(const struct ts_source_options *options,
	struct ts_region *region, void **state, struct ts_why *why)
{
	const char *mig = ts_source_setting(options, "mig");
	struct kubernetes *k = ts_region_alloc(region, sizeof(*k));
	if (!k)
		return TS_E_NO_MEMORY;
	*k = (struct kubernetes){.options = options, .region = region};
	if (mig && strcmp(mig, "memory") != 0 && strcmp(mig, "compute") != 0)
		return ts_why(why, TS_E_INVALID, "mig", "\"%s\" is not memory or compute", mig);
	TS_TRY(ts_prom_step(options, &k->step_ms, why));
	*state = k;
	return TS_OK;
}

static struct ts_str namespace_of(const struct ts_prom_series *series)
{
	return ts_prom_label(series, "exported_namespace|namespace");
}
static struct ts_str pod_of(const struct ts_prom_series *series)
{
	return ts_prom_label(series, "exported_pod|pod");
}

/* uid where there is one: a name is used again. False: it has neither. */
static bool pod_name(
	const struct ts_prom_series *series, char buf[NAME_BYTES_MAX * 2 + 2], struct ts_str *name)
{
	struct ts_str space = namespace_of(series);
	struct ts_str pod = pod_of(series);
	*name = ts_prom_label(series, "uid");
	if (name->len && name->len < NAME_BYTES_MAX)
		return true;
	if (pod.len == 0 || pod.len >= NAME_BYTES_MAX || space.len >= NAME_BYTES_MAX)
		return false;
	snprintf(buf, NAME_BYTES_MAX * 2 + 2, "%.*s/%.*s", (int)space.len, space.at, (int)pod.len,
		pod.at);
	*name = ts_str(buf);
	return true;
}

/* Remembers when a pod ran. Series of one pod come in order of time, or are the same again. */
static enum ts_err keep_phase(struct kubernetes *k, struct ts_row *row, struct ts_why *why)
{
	const struct ts_prom_series *series = &k->series;
	char buf[NAME_BYTES_MAX * 2 + 2];
	struct ts_str name;
	if (k->requests)
		return ts_why(why, TS_E_INVALID, "kube_pod_status_phase",
			"phases after requests: name the file with the phases first");
	if (!k->pods)
		TS_TRY(ts_timelines_create(k->region, &k->pods));
	ts_row_judge(row, TS_ROW_NOT_BILLABLE, "phase", "says when a pod ran");
	if (!ts_str_is(ts_prom_label(series, "phase"), "Running"))
		return TS_OK;
	if (!pod_name(series, buf, &name) || series->step_ms == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED,
			series->step_ms ? "field_missing" : "step_unknown", "a phase without %s",
			series->step_ms ? "a pod" : "a step");
		return TS_OK;
	}
	for (size_t i = 0; i < series->n; i++) {
		int64_t at_ms = series->samples[i].at_ms;
		if (!ts_str_is(series->samples[i].value, "1") ||
			at_ms < ts_timelines_end(k->pods, name))
			continue;
		if (ts_timelines_add(k->pods, name, at_ms, at_ms + series->step_ms) != TS_OK)
			return ts_why(why, TS_E_LIMIT, "kube_pod_status_phase",
				"more phases than fit, or more than %d pods",
				TS_TIMELINES_NAMES_MAX);
	}
	return TS_OK;
}

/* "aws_amazon_com_neuron" as kube-state-metrics spells "aws.amazon.com/neuron". */
static struct ts_str resource_name(struct ts_str text, char out[NAME_BYTES_MAX])
{
	size_t cut = 0;
	if (text.len == 0 || text.len >= NAME_BYTES_MAX || memchr(text.at, '/', text.len))
		return text;
	for (size_t i = 0; i + 5 <= text.len && cut == 0; i++)
		if (memcmp(text.at + i, "_com_", 5) == 0)
			cut = i + 4;
	for (size_t i = 0; i < text.len; i++)
		out[i] = i == cut && cut ? '/' : i < cut && text.at[i] == '_' ? '.' : text.at[i];
	return (struct ts_str){out, text.len};
}

/* "mig_1g_5gb", "mig-1g.5gb.me": the profile "1g.5gb", "1g.5gb+me". Empty: it is none. */
static struct ts_str mig_profile(struct ts_str name, char out[NAME_BYTES_MAX])
{
	struct ts_str text = ts_billed_last(name, '/');
	size_t len = 0;
	if (text.len < 5 || text.len >= 64 || memcmp(text.at, "mig", 3) != 0)
		return ts_str("");
	for (size_t i = 4; i < text.len; i++) {
		bool mark = text.at[i] == '_' || text.at[i] == '.';
		bool first = !memchr(out, '.', len);
		out[len++] = mark ? (first ? '.' : '+') : text.at[i];
	}
	return (struct ts_str){out, len};
}

/* A slice of a device of that model; false: the row was judged. */
static bool find_slice(
	struct kubernetes *k, struct ts_str model, struct ts_str profile, struct ts_row *row)
{
	const char *mig = ts_source_setting(k->options, "mig");
	int64_t at_ms = k->series.samples[0].at_ms;
	char code[NAME_BYTES_MAX];
	snprintf(code, sizeof(code), "%.*s_%.*s", TS_SHOW(model), TS_SHOW(profile));
	if (mig && ts_catalog_find(k->options->catalog,
			   strcmp(mig, "memory") == 0 ? "mig-memory" : "mig-compute", ts_str(code),
			   at_ms, &k->entry) == TS_OK) {
		k->sku = k->entry->sku;
		return true;
	}
	ts_row_judge(row, TS_ROW_QUARANTINED, "mig_profile_unknown",
		"%s: --set mig=memory or compute says how slices count", code);
	return false;
}

/* The node's model, where the query joined its labels. *known false: none is told. */
static bool find_model(struct kubernetes *k, bool *known, struct ts_row *row)
{
	const struct ts_prom_series *series = &k->series;
	const struct ts_catalog_entry *model = NULL;
	int64_t at_ms = series->samples[0].at_ms;
	struct ts_str product = ts_prom_label(series,
		"label_nvidia_com_gpu_product|label_cloud_google_com_gke_tpu_accelerator|"
		"label_cloud_google_com_gke_accelerator");
	struct ts_str type = ts_prom_label(series,
		"label_node_kubernetes_io_instance_type|label_beta_kubernetes_io_instance_type");
	struct ts_str base = product;
	*known = false;
	for (size_t i = 0; i + 5 <= product.len; i++)
		if (memcmp(product.at + i, "-MIG-", 5) == 0)
			base.len = i;
	if (base.len &&
		ts_catalog_find(k->options->catalog, "k8s-product", base, at_ms, &model) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"k8s-product \"%.*s\" is not in the catalog at that time",
			TS_SHOW(product));
		return false;
	}
	if (!model)
		(void)!ts_catalog_find(k->options->catalog, "aws-instance", type, at_ms, &model);
	if (!model)
		return true;
	*known = true;
	k->sku = model->sku;
	if (base.len == product.len)
		return true;
	struct ts_str profile = {product.at + base.len + 5, product.len - base.len - 5};
	return find_slice(k, model->sku, profile, row);
}

/* Names that may be an accelerator's are never passed over. */
static bool may_be_device(struct ts_str name)
{
	static const char *const parts[] = {
		"gpu", "tpu", "npu", "xpu", "dcu", "mlu", "mig", "neuron", "gaudi", "accel"};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (ts_billed_contains(name, parts[i]))
			return true;
	return false;
}

static bool find_sku(struct kubernetes *k, struct ts_row *row)
{
	char name_buf[NAME_BYTES_MAX];
	char profile_buf[NAME_BYTES_MAX] = "";
	struct ts_str text = ts_prom_label(&k->series, "resource");
	struct ts_str name = resource_name(text, name_buf);
	struct ts_str profile = mig_profile(name, profile_buf);
	int64_t at_ms = k->series.samples[0].at_ms;
	bool known = false;
	if (text.len == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing", "no label resource");
		return false;
	}
	if (ts_catalog_find(k->options->catalog, "k8s-resource", name, at_ms, &k->entry) != TS_OK &&
		profile.len == 0) {
		bool device = may_be_device(name);
		ts_row_judge(row, device ? TS_ROW_QUARANTINED : TS_ROW_NOT_BILLABLE,
			device ? "sku_unknown" : "no_accelerator",
			"k8s-resource \"%.*s\" is not in the catalog at that time", TS_SHOW(name));
		return false;
	}
	if (k->entry && ts_billed_is_none(k->entry, row))
		return false;
	if (!find_model(k, &known, row))
		return false;
	if (profile.len && !k->entry)
		return find_slice(k, known ? k->sku : ts_str(k->options->sku), profile, row);
	if (!known)
		k->sku = ts_str_is(k->entry->sku, "gpu") ? ts_str(k->options->sku) : k->entry->sku;
	return true;
}

static bool ran_at(const struct ts_stretch **run, int64_t at_ms)
{
	while (*run && (*run)->end_ms <= at_ms)
		*run = (*run)->next;
	return *run && (*run)->start_ms <= at_ms;
}

/* What the samples say; false: the row was judged. */
static bool read_held(struct kubernetes *k, const struct ts_item *item, struct ts_row *row)
{
	const struct ts_prom_series *series = &k->series;
	const struct ts_stretch *run = NULL;
	char buf[NAME_BYTES_MAX * 2 + 2];
	struct ts_str name;
	if (!pod_name(series, buf, &name)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing", "no label pod or uid");
		return false;
	}
	if (k->pods)
		run = ts_timelines_of(k->pods, name);
	k->held_n = 0;
	k->held = ts_region_array(item->region, 2 * series->n, sizeof(*k->held));
	if (!k->held) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "item_too_large", "%zu samples", series->n);
		return false;
	}
	for (size_t i = 0; i < series->n; i++) {
		int64_t count = 0;
		if (ts_number(series->samples[i].value, 0, &count) != TS_OK || count < 0 ||
			count > DEVICES_MAX) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "number_malformed",
				"\"%.*s\" is no whole number of devices",
				TS_SHOW(series->samples[i].value));
			return false;
		}
		int64_t at_ms = series->samples[i].at_ms;
		if (count && (!k->pods || ran_at(&run, at_ms)))
			ts_prom_hold(k->held, &k->held_n, at_ms, at_ms + series->step_ms, count);
	}
	if (k->held_n)
		return true;
	ts_row_judge(row, TS_ROW_NOT_BILLABLE, "never_scheduled", "%.*s held nothing while it ran",
		TS_SHOW(name));
	return false;
}

/* Series that are no request of a container; false: the row was judged. */
static bool is_request(struct kubernetes *k, struct ts_row *row)
{
	struct ts_str name = k->series.name;
	struct ts_str cluster = ts_prom_label(&k->series, "cluster");
	const char *wanted = k->options->cluster;
	if (ts_str_is(name, "kube_pod_container_resource_limits"))
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "limits", "requests say the same");
	else if (ts_str_is(name, "kube_pod_init_container_resource_requests"))
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "init_container",
			"the pod holds what its containers request");
	else if (name.len && !ts_str_is(name, "kube_pod_container_resource_requests"))
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "other_metric", "%.*s", TS_SHOW(name));
	else if (wanted && cluster.len && !ts_str_is(cluster, wanted))
		ts_row_judge(row, TS_ROW_QUARANTINED, "other_cluster", "cluster \"%.*s\"",
			TS_SHOW(cluster));
	else if (ts_prom_label(&k->series, "node").len == 0)
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "never_scheduled", "no node");
	else
		return true;
	return false;
}

static void emit(struct kubernetes *k, const struct ts_prom_held *held, struct ts_row *row)
{
	const struct ts_prom_series *series = &k->series;
	struct ts_str cluster = ts_prom_label(series, "cluster");
	struct ts_usage use = {.start_ms = held->start_ms, .end_ms = held->end_ms};
	char buf[NAME_BYTES_MAX * 2 + 2];
	char start[24];
	struct ts_str name;
	ts_row_accept(row);
	if (!pod_name(series, buf, &name))
		return;
	if (cluster.len == 0)
		cluster = ts_str(k->options->cluster ? k->options->cluster : "");
	use.sku = ts_row_token(row, k->sku);
	use.class = ts_row_token(
		row, k->entry->class.len ? k->entry->class : ts_str(k->options->class));
	use.workload = ts_row_token(row, pod_of(series));
	use.resource = ts_row_token(row, ts_prom_label(series, "node"));
	use.account = ts_row_token(row, namespace_of(series));
	snprintf(start, sizeof(start), "%lld", (long long)held->start_ms);
	const struct ts_str key[] = {TS_STR("kubernetes"), cluster, name,
		ts_prom_label(series, "exported_container|container"),
		ts_prom_label(series, "resource"), ts_str(start)};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, held->count * k->entry->devices_milli,
			held->end_ms - held->start_ms);
	if (row->verdict == TS_ROW_ACCEPTED && !k->pods && series->name.len)
		snprintf(row->detail, sizeof(row->detail),
			"no kube_pod_status_phase was given: taken as running");
}

static enum ts_err kubernetes_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct kubernetes *k = state;
	if (item->part == 0) {
		k->held_n = 0;
		k->entry = NULL;
		if (!ts_prom_read(item, k->step_ms, &k->series, row))
			return TS_OK;
		if (k->series.step_ms > TS_PROM_STEP_MS_MAX) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "step_mismatch",
				"a sample every %lld ms is no metering (at most %d)",
				(long long)k->series.step_ms, TS_PROM_STEP_MS_MAX);
			return TS_OK;
		}
		if (ts_str_is(k->series.name, "kube_pod_status_phase"))
			return keep_phase(k, row, why);
		if (!is_request(k, row) || !find_sku(k, row))
			return TS_OK;
		k->requests = true;
		if (k->series.step_ms == 0) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "step_unknown",
				"one sample: --set step=SECONDS says for how long");
			return TS_OK;
		}
		if (!read_held(k, item, row))
			return TS_OK;
	}
	row->more = (size_t)item->part + 1 < k->held_n;
	emit(k, &k->held[item->part], row);
	return TS_OK;
}

static const struct ts_source_value settings[] = {
	{"step", "SECONDS of the query; without it the smallest distance of a series' samples"},
	{"mig", "memory or compute: what a MIG slice counts as"},
};
static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_JSON,
		.items = "data.result",
		.member = ts_prom_member,
		.row = kubernetes_row,
	},
};
const struct ts_source ts_kubernetes_source = {
	.name = "kubernetes",
	.summary = "what pods hold: kube-state-metrics from Prometheus query_range (JSON)",
	.time_note = "sample times are seconds since 1970; a sample counts until the next step",
	.forms = forms,
	.forms_n = 1,
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.state_bytes_max = 64u << 20,
	.open = kubernetes_open,
};
