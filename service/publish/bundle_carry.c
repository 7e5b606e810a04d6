/* SPDX-License-Identifier: Apache-2.0 */
#include "service/publish/bundle_carry.h"
#include "audit/replay.h"
#include "service/handler/handler.h"
#include "service/settle/quarantine.h"
#include "store/batch.h"
#include "store/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AUDIT_BYTES_MAX ((size_t)2 << 30)
#define SCRATCH_BYTES_MAX ((size_t)256 << 20)

static enum ts_err transact(struct ts_bundle_carry *c, ts_db_body body)
{
	struct ts_db_scope scope = {.contracts = &c->contract->contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.read_only = true};
	ts_region_reset(c->scratch);
	return ts_db_tx(c->session->db, &scope, body, c, c->why);
}

static enum ts_err read_fd(int fd, int64_t offset, char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return TS_E_IO;
		at += n;
		offset += n;
		len -= (size_t)n;
	}
	return TS_OK;
}

/* The bundle, and behind its end what is written beside. */
static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	struct ts_bundle_carry *c = ctx;
	return offset < c->size ? read_fd(c->fd, offset, out, len)
				: read_fd(fileno(c->beside), offset - c->size, out, len);
}

/* --- one upload --- */

static enum ts_err find_batch(
	struct ts_db *db, struct ts_bundle_carry *c, struct ts_db_batch *out, struct ts_why *why)
{
	struct ts_db_batch *list = NULL;
	size_t n = 0;
	int64_t id = c->contract->contract_id;
	if (c->ask.from_ms == INT64_MIN)
		return ts_db_batch_at(db, id, c->ask.stream_id, c->ask.from, c->scratch, out, why);
	TS_TRY(ts_db_batch_overlapping(db, id, c->ask.stream_id, c->ask.from_ms, c->ask.to_ms, c->n,
		c->scratch, &list, &n, why));
	for (size_t i = 0; i < n; i++)
		if (list[i].first >= c->ask.from) {
			*out = list[i];
			return TS_OK;
		}
	return TS_E_NOT_FOUND;
}

/* The compact range of the stream at `size`. */
static enum ts_err range_at(
	struct ts_db *db, struct ts_bundle_carry *c, int64_t size, struct ts_range *out)
{
	struct ts_region *lines = ts_region_create(TS_SOURCE_REGION_BYTES_MAX);
	struct ts_db_stream_source from = {.db = db,
		.hasher = &c->session->hasher,
		.contract_id = c->contract->contract_id,
		.stream_id = c->ask.stream_id,
		.region = lines};
	if (lines == NULL)
		return TS_E_NO_MEMORY;
	struct ts_merkle_source source = ts_db_stream_source(&from);
	enum ts_err err = TS_OK;
	int n = 0;
	int64_t at = 0;
	ts_range_init(out);
	out->size = size;
	for (int level = 62; err == TS_OK && level >= 0; level--) {
		if ((size >> level & 1) == 0)
			continue;
		err = source.subtree(source.ctx, level, at >> level, &out->hashes[n++]);
		at += INT64_C(1) << level;
	}
	ts_region_free(lines);
	return err;
}

static enum ts_err answer_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_bundle_carry *c = arg;
	struct ts_db_batch batch;
	struct ts_db_leaf_row *leaf = NULL;
	size_t n = 0;
	int64_t id = c->contract->contract_id;
	TS_TRY(find_batch(db, c, &batch, why));
	TS_TRY(ts_db_log_leaves(db, id, TS_DB_LOCK_INPUTS, batch.leaf, batch.leaf + 1, -1, 1,
		c->scratch, &leaf, &n, why));
	if (n != 1)
		return ts_why(
			why, TS_E_INTERNAL, "log", "leaf %lld is absent", (long long)batch.leaf);
	c->answer = (struct ts_carried){
		.leaf = batch.leaf, .first = batch.first, .end = batch.end, .bytes = leaf[0].data};
	struct ts_db_log_source from = {.db = db,
		.hasher = &c->session->hasher,
		.contract_id = id,
		.log = TS_DB_LOCK_INPUTS};
	struct ts_merkle_source source = ts_db_log_source(&from);
	TS_TRY(ts_inclusion_prove(&c->session->hasher, &source, batch.leaf, c->n, &c->answer.path));
	TS_TRY(range_at(db, c, batch.first, &c->answer.range));
	return ts_db_batch_lines(db, id, batch.batch_id, c->scratch, &c->lines, why);
}

static enum ts_err put(struct ts_bundle_carry *c, const void *bytes, size_t len)
{
	if (c->size + c->written + (int64_t)len > c->bytes_max)
		return ts_why(c->why, TS_E_LIMIT, "bundle", "larger than spool_bytes_max = %lld",
			(long long)c->bytes_max);
	if (fwrite(bytes, 1, len, c->beside) != len)
		return ts_why(c->why, TS_E_IO, "bundle", "cannot write: %s", strerror(errno));
	c->written += (int64_t)len;
	return TS_OK;
}

