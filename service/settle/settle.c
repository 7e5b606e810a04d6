/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/settle.h"
#include "base/limits.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "service/publish/checkpoints.h"
#include "service/handler/handler.h"
#include "service/settle/period_complete.h"
#include "service/settle/period_state.h"
#include "service/settle/rendering.h"
#include "service/settle/settle_fold.h"
#include "service/settle/settle_prepayment.h"
#include "service/settle/settle_witness.h"
#include "service/witness/witnesser.h"
#include "service/settle/threshold.h"
#include "store/batch.h"
#include "store/cell.h"
#include "store/ledger_state.h"
#include "store/log.h"
#include "store/news.h"
#include "store/outbox.h"
#include "store/posting.h"
#include <stdio.h>
#include <string.h>

#define LEAF_BYTES_MAX (TS_LEAF_BYTES_MAX + 1)
#define JOURNAL_BYTES_MAX (256u << 20)

/* What one attempt of the transaction works on. */
struct attempt {
	struct ts_settle *s;
	struct ts_db *db;
	enum ts_settle_kind kind; /* a tick as long as more is left than one event takes */
	const struct ts_terms **terms;
	size_t terms_n;
	struct ts_ledger *ledger;
	struct ts_ledger_event event;
	struct ts_postings postings;
	int32_t item; /* prepayment: its place */
	struct ts_db_state_log log; /* cut: the provider's streams at N */
	struct ts_settle_state before; /* the event */
	struct ts_db_news news; /* of the event's leaves */
	struct ts_db_leaf leaf; /* the event's own, appended with its entries */
	struct ts_db_posting posting;
};

/* A cut takes all there is, so that the streams' states are those at its N. What came while its
 * ticks ran may be that many times one tick's share; beyond, it ticks on. */
#define CUT_SHARES 4

/* The inputs log's size; for a cut with the streams at that size. */
static enum ts_err plan_log(struct attempt *a, int64_t *size, struct ts_why *why)
{
	int64_t id = a->s->contract.contract_id;
	*size = a->before.inputs_size;
	if (a->s->kind != TS_SETTLE_CUT)
		return TS_OK;
	TS_TRY(ts_db_state_log(a->db, id, a->s->region, &a->log, why));
	*size = a->log.inputs.size;
	return TS_OK;
}

static enum ts_err plan_news(struct attempt *a, int64_t to, int64_t work_max, struct ts_why *why)
{
	TS_TRY(ts_db_news_read(a->db, a->s->contract.contract_id, a->event.from, to, work_max,
		a->s->region, &a->news, why));
	a->event.to = a->news.to;
	return TS_OK;
}

/* N: the log's size now, or as far as one event goes. Leaves that slip in before the event's own
 * leaf are folded by the next one. */
static enum ts_err plan_range(struct attempt *a, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	int64_t most = s->leaves_max > 0 ? s->leaves_max : TS_TICK_LEAVES_MAX;
	int64_t work_max = s->work_max > 0 ? s->work_max : TS_TICK_WORK_MAX;
	int64_t from = ts_ledger_head(a->ledger)->inputs_to;
	int64_t size = 0;
	TS_TRY(plan_log(a, &size, why));
	a->event.from = from;
	a->event.to = size;
	if (s->kind == TS_SETTLE_ISSUE) /* folds nothing */
		return TS_OK;
	if (s->until == 0)
		s->until = size;
	TS_TRY(plan_news(a, size - from > most ? from + most : size, work_max, why));
	s->more = a->event.to < s->until;
	/* what was there is folded first: it may be the version that brings the prepayment */
	if (s->kind == TS_SETTLE_PREPAYMENT)
		s->more = from < s->until || ts_ledger_head(a->ledger)->day == INT32_MIN;
	if (s->kind == TS_SETTLE_CUT && !s->more) {
		s->more = size - from > CUT_SHARES * most;
		if (!s->more && a->event.to < size)
			TS_TRY(plan_news(a, size, INT64_MAX, why));
	}
	if (s->more)
		a->kind = TS_SETTLE_TICK;
	return TS_OK;
}

static enum ts_err plan_tick(struct attempt *a, int32_t day, struct ts_why *why)
{
	const struct ts_ledger_head *head = ts_ledger_head(a->ledger);
	if (day > ts_zone_day(&a->terms[0]->zone, a->s->now_us))
		return ts_why(why, TS_E_INVALID, "day", "D may not lie in the future");
	a->event.serial = head->tick_serial;
	a->event.day = day > head->day ? day : head->day;
	return TS_OK;
}

