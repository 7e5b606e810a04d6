/* SPDX-License-Identifier: Apache-2.0 */
/* What poppler says of the result is in e2e.pdf. */
#include "support/test.h"
#include "reports/invoice_pdf.h"
#include "reports/pdf_attach.h"
#include "reports/pdf_sign.h"
#include "reports/pdf_update.h"
#include "sample.h"
#include <string.h>

static struct ts_str plain(struct ts_buf *out)
{
	struct sample *s = sample_create(3, 19);
	struct ts_why why = {"", ""};
	ts_buf_init(out, TS_INVOICE_PDF_BYTES_MAX);
	assert_ok(ts_invoice_pdf(&s->invoice, s->region, out, &why));
	ts_region_free(s->region);
	return (struct ts_str){out->data, out->len};
}

/* A file that says it is an object does not become one: objects are found by their table. */
static const char evil[] = "\n1 0 obj\n<< /Evil true >>\nendobj\n";
static const struct ts_pdf_attachment files[] = {
	{"a.csv", "lines (all)", "text/csv", "Data", {evil, sizeof evil - 1}},
	{"b.xml", "\xc3\xbc", "application/xml", "Alternative", {"<x/>", 4}}};

static void attach(struct ts_str pdf, struct ts_region *region, struct ts_buf *out)
{
	struct ts_why why = {"", ""};
	ts_buf_init(out, TS_INVOICE_PDF_BYTES_MAX);
	enum ts_err err = ts_pdf_attach(
		pdf, files, 2, INT64_C(1780531200000000), region, out, &why);
	if (err != TS_OK)
		fail_msg("%s: %s", why.where, why.text);
}

static void attachments_are_appended(void **state)
{
	struct ts_buf a, b, c;
	struct ts_pdf_update u;
	struct ts_str catalog, pages;
	struct ts_why why = {"", ""};
	struct ts_region *region = ts_region_create(8 << 20);
	(void)state;
	struct ts_str pdf = plain(&a);
	attach(pdf, region, &b);
	attach(pdf, region, &c);
	assert_int_equal(b.len, c.len);
	assert_memory_equal(b.data, c.data, b.len);
	assert_memory_equal(b.data, pdf.at, pdf.len);
	ts_buf_reset(&c);
	assert_ok(ts_pdf_update_begin(&u, (struct ts_str){b.data, b.len}, region, &c, &why));
	assert_ok(ts_pdf_update_dictionary(&u, u.root, &catalog, &why));
	const char *text = ts_region_printf(region, "%.*s", (int)catalog.len, catalog.at);
	assert_non_null(strstr(text, "/EmbeddedFiles << /Names [ (a.csv) "));
	assert_non_null(strstr(text, "/Lang (en)"));
	assert_non_null(memmem(b.data, b.len, "/ModDate (D:20260604000000Z)", 28));
	assert_ok(ts_pdf_update_dictionary(&u, 1, &pages, &why));
	assert_null(strstr(ts_region_printf(region, "%.*s", (int)pages.len, pages.at), "Evil"));
	assert_err(ts_pdf_update_dictionary(&u, 9999, &pages, &why), TS_E_INTERNAL);
	ts_buf_free(&a);
	ts_buf_free(&b);
	ts_buf_free(&c);
	ts_region_free(region);
}

struct seen {
	size_t a, b;
};

static enum ts_err remember(
	void *ctx, struct ts_str a, struct ts_str b, struct ts_buf *out, struct ts_why *why)
{
	struct seen *seen = ctx;
	(void)why;
	*seen = (struct seen){a.len, b.len};
	assert_int_equal(b.at[0], '\n'); /* behind the closing bracket of the signature */
	ts_buf_puts(out, "CMS");
	return TS_OK;
}

/* The two ranges and the signature's digits are the whole file. */
static void ranges_cover_the_file(void **state)
{
	struct ts_buf a, out;
	struct seen seen = {0, 0};
	struct ts_why why = {"", ""};
	char range[96];
	struct ts_region *region = ts_region_create(8 << 20);
	const struct ts_pdf_signing signing = {remember, &seen, "Orbit (US)", "Issued", 0};
	(void)state;
	struct ts_str pdf = plain(&a);
	ts_buf_init(&out, TS_INVOICE_PDF_BYTES_MAX);
	assert_ok(ts_pdf_sign(pdf, &signing, region, &out, &why));
	size_t digits = 2 * TS_PDF_SIGNATURE_BYTES_MAX;
	assert_int_equal(seen.a + digits + 2 + seen.b, out.len);
	snprintf(range, sizeof range, "/ByteRange [0 %010zu %010zu %010zu]", seen.a,
		seen.a + digits + 2, seen.b);
	const char *text = ts_buf_str(&out);
	assert_non_null(memmem(text, out.len, range, strlen(range)));
	assert_memory_equal(text + seen.a, "<434d530000", 11);
	assert_non_null(memmem(text, out.len, "/Name (Orbit \\(US\\))", 20));
	ts_buf_free(&a);
	ts_buf_free(&out);
	ts_region_free(region);
}

static void no_pdf(void **state)
{
	struct ts_buf out;
	struct ts_pdf_update u;
	struct ts_why why = {"", ""};
	struct ts_region *region = ts_region_create(1 << 20);
	(void)state;
	ts_buf_init(&out, 4096);
	assert_err(ts_pdf_update_begin(&u, TS_STR("%PDF-1.5\nnothing"), region, &out, &why),
		TS_E_INTERNAL);
	ts_buf_free(&out);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attachments_are_appended),
		cmocka_unit_test(ranges_cover_the_file),
		cmocka_unit_test(no_pdf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
