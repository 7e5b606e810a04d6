/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_H_JOURNAL_H
#define TS_SERVICE_H_JOURNAL_H
/* Why: journals and their numbered exports ask for a book and for kinds of entries alike. */
#include "book/entry.h"
#include "service/http/auth.h"

/* A company's own book (text.at NULL); auditors and the operator say which. */
enum ts_err ts_handler_book(const struct ts_principal *who, struct ts_str text, enum ts_book *book,
	struct ts_why *why) TS_MUST;
/* TS_E_INVALID: no kind has this name. */
enum ts_err ts_handler_entry_kind(
	struct ts_str name, enum ts_entry_kind *out, struct ts_why *why) TS_MUST;

#endif
