/* SPDX-License-Identifier: Apache-2.0 */
#include "service/witness/witness_round.h"
#include "evidence/witness.h"
#include "service/clock.h"
#include <stdio.h>
#include <string.h>

#define CALL_TIMEOUT_S 10
#define TRIES_MAX 3 /* of one checkpoint, each from the size that the last answer named */
#define REGION_BYTES_MAX (8u << 20)

static const char *const log_names[TS_WITNESS_LOGS] = {"inputs", "journal"};

/* --- what the witness has --- */

struct compare {
	struct ts_link *link;
	struct ts_subject *subject;
	enum ts_db_lock log;
	struct ts_checkpoint theirs;
	struct ts_range ours;
	struct ts_hash root; /* ours at their size */
};

static enum ts_err compare_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct compare *c = arg;
	struct ts_hash unused;
	int64_t id = c->subject->contract.contract_id;
	TS_TRY(ts_db_log_head(db, id, c->log, &c->ours, &unused, why));
	if (c->theirs.size == 0 || c->theirs.size > c->ours.size)
		return TS_OK;
	struct ts_hasher *hasher = &c->link->session->hasher;
	struct ts_db_log_source source = {
		.db = db, .hasher = hasher, .contract_id = id, .log = c->log};
	struct ts_merkle_source merkle = ts_db_log_source(&source);
	return ts_merkle_root(hasher, &merkle, c->theirs.size, &c->root);
}

static enum ts_err read_tx(struct ts_link *link, const struct ts_subject *subject, ts_db_body body,
	void *arg, struct ts_why *why)
{
	const struct ts_db_scope scope = {.contracts = &subject->contract.contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.read_only = true};
	return ts_db_tx(link->session->db, &scope, body, arg, why);
}

/* Its note, signed by our log and by it, against what we have stored. */
static enum ts_err compare(
	struct compare *c, const struct ts_buf *body, bool *held, struct ts_why *why)
{
	const struct ts_key keys[] = {c->subject->logs[c->log], c->subject->key};
	struct ts_note note;
	struct ts_note_sig sigs[2];
	TS_TRY(ts_checkpoint_open(
		(struct ts_str){body->data, body->len}, keys, 2, &note, sigs, &c->theirs, why));
	if (!sigs[1].valid)
		return ts_why(why, TS_E_SIGNATURE, c->link->name,
			"its checkpoint does not carry its own cosignature");
	TS_TRY(read_tx(c->link, c->subject, compare_tx, c, why));
	const char *contract = c->subject->contract.public_id;
	long long size = (long long)c->theirs.size;
	*held = true;
	if (c->theirs.size > c->ours.size)
		return ts_why(why, TS_E_CONFLICT, c->link->name,
			"it has cosigned size %lld of %s/%s, we have %lld leaves: bring back the "
			"missing leaves from the consumer's mirror; nothing is signed until then",
			size, contract, log_names[c->log], (long long)c->ours.size);
	if (c->theirs.size > 0 && !ts_hash_eq(&c->theirs.root, &c->root))
		return ts_why(why, TS_E_CONFLICT, c->link->name,
			"it has cosigned another root at size %lld of %s/%s: these are not the "
			"leaves that were signed; bring back the consumer's mirror's, nothing is "
			"signed until then",
			size, contract, log_names[c->log]);
	*held = false;
	return TS_OK;
}

static enum ts_err ask_log(struct ts_link *link, struct ts_subject *subject, enum ts_db_lock log,
	struct ts_buf *body, bool *held, struct ts_why *why)
{
	char path[TS_WITNESS_ID_CHARS + 16], id[TS_WITNESS_ID_CHARS + 1];
	struct compare c = {.link = link, .subject = subject, .log = log};
	struct ts_send_reply reply;
	ts_witness_id(ts_str(subject->logs[log].name), id);
	snprintf(path, sizeof path, "/%s/checkpoint", id);
	const struct ts_send_call call = {.method = "GET",
		.path = path,
		.timeout_s = CALL_TIMEOUT_S,
		.stopping = ts_witnesser_stopping,
		.stopping_arg = link->all};
	TS_TRY(ts_send_call(link->send, &call, body, &reply, why));
	subject->has[log] = 0;
	if (reply.status == 404)
		return TS_OK;
	if (reply.status != 200)
		return ts_send_problem(body, reply.status, path, why);
	TS_TRY(compare(&c, body, held, why));
	subject->has[log] = c.theirs.size;
	return TS_OK;
}

