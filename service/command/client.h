/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_CLIENT_H
#define TS_SERVICE_CLIENT_H
/* Why: every command that talks to a running service does it in one way: bearer token, bounded
 * answer, problem+json turned into an error and a sentence, bounded retries where a repeat is safe.
 * Transport is importers/send.h (libcurl); this adds JSON, the environment and the problem bodies.
 * Not thread safe; one client per command. */
#include "base/buf.h"
#include "base/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define TS_CLIENT_URL_DEFAULT "http://127.0.0.1:8080"

struct ts_client;

/* url and token may be NULL: then the environment (TALLYSTICK_URL, TALLYSTICK_TOKEN), then
 * TS_CLIENT_URL_DEFAULT and no token. A url of the form unix:/path/of/socket talks over that
 * socket. *out is owned by the caller (ts_client_free). TS_E_INVALID: not http, https or unix. */
enum ts_err ts_client_create(
	const char *url, const char *token, struct ts_client **out, struct ts_why *why) TS_MUST;
void ts_client_free(struct ts_client *client); /* NULL is allowed */
void ts_client_cleanup(struct ts_client **client); /* for cleanup attributes */
const char *ts_client_url(const struct ts_client *client); /* borrowed */

struct ts_client_call {
	const char *method; /* "GET", "POST", "PUT", "DELETE" */
	const char *path; /* begins with "/", already percent-encoded where needed */
	const char *content_type; /* of body; NULL: application/json when a body is given */
	const void *body; /* NULL: no body; borrowed */
	size_t body_len;
	const char *accept; /* NULL: any */
	const char *idempotency_key; /* NULL: none; sent quoted */
	FILE *file; /* as of ts_send_call */
};
/* One call. On a 2xx: *out (initialised by the caller, its len_max is the bound of the answer) is
 * the body, *status (NULL allowed) the HTTP status. On any other status: the error of err.def that
 * the problem's "code" names (else one by status class), why->text = "<title>: <detail>",
 * why->where = the problem's pointer or the path; *status is still written, 0 when no answer came
 * (TS_E_UNAVAILABLE: not reached; TS_E_UNKNOWN_OUTCOME: sent, no answer). GET, and calls with an
 * idempotency key, are repeated a few times (send.h) on 503, 429 and no answer (Retry-After
 * honoured). */
enum ts_err ts_client_call(struct ts_client *client, const struct ts_client_call *call,
	struct ts_buf *out, long *status, struct ts_why *why) TS_MUST;

/* Short forms with JSON answers. *out (NULL allowed: the answer is dropped) is owned by the caller
 * (json_decref). `body` is borrowed; NULL: none. `idempotency_key` NULL: none. */
enum ts_err ts_client_get(
	struct ts_client *client, const char *path, json_t **out, struct ts_why *why) TS_MUST;
enum ts_err ts_client_post(struct ts_client *client, const char *path, const json_t *body,
	const char *idempotency_key, json_t **out, struct ts_why *why) TS_MUST;
/* Posts text as it is (notes); JSON back. */
enum ts_err ts_client_post_text(struct ts_client *client, const char *path, const char *text,
	size_t len, json_t **out, struct ts_why *why) TS_MUST;
/* GETs a document (PDF, CSV, text) as bytes into *out. */
enum ts_err ts_client_get_bytes(struct ts_client *client, const char *path, const char *accept,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

/* GETs a body of any size into a file. */
enum ts_err ts_client_get_file(
	struct ts_client *client, const char *path, FILE *file, struct ts_why *why) TS_MUST;

/* Percent-encodes one path segment or query value; appends to *out. */
void ts_client_escape(struct ts_buf *out, const char *text);

#endif
