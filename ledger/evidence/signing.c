/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/signing.h"
#include <string.h>

static const char *const requests[] = {"ping", "make", "last", "sign"};
static const char *const answers[] = {"pong", "key", "last", "line", "refused"};
static const char *const refusals[] = {
	"ok", "behind", "fork", "stale", "proof", "no_key", "failed"};

/* Index of the word in a table, or n. */
static size_t word_in(struct ts_str word, const char *const *table, size_t n)
{
	size_t i = 0;
	while (i < n && !ts_str_is(word, table[i]))
		i++;
	return i;
}

static enum ts_err malformed(struct ts_why *why)
{
	return ts_why(why, TS_E_MALFORMED, "signer", "is no line of the signer's protocol");
}

static enum ts_err hash_parse(struct ts_str text, struct ts_hash *out)
{
	size_t len = 0;
	enum ts_err err = ts_text_unbase64(text, out->b, TS_HASH_BYTES, &len);
	return err == TS_OK && len == TS_HASH_BYTES ? TS_OK : TS_E_MALFORMED;
}

static void hash_format(const struct ts_hash *hash, struct ts_buf *out)
{
	char text[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	ts_text_base64(hash->b, TS_HASH_BYTES, text);
	ts_buf_printf(out, " %s", text);
}

enum ts_err ts_signing_origin(
	struct ts_str origin, struct ts_str *contract, enum ts_log_kind *kind, struct ts_why *why)
{
	char again[TS_ORIGIN_MAX + 1];
	struct ts_str rest = origin;
	struct ts_str domain = ts_str_cut(&rest, '/');
	struct ts_str id = rest.at != NULL ? ts_str_cut(&rest, '/') : rest;
	enum ts_log_kind log = ts_str_is(rest, "inputs") ? TS_LOG_INPUTS : TS_LOG_JOURNAL;
	TS_TRY(ts_origin_check(origin, why));
	if (rest.at == NULL || ts_contract_id_check(id, NULL) != TS_OK ||
		ts_origin_log(domain, id, log, again) != TS_OK || !ts_str_eq(ts_str(again), origin))
		return ts_why(why, TS_E_MALFORMED, "origin", "is no log's origin");
	*contract = id;
	*kind = log;
	return TS_OK;
}

/* `SIZE ROOT OLD [HASH]...` */
static enum ts_err sign_parse(struct ts_str rest, struct ts_signing_request *out)
{
	if (ts_text_u63(ts_str_cut(&rest, ' '), &out->checkpoint.size) != TS_OK ||
		out->checkpoint.size == 0 || rest.at == NULL)
		return TS_E_MALFORMED;
	TS_TRY(hash_parse(ts_str_cut(&rest, ' '), &out->checkpoint.root));
	if (rest.at == NULL || ts_text_u63(ts_str_cut(&rest, ' '), &out->old_size) != TS_OK)
		return TS_E_MALFORMED;
	while (rest.at != NULL) {
		if (out->proof.n == TS_MERKLE_HASHES_MAX)
			return TS_E_MALFORMED;
		TS_TRY(hash_parse(ts_str_cut(&rest, ' '), &out->proof.hashes[out->proof.n]));
		out->proof.n++;
	}
	return TS_OK;
}

enum ts_err ts_signing_parse(struct ts_str line, struct ts_signing_request *out, struct ts_why *why)
{
	struct ts_signing_request request = {.proof = {.n = 0}};
	struct ts_str rest = line, contract;
	enum ts_log_kind log;
	size_t kind = word_in(ts_str_cut(&rest, ' '), requests, 4);
	if (kind == 4 || line.len >= TS_SIGNING_LINE_MAX)
		return malformed(why);
	request.kind = (enum ts_signing_kind)kind;
	if (request.kind == TS_SIGNING_PING) {
		if (rest.at != NULL)
			return malformed(why);
		*out = request;
		return TS_OK;
	}
	if (rest.at == NULL)
		return malformed(why);
	request.checkpoint.origin = ts_str_cut(&rest, ' ');
	TS_TRY(ts_signing_origin(request.checkpoint.origin, &contract, &log, why));
	if ((rest.at != NULL) != (request.kind == TS_SIGNING_SIGN))
		return malformed(why);
	if (request.kind == TS_SIGNING_SIGN && sign_parse(rest, &request) != TS_OK)
		return malformed(why);
	*out = request;
	return TS_OK;
}

void ts_signing_format(const struct ts_signing_request *request, struct ts_buf *out)
{
	const struct ts_checkpoint *cp = &request->checkpoint;
	ts_buf_puts(out, requests[request->kind]);
	if (request->kind != TS_SIGNING_PING) {
		ts_buf_putc(out, ' ');
		ts_buf_put(out, cp->origin.at, cp->origin.len);
	}
	if (request->kind == TS_SIGNING_SIGN) {
		ts_buf_printf(out, " %lld", (long long)cp->size);
		hash_format(&cp->root, out);
		ts_buf_printf(out, " %lld", (long long)request->old_size);
		for (size_t i = 0; i < request->proof.n; i++)
			hash_format(&request->proof.hashes[i], out);
	}
	ts_buf_putc(out, '\n');
}

enum ts_signing_refusal ts_signing_decide(struct ts_hasher *hasher,
	const struct ts_checkpoint *last, const struct ts_signing_request *request)
{
	const struct ts_checkpoint *next = &request->checkpoint;
	TS_ASSERT(request->kind == TS_SIGNING_SIGN && next->size > 0);
	if (next->size < last->size)
		return TS_SIGNING_BEHIND;
	if (next->size == last->size)
		return ts_hash_eq(&next->root, &last->root) ? TS_SIGNING_OK : TS_SIGNING_FORK;
	if (request->old_size != last->size)
		return TS_SIGNING_STALE;
	if (last->size == 0)
		return request->proof.n == 0 ? TS_SIGNING_OK : TS_SIGNING_PROOF;
	return ts_consistency_verify(hasher, last->size, next->size, &request->proof, &last->root,
		       &next->root) == TS_OK
		       ? TS_SIGNING_OK
		       : TS_SIGNING_PROOF;
}

static enum ts_err was_parse(struct ts_str rest, struct ts_signing_answer *out)
{
	if (ts_text_u63(ts_str_cut(&rest, ' '), &out->size) != TS_OK || rest.at == NULL)
		return TS_E_MALFORMED;
	TS_TRY(hash_parse(rest, &out->root));
	return out->size > 0 || ts_hash_eq(&out->root, &ts_hash_empty) ? TS_OK : TS_E_MALFORMED;
}

static enum ts_err refused_parse(struct ts_str rest, struct ts_signing_answer *out)
{
	size_t code = word_in(ts_str_cut(&rest, ' '), refusals, 7);
	if (code == 0 || code == 7 || rest.at == NULL)
		return TS_E_MALFORMED;
	out->refusal = (enum ts_signing_refusal)code;
	return ts_text_u63(rest, &out->size);
}

/* What would not stand in a note as one signature line is none. */
static enum ts_err line_parse(struct ts_str rest, struct ts_signing_answer *out)
{
	static const char dash[] = "\xe2\x80\x94 ";
	if (rest.len <= sizeof dash - 1 || rest.len >= TS_SIGLINE_CHARS ||
		memcmp(rest.at, dash, sizeof dash - 1) != 0 ||
		memchr(rest.at, '\n', rest.len) != NULL)
		return TS_E_MALFORMED;
	out->line = rest;
	return TS_OK;
}

enum ts_err ts_signing_answer_parse(
	struct ts_str line, struct ts_signing_answer *out, struct ts_why *why)
{
	struct ts_signing_answer answer = {.size = 0};
	struct ts_str rest = line;
	enum ts_err err = TS_E_MALFORMED;
	size_t kind = word_in(ts_str_cut(&rest, ' '), answers, 5);
	if (kind == 5 || line.len >= TS_SIGNING_LINE_MAX ||
		(rest.at == NULL) != (kind == TS_SIGNING_PONG))
		return malformed(why);
	answer.kind = (enum ts_signing_answer_kind)kind;
	switch (answer.kind) {
	case TS_SIGNING_PONG:
		err = TS_OK;
		break;
	case TS_SIGNING_KEY:
		err = ts_key_parse(rest, &answer.key, NULL);
		break;
	case TS_SIGNING_WAS:
		err = was_parse(rest, &answer);
		break;
	case TS_SIGNING_LINE:
		err = line_parse(rest, &answer);
		break;
	case TS_SIGNING_REFUSED:
		err = refused_parse(rest, &answer);
		break;
	}
	if (err != TS_OK)
		return malformed(why);
	*out = answer;
	return TS_OK;
}

void ts_signing_answer_format(const struct ts_signing_answer *answer, struct ts_buf *out)
{
	char vkey[TS_VKEY_CHARS];
	ts_buf_puts(out, answers[answer->kind]);
	switch (answer->kind) {
	case TS_SIGNING_PONG:
		break;
	case TS_SIGNING_KEY:
		ts_buf_printf(out, " %s", ts_key_format(&answer->key, vkey));
		break;
	case TS_SIGNING_WAS:
		ts_buf_printf(out, " %lld", (long long)answer->size);
		hash_format(&answer->root, out);
		break;
	case TS_SIGNING_LINE:
		ts_buf_putc(out, ' ');
		ts_buf_put(out, answer->line.at, answer->line.len);
		break;
	case TS_SIGNING_REFUSED:
		ts_buf_printf(out, " %s %lld", refusals[answer->refusal], (long long)answer->size);
		break;
	}
	ts_buf_putc(out, '\n');
}
