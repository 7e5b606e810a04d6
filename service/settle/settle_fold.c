/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/settle_fold.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "store/cell.h"
#include "store/log.h"

#define BATCHES_PER_READ 200
#define PAGE_BYTES_MAX (256u << 20)

struct fold {
	const struct ts_settle_case *of;
	struct ts_region *region; /* the statements */
	struct ts_region *page; /* rows of batches that wait for their turn */
	struct ts_settle_judge *judge; /* made when there is something to decide */
};

static enum ts_err party_event(
	const struct ts_db_leaf_row *leaf, struct ts_settle_news *news, struct ts_why *why)
{
	enum ts_leaf_kind kind;
	struct ts_note note;
	struct ts_event event;
	TS_TRY(ts_leaf_parse(leaf->data, &kind, &note, why));
	TS_TRY(ts_event_parse(note.text, &event, why));
	if (ts_event_signer(event.kind) == TS_SIGNED_BY_OPERATOR)
		return TS_OK;
	news->any = true;
	if (event.at_ms > news->at_ms)
		news->at_ms = event.at_ms;
	return TS_OK;
}

enum ts_err ts_settle_news(
	const struct ts_db_news *leaves, struct ts_settle_news *news, struct ts_why *why)
{
	*news = (struct ts_settle_news){.any = leaves->batches > 0};
	for (size_t i = 0; i < leaves->leaves_n; i++)
		if (leaves->leaves[i].kind == TS_LEAF_EVENT)
			TS_TRY(party_event(&leaves->leaves[i], news, why));
		else
			news->any = true;
	return TS_OK;
}

/* The event's leaves that are no uploads. */
static enum ts_err statements(const struct ts_settle_case *of, struct ts_region *region,
	struct ts_db_leaf_row **out, size_t *n, struct ts_why *why)
{
	if (of->news == NULL)
		return ts_db_log_statements(of->db, of->contract_id, of->event->from, of->event->to,
			region, out, n, why);
	*out = of->news->leaves;
	*n = of->news->leaves_n;
	return TS_OK;
}

static enum ts_err need_judge(struct fold *f, struct ts_why *why)
{
	return f->judge != NULL ? TS_OK : ts_settle_judge_create(f->of, &f->judge, why);
}

/* Batches of leaves [from, to) that have something to decide; the others cost nothing here. */
static enum ts_err judge_batches(struct fold *f, int64_t from, int64_t to, struct ts_why *why)
{
	size_t n = BATCHES_PER_READ;
	while (n == BATCHES_PER_READ && from < to) {
		struct ts_db_batch *batches = NULL;
		ts_region_reset(f->page);
		TS_TRY(ts_db_batch_judged(f->of->db, f->of->contract_id, from, to, BATCHES_PER_READ,
			f->page, &batches, &n, why));
		if (n == 0)
			break;
		TS_TRY(need_judge(f, why));
		TS_TRY(ts_settle_judge_batches(f->judge, batches, n, why));
		from = batches[n - 1].leaf + 1;
	}
	return TS_OK;
}

static bool decides(const struct ts_db_leaf_row *leaf)
{
	return leaf->kind == TS_LEAF_KEY || leaf->kind == TS_LEAF_REVOKE ||
	       leaf->kind == TS_LEAF_REATTEST || leaf->kind == TS_LEAF_EVENT;
}

