/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CONFIG_TABLE_H
#define TS_SERVICE_CONFIG_TABLE_H
/* Why: the service and the agent read the same kind of file: `key = value` lines, `#` comments, an
 * unknown or repeated key refuses to start. One table is parser, defaults and the printed help. */
#include "base/buf.h"
#include "base/region.h"
#include <stddef.h>
#include <stdint.h>

#define TS_CONFIG_FILE_BYTES_MAX 65536

enum ts_config_kind { TS_CONFIG_TEXT, TS_CONFIG_SECRET, TS_CONFIG_NUMBER };
struct ts_config_key {
	const char *name;
	enum ts_config_kind kind;
	size_t offset; /* in the struct that is filled: const char *, or int64_t of a number */
	int64_t min, max; /* of a number */
	int64_t number; /* default of a number */
	const char *text; /* default of a text or secret */
	const char *help;
};
struct ts_config_table {
	const struct ts_config_key *keys;
	size_t n; /* at most 64 */
};

/* config: the struct that the offsets are of. As ts_config_* of config.h, for any table. */
void ts_config_table_default(const struct ts_config_table *table, void *config);
enum ts_err ts_config_table_set(const struct ts_config_table *table, void *config,
	struct ts_region *region, const char *key, const char *value, struct ts_why *why) TS_MUST;
enum ts_err ts_config_table_load(const struct ts_config_table *table, const char *path,
	struct ts_region *region, void *config, struct ts_why *why) TS_MUST;
enum ts_err ts_config_table_read(const struct ts_config_table *table, const char *path,
	const char *const *sets, size_t sets_n, struct ts_region *region, void *config,
	struct ts_why *why) TS_MUST;
void ts_config_table_print(
	const struct ts_config_table *table, const void *config, struct ts_buf *out);

#endif
