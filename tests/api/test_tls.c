/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS listener: 1.3 only, through worker and suspension, small and large; key files that others
 * can read and keys of another certificate refuse to start. */
#include "frame.h"

#include "service/http/tls.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/stat.h>

#define CERT "tls-test.crt"
#define KEY "tls-test.key"

static void write_file(const char *path, const gnutls_datum_t *text)
{
	(void)unlink(path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text->data, 1, text->size, file), text->size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void make_pair(const char *cert_path, const char *key_path)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t cert;
	gnutls_datum_t out;
	static const unsigned char serial[] = {1};
	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_crt_init(&cert), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	assert_int_equal(gnutls_x509_crt_set_version(cert, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(cert, serial, sizeof(serial)), 0);
	assert_int_equal(gnutls_x509_crt_set_dn(cert, "CN=localhost", NULL), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(cert, time(NULL) - 60), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(cert, time(NULL) + 3600), 0);
	assert_int_equal(gnutls_x509_crt_set_key(cert, key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &out), 0);
	write_file(cert_path, &out);
	gnutls_free(out.data);
	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &out), 0);
	write_file(key_path, &out);
	gnutls_free(out.data);
	gnutls_x509_crt_deinit(cert);
	gnutls_x509_privkey_deinit(key);
}

/* One request over TLS with the given versions; false when the handshake is refused. */
static bool ask(uint16_t port, const char *priorities, const char *head, size_t body_len, char *out,
	size_t size)
{
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	static char body[100000];
	int fd = ts_wire_connect(port);
	assert_int_equal(gnutls_certificate_allocate_credentials(&cred), 0);
	assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_priority_set_direct(session, priorities, NULL), 0);
	assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred), 0);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, 5000);
	int rc = 0;
	do
		rc = gnutls_handshake(session);
	while (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED);
	size_t len = 0;
	if (rc == 0) {
		assert_true(gnutls_record_send(session, head, strlen(head)) > 0);
		for (size_t sent = 0; sent < body_len;) {
			ssize_t n = gnutls_record_send(session, body + sent, body_len - sent);
			assert_true(n > 0);
			sent += (size_t)n;
		}
		ssize_t n = 1;
		while (n > 0 && len < size - 1) {
			n = gnutls_record_recv(session, out + len, size - 1 - len);
			len += n > 0 ? (size_t)n : 0;
		}
	}
	out[len] = '\0';
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	(void)close(fd);
	return rc == 0;
}

static void test_serve(void **state)
{
	struct frame f;
	static char out[8192];
	(void)state;
	frame_init(&f);
	f.config.tls_cert = CERT;
	f.config.tls_key = KEY;
	frame_start(&f);
	assert_true(ask(f.port, "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		"GET /t/hit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0, out,
		sizeof(out)));
	assert_non_null(strstr(out, "HTTP/1.1 200"));
	assert_non_null(strstr(out, "Strict-Transport-Security"));
	for (int i = 0; i < 20; i++) {
		assert_true(ask(f.port, "NORMAL",
			"POST /t/hit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			"Content-Length: 100000\r\n\r\n",
			100000, out, sizeof(out)));
		assert_non_null(strstr(out, "{\"body\":100000,"));
	}
	assert_false(ask(f.port, "NORMAL:-VERS-ALL:+VERS-TLS1.2", "GET /t/hit HTTP/1.1\r\n\r\n", 0,
		out, sizeof(out)));
	struct ts_wire_reply reply;
	ts_wire_ask(f.port, "GET /t/hit HTTP/1.1\r\nHost: x\r\n\r\n", &reply); /* plain text */
	assert_int_equal(reply.status, 0);
	ts_wire_reply_free(&reply);
	frame_stop(&f);
}

/* A client that never finishes the handshake is shut like any other. */
static void test_slow_handshake(void **state)
{
	struct frame f;
	(void)state;
	frame_init(&f);
	f.config.tls_cert = CERT;
	f.config.tls_key = KEY;
	f.config.header_deadline_ms = 200;
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_send(fd, "\x16\x03\x01", 3);
	assert_true(ts_wire_ended(fd, 3000));
	(void)close(fd);
	frame_stop(&f);
}

static void test_files(void **state)
{
	struct ts_tls tls = {NULL, NULL};
	struct ts_why why = {"", ""};
	(void)state;
	assert_ok(ts_tls_load(CERT, KEY, &tls, &why));
	ts_tls_free(&tls);
	make_pair("tls-other.crt", "tls-other.key");
	assert_err(ts_tls_load(CERT, "tls-other.key", &tls, &why), TS_E_KEY);
	assert_err(ts_tls_load(KEY, KEY, &tls, &why), TS_E_KEY);
	assert_int_equal(chmod("tls-other.key", 0640), 0);
	assert_err(ts_tls_load("tls-other.crt", "tls-other.key", &tls, &why), TS_E_FORBIDDEN);
	assert_err(ts_tls_load("no-such.crt", KEY, &tls, &why), TS_E_IO);
	(void)unlink("tls-other.crt");
	(void)unlink("tls-other.key");
}

int main(void)
{
	make_pair(CERT, KEY);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serve),
		cmocka_unit_test(test_slow_handshake),
		cmocka_unit_test(test_files),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(CERT);
	(void)unlink(KEY);
	return rc;
}
