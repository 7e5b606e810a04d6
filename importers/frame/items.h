/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_ITEMS_H
#define TS_IMPORTERS_FRAME_ITEMS_H
/* Why: reads an input through one of a source's forms and hands its items over, one at a time, in
 * memory that does not grow with the file. */
#include "importers/frame/input.h"
#include "importers/frame/source.h"

struct ts_items_sink {
	void *ctx;
	/* number: of the line (tables, lines, blocks: the first one), or of the item (JSON, XML),
	 * from 1. reason: why there is no item to judge (item is then without cells): the row's
	 * verdict, with a detail. bytes: taken from the file so far. */
	enum ts_err (*item)(void *ctx, int64_t number, int64_t bytes, const struct ts_item *item,
		const char *reason, const char *detail, struct ts_why *why);
	/* What is no item: a heading. */
	void (*heading)(void *ctx);
};
/* The form that the first bytes of the input fit; NULL with a reason: none of the source's. */
const struct ts_form *ts_items_form(
	const struct ts_source *source, struct ts_str head, struct ts_why *why);
enum ts_err ts_items_read(struct ts_input *input, const struct ts_form *form, void *state,
	const char *columns, const struct ts_items_sink *sink, struct ts_why *why) TS_MUST;

#endif
