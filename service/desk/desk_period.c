/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: each company shuts its own book through the last day of a cut period, by its own
 * signature; the other company's signature over the same text, or its reservations, are a state of
 * their own that never holds up the close. */
#include "service/desk/desk.h"
#include "service/handler/handler.h"
#include "store/ledger_state.h"
#include "store/log.h"
#include "store/seal.h"

static enum ts_book book_of(enum ts_side side)
{
	return side == TS_SIDE_PROVIDER ? TS_BOOK_PROVIDER : TS_BOOK_CONSUMER;
}

static enum ts_err period_read(struct ts_desk *desk, struct ts_why *why)
{
	TS_TRY(ts_period_statement_parse(desk->text, &desk->is.period, why));
	desk->about = desk->is.period.contract;
	return TS_OK;
}

static enum ts_err period_owner(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	(void)why;
	*out = desk->is.period.book;
	return TS_OK;
}

/* The cut that the statement names, with a document that is issued. */
static enum ts_err find_cut(struct ts_desk *desk, int32_t *period, struct ts_why *why)
{
	struct ts_period_row *rows = NULL;
	size_t n = 0;
	TS_TRY(ts_db_period_list(
		desk->db, desk->contract.contract_id, desk->region, &rows, &n, why));
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].cut || rows[i].cut_leaf != desk->is.period.cut)
			continue;
		*period = rows[i].index;
		return rows[i].issued ? TS_OK
				      : ts_why(why, TS_E_CONFLICT, "cut",
						"the document of this cut is not issued yet");
	}
	return ts_why(why, TS_E_NOT_FOUND, "cut", "leaf %lld is no cut of this contract",
		(long long)desk->is.period.cut);
}

static enum ts_err last_day(struct ts_desk *desk, int32_t period, int32_t *out, struct ts_why *why)
{
	struct ts_period days;
	struct ts_ledger *calendar = NULL;
	TS_TRY(ts_handler_calendar(
		desk->db, desk->contract.contract_id, desk->region, &calendar, why));
	if (ts_ledger_period_get(calendar, period, &days) != TS_OK)
		return ts_why(why, TS_E_INTERNAL, "period", "a cut of no period");
	*out = days.end_day - 1;
	return TS_OK;
}

/* In order of days, without a gap. */
static enum ts_err check_order(struct ts_desk *desk, int32_t period, struct ts_why *why)
{
	const struct ts_period_statement *s = &desk->is.period;
	int32_t end = 0, before = INT32_MIN, sealed = INT32_MIN;
	char text[TS_TIME_CHARS];
	TS_TRY(last_day(desk, period, &end, why));
	if (s->through != end)
		return ts_why(why, TS_E_INVALID, "through", "the last day of this period is %s",
			ts_date_format(end, text));
	if (period > 0)
		TS_TRY(last_day(desk, period - 1, &before, why));
	TS_TRY(ts_db_seal_through(
		desk->db, desk->contract.contract_id, book_of(s->book), &sealed, why));
	if (sealed >= end)
		return ts_why(why, TS_E_CONFLICT, "through", "this book is sealed through %s",
			ts_date_format(sealed, text));
	if (sealed != before)
		return ts_why(
			why, TS_E_CONFLICT, "through", "the period before is to be sealed first");
	return TS_OK;
}

static enum ts_err period_check(struct ts_desk *desk, struct ts_why *why)
{
	struct ts_hash state;
	int64_t cut = 0;
	int32_t period = 0;
	TS_TRY(find_cut(desk, &period, why));
	TS_TRY(check_order(desk, period, why));
	TS_TRY(ts_db_state_get(desk->db, desk->contract.contract_id, period, desk->region, &cut,
		&state, NULL, why));
	if (!ts_hash_eq(&state, &desk->is.period.state))
		return ts_why(why, TS_E_MISMATCH, "state",
			"the state at this cut has another hash (GET .../periods/{period}/state)");
	return TS_OK;
}

static enum ts_err period_apply(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_period_statement *s = &desk->is.period;
	struct ts_db_leaf_row *rows = NULL;
	size_t n = 0;
	int64_t id = desk->contract.contract_id;
	if (desk->counter)
		return ts_db_seal_answer_add(desk->db, id, book_of(s->book), s->through, desk->leaf,
			(struct ts_str){NULL, 0}, desk->now_us, why);
	TS_TRY(ts_db_log_leaves(desk->db, id, TS_DB_LOCK_INPUTS, desk->leaf, desk->leaf + 1,
		TS_LEAF_PERIOD, 1, desk->region, &rows, &n, why));
	if (n != 1)
		return ts_why(why, TS_E_INTERNAL, "leaf", "the seal's leaf is not there");
	return ts_db_seal_add(
		desk->db, id, book_of(s->book), s->through, desk->leaf, rows[0].data, why);
}

const struct ts_desk_kind ts_desk_period = {
	.name = "period",
	.format = TS_STATEMENT_PERIOD,
	.leaf = TS_LEAF_PERIOD,
	.signers = TS_DESK_COUNTER,
	.read = period_read,
	.owner = period_owner,
	.check = period_check,
	.apply = period_apply,
};

/* --- reservations --- */

static enum ts_err reservation_read(struct ts_desk *desk, struct ts_why *why)
{
	TS_TRY(ts_reservation_parse(desk->text, &desk->is.reservation, why));
	desk->about = desk->is.reservation.contract;
	return TS_OK;
}

static enum ts_err reservation_owner(struct ts_desk *desk, enum ts_side *out, struct ts_why *why)
{
	(void)why;
	*out = desk->is.reservation.book == TS_SIDE_PROVIDER ? TS_SIDE_CONSUMER : TS_SIDE_PROVIDER;
	return TS_OK;
}

static enum ts_err reservation_check(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_reservation *s = &desk->is.reservation;
	struct ts_db_seal *seals = NULL;
	struct ts_note note;
	struct ts_hash hash;
	size_t n = 0;
	TS_TRY(ts_db_seal_list(
		desk->db, desk->contract.contract_id, desk->region, &seals, &n, why));
	for (size_t i = 0; i < n; i++) {
		if (seals[i].book != book_of(s->book) || seals[i].through != s->through)
			continue;
		TS_TRY(ts_note_parse(seals[i].note, &note, why));
		ts_statement_hash(note.text, &hash);
		if (!ts_hash_eq(&hash, &s->statement))
			return ts_why(why, TS_E_MISMATCH, "statement",
				"the seal of that book and day has another hash");
		if (seals[i].countersigned_leaf >= 0)
			return ts_why(why, TS_E_CONFLICT, "statement",
				"it was countersigned by leaf %lld",
				(long long)seals[i].countersigned_leaf);
		return TS_OK;
	}
	return ts_why(why, TS_E_NOT_FOUND, "through", "that book is not sealed through that day");
}

static enum ts_err reservation_apply(struct ts_desk *desk, struct ts_why *why)
{
	const struct ts_reservation *s = &desk->is.reservation;
	return ts_db_seal_answer_add(desk->db, desk->contract.contract_id, book_of(s->book),
		s->through, desk->leaf, s->reason, desk->now_us, why);
}

const struct ts_desk_kind ts_desk_reservation = {
	.name = "reservation",
	.format = TS_STATEMENT_RESERVATION,
	.leaf = TS_LEAF_RESERVATION,
	.signers = TS_DESK_OWNER,
	.read = reservation_read,
	.owner = reservation_owner,
	.check = reservation_check,
	.apply = reservation_apply,
};
