/* SPDX-License-Identifier: Apache-2.0 */
#include "service/auditor/auditor_sheet.h"
#include "service/auditor/auditor_state.h"
#include <string.h>

#define SHEET_BYTES_MAX ((size_t)1 << 30)
#define FIELD_BYTES_MAX (1u << 20)
#define FINDINGS_MAX 100 /* of one comparison */

struct row {
	const char *key;
	struct ts_str text;
	bool seen;
};

static uint64_t row_hash(const void *row)
{
	return ts_hash_text(1, ((const struct row *)row)->key);
}

static bool row_same(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key) == 0;
}

enum ts_err ts_sheet_begin(struct ts_sheet *sheet, struct ts_auditor *auditor,
	enum ts_auditor_check check, const char *table, const char *query)
{
	*sheet = (struct ts_sheet){.auditor = auditor,
		.check = check,
		.table = table,
		.query = query,
		.region = ts_region_create(SHEET_BYTES_MAX)};
	ts_buf_init(&sheet->key, FIELD_BYTES_MAX);
	ts_buf_init(&sheet->row, FIELD_BYTES_MAX);
	if (sheet->region == NULL)
		return TS_E_NO_MEMORY;
	ts_rowset_init(&sheet->rows, sheet->region, sizeof(struct row), row_hash, row_same);
	return TS_OK;
}

void ts_sheet_end(struct ts_sheet *sheet)
{
	ts_buf_free(&sheet->key);
	ts_buf_free(&sheet->row);
	ts_region_free(sheet->region);
	sheet->region = NULL;
}

void ts_sheet_put(struct ts_sheet *sheet)
{
	const char *key = ts_buf_str(&sheet->key), *text = ts_buf_str(&sheet->row);
	struct row row = {.key = ts_region_copy(sheet->region, key, sheet->key.len),
		.text = {ts_region_copy(sheet->region, text, sheet->row.len), sheet->row.len}};
	void *out = NULL;
	enum ts_err err = sheet->key.err != TS_OK ? sheet->key.err : sheet->row.err;
	if (err == TS_OK && (row.key == NULL || row.text.at == NULL))
		err = TS_E_NO_MEMORY;
	if (err == TS_OK)
		err = ts_rowset_get(&sheet->rows, &row, &out);
	if (sheet->err == TS_OK)
		sheet->err = err;
	ts_buf_reset(&sheet->key);
	ts_buf_reset(&sheet->row);
}

static void next_field(struct ts_sheet *sheet)
{
	if (sheet->row.len > 0)
		ts_buf_putc(&sheet->row, '\t');
}

void ts_sheet_text(struct ts_sheet *sheet, struct ts_str text)
{
	next_field(sheet);
	ts_buf_put(&sheet->row, text.at, text.len);
}

void ts_sheet_int(struct ts_sheet *sheet, int64_t v)
{
	next_field(sheet);
	ts_buf_printf(&sheet->row, "%lld", (long long)v);
}

void ts_sheet_hex(struct ts_sheet *sheet, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	char hex[3];
	next_field(sheet);
	for (size_t i = 0; i < len; i++) {
		ts_text_hex(&at[i], 1, hex);
		ts_buf_put(&sheet->row, hex, 2);
	}
}

void ts_sheet_hash(struct ts_sheet *sheet, const struct ts_hash *hash)
{
	ts_sheet_hex(sheet, hash->b, TS_HASH_BYTES);
}

void ts_sheet_hash_of(struct ts_sheet *sheet, const void *bytes, size_t len)
{
	struct ts_hash hash;
	ts_sha256(bytes, len, &hash);
	ts_sheet_hash(sheet, &hash);
}

void ts_sheet_digest(struct ts_sheet *sheet, const struct ts_digest *digest)
{
	uint8_t bytes[32];
	ts_digest_bytes(digest, bytes);
	ts_sheet_hex(sheet, bytes, sizeof bytes);
}

/* --- comparing --- */

struct comparison {
	struct ts_sheet *sheet;
	struct ts_why *why;
};

static enum ts_err report(
	struct comparison *c, const char *key, struct ts_str expected, struct ts_str actual)
{
	struct ts_sheet *sheet = c->sheet;
	if (sheet->found++ >= FINDINGS_MAX)
		return TS_OK;
	return ts_auditor_find(
		sheet->auditor, sheet->check, sheet->table, key, expected, actual, c->why);
}

static enum ts_err take(
	void *ctx, struct ts_str key, struct ts_str text, const struct ts_digest *digest)
{
	struct comparison *c = ctx;
	struct ts_sheet *sheet = c->sheet;
	if (key.at == NULL)
		key = TS_STR("(null)");
	ts_buf_reset(&sheet->key);
	ts_buf_reset(&sheet->row);
	ts_buf_put(&sheet->key, key.at, key.len);
	ts_buf_put(&sheet->row, text.at, text.len);
	if (digest != NULL)
		ts_sheet_digest(sheet, digest);
	TS_TRY(sheet->row.err);
	struct row probe = {.key = ts_buf_str(&sheet->key)};
	struct row *row = ts_rowset_find(&sheet->rows, &probe);
	struct ts_str actual = {sheet->row.data, sheet->row.len};
	if (row == NULL)
		return report(c, probe.key, TS_STR("no such row"), actual);
	if (row->seen)
		return report(c, probe.key, TS_STR("one row"), TS_STR("it is there twice"));
	row->seen = true;
	return ts_str_eq(row->text, actual) ? TS_OK : report(c, probe.key, row->text, actual);
}

enum ts_err ts_sheet_compare(
	struct ts_sheet *sheet, const struct ts_args *args, int64_t *n, struct ts_why *why)
{
	struct comparison c = {sheet, why};
	int64_t read = 0;
	TS_TRY(sheet->err);
	sheet->found = 0;
	TS_TRY(ts_db_audit_rows(sheet->auditor->db, sheet->query, args, take, &c, &read, why));
	for (size_t i = 0; i < sheet->rows.n && !sheet->absent_allowed; i++) {
		const struct row *row = ts_rowset_at(&sheet->rows, i);
		if (!row->seen)
			TS_TRY(report(&c, row->key, row->text, TS_STR("no such row")));
	}
	if (n != NULL)
		*n += read;
	ts_buf_reset(&sheet->key);
	ts_buf_reset(&sheet->row);
	ts_region_reset(sheet->region);
	ts_rowset_init(&sheet->rows, sheet->region, sizeof(struct row), row_hash, row_same);
	return TS_OK;
}
