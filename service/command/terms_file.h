/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_TERMS_FILE_H
#define TS_SERVICE_TERMS_FILE_H
/* Why: terms that lie in a file, for commands that need no service. */
#include "terms/terms.h"

/* what_if: parties, keys and paper may be left out, and a zone's offsets are taken from this
 * machine as `contract new` does. *why names the file before the pointer. The terms belong to the
 * region. */
enum ts_err ts_terms_file_read(const char *path, bool what_if, struct ts_region *region,
	const struct ts_terms **out, struct ts_why *why) TS_MUST;

#endif
