/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/table.h"
#include "service/command/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES_MAX (16u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_status = {
	.name = "status",
	.summary = "streams, usage and charges, trial balance of a contract",
	.usage = "tallystick status CONTRACT [--json]\n\n"
		 "Usage as measured, charges as accrued, both books with the equalities between\n"
		 "them. Exit code 1 when the books disagree.\n\n"
		 "  tallystick status 3f0c...\n",
	.run = run,
};

static enum ts_err get(struct ts_cli *cli, const char *what, json_t **out, struct ts_why *why)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/%s", cli->args.items[0], what);
	return ts_client_get(cli->client, path, out, why);
}

static void print_table(const char *title, const struct ts_table_column *columns, size_t n,
	const char *const *members, const json_t *rows, struct ts_region *region)
{
	struct ts_table *table = ts_table_create(region, columns, n);
	const char *cells[TS_TABLE_COLUMNS_MAX];
	char number[TS_TABLE_COLUMNS_MAX][24];
	size_t i;
	const json_t *row;
	if (table == NULL)
		return;
	json_array_foreach(rows, i, row)
	{
		for (size_t k = 0; k < n; k++) {
			const json_t *value = json_object_get(row, members[k]);
			cells[k] = json_string_value(value);
			if (json_is_integer(value)) {
				snprintf(number[k], sizeof number[k], "%lld",
					(long long)json_integer_value(value));
				cells[k] = number[k];
			}
		}
		ts_table_row(table, cells);
	}
	struct ts_buf out;
	ts_buf_init(&out, REGION_BYTES_MAX);
	if (ts_table_write(table, &out) == TS_OK)
		printf("\n%s\n%s", title, ts_buf_str(&out));
	ts_buf_free(&out);
}

static const struct ts_table_column usage_columns[] = {{"month", TS_ALIGN_LEFT, 0},
	{"price", TS_ALIGN_LEFT, 40}, {"sku", TS_ALIGN_LEFT, 24}, {"class", TS_ALIGN_LEFT, 24},
	{"quantity", TS_ALIGN_RIGHT, 0}, {"unit", TS_ALIGN_LEFT, 0}};
static const char *const usage_members[] = {
	"service_month", "price", "sku", "class", "quantity", "unit"};
static const struct ts_table_column charge_columns[] = {{"period", TS_ALIGN_LEFT, 0},
	{"kind", TS_ALIGN_LEFT, 0}, {"charge", TS_ALIGN_LEFT, 40}, {"tier", TS_ALIGN_RIGHT, 0},
	{"month", TS_ALIGN_LEFT, 0}, {"accrued", TS_ALIGN_RIGHT, 0}, {"", TS_ALIGN_LEFT, 0},
	{"document", TS_ALIGN_LEFT, 0}};
static const char *const charge_members[] = {
	"period", "kind", "id", "tier", "service_month", "accrued", "currency", "document"};
static const struct ts_table_column other_columns[] = {{"not billed", TS_ALIGN_LEFT, 0},
	{"sku", TS_ALIGN_LEFT, 24}, {"class", TS_ALIGN_LEFT, 24}, {"month", TS_ALIGN_LEFT, 0},
	{"base units", TS_ALIGN_RIGHT, 0}};
static const char *const other_members[] = {
	"reason", "sku", "class", "service_month", "base_quantity"};

static const struct ts_table_column witness_columns[] = {{"witness", TS_ALIGN_LEFT, 48},
	{"run by", TS_ALIGN_LEFT, 0}, {"inputs", TS_ALIGN_RIGHT, 0}, {"journal", TS_ALIGN_RIGHT, 0},
	{"cosigned at", TS_ALIGN_LEFT, 0}, {"error", TS_ALIGN_LEFT, 60}};
static const char *const witness_members[] = {
	"name", "run_by", "inputs_size", "journal_size", "cosigned_at", "error"};

static json_int_t size_of(const json_t *object, const char *log, const char *member)
{
	return json_integer_value(json_object_get(json_object_get(object, log), member));
}

