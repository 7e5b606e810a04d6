/* SPDX-License-Identifier: Apache-2.0 */
/* What guards the rows: the catalog against what the migrations of this program leave. */
#include "service/auditor/auditor_state.h"
#include "store/sql.h"
#include <string.h>

static enum ts_err expect_catalog(struct ts_sheet *sheet)
{
	struct ts_str rest = ts_str(ts_sql_catalog), line;
	while (ts_str_line(&rest, &line)) {
		struct ts_str key = ts_str_cut(&line, '\t');
		ts_buf_put(&sheet->key, key.at, key.len);
		ts_sheet_text(sheet, line);
		ts_sheet_put(sheet);
	}
	return sheet->err;
}

static enum ts_err expect_migrations(struct ts_sheet *sheet)
{
	for (int i = 0; ts_sql_migrations[i].name != NULL; i++) {
		const char *text = ts_sql_migrations[i].text;
		ts_buf_printf(&sheet->key, "migration %d", i + 1);
		ts_sheet_text(sheet, ts_str(ts_sql_migrations[i].name));
		ts_sheet_hash_of(sheet, text, strlen(text));
		ts_sheet_put(sheet);
	}
	return sheet->err;
}

static enum ts_err expect_nothing(struct ts_sheet *sheet)
{
	return sheet->err;
}

enum ts_err ts_auditor_schema(struct ts_auditor *a, struct ts_why *why)
{
	static const struct {
		const char *table, *query;
		enum ts_err (*expect)(struct ts_sheet *sheet);
	} parts[] = {
		{"app.schema_migration", "audit_migrations", expect_migrations},
		{"catalog", "audit_catalog", expect_catalog},
		{"catalog", "audit_partitions", expect_nothing},
	};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct ts_sheet sheet;
		struct ts_args args;
		ts_args_init(&args);
		enum ts_err err = ts_sheet_begin(
			&sheet, a, TS_AUDITOR_SCHEMA, parts[i].table, parts[i].query);
		if (err == TS_OK)
			err = parts[i].expect(&sheet);
		if (err == TS_OK)
			err = ts_sheet_compare(&sheet, &args, NULL, why);
		ts_sheet_end(&sheet);
		TS_TRY(err);
	}
	return TS_OK;
}
