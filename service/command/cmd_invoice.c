/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include "reports/en16931/check.h"
#include "service/textfile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (16u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_invoice = {
	.name = "invoice",
	.summary = "preview, issue, list, fetch and check invoices and credit notes",
	.usage = "tallystick invoice preview CONTRACT PERIOD [--format FORMAT] [--out FILE]\n"
		 "tallystick invoice issue CONTRACT PERIOD\n"
		 "tallystick invoice list CONTRACT\n"
		 "tallystick invoice get CONTRACT NUMBER [--format FORMAT] [--out FILE]\n"
		 "tallystick invoice explain CONTRACT NUMBER LINE [--json]\n"
		 "tallystick invoice check FILE.xml [--rules auto|en16931|peppol]\n"
		 "\n"
		 "explain says how one line of an issued document came about: rule, quantities,\n"
		 "tiers, calculation, rounding, terms version, log position.\n"
		 "\n"
		 "FORMAT is json, csv, pdf or ubl; of get also xlsx. check reads anybody's UBL\n"
		 "invoice or credit note and says what a receiver's validator would: the rules\n"
		 "of EN 16931, and of Peppol BIS Billing 3 when the file claims to follow it (or\n"
		 "with --rules peppol). It needs no service. Exit code 1: a rule is broken.\n"
		 "\n"
		 "  tallystick invoice get 3f0c... CLX-000001 --format pdf --out invoice.pdf\n",
	.run = run,
};

struct invoice_args {
	const char *format, *out, *rules;
};

/* What follows the point in a path. A preview has no spreadsheet. */
static enum ts_err suffix(const char *format, bool issued, const char **out, struct ts_why *why)
{
	static const struct {
		const char *format, *suffix;
	} rows[] = {
		{"json", "json"}, {"csv", "csv"}, {"pdf", "pdf"}, {"ubl", "xml"}, {"xlsx", "xlsx"}};
	for (size_t i = 0; i < (issued ? 5 : 4); i++) {
		if (strcmp(rows[i].format, format) == 0) {
			*out = rows[i].suffix;
			return TS_OK;
		}
	}
	return ts_why(why, TS_E_MALFORMED, "--format", "\"%s\" is not json, csv, pdf%s", format,
		issued ? ", ubl or xlsx" : " or ubl");
}

static enum ts_err fetch(struct ts_cli *cli, const char *path, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	return ts_cli_fetch(cli, path, args->out, why);
}

static enum ts_err invoice_get(struct ts_cli *cli, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	char path[512];
	const char *ending = NULL;
	struct ts_buf number;
	TS_TRY(suffix(args->format, true, &ending, why));
	ts_buf_init(&number, 256);
	ts_client_escape(&number, cli->args.items[2]);
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.%s", cli->args.items[1],
		ts_buf_str(&number), ending);
	ts_buf_free(&number);
	return fetch(cli, path, why);
}

static enum ts_err invoice_preview(struct ts_cli *cli, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	const char *ending = NULL;
	char path[512];
	TS_TRY(suffix(args->format, false, &ending, why));
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/%s/preview.%s", cli->args.items[1],
		cli->args.items[2], ending);
	return fetch(cli, path, why);
}

/* Text as the service words it, or its JSON. */
static enum ts_err invoice_explain(struct ts_cli *cli, struct ts_why *why)
{
	char path[512];
	struct ts_buf part, answer;
	ts_buf_init(&part, 512);
	ts_client_escape(&part, cli->args.items[2]);
	ts_buf_puts(&part, "/lines/");
	ts_client_escape(&part, cli->args.items[3]);
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s/trace", cli->args.items[1],
		ts_buf_str(&part));
	ts_buf_free(&part);
	if (cli->json)
		return ts_cli_get(cli, path, NULL, why);
	ts_buf_init(&answer, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_get_bytes(cli->client, path, "text/plain", &answer, why);
	if (err == TS_OK && fwrite(answer.data, 1, answer.len, stdout) != answer.len)
		err = ts_why(why, TS_E_IO, "standard output", "cannot write");
	ts_buf_free(&answer);
	return err;
}

static void print_issued(const json_t *answer)
{
	size_t i;
	json_t *row;
	printf("%s\n", ts_cli_text(answer, "number"));
	json_array_foreach(json_object_get(answer, "ubl_refused"), i, row)
	{
		const char *rule = json_string_value(json_object_get(row, "rule"));
		fprintf(stderr, "no UBL: %s%s%s: %s\n", rule ? rule : "", rule ? " at " : "",
			ts_cli_text(row, "where"), ts_cli_text(row, "text"));
	}
}

