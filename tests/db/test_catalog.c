/* SPDX-License-Identifier: Apache-2.0 */
/* schema/catalog.txt is what the migrations leave, or an audit would say that somebody changed the
 * schema. After a new migration: copy the file that this test names. */
#include "db/fixture.h"
#include "store/audit.h"
#include "store/sql.h"

static enum ts_err take(
	void *ctx, struct ts_str key, struct ts_str row, const struct ts_digest *digest)
{
	struct ts_buf *out = ctx;

	assert_null(digest);
	ts_buf_put(out, key.at, key.len);
	ts_buf_putc(out, '\t');
	ts_buf_put(out, row.at, row.len);
	ts_buf_putc(out, '\n');
	return out->err;
}

static void catalog(void **state)
{
	static const char path[] = TS_BINARY_DIR "/catalog.txt";
	struct ts_db_options options = {.conninfo = cluster.auditor};
	struct ts_db *db = NULL;
	struct ts_buf text;
	struct ts_args args;
	struct ts_why why = {"", ""};
	int64_t n = 0;

	(void)state;
	ts_buf_init(&text, 1u << 24);
	ts_args_init(&args);
	OK(ts_db_open(&options, &db, &why));
	OK(ts_db_audit_rows(db, "audit_catalog", &args, take, &text, &n, &why));
	ts_db_close(db);
	assert_true(n > 100);
	if (strcmp(ts_buf_str(&text), ts_sql_catalog) != 0) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
		assert_int_equal(fclose(file), 0);
		fail_msg("the migrations leave another catalog: cp %s schema/catalog.txt", path);
	}
	ts_buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(catalog)};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