static enum ts_err keep(struct ts_bundle_carry *c, struct ts_str origin)
{
	if (c->uploads_n == c->uploads_cap) {
		size_t more = c->uploads_cap == 0 ? 16 : 2 * c->uploads_cap;
		struct ts_bundle_upload *bigger = ts_region_array(c->region, more, sizeof *bigger);
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		if (c->uploads_n > 0)
			memcpy(bigger, c->uploads, c->uploads_n * sizeof *bigger);
		c->uploads = bigger;
		c->uploads_cap = more;
	}
	struct ts_bundle_upload *u = &c->uploads[c->uploads_n++];
	*u = (struct ts_bundle_upload){
		.origin = origin, .first = c->answer.first, .offset = c->written};
	ts_buf_reset(c->text);
	ts_carried_format(&c->answer, c->text);
	TS_TRY(c->text->err);
	TS_TRY(put(c, c->text->data, c->text->len));
	TS_TRY(put(c, c->lines.at, c->lines.len));
	if (fflush(c->beside) != 0)
		return ts_why(c->why, TS_E_IO, "bundle", "cannot write: %s", strerror(errno));
	u->bytes = c->written - u->offset;
	return TS_OK;
}

static enum ts_err on_carry(void *ctx, struct ts_str origin, int64_t from, int64_t from_ms,
	int64_t to_ms, int64_t *offset, int64_t *bytes)
{
	struct ts_bundle_carry *c = ctx;
	const struct ts_db_stream *stream = NULL;
	for (size_t i = 0; i < c->streams_n && stream == NULL; i++)
		if (ts_str_is(origin, c->streams[i].key.origin))
			stream = &c->streams[i];
	if (stream == NULL)
		return TS_E_NOT_FOUND;
	c->ask.stream_id = stream->key.stream_id;
	c->ask.from = from;
	c->ask.from_ms = from_ms;
	c->ask.to_ms = to_ms;
	TS_TRY(transact(c, answer_tx));
	const struct ts_bundle_upload *found = NULL;
	for (size_t i = 0; i < c->uploads_n && found == NULL; i++)
		if (c->uploads[i].first == c->answer.first &&
			ts_str_eq(c->uploads[i].origin, origin))
			found = &c->uploads[i];
	if (found == NULL) {
		TS_TRY(keep(c, ts_str(stream->key.origin)));
		found = &c->uploads[c->uploads_n - 1];
	}
	*offset = c->size + found->offset;
	*bytes = found->bytes;
	return TS_OK;
}

/* --- the check --- */

static enum ts_err load_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_bundle_carry *c = arg;
	const struct ts_terms **terms = NULL;
	struct ts_buf text;
	size_t n = 0;
	int64_t id = c->contract->contract_id;
	TS_TRY(ts_db_stream_list(db, id, c->region, &c->streams, &c->streams_n, why));
	TS_TRY(ts_handler_terms(db, id, c->scratch, &terms, &n, why));
	TS_ASSERT(n > 0);
	ts_buf_init(&text, TS_POLICY_BYTES_MAX);
	/* A policy has the keys that signed version 1; amendments lead to the others. */
	enum ts_err err = ts_policy_write(terms[0], &text);
	if (err == TS_OK)
		err = ts_policy_parse((struct ts_str){text.data, text.len}, c->policy, why);
	ts_buf_free(&text);
	c->policy->quorum = -1; /* who witnessed is the reader's question */
	return err;
}

static int by_place(const void *a, const void *b)
{
	const struct ts_bundle_upload *m = a, *n = b;
	int origin = ts_str_cmp(m->origin, n->origin);
	return origin != 0 ? origin : (m->first > n->first) - (m->first < n->first);
}

static enum ts_err run(struct ts_bundle_carry *c, struct ts_region *region)
{
	static const enum ts_check reasons[] = {TS_CHECK_RANGES, TS_CHECK_TERMS, TS_CHECK_STATE};
	struct ts_audit_report *report = ts_region_alloc(region, sizeof *report);
	c->policy = ts_region_alloc(region, sizeof *c->policy);
	if (report == NULL || c->policy == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(transact(c, load_tx));
	const struct ts_audit_source source = {read_at, c, c->size};
	const struct ts_audit_options options = {.source = &source,
		.policy = c->policy,
		.carry = on_carry,
		.carry_ctx = c,
		.max_age_s = -1};
	TS_TRY(ts_audit_run(&options, region, report, c->why));
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		const struct ts_finding *f = &report->findings.by_check[reasons[i]];
		if (f->failures > 0)
			return ts_why(c->why, TS_E_CONFLICT, "from", "%s, and there is: %s",
				f->expected, f->actual);
	}
	if (c->uploads_n > 1)
		qsort(c->uploads, c->uploads_n, sizeof *c->uploads, by_place);
	return TS_OK;
}

enum ts_err ts_bundle_carry(struct ts_bundle_carry *carry, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(AUDIT_BYTES_MAX);
	struct ts_buf text;
	carry->why = why;
	carry->scratch = ts_region_create(SCRATCH_BYTES_MAX);
	ts_buf_init(&text, TS_CARRIED_HEAD_MAX);
	carry->text = &text;
	enum ts_err err = region == NULL || carry->scratch == NULL ? TS_E_NO_MEMORY
								   : run(carry, region);
	ts_buf_free(&text);
	ts_region_free(carry->scratch);
	ts_region_free(region);
	return err;
}