static enum ts_err invoice_issue(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/%s/invoice", cli->args.items[1],
		cli->args.items[2]);
	return ts_cli_post(cli, path, NULL, print_issued, why);
}

static enum ts_err rule_sets(const char *rules, unsigned *sets, struct ts_why *why)
{
	*sets = strcmp(rules, "peppol") == 0    ? TS_UBL_EN16931 | TS_UBL_PEPPOL
		: strcmp(rules, "en16931") == 0 ? TS_UBL_EN16931
						: 0;
	if (*sets == 0 && strcmp(rules, "auto") != 0)
		return ts_why(why, TS_E_MALFORMED, "--rules",
			"\"%s\" is not auto, en16931 or peppol", rules);
	return TS_OK;
}

static enum ts_err print_findings(
	const struct ts_ubl_findings *findings, const char *file, bool as_json, struct ts_why *why)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < findings->n; i++) {
		const struct ts_ubl_finding *f = &findings->rows[i];
		const char *severity = f->severity == TS_UBL_FATAL ? "error" : "warning";
		json_array_append_new(rows,
			json_pack("{s:s,s:s,s:i,s:s,s:s}", "rule", f->rule, "severity", severity,
				"line", (int)f->line, "where", f->where, "text", f->text));
		if (!as_json)
			printf("%s:%d: %s: %s: %s\n    at %s\n", file, f->line, severity, f->rule,
				f->text, f->where);
	}
	if (as_json) {
		char *text = json_dumps(rows, JSON_COMPACT | JSON_PRESERVE_ORDER);
		printf("%s\n", text != NULL ? text : "");
		free(text);
	} else if (findings->fatal == 0) {
		printf("%s: every rule is kept%s\n", file,
			findings->n > 0 ? ", with warnings" : "");
	}
	json_decref(rows);
	if (findings->fatal == 0)
		return TS_OK;
	return ts_why(why, TS_E_INVALID, file, "%zu rule%s broken%s", findings->fatal,
		findings->fatal == 1 ? " is" : "s are",
		findings->truncated ? " (the list ends at its limit)" : "");
}

static enum ts_err invoice_check(struct ts_cli *cli, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	const char *file = cli->args.items[1];
	struct ts_ubl_findings findings;
	unsigned sets = 0;
	struct ts_buf bytes;
	TS_TRY(rule_sets(args->rules, &sets, why));
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_init(&bytes, FILE_BYTES_MAX);
	enum ts_err err = ts_textfile_read(file, &bytes, why);
	if (err == TS_OK)
		err = ts_ubl_check(bytes.data, bytes.len, sets, region, &findings, why);
	if (err == TS_OK)
		err = print_findings(&findings, file, cli->json, why);
	ts_buf_free(&bytes);
	ts_region_free(region);
	return err;
}

static void print_list(const json_t *answer)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(answer, "data"), i, row)
		printf("%-16s %-12s %-10s %s %20s %s\n", ts_cli_text(row, "number"),
			ts_cli_text(row, "kind"), ts_cli_text(row, "period"),
			ts_cli_text(row, "issue_date"), ts_cli_text(row, "total"),
			ts_cli_text(row, "currency"));
}

static enum ts_err invoice_list(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices", cli->args.items[1]);
	return ts_cli_get(cli, path, print_list, why);
}

static int run(int argc, char **argv)
{
	struct invoice_args args = {.format = "json", .rules = "auto"};
	struct ts_cli cli = {.cmd = &ts_cmd_invoice, .own = &args};
	const struct ts_opt opts[] = {
		{"format", TS_OPT_TEXT, false, &args.format, "FORMAT",
			"json (default), csv, pdf, ubl; get: xlsx"},
		{"out", TS_OPT_TEXT, false, &args.out, "FILE",
			"write there, not to standard output"},
		{"rules", TS_OPT_TEXT, false, &args.rules, "RULES",
			"of check: auto (default), en16931, peppol"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {{"preview", 3, invoice_preview},
		{"issue", 3, invoice_issue}, {"list", 2, invoice_list}, {"get", 3, invoice_get},
		{"explain", 4, invoice_explain}, {"check", 2, invoice_check}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