static enum ts_err judge_leaves(struct fold *f, struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	size_t n = 0;
	int64_t from = f->of->event->from;
	bool any = f->of->news == NULL || f->of->news->judged > 0;
	TS_TRY(statements(f->of, f->region, &leaves, &n, why));
	for (size_t i = 0; i < n; i++) {
		struct ts_settle_news news = {.any = false};
		if (!decides(&leaves[i]))
			continue;
		if (leaves[i].kind == TS_LEAF_EVENT)
			TS_TRY(party_event(&leaves[i], &news, why));
		if (leaves[i].kind == TS_LEAF_EVENT && !news.any)
			continue;
		any = true; /* what it decides may give later uploads something to decide */
		TS_TRY(judge_batches(f, from, leaves[i].index, why));
		from = leaves[i].index + 1;
		TS_TRY(need_judge(f, why));
		TS_TRY(ts_settle_judge_statement(f->judge, leaves[i].index, leaves[i].data, why));
	}
	if (any)
		TS_TRY(judge_batches(f, from, f->of->event->to, why));
	return f->judge == NULL ? TS_OK : ts_settle_judge_finish(f->judge, why);
}

/* The companies' notices among the event's leaves. */
static enum ts_err notices(struct ts_region *region, const struct ts_db_leaf_row *leaves, size_t n,
	struct ts_ledger_notice **out, size_t *out_n, struct ts_why *why)
{
	struct ts_ledger_notice *list = ts_region_array(region, n + 1, sizeof *list);
	*out_n = 0;
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		enum ts_leaf_kind kind;
		struct ts_note note;
		struct ts_event event;
		if (leaves[i].kind != TS_LEAF_EVENT)
			continue;
		TS_TRY(ts_leaf_parse(leaves[i].data, &kind, &note, why));
		TS_TRY(ts_event_parse(note.text, &event, why));
		if (event.kind == TS_EVENT_NOTICE)
			list[(*out_n)++] = (struct ts_ledger_notice){
				leaves[i].index, event.end_ms * TS_US_PER_MS};
	}
	*out = list;
	return TS_OK;
}

static enum ts_err event_of(
	const struct ts_db_leaf_row *leaf, struct ts_event *event, struct ts_why *why)
{
	enum ts_leaf_kind kind;
	struct ts_note note;
	TS_TRY(ts_leaf_parse(leaf->data, &kind, &note, why));
	return ts_event_parse(note.text, event, why);
}

/* Credits, settlements, claims and consents among them, behind what the event amends. */
static enum ts_err dealings(const struct ts_settle_case *of, const struct ts_db_leaf_row *leaves,
	size_t n, struct ts_why *why)
{
	for (size_t i = 0; i < n; i++) {
		struct ts_event event;
		struct ts_ledger_credit credit;
		struct ts_ledger_consent consent;
		if (leaves[i].kind != TS_LEAF_EVENT)
			continue;
		TS_TRY(event_of(&leaves[i], &event, why));
		if (ts_ledger_credit_read(&event, leaves[i].index, &credit))
			TS_TRY(ts_ledger_credit(of->ledger, of->event, &credit));
		else if (ts_ledger_consent_read(&event, leaves[i].index, &consent))
			TS_TRY(ts_ledger_consent(of->ledger, of->event, &consent, why));
	}
	return TS_OK;
}

/* Payments and refunds among them: the event will post them. */
static enum ts_err cash(const struct ts_settle_case *of, const struct ts_db_leaf_row *leaves,
	size_t n, struct ts_why *why)
{
	for (size_t i = 0; i < n; i++) {
		struct ts_event event;
		if (leaves[i].kind != TS_LEAF_EVENT)
			continue;
		TS_TRY(event_of(&leaves[i], &event, why));
		bool refund = event.kind == TS_EVENT_REFUND;
		const struct ts_ledger_cash row = {.leaf = leaves[i].index,
			.refund = refund,
			.about = refund ? event.prepayment : event.number,
			.currency = event.currency,
			.amount_minor = event.amount_minor,
			.day = event.date};
		if (refund || event.kind == TS_EVENT_PAYMENT)
			TS_TRY(ts_ledger_cash(of->ledger, &row, 1));
	}
	return TS_OK;
}

