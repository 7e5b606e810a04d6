/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WEBHOOK_H
#define TS_SERVICE_WEBHOOK_H
/* Why: Standard Webhooks 1.0 (docs/formats/webhooks.md): what is signed, how secrets and signatures
 * are spelled. The sender signs and the receiver of `tallystick webhook listen` verifies with the
 * same code. */
#include "base/buf.h"
#include "base/text.h"

#define TS_WEBHOOK_SECRET_MIN 24 /* bytes, by the standard */
#define TS_WEBHOOK_SECRET_MAX 64
#define TS_WEBHOOK_SECRET_CHARS (6 + TS_BASE64_LEN(TS_WEBHOOK_SECRET_MAX) + 1)
#define TS_WEBHOOK_TOLERANCE_S 300
#define TS_WEBHOOK_SIGNATURES_MAX 16 /* of one message; a receiver looks at no more */

/* whsec_<base64> */
const char *ts_webhook_secret_format(
	const void *bytes, size_t len, char out[TS_WEBHOOK_SECRET_CHARS]);
/* TS_E_MALFORMED. */
enum ts_err ts_webhook_secret_parse(struct ts_str text, uint8_t out[TS_WEBHOOK_SECRET_MAX],
	size_t *len, struct ts_why *why) TS_MUST;

struct ts_webhook_message {
	struct ts_str id; /* no dot is in it */
	int64_t time_s; /* of this attempt */
	struct ts_str body; /* exact bytes */
};
/* Appends `v1,<base64(HMAC-SHA256(secret, id.time.body))>`, behind a space when something is there.
 */
void ts_webhook_sign(
	const struct ts_webhook_message *message, struct ts_str secret, struct ts_buf *out);
/* signatures: the header's value. TS_E_SIGNATURE: none of the v1 ones is of this secret;
 * TS_E_RANGE: the time is further from now than the tolerance. */
enum ts_err ts_webhook_verify(const struct ts_webhook_message *message, struct ts_str signatures,
	struct ts_str secret, int64_t now_s, struct ts_why *why) TS_MUST;

#endif
