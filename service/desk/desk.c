/* SPDX-License-Identifier: Apache-2.0 */
#include "service/desk/desk.h"
#include "service/handler/handler.h"
#include "store/log.h"
#include "store/outbox.h"
#include <stdio.h>

#define SIDES 2

/* --- reading --- */

static bool is_kind(const struct ts_desk_kind *kind, enum ts_statement_kind format,
	const struct ts_event *event)
{
	return kind->format == format &&
	       (format != TS_STATEMENT_EVENT || kind->event == event->kind);
}

enum ts_err ts_desk_read(struct ts_desk_post *post, struct ts_why *why)
{
	struct ts_desk *desk = &post->desk;
	enum ts_statement_kind format = ts_statement_kind(post->note.text);
	desk->text = post->note.text;
	ts_statement_hash(desk->text, &desk->sha256);
	if (format == TS_STATEMENT_EVENT) {
		TS_TRY(ts_event_parse(desk->text, &desk->is.event, why));
		desk->about = desk->is.event.contract;
	}
	for (size_t i = 0; ts_desk_kinds[i] != NULL; i++) {
		if (!is_kind(ts_desk_kinds[i], format, &desk->is.event))
			continue;
		desk->kind = ts_desk_kinds[i];
		return desk->kind->read != NULL ? desk->kind->read(desk, why) : TS_OK;
	}
	return ts_why(why, TS_E_INVALID, "text", "no statement of a kind that is taken here");
}

enum ts_err ts_desk_load(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_terms **terms = NULL;
	struct ts_db_stream *streams = NULL;
	size_t terms_n = 0;
	int64_t id = desk->contract.contract_id;
	TS_TRY(ts_db_contract_get(desk->db, id, &desk->contract, why));
	TS_TRY(ts_handler_terms(desk->db, id, desk->region, &terms, &terms_n, why));
	TS_TRY(ts_db_stream_list(desk->db, id, desk->region, &streams, &desk->streams_n, why));
	desk->terms = terms[terms_n - 1];
	desk->streams = streams;
	return TS_OK;
}

/* --- signatures --- */

/* One attempt of the transaction. */
struct attempt {
	struct ts_desk_post *post;
	struct ts_desk *desk;
	struct ts_key keys[SIDES]; /* provider, consumer */
	struct ts_note stored;
	struct ts_str lines[SIDES]; /* valid ones; at NULL: none */
	unsigned required, present; /* bit 1 << side */
	bool found; /* the text is here already */
};

static enum ts_err find_row(struct attempt *a, struct ts_why *why)
{
	struct ts_desk *desk = a->desk;
	struct ts_why none;
	enum ts_err err = ts_db_statement_get(desk->db, desk->contract.contract_id, &desk->sha256,
		desk->region, &a->post->row, &none);
	a->found = err == TS_OK;
	if (err != TS_E_NOT_FOUND)
		return err == TS_OK ? TS_OK : ts_why(why, err, none.where, "%s", none.text);
	a->post->row = (struct ts_db_statement){.sha256 = desk->sha256,
		.kind = desk->kind->name,
		.serial = desk->kind->format == TS_STATEMENT_EVENT ? desk->is.event.serial : 0,
		.posted_us = desk->now_us,
		.leaf = -1,
		.counter_leaf = -1};
	return TS_OK;
}

static enum ts_err find_required(struct attempt *a, struct ts_why *why)
{
	enum ts_side owner = TS_SIDE_PROVIDER;
	a->required = 1u << TS_SIDE_PROVIDER | 1u << TS_SIDE_CONSUMER;
	if (a->desk->kind->signers == TS_DESK_BOTH)
		return TS_OK;
	TS_TRY(a->desk->kind->owner(a->desk, &owner, why));
	a->required = 1u << owner;
	return TS_OK;
}

/* What was valid once and is not under the keys of now is dropped, as is anybody else's line. */
static void take_stored(struct attempt *a)
{
	struct ts_note_sig sigs[SIDES] = {{0}};
	struct ts_why none;
	if (ts_note_parse(a->post->row.note, &a->stored, &none) != TS_OK ||
		ts_note_verify(&a->stored, a->keys, SIDES, sigs, &none) != TS_OK)
		return;
	for (size_t i = 0; i < SIDES; i++)
		if (sigs[i].valid)
			a->lines[i] = sigs[i].line;
}

