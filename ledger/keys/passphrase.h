/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_KEYS_PASSPHRASE_H
#define TS_KEYS_PASSPHRASE_H
/* Why: a passphrase never stands on a command line or in the environment, where others can read it:
 * it comes from a file that only its owner may read, or from the terminal without echo. It lies in
 * locked memory and is wiped. */
#include "base/err.h"
#include "base/text.h"
#include <stdbool.h>

#define TS_PASSPHRASE_ENV "TALLYSTICK_PASSPHRASE_FILE"

struct ts_passphrase {
	struct ts_str text; /* in a page of its own, guarded; at NULL: none */
};
/* file NULL: the file that TALLYSTICK_PASSPHRASE_FILE names, else the terminal, which asks for
 * `about`, twice when it is a new one. One final LF of a file does not count. TS_E_KEY when group
 * or others may read the file; TS_E_UNAVAILABLE: no file and no terminal; TS_E_INVALID: empty, too
 * long, or typed differently the second time. */
enum ts_err ts_passphrase_read(const char *file, const char *about, bool is_new,
	struct ts_passphrase *out, struct ts_why *why) TS_MUST;
void ts_passphrase_wipe(struct ts_passphrase *passphrase); /* a zeroed one is allowed */

#endif
