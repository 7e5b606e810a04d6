/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/trial_balance.h"
#include "base/json.h"
#include "reports/csv.h"
#include "reports/figure.h"
#include "reports/table.h"

static const enum ts_book books[] = {TS_BOOK_PROVIDER, TS_BOOK_CONSUMER};
#define BOOKS_N (sizeof books / sizeof books[0])

struct totals {
	int64_t debit_minor, credit_minor;
};

static const struct ts_account_def *def_of(const struct ts_trial_row *row)
{
	return &ts_account_defs[row->account];
}

static const char *number_of(const struct ts_trial_row *row)
{
	return row->number != NULL ? row->number : def_of(row)->number;
}

static const char *title_of(const struct ts_trial_row *row)
{
	return row->title != NULL ? row->title : def_of(row)->title;
}

/* The book's i-th row in the order of the chart, NULL when the account has no postings. */
static const struct ts_trial_row *row_of(
	const struct ts_trial_balance *tb, enum ts_book book, int account)
{
	if (ts_account_defs[account].book != book)
		return NULL;
	for (size_t i = 0; i < tb->rows_n; i++) {
		const struct ts_trial_row *row = &tb->rows[i];
		if ((int)row->account == account &&
			(row->debit_minor != 0 || row->credit_minor != 0))
			return row;
	}
	return NULL;
}

static enum ts_err total_book(
	const struct ts_trial_balance *tb, enum ts_book book, struct totals *out)
{
	struct totals sum = {0, 0};
	for (int account = 0; account < TS_ACCOUNT_N; account++) {
		const struct ts_trial_row *row = row_of(tb, book, account);
		if (row == NULL)
			continue;
		TS_TRY(ts_add64(sum.debit_minor, row->debit_minor, &sum.debit_minor));
		TS_TRY(ts_add64(sum.credit_minor, row->credit_minor, &sum.credit_minor));
	}
	*out = sum;
	return TS_OK;
}

static enum ts_err sum_sides(
	const struct ts_trial_balance *tb, const enum ts_account sides[2], int64_t *out)
{
	int64_t sum = 0;
	for (int i = 0; i < 2; i++) {
		if (sides[i] == TS_ACCOUNT_N)
			continue;
		enum ts_book book = ts_account_defs[sides[i]].book;
		const struct ts_trial_row *row = row_of(tb, book, (int)sides[i]);
		if (row == NULL)
			continue;
		TS_TRY(ts_add64(sum, row->debit_minor, &sum));
		TS_TRY(ts_sub64(sum, row->credit_minor, &sum));
	}
	*out = sum;
	return TS_OK;
}

/* The two sides' balances and what is between them; equal means opposite, so that is their sum. */
static enum ts_err equality(const struct ts_trial_balance *tb, size_t i, int64_t *provider,
	int64_t *consumer, int64_t *difference)
{
	TS_TRY(sum_sides(tb, ts_equalities[i].a, provider));
	TS_TRY(sum_sides(tb, ts_equalities[i].b, consumer));
	return ts_add64(*provider, *consumer, difference);
}

enum ts_err ts_trial_balance_check(const struct ts_trial_balance *tb, bool *holds)
{
	bool ok = true;
	for (size_t b = 0; b < BOOKS_N; b++) {
		struct totals total;
		TS_TRY(total_book(tb, books[b], &total));
		ok = ok && total.debit_minor == total.credit_minor;
	}
	for (size_t i = 0; i < TS_EQUALITIES_N; i++) {
		int64_t provider, consumer, difference;
		TS_TRY(equality(tb, i, &provider, &consumer, &difference));
		ok = ok && difference == 0;
	}
	*holds = ok;
	return TS_OK;
}

/* A group of amounts as the table wants it; zero prints empty where that reads better. */
static const char *amount(int64_t minor, const struct ts_currency *cur, char out[TS_DECIMAL_CHARS])
{
	return minor == 0 ? "" : ts_money_group(minor, cur, out);
}

