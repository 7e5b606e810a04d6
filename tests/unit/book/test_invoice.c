/* SPDX-License-Identifier: Apache-2.0 */
/* A small document byte for byte, and its hash: docs/formats/invoice.md prints the same bytes. */
#include "support/desk.h"
#include "support/file.h"
#include <stdlib.h>

static struct ts_invoice *small_document(struct desk *d)
{
	desk_open(d, "{'currency':'USD','term':{'from':'2026-05-01'},'skus':[{'sku':'gpu-h100',"
		     "'name':'H100 80 GB','unit':'GPU-hour','divisor':'3600000000'}],'prices':["
		     "{'id':'h100','section':'Compute','description':'H100, on demand',"
		     "'sku':'gpu-h100','model':'per_unit','unit_price':'2.35','treatment':'std'}],"
		     "'tax':{'treatments':[{'id':'std','category':'S','jurisdiction':'DE',"
		     "'rate':'standard','recoverable':true}],'rates':[{'rate':'standard',"
		     "'jurisdiction':'DE','from':'2026-01-01','percent':'19'}]},"
		     "'late':{'usage_until_days':3,'late_usage_until_days':40}}");
	desk_at(d, "2026-06-04");
	d->leaf = 11;
	assert_ok(desk_cell(d, "2026-05-03T10:00:00Z", "gpu-h100", "on_demand", 44444440800));
	assert_ok(desk_cut(d, 0, "2026-05-31"));
	assert_ok(desk_issue(d, 0));
	d->invoice->head.inputs_origin = "ledger.example/0/inputs";
	d->invoice->head.journal_origin = "ledger.example/0/journal";
	d->invoice->head.unwitnessed = true;
	d->invoice->head.completeness = (struct ts_completeness){
		.expected = 744, .closed = 742, .late = 1, .missing = 1};
	d->invoice->head.gap = 14;
	return d->invoice;
}

/* The line of the page that begins with `begin`; heap. */
static char *line_of_page(const char *begin)
{
	char *path = ts_source_path("docs/formats/invoice.md");
	struct ts_file page = ts_file_read(path);
	const char *at = page.bytes;
	while (at != NULL && strncmp(at, begin, strlen(begin)) != 0) {
		at = strchr(at, '\n');
		at = at == NULL ? NULL : at + 1;
	}
	assert_non_null(at);
	char *line = strndup(at, strcspn(at, "\n"));
	ts_file_free(&page);
	free(path);
	return line;
}

static void test_canonical_json(void **state)
{
	(void)state;
	struct desk d;
	const char *bytes = NULL;
	size_t len = 0;
	struct ts_invoice *invoice = small_document(&d);
	assert_ok(ts_invoice_json(invoice, d.region, &bytes, &len));
	char *page = line_of_page("{\"body\":");
	assert_string_equal(bytes, page);
	free(page);
	struct ts_hash hash, again;
	char hex[2 * TS_HASH_BYTES + 1];
	assert_ok(ts_invoice_hash(invoice, d.region, &hash));
	ts_sha256(bytes, len, &again);
	assert_memory_equal(hash.b, again.b, TS_HASH_BYTES);
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	page = line_of_page(hex);
	free(page);
	desk_close(&d);
}

static void test_body_without_head(void **state)
{
	(void)state;
	struct desk d;
	const char *whole = NULL, *body = NULL, *head = NULL;
	size_t len = 0;
	struct ts_invoice *invoice = small_document(&d);
	assert_ok(ts_invoice_json(invoice, d.region, &whole, &len));
	assert_ok(ts_invoice_body_json(invoice, d.region, &body, &len));
	assert_memory_equal(whole + strlen("{\"body\":"), body, len);
	invoice->has_head = false;
	assert_ok(ts_invoice_json(invoice, d.region, &head, &len));
	assert_int_equal(len, strlen("{\"body\":}") + strlen(body));
	desk_close(&d);
}

