/* SPDX-License-Identifier: Apache-2.0 */
#include "service/courier/webhook.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "whsec_"
#define MAC_BYTES crypto_auth_hmacsha256_BYTES

const char *ts_webhook_secret_format(
	const void *bytes, size_t len, char out[TS_WEBHOOK_SECRET_CHARS])
{
	TS_ASSERT(len <= TS_WEBHOOK_SECRET_MAX);
	memcpy(out, PREFIX, sizeof PREFIX - 1);
	ts_text_base64(bytes, len, out + sizeof PREFIX - 1);
	return out;
}

enum ts_err ts_webhook_secret_parse(
	struct ts_str text, uint8_t out[TS_WEBHOOK_SECRET_MAX], size_t *len, struct ts_why *why)
{
	size_t prefix = sizeof PREFIX - 1;
	if (text.len <= prefix || memcmp(text.at, PREFIX, prefix) != 0 ||
		ts_text_unbase64((struct ts_str){text.at + prefix, text.len - prefix}, out,
			TS_WEBHOOK_SECRET_MAX, len) != TS_OK ||
		*len < TS_WEBHOOK_SECRET_MIN)
		return ts_why(why, TS_E_MALFORMED, "secret",
			"is not " PREFIX " and the base64 of %d to %d bytes", TS_WEBHOOK_SECRET_MIN,
			TS_WEBHOOK_SECRET_MAX);
	return TS_OK;
}

static void mac_of(
	const struct ts_webhook_message *message, struct ts_str secret, uint8_t out[MAC_BYTES])
{
	crypto_auth_hmacsha256_state state;
	char time[32];
	int len = snprintf(time, sizeof time, ".%lld.", (long long)message->time_s);
	crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret.at, secret.len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)message->id.at, message->id.len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)time, (unsigned)len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)message->body.at, message->body.len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

void ts_webhook_sign(
	const struct ts_webhook_message *message, struct ts_str secret, struct ts_buf *out)
{
	uint8_t mac[MAC_BYTES];
	char base64[TS_BASE64_LEN(MAC_BYTES) + 1];
	mac_of(message, secret, mac);
	ts_text_base64(mac, sizeof mac, base64);
	ts_buf_puts(out, out->len > 0 ? " v1," : "v1,");
	ts_buf_puts(out, base64);
}

enum ts_err ts_webhook_verify(const struct ts_webhook_message *message, struct ts_str signatures,
	struct ts_str secret, int64_t now_s, struct ts_why *why)
{
	uint8_t mac[MAC_BYTES], given[MAC_BYTES];
	struct ts_str rest = signatures;
	bool found = false;
	mac_of(message, secret, mac);
	for (int i = 0; i < TS_WEBHOOK_SIGNATURES_MAX && rest.at != NULL; i++) {
		struct ts_str one = ts_str_cut(&rest, ' ');
		struct ts_str version = ts_str_cut(&one, ',');
		size_t len = 0;
		if (one.at == NULL || !ts_str_is(version, "v1") ||
			ts_text_unbase64(one, given, sizeof given, &len) != TS_OK ||
			len != sizeof given)
			continue; /* another version, or not for us */
		found = sodium_memcmp(mac, given, sizeof mac) == 0 || found;
	}
	if (!found)
		return ts_why(
			why, TS_E_SIGNATURE, "webhook-signature", "no v1 signature of this secret");
	if (message->time_s < now_s - TS_WEBHOOK_TOLERANCE_S ||
		message->time_s > now_s + TS_WEBHOOK_TOLERANCE_S)
		return ts_why(why, TS_E_RANGE, "webhook-timestamp",
			"%lld is not within %d seconds of now: a replay, or a clock is wrong",
			(long long)message->time_s, TS_WEBHOOK_TOLERANCE_S);
	return TS_OK;
}
