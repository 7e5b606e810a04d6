/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_EXPLAIN_H
#define TS_SERVICE_EXPLAIN_H
/* Why: `rate --explain` and the trace of an issued line say the same in the same words: the
 * explanation (terms/explain.h) as JSON members and as text. */
#include "base/buf.h"
#include "terms/explain.h"
#include <jansson.h>

/* Sets "title", "steps" (name, text) and "tiers" of the object. */
void ts_explain_json(const struct ts_explanation *e, json_t *object);
/* Lines that each begin with `indent`: the steps, and the tiers as a table behind the counter. */
void ts_explain_text(const struct ts_explanation *e, const char *indent, struct ts_buf *out);

#endif
