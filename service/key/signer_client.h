/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SIGNER_CLIENT_H
#define TS_SERVICE_SIGNER_CLIENT_H
/* Why: the service's end of the signer: a child that it starts and, a bounded number of times,
 * starts again, or a socket of one that runs by itself (signer_socket). Every request may be
 * repeated, so a signer that died between is no concern of the caller. Thread safe. */
#include "evidence/signing.h"
#include "service/config.h"
#include "service/log.h"

#define TS_SIGNER_STARTS_MAX 5 /* within TS_SIGNER_STARTS_S; then it stays down for a while */
#define TS_SIGNER_STARTS_S 60

struct ts_signer_client;
/* config is borrowed. user: what the child becomes when this process is root, NULL: as it is.
 * Starts or connects; TS_E_UNAVAILABLE when nothing answers. */
enum ts_err ts_signer_client_open(const struct ts_config *config, const char *user,
	struct ts_signer_client **out, struct ts_why *why) TS_MUST;
/* A connected socket (taken), for tests: never started again. */
enum ts_err ts_signer_client_wrap(int fd, struct ts_signer_client **out) TS_MUST;
void ts_signer_client_close(struct ts_signer_client *client); /* ends a child; NULL is allowed */
void ts_signer_client_log(struct ts_signer_client *client, struct ts_log *log); /* of restarts */

/* Folder of the log keys: signer_dir, or key_dir when that is empty. */
const char *ts_signer_dir(const struct ts_config *config);

enum ts_err ts_signer_make(struct ts_signer_client *client, struct ts_str origin,
	struct ts_key *out, struct ts_why *why) TS_MUST;
/* Size (0: none) and root of the last signature. */
enum ts_err ts_signer_last(struct ts_signer_client *client, struct ts_str origin, int64_t *size,
	struct ts_hash *root, struct ts_why *why) TS_MUST;
/* Appends the note: text and signature. TS_E_STALE: old_size is not what was signed last (somebody
 * else was faster). TS_E_CONFLICT: refused for good; why says what to do. */
enum ts_err ts_signer_sign(struct ts_signer_client *client, const struct ts_checkpoint *checkpoint,
	int64_t old_size, const struct ts_path *proof, struct ts_buf *note,
	struct ts_why *why) TS_MUST;
/* Readiness: TS_E_UNAVAILABLE when it does not answer at once; starts it again then. */
enum ts_err ts_signer_check(struct ts_signer_client *client, struct ts_why *why) TS_MUST;

#endif