static enum ts_err take_posted(struct attempt *a, struct ts_why *why)
{
	struct ts_note_sig sigs[SIDES] = {{0}};
	unsigned useful = a->required;
	unsigned present = 0;
	if (a->desk->kind->signers == TS_DESK_COUNTER && a->found && a->post->row.leaf >= 0)
		useful = 1u << TS_SIDE_PROVIDER | 1u << TS_SIDE_CONSUMER;
	TS_TRY(ts_note_verify(&a->post->note, a->keys, SIDES, sigs, why));
	for (size_t i = 0; i < SIDES; i++) {
		if (!sigs[i].valid)
			continue;
		present |= 1u << i;
		if (a->lines[i].at == NULL)
			a->lines[i] = sigs[i].line;
	}
	for (size_t i = 0; i < SIDES; i++)
		if ((a->post->must_sign & 1u << i) != 0 && (present & 1u << i) == 0)
			return ts_why(why, TS_E_FORBIDDEN, "note",
				"this token may post what %s signed; that line is absent",
				a->keys[i].name);
	if ((present & useful) != 0)
		return TS_OK;
	return ts_why(why, TS_E_SIGNATURE, "note", "%s has not signed",
		a->keys[a->required == 1u << TS_SIDE_CONSUMER ? TS_SIDE_CONSUMER : TS_SIDE_PROVIDER]
			.name);
}

/* The text with the lines of these sides, the provider's first: one order, so that the same
 * signatures are the same bytes. */
static enum ts_err note_of(
	struct attempt *a, unsigned sides, struct ts_str *out, struct ts_why *why)
{
	struct ts_buf note;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_note_begin(a->desk->text, &note);
	for (size_t i = 0; i < SIDES; i++)
		if ((sides & 1u << i) != 0 && a->lines[i].at != NULL)
			ts_buf_put(&note, a->lines[i].at, a->lines[i].len);
	char *copy = note.err == TS_OK ? ts_region_copy(a->desk->region, note.data, note.len)
				       : NULL;
	enum ts_err err = note.err != TS_OK ? note.err : copy == NULL ? TS_E_NO_MEMORY : TS_OK;
	*out = (struct ts_str){copy, note.len};
	ts_buf_free(&note);
	return err == TS_OK ? TS_OK : ts_why(why, err, "note", "the note is too long");
}

static enum ts_err merge(struct attempt *a, struct ts_why *why)
{
	const struct ts_terms *terms = a->desk->terms;
	TS_TRY(ts_key_parse(ts_str(terms->provider.statement_key), &a->keys[0], why));
	TS_TRY(ts_key_parse(ts_str(terms->consumer.statement_key), &a->keys[1], why));
	if (a->found)
		take_stored(a);
	TS_TRY(take_posted(a, why));
	for (size_t i = 0; i < SIDES; i++)
		if (a->lines[i].at != NULL)
			a->present |= 1u << i;
	return TS_OK;
}

/* --- may it, and then it does --- */

/* What holds for every event of a party: dense serials, and not from the future. */
static enum ts_err check_event(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_event *e = &desk->is.event;
	int64_t next = 0;
	if (e->at_ms > desk->now_us / 1000)
		return ts_why(why, TS_E_INVALID, "at", "%lld lies in the future of the service",
			(long long)e->at_ms);
	TS_TRY(ts_db_statement_serial(
		desk->db, desk->contract.contract_id, desk->kind->name, &next, why));
	if (e->serial != next)
		return ts_why(why, TS_E_CONFLICT, "serial",
			"%lld is not next: the next %s of this contract is %lld",
			(long long)e->serial, desk->kind->name, (long long)next);
	return TS_OK;
}

static enum ts_err check(struct ts_desk *desk, struct ts_why *why)
{
	if (desk->contract.state != TS_DB_CONTRACT_ACTIVE)
		return ts_why(why, TS_E_CONFLICT, "contract", "the contract is not active");
	if (desk->kind->format == TS_STATEMENT_EVENT)
		TS_TRY(check_event(desk, why));
	return desk->kind->check != NULL ? desk->kind->check(desk, why) : TS_OK;
}

/* Both companies are told: one has to sign, or what it said is in the log. */
static enum ts_err tell(struct attempt *a, enum ts_db_event event, struct ts_why *why)
{
	const struct ts_desk *desk = a->desk;
	const struct ts_db_statement *row = &a->post->row;
	const char *data = NULL;
	json_t *json = json_pack("{s:s,s:s,s:o,s:s}", "contract", desk->contract.public_id, "kind",
		desk->kind->name, "sha256", ts_json_hash(&desk->sha256), "signed_first",
		ts_side_name((enum ts_side)row->side));
	if (event == TS_DB_EVENT_STATEMENT_LOGGED)
		json_object_set_new(json, "leaf", json_integer(desk->leaf));
	TS_TRY(ts_handler_data(desk->region, json, &data));
	return ts_db_outbox_add(
		desk->db, desk->contract.contract_id, event, desk->now_us, data, why);
}

