/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/statement.h"

#include "base/time.h"
#include "evidence/statement_text.h"

#include <string.h>

#define QUARTER_MS (TS_US_PER_QUARTER / TS_US_PER_MS)
#define WINDOW_MS_MIN 60000

static const char CONTRACT_V1[] = "tallystick/contract/v1";
static const char KEY_V1[] = "tallystick/key/v1";
static const char PERIOD_V1[] = "tallystick/period/v1";
static const char RESERVATION_V1[] = "tallystick/reservation/v1";

enum ts_statement_kind ts_statement_kind(struct ts_str text)
{
	static const struct {
		const char *text;
		enum ts_statement_kind kind;
	} formats[] = {
		{CONTRACT_V1, TS_STATEMENT_CONTRACT},
		{KEY_V1, TS_STATEMENT_KEY},
		{"tallystick/event/v1", TS_STATEMENT_EVENT},
		{PERIOD_V1, TS_STATEMENT_PERIOD},
		{"tallystick/revoke/v1", TS_STATEMENT_REVOKE},
		{"tallystick/reattest/v1", TS_STATEMENT_REATTEST},
		{RESERVATION_V1, TS_STATEMENT_RESERVATION},
	};
	struct ts_str line;
	if (!ts_str_line(&text, &line))
		return TS_STATEMENT_NONE;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (ts_str_is(line, formats[i].text))
			return formats[i].kind;
	return TS_STATEMENT_NONE;
}

void ts_statement_hash(struct ts_str text, struct ts_hash *out)
{
	ts_sha256(text.at, text.len, out);
}

enum ts_err ts_contract_statement_parse(
	struct ts_str text, struct ts_contract_statement *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_contract_statement s = {.has_previous = true};
	ts_read_begin(&r, text, CONTRACT_V1, why);
	s.contract = ts_read_contract_line(&r);
	s.version = ts_read_integer_line(&r, "version");
	ts_read_enter(&r, "previous");
	if (ts_read_dash(&r))
		s.has_previous = false;
	else
		s.previous = ts_read_hash(&r);
	ts_read_leave(&r);
	ts_read_enter(&r, "terms");
	s.terms = ts_read_hash(&r);
	ts_read_leave(&r);
	ts_read_interval_line(&r, "effective", &s.from_ms, &s.to_ms);
	s.offer_until_ms = ts_read_instant_line(&r, "offer-until");
	ts_read_require(&r, s.version >= 1, "version", "versions count from 1");
	ts_read_require(&r, s.has_previous == (s.version > 1), "previous",
		"version 1 has none, every other names the one before");
	ts_read_require(&r,
		s.from_ms % QUARTER_MS == 0 && (s.to_ms == TS_OPEN_MS || s.to_ms % QUARTER_MS == 0),
		"effective", "an edge is not on the UTC quarter-hour grid");
	TS_TRY(ts_read_end(&r));
	*out = s;
	return TS_OK;
}

static void previous_line(struct ts_reader *r, struct ts_key_statement *s)
{
	ts_read_enter(r, "previous");
	s->has_previous = !ts_read_dash(r);
	if (!s->has_previous)
		return;
	s->previous.origin = ts_read_word(r);
	s->previous.size = ts_read_integer(r);
	s->previous.root = ts_read_root(r);
	ts_read_leave(r);
}

/* What the fields of a key statement must have to do with each other. */
static void check_key_statement(struct ts_reader *r, const struct ts_key_statement *s)
{
	struct ts_why inner;
	const struct ts_origin *parts = &s->origin_parts;
	if (r->err != TS_OK)
		return;
	ts_read_require(
		r, ts_str_eq(parts->contract, s->contract), "origin", "it names another contract");
	ts_read_require(
		r, ts_str_is(s->origin, s->key.name), "vkey", "the key's name is not the origin");
	ts_read_require(r, s->key.type == TS_KEY_ED25519, "vkey", "the key type is not 0x01");
	if (r->err == TS_OK && ts_key_acceptable(&s->key, &inner) != TS_OK) {
		r->name = "vkey";
		ts_read_fail(r, TS_E_KEY, inner.text);
	}
	if (r->err == TS_OK && ts_scope_check(&s->scope, &inner) != TS_OK) {
		r->name = "scope";
		ts_read_fail(r, TS_E_MALFORMED, inner.text);
	}
	struct ts_usage anything = {.sku = TS_STR("-"), .resource = TS_STR("-")};
	struct ts_scope clusters = {s->scope.clusters, TS_STR("-"), TS_STR("-")};
	ts_read_require(r, ts_scope_contains(&clusters, parts->cluster, &anything), "scope",
		"the origin's cluster is not in the scope");
	ts_read_require(r, s->window_ms >= WINDOW_MS_MIN && s->window_ms <= TS_RECORD_SPAN_MS_MAX,
		"window", "a window is 60000 ms to 31 days long");
	ts_read_require(r, s->has_previous == (parts->generation > 1), "previous",
		"generation 1 has none, every other names the one before");
	if (r->err != TS_OK || !s->has_previous)
		return;
	struct ts_origin before = *parts;
	char expected[TS_ORIGIN_MAX + 1];
	before.generation--;
	ts_read_require(r,
		ts_origin_format(&before, expected) == TS_OK &&
			ts_str_is(s->previous.origin, expected),
		"previous", "not the origin of the generation before");
}