/* The event as it will be. */
static enum ts_err plan(struct attempt *a, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	const struct ts_ledger_head *head = ts_ledger_head(a->ledger);
	struct ts_period period;
	int32_t today = ts_zone_day(&a->terms[0]->zone, s->now_us);
	int64_t at_ms = s->now_us / TS_US_PER_MS;
	if (at_ms * TS_US_PER_MS < head->at_us)
		at_ms = head->at_us / TS_US_PER_MS;
	a->kind = s->kind;
	a->event = (struct ts_ledger_event){.at_us = at_ms * TS_US_PER_MS, .period = s->period};
	TS_TRY(plan_range(a, why));
	if (s->kind == TS_SETTLE_TICK)
		return plan_tick(a, s->day != INT32_MIN ? s->day : today, why);
	if (s->kind == TS_SETTLE_PREPAYMENT && a->kind == TS_SETTLE_TICK)
		return plan_tick(a, today, why);
	if (s->kind == TS_SETTLE_PREPAYMENT) {
		a->news = (struct ts_db_news){.to = 0}; /* it folds nothing */
		return ts_settle_prepayment_plan(
			a->ledger, s->prepayment, s->region, &a->item, &s->period, &a->event, why);
	}
	if (ts_ledger_period_get(a->ledger, s->period, &period) != TS_OK)
		return ts_why(
			why, TS_E_NOT_FOUND, "period", "the contract has no period %d", s->period);
	int32_t last = period.end_day - 1;
	if (a->kind == TS_SETTLE_TICK) /* no further than the cut itself will go */
		return plan_tick(a, today < last ? today : last, why);
	bool cut = s->kind == TS_SETTLE_CUT;
	a->event.serial = cut ? head->cut_serial : head->issue_serial;
	a->event.day = head->day > last ? head->day : last;
	return TS_OK;
}

static const struct ts_period_row *period_row(struct ts_ledger *ledger, int32_t index)
{
	const struct ts_period_row *row = NULL;
	for (size_t i = 0; (row = ts_ledger_period(ledger, i)) != NULL; i++)
		if (row->index == index)
			return row;
	return NULL;
}

static enum ts_err issue_head(struct attempt *a, struct ts_invoice_head *head, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	const struct ts_period_row *row = period_row(a->ledger, s->period);
	struct ts_period period;
	int64_t id = s->contract.contract_id;
	if (row == NULL || !row->cut)
		return ts_why(why, TS_E_CONFLICT, "period", "it must be closed before its invoice");
	TS_TRY(ts_ledger_period_get(a->ledger, s->period, &period));
	const struct ts_terms *terms = ts_ledger_document_terms(a->ledger, &period);
	struct ts_db_log_source log = {.db = a->db,
		.hasher = &s->session->hasher,
		.contract_id = id,
		.log = TS_DB_LOCK_INPUTS};
	struct ts_merkle_source source = ts_db_log_source(&log);
	TS_TRY(ts_merkle_root(&s->session->hasher, &source, row->cut_to, &head->inputs_root));
	TS_TRY(ts_db_period_cut_get(
		a->db, id, s->period, &head->journal_size, &head->journal_root, why));
	head->inputs_size = row->cut_to;
	head->issue_day = ts_zone_day(&terms->zone, a->event.at_us);
	head->due_day = head->issue_day + (int32_t)terms->due_days;
	head->number = ts_region_printf(s->region, "%s%06lld", terms->series,
		(long long)ts_ledger_head(a->ledger)->documents);
	head->inputs_origin = ts_region_printf(
		s->region, "%s/%s/inputs", terms->keys.domain, terms->contract);
	head->journal_origin = ts_region_printf(
		s->region, "%s/%s/journal", terms->keys.domain, terms->contract);
	bool cosigned = false;
	TS_TRY(ts_settle_witnessed(
		a->db, s, &a->terms[a->terms_n - 1]->keys, row, a->event.at_us, &cosigned, why));
	head->unwitnessed = !cosigned;
	return head->number == NULL || head->inputs_origin == NULL || head->journal_origin == NULL
		       ? TS_E_NO_MEMORY
		       : TS_OK;
}

