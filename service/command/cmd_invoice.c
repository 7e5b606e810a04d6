/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include "service/textfile.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_invoice = {
	.name = "invoice",
	.summary = "preview, issue, list and fetch invoices and credit notes",
	.usage =
		"tallystick invoice preview CONTRACT PERIOD [--format json|csv|pdf] [--out FILE]\n"
		"tallystick invoice issue CONTRACT PERIOD\n"
		"tallystick invoice list CONTRACT\n"
		"tallystick invoice get CONTRACT NUMBER [--format json|csv|pdf|xlsx] [--out FILE]\n"
		"tallystick invoice explain CONTRACT NUMBER LINE [--json]\n"
		"\n"
		"explain says how one line of an issued document came about: rule, quantities,\n"
		"tiers, calculation, rounding, terms version, log position.\n"
		"\n"
		"  tallystick invoice get 3f0c... CLX-000001 --format pdf --out invoice.pdf\n",
	.run = run,
};

struct invoice_args {
	const char *format, *out;
};

static enum ts_err check_format(const char *format, bool issued, struct ts_why *why)
{
	static const char *const formats[] = {"json", "csv", "pdf", "xlsx"};
	for (size_t i = 0; i < (issued ? 4 : 3); i++)
		if (strcmp(format, formats[i]) == 0)
			return TS_OK;
	return ts_why(why, TS_E_MALFORMED, "--format", "\"%s\" is not json, csv%s", format,
		issued ? ", pdf or xlsx" : " or pdf");
}

static enum ts_err fetch(struct ts_cli *cli, const char *path, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	struct ts_buf bytes;
	ts_buf_init(&bytes, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_get_bytes(cli->client, path, NULL, &bytes, why);
	if (err == TS_OK && args->out != NULL)
		err = ts_textfile_write(args->out, bytes.data, bytes.len, why);
	else if (err == TS_OK && fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len)
		err = ts_why(why, TS_E_IO, "standard output", "cannot write");
	ts_buf_free(&bytes);
	return err;
}

static enum ts_err invoice_get(struct ts_cli *cli, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	char path[512];
	struct ts_buf number;
	TS_TRY(check_format(args->format, true, why));
	ts_buf_init(&number, 256);
	ts_client_escape(&number, cli->args.items[2]);
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.%s", cli->args.items[1],
		ts_buf_str(&number), args->format);
	ts_buf_free(&number);
	return fetch(cli, path, why);
}

static enum ts_err invoice_preview(struct ts_cli *cli, struct ts_why *why)
{
	const struct invoice_args *args = cli->own;
	char path[512];
	TS_TRY(check_format(args->format, false, why));
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/%s/preview.%s", cli->args.items[1],
		cli->args.items[2], args->format);
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
	printf("%s\n", ts_cli_text(answer, "number"));
}

static enum ts_err invoice_issue(struct ts_cli *cli, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/%s/invoice", cli->args.items[1],
		cli->args.items[2]);
	return ts_cli_post(cli, path, NULL, print_issued, why);
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
	struct invoice_args args = {.format = "json"};
	struct ts_cli cli = {.cmd = &ts_cmd_invoice, .own = &args};
	const struct ts_opt opts[] = {
		{"format", TS_OPT_TEXT, false, &args.format, "FORMAT",
			"json (default), csv, pdf; get: xlsx"},
		{"out", TS_OPT_TEXT, false, &args.out, "FILE",
			"write there, not to standard output"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {{"preview", 3, invoice_preview},
		{"issue", 3, invoice_issue}, {"list", 2, invoice_list}, {"get", 3, invoice_get},
		{"explain", 4, invoice_explain}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
