/* SPDX-License-Identifier: Apache-2.0 */
#include "service/publish/timestamp.h"
#include "base/time.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CLEANUP(name, type)                                                                        \
	static void free_##name(type **p)                                                          \
	{                                                                                          \
		name##_free(*p);                                                                   \
	}
CLEANUP(TS_RESP, TS_RESP)
CLEANUP(TS_REQ, TS_REQ)
CLEANUP(TS_MSG_IMPRINT, TS_MSG_IMPRINT)
CLEANUP(X509_ALGOR, X509_ALGOR)
CLEANUP(PKCS7, PKCS7)
CLEANUP(TS_TST_INFO, TS_TST_INFO)
CLEANUP(X509_STORE, X509_STORE)
CLEANUP(TS_VERIFY_CTX, TS_VERIFY_CTX)
#define AUTO(name) __attribute__((cleanup(free_##name)))

/* What OpenSSL has to say, once. */
static enum ts_err refused(enum ts_err err, const char *what, struct ts_why *why)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return ts_why(why, err, "token", "%s%s%s", what, reason != NULL ? ": " : "",
		reason != NULL ? reason : "");
}

static TS_MSG_IMPRINT *imprint_of(const struct ts_hash *hash)
{
	AUTO(X509_ALGOR) X509_ALGOR *algorithm = X509_ALGOR_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	if (algorithm == NULL || imprint == NULL ||
		X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) != 1 ||
		TS_MSG_IMPRINT_set_algo(imprint, algorithm) != 1 ||
		TS_MSG_IMPRINT_set_msg(
			imprint, (unsigned char *)(uintptr_t)hash->b, TS_HASH_BYTES) != 1) {
		TS_MSG_IMPRINT_free(imprint);
		return NULL;
	}
	return imprint;
}

enum ts_err ts_timestamp_request(
	const struct ts_hash *imprint, struct ts_buf *out, struct ts_why *why)
{
	AUTO(TS_REQ) TS_REQ *request = TS_REQ_new();
	AUTO(TS_MSG_IMPRINT) TS_MSG_IMPRINT *of = imprint_of(imprint);
	unsigned char *der = NULL;
	if (request == NULL || of == NULL || TS_REQ_set_version(request, 1) != 1 ||
		TS_REQ_set_msg_imprint(request, of) != 1 || TS_REQ_set_cert_req(request, 1) != 1)
		return refused(TS_E_INTERNAL, "cannot make the request", why);
	int len = i2d_TS_REQ(request, &der);
	if (len <= 0)
		return refused(TS_E_INTERNAL, "cannot write the request", why);
	ts_buf_put(out, der, (size_t)len);
	OPENSSL_free(der);
	return out->err;
}

/* The token of a granted response, or the token itself. */
static enum ts_err token_of(struct ts_str der, PKCS7 **out, struct ts_why *why)
{
	const unsigned char *at = (const unsigned char *)der.at;
	const unsigned char *end = at + der.len;
	if (der.len > TS_TIMESTAMP_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "token", "over %d bytes", TS_TIMESTAMP_BYTES_MAX);
	AUTO(TS_RESP) TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)der.len);
	if (response == NULL || at != end) {
		ERR_clear_error();
		at = (const unsigned char *)der.at;
		*out = d2i_PKCS7(NULL, &at, (long)der.len);
		if (*out == NULL || at != end) {
			PKCS7_free(*out);
			*out = NULL;
			return refused(TS_E_MALFORMED, "neither a response nor a token", why);
		}
		return TS_OK;
	}
	PKCS7 *inside = TS_RESP_get_token(response);
	if (inside == NULL)
		return ts_why(why, TS_E_INVALID, "token", "the authority did not grant a token");
	*out = PKCS7_dup(inside);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}

/* genTime has a fraction of seconds in its own time zone UTC ("Z"). */
static enum ts_err time_of(const TS_TST_INFO *info, int64_t *us, struct ts_why *why)
{
	struct tm tm = {0};
	const ASN1_GENERALIZEDTIME *time = TS_TST_INFO_get_time(info);
	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return refused(TS_E_MALFORMED, "its time cannot be read", why);
	int32_t day = ts_day_of_date(
		(struct ts_date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday});
	*us = (int64_t)day * TS_US_PER_DAY +
	      (int64_t)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * TS_US_PER_S;
	return TS_OK;
}

