/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_FINDING_H
#define TS_AUDIT_FINDING_H
/* Why: a verification ends in a list of failed checks, one line each, that names the first thing
 * wrong: member, index, what was expected, what is there. What is allowed but must be seen (a gap
 * that both companies signed) is an exception, not a failure. */
#include "base/text.h"
#include "evidence/sha256.h"

enum ts_check {
#define X(name, code, text) TS_CHECK_##name,
#include "audit/check.def"
#undef X
	TS_CHECK_N
};
const char *ts_check_name(enum ts_check check);
const char *ts_check_text(enum ts_check check);

#define TS_FINDING_TEXT_MAX 200
struct ts_finding {
	int64_t failures; /* 0: passed */
	char file[104]; /* member, or what the user gave */
	int64_t index; /* leaf or line; -1: none */
	char expected[TS_FINDING_TEXT_MAX], actual[TS_FINDING_TEXT_MAX];
};
#define TS_EXCEPTIONS_MAX 64
struct ts_exception {
	int64_t leaf;
	char text[TS_FINDING_TEXT_MAX];
};
struct ts_findings {
	struct ts_finding by_check[TS_CHECK_N];
	int64_t failed; /* checks */
	struct ts_exception exceptions[TS_EXCEPTIONS_MAX];
	int64_t exceptions_n; /* may be larger: the first are kept */
};
/* Texts are cut to fit; bytes outside 0x20-0x7E become '?'. */
void ts_finding_add(struct ts_findings *findings, enum ts_check check, const char *file,
	int64_t index, const char *expected, const char *actual);
/* The same with hashes, printed in hex. */
void ts_finding_hash(struct ts_findings *findings, enum ts_check check, const char *file,
	int64_t index, const struct ts_hash *expected, const struct ts_hash *actual);
void ts_finding_except(struct ts_findings *findings, int64_t leaf, const char *text);

#endif
