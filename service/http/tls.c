/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static enum ts_err read_pem(const char *path, bool secret, char **out, struct ts_why *why)
{
	__attribute__((cleanup(close_fd))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return ts_why(why, TS_E_IO, path, "cannot open \"%s\": %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > TS_TLS_FILE_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, path, "\"%s\" is not a file of at most %d bytes",
			path, TS_TLS_FILE_BYTES_MAX);
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return ts_why(
			why, TS_E_FORBIDDEN, path, "others can read the key file \"%s\"", path);
	size_t len = (size_t)st.st_size;
	char *bytes = calloc(1, len + 1);
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	ssize_t got = read(fd, bytes, len);
	if (got < 0 || (size_t)got != len) {
		free(bytes);
		return ts_why(why, TS_E_IO, path, "cannot read \"%s\"", path);
	}
	*out = bytes;
	return TS_OK;
}

static enum ts_err check_pair(const char *path, const struct ts_tls *tls, struct ts_why *why)
{
	gnutls_certificate_credentials_t cred = NULL;
	TS_ASSERT(tls->cert != NULL && tls->key != NULL);
	gnutls_datum_t cert = {(unsigned char *)tls->cert, (unsigned)strlen(tls->cert)};
	gnutls_datum_t key = {(unsigned char *)tls->key, (unsigned)strlen(tls->key)};
	if (gnutls_certificate_allocate_credentials(&cred) != GNUTLS_E_SUCCESS)
		return TS_E_NO_MEMORY;
	int rc = gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(cred);
	if (rc < 0)
		return ts_why(why, TS_E_KEY, path, "\"%s\" is not a certificate with its key: %s",
			path, gnutls_strerror(rc));
	return TS_OK;
}

enum ts_err ts_tls_load(
	const char *cert_path, const char *key_path, struct ts_tls *out, struct ts_why *why)
{
	struct ts_tls tls = {NULL, NULL};
	enum ts_err err = read_pem(cert_path, false, &tls.cert, why);
	if (err == TS_OK)
		err = read_pem(key_path, true, &tls.key, why);
	if (err == TS_OK)
		err = check_pair(cert_path, &tls, why);
	if (err == TS_OK)
		*out = tls;
	else
		ts_tls_free(&tls);
	return err;
}

void ts_tls_free(struct ts_tls *tls)
{
	free(tls->cert);
	if (tls->key != NULL)
		sodium_memzero(tls->key, strlen(tls->key));
	free(tls->key);
	*tls = (struct ts_tls){NULL, NULL};
}
