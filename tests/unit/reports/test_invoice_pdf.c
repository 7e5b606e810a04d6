/* SPDX-License-Identifier: Apache-2.0 */
/* `test --emit N` writes the document of N lines to stdout: the same program, run in another
 * environment, must write the same bytes. */
#include "support/test.h"
#include "reports/invoice_pdf.h"
#include "reports/pdf_finish.h"
#include "sample.h"
#include "support/file.h"
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES_MAX (16 * 1024 * 1024)

static void render(const struct sample *s, struct ts_buf *out)
{
	struct ts_why why = {"", ""};
	enum ts_err err;
	ts_buf_init(out, TS_INVOICE_PDF_BYTES_MAX);
	err = ts_invoice_pdf(&s->invoice, s->region, out, &why);
	if (err != TS_OK)
		fail_msg("%s: %s: %s", ts_err_code(err), why.where, why.text);
}

static int emit(size_t lines)
{
	struct sample *s = sample_create(lines, 19);
	struct ts_buf out;
	ts_buf_init(&out, TS_INVOICE_PDF_BYTES_MAX);
	enum ts_err err = ts_invoice_pdf(&s->invoice, s->region, &out, NULL);
	if (err == TS_OK)
		fwrite(out.data, 1, out.len, stdout);
	ts_buf_free(&out);
	ts_region_free(s->region);
	return err == TS_OK ? 0 : 1;
}

/* Runs argv with the environment and collects what it prints; false when there is no such program.
 */