/* Whether it may issue over the windows that its cut found absent. */
static enum ts_err issue_complete(
	struct attempt *a, struct ts_invoice_head *head, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	const struct ts_terms *newest = a->terms[a->terms_n - 1];
	const struct ts_period_row *row = period_row(a->ledger, s->period);
	struct ts_period period;
	if (row == NULL)
		return TS_E_INTERNAL;
	TS_TRY(ts_ledger_period_get(a->ledger, s->period, &period));
	return ts_complete_issue(a->db, s->contract.contract_id, row, &period, a->event.at_us,
		newest->keys.incomplete_after_days, s->region, head, why);
}

static enum ts_err event_text(struct attempt *a, const struct ts_invoice_head *head,
	struct ts_buf *out, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	struct ts_period period = {0};
	static const enum ts_event_kind kinds[] = {
		TS_EVENT_TICK, TS_EVENT_CUT, TS_EVENT_ISSUE, TS_EVENT_PREPAYMENT};
	struct ts_event event = {.contract = ts_str(s->contract.public_id),
		.kind = kinds[a->kind],
		.serial = a->event.serial,
		.at_ms = a->event.at_us / TS_US_PER_MS,
		.from = a->event.from,
		.to = a->event.to,
		.day = a->event.day};
	if (a->kind == TS_SETTLE_PREPAYMENT) {
		event.prepayment = s->prepayment;
		event.number = ts_str(head->number);
		event.date = head->issue_day;
		event.due = head->due_day;
	} else if (a->kind != TS_SETTLE_TICK) {
		TS_TRY(ts_ledger_period_get(a->ledger, s->period, &period));
		event.period_from_ms = period.from_us / TS_US_PER_MS;
		event.period_to_ms = period.to_us / TS_US_PER_MS;
	}
	if (a->kind == TS_SETTLE_ISSUE) {
		const struct ts_period_row *row = period_row(a->ledger, s->period);
		if (row == NULL) /* issue_head has refused it */
			return TS_E_INTERNAL;
		event.cut = row->cut_leaf;
		event.number = ts_str(head->number);
		event.date = head->issue_day;
		event.due = head->due_day;
		event.cosigned = !head->unwitnessed;
		event.gap = head->gap;
	}
	return ts_event_build(&event, out, why);
}

/* Signs the event that will be the next leaf: from here on the logs' counters are locked. */
static enum ts_err sign_event(
	struct attempt *a, const struct ts_invoice_head *head, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	TS_TRY(ts_db_logs_lock(a->db, s->contract.contract_id, a->posting.ranges, why));
	a->event.leaf = a->posting.ranges[TS_DB_LOCK_INPUTS].size;
	struct ts_buf text, note;
	ts_buf_init(&text, LEAF_BYTES_MAX);
	ts_buf_init(&note, LEAF_BYTES_MAX);
	enum ts_err err = event_text(a, head, &text, why);
	struct ts_str slice = {text.data, text.len};
	if (err == TS_OK) {
		ts_note_begin(slice, &note);
		err = ts_note_sign(ts_keyring_operator(s->app->keyring), slice, &note);
	}
	if (err == TS_OK)
		err = note.err;
	if (err == TS_OK) {
		a->leaf = (struct ts_db_leaf){.kind = TS_LEAF_EVENT,
			.data = {ts_region_copy(s->region, note.data, note.len), note.len}};
		ts_hash_leaf(&s->session->hasher, note.data, note.len, &a->leaf.hash);
		err = a->leaf.data.at == NULL ? TS_E_NO_MEMORY : TS_OK;
	}
	ts_buf_free(&note);
	ts_buf_free(&text);
	return err;
}

/* The last contract leaf below the issue leaf. Only now, while the log's counter is locked, can no
 * other come in between. */
static enum ts_err contract_note(
	struct attempt *a, struct ts_invoice_head *head, struct ts_why *why)
{
	struct ts_db_version *versions = NULL;
	int64_t last = -1;
	size_t n = 0;
	TS_TRY(ts_db_version_list(
		a->db, a->s->contract.contract_id, true, a->s->region, &versions, &n, why));
	for (size_t i = 0; i < n; i++)
		if (versions[i].leaf > last && versions[i].leaf < a->event.leaf) {
			last = versions[i].leaf;
			head->contract_note = versions[i].statement_sha256;
		}
	return last >= 0 ? TS_OK : TS_E_INTERNAL;
}