static enum ts_err authority_of(PKCS7 *token, struct ts_timestamp *out, struct ts_why *why)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
	bool one = signers != NULL && sk_X509_num(signers) == 1;
	if (one)
		X509_NAME_oneline(X509_get_subject_name(sk_X509_value(signers, 0)), out->authority,
			sizeof out->authority);
	sk_X509_free(signers);
	return one ? TS_OK
		   : refused(TS_E_MALFORMED,
			     "it carries no certificate of its signer (ask for it: -cert)", why);
}

static enum ts_err imprint_check(
	TS_TST_INFO *info, const struct ts_hash *imprint, struct ts_why *why)
{
	TS_MSG_IMPRINT *of = TS_TST_INFO_get_msg_imprint(info);
	const ASN1_OCTET_STRING *bytes = of != NULL ? TS_MSG_IMPRINT_get_msg(of) : NULL;
	const X509_ALGOR *algorithm = of != NULL ? TS_MSG_IMPRINT_get_algo(of) : NULL;
	const ASN1_OBJECT *object = NULL;
	if (algorithm != NULL)
		X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	if (object == NULL || OBJ_obj2nid(object) != NID_sha256)
		return ts_why(why, TS_E_MISMATCH, "token", "its imprint is no SHA-256");
	if (bytes == NULL || ASN1_STRING_length(bytes) != TS_HASH_BYTES ||
		memcmp(ASN1_STRING_get0_data(bytes), imprint->b, TS_HASH_BYTES) != 0)
		return ts_why(why, TS_E_MISMATCH, "token", "it is over other bytes");
	return TS_OK;
}

static enum ts_err signature_check(PKCS7 *token, struct ts_why *why)
{
	if (PKCS7_verify(token, NULL, NULL, NULL, NULL, PKCS7_NOVERIFY) != 1)
		return refused(TS_E_SIGNATURE, "its signature does not verify", why);
	return TS_OK;
}

static enum ts_err read_token(
	PKCS7 *token, const struct ts_hash *imprint, struct ts_timestamp *out, struct ts_why *why)
{
	AUTO(TS_TST_INFO) TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
	if (info == NULL)
		return refused(TS_E_MALFORMED, "no time-stamp is in it", why);
	TS_TRY(imprint_check(info, imprint, why));
	TS_TRY(authority_of(token, out, why));
	TS_TRY(signature_check(token, why));
	return time_of(info, &out->stamped_us, why);
}

enum ts_err ts_timestamp_read(struct ts_str der, const struct ts_hash *imprint,
	struct ts_buf *token, struct ts_timestamp *out, struct ts_why *why)
{
	AUTO(PKCS7) PKCS7 *pkcs7 = NULL;
	struct ts_timestamp read = {0};
	unsigned char *bytes = NULL;
	TS_TRY(token_of(der, &pkcs7, why));
	TS_TRY(read_token(pkcs7, imprint, &read, why));
	int len = i2d_PKCS7(pkcs7, &bytes);
	if (len <= 0)
		return refused(TS_E_INTERNAL, "cannot write the token", why);
	ts_buf_put(token, bytes, (size_t)len);
	OPENSSL_free(bytes);
	*out = read;
	return token->err;
}

enum ts_err ts_timestamp_trust(struct ts_str token, const struct ts_hash *imprint,
	const char *roots_pem, struct ts_timestamp *out, struct ts_why *why)
{
	AUTO(PKCS7) PKCS7 *pkcs7 = NULL;
	AUTO(X509_STORE) X509_STORE *roots = X509_STORE_new();
	AUTO(TS_VERIFY_CTX) TS_VERIFY_CTX *verify = TS_VERIFY_CTX_new();
	struct ts_timestamp read = {0};
	TS_TRY(token_of(token, &pkcs7, why));
	TS_TRY(read_token(pkcs7, imprint, &read, why));
	if (roots == NULL || verify == NULL)
		return TS_E_NO_MEMORY;
	if (X509_STORE_load_file(roots, roots_pem) != 1)
		return refused(TS_E_IO, "cannot read the roots", why);
	/* The certificate may have run out since: what counts is the time that it stamped. */
	X509_VERIFY_PARAM_set_time(
		X509_STORE_get0_param(roots), (time_t)(read.stamped_us / TS_US_PER_S));
	TS_VERIFY_CTX_set_flags(verify, TS_VFY_VERSION | TS_VFY_SIGNATURE);
	X509_STORE_up_ref(roots); /* the context frees its own */
	TS_VERIFY_CTX_set_store(verify, roots);
	if (TS_RESP_verify_token(verify, pkcs7) != 1)
		return refused(TS_E_SIGNATURE, "the roots do not vouch for it", why);
	*out = read;
	return TS_OK;
}
