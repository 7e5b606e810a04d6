/* SPDX-License-Identifier: Apache-2.0 */
#include "service/config_table.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_VALUE_BYTES_MAX 2048

static void *slot(void *config, const struct ts_config_key *key)
{
	return (char *)config + key->offset;
}

void ts_config_table_default(const struct ts_config_table *table, void *config)
{
	for (size_t i = 0; i < table->n; i++) {
		if (table->keys[i].kind == TS_CONFIG_NUMBER)
			*(int64_t *)slot(config, &table->keys[i]) = table->keys[i].number;
		else
			*(const char **)slot(config, &table->keys[i]) = table->keys[i].text;
	}
}

static const struct ts_config_key *find_key(const struct ts_config_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->keys[i].name, name) == 0)
			return &table->keys[i];
	return NULL;
}

enum ts_err ts_config_table_set(const struct ts_config_table *table, void *config,
	struct ts_region *region, const char *name, const char *value, struct ts_why *why)
{
	const struct ts_config_key *key = find_key(table, name);
	if (key == NULL)
		return ts_why(why, TS_E_UNKNOWN_FIELD, name, "unknown key \"%s\"", name);
	if (strlen(value) > CONFIG_VALUE_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, name, "%s is longer than %d bytes", name,
			CONFIG_VALUE_BYTES_MAX);
	if (key->kind == TS_CONFIG_NUMBER) {
		int64_t number = 0;
		if (ts_text_u63(ts_str(value), &number) != TS_OK)
			return ts_why(why, TS_E_MALFORMED, name,
				"%s = \"%s\" is not a whole number", name, value);
		if (number < key->min || number > key->max)
			return ts_why(why, TS_E_RANGE, name, "%s = %s is not in [%lld, %lld]", name,
				value, (long long)key->min, (long long)key->max);
		*(int64_t *)slot(config, key) = number;
		return TS_OK;
	}
	const char *copy = ts_region_copy(region, value, strlen(value));
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	*(const char **)slot(config, key) = copy;
	return TS_OK;
}

static struct ts_str trim(struct ts_str text)
{
	while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && strchr(" \t\r", text.at[text.len - 1]) != NULL)
		text.len--;
	return text;
}

static enum ts_err config_line(const struct ts_config_table *table, void *config,
	struct ts_region *region, struct ts_str line, uint64_t *given, struct ts_why *why)
{
	line = trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return TS_OK;
	struct ts_str value = line;
	struct ts_str name = trim(ts_str_cut(&value, '='));
	if (value.at == NULL)
		return ts_why(why, TS_E_MALFORMED, "", "expected `key = value`, found \"%.*s\"",
			(int)(line.len < 40 ? line.len : 40), line.at);
	value = trim(value);
	const char *key = ts_region_copy(region, name.at, name.len);
	const char *text = ts_region_copy(region, value.at, value.len);
	if (key == NULL || text == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_config_table_set(table, config, region, key, text, why));
	uint64_t bit = UINT64_C(1) << (size_t)(find_key(table, key) - table->keys);
	if ((*given & bit) != 0)
		return ts_why(why, TS_E_MALFORMED, key, "key \"%s\" is given twice", key);
	*given |= bit;
	return TS_OK;
}

static void close_file(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

static enum ts_err read_file(
	const char *path, struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	__attribute__((cleanup(close_file))) FILE *file = fopen(path, "re");
	if (file == NULL)
		return ts_why(why, TS_E_IO, path, "cannot open \"%s\": %s", path, strerror(errno));
	char *bytes = ts_region_alloc(region, TS_CONFIG_FILE_BYTES_MAX + 1);
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	size_t len = fread(bytes, 1, TS_CONFIG_FILE_BYTES_MAX + 1, file);
	if (ferror(file) != 0)
		return ts_why(why, TS_E_IO, path, "cannot read \"%s\"", path);
	if (len > TS_CONFIG_FILE_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, path, "\"%s\" is larger than %d bytes", path,
			TS_CONFIG_FILE_BYTES_MAX);
	if (memchr(bytes, '\0', len) != NULL)
		return ts_why(why, TS_E_MALFORMED, path, "\"%s\" contains a NUL byte", path);
	*out = (struct ts_str){bytes, len};
	return TS_OK;
}

enum ts_err ts_config_table_load(const struct ts_config_table *table, const char *path,
	struct ts_region *region, void *config, struct ts_why *why)
{
	TS_ASSERT(table->n <= 64); /* one bit per key */
	struct ts_str rest;
	uint64_t given = 0;
	TS_TRY(read_file(path, region, &rest, why));
	for (int number = 1; rest.at != NULL && rest.len > 0; number++) {
		struct ts_str line = ts_str_cut(&rest, '\n');
		enum ts_err err = config_line(table, config, region, line, &given, why);
		if (err != TS_OK) {
			if (why != NULL)
				(void)snprintf(
					why->where, sizeof(why->where), "%.150s:%d", path, number);
			return err;
		}
	}
	return TS_OK;
}

enum ts_err ts_config_table_read(const struct ts_config_table *table, const char *path,
	const char *const *sets, size_t sets_n, struct ts_region *region, void *config,
	struct ts_why *why)
{
	ts_config_table_default(table, config);
	if (path != NULL)
		TS_TRY(ts_config_table_load(table, path, region, config, why));
	for (size_t i = 0; i < sets_n; i++) {
		struct ts_str value = ts_str(sets[i]);
		struct ts_str key = ts_str_cut(&value, '=');
		const char *name = ts_region_copy(region, key.at, key.len);
		if (name == NULL)
			return TS_E_NO_MEMORY;
		if (value.at == NULL)
			return ts_why(
				why, TS_E_MALFORMED, "--set", "\"%s\" is not KEY=VALUE", name);
		TS_TRY(ts_config_table_set(table, config, region, name, value.at, why));
	}
	return TS_OK;
}

void ts_config_table_print(
	const struct ts_config_table *table, const void *config, struct ts_buf *out)
{
	for (size_t i = 0; i < table->n; i++) {
		const char *at = (const char *)config + table->keys[i].offset;
		ts_buf_printf(out, "# %s\n", table->keys[i].help);
		if (table->keys[i].kind == TS_CONFIG_NUMBER) {
			ts_buf_printf(out, "# %lld to %lld, default %lld\n%s = %lld\n",
				(long long)table->keys[i].min, (long long)table->keys[i].max,
				(long long)table->keys[i].number, table->keys[i].name,
				(long long)*(const int64_t *)(const void *)at);
			continue;
		}
		const char *text = *(const char *const *)(const void *)at;
		if (table->keys[i].kind == TS_CONFIG_SECRET && text[0] != '\0')
			ts_buf_printf(out, "# %s = (set, not shown)\n", table->keys[i].name);
		else
			ts_buf_printf(out, "%s = %s\n", table->keys[i].name, text);
	}
}
