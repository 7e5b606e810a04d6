/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick prepayment`: invoices of prepayments, and the provider's word that they were paid, or
 * paid back. That word is built, shown and signed on this machine. */
#include "base/time.h"
#include "evidence/event.h"
#include "service/clock.h"
#include "service/command/statement_send.h"
#include "terms/calendar.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_prepayment = {
	.name = "prepayment",
	.summary = "invoice prepayments, say what was paid or paid back",
	.usage = "tallystick prepayment list CONTRACT\n"
		 "tallystick prepayment preview CONTRACT PREPAYMENT\n"
		 "tallystick prepayment issue CONTRACT PREPAYMENT\n"
		 "tallystick prepayment paid CONTRACT NUMBER --amount AMOUNT --date DAY\n"
		 "    --reference TEXT --key FILE\n"
		 "tallystick prepayment refund CONTRACT PREPAYMENT --amount AMOUNT --date DAY\n"
		 "    --reference TEXT --key FILE\n"
		 "\n"
		 "paid: what came in for the invoice NUMBER, with its tax. refund: what went back\n"
		 "of the prepayment, without its tax, which goes back with it. Both are signed by\n"
		 "the provider and count from the next tick on. AMOUNT is in the contract's\n"
		 "currency.\n"
		 "\n"
		 "  tallystick prepayment paid 3f0c... CLX-000001 --amount 119000.00 \\\n"
		 "    --date 2026-05-12 --reference \"wire 4711\" --key orbit.key\n",
	.run = run,
};

struct prepayment_args {
	struct ts_signer_opts signer;
	const char *amount, *date, *reference;
};

static const char *or_dash(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text != NULL ? text : "-";
}

static void print_list(const json_t *answer)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(answer, "data"), i, row)
		printf("%-16s %-9s %-7s %-16s %16s paid %s, drawn %s, lapsed %s, refunded %s, "
		       "left %s\n",
			ts_cli_text(row, "id"), ts_cli_text(row, "state"), ts_cli_text(row, "tax"),
			or_dash(row, "number"), ts_cli_text(row, "amount"), or_dash(row, "paid"),
			or_dash(row, "drawn"), or_dash(row, "lapsed"), or_dash(row, "refunded"),
			or_dash(row, "left"));
}

static void print_issued(const json_t *answer)
{
	printf("%s\n", ts_cli_text(answer, "number"));
}

static enum ts_err path_of(struct ts_cli *cli, const char *tail, struct ts_buf *path)
{
	ts_buf_printf(path, "/v1/contracts/%.64s/prepayments", cli->args.items[1]);
	if (tail != NULL) {
		ts_buf_putc(path, '/');
		ts_client_escape(path, cli->args.items[2]);
		ts_buf_puts(path, tail);
	}
	return path->err;
}

static enum ts_err prepayment_list(struct ts_cli *cli, struct ts_why *why)
{
	struct ts_buf path;
	ts_buf_init(&path, 1024);
	enum ts_err err = path_of(cli, NULL, &path);
	if (err == TS_OK)
		err = ts_cli_get(cli, ts_buf_str(&path), print_list, why);
	ts_buf_free(&path);
	return err;
}

static enum ts_err prepayment_preview(struct ts_cli *cli, struct ts_why *why)
{
	struct ts_buf path, bytes;
	ts_buf_init(&path, 1024);
	ts_buf_init(&bytes, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = path_of(cli, "/preview", &path);
	if (err == TS_OK)
		err = ts_client_get_bytes(cli->client, ts_buf_str(&path), NULL, &bytes, why);
	if (err == TS_OK)
		printf("%s\n", ts_buf_str(&bytes));
	ts_buf_free(&bytes);
	ts_buf_free(&path);
	return err;
}

static enum ts_err prepayment_issue(struct ts_cli *cli, struct ts_why *why)
{
	struct ts_buf path;
	ts_buf_init(&path, 1024);
	enum ts_err err = path_of(cli, "/invoice", &path);
	if (err == TS_OK)
		err = ts_cli_post(cli, ts_buf_str(&path), NULL, print_issued, why);
	ts_buf_free(&path);
	return err;
}

/* --- the provider's word --- */

/* Of the contract's own terms, so that the amount is exact in its currency. */
static enum ts_err currency_of(
	struct ts_cli *cli, const struct ts_currency **out, struct ts_why *why)
{
	char path[160];
	json_t *answer = NULL;
	snprintf(path, sizeof path, "/v1/contracts/%.64s/prepayments", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	const char *code = json_string_value(
		json_object_get(json_array_get(json_object_get(answer, "data"), 0), "currency"));
	enum ts_err err = code == NULL ? TS_E_NOT_FOUND : ts_currency_find(ts_str(code), out);
	json_decref(answer);
	return err == TS_OK
		       ? TS_OK
		       : ts_why(why, err, cli->args.items[1], "the contract has no prepayments");
}

static enum ts_err build(struct ts_cli *cli, bool refund, struct ts_buf *text, struct ts_why *why)
{
	const struct prepayment_args *a = cli->own;
	const struct ts_currency *currency = NULL;
	char path[160];
	json_t *answer = NULL;
	struct ts_event e = {.contract = ts_str(cli->args.items[1]),
		.kind = refund ? TS_EVENT_REFUND : TS_EVENT_PAYMENT,
		.at_ms = ts_clock_now_us() / TS_US_PER_MS};
	if (a->amount == NULL || a->date == NULL || a->reference == NULL)
		return ts_why(why, TS_E_MISSING_FIELD,
			refund ? "prepayment refund" : "prepayment paid",
			"--amount, --date and --reference are needed");
	if (ts_date_parse(ts_str(a->date), &e.date) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "--date", "\"%.40s\" is no YYYY-MM-DD", a->date);
	TS_TRY(currency_of(cli, &currency, why));
	if (currency == NULL)
		return TS_E_INTERNAL;
	if (ts_money_parse(ts_str(a->amount), currency, &e.amount_minor) != TS_OK ||
		e.amount_minor <= 0)
		return ts_why(why, TS_E_MALFORMED, "--amount",
			"\"%.40s\" is no amount above 0 with at most %d decimals, as %s has",
			a->amount, (int)currency->exponent, currency->code);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/serials", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &answer, why));
	e.serial = json_integer_value(json_object_get(answer, ts_event_kind_name(e.kind)));
	json_decref(answer);
	e.currency = ts_str(currency->code);
	e.number = ts_str(cli->args.items[2]);
	e.prepayment = e.number;
	e.reference = ts_str(a->reference);
	return ts_event_build(&e, text, why);
}

static enum ts_err say(struct ts_cli *cli, bool refund, struct ts_why *why)
{
	const struct prepayment_args *a = cli->own;
	struct ts_buf text;
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	enum ts_err err = build(cli, refund, &text, why);
	if (err == TS_OK)
		err = ts_statement_send(cli, &a->signer, cli->args.items[1],
			(struct ts_str){text.data, text.len}, why);
	ts_buf_free(&text);
	return err;
}

static enum ts_err prepayment_paid(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, false, why);
}

static enum ts_err prepayment_refund(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, true, why);
}

static int run(int argc, char **argv)
{
	static const struct ts_cli_verb verbs[] = {{"list", 2, prepayment_list},
		{"preview", 3, prepayment_preview}, {"issue", 3, prepayment_issue},
		{"paid", 3, prepayment_paid}, {"refund", 3, prepayment_refund}};
	struct prepayment_args a = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_prepayment, .own = &a};
	const struct ts_opt opts[] = {
		{"amount", TS_OPT_TEXT, false, &a.amount, "AMOUNT", "paid, refund: 119000.00"},
		{"date", TS_OPT_TEXT, false, &a.date, "DAY",
			"paid, refund: on which the money moved"},
		{"reference", TS_OPT_TEXT, false, &a.reference, "TEXT",
			"paid, refund: of the transfer"},
		{"key", TS_OPT_TEXT, false, &a.signer.key, "FILE", "the provider's statement key"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.signer.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		TS_CLI_OPTS(&cli),
	};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
