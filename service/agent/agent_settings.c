/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent/agent_settings.h"
#include <string.h>

#define T(name, def, help)                                                                         \
	{                                                                                          \
#name, TS_CONFIG_TEXT, offsetof(struct ts_agent_settings, name), 0, 0, 0, def,     \
			help                                                                       \
	}
#define N(name, min, max, def, help)                                                               \
	{                                                                                          \
#name, TS_CONFIG_NUMBER, offsetof(struct ts_agent_settings, name), min, max, def,  \
			NULL, help                                                                 \
	}
static const struct ts_config_key keys[] = {
	T(stream, "", "folder of the stream (tallystick-agent stream new)"),
	T(url, "", "the service: https://HOST, http://HOST:PORT or unix:/SOCKET"),
	T(token_file, "", "file with the agent's bearer token, readable by nobody else"),
	T(passphrase_file, "", "passphrase of a sealed agent key"),
	T(files, "",
		"folder whose files are read, oldest first; .tmp, .part and hidden ones are not"),
	T(command, "", "shell command whose output is read; {since} and {until} are replaced"),
	T(fetch, "", "URL whose answer is read; {since_s} and {until_s} are replaced"),
	T(fetch_token_file, "", "file with the bearer token for fetch"),
	T(source, "", "format of the rows (tallystick-agent import --sources)"),
	T(sku, "gpu", "SKU of devices without a type"),
	T(class, "on_demand", "pricing class"),
	T(account, "", "account, where the source has none"),
	T(cluster, "", "rows of another cluster are quarantined"),
	T(columns, "", "slurm: names of the columns, where no heading has them"),
	T(gpu_partitions, "", "slurm: NAME[=SKU], ...: partitions whose jobs must have GPUs"),
	T(slices, "", "slurm: TYPE=MILLI, ...: what a MIG slice counts as, in thousandths"),
	T(set, "", "NAME=VALUE, ...: settings of the source"),
	T(catalogs, "", "FILE, ...: codes laid over the compiled catalog"),
	N(supersede, 0, 1, 0,
		"1: a changed row reverses its earlier records; 0: it is quarantined"),
	N(slice_hours, 1, 744, 1, "records are cut at multiples of so many UTC hours"),
	N(running, 0, 1, 1, "1: what runs is recorded by the hour; 0: when it has ended"),
	N(collect_s, 1, 86400, 300, "seconds between collections"),
	N(lookback_s, 0, 31536000, 172800, "{since} lies so long before the last collection"),
	N(quiet_s, 0, 86400, 5, "a file is read when it has not changed for so long"),
	N(command_timeout_s, 1, 86400, 300, "a command, or a fetch, that takes longer is ended"),
	T(close_by, "",
		"windows are closed by: clock, records; empty: clock, but records for files"),
	N(close_delay_s, 0, 2678400, 3600, "clock: a window is closed so long after its end"),
	N(send_retry_s, 1, 3600, 60, "longest pause between attempts to send"),
	N(batch_lines, 1, 10000, 5000, "lines per append"),
	N(input_bytes_max, 1024, 68719476736, 1073741824, "largest output of a command or fetch"),
	N(spool_bytes_max, 65536, 1099511627776, 1073741824,
		"bytes that wait to be acknowledged; over it nothing is collected"),
	N(disk_free_bytes_min, 0, 1099511627776, 268435456,
		"free bytes on the stream's disk; under it nothing is collected"),
	N(clock_alarm_ms, 100, 3600000, 5000, "difference from the service's clock that alarms"),
	N(clock_stop_ms, 1000, 86400000, 300000, "and the one at which nothing is collected"),
	N(silence_alarm_s, 60, 31536000, 7200, "no collection, or no receipt, for so long alarms"),
	T(metrics_file, "", "Prometheus text file (node_exporter); empty: none"),
	T(log_level, "info", "debug, info, warn or error"),
	T(log_file, "-", "log file; - is stderr"),
};
#undef T
#undef N
static const struct ts_config_table table = {keys, sizeof(keys) / sizeof(keys[0])};

