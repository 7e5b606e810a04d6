/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AGENT_SETTINGS_H
#define TS_SERVICE_AGENT_SETTINGS_H
/* Why: what an agent does stands in one file, one per source and stream (docs/agent.md): where rows
 * come from, what they mean, when windows are closed, where lines go, and its limits. */
#include "importers/frame/import.h"
#include "service/command/source_lists.h"
#include "service/config_table.h"

struct ts_agent_settings {
	/* where lines go */
	const char *stream; /* folder of `stream new` */
	const char *url;
	const char *token_file;
	const char *passphrase_file; /* of a sealed agent key */
	/* where rows come from: one of the three */
	const char *files; /* folder */
	const char *command;
	const char *fetch; /* URL */
	const char *fetch_token_file;
	/* what they mean, as of `import` */
	const char *source;
	const char *sku;
	const char *class;
	const char *account;
	const char *cluster;
	const char *columns;
	const char *gpu_partitions;
	const char *slices;
	const char *set;
	const char *catalogs;
	int64_t supersede;
	int64_t slice_hours;
	int64_t running;
	/* when */
	int64_t collect_s;
	int64_t lookback_s;
	int64_t quiet_s;
	int64_t command_timeout_s;
	const char *close_by; /* clock, records */
	int64_t close_delay_s;
	int64_t send_retry_s;
	/* limits */
	int64_t batch_lines;
	int64_t input_bytes_max;
	int64_t spool_bytes_max; /* not acknowledged */
	int64_t disk_free_bytes_min;
	int64_t clock_alarm_ms;
	int64_t clock_stop_ms;
	int64_t silence_alarm_s;
	/* what it says */
	const char *metrics_file;
	const char *log_level;
	const char *log_file;
};

/* The settings and what follows from them; region and texts live as long as this. */
struct ts_agent_plan {
	struct ts_agent_settings settings;
	const struct ts_source *source;
	struct ts_import_options import; /* but for what depends on the time */
	struct ts_source_lists lists;
	struct ts_opt_list catalogs;
};

/* Reads and checks; why->where is FILE:LINE or the key. Texts are copied into the region. */
enum ts_err ts_agent_settings_read(const char *path, const char *const *sets, size_t sets_n,
	struct ts_region *region, struct ts_agent_plan *out, struct ts_why *why) TS_MUST;
/* Every key with its help and value. */
void ts_agent_settings_print(const struct ts_agent_settings *settings, struct ts_buf *out);

#endif
