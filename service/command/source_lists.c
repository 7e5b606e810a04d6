/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/source_lists.h"
#include <string.h>

/* "NAME=VALUE" in argv: cuts it in place of a copy. */
static char *cut_at_equals(const char *item, char *room, size_t room_bytes)
{
	size_t len = strlen(item);
	if (len >= room_bytes)
		return NULL;
	memcpy(room, item, len + 1);
	char *equals = strchr(room, '=');
	if (equals)
		*equals++ = '\0';
	return equals ? equals : room + len;
}

static enum ts_err read_lists(
	struct ts_source_lists *lists, struct ts_source_options *source, struct ts_why *why)
{
	if (lists->partitions.n > TS_SOURCE_PARTITIONS_MAX ||
		lists->profiles.n > TS_SOURCE_PROFILES_MAX)
		return ts_why(why, TS_E_LIMIT, "options", "too many partitions or slices");
	for (size_t i = 0; i < lists->partitions.n; i++) {
		char *sku = cut_at_equals(
			lists->partitions.items[i], lists->rooms[i], sizeof(lists->rooms[0]));
		if (!sku)
			return ts_why(why, TS_E_LIMIT, "--gpu-partition", "longer than 127 bytes");
		source->partitions[i] = (struct ts_source_partition){
			lists->rooms[i], sku[0] ? sku : NULL};
	}
	source->partitions_n = lists->partitions.n;
	for (size_t i = 0; i < lists->profiles.n; i++) {
		char *room = lists->rooms[TS_OPT_LIST_MAX + i];
		char *milli = cut_at_equals(
			lists->profiles.items[i], room, sizeof(lists->rooms[0]));
		int64_t value = 0;
		if (!milli || ts_text_u63(ts_str(milli), &value) != TS_OK || value < 1 ||
			value > 1000)
			return ts_why(why, TS_E_MALFORMED, "--slice",
				"\"%s\" is not TYPE=MILLI with MILLI in 1..1000",
				lists->profiles.items[i]);
		source->profiles[i] = (struct ts_source_profile){room, value};
	}
	source->profiles_n = lists->profiles.n;
	return TS_OK;
}

static bool has_setting(const struct ts_source *source, const char *name)
{
	for (size_t i = 0; i < source->settings_n; i++)
		if (strcmp(source->settings[i].name, name) == 0)
			return true;
	return false;
}

static enum ts_err read_settings(struct ts_source_lists *lists, const struct ts_source *source,
	struct ts_source_options *options, struct ts_why *why)
{
	for (size_t i = 0; i < lists->settings.n && i < TS_SOURCE_SETTINGS_MAX; i++) {
		const char *item = lists->settings.items[i];
		char *room = lists->rooms[2 * TS_OPT_LIST_MAX + i];
		char *value = strchr(item, '=') ? cut_at_equals(item, room, sizeof(lists->rooms[0]))
						: NULL;
		if (!value || !has_setting(source, room))
			return ts_why(why, TS_E_INVALID, "--set",
				"\"%s\" is not NAME=VALUE with a setting of %s (at most 127 bytes)",
				item, source->name);
		options->settings[options->settings_n++] = (struct ts_source_value){room, value};
	}
	return TS_OK;
}

enum ts_err ts_source_lists_read(struct ts_source_lists *lists, const struct ts_source *source,
	struct ts_source_options *options, struct ts_why *why)
{
	TS_TRY(read_lists(lists, options, why));
	return read_settings(lists, source, options, why);
}
