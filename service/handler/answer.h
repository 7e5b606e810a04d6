/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_ANSWER_H
#define TS_SERVICE_ANSWER_H
/* Why: the OpenAPI document says what comes back, from a table (answers.def) in a notation short
 * enough to be read beside the handler:
 *   {a:int b?:str c:[Name]}  an object of exactly these members; ? behind a name: it may be absent
 *   [x]  an array of x        (a|b)  one of these words        x?  x or null
 *   Name  a SCHEMA of the table (capital)                      int, str, hash, ...  answer.c has
 * them */
#include "base/buf.h"

/* The schema of an operation's JSON answer. TS_E_NOT_FOUND: the table has none. Other errors: those
 * of *out; TS_E_INTERNAL: the notation is broken. */
enum ts_err ts_answer_write(const char *operation_id, struct ts_buf *out) TS_MUST;
/* Members of components/schemas, with commas between them. */
enum ts_err ts_answer_schemas(struct ts_buf *out) TS_MUST;
/* The i-th operation that the table answers for; NULL behind the last. */
const char *ts_answer_operation(size_t i);

#endif
