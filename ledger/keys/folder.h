/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_KEYS_FOLDER_H
#define TS_KEYS_FOLDER_H
/* Why: a file that was written beside its place and renamed is there after a power cut only when
 * its folder is on disk, too. */
#include "base/err.h"

/* Makes the name durable: syncs the folder that holds path. */
enum ts_err ts_folder_sync(const char *path, struct ts_why *why) TS_MUST;

#endif
