/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/journal/journal.h"
#include <stdlib.h>
#include <string.h>

#define NAME_CHARS 160

static int by_day(const void *a, const void *b)
{
	const struct ts_entry *x = ((const struct ts_journal_row *)a)->entry;
	const struct ts_entry *y = ((const struct ts_journal_row *)b)->entry;
	if (x->effective_day != y->effective_day)
		return x->effective_day < y->effective_day ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

void ts_journal_order(struct ts_journal *journal)
{
	if (journal->rows_n > 1)
		qsort(journal->rows, journal->rows_n, sizeof *journal->rows, by_day);
}

const char *ts_journal_class(enum ts_account account)
{
	const struct ts_account_def *def = &ts_account_defs[account];
	if (strncmp(def->role, "revenue_", 8) == 0)
		return "Income";
	if (strncmp(def->role, "expense_", 8) == 0)
		return "Expenses";
	return def->debit_normal ? "Assets" : "Liabilities";
}

/* Runs of other characters than ASCII letters and digits become one '-'; letters that begin a name
 * are capitals. */
static size_t put_part(char *out, size_t size, size_t n, const char *text)
{
	bool gap = false;
	for (const char *p = text; *p != '\0' && n + 3 < size; p++) {
		char c = *p;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9')) {
			gap = true;
			continue;
		}
		bool first = out[n - 1] == ':';
		if (gap && !first)
			out[n++] = '-';
		gap = false;
		out[n++] = (char)(first && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	return n;
}

static const char *number_of(const struct ts_journal *journal, int account)
{
	const char *own = journal->accounts[account].number;
	return own != NULL ? own : ts_account_defs[account].number;
}

static const char *title_of(const struct ts_journal *journal, int account)
{
	const char *own = journal->accounts[account].title;
	return own != NULL ? own : ts_account_defs[account].title;
}

static void build_name(const struct ts_journal *journal, int account, char out[NAME_CHARS])
{
	const char *class = ts_journal_class((enum ts_account)account);
	size_t n = strlen(class);
	memcpy(out, class, n);
	out[n++] = ':';
	n = put_part(out, NAME_CHARS / 2, n, number_of(journal, account));
	if (out[n - 1] != ':')
		out[n++] = '-';
	n = put_part(out, NAME_CHARS - 48, n, title_of(journal, account));
	if (out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

static bool same_in_chart(const struct ts_journal *journal, int a, int b)
{
	return strcmp(number_of(journal, a), number_of(journal, b)) == 0 &&
	       strcmp(title_of(journal, a), title_of(journal, b)) == 0;
}

/* True when another account of the book that is not the same in the chart has this name. */
static bool taken(const char *const *names, int account, const char *name)
{
	for (int k = 0; k < account; k++)
		if (names[k] != NULL && strcmp(names[k], name) == 0)
			return true;
	return name[strlen(name) - 1] == ':'; /* nothing was left of number and title */
}

static const char *shared(const struct ts_journal *journal, const char *const *names, int account)
{
	for (int k = 0; k < account; k++)
		if (names[k] != NULL && same_in_chart(journal, k, account) &&
			ts_journal_class((enum ts_account)k) ==
				ts_journal_class((enum ts_account)account))
			return names[k];
	return NULL;
}

enum ts_err ts_journal_names(
	const struct ts_journal *journal, struct ts_region *region, const char *names[TS_ACCOUNT_N])
{
	for (int account = 0; account < TS_ACCOUNT_N; account++) {
		char name[NAME_CHARS];
		names[account] = NULL;
		if (ts_account_defs[account].book != journal->book)
			continue;
		names[account] = shared(journal, names, account);
		if (names[account] != NULL)
			continue;
		build_name(journal, account, name);
		if (taken(names, account, name)) {
			size_t n = strlen(name);
			if (name[n - 1] != ':')
				name[n++] = '-';
			n = put_part(name, sizeof name, n, ts_account_defs[account].role);
			name[n] = '\0';
		}
		names[account] = ts_region_copy(region, name, strlen(name));
		if (names[account] == NULL)
			return TS_E_NO_MEMORY;
	}
	return TS_OK;
}

int ts_journal_first(const char *const names[TS_ACCOUNT_N], enum ts_account account)
{
	int first = 0;
	while (names[first] != names[account])
		first++;
	return first;
}

enum ts_err ts_journal_openings(const struct ts_journal *journal,
	const char *const names[TS_ACCOUNT_N], int64_t balances[TS_ACCOUNT_N])
{
	for (int account = 0; account < TS_ACCOUNT_N; account++)
		balances[account] = 0;
	for (int account = 0; account < TS_ACCOUNT_N; account++) {
		if (names[account] == NULL || journal->feed)
			continue;
		int64_t *sum = &balances[ts_journal_first(names, (enum ts_account)account)];
		TS_TRY(ts_add64(*sum, journal->accounts[account].opening_minor, sum));
	}
	return TS_OK;
}

enum ts_err ts_journal_post(const char *const names[TS_ACCOUNT_N], const struct ts_leg *leg,
	int64_t balances[TS_ACCOUNT_N], int64_t *balance_minor)
{
	int64_t *sum = &balances[ts_journal_first(names, leg->account)];
	TS_TRY(leg->debit ? ts_add64(*sum, leg->amount_minor, sum)
			  : ts_sub64(*sum, leg->amount_minor, sum));
	*balance_minor = *sum;
	return TS_OK;
}

struct ts_journal_step ts_journal_next(
	const struct ts_journal *journal, struct ts_journal_place *place)
{
	const struct ts_journal_row *row = place->row < journal->rows_n ? &journal->rows[place->row]
									: NULL;
	const struct ts_journal_measure *measure =
		place->measure < journal->measures_n ? &journal->measures[place->measure] : NULL;
	if (measure != NULL && (row == NULL || measure->day < row->entry->effective_day)) {
		place->measure++;
		return (struct ts_journal_step){NULL, measure};
	}
	place->row += row != NULL;
	return (struct ts_journal_step){row, NULL};
}
