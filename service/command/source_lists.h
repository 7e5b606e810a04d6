/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SOURCE_LISTS_H
#define TS_SERVICE_SOURCE_LISTS_H
/* Why: what a source takes as lists (partitions, slices, settings) is written in one way, as
 * options of `import` and in an agent's configuration. */
#include "importers/frame/source.h"
#include "service/command/command.h"

#define TS_SOURCE_LIST_ITEM_BYTES_MAX 127

struct ts_source_lists {
	struct ts_opt_list partitions; /* NAME or NAME=SKU */
	struct ts_opt_list profiles; /* TYPE=MILLI */
	struct ts_opt_list settings; /* NAME=VALUE */
	/* The items, cut at '='. */
	char rooms[3 * TS_OPT_LIST_MAX][TS_SOURCE_LIST_ITEM_BYTES_MAX + 1];
};
/* Puts the lists into options, which borrow them. TS_E_MALFORMED, TS_E_INVALID (no setting of this
 * source), TS_E_LIMIT. */
enum ts_err ts_source_lists_read(struct ts_source_lists *lists, const struct ts_source *source,
	struct ts_source_options *options, struct ts_why *why) TS_MUST;

#endif
