/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_CHECK_H
#define TS_SERVICE_MIRROR_CHECK_H
/* Why: a verifier says that a root is wrong; whoever keeps a mirror wants to know which file. Every
 * tile of every log and stream is made again from the entries and compared with what is there, up
 * to the roots that were accepted. */
#include "service/mirror/mirror_dir.h"
#include "service/progress.h"

struct ts_mirror_check {
	const struct ts_mirror_dir *dir;
	struct ts_hasher *hasher;
	/* Told each file that is not what it must be. */
	void (*found)(void *ctx, const char *name, const char *text);
	void *ctx;
	struct ts_progress progress;
	int64_t entries; /* hashed */
	int64_t bad; /* files */
};
/* TS_OK also when files are bad; TS_E_NO_MEMORY, TS_E_IO. */
enum ts_err ts_mirror_check(struct ts_mirror_check *check, struct ts_why *why) TS_MUST;

#endif