/* How far the witnesses are; nothing where the terms name none. */
static enum ts_err print_witnesses(struct ts_cli *cli, struct ts_region *region, struct ts_why *why)
{
	char path[256];
	json_t *contract = NULL;
	size_t i;
	json_t *row;
	snprintf(path, sizeof path, "/v1/contracts/%s", cli->args.items[0]);
	TS_TRY(ts_client_get(cli->client, path, &contract, why));
	const json_t *all = json_object_get(contract, "witnessing");
	json_t *rows = json_object_get(all, "witnesses");
	json_array_foreach(rows, i, row)
	{
		json_object_set_new(
			row, "inputs_size", json_integer(size_of(row, "inputs", "size")));
		json_object_set_new(
			row, "journal_size", json_integer(size_of(row, "journal", "size")));
		json_object_set(row, "cosigned_at",
			json_object_get(json_object_get(row, "inputs"), "cosigned_at"));
	}
	if (json_array_size(rows) > 0) {
		printf("quorum %s: inputs published to %lld of %lld signed, journal to %lld of "
		       "%lld\n",
			ts_cli_text(all, "quorum"), (long long)size_of(all, "inputs", "published"),
			(long long)size_of(all, "inputs", "signed"),
			(long long)size_of(all, "journal", "published"),
			(long long)size_of(all, "journal", "signed"));
		print_table("Witnesses", witness_columns, 6, witness_members, rows, region);
	}
	json_decref(contract);
	return TS_OK;
}

static void print_alerts(const json_t *streams)
{
	size_t i;
	const json_t *row;
	json_array_foreach(
		streams, i, row) if (strcmp(ts_cli_text(row, "state"), "quarantined") == 0)
		printf("ALERT: stream %s (%s, %s) is quarantined: its agent signed two "
		       "contradicting checkpoints; see tallystick conflict fetch %s\n",
			ts_cli_text(row, "stream"), ts_cli_text(row, "origin"),
			ts_cli_text(row, "side"), ts_cli_text(row, "stream"));
}

static enum ts_err print_all(
	struct ts_cli *cli, const json_t *status, struct ts_region *region, struct ts_why *why)
{
	json_t *accruals = NULL;
	struct ts_buf text;
	char path[256];
	printf("contract %s\nlogs: %lld inputs, %lld journal; settled to %lld as of %s\n",
		cli->args.items[0],
		(long long)json_integer_value(
			json_object_get(json_object_get(status, "inputs"), "size")),
		(long long)json_integer_value(
			json_object_get(json_object_get(status, "journal"), "size")),
		(long long)json_integer_value(json_object_get(status, "settled_to")),
		ts_cli_text(status, "as_of"));
	TS_TRY(print_witnesses(cli, region, why));
	print_alerts(json_object_get(status, "streams"));
	TS_TRY(get(cli, "accruals", &accruals, why));
	print_table("Usage", usage_columns, 6, usage_members, json_object_get(accruals, "measured"),
		region);
	const json_t *other = json_object_get(accruals, "not_billed");
	if (json_array_size(other) > 0)
		print_table("Not billed", other_columns, 5, other_members, other, region);
	print_table("Charges", charge_columns, 8, charge_members, json_object_get(accruals, "data"),
		region);
	json_decref(accruals);
	snprintf(path, sizeof path, "/v1/contracts/%s/trial-balance.txt", cli->args.items[0]);
	ts_buf_init(&text, TS_CLI_ANSWER_BYTES_MAX);
	enum ts_err err = ts_client_get_bytes(cli->client, path, "text/plain", &text, why);
	if (err == TS_OK)
		printf("\n%s", ts_buf_str(&text));
	ts_buf_free(&text);
	return err;
}

static enum ts_err show(struct ts_cli *cli, struct ts_why *why)
{
	json_t *status = NULL;
	TS_TRY(get(cli, "status", &status, why));
	enum ts_err err = TS_OK;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		err = TS_E_NO_MEMORY;
	else if (cli->json)
		json_dumpf(status, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	else
		err = print_all(cli, status, region, why);
	if (err == TS_OK && !json_is_true(json_object_get(status, "books_agree")))
		err = ts_why(
			why, TS_E_INTERNAL, ts_cli_text(status, "broken"), "the books disagree");
	ts_region_free(region);
	json_decref(status);
	return err;
}

static int run(int argc, char **argv)
{
	struct ts_cli cli = {.cmd = &ts_cmd_status};
	const struct ts_opt opts[] = {TS_CLI_OPTS(&cli)};
	static const struct ts_cli_verb verbs[] = {{NULL, 1, show}};
	return ts_cli_run(&cli, opts, TS_CLI_OPTS_N, verbs, 1, argc, argv);
}
