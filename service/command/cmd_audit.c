/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/time.h"
#include "service/auditor/auditor.h"
#include "service/command/command.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define REGION_BYTES_MAX ((size_t)1 << 30)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_audit = {
	.name = "audit",
	.summary = "recompute a running installation from its logs, straight from the database",
	.usage = "tallystick audit --db CONNINFO [--contract ID] [--full] [--json]\n\n"
		 "CONNINFO names the role ts_auditor. The audit goes on where the last one ended;\n"
		 "--full starts over. It exits with 0 only when no finding is open. What is\n"
		 "compared (--checks: with tables and cost):\n"
#define X(name, code, tables, text, cost) "  " code "\n      " text "\n"
#include "service/auditor/auditor_check.def"
#undef X
		 "\n  tallystick audit --db \"host=/run/pg dbname=tallystick user=ts_auditor\"\n",
	.run = run,
};

static void print_checks(void)
{
	printf("| check | tables | what is compared | cost |\n|---|---|---|---|\n");
	for (size_t i = 0; i < TS_AUDITOR_CHECKS; i++)
		printf("| `%s` | %s | %s | %s |\n", ts_auditor_checks[i].name,
			ts_auditor_checks[i].tables, ts_auditor_checks[i].text,
			ts_auditor_checks[i].cost);
}

static void print_finding(const char *contract, const struct ts_db_finding *f)
{
	printf("finding %s %s %s (%s): expected %s; actual %s\n",
		contract[0] != '\0' ? contract : "installation", f->table, f->key, f->check,
		f->expected, f->actual);
}

static void print_report(const struct ts_auditor_report *report)
{
	const struct ts_auditor_counts *c = &report->counts;
	for (size_t i = 0; i < report->parts_n; i++) {
		const struct ts_auditor_part *part = &report->parts[i];
		for (size_t k = 0; k < part->findings_n; k++)
			print_finding(part->contract, &part->findings[k]);
		if (part->findings_all > (int64_t)part->findings_n)
			printf("and %lld more\n",
				(long long)(part->findings_all - (int64_t)part->findings_n));
		if (part->contract[0] != '\0')
			printf("contract %s: %lld findings; inputs to %lld, journal to %lld, "
			       "folded to %lld\n",
				part->contract, (long long)part->findings_all,
				(long long)part->inputs_to, (long long)part->journal_to,
				(long long)part->folded_to);
	}
	printf("read: %lld inputs leaves, %lld journal leaves, %lld checkpoints, %lld "
	       "cosignatures, %lld batches, %lld lines, %lld usage rows, %lld events, %lld "
	       "entries, %lld usage cells in %lld transactions\n",
		(long long)c->inputs, (long long)c->journal, (long long)c->checkpoints,
		(long long)c->cosignatures, (long long)c->batches, (long long)c->lines,
		(long long)c->usage, (long long)c->events, (long long)c->entries,
		(long long)c->cells, (long long)c->transactions);
	if (report->findings == 0)
		printf("no findings\n");
	else
		printf("%lld findings\n", (long long)report->findings);
}

static json_t *counts_json(const struct ts_auditor_counts *c)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "inputs_leaves",
		(json_int_t)c->inputs, "journal_leaves", (json_int_t)c->journal, "checkpoints",
		(json_int_t)c->checkpoints, "cosignatures", (json_int_t)c->cosignatures, "batches",
		(json_int_t)c->batches, "lines", (json_int_t)c->lines, "usage_rows",
		(json_int_t)c->usage, "events", (json_int_t)c->events, "entries",
		(json_int_t)c->entries, "usage_cells", (json_int_t)c->cells, "transactions",
		(json_int_t)c->transactions);
}

static json_t *part_json(const struct ts_auditor_part *part)
{
	json_t *list = json_array();
	for (size_t i = 0; i < part->findings_n; i++) {
		const struct ts_db_finding *f = &part->findings[i];
		json_array_append_new(list,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "check", f->check, "table", f->table,
				"key", f->key, "expected", f->expected, "actual", f->actual,
				"found_ms", (json_int_t)(f->found_us / TS_US_PER_MS)));
	}
	return json_pack("{s:s?,s:I,s:o,s:I,s:I,s:I}", "contract",
		part->contract[0] != '\0' ? part->contract : NULL, "open",
		(json_int_t)part->findings_all, "findings", list, "inputs_to",
		(json_int_t)part->inputs_to, "journal_to", (json_int_t)part->journal_to,
		"folded_to", (json_int_t)part->folded_to);
}

static enum ts_err print_json(const struct ts_auditor_report *report)
{
	json_t *parts = json_array();
	for (size_t i = 0; i < report->parts_n; i++)
		json_array_append_new(parts, part_json(&report->parts[i]));
	json_t *all = json_pack("{s:I,s:o,s:o}", "findings", (json_int_t)report->findings, "read",
		counts_json(&report->counts), "parts", parts);
	if (all == NULL)
		return TS_E_NO_MEMORY;
	int bad = json_dumpf(all, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(all);
	return bad != 0 ? TS_E_IO : TS_OK;
}

static int audit(const struct ts_auditor_options *options, bool json)
{
	struct ts_auditor_report report;
	struct ts_why why = {"", ""};
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return ts_command_fail(&ts_cmd_audit, TS_E_NO_MEMORY, NULL);
	enum ts_err err = ts_auditor_run(options, region, &report, &why);
	if (err == TS_OK && json)
		err = print_json(&report);
	else if (err == TS_OK)
		print_report(&report);
	int code = err != TS_OK          ? ts_command_fail(&ts_cmd_audit, err, &why)
		   : report.findings > 0 ? TS_EXIT_FAILED
					 : TS_EXIT_OK;
	ts_region_free(region);
	return code;
}

static int run(int argc, char **argv)
{
	struct ts_auditor_options options = {.patience_s = 60};
	bool json = false, checks = false;
	const struct ts_opt opts[] = {
		{"db", TS_OPT_TEXT, false, &options.conninfo, "CONNINFO",
			"connection string of ts_auditor"},
		{"contract", TS_OPT_TEXT, false, &options.contract, "ID",
			"this contract only, and not the schema"},
		{"full", TS_OPT_FLAG, false, &options.full, NULL,
			"start over; findings so far are cleared"},
		{"json", TS_OPT_FLAG, false, &json, NULL, "print JSON"},
		{"step", TS_OPT_INT, false, &options.step, "LEAVES",
			"work of one transaction (4096)"},
		{"patience", TS_OPT_INT, false, &options.patience_s, "SECONDS",
			"how long to wait for a database that goes away (60)"},
		{"checks", TS_OPT_FLAG, false, &checks, NULL,
			"print the checks as a table and do nothing"},
	};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_audit, opts, sizeof opts / sizeof opts[0], argc, argv, 0, 0,
		    &args, &code))
		return code;
	if (checks) {
		print_checks();
		return TS_EXIT_OK;
	}
	if (options.conninfo == NULL) {
		(void)fprintf(stderr, "tallystick audit: an option is required: db; see tallystick "
				      "audit --help\n");
		return TS_EXIT_USAGE;
	}
	return audit(&options, json);
}
