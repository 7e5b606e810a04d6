/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CATALOG_FILES_H
#define TS_SERVICE_CATALOG_FILES_H
/* Why: `catalog` and `import` lay files of codes over the compiled ones in the same way. */
#include "importers/frame/catalog.h"
#include "service/command/command.h"

/* The compiled catalog with the files over it, in order. Caller frees. */
enum ts_err ts_catalog_files(
	const struct ts_opt_list *files, struct ts_catalog **out, struct ts_why *why) TS_MUST;

#endif
