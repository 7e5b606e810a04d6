/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/smime.h"
#include "evidence/sha256.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNERS_BYTES_MAX (1u << 20)

struct ts_smime {
	X509_STORE *authorities;
	struct ts_str signers; /* the file */
	const char *keep;
	char dn[TS_SMIME_DN_BYTES_MAX];
	size_t dn_len;
};

static void free_bio(BIO **bio)
{
	BIO_free_all(*bio);
}

static void free_cms(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

static void free_chain(STACK_OF(X509) * *list)
{
	sk_X509_free(*list); /* the certificates are the message's */
}

static enum ts_err read_signers(
	const char *path, struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return ts_why(why, TS_E_NOT_FOUND, path, "%s", strerror(errno));
	char *text = ts_region_alloc(region, SIGNERS_BYTES_MAX);
	size_t len = text ? fread(text, 1, SIGNERS_BYTES_MAX, file) : 0;
	fclose(file);
	if (!text)
		return TS_E_NO_MEMORY;
	if (len == SIGNERS_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, path, "more than %u bytes", SIGNERS_BYTES_MAX);
	struct ts_str rest = {text, len};
	struct ts_str line = {0};
	int number = 0;
	while (rest.len) {
		number++;
		if (!ts_str_line(&rest, &line)) {
			line = rest;
			rest.len = 0;
		}
		struct ts_str dn = line;
		struct ts_str site = ts_str_cut(&dn, '\t');
		if (line.len && line.at[0] != '#' && (site.len == 0 || dn.len == 0))
			return ts_why(
				why, TS_E_MALFORMED, path, "line %d is not SITE TAB DN", number);
	}
	*out = (struct ts_str){text, len};
	return TS_OK;
}

enum ts_err ts_smime_open(const struct ts_smime_setup *setup, struct ts_region *region,
	struct ts_smime **out, struct ts_why *why)
{
	struct ts_smime *smime = ts_region_alloc(region, sizeof(*smime));
	if (!smime)
		return TS_E_NO_MEMORY;
	TS_TRY(read_signers(setup->signers, region, &smime->signers, why));
	smime->keep = setup->keep;
	smime->authorities = X509_STORE_new();
	if (!smime->authorities)
		return TS_E_NO_MEMORY;
	if (X509_STORE_load_file(smime->authorities, setup->authorities) != 1) {
		ts_smime_close(smime);
		ERR_clear_error();
		return ts_why(why, TS_E_NOT_FOUND, setup->authorities,
			"no certificates of authorities (PEM) can be read");
	}
	*out = smime;
	return TS_OK;
}

void ts_smime_close(struct ts_smime *smime)
{
	if (!smime)
		return;
	X509_STORE_free(smime->authorities);
	smime->authorities = NULL;
}

bool ts_smime_is_signed(struct ts_str head)
{
	static const char *const marks[] = {"MIME-Version:", "Content-Type: multipart/signed",
		"Content-Type: application/pkcs7-mime", "Content-Type: application/x-pkcs7-mime"};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (head.len >= strlen(marks[i]) &&
			memcmp(head.at, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

/* Written under its hash: the same message twice is one file. */
static enum ts_err keep_message(
	const struct ts_smime *smime, struct ts_str message, struct ts_why *why)
{
	struct ts_hash hash;
	char hex[2 * TS_HASH_BYTES + 1];
	char path[4096];
	if (!smime->keep)
		return TS_OK;
	ts_sha256(message.at, message.len, &hash);
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	int n = snprintf(path, sizeof(path), "%s/%s.eml", smime->keep, hex);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ts_why(why, TS_E_LIMIT, "--set keep", "the path is too long");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return TS_OK;
	if (fd < 0)
		return ts_why(why, TS_E_IO, path, "%s", strerror(errno));
	FILE *file = fdopen(fd, "wb");
	bool whole = file && fwrite(message.at, 1, message.len, file) == message.len &&
		     fflush(file) == 0 && fsync(fd) == 0;
	if (file)
		fclose(file);
	else
		close(fd);
	if (whole)
		return TS_OK;
	unlink(path);
	return ts_why(why, TS_E_IO, path, "the signed message could not be kept");
}

static bool is_listed(struct ts_str signers, struct ts_str dn, const struct ts_str *site)
{
	while (signers.at && signers.len) {
		struct ts_str rest = ts_str_cut(&signers, '\n');
		struct ts_str name = ts_str_cut(&rest, '\t');
		if (rest.len && rest.at[rest.len - 1] == '\r')
			rest.len--;
		if (rest.at && ts_str_eq(rest, dn) && (!site || ts_str_eq(name, *site)))
			return true;
	}
	return false;
}

/* One signer, whose name is on the list. */
static enum ts_err take_signer(struct ts_smime *smime, CMS_ContentInfo *cms, struct ts_why *why)
{
	STACK_OF(X509) * signers __attribute__((cleanup(free_chain))) = CMS_get0_signers(cms);
	if (sk_X509_num(signers) != 1)
		return ts_why(why, TS_E_SIGNATURE, "signature", "%d signers, not one",
			sk_X509_num(signers));
	char *name = X509_NAME_oneline(X509_get_subject_name(sk_X509_value(signers, 0)), NULL, 0);
	if (!name)
		return TS_E_NO_MEMORY;
	struct ts_str dn = ts_str(name);
	bool fits = dn.len < sizeof(smime->dn);
	if (fits) {
		memcpy(smime->dn, dn.at, dn.len);
		smime->dn_len = dn.len;
	}
	OPENSSL_free(name);
	dn = (struct ts_str){smime->dn, smime->dn_len};
	if (!fits || !is_listed(smime->signers, dn, NULL))
		return ts_why(why, TS_E_KEY, "signature", "the signer %.*s is on no list",
			(int)dn.len, dn.at);
	return TS_OK;
}

/* What `openssl smime -sign -text` puts before the text. */
static struct ts_str without_head(struct ts_str content)
{
	static const char mark[] = "Content-Type: text/plain";
	if (content.len < sizeof(mark) - 1 || memcmp(content.at, mark, sizeof(mark) - 1) != 0)
		return content;
	const char *end = memmem(content.at, content.len, "\n\r\n", 3);
	size_t len = 3;
	if (!end) {
		end = memmem(content.at, content.len, "\n\n", 2);
		len = 2;
	}
	if (!end)
		return content;
	return (struct ts_str){end + len, content.len - (size_t)(end - content.at) - len};
}

static enum ts_err refuse(struct ts_why *why)
{
	char text[160] = "it was not made over these bytes";
	unsigned long code = ERR_peek_last_error();
	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return ts_why(why, TS_E_SIGNATURE, "signature", "the signature does not hold: %s", text);
}

enum ts_err ts_smime_verify(struct ts_smime *smime, struct ts_str message, struct ts_region *region,
	struct ts_str *content, struct ts_why *why)
{
	BIO *in __attribute__((cleanup(free_bio))) = BIO_new_mem_buf(message.at, (int)message.len);
	BIO *out __attribute__((cleanup(free_bio))) = BIO_new(BIO_s_mem());
	BIO *detached __attribute__((cleanup(free_bio))) = NULL;
	CMS_ContentInfo *cms __attribute__((cleanup(free_cms))) = NULL;
	smime->dn_len = 0;
	if (!in || !out)
		return TS_E_NO_MEMORY;
	ERR_clear_error();
	cms = SMIME_read_CMS(in, &detached);
	if (!cms || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		ERR_clear_error();
		return ts_why(why, TS_E_MALFORMED, "signature",
			"no signed S/MIME message (an encrypted one is decrypted before)");
	}
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(smime->authorities);
	/* Host certificates often lack the e-mail purpose. */
	if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) != 1)
		return TS_E_INTERNAL;
	if (CMS_verify(cms, NULL, smime->authorities, detached, out, 0) != 1)
		return refuse(why);
	TS_TRY(take_signer(smime, cms, why));
	char *bytes = NULL;
	long len = BIO_get_mem_data(out, &bytes);
	char *copy = len >= 0 ? ts_region_copy(region, bytes, (size_t)len) : NULL;
	if (!copy)
		return TS_E_NO_MEMORY;
	*content = without_head((struct ts_str){copy, (size_t)len});
	return keep_message(smime, message, why);
}

struct ts_str ts_smime_signer(const struct ts_smime *smime)
{
	return (struct ts_str){smime->dn, smime->dn_len};
}

bool ts_smime_allows(const struct ts_smime *smime, struct ts_str site)
{
	return is_listed(smime->signers, ts_smime_signer(smime), &site);
}
