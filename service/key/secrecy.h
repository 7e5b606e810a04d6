/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SECRECY_H
#define TS_SERVICE_SECRECY_H
/* Why: a process that holds private keys must not leave them in a core file, nor let another
 * process of its user read its memory. */

/* Readies libsodium; no core file, not dumpable, not traceable by its own user. Best effort; to be
 * called again after a change of user, which may set it back. */
void ts_secrecy_begin(void);

#endif