static bool run(const char *const *argv, const char *const *env, struct ts_buf *out)
{
	char part[65536];
	int ends[2], status;
	ssize_t n;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	ts_buf_init(out, READ_BYTES_MAX);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	/* posix_spawn takes argv and env as they were before const; it does not write to them. */
	union {
		const char *const *in;
		char *const *out;
	} arguments = {.in = argv}, variables = {.in = env};
	int failed = posix_spawnp(&pid, argv[0], &actions, NULL, arguments.out, variables.out);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (failed == 0 && (n = read(ends[0], part, sizeof part)) > 0)
		ts_buf_put(out, part, (size_t)n);
	close(ends[0]);
	if (failed == ENOENT)
		return false;
	assert_int_equal(failed, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_ok(out->err);
	return true;
}

/* Runs a poppler tool over the document, skips the test where there is none. */
static void inspect(const struct sample *s, const char *tool, struct ts_buf *out)
{
	static const char *const env[] = {"LC_ALL=C.UTF-8", "TZ=UTC", "PATH=/usr/bin:/bin", NULL};
	char path[] = "/tmp/tallystick-pdf-XXXXXX";
	bool text = strcmp(tool, "pdftotext") == 0;
	const char *const argv[] = {
		tool, text ? "-layout" : path, text ? path : NULL, text ? "-" : NULL, NULL};
	struct ts_buf pdf;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	render(s, &pdf);
	ts_file_write(path, pdf.data, pdf.len);
	ts_buf_free(&pdf);
	bool found = run(argv, env, out);
	unlink(path);
	if (!found) {
		print_message("skipped: %s (poppler-utils) is not installed\n", tool);
		skip();
	}
}

static void same_bytes_everywhere(void **state)
{
	(void)state;
	char sanitizer[512];
	const char *options = getenv("LSAN_OPTIONS");
	snprintf(sanitizer, sizeof sanitizer, "LSAN_OPTIONS=%s", options != NULL ? options : "");
	const char *const environments[][8] = {
		{sanitizer, NULL},
		{sanitizer, "TZ=Asia/Tokyo", "LC_ALL=C.UTF-8", "LANGUAGE=ja", "PANGO_LANGUAGE=ja",
			"FONTCONFIG_FILE=/dev/null", "SOURCE_DATE_EPOCH=1", NULL},
		{sanitizer, "TZ=America/St_Johns", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8",
			"HOME=/nonexistent", NULL},
	};
	char self[256];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	assert_true(len > 0);
	self[len] = '\0';
	struct sample *s = sample_create(40, 19);
	struct ts_buf first, again, other;
	render(s, &first);
	render(s, &again);
	assert_int_equal(first.len, again.len);
	assert_memory_equal(first.data, again.data, first.len);
	for (size_t i = 0; i < sizeof environments / sizeof environments[0]; i++) {
		const char *const argv[] = {self, "--emit", "40", NULL};
		assert_true(run(argv, environments[i], &other));
		assert_int_equal(other.len, first.len);
		assert_memory_equal(other.data, first.data, first.len);
		ts_buf_free(&other);
	}
	ts_buf_free(&first);
	ts_buf_free(&again);
	ts_region_free(s->region);
}

static void one_document_one_identifier(void **state)
{
	(void)state;
	struct sample *a = sample_create(3, 19);
	struct ts_buf one, two;
	render(a, &one);
	a->terms.buyer_reference = "Cost centre 7711";
	render(a, &two);
	const char *id = strstr(ts_buf_str(&one) + one.len - 300, "/ID [<");
	const char *other = strstr(ts_buf_str(&two) + two.len - 300, "/ID [<");
	assert_non_null(id);
	assert_non_null(other);
	assert_memory_not_equal(id, other, 38);
	ts_buf_free(&one);
	ts_buf_free(&two);
	ts_region_free(a->region);
}

static void pages(void **state)
{
	(void)state;
	static const struct {
		size_t lines;
		const char *pages;
	} cases[] = {{1, "Pages:           1\n"}, {12, "Pages:           2\n"},
		{40, "Pages:           4\n"}, {400, "Pages:           29\n"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sample *s = sample_create(cases[i].lines, 19);
		struct ts_buf out;
		inspect(s, "pdfinfo", &out);
		if (strstr(ts_buf_str(&out), cases[i].pages) == NULL)
			fail_msg("%zu lines: not %s in %s", cases[i].lines, cases[i].pages,
				out.data);
		assert_non_null(strstr(out.data, "Title:           Invoice NC-2026-0004, Northern "
						 "Compute, Inc. to Aleph Research "
						 "GmbH\n"));
		assert_non_null(strstr(out.data, "Author:          Northern Compute, Inc.\n"));
		assert_non_null(strstr(out.data, "Sep  4 00:00:00 2026"));
		assert_null(strstr(out.data, "rror"));
		ts_buf_free(&out);
		ts_region_free(s->region);
	}
}

static void fonts_are_embedded_subsets(void **state)
{
	(void)state;
	struct sample *s = sample_create(12, 19);
	s->terms.consumer.name = "\u1f08\u03bb\u03ae\u03b8\u03b5\u03b9\u03b1 \u22a2 GmbH";
	struct ts_buf out;
	struct ts_str rest, line;
	inspect(s, "pdffonts", &out);
	(void)ts_buf_str(&out);
	rest = (struct ts_str){out.data, out.len};
	size_t n = 0;
	while (ts_str_line(&rest, &line)) {
		if (n++ < 2)
			continue; /* header */
		char row[256];
		snprintf(row, sizeof row, "%.*s", (int)line.len, line.at);
		assert_true(row[6] == '+');
		assert_non_null(strstr(row, " yes yes yes ")); /* embedded, subset, unicode map */
	}
	assert_true(n >= 2 + 4);
	assert_non_null(strstr(out.data, "+LiberationSans-Bold"));
	assert_non_null(strstr(out.data, "+DejaVuSans"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void text_has_every_figure(void **state)
{
	(void)state;
	struct sample *s = sample_create(40, 19);
	struct ts_buf out;
	inspect(s, "pdftotext", &out);
	const char *text = ts_buf_str(&out);
	char figure[TS_DECIMAL_CHARS];
	for (size_t i = 0; i < s->invoice.lines_n; i++) {
		const struct ts_invoice_line *line = &s->invoice.lines[i];
		ts_money_group(line->net_minor, s->terms.currency, figure);
		if (strstr(text, figure) == NULL)
			fail_msg("line %zu: %s is missing", i, figure);
	}
	const int64_t totals[] = {s->invoice.subtotal_minor, s->invoice.tax_minor,
		s->invoice.total_minor, s->invoice.taxes[1].net_minor};
	for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++)
		assert_non_null(strstr(text, ts_money_group(totals[i], s->terms.currency, figure)));
	const char *const wanted[] = {"INVOICE", "NC-2026-0004", "4 September 2026",
		"4 October 2026", "Aleph Research GmbH", "DE 123 456 789", "US 62-1234567",
		"PO-4500123987", "Cost centre 7710", s->terms.contract, "Reverse charge",
		"Carried forward", "Brought forward", "Page 1 of 4", "Page 4 of 4", "GPU-hour",
		"2.1875", "Takes back what NC-2026-0003 billed", "SWIFT EXMPUS44", "UNWITNESSED",
		s->invoice.head.inputs_origin, s->invoice.head.journal_origin, "1,824,886 leaves",
		"Document SHA-256"};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		if (strstr(text, wanted[i]) == NULL)
			fail_msg("\"%s\" is missing in\n%s", wanted[i], text);
	}
	ts_buf_free(&out);
	ts_region_free(s->region);
}

/* Without bank details as text, the account that electronic invoices name. */
static void account_and_vat_id(void **state)
{
	(void)state;
	struct sample *s = sample_create(3, 19);
	struct ts_buf out;
	s->terms.provider.payment_details = NULL;
	s->terms.provider.vat_id = "IE6388047V";
	s->terms.provider.payment = (struct ts_payment){
		"58", "DE89370400440532013000", NULL, "COBADEFFXXX", "Northern Compute"};
	inspect(s, "pdftotext", &out);
	assert_non_null(strstr(ts_buf_str(&out), "VAT ID IE6388047V"));
	assert_non_null(strstr(out.data, "IBAN DE89370400440532013000"));
	assert_non_null(strstr(out.data, "BIC COBADEFFXXX"));
	assert_null(strstr(out.data, "ask the issuer"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void preview_and_credit_note_say_so(void **state)
{
	(void)state;
	struct sample *s = sample_create(3, 19);
	struct ts_buf out;
	s->invoice.kind = TS_DOCUMENT_CREDIT_NOTE;
	inspect(s, "pdftotext", &out);
	assert_non_null(strstr(ts_buf_str(&out), "CREDIT NOTE"));
	assert_non_null(strstr(out.data, "Total credited"));
	assert_null(strstr(out.data, "Payable by"));
	ts_buf_free(&out);
	s->invoice.kind = TS_DOCUMENT_INVOICE;
	s->invoice.has_head = false;
	inspect(s, "pdftotext", &out);
	assert_non_null(strstr(ts_buf_str(&out), "INVOICE PREVIEW"));
	assert_non_null(strstr(out.data, "Not an invoice and not a request for payment"));
	assert_null(strstr(out.data, "NC-2026-0004"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void refuses(void **state)
{
	(void)state;
	struct ts_why why = {"", ""};
	struct ts_buf out;
	ts_buf_init(&out, TS_INVOICE_PDF_BYTES_MAX);
	struct sample *s = sample_create(3, 19);
	s->invoice.lines[1].net_minor++;
	assert_err(ts_invoice_pdf(&s->invoice, s->region, &out, &why), TS_E_INTERNAL);
	assert_string_equal(why.where, "lines");
	s->invoice.lines[1].net_minor--;
	s->terms.consumer.name = "\U00013000"; /* a hieroglyph that no listed font has */
	assert_err(ts_invoice_pdf(&s->invoice, s->region, &out, &why), TS_E_UNAVAILABLE);
	assert_string_equal(why.where, "font");
	s->terms.consumer.name = "Aleph";
	out.len_max = 1000;
	assert_err(ts_invoice_pdf(&s->invoice, s->region, &out, &why), TS_E_LIMIT);
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void finish_refuses_other_files(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "%PDF-1.5\n",
		"<< /Type /Catalog\n>>\nxref\n0 9\ntrailer\n<< /Size 9\n>>\nstartxref\n1\n%%EOF\n",
		"<< /Type /Catalog\n>>\nxref\n0 99999999999999999999\ntrailer\n<< >>\n"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct ts_buf pdf, out;
		ts_buf_init(&pdf, 4096);
		ts_buf_init(&out, 4096);
		ts_buf_puts(&pdf, texts[i]);
		assert_err(ts_pdf_finish(&pdf, "en", &out, NULL), TS_E_INTERNAL);
		assert_int_equal(out.len, 0);
		ts_buf_free(&pdf);
		ts_buf_free(&out);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_everywhere),
		cmocka_unit_test(one_document_one_identifier),
		cmocka_unit_test(pages),
		cmocka_unit_test(fonts_are_embedded_subsets),
		cmocka_unit_test(text_has_every_figure),
		cmocka_unit_test(account_and_vat_id),
		cmocka_unit_test(preview_and_credit_note_say_so),
		cmocka_unit_test(refuses),
		cmocka_unit_test(finish_refuses_other_files),
	};
	if (argc == 3 && strcmp(argv[1], "--emit") == 0)
		return emit((size_t)strtoul(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
