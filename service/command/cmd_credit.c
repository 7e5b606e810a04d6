/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick credit`: commercial credits of the provider, settlements of both companies, claims of
 * the consumer. What is signed is built and shown here. */
#include "base/time.h"
#include "evidence/event.h"
#include "service/clock.h"
#include "service/command/statement_send.h"
#include "base/money.h"
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_credit = {
	.name = "credit",
	.summary = "give a commercial credit, agree on a settlement, claim a service credit",
	.usage = "tallystick credit list CONTRACT\n"
		 "tallystick credit give CONTRACT --amount AMOUNT --treatment ID --reason TEXT\n"
		 "    [--line LINE] --key FILE\n"
		 "tallystick credit settle CONTRACT --amount AMOUNT --treatment ID --reason TEXT\n"
		 "    [--line LINE] --key FILE\n"
		 "tallystick credit claim CONTRACT --sla ID --period PERIOD --reason TEXT\n"
		 "    --key FILE\n"
		 "\n"
		 "give is signed by the provider alone; a settlement by both, the other one with:\n"
		 "tallystick statement sign. With --line (v1/usage/0/0/2, as in the journal) the\n"
		 "credit takes back part of what was billed for that line, else it stands alone.\n"
		 "It is a line of its own on the next document. list shows what there is, and\n"
		 "which service credits the consumer may claim until when.\n"
		 "\n"
		 "  tallystick credit give 3f0c... --amount 250.00 --treatment local \\\n"
		 "    --reason 'Goodwill for the outage of 4 May' --key provider.key\n",
	.run = run,
};

struct credit_args {
	struct ts_signer_opts signer;
	const char *amount, *treatment, *reason, *line, *sla, *period;
};

static void print_list(const json_t *answer)
{
	size_t i = 0;
	const json_t *row = NULL;
	json_array_foreach(json_object_get(answer, "data"), i, row)
	{
		printf("%s %lld", ts_cli_text(row, "kind"),
			(long long)json_integer_value(json_object_get(row, "serial")));
		if (!json_is_true(json_object_get(row, "granted")))
			printf(" without effect");
		else if (json_is_string(json_object_get(row, "amount")))
			printf(" %s %s", ts_cli_text(row, "amount"),
				ts_cli_text(answer, "currency"));
		if (json_is_string(json_object_get(row, "sla")))
			printf(" of %s", ts_cli_text(row, "sla"));
		if (json_is_string(json_object_get(row, "line")))
			printf(" on %s", ts_cli_text(row, "line"));
		if (json_is_string(json_object_get(row, "period")))
			printf(", %s", ts_cli_text(row, "period"));
		if (json_is_string(json_object_get(row, "document")))
			printf(", document %s", ts_cli_text(row, "document"));
		printf(": %s\n", ts_cli_text(row, "reason"));
	}
	json_array_foreach(json_object_get(answer, "claimable"), i, row)
		printf("claimable: %s of %s, %s %s, before %s\n", ts_cli_text(row, "sla"),
			ts_cli_text(row, "period"), ts_cli_text(row, "amount"),
			ts_cli_text(answer, "currency"), ts_cli_text(row, "claim_before"));
}

static enum ts_err credit_list(struct ts_cli *cli, struct ts_why *why)
{
	char path[160];
	snprintf(path, sizeof path, "/v1/contracts/%.64s/credits", cli->args.items[1]);
	return ts_cli_get(cli, path, print_list, why);
}

static enum ts_err next_serial(struct ts_cli *cli, struct ts_event *e, struct ts_why *why)
{
	char path[160];
	json_t *serials = NULL;
	snprintf(path, sizeof path, "/v1/contracts/%.64s/statements/serials", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &serials, why));
	e->serial = json_integer_value(json_object_get(serials, ts_event_kind_name(e->kind)));
	json_decref(serials);
	return TS_OK;
}

/* Amounts as people write them, in the contract's currency. */
static enum ts_err fill_amount(
	const struct credit_args *a, const json_t *credits, struct ts_event *e, struct ts_why *why)
{
	const struct ts_currency *currency = NULL;
	if (a->amount == NULL || a->treatment == NULL)
		return ts_why(
			why, TS_E_MISSING_FIELD, "credit", "--amount and --treatment are needed");
	if (ts_currency_find(ts_str(ts_cli_text(credits, "currency")), &currency) != TS_OK)
		return ts_why(why, TS_E_MISMATCH, "currency", "the service named none");
	if (ts_money_parse(ts_str(a->amount), currency, &e->amount_minor) != TS_OK ||
		e->amount_minor <= 0)
		return ts_why(why, TS_E_MALFORMED, "--amount",
			"\"%.40s\" is no positive amount of %s with its %d decimals", a->amount,
			currency->code, currency->exponent);
	e->currency = ts_str(currency->code);
	e->item = ts_str(a->treatment);
	if (a->line != NULL)
		e->line = ts_str(a->line);
	return TS_OK;
}

static enum ts_err fill_claim(
	const struct credit_args *a, const json_t *credits, struct ts_event *e, struct ts_why *why)
{
	size_t i = 0;
	const json_t *row = NULL;
	if (a->sla == NULL || a->period == NULL)
		return ts_why(
			why, TS_E_MISSING_FIELD, "credit claim", "--sla and --period are needed");
	json_array_foreach(json_object_get(credits, "claimable"), i, row)
	{
		const json_t *ms = json_object_get(row, "period_ms");
		if (strcmp(ts_cli_text(row, "sla"), a->sla) != 0 ||
			strcmp(ts_cli_text(row, "period"), a->period) != 0)
			continue;
		e->item = ts_str(a->sla);
		e->period_from_ms = json_integer_value(json_array_get(ms, 0));
		e->period_to_ms = json_integer_value(json_array_get(ms, 1));
		return TS_OK;
	}
	return ts_why(why, TS_E_CONFLICT, "credit claim",
		"nothing of %.80s is to be claimed for %.40s (tallystick credit list)", a->sla,
		a->period);
}

static enum ts_err say(struct ts_cli *cli, enum ts_event_kind kind, struct ts_why *why)
{
	const struct credit_args *a = cli->own;
	struct ts_event e = {.contract = ts_str(cli->args.items[1]),
		.kind = kind,
		.at_ms = ts_clock_now_us() / TS_US_PER_MS};
	struct ts_buf text;
	json_t *credits = NULL;
	char path[160];
	if (a->reason == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "credit", "--reason is needed");
	e.reason = ts_str(a->reason);
	snprintf(path, sizeof path, "/v1/contracts/%.64s/credits", cli->args.items[1]);
	TS_TRY(ts_client_get(cli->client, path, &credits, why));
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	enum ts_err err = kind == TS_EVENT_CLAIM ? fill_claim(a, credits, &e, why)
						 : fill_amount(a, credits, &e, why);
	if (err == TS_OK)
		err = next_serial(cli, &e, why);
	if (err == TS_OK)
		err = ts_event_build(&e, &text, why);
	if (err == TS_OK)
		err = ts_statement_send(cli, &a->signer, cli->args.items[1],
			(struct ts_str){text.data, text.len}, why);
	ts_buf_free(&text);
	json_decref(credits);
	return err;
}

static enum ts_err credit_give(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, TS_EVENT_CREDIT, why);
}
static enum ts_err credit_settle(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, TS_EVENT_SETTLEMENT, why);
}
static enum ts_err credit_claim(struct ts_cli *cli, struct ts_why *why)
{
	return say(cli, TS_EVENT_CLAIM, why);
}

static int run(int argc, char **argv)
{
	static const struct ts_cli_verb verbs[] = {{"list", 2, credit_list},
		{"give", 2, credit_give}, {"settle", 2, credit_settle}, {"claim", 2, credit_claim}};
	struct credit_args a = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_credit, .own = &a};
	const struct ts_opt opts[] = {
		{"amount", TS_OPT_TEXT, false, &a.amount, "AMOUNT", "in the contract's currency"},
		{"treatment", TS_OPT_TEXT, false, &a.treatment, "ID", "tax treatment of the terms"},
		{"line", TS_OPT_TEXT, false, &a.line, "LINE", "the billed line that it is about"},
		{"sla", TS_OPT_TEXT, false, &a.sla, "ID", "claim: the service credit"},
		{"period", TS_OPT_TEXT, false, &a.period, "PERIOD", "claim: billing period"},
		{"reason", TS_OPT_TEXT, false, &a.reason, "TEXT", "one line, as it is printed"},
		{"key", TS_OPT_TEXT, false, &a.signer.key, "FILE", "the company's statement key"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.signer.passphrase_file, "FILE",
			"of a sealed key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		TS_CLI_OPTS(&cli),
	};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs,
		sizeof verbs / sizeof verbs[0], argc, argv);
}