static enum ts_err put_book(
	const struct ts_trial_balance *tb, enum ts_book book, struct ts_table *table)
{
	char debit[TS_DECIMAL_CHARS], credit[TS_DECIMAL_CHARS], balance[TS_DECIMAL_CHARS];
	bool first = true;
	for (int account = 0; account < TS_ACCOUNT_N; account++) {
		const struct ts_trial_row *row = row_of(tb, book, account);
		if (row == NULL)
			continue;
		int64_t net;
		TS_TRY(ts_sub64(row->debit_minor, row->credit_minor, &net));
		ts_table_row(
			table, (const char *[]){first ? ts_book_name(book) : "", number_of(row),
				       title_of(row), amount(row->debit_minor, tb->currency, debit),
				       amount(row->credit_minor, tb->currency, credit),
				       ts_money_group(net, tb->currency, balance)});
		first = false;
	}
	struct totals total;
	TS_TRY(total_book(tb, book, &total));
	int64_t net;
	TS_TRY(ts_sub64(total.debit_minor, total.credit_minor, &net));
	ts_table_rule(table);
	ts_table_row(table, (const char *[]){first ? ts_book_name(book) : "", "", "Total",
				    ts_money_group(total.debit_minor, tb->currency, debit),
				    ts_money_group(total.credit_minor, tb->currency, credit),
				    ts_money_group(net, tb->currency, balance)});
	return TS_OK;
}

static enum ts_err put_equalities(
	const struct ts_trial_balance *tb, struct ts_region *region, struct ts_buf *out)
{
	static const struct ts_table_column columns[] = {
		{"Between the books", TS_ALIGN_LEFT, 0},
		{"Provider", TS_ALIGN_RIGHT, 0},
		{"Consumer", TS_ALIGN_RIGHT, 0},
		{"Difference", TS_ALIGN_RIGHT, 0},
		{"", TS_ALIGN_LEFT, 0},
	};
	struct ts_table *table = ts_table_create(region, columns, 5);
	if (table == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < TS_EQUALITIES_N; i++) {
		char a[TS_DECIMAL_CHARS], b[TS_DECIMAL_CHARS], d[TS_DECIMAL_CHARS];
		int64_t provider, consumer, difference;
		TS_TRY(equality(tb, i, &provider, &consumer, &difference));
		ts_table_row(table, (const char *[]){ts_equalities[i].name,
					    ts_money_group(provider, tb->currency, a),
					    ts_money_group(consumer, tb->currency, b),
					    ts_money_group(difference, tb->currency, d),
					    difference == 0 ? "equal" : "NOT EQUAL"});
	}
	return ts_table_write(table, out);
}

enum ts_err ts_trial_balance_text(
	const struct ts_trial_balance *tb, struct ts_region *region, struct ts_buf *out)
{
	static const struct ts_table_column columns[] = {
		{"Book", TS_ALIGN_LEFT, 0},
		{"Account", TS_ALIGN_LEFT, 0},
		{"", TS_ALIGN_LEFT, 48},
		{"Debit", TS_ALIGN_RIGHT, 0},
		{"Credit", TS_ALIGN_RIGHT, 0},
		{"Balance", TS_ALIGN_RIGHT, 0},
	};
	bool holds;
	TS_TRY(ts_trial_balance_check(tb, &holds));
	struct ts_table *table = ts_table_create(region, columns, 6);
	if (table == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_printf(
		out, "Trial balance of contract %s, %s\n\n", tb->contract, tb->currency->code);
	for (size_t b = 0; b < BOOKS_N; b++) {
		if (b > 0)
			ts_table_rule(table);
		TS_TRY(put_book(tb, books[b], table));
	}
	TS_TRY(ts_table_write(table, out));
	ts_buf_putc(out, '\n');
	TS_TRY(put_equalities(tb, region, out));
	ts_buf_puts(
		out, holds ? "\nBoth books balance, and they agree with each other.\n"
			   : "\nTHE BOOKS DO NOT AGREE: see the totals and differences above.\n");
	return out->err;
}

static json_t *money_json(int64_t minor, const struct ts_currency *cur)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_money_format(minor, cur, text));
}