enum ts_err ts_witness_ask(
	struct ts_link *link, struct ts_subject *subject, bool *held, struct ts_why *why)
{
	struct ts_buf body;
	enum ts_err err = TS_OK;
	*held = false;
	ts_buf_init(&body, TS_NOTE_BYTES_MAX);
	for (int log = 0; log < TS_WITNESS_LOGS && err == TS_OK; log++)
		err = ask_log(link, subject, (enum ts_db_lock)log, &body, held, why);
	ts_buf_free(&body);
	return err;
}

/* --- what it shall cosign --- */

struct sending {
	struct ts_link *link;
	struct ts_subject *subject;
	enum ts_db_lock log;
	int64_t size; /* of the checkpoint that it shall cosign */
	struct ts_region *region;
	struct ts_db_checkpoint newest; /* that one */
	struct ts_db_published published;
	struct ts_db_cosigned cosigned; /* by this witness */
	struct ts_path proof;
	struct ts_note_sig line;
	struct ts_buf request, answer;
};

static enum ts_err newest_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct sending *s = arg;
	int64_t id = s->subject->contract.contract_id;
	TS_TRY(ts_db_checkpoint_last(db, id, s->log, s->size, s->region, &s->newest, why));
	TS_TRY(ts_db_published_last(db, id, s->log, INT64_MAX, &s->published, why));
	return ts_db_cosigned_last(db, id, s->log, s->link->name, &s->cosigned, why);
}

static enum ts_err proof_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct sending *s = arg;
	int64_t old = s->subject->has[s->log];
	struct ts_hasher *hasher = &s->link->session->hasher;
	struct ts_db_log_source source = {.db = db,
		.hasher = hasher,
		.contract_id = s->subject->contract.contract_id,
		.log = s->log};
	struct ts_merkle_source merkle = ts_db_log_source(&source);
	(void)why;
	s->proof.n = 0;
	return old > 0 && old < s->newest.size
		       ? ts_consistency_prove(hasher, &merkle, old, s->newest.size, &s->proof)
		       : TS_OK;
}

/* The line, and what it completes. */
static enum ts_err store_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct sending *s = arg;
	struct ts_db_checkpoint all;
	struct ts_note note;
	struct ts_quorum_count count;
	int64_t id = s->subject->contract.contract_id;
	TS_TRY(ts_db_cosignature_add(
		db, id, s->log, s->newest.size, s->link->name, s->line.time_s, s->line.line, why));
	TS_TRY(ts_db_checkpoint_last(db, id, s->log, s->newest.size, s->region, &all, why));
	TS_TRY(ts_note_parse(all.note, &note, why));
	TS_TRY(ts_quorum_count(&note, &s->subject->quorum, &count, why));
	if (!count.met)
		return TS_OK;
	s->published = (struct ts_db_published){s->newest.size, count.met_s};
	return ts_db_published_add(db, id, s->log, &s->published, ts_clock_now_us(), why);
}

static enum ts_err store(struct sending *s, struct ts_str text, struct ts_why *why)
{
	struct ts_witnesser *all = s->link->all;
	struct ts_str body = {s->answer.data, s->answer.len};
	TS_TRY(ts_witness_answer(body, text, &s->subject->key, &s->line, why));
	pthread_mutex_lock(&all->publish);
	enum ts_err err = ts_db_tx_contract(
		s->link->session->db, s->subject->contract.contract_id, store_tx, s, why);
	pthread_mutex_unlock(&all->publish);
	TS_TRY(err);
	s->cosigned = (struct ts_db_cosigned){s->newest.size, s->line.time_s};
	s->subject->has[s->log] = s->newest.size;
	return TS_OK;
}

/* One POST. *done: cosigned and stored; else the witness named another size. */
static enum ts_err send_once(struct sending *s, const struct ts_note *note, bool *done,
	bool *ask_again, struct ts_why *why)
{
	struct ts_send_reply reply;
	int64_t size = 0;
	TS_TRY(read_tx(s->link, s->subject, proof_tx, s, why));
	ts_buf_reset(&s->request);
	ts_witness_build(s->subject->has[s->log], &s->proof, note->bytes, &s->request);
	TS_TRY(s->request.err);
	const struct ts_send_call call = {.method = "POST",
		.path = "/add-checkpoint",
		.content_type = "text/plain",
		.body = s->request.data,
		.body_len = s->request.len,
		.timeout_s = CALL_TIMEOUT_S,
		.stopping = ts_witnesser_stopping,
		.stopping_arg = s->link->all};
	TS_TRY(ts_send_call(s->link->send, &call, &s->answer, &reply, why));
	if (reply.status == 200) {
		*done = true;
		return store(s, note->text, why);
	}
	struct ts_str text = {s->answer.data, s->answer.len};
	bool sized = reply.status == 409 && strcmp(reply.content_type, TS_WITNESS_SIZE_TYPE) == 0 &&
		     text.len > 1 &&
		     ts_text_u63((struct ts_str){text.at, text.len - 1}, &size) == TS_OK;
	if (sized && size <= s->newest.size) {
		s->subject->has[s->log] = size;
		return TS_OK;
	}
	/* More than we signed, another root, or a proof that it refuses: compare what both have. */
	*ask_again = reply.status == 409 || reply.status == 422;
	if (sized)
		return ts_why(why, TS_E_CONFLICT, s->link->name,
			"it has size %lld, we ask for %lld", (long long)size,
			(long long)s->newest.size);
	return ts_send_problem(&s->answer, reply.status, "/add-checkpoint", why);
}