enum ts_err ts_settle_pending(struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger,
	struct ts_region *region, struct ts_why *why)
{
	const struct ts_settle_case of = {.db = db, .contract_id = contract_id, .ledger = ledger};
	struct ts_db_leaf_row *leaves = NULL;
	size_t n = 0;
	TS_TRY(ts_db_log_statements(db, contract_id, ts_ledger_head(ledger)->inputs_to, INT64_MAX,
		region, &leaves, &n, why));
	return cash(&of, leaves, n, why);
}

enum ts_err ts_settle_amend(
	const struct ts_settle_case *of, struct ts_region *region, struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	struct ts_ledger_notice *list = NULL;
	struct ts_usage_cell *cells = NULL;
	struct ts_ledger_amendment amendment;
	size_t leaves_n = 0, n = 0;
	TS_TRY(statements(of, region, &leaves, &leaves_n, why));
	TS_TRY(notices(region, leaves, leaves_n, &list, &n, why));
	TS_TRY(cash(of, leaves, leaves_n, why));
	ts_ledger_amends(of->ledger, of->event, list, n, &amendment);
	if (amendment.any) {
		TS_TRY(of->sink.counted(
			of->sink.ctx, amendment.from_us, amendment.to_us, region, &cells, &n, why));
		TS_TRY(ts_ledger_rematch(of->ledger, of->event, &amendment, cells, n, why));
	}
	return dealings(of, leaves, leaves_n, why);
}

enum ts_err ts_settle_decide(
	const struct ts_settle_case *settle_case, struct ts_region *region, struct ts_why *why)
{
	struct fold f = {.of = settle_case, .region = region};
	f.page = ts_region_create(PAGE_BYTES_MAX);
	if (f.page == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = judge_leaves(&f, why);
	ts_settle_judge_free(f.judge);
	ts_region_free(f.page);
	return err;
}

static enum ts_err store_verdicts(
	void *ctx, const struct ts_db_verdict *list, size_t n, struct ts_why *why)
{
	struct ts_settle_case *c = ctx;
	return ts_db_verdict_add(c->db, c->contract_id, list, n, why);
}

static enum ts_err store_handover(
	void *ctx, const struct ts_judge_handover *handover, struct ts_why *why)
{
	struct ts_settle_case *c = ctx;
	return ts_db_handover_add(c->db, c->contract_id, handover, why);
}

static enum ts_err store_cells(
	void *ctx, int64_t stream_id, const struct ts_cell *cells, size_t n, struct ts_why *why)
{
	struct ts_settle_case *c = ctx;
	return ts_db_cell_adjust(c->db, c->contract_id, stream_id, cells, n, why);
}

static enum ts_err stored_cells(void *ctx, int64_t from_us, int64_t to_us, struct ts_region *region,
	struct ts_usage_cell **out, size_t *n, struct ts_why *why)
{
	struct ts_settle_case *c = ctx;
	return ts_db_cell_range(c->db, c->contract_id, from_us, to_us, ts_ledger_needs(c->ledger),
		region, out, n, why);
}

enum ts_err ts_settle_fold(struct ts_db *db, struct ts_settle *s, struct ts_ledger *ledger,
	const struct ts_ledger_event *event, const struct ts_db_news *news, struct ts_why *why)
{
	struct ts_settle_case of = {.db = db,
		.hasher = &s->session->hasher,
		.contract_id = s->contract.contract_id,
		.ledger = ledger,
		.event = event,
		.news = news,
		.sink = {&of, store_verdicts, store_handover, store_cells, stored_cells}};
	struct ts_usage_cell *cells = NULL;
	size_t n = 0;
	if (event->from == event->to)
		return TS_OK;
	TS_TRY(ts_settle_amend(&of, s->region, why));
	if (news->batches > 0)
		TS_TRY(ts_db_cell_fold(db, of.contract_id, event->from, event->to,
			ts_ledger_needs(ledger), s->region, &cells, &n, why));
	TS_TRY(ts_ledger_fold(ledger, event, event->from, cells, n, why));
	return ts_settle_decide(&of, s->region, why);
}