/* The event's leaf, its entries and theirs, at once. */
static enum ts_err append(struct attempt *a, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	size_t n = a->postings.n;
	int64_t first = a->posting.ranges[TS_DB_LOCK_JOURNAL].size;
	if (n > 0 && first != a->postings.entries[0].id)
		return ts_why(why, TS_E_INTERNAL, "journal", "entry %lld would be leaf %lld",
			(long long)a->postings.entries[0].id, (long long)first);
	struct ts_db_leaf *leaves = ts_region_array(s->region, n + 1, sizeof *leaves);
	size_t *starts = ts_region_array(s->region, n + 1, sizeof *starts);
	if (leaves == NULL || starts == NULL)
		return TS_E_NO_MEMORY;
	struct ts_buf bytes;
	ts_buf_init(&bytes, JOURNAL_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		starts[i] = bytes.len;
		ts_entry_leaf(&a->postings.entries[i], s->contract.public_id, a->terms[0]->currency,
			&bytes);
	}
	starts[n] = bytes.len;
	enum ts_err err = bytes.err;
	for (size_t i = 0; err == TS_OK && i < n; i++) {
		leaves[i].data = (struct ts_str){bytes.data + starts[i], starts[i + 1] - starts[i]};
		ts_hash_leaf(&s->session->hasher, leaves[i].data.at, leaves[i].data.len,
			&leaves[i].hash);
	}
	a->posting.leaves[TS_DB_LOCK_INPUTS] = &a->leaf;
	a->posting.leaves_n[TS_DB_LOCK_INPUTS] = 1;
	a->posting.leaves[TS_DB_LOCK_JOURNAL] = leaves;
	a->posting.leaves_n[TS_DB_LOCK_JOURNAL] = n;
	a->posting.now_us = a->event.at_us;
	a->posting.currency = a->terms[0]->currency->code;
	a->posting.entries = a->postings.entries;
	a->posting.entries_n = n;
	if (err == TS_OK)
		err = ts_db_post(
			a->db, &s->session->hasher, s->contract.contract_id, &a->posting, why);
	ts_buf_free(&bytes);
	return err;
}

static enum ts_err store_document(struct attempt *a, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	const struct ts_invoice *invoice = s->invoice;
	const struct ts_period_row *row = period_row(a->ledger, s->period);
	const char *json = NULL;
	size_t len = 0;
	int64_t cut_leaf = -1;
	if (a->kind != TS_SETTLE_PREPAYMENT) {
		if (row == NULL)
			return TS_E_INTERNAL;
		cut_leaf = row->cut_leaf;
	}
	TS_TRY(ts_invoice_json(invoice, s->region, &json, &len));
	ts_sha256(json, len, &s->document);
	struct ts_db_document document = {.number = invoice->head.number,
		.kind = (int16_t)invoice->kind,
		.period = s->period,
		.cut_leaf = cut_leaf,
		.issue_leaf = a->event.leaf,
		.issue_day = invoice->head.issue_day,
		.due_day = invoice->head.due_day,
		.currency = invoice->terms->currency->code,
		.subtotal_minor = invoice->subtotal_minor,
		.tax_minor = invoice->tax_minor,
		.total_minor = invoice->total_minor,
		.sha256 = s->document,
		.json = {json, len}};
	TS_TRY(ts_db_document_reserve(a->db, s->contract.contract_id, document.number,
		document.period, document.cut_leaf, document.issue_leaf, why));
	TS_TRY(ts_db_document_issue(a->db, s->contract.contract_id, &document, why));
	const struct ts_rendering rendering = {.contract_id = s->contract.contract_id,
		.invoice = invoice,
		.key = s->app->document_key,
		.now_us = s->now_us,
		.region = s->region};
	return ts_rendering_store(&rendering, a->db, &s->ubl_refusals, why);
}

/* Whether the period's usage is all there, as of the cut's N. */
static enum ts_err keep_completeness(
	struct attempt *a, const struct ts_period *period, struct ts_why *why)
{
	const struct ts_complete_cut cut = {.contract_id = a->s->contract.contract_id,
		.period = a->s->period,
		.leaf = a->event.leaf,
		.at_us = a->event.at_us,
		.from_us = period->from_us,
		.to_us = period->to_us,
		.log = &a->log,
		.hasher = &a->s->session->hasher};
	return ts_complete_keep(a->db, &cut, why);
}

