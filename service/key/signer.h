/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SIGNER_H
#define TS_SERVICE_SIGNER_H
/* Why: whoever can sign for a log can rewrite it, so the keys of the logs are in a process that
 * does nothing else and remembers, on disk and before it answers, what it signed last. The folder
 * holds
 * `<contract>.<log>.key` and `<contract>.<log>.state` (the checkpoint text that was signed last);
 * it is locked, so that no second signer forgets what the first one did. docs/formats/signer.md. */
#include "evidence/signing.h"

#define TS_SIGNER_CONNECTIONS_MAX 8

struct ts_signer;
struct ts_signer_options {
	const char *dir; /* mode 0700 */
	int64_t wait_ms; /* for another signer to end: that of a service that was just killed */
	/* Called behind each step of a signature; a test ends the process there. NULL: none. */
	void (*step)(void *arg, const char *name);
	void *arg;
};
/* Locks the folder. TS_E_CONFLICT: another signer has it. TS_E_IO. */
enum ts_err ts_signer_open(const struct ts_signer_options *options, struct ts_signer **out,
	struct ts_why *why) TS_MUST;
void ts_signer_close(struct ts_signer *signer); /* NULL is allowed */
/* Answers one request line (without its LF); appends the answer line. TS_E_MALFORMED: the other
 * side does not speak the protocol and is hung up on. */
enum ts_err ts_signer_answer(struct ts_signer *signer, struct ts_str line, struct ts_buf *out,
	struct ts_why *why) TS_MUST;

/* Answers on `fd` (connected, -1: none) until it is closed, or on what connects to `listener` (-1:
 * none) for ever. Takes both. */
enum ts_err ts_signer_serve(
	struct ts_signer *signer, int fd, int listener, struct ts_why *why) TS_MUST;
/* All of it over a socket, by either side; false: the other one is gone. */
bool ts_signer_send(int fd, const struct ts_buf *out) TS_MUST;

#endif
