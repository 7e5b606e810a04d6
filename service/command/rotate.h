/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_ROTATE_H
#define TS_SERVICE_ROTATE_H
/* Why: an agent's next generation: a new key and a new stream that begin where the last closed
 * window of the old one ends, with the scope that the company signed for the old one. The old key
 * signs too, unless it is lost: then the company has revoked it, and what the old stream may assert
 * is read from the statement that the company itself signed. */
#include "service/command/client.h"
#include "service/contract/contract_facts.h"

struct ts_rotate {
	const char *old_dir; /* the old stream's folder; NULL: lost */
	const char *lost_stream; /* its id then */
	const char *key; /* the company's key file */
	const char *passphrase_file; /* NULL: the default */
	const char *terms; /* signed terms; NULL: the service's word for the receipt key */
	struct ts_agent_seal agent; /* its passphrase file is the old folder's, too */
};
/* Makes the folder of the new stream; nothing is enrolled yet. TS_E_CONFLICT: lines of the old
 * stream are not acknowledged, or nothing of its active time is left. */
enum ts_err ts_rotate_create(const struct ts_rotate *rotate, struct ts_client *client,
	const char *new_dir, struct ts_why *why) TS_MUST;

#endif