/* "A, B, C" into a list; the texts are copied. */
static enum ts_err split(const char *key, const char *text, struct ts_region *region,
	struct ts_opt_list *out, struct ts_why *why)
{
	struct ts_str rest = ts_str(text);
	while (rest.at && rest.len) {
		struct ts_str item = ts_str_cut(&rest, ',');
		while (item.len && item.at[0] == ' ')
			item = (struct ts_str){item.at + 1, item.len - 1};
		while (item.len && item.at[item.len - 1] == ' ')
			item.len--;
		if (item.len == 0)
			return ts_why(why, TS_E_MALFORMED, key, "%s: an empty item", key);
		if (out->n == TS_OPT_LIST_MAX)
			return ts_why(why, TS_E_LIMIT, key, "%s has more than %d items", key,
				TS_OPT_LIST_MAX);
		const char *copy = ts_region_copy(region, item.at, item.len);
		if (!copy)
			return TS_E_NO_MEMORY;
		out->items[out->n++] = copy;
	}
	return TS_OK;
}

static enum ts_err check_inputs(const struct ts_agent_settings *s, struct ts_why *why)
{
	const char *const inputs[] = {s->files, s->command, s->fetch};
	size_t n = 0;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		n += inputs[i][0] != '\0';
	if (n != 1)
		return ts_why(why, TS_E_INVALID, "files",
			"one of files, command and fetch says where rows come from; %zu are set",
			n);
	if (s->fetch[0] && strncmp(s->fetch, "http://", 7) != 0 &&
		strncmp(s->fetch, "https://", 8) != 0)
		return ts_why(why, TS_E_INVALID, "fetch",
			"fetch = \"%.80s\" is not a URL of http "
			"or https",
			s->fetch);
	return TS_OK;
}

static enum ts_err check(struct ts_agent_settings *s, struct ts_why *why)
{
	const struct {
		const char *key, *value;
	} needed[] = {{"stream", s->stream}, {"url", s->url}, {"source", s->source},
		{"sku", s->sku}, {"class", s->class}};
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i].value[0] == '\0')
			return ts_why(why, TS_E_MISSING_FIELD, needed[i].key, "%s is not set",
				needed[i].key);
	TS_TRY(check_inputs(s, why));
	if (s->close_by[0] == '\0')
		s->close_by = s->files[0] ? "records" : "clock";
	if (strcmp(s->close_by, "clock") != 0 && strcmp(s->close_by, "records") != 0)
		return ts_why(why, TS_E_INVALID, "close_by",
			"close_by = \"%.40s\" is not clock or records", s->close_by);
	if (s->clock_stop_ms < s->clock_alarm_ms)
		return ts_why(why, TS_E_INVALID, "clock_stop_ms",
			"clock_stop_ms is less than clock_alarm_ms");
	return TS_OK;
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static enum ts_err make_plan(
	struct ts_agent_plan *plan, struct ts_region *region, struct ts_why *why)
{
	const struct ts_agent_settings *s = &plan->settings;
	plan->source = ts_source_find(s->source);
	if (!plan->source)
		return ts_why(why, TS_E_INVALID, "source",
			"source = \"%.40s\" is none; tallystick-agent import --sources", s->source);
	plan->import = (struct ts_import_options){
		.source = {.sku = s->sku,
			.class = s->class,
			.cluster = or_null(s->cluster),
			.columns = or_null(s->columns),
			.account = or_null(s->account)},
		.slice_ms = s->slice_hours * 3600000,
		.supersede = s->supersede != 0,
	};
	TS_TRY(split("gpu_partitions", s->gpu_partitions, region, &plan->lists.partitions, why));
	TS_TRY(split("slices", s->slices, region, &plan->lists.profiles, why));
	TS_TRY(split("set", s->set, region, &plan->lists.settings, why));
	TS_TRY(split("catalogs", s->catalogs, region, &plan->catalogs, why));
	return ts_source_lists_read(&plan->lists, plan->source, &plan->import.source, why);
}

enum ts_err ts_agent_settings_read(const char *path, const char *const *sets, size_t sets_n,
	struct ts_region *region, struct ts_agent_plan *out, struct ts_why *why)
{
	memset(out, 0, sizeof(*out));
	TS_TRY(ts_config_table_read(&table, path, sets, sets_n, region, &out->settings, why));
	TS_TRY(check(&out->settings, why));
	return make_plan(out, region, why);
}

void ts_agent_settings_print(const struct ts_agent_settings *settings, struct ts_buf *out)
{
	ts_config_table_print(&table, settings, out);
}
