/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_TIMESTAMP_H
#define TS_SERVICE_TIMESTAMP_H
/* Why: an RFC 3161 token says that some bytes existed at a time, in the word of an authority
 * outside both companies. Optional, over a seal's note. Requests and tokens are those of `openssl
 * ts`; OpenSSL reads and verifies them. */
#include "base/buf.h"
#include "base/text.h"
#include "evidence/sha256.h"

#define TS_TIMESTAMP_BYTES_MAX 65536
#define TS_TIMESTAMP_AUTHORITY_CHARS 256

struct ts_timestamp {
	int64_t stamped_us; /* genTime */
	char authority[TS_TIMESTAMP_AUTHORITY_CHARS]; /* subject of the signer's certificate */
};
/* A request (DER, for the authority) for the imprint SHA-256; asks for the certificate. */
enum ts_err ts_timestamp_request(
	const struct ts_hash *imprint, struct ts_buf *out, struct ts_why *why) TS_MUST;
/* Takes a response (its token then goes to *token) or a bare token, in DER. It must be granted, be
 * over this SHA-256 imprint, and carry a signature that verifies under the certificate in it:
 * whether that certificate is to be trusted is for whoever has the authority's root
 * (ts_timestamp_trust). TS_E_MALFORMED, TS_E_MISMATCH, TS_E_SIGNATURE. */
enum ts_err ts_timestamp_read(struct ts_str der, const struct ts_hash *imprint,
	struct ts_buf *token, struct ts_timestamp *out, struct ts_why *why) TS_MUST;
/* The token, and the chain of its certificate to the roots in the PEM file. TS_E_SIGNATURE. */
enum ts_err ts_timestamp_trust(struct ts_str token, const struct ts_hash *imprint,
	const char *roots_pem, struct ts_timestamp *out, struct ts_why *why) TS_MUST;

#endif