/* What the companies will seal, and what the period's document will say about the journal. */
static enum ts_err keep_state(struct attempt *a, const struct ts_period *period, struct ts_why *why)
{
	struct ts_hash root;
	struct ts_usage_cell *cells = NULL;
	struct ts_period_state state = {.contract = a->s->contract.public_id,
		.contract_id = a->s->contract.contract_id,
		.period = a->s->period,
		.cut = a->event.leaf,
		.at_ms = a->event.at_us / TS_US_PER_MS,
		.from_ms = period->from_us / TS_US_PER_MS,
		.to_ms = period->to_us / TS_US_PER_MS,
		.log = &a->log,
		.ledger = a->ledger};
	TS_TRY(ts_db_log_head(
		a->db, state.contract_id, TS_DB_LOCK_JOURNAL, &state.journal, &root, why));
	TS_TRY(ts_db_period_cut_add(
		a->db, state.contract_id, state.period, state.journal.size, &root, why));
	TS_TRY(ts_db_cell_range(a->db, state.contract_id, period->to_us, INT64_MAX,
		ts_ledger_needs(a->ledger), a->s->region, &cells, &state.cells_n, why));
	state.cells = cells;
	return ts_period_state_keep(a->db, &state, why);
}

static enum ts_err post(struct attempt *a, struct ts_invoice_head *head, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	switch (a->kind) {
	case TS_SETTLE_TICK:
		TS_TRY(ts_ledger_tick(a->ledger, &a->event, &a->postings, why));
		break;
	case TS_SETTLE_CUT:
		TS_TRY(ts_ledger_cut(a->ledger, &a->event, &a->postings, why));
		break;
	case TS_SETTLE_ISSUE:
		TS_TRY(contract_note(a, head, why));
		TS_TRY(ts_ledger_issue(a->ledger, &a->event, head, &s->invoice, &a->postings, why));
		TS_TRY(store_document(a, why));
		break;
	case TS_SETTLE_PREPAYMENT:
		TS_TRY(contract_note(a, head, why));
		TS_TRY(ts_ledger_prepayment_issue(
			a->ledger, &a->event, a->item, head, &s->invoice, &a->postings, why));
		TS_TRY(store_document(a, why));
		break;
	}
	TS_TRY(append(a, why));
	struct ts_db_thresholds steps = {NULL, 0};
	if (a->kind != TS_SETTLE_ISSUE)
		TS_TRY(ts_threshold_steps(a->ledger, &a->before.reached, s->region, &steps, why));
	TS_TRY(ts_db_ledger_store(
		a->db, s->contract.contract_id, a->ledger, &a->news.keys, &steps, why));
	if (a->kind != TS_SETTLE_CUT)
		return TS_OK;
	struct ts_period period;
	TS_TRY(ts_ledger_period_get(a->ledger, s->period, &period));
	TS_TRY(keep_completeness(a, &period, why));
	return keep_state(a, &period, why);
}

/* What both companies are told of the event; a tick is no news. */
static enum ts_err tell(struct attempt *a, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	struct ts_period period;
	char name[TS_TIME_CHARS];
	const char *data = NULL;
	bool cut = a->kind == TS_SETTLE_CUT;
	if (a->kind == TS_SETTLE_TICK)
		return TS_OK;
	TS_TRY(ts_ledger_period_get(a->ledger, s->period, &period));
	json_t *json = json_pack("{s:s,s:s,s:i,s:I}", "contract", s->contract.public_id, "period",
		ts_period_name(&period, name), "index", s->period, "leaf",
		(json_int_t)a->event.leaf);
	if (json != NULL && !cut)
		(void)json_object_update_new(json,
			json_pack("{s:s,s:s,s:o,s:s,s:o,s:o}", "number", s->invoice->head.number,
				"kind", ts_document_kind_name(s->invoice->kind), "due_date",
				ts_json_day(s->invoice->head.due_day), "currency",
				s->terms->currency->code, "total",
				ts_json_money(s->invoice->total_minor, s->terms->currency),
				"sha256", ts_json_hash(&s->document)));
	TS_TRY(ts_handler_data(s->region, json, &data));
	return ts_db_outbox_add(a->db, s->contract.contract_id,
		cut ? TS_DB_EVENT_PERIOD_CUT : TS_DB_EVENT_DOCUMENT_ISSUED, a->event.at_us, data,
		why);
}

static enum ts_err store_answer(struct attempt *a, struct ts_why *why)
{
	struct ts_settle *s = a->s;
	struct ts_buf body;
	if (s->key == NULL || s->keyless)
		return TS_OK;
	ts_buf_init(&body, TS_BODY_JSON_MAX);
	enum ts_err err = s->answer(s, &body, why);
	char *copy = err == TS_OK ? ts_region_copy(s->region, body.data, body.len) : NULL;
	s->stored = (struct ts_db_answer){
		s->kind == TS_SETTLE_ISSUE || s->kind == TS_SETTLE_PREPAYMENT ? 201 : 200,
		"application/json", {copy, body.len}};
	if (err == TS_OK)
		err = copy == NULL ? TS_E_NO_MEMORY
				   : ts_db_idempotency_answer(a->db, s->key, &s->stored, why);
	ts_buf_free(&body);
	return err;
}

