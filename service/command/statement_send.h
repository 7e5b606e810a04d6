/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_STATEMENT_SEND_H
#define TS_SERVICE_STATEMENT_SEND_H
/* Why: the commands that sign a statement end alike: show what is signed, sign it on this machine,
 * post the note, say who has still to sign. */
#include "evidence/statement.h"
#include "service/command/cli.h"

struct ts_signer_opts {
	const char *key; /* the company's key file */
	const char *passphrase_file; /* NULL: the default */
};
/* TS_E_MISSING_FIELD without a key. The text is shown before it is signed. */
enum ts_err ts_statement_send(struct ts_cli *cli, const struct ts_signer_opts *signer,
	const char *contract, struct ts_str text, struct ts_why *why) TS_MUST;

/* The roots of the first sizes[0] <= sizes[1] lines of a file with a line per leaf (an agent's
 * `lines`, a mirror): what a re-attestation names, without the service's word. TS_E_RANGE: fewer.
 */
enum ts_err ts_statement_roots(const char *path, const int64_t sizes[2], struct ts_hash roots[2],
	struct ts_why *why) TS_MUST;

/* Number of lines and SHA-256 of a list that will be signed by both: they come from the list
 * itself. more: prints its first lines, and this command for the others; NULL: prints nothing. */
int64_t ts_statement_list(const struct ts_buf *list, const char *more, struct ts_hash *hash);

#endif
