/* SPDX-License-Identifier: Apache-2.0 */
#include "service/key/document_key.h"
#include "base/time.h"
#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_CHARS 128
#define RSA_BITS_MIN 2048
#define CHAIN_MAX 8

struct ts_document_key {
	EVP_PKEY *key;
	X509 *cert;
	STACK_OF(X509) * chain;
	char name[NAME_CHARS];
};

/* OpenSSL's own reason, and its queue is empty again. */
static enum ts_err refuse(enum ts_err err, const char *where, const char *what, struct ts_why *why)
{
	char reason[160];
	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
	ERR_clear_error();
	return ts_why(why, err, where, "%s: %s", what, reason);
}

static void close_file(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}

static enum ts_err read_certs(struct ts_document_key *k, const char *path, struct ts_why *why)
{
	__attribute__((cleanup(close_file))) FILE *file = fopen(path, "re");
	if (file == NULL)
		return ts_why(why, TS_E_IO, path, "cannot open: %s", strerror(errno));
	k->cert = PEM_read_X509(file, NULL, NULL, NULL);
	if (k->cert == NULL)
		return refuse(TS_E_KEY, path, "holds no PEM certificate", why);
	k->chain = sk_X509_new_null();
	for (int i = 0; k->chain != NULL && i < CHAIN_MAX; i++) {
		X509 *issuer = PEM_read_X509(file, NULL, NULL, NULL);
		if (issuer == NULL)
			break;
		if (sk_X509_push(k->chain, issuer) == 0) {
			X509_free(issuer);
			return TS_E_NO_MEMORY;
		}
	}
	ERR_clear_error(); /* the end of the file */
	return k->chain == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err read_key(struct ts_document_key *k, const char *path, struct ts_why *why)
{
	struct stat st;
	__attribute__((cleanup(close_file))) FILE *file = fopen(path, "re");
	if (file == NULL || fstat(fileno(file), &st) != 0)
		return ts_why(why, TS_E_IO, path, "cannot open: %s", strerror(errno));
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return ts_why(why, TS_E_FORBIDDEN, path, "others can read the key file");
	k->key = PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t) "");
	return k->key != NULL ? TS_OK
			      : refuse(TS_E_KEY, path,
					"holds no PEM private key without a passphrase", why);
}

/* What a CMS of OpenSSL 3.0 can be made with, and readers of PDF know. */
static enum ts_err check(struct ts_document_key *k, const char *path, struct ts_why *why)
{
	char curve[64] = "";
	int type = EVP_PKEY_get_base_id(k->key);
	if (type == EVP_PKEY_EC)
		(void)EVP_PKEY_get_group_name(k->key, curve, sizeof curve, NULL);
	bool p256 = type == EVP_PKEY_EC && strcmp(curve, "prime256v1") == 0;
	bool rsa = type == EVP_PKEY_RSA && EVP_PKEY_get_bits(k->key) >= RSA_BITS_MIN;
	if (!p256 && !rsa)
		return ts_why(why, TS_E_KEY, path, "is not P-256 or RSA of %d bits or more",
			RSA_BITS_MIN);
	if (X509_check_private_key(k->cert, k->key) != 1)
		return refuse(TS_E_KEY, path, "is not the certificate's key", why);
	int n = X509_NAME_get_text_by_NID(
		X509_get_subject_name(k->cert), NID_commonName, k->name, sizeof k->name);
	return n > 0 ? TS_OK
		     : ts_why(why, TS_E_KEY, path, "the certificate's subject has no common name");
}

enum ts_err ts_document_key_load(const char *cert_path, const char *key_path,
	struct ts_document_key **out, struct ts_why *why)
{
	struct ts_document_key *k = calloc(1, sizeof *k);
	if (k == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = read_certs(k, cert_path, why);
	if (err == TS_OK)
		err = read_key(k, key_path, why);
	if (err == TS_OK)
		err = check(k, key_path, why);
	if (err == TS_OK)
		*out = k;
	else
		ts_document_key_free(k);
	return err;
}

void ts_document_key_free(struct ts_document_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	X509_free(key->cert);
	sk_X509_pop_free(key->chain, X509_free);
	free(key);
}

const char *ts_document_key_name(const struct ts_document_key *key)
{
	return key->name;
}

enum ts_err ts_document_key_valid(
	const struct ts_document_key *key, int64_t at_us, struct ts_why *why)
{
	char at[TS_TIME_CHARS];
	time_t when = (time_t)(at_us / TS_US_PER_S);
	if (X509_cmp_time(X509_get0_notBefore(key->cert), &when) < 0 &&
		X509_cmp_time(X509_get0_notAfter(key->cert), &when) > 0)
		return TS_OK;
	return ts_why(why, TS_E_KEY, "document_cert", "the certificate of %s is not valid at %s",
		key->name, ts_time_format(at_us, at));
}

/* Both ranges one behind the other. */
static BIO *both(struct ts_str a, struct ts_str b)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio == NULL || a.len > INT32_MAX || b.len > INT32_MAX ||
		BIO_write(bio, a.at, (int)a.len) != (int)a.len ||
		BIO_write(bio, b.at, (int)b.len) != (int)b.len) {
		BIO_free(bio);
		return NULL;
	}
	return bio;
}

enum ts_err ts_document_key_sign(
	void *ctx, struct ts_str a, struct ts_str b, struct ts_buf *out, struct ts_why *why)
{
	struct ts_document_key *k = ctx;
	const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_CADES | CMS_NOSMIMECAP;
	unsigned char *der = NULL;
	int len = -1;
	BIO *data = both(a, b);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, k->chain, NULL, flags);
	if (data != NULL && cms != NULL &&
		CMS_add1_signer(cms, k->cert, k->key, EVP_sha256(), flags) != NULL &&
		CMS_final(cms, data, NULL, flags) == 1)
		len = i2d_CMS_ContentInfo(cms, &der);
	CMS_ContentInfo_free(cms);
	BIO_free(data);
	if (len <= 0)
		return refuse(TS_E_KEY, "document_key", "cannot sign the document", why);
	ts_buf_put(out, der, (size_t)len);
	OPENSSL_free(der);
	return out->err;
}
