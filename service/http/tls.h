/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_TLS_H
#define TS_SERVICE_TLS_H
/* Why: TLS is an option of the listener: one PEM certificate chain and key, TLS 1.3 only. A key
 * file that others can read, or a key that does not belong to the certificate, refuses to start. */
#include "base/err.h"

#define TS_TLS_FILE_BYTES_MAX 65536
#define TS_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct ts_tls {
	char *cert; /* PEM, NUL terminated, heap */
	char *key;
};
enum ts_err ts_tls_load(const char *cert_path, const char *key_path, struct ts_tls *out,
	struct ts_why *why) TS_MUST;
void ts_tls_free(struct ts_tls *tls); /* wipes the key */

#endif