/* The log's counter is locked from here on. */
static enum ts_err append(struct attempt *a, unsigned sides, int64_t *leaf, struct ts_why *why)
{
	struct ts_desk *desk = a->desk;
	struct ts_db_leaf row = {.kind = (int16_t)desk->kind->leaf};
	TS_TRY(note_of(a, sides, &row.data, why));
	ts_hash_leaf(desk->hasher, row.data.at, row.data.len, &row.hash);
	TS_TRY(ts_db_log_append(desk->db, desk->hasher, desk->contract.contract_id,
		TS_DB_LOCK_INPUTS, &row, 1, desk->now_us, leaf, why));
	desk->leaf = *leaf;
	if (desk->kind->apply != NULL)
		TS_TRY(desk->kind->apply(desk, why));
	return tell(a, TS_DB_EVENT_STATEMENT_LOGGED, why);
}

static enum ts_err admit(struct attempt *a, struct ts_why *why)
{
	struct ts_db_statement *row = &a->post->row;
	char taken[96];
	TS_TRY(append(a, a->required, &row->leaf, why));
	row->refused = NULL;
	TS_TRY(ts_db_statement_change(a->desk->db, a->desk->contract.contract_id, row, why));
	if (row->serial == 0)
		return TS_OK;
	snprintf(taken, sizeof taken, "serial: another %s with serial %lld became leaf %lld",
		row->kind, (long long)row->serial, (long long)row->leaf);
	return ts_db_statement_supersede(
		a->desk->db, a->desk->contract.contract_id, row->kind, row->serial, taken, why);
}

/* The other company's line over what is in the log. */
static enum ts_err countersign(struct attempt *a, struct ts_why *why)
{
	struct ts_db_statement *row = &a->post->row;
	unsigned other = a->present & ~a->required;
	if (a->desk->kind->signers != TS_DESK_COUNTER || other == 0 || row->counter_leaf >= 0)
		return TS_OK;
	a->desk->counter = true;
	TS_TRY(append(a, other, &row->counter_leaf, why));
	return ts_db_statement_change(a->desk->db, a->desk->contract.contract_id, row, why);
}

/* A new text: it must be one that could be admitted now, or nobody need sign it. */
static enum ts_err begin(struct attempt *a, struct ts_why *why)
{
	struct ts_desk *desk = a->desk;
	int64_t waiting = 0, id = desk->contract.contract_id;
	TS_TRY(check(desk, why));
	a->post->row.side = (a->present & 1u << TS_SIDE_PROVIDER) != 0 ? 0 : 1;
	TS_TRY(ts_db_statement_waiting(desk->db, id, a->post->row.side, &waiting, why));
	if (waiting >= TS_DESK_WAITING_MAX)
		return ts_why(why, TS_E_CONFLICT, "contract",
			"%lld statements of this company wait for signatures: no more are taken",
			(long long)waiting);
	return ts_db_statement_add(desk->db, id, &a->post->row, why);
}

/* It waited: is it still one that may be admitted? A refusal is kept, with the signatures. */
static enum ts_err again(struct attempt *a, struct ts_why *why)
{
	struct ts_desk_post *post = a->post;
	enum ts_err err = check(a->desk, &post->refused);
	if (err != TS_OK && ts_err_http(err) >= 500)
		return ts_why(why, err, post->refused.where, "%s", post->refused.text);
	post->refusal = err;
	post->row.refused = NULL;
	if (err != TS_OK)
		post->row.refused = ts_region_printf(
			a->desk->region, "%s: %s", post->refused.where, post->refused.text);
	if (err != TS_OK && post->row.refused == NULL)
		return TS_E_NO_MEMORY;
	return ts_db_statement_change(a->desk->db, a->desk->contract.contract_id, &post->row, why);
}

enum ts_err ts_desk_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_desk_post *post = arg;
	struct ts_desk *desk = &post->desk;
	struct attempt a = {.post = post, .desk = desk};
	desk->db = db;
	desk->counter = false;
	post->refusal = TS_OK;
	TS_TRY(ts_db_lock_take(db, desk->contract.contract_id, TS_DB_LOCK_SETTLE, why));
	TS_TRY(ts_desk_load(desk, why));
	TS_TRY(find_row(&a, why));
	TS_TRY(find_required(&a, why));
	TS_TRY(merge(&a, why));
	bool logged = post->row.leaf >= 0;
	if (logged && (desk->kind->signers != TS_DESK_COUNTER || post->row.counter_leaf >= 0))
		return TS_OK;
	TS_TRY(note_of(&a,
		desk->kind->signers == TS_DESK_OWNER ? a.required : a.required | a.present,
		&post->row.note, why));
	if (!logged) {
		TS_TRY(a.found ? again(&a, why) : begin(&a, why));
		if (post->refusal != TS_OK)
			return TS_OK;
		if ((a.present & a.required) != a.required)
			return a.found ? TS_OK : tell(&a, TS_DB_EVENT_STATEMENT_WAITING, why);
		TS_TRY(admit(&a, why));
	}
	return countersign(&a, why);
}