enum ts_err ts_key_statement_parse(
	struct ts_str text, struct ts_key_statement *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_why inner;
	struct ts_key_statement s;
	memset(&s, 0, sizeof(s));
	ts_read_begin(&r, text, KEY_V1, why);
	s.contract = ts_read_contract_line(&r);
	s.origin = ts_read_word_line(&r, "origin");
	if (r.err == TS_OK && ts_origin_parse(s.origin, &s.origin_parts, &inner) != TS_OK)
		ts_read_fail(&r, TS_E_MALFORMED, inner.text);
	struct ts_str vkey = ts_read_word_line(&r, "vkey");
	if (r.err == TS_OK && ts_key_parse(vkey, &s.key, &inner) != TS_OK)
		ts_read_fail(&r, TS_E_MALFORMED, inner.text);
	s.side = ts_read_side_line(&r, "side");
	s.scope.clusters = ts_read_word_line(&r, "scope clusters");
	s.scope.resources = ts_read_word_line(&r, "scope resources");
	s.scope.skus = ts_read_word_line(&r, "scope skus");
	s.window_ms = ts_read_integer_line(&r, "window");
	ts_read_interval_line(&r, "active", &s.active_from_ms, &s.active_to_ms);
	s.from_ms = ts_read_instant_line(&r, "from_ms");
	previous_line(&r, &s);
	check_key_statement(&r, &s);
	TS_TRY(ts_read_end(&r));
	*out = s;
	return TS_OK;
}

const char *ts_side_name(enum ts_side side)
{
	return side == TS_SIDE_PROVIDER ? "provider" : "consumer";
}

enum ts_err ts_period_statement_parse(
	struct ts_str text, struct ts_period_statement *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_period_statement s;
	memset(&s, 0, sizeof(s));
	ts_read_begin(&r, text, PERIOD_V1, why);
	s.contract = ts_read_contract_line(&r);
	s.book = ts_read_side_line(&r, "book");
	s.through = ts_read_date_line(&r, "through");
	s.cut = ts_read_integer_line(&r, "cut");
	ts_read_enter(&r, "state");
	s.state = ts_read_hash(&r);
	ts_read_leave(&r);
	TS_TRY(ts_read_end(&r));
	*out = s;
	return TS_OK;
}

enum ts_err ts_reservation_parse(struct ts_str text, struct ts_reservation *out, struct ts_why *why)
{
	struct ts_reader r;
	struct ts_reservation s;
	memset(&s, 0, sizeof(s));
	ts_read_begin(&r, text, RESERVATION_V1, why);
	s.contract = ts_read_contract_line(&r);
	s.book = ts_read_side_line(&r, "book");
	s.through = ts_read_date_line(&r, "through");
	ts_read_enter(&r, "statement");
	s.statement = ts_read_hash(&r);
	ts_read_leave(&r);
	s.reason = ts_read_reason_line(&r, "reason");
	TS_TRY(ts_read_end(&r));
	*out = s;
	return TS_OK;
}

enum ts_verdict ts_key_statement_verdict(
	const struct ts_key_statement *statement, const struct ts_usage *usage)
{
	if (statement->side != TS_SIDE_PROVIDER)
		return TS_VERDICT_NOT_PROVIDER;
	if (!ts_scope_contains(&statement->scope, statement->origin_parts.cluster, usage))
		return TS_VERDICT_OUT_OF_SCOPE;
	if (usage->start_ms < statement->from_ms)
		return TS_VERDICT_BEFORE_FROM;
	if (usage->start_ms < statement->active_from_ms ||
		usage->start_ms >= statement->active_to_ms)
		return TS_VERDICT_NOT_ACTIVE;
	return TS_VERDICT_IN_SCOPE;
}
