/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/finding.h"
#include <string.h>

static const struct {
	const char *name, *text;
} checks[TS_CHECK_N] = {
#define X(name, code, text) [TS_CHECK_##name] = {code, text},
#include "audit/check.def"
#undef X
};

const char *ts_check_name(enum ts_check check)
{
	return checks[check].name;
}

const char *ts_check_text(enum ts_check check)
{
	return checks[check].text;
}

/* A report is read on a terminal: nothing in a bundle may control it. */
static void copy(char *out, size_t cap, const char *text)
{
	size_t i = 0;
	for (; text[i] != '\0' && i + 1 < cap; i++)
		out[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
	out[i] = '\0';
}

void ts_finding_add(struct ts_findings *findings, enum ts_check check, const char *file,
	int64_t index, const char *expected, const char *actual)
{
	struct ts_finding *f = &findings->by_check[check];
	if (f->failures++ > 0)
		return;
	findings->failed++;
	copy(f->file, sizeof f->file, file);
	f->index = index;
	copy(f->expected, sizeof f->expected, expected);
	copy(f->actual, sizeof f->actual, actual);
}

void ts_finding_hash(struct ts_findings *findings, enum ts_check check, const char *file,
	int64_t index, const struct ts_hash *expected, const struct ts_hash *actual)
{
	char a[2 * TS_HASH_BYTES + 1], b[2 * TS_HASH_BYTES + 1];
	ts_text_hex(expected->b, TS_HASH_BYTES, a);
	ts_text_hex(actual->b, TS_HASH_BYTES, b);
	ts_finding_add(findings, check, file, index, a, b);
}

void ts_finding_except(struct ts_findings *findings, int64_t leaf, const char *text)
{
	if (findings->exceptions_n < TS_EXCEPTIONS_MAX) {
		struct ts_exception *e = &findings->exceptions[findings->exceptions_n];
		e->leaf = leaf;
		copy(e->text, sizeof e->text, text);
	}
	findings->exceptions_n++;
}