/* Every entry of the document carries the hash of the document as issued. */
static void test_entries_carry_the_hash(void **state)
{
	(void)state;
	struct desk d;
	struct ts_hash hash;
	struct ts_invoice *invoice = small_document(&d);
	invoice->head.inputs_origin = invoice->head.journal_origin = NULL; /* as desk_issue gave */
	invoice->head.unwitnessed = false;
	invoice->head.completeness = (struct ts_completeness){0};
	invoice->head.gap = -1;
	assert_ok(ts_invoice_hash(invoice, d.region, &hash));
	assert_int_equal(d.out.n, 4);
	for (size_t i = 0; i < d.out.n; i++) {
		assert_string_equal(d.out.entries[i].document, "D1");
		assert_memory_equal(d.out.entries[i].document_hash.b, hash.b, TS_HASH_BYTES);
	}
	desk_close(&d);
}

/* An entry that names the document and moves nothing. */
static void check_names(
	struct desk *d, const struct ts_entry *entry, enum ts_book book, const char *number)
{
	struct ts_hash hash;
	assert_ok(ts_invoice_hash(d->invoice, d->region, &hash));
	assert_int_equal(entry->book, book);
	assert_int_equal(entry->kind, TS_ENTRY_INVOICE);
	assert_int_equal(entry->legs_n, 0);
	assert_int_equal(entry->effective_day, d->invoice->head.issue_day);
	assert_string_equal(entry->document, number);
	assert_memory_equal(entry->document_hash.b, hash.b, TS_HASH_BYTES);
}

/* Its hash used to be missing in the journal: a document that moves nothing is named all the same.
 */
static void test_document_of_zeros_is_in_the_journal(void **state)
{
	(void)state;
	struct desk d;
	small_document(&d);
	int64_t entries = ts_ledger_head(d.ledger)->entries;
	desk_at(&d, "2026-07-04");
	assert_ok(desk_cut(&d, 1, "2026-06-30"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->total_minor, 0);
	assert_int_equal(d.invoice->lines_n, 0);
	assert_int_equal(d.out.n, 2);
	check_names(&d, &d.out.entries[0], TS_BOOK_PROVIDER, "D2");
	check_names(&d, &d.out.entries[1], TS_BOOK_CONSUMER, "D2");
	assert_int_equal(d.out.entries[1].id, entries + 1);
	assert_int_equal(ts_ledger_head(d.ledger)->entries, entries + 2);
	desk_close(&d);
}

/* Nothing net, but tax that the consumer assesses itself: only the provider's book has no other
 * entry. */
static void test_document_of_zeros_in_one_book(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d,
		"{'currency':'USD','term':{'from':'2026-05-01'},'skus':["
		"{'sku':'gpu','unit':'h','divisor':'1'},{'sku':'net','unit':'h','divisor':'1'}],"
		"'prices':[{'id':'a','sku':'gpu','model':'per_unit','unit_price':'0.01',"
		"'treatment':'z'},{'id':'b','sku':'net','model':'per_unit','unit_price':'0.01',"
		"'treatment':'r'}],'tax':{'treatments':[{'id':'r','category':'AE','jurisdiction':"
		"'DE','reason':'Reverse charge','reverse_percent':'19','recoverable':false},"
		"{'id':'z','category':'Z','recoverable':true,'jurisdiction':'DE'}],'rates':[]},"
		"'late':{'usage_until_days':0,'late_usage_until_days':99}}");
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "-", 100));
	assert_ok(desk_cut(&d, 0, "2026-05-31"));
	assert_ok(desk_issue(&d, 0));
	desk_at(&d, "2026-07-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "-", -100));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "net", "-", 100));
	assert_ok(desk_cut(&d, 1, "2026-06-30"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->total_minor, 0);
	assert_int_equal(d.out.n, 2);
	assert_int_equal(d.out.entries[0].book, TS_BOOK_CONSUMER);
	assert_int_equal(d.out.entries[0].kind, TS_ENTRY_TAX);
	assert_int_equal(d.out.entries[0].legs[0].amount_minor, 19);
	check_names(&d, &d.out.entries[1], TS_BOOK_PROVIDER, "D2");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical_json),
		cmocka_unit_test(test_body_without_head),
		cmocka_unit_test(test_entries_carry_the_hash),
		cmocka_unit_test(test_document_of_zeros_is_in_the_journal),
		cmocka_unit_test(test_document_of_zeros_in_one_book),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
