/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_DOCUMENT_KEY_H
#define TS_SERVICE_DOCUMENT_KEY_H
/* Why: the issuer's certificate and key (P-256 or RSA) under which PDFs are signed. Not one of the
 * Ed25519 keys of the evidence: readers of documents know X.509 and CMS (RFC 5652). */
#include "base/buf.h"
#include "base/text.h"

struct ts_document_key;
/* PEM files: certificate and, behind it, those of its issuers; private key, not readable by others.
 * TS_E_IO, TS_E_FORBIDDEN, TS_E_KEY: not a pair, or not P-256 or RSA of 2048 bits or more. */
enum ts_err ts_document_key_load(const char *cert_path, const char *key_path,
	struct ts_document_key **out, struct ts_why *why) TS_MUST;
void ts_document_key_free(struct ts_document_key *key); /* NULL is allowed */
const char *ts_document_key_name(const struct ts_document_key *key); /* its common name */
/* TS_E_KEY when the certificate is not valid at that time. */
enum ts_err ts_document_key_valid(
	const struct ts_document_key *key, int64_t at_us, struct ts_why *why) TS_MUST;
/* Detached CMS (DER, CAdES) over a and b; for ts_pdf_signing, whose ctx is the key. */
enum ts_err ts_document_key_sign(void *key, struct ts_str a, struct ts_str b, struct ts_buf *out,
	struct ts_why *why) TS_MUST;

#endif