/* Takes value; a failure to make or append it is lack of memory. */
static enum ts_err append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) == 0 ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err rows_json(const struct ts_trial_balance *tb, json_t *rows, json_t *sums)
{
	for (size_t b = 0; b < BOOKS_N; b++) {
		const char *book = ts_book_name(books[b]);
		for (int account = 0; account < TS_ACCOUNT_N; account++) {
			const struct ts_trial_row *row = row_of(tb, books[b], account);
			if (row == NULL)
				continue;
			int64_t net;
			TS_TRY(ts_sub64(row->debit_minor, row->credit_minor, &net));
			TS_TRY(append(
				rows, json_pack("{ss ss ss ss so so so}", "book", book, "account",
					      def_of(row)->role, "number", number_of(row), "title",
					      title_of(row), "debit",
					      money_json(row->debit_minor, tb->currency), "credit",
					      money_json(row->credit_minor, tb->currency),
					      "balance", money_json(net, tb->currency))));
		}
		struct totals total;
		TS_TRY(total_book(tb, books[b], &total));
		TS_TRY(append(sums, json_pack("{ss so so}", "book", book, "debit",
					    money_json(total.debit_minor, tb->currency), "credit",
					    money_json(total.credit_minor, tb->currency))));
	}
	return TS_OK;
}

static enum ts_err equalities_json(const struct ts_trial_balance *tb, json_t *array)
{
	for (size_t i = 0; i < TS_EQUALITIES_N; i++) {
		int64_t provider, consumer, difference;
		TS_TRY(equality(tb, i, &provider, &consumer, &difference));
		TS_TRY(append(array,
			json_pack("{ss so so so sb}", "name", ts_equalities[i].name, "provider",
				money_json(provider, tb->currency), "consumer",
				money_json(consumer, tb->currency), "difference",
				money_json(difference, tb->currency), "equal", difference == 0)));
	}
	return TS_OK;
}

enum ts_err ts_trial_balance_json(
	const struct ts_trial_balance *tb, struct ts_region *region, struct ts_buf *out)
{
	bool holds;
	TS_TRY(ts_trial_balance_check(tb, &holds));
	__attribute__((cleanup(ts_json_cleanup))) json_t *rows = json_array();
	__attribute__((cleanup(ts_json_cleanup))) json_t *sums = json_array();
	__attribute__((cleanup(ts_json_cleanup))) json_t *equalities = json_array();
	TS_TRY(rows_json(tb, rows, sums));
	TS_TRY(equalities_json(tb, equalities));
	__attribute__((cleanup(ts_json_cleanup))) json_t *root = json_pack("{ss ss sO sO sO sb}",
		"contract", tb->contract, "currency", tb->currency->code, "rows", rows, "totals",
		sums, "equalities", equalities, "balanced", holds);
	if (root == NULL)
		return TS_E_NO_MEMORY;
	const char *bytes;
	size_t len;
	TS_TRY(ts_json_canonical(root, region, &bytes, &len));
	ts_buf_put(out, bytes, len);
	return out->err;
}

enum ts_err ts_trial_balance_csv(const struct ts_trial_balance *tb, struct ts_buf *out)
{
	static const char *const names[] = {"contract", "currency", "book", "number", "account",
		"title", "debit", "credit", "balance"};
	struct ts_csv csv = {.out = out};
	ts_csv_header(&csv, names, sizeof names / sizeof names[0]);
	for (size_t b = 0; b < BOOKS_N; b++) {
		for (int account = 0; account < TS_ACCOUNT_N; account++) {
			const struct ts_trial_row *row = row_of(tb, books[b], account);
			if (row == NULL)
				continue;
			char text[TS_DECIMAL_CHARS];
			int64_t net;
			TS_TRY(ts_sub64(row->debit_minor, row->credit_minor, &net));
			ts_csv_text(&csv, tb->contract);
			ts_csv_text(&csv, tb->currency->code);
			ts_csv_text(&csv, ts_book_name(books[b]));
			ts_csv_text(&csv, number_of(row));
			ts_csv_text(&csv, def_of(row)->role);
			ts_csv_text(&csv, title_of(row));
			ts_csv_number(&csv, ts_money_format(row->debit_minor, tb->currency, text));
			ts_csv_number(&csv, ts_money_format(row->credit_minor, tb->currency, text));
			ts_csv_number(&csv, ts_money_format(net, tb->currency, text));
			ts_csv_end(&csv);
		}
	}
	return out->err;
}
