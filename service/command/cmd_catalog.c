/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include "base/time.h"
#include "importers/frame/catalog.h"
#include "service/clock.h"
#include "service/command/catalog_files.h"
#include "service/command/command.h"
#include "service/instant.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_catalog = {
	.name = "catalog",
	.summary = "what codes of clusters and clouds mean: SKU, devices, dates",
	.usage = "tallystick catalog list [TABLE] [--catalog FILE ...] [--json]\n"
		 "tallystick catalog show TABLE CODE [--at INSTANT] [--catalog FILE ...]\n"
		 "tallystick catalog validate FILE ...\n"
		 "\n"
		 "A row whose code the catalog does not know is quarantined (sku_unknown).\n"
		 "Write the code into a file of your own, say --catalog FILE when importing\n"
		 "again, and the row flows; docs/formats/catalog.md has the format. show exits 1\n"
		 "when there is no entry.\n"
		 "\n"
		 "  tallystick catalog show aws-instance trn2.48xlarge\n",
	.run = run,
};

struct catalog_args {
	const char *at;
	bool as_json;
	struct ts_opt_list files, args;
};

static const char *date_of(int64_t ms, char out[TS_TIME_CHARS])
{
	if (ms == INT64_MAX || ms == 0)
		return "-";
	return ts_date_format((int32_t)(ms / (TS_US_PER_DAY / TS_US_PER_MS)), out);
}

static void print_entry(
	const struct ts_catalog *catalog, const struct ts_catalog_entry *e, json_t *list)
{
	char from[TS_TIME_CHARS];
	char to[TS_TIME_CHARS];
	char devices[TS_DECIMAL_CHARS];
	const char *origin = ts_catalog_layer(catalog, e->layer)->name;
	ts_ratio_format(e->devices_milli, 1000, 3, devices);
	if (list) {
		json_array_append_new(list,
			json_pack("{s:s%,s:s%,s:s%,s:I,s:s%,s:s,s:s,s:s%,s:s}", "table",
				e->table.at, e->table.len, "code", e->code.at, e->code.len, "sku",
				e->sku.at, e->sku.len, "devices_milli",
				(json_int_t)e->devices_milli, "class", e->class.at, e->class.len,
				"from", date_of(e->from_ms, from), "to", date_of(e->to_ms, to),
				"note", e->note.at, e->note.len, "origin", origin));
		return;
	}
	printf("%-16.*s %-32.*s %-14.*s %8s  %-10s %-10s %s%s%.*s\n", (int)e->table.len,
		e->table.at, (int)e->code.len, e->code.at, (int)e->sku.len, e->sku.at, devices,
		date_of(e->from_ms, from), date_of(e->to_ms, to), origin, e->class.len ? " " : "",
		(int)e->class.len, e->class.at);
}

static void print_layers(const struct ts_catalog *catalog)
{
	for (size_t i = 0; i < ts_catalog_layers(catalog); i++) {
		const struct ts_catalog_layer *layer = ts_catalog_layer(catalog, i);
		char hex[2 * TS_HASH_BYTES + 1];
		ts_text_hex(layer->digest.b, TS_HASH_BYTES, hex);
		printf("# %s: version %s, sha256 %s\n", layer->name, layer->version, hex);
	}
}

static enum ts_err list(const struct catalog_args *a, const struct ts_catalog *catalog)
{
	json_t *json = a->as_json ? json_array() : NULL;
	const char *table = a->args.n > 1 ? a->args.items[1] : NULL;
	size_t found = 0;
	if (!json)
		print_layers(catalog);
	for (size_t i = 0; i < ts_catalog_count(catalog); i++) {
		const struct ts_catalog_entry *entry = ts_catalog_at(catalog, i);
		if (table && !ts_str_is(entry->table, table))
			continue;
		found++;
		print_entry(catalog, entry, json);
	}
	if (json) {
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
		json_decref(json);
	}
	return found ? TS_OK : TS_E_NOT_FOUND;
}

static enum ts_err show(
	const struct catalog_args *a, const struct ts_catalog *catalog, struct ts_why *why)
{
	const struct ts_catalog_entry *entry = NULL;
	int64_t at_ms = ts_clock_now_us() / TS_US_PER_MS;
	if (a->args.n != 3)
		return ts_why(why, TS_E_MALFORMED, "show", "needs TABLE and CODE");
	if (a->at)
		TS_TRY(ts_instant_parse(a->at, "--at", &at_ms, why));
	if (ts_catalog_find(catalog, a->args.items[1], ts_str(a->args.items[2]), at_ms, &entry) !=
		TS_OK)
		return ts_why(why, TS_E_NOT_FOUND, a->args.items[1], "no entry for \"%s\" then",
			a->args.items[2]);
	json_t *json = a->as_json ? json_array() : NULL;
	print_entry(catalog, entry, json);
	if (json) {
		json_dumpf(json_array_get(json, 0), stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
		json_decref(json);
	}
	return TS_OK;
}

static enum ts_err act(const struct catalog_args *a, struct ts_why *why)
{
	struct ts_catalog *catalog = NULL;
	struct ts_opt_list files = a->files;
	const char *what = a->args.items[0];
	bool validate = strcmp(what, "validate") == 0;
	if (validate && a->args.n < 2)
		return ts_why(why, TS_E_MALFORMED, "validate", "needs a FILE");
	for (size_t i = 1; validate && i < a->args.n && files.n < TS_OPT_LIST_MAX; i++)
		files.items[files.n++] = a->args.items[i];
	TS_TRY(ts_catalog_files(&files, &catalog, why));
	enum ts_err err = TS_OK;
	if (validate)
		print_layers(catalog);
	else if (strcmp(what, "list") == 0)
		err = list(a, catalog);
	else if (strcmp(what, "show") == 0)
		err = show(a, catalog, why);
	else
		err = ts_why(why, TS_E_MALFORMED, what, "is not list, show or validate");
	ts_catalog_free(catalog);
	return err;
}

static int run(int argc, char **argv)
{
	struct catalog_args a = {0};
	const struct ts_opt opts[] = {
		{"catalog", TS_OPT_LIST, false, &a.files, "FILE",
			"lay this over (may be repeated)"},
		{"at", TS_OPT_TEXT, false, &a.at, "INSTANT",
			"show: the entry of then (default now)"},
		{"json", TS_OPT_FLAG, false, &a.as_json, NULL, "print as JSON"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_catalog, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 1,
		    TS_OPT_LIST_MAX, &a.args, &code))
		return code;
	struct ts_why why = {0};
	enum ts_err err = act(&a, &why);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_catalog, err, &why);
}
