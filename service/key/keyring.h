/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_KEYRING_H
#define TS_SERVICE_KEYRING_H
/* Why: the private keys that the service itself holds: operator (events) and receipts. The keys of
 * the logs are the signer's (signer.h), party keys are never here. Files in one folder of mode
 * 0700: operator.key, receipt.key. Thread safe. */
#include "evidence/key.h"

struct ts_keyring;

/* Makes the folder and the two first keys, named <domain>/operator and <domain>/receipts. Existing
 * key files are kept. */
enum ts_err ts_keyring_create(const char *dir, const char *domain, struct ts_why *why) TS_MUST;
enum ts_err ts_keyring_open(const char *dir, struct ts_keyring **out, struct ts_why *why) TS_MUST;
void ts_keyring_close(struct ts_keyring *keyring); /* wipes; NULL is allowed */

const struct ts_secret *ts_keyring_operator(const struct ts_keyring *keyring);
const struct ts_secret *ts_keyring_receipt(const struct ts_keyring *keyring);

#endif
