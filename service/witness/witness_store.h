/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WITNESS_STORE_H
#define TS_SERVICE_WITNESS_STORE_H
/* Why: what a witness remembers must outlive everything, or it could be led to cosign two
 * histories. A folder, one sub-folder per log, named by SHA-256 of its origin in hex:
 *   log         the log's vkey and the witness's policy for it (docs/formats/witness.md)
 *   checkpoint  the newest checkpoint that was cosigned, with both signatures
 * A checkpoint is compared, replaced, and on the disk (file and folder synced) before the answer
 * leaves. One process per folder: the file `lock` is held while it runs. Thread safe. */
#include "evidence/witness.h"

#define TS_WITNESS_PER_MINUTE_DEFAULT 60

struct ts_witness_log {
	struct ts_key key;
	int64_t per_minute; /* cosignatures a minute at most; 0: none, the log is frozen */
};
struct ts_witness_store;

/* Makes the folder when it is missing. TS_E_CONFLICT: another process has it. The secret is copied.
 */
enum ts_err ts_witness_store_open(const char *dir, const struct ts_secret *secret,
	struct ts_witness_store **out, struct ts_why *why) TS_MUST;
void ts_witness_store_close(struct ts_witness_store *store); /* wipes; NULL is allowed */

/* Adds a log, or changes its policy; a log's key is never changed (TS_E_CONFLICT). Needs no open
 * store: a running witness sees it with its next request. */
enum ts_err ts_witness_log_add(
	const char *dir, const struct ts_witness_log *log, struct ts_why *why) TS_MUST;
enum ts_err ts_witness_log_read(const char *dir, const char *id, struct ts_witness_log *out,
	struct ts_why *why) TS_MUST; /* TS_E_NOT_FOUND */

/* One add-checkpoint, whole: authenticates, compares, persists, cosigns. The cosignature line is
 * appended to *line. TS_E_STALE: *size is what the witness has. Others as in evidence/witness.h;
 * TS_E_NOT_FOUND: unknown origin; TS_E_BUSY: over the log's policy; TS_E_FORBIDDEN: frozen. */
enum ts_err ts_witness_store_add(struct ts_witness_store *store, struct ts_hasher *hasher,
	const struct ts_witness_request *request, int64_t now_s, struct ts_buf *line, int64_t *size,
	struct ts_why *why) TS_MUST;
/* The newest cosigned checkpoint note of a log. TS_E_NOT_FOUND. */
enum ts_err ts_witness_store_get(struct ts_witness_store *store, const char *id,
	struct ts_buf *note, struct ts_why *why) TS_MUST;

#endif