static enum ts_err settle_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_settle *s = arg;
	struct attempt a = {.s = s, .db = db};
	struct ts_invoice_head head = {0};
	struct ts_settle_news news = {.any = false};
	bool keyed = s->key != NULL && !s->keyless;
	s->replayed = s->done = s->more = false;
	if (keyed)
		TS_TRY(ts_db_idempotency_reserve(
			db, s->key, s->region, &s->replayed, &s->stored, why));
	if (s->replayed)
		return TS_OK;
	TS_TRY(ts_db_lock_take(db, s->contract.contract_id, TS_DB_LOCK_SETTLE, why));
	TS_TRY(ts_settle_read(db, s->contract.contract_id, s->region, &a.before, why));
	a.terms = a.before.terms;
	a.terms_n = a.before.terms_n;
	s->ledger = a.ledger = a.before.ledger;
	s->terms = a.terms[0];
	TS_TRY(plan(&a, why));
	if (keyed && s->more) /* undoes the reservation */
		return ts_why(why, TS_E_CONFLICT, "backlog", "it needs several ticks");
	if (s->keyless && !s->more) { /* another one's tick was faster: go on with the key */
		s->more = true;
		return TS_OK;
	}
	if (a.kind == TS_SETTLE_PREPAYMENT) {
		TS_TRY(ts_settle_prepayment_head(
			a.ledger, a.item, a.event.at_us, s->region, &head, why));
	} else if (s->kind != TS_SETTLE_ISSUE) {
		TS_TRY(ts_settle_news(&a.news, &news, why));
		if (s->only_if_new && !news.any && !s->more &&
			a.event.day == ts_ledger_head(a.ledger)->day)
			return TS_OK;
		/* A party's event is folded no earlier than it was written. */
		if (news.at_ms * TS_US_PER_MS > a.event.at_us)
			a.event.at_us = news.at_ms * TS_US_PER_MS;
		TS_TRY(ts_settle_fold(db, s, a.ledger, &a.event, &a.news, why));
	} else {
		TS_TRY(issue_head(&a, &head, why));
		TS_TRY(issue_complete(&a, &head, why));
	}
	TS_TRY(sign_event(&a, &head, why));
	TS_TRY(post(&a, &head, why));
	s->done = true;
	s->leaf = a.event.leaf;
	s->to = ts_ledger_head(a.ledger)->inputs_to;
	s->settled_day = ts_ledger_head(a.ledger)->day;
	s->entries = (int64_t)a.postings.n;
	TS_TRY(tell(&a, why));
	return store_answer(&a, why);
}

enum ts_err ts_settle_step(struct ts_settle *s, struct ts_why *why)
{
	struct ts_db_scope scope = {.contracts = &s->contract.contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.party_id = s->key != NULL ? s->key->party_id : 0};
	ts_region_reset(s->region);
	struct ts_db_spent before = ts_db_spent(s->session->db);
	enum ts_err err = ts_db_tx(s->session->db, &scope, settle_tx, s, why);
	if (err == TS_E_CONFLICT && s->key != NULL && s->more) {
		/* The key stands for the whole, and is written with the last event. */
		s->keyless = true;
		err = ts_db_tx(s->session->db, &scope, settle_tx, s, why);
		s->keyless = false;
	}
	s->spent = ts_db_spent(s->session->db);
	s->spent.statements -= before.statements;
	s->spent.wait_us -= before.wait_us;
	TS_TRY(err);
	if (!s->done)
		return TS_OK;
	if (s->more) {
		s->entries_before += s->entries;
		s->ticks_before++;
	}
	TS_TRY(ts_checkpoints_sign(s->app, s->session, &s->contract, s->now_us, why));
	if (s->kind != TS_SETTLE_TICK && !s->more)
		ts_witnesser_poke(s->app->witnesser, s->contract.contract_id);
	return TS_OK;
}

enum ts_err ts_settle_run(struct ts_settle *s, struct ts_why *why)
{
	do
		TS_TRY(ts_settle_step(s, why));
	while (s->more);
	return TS_OK;
}
