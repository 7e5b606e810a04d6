/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/pdf_finish.h"
#include "base/text.h"
#include "evidence/sha256.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry of the table: "oooooooooo ggggg n \n". */
#define ENTRY_BYTES 20

/* The last place of `mark`, NULL if absent. */
static const char *find_last(const struct ts_buf *pdf, const char *mark)
{
	size_t len = strlen(mark);
	for (size_t at = pdf->len >= len ? pdf->len - len + 1 : 0; at-- > 0;) {
		if (memcmp(pdf->data + at, mark, len) == 0)
			return pdf->data + at;
	}
	return NULL;
}

static enum ts_err odd(struct ts_why *why, const char *what)
{
	return ts_why(why, TS_E_INTERNAL, "pdf", "cairo wrote a file without %s", what);
}

/* Copies the entries of the table, moving offsets behind `at` by `by`. */
static void put_entries(const char *entries, size_t n, size_t at, size_t by, struct ts_buf *out)
{
	for (size_t i = 0; i < n; i++, entries += ENTRY_BYTES) {
		uint64_t offset = strtoull(entries, NULL, 10);
		if (entries[17] == 'n' && offset > at)
			offset += by;
		ts_buf_printf(out, "%010" PRIu64 "%.10s", offset, entries + 10);
	}
}

enum ts_err ts_pdf_finish(
	struct ts_buf *pdf, const char *language, struct ts_buf *out, struct ts_why *why)
{
	static const char catalog_mark[] = "<< /Type /Catalog\n";
	(void)ts_buf_str(pdf); /* a NUL behind it, for strtoull */
	if (pdf->err != TS_OK)
		return pdf->err;
	const char *catalog = find_last(pdf, catalog_mark);
	const char *xref = find_last(pdf, "\nxref\n0 ");
	const char *trailer = find_last(pdf, "trailer\n<< ");
	if (catalog == NULL)
		return odd(why, "a catalog");
	if (xref == NULL || trailer == NULL || xref < catalog || trailer < xref)
		return odd(why, "a cross-reference table at its end");
	char *entries;
	size_t n = strtoull(xref + strlen("\nxref\n0 "), &entries, 10);
	entries++; /* LF */
	if (n > pdf->len / ENTRY_BYTES || entries + n * ENTRY_BYTES != trailer)
		return odd(why, "a cross-reference table of its stated length");

	struct ts_hash hash;
	char id[2 * 16 + 1], insert[160];
	ts_sha256(pdf->data, pdf->len, &hash);
	ts_text_hex(hash.b, 16, id);
	size_t by = (size_t)snprintf(insert, sizeof insert,
		"   /Lang (%s)\n   /ViewerPreferences << /DisplayDocTitle true >>\n", language);
	TS_ASSERT(by < sizeof insert && strpbrk(language, "()\\") == NULL);

	size_t at = (size_t)(catalog - pdf->data) + strlen(catalog_mark);
	size_t xref_at = (size_t)(xref - pdf->data) + 1;
	const char *rest = trailer + strlen("trailer\n<< ");
	const char *start = find_last(pdf, "startxref\n");
	if (start == NULL || start < rest)
		return odd(why, "startxref");
	ts_buf_put(out, pdf->data, at);
	ts_buf_puts(out, insert);
	ts_buf_put(out, pdf->data + at, (size_t)(entries - pdf->data) - at);
	put_entries(entries, n, at, by, out);
	ts_buf_printf(out, "trailer\n<< /ID [<%s> <%s>]\n   ", id, id);
	ts_buf_put(out, rest, (size_t)(start - rest));
	ts_buf_printf(out, "startxref\n%zu\n%%%%EOF\n", xref_at + by);
	return out->err;
}
