/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick journal`: a book for the accounting tools of its company. */
#include "service/command/cli.h"
#include "base/json.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_journal = {
	.name = "journal",
	.summary = "export a book for hledger, ledger, beancount or an ERP",
	.usage = "tallystick journal export CONTRACT [--book B] [--format F] [--from D] [--to D]\n"
		 "                 [--kinds K,K] [--quantities] [--out FILE]\n"
		 "tallystick journal take CONTRACT [--book B] [--kinds K,K]\n"
		 "tallystick journal list CONTRACT [--book B]\n"
		 "tallystick journal get CONTRACT NUMBER [--book B] [--format F] [--out FILE]\n"
		 "\n"
		 "export writes the entries of some days: it opens with balances and asserts\n"
		 "them; with --kinds it is a feed of these entries alone. take numbers what no\n"
		 "export has taken yet, so that nothing is booked twice; get writes such an\n"
		 "export, the same whenever it is asked for.\n"
		 "\n"
		 "  tallystick journal export 3f0c... --from 2026-05-01 --to 2026-06-01 \\\n"
		 "    --format beancount --out may.beancount\n",
	.run = run,
};

struct journal_args {
	const char *book, *format, *from, *to, *kinds, *out;
	bool quantities, raw;
};

static enum ts_err check_format(const char *format, struct ts_why *why)
{
	static const char *const formats[] = {"ledger", "beancount", "csv", "xlsx"};
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(format, formats[i]) == 0)
			return TS_OK;
	return ts_why(why, TS_E_MALFORMED, "--format",
		"\"%s\" is not ledger, beancount, csv or xlsx", format);
}

static void parameter(struct ts_buf *path, char *mark, const char *name, const char *value)
{
	if (value == NULL)
		return;
	ts_buf_printf(path, "%c%s=", *mark, name);
	ts_client_escape(path, value);
	*mark = '&';
}

/* Gets the path and writes what comes. */
static enum ts_err fetch(struct ts_cli *cli, struct ts_buf *path, struct ts_why *why)
{
	const struct journal_args *a = cli->own;
	return path->err != TS_OK ? path->err : ts_cli_fetch(cli, ts_buf_str(path), a->out, why);
}

static enum ts_err journal_export(struct ts_cli *cli, struct ts_why *why)
{
	const struct journal_args *a = cli->own;
	struct ts_buf path;
	char mark = '?';
	TS_TRY(check_format(a->format, why));
	ts_buf_init(&path, 2048);
	ts_buf_printf(&path, "/v1/contracts/%.64s/journal.%s", cli->args.items[1], a->format);
	parameter(&path, &mark, "book", a->book);
	parameter(&path, &mark, "from", a->from);
	parameter(&path, &mark, "to", a->to);
	parameter(&path, &mark, "kinds", a->kinds);
	parameter(&path, &mark, "quantities", a->quantities ? "true" : NULL);
	parameter(&path, &mark, "raw", a->raw ? "true" : NULL);
	enum ts_err err = fetch(cli, &path, why);
	ts_buf_free(&path);
	return err;
}

static enum ts_err journal_get(struct ts_cli *cli, struct ts_why *why)
{
	const struct journal_args *a = cli->own;
	struct ts_buf path;
	char mark = '?';
	TS_TRY(check_format(a->format, why));
	ts_buf_init(&path, 2048);
	ts_buf_printf(&path, "/v1/contracts/%.64s/journal-exports/", cli->args.items[1]);
	ts_client_escape(&path, cli->args.items[2]);
	ts_buf_printf(&path, ".%s", a->format);
	parameter(&path, &mark, "book", a->book);
	parameter(&path, &mark, "raw", a->raw ? "true" : NULL);
	enum ts_err err = fetch(cli, &path, why);
	ts_buf_free(&path);
	return err;
}

static void print_export(const json_t *row)
{
	size_t i = 0;
	const json_t *kind = NULL;
	printf("%lld %s %lld entries, taken %s:",
		(long long)json_integer_value(json_object_get(row, "number")),
		ts_cli_text(row, "book"),
		(long long)json_integer_value(json_object_get(row, "entries")),
		ts_cli_text(row, "created"));
	json_array_foreach(json_object_get(row, "kinds"), i, kind)
		printf(" %s", json_string_value(kind));
	printf("\n");
}

static void print_list(const json_t *answer)
{
	size_t i = 0;
	const json_t *row = NULL;
	json_array_foreach(json_object_get(answer, "data"), i, row) print_export(row);
}

static enum ts_err journal_take(struct ts_cli *cli, struct ts_why *why)
{
	const struct journal_args *a = cli->own;
	char path[160];
	__attribute__((cleanup(ts_json_cleanup))) json_t *body = json_object();
	struct ts_str kinds = ts_str(a->kinds != NULL ? a->kinds : "");
	if (a->book != NULL)
		json_object_set_new(body, "book", json_string(a->book));
	if (a->kinds != NULL)
		json_object_set_new(body, "kinds", json_array());
	while (a->kinds != NULL && kinds.at != NULL) {
		struct ts_str kind = ts_str_cut(&kinds, ',');
		json_array_append_new(
			json_object_get(body, "kinds"), json_stringn(kind.at, kind.len));
	}
	snprintf(path, sizeof path, "/v1/contracts/%.64s/journal-exports", cli->args.items[1]);
	return ts_cli_post(cli, path, body, print_export, why);
}

static enum ts_err journal_list(struct ts_cli *cli, struct ts_why *why)
{
	const struct journal_args *a = cli->own;
	struct ts_buf path;
	char mark = '?';
	ts_buf_init(&path, 512);
	ts_buf_printf(&path, "/v1/contracts/%.64s/journal-exports", cli->args.items[1]);
	parameter(&path, &mark, "book", a->book);
	enum ts_err err = path.err;
	if (err == TS_OK)
		err = ts_cli_get(cli, ts_buf_str(&path), print_list, why);
	ts_buf_free(&path);
	return err;
}

static int run(int argc, char **argv)
{
	static const struct ts_cli_verb verbs[] = {{"export", 2, journal_export},
		{"take", 2, journal_take}, {"list", 2, journal_list}, {"get", 3, journal_get}};
	struct journal_args a = {.format = "ledger"};
	struct ts_cli cli = {.cmd = &ts_cmd_journal, .own = &a};
	const struct ts_opt opts[] = {
		{"book", TS_OPT_TEXT, false, &a.book, "BOOK",
			"provider or consumer (default: your company's)"},
		{"format", TS_OPT_TEXT, false, &a.format, "FORMAT",
			"ledger (default; hledger too), beancount, csv, xlsx"},
		{"from", TS_OPT_TEXT, false, &a.from, "DAY", "export: effective on or after"},
		{"to", TS_OPT_TEXT, false, &a.to, "DAY", "export: effective before"},
		{"kinds", TS_OPT_TEXT, false, &a.kinds, "KIND,...",
			"accrual, invoice, credit_note, tax; default: all"},
		{"quantities", TS_OPT_FLAG, false, &a.quantities, NULL,
			"export: memos of billed quantities at total cost"},
		{"raw", TS_OPT_FLAG, false, &a.raw, NULL, "csv: text without the formula guard"},
		{"out", TS_OPT_TEXT, false, &a.out, "FILE", "write there, not to standard output"},
		TS_CLI_OPTS(&cli),
	};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