static enum ts_err send_newest(struct sending *s, bool *ask_again, struct ts_why *why)
{
	struct ts_note note;
	bool done = false;
	TS_TRY(read_tx(s->link, s->subject, newest_tx, s, why));
	int64_t *has = &s->subject->has[s->log];
	if (*has < 0)
		*has = s->cosigned.size;
	if (s->newest.size == 0 || s->cosigned.size >= s->newest.size || *has > s->newest.size)
		return TS_OK;
	TS_TRY(ts_note_parse(s->newest.note, &note, why));
	for (int i = 0; i < TRIES_MAX && !done; i++)
		TS_TRY(send_once(s, &note, &done, ask_again, why));
	return done ? TS_OK
		    : ts_why(why, TS_E_CONFLICT, s->link->name,
			      "it named another size each time it was asked");
}

static void measure(const struct sending *s)
{
	struct ts_metrics *metrics = s->link->all->app->metrics;
	char label[TS_METRICS_LABELS_MAX], of[TS_METRICS_LABELS_MAX];
	snprintf(of, sizeof of, "contract=\"%s\",log=\"%s\"", s->subject->contract.public_id,
		log_names[s->log]);
	ts_metrics_set(metrics, TS_METRIC_LOG_ASKED, of, s->newest.size);
	ts_metrics_set(metrics, TS_METRIC_LOG_PUBLISHED, of, s->published.size);
	if (snprintf(label, sizeof label, "witness=\"%s\",%s", s->link->name, of) <
		(int)sizeof label)
		ts_metrics_set(metrics, TS_METRIC_WITNESS_SIZE, label, s->cosigned.size);
}

struct newest {
	int64_t contract_id;
	struct ts_region *region;
	int64_t sizes[TS_WITNESS_LOGS];
};

static enum ts_err sizes_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct newest *n = arg;
	for (int log = 0; log < TS_WITNESS_LOGS; log++) {
		struct ts_db_checkpoint checkpoint;
		TS_TRY(ts_db_checkpoint_last(db, n->contract_id, (enum ts_db_lock)log, INT64_MAX,
			n->region, &checkpoint, why));
		n->sizes[log] = checkpoint.size;
	}
	return TS_OK;
}

enum ts_err ts_witness_newest(struct ts_link *link, const struct ts_subject *subject,
	int64_t sizes[TS_WITNESS_LOGS], struct ts_why *why)
{
	struct newest n = {.contract_id = subject->contract.contract_id,
		.region = ts_region_create(REGION_BYTES_MAX)};
	if (n.region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = read_tx(link, subject, sizes_tx, &n, why);
	ts_region_free(n.region);
	if (err == TS_OK)
		memcpy(sizes, n.sizes, sizeof n.sizes);
	return err;
}

enum ts_err ts_witness_cosign(struct ts_link *link, struct ts_subject *subject,
	const int64_t sizes[TS_WITNESS_LOGS], bool *ask_again, struct ts_why *why)
{
	enum ts_err err = TS_OK;
	*ask_again = false;
	for (int log = 0; log < TS_WITNESS_LOGS && err == TS_OK; log++) {
		struct sending s = {.link = link,
			.subject = subject,
			.log = (enum ts_db_lock)log,
			.size = sizes[log]};
		s.region = ts_region_create(REGION_BYTES_MAX);
		if (s.region == NULL)
			return TS_E_NO_MEMORY;
		ts_buf_init(&s.request, TS_WITNESS_REQUEST_BYTES_MAX);
		ts_buf_init(&s.answer, TS_NOTE_BYTES_MAX);
		err = send_newest(&s, ask_again, why);
		measure(&s);
		ts_buf_free(&s.answer);
		ts_buf_free(&s.request);
		ts_region_free(s.region);
	}
	return err;
}
