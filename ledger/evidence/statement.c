/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/statement.h"

#include "base/time.h"

#include <string.h>

#define TIME_MS_MAX (TS_TIME_MAX / TS_US_PER_MS)
#define QUARTER_MS (TS_US_PER_QUARTER / TS_US_PER_MS)
#define NUMBER_MAX 64
#define REASON_MAX 200
#define WINDOW_MS_MIN 60000

static const char CONTRACT_V1[] = "tallystick/contract/v1";
static const char KEY_V1[] = "tallystick/key/v1";
static const char EVENT_V1[] = "tallystick/event/v1";
static const char PERIOD_V1[] = "tallystick/period/v1";

enum ts_statement_kind ts_statement_kind(struct ts_str text)
{
	struct ts_str line;
	if (!ts_str_line(&text, &line))
		return TS_STATEMENT_NONE;
	if (ts_str_is(line, CONTRACT_V1))
		return TS_STATEMENT_CONTRACT;
	if (ts_str_is(line, KEY_V1))
		return TS_STATEMENT_KEY;
	if (ts_str_is(line, EVENT_V1))
		return TS_STATEMENT_EVENT;
	if (ts_str_is(line, PERIOD_V1))
		return TS_STATEMENT_PERIOD;
	return TS_STATEMENT_NONE;
}

void ts_statement_hash(struct ts_str text, struct ts_hash *out)
{
	ts_sha256(text.at, text.len, out);
}

/* A reader that goes line by line and value by value; the first failure sticks. */
struct reader {
	struct ts_str rest; /* lines not yet read */
	struct ts_str values; /* of the current line, not yet read */
	const char *name; /* of the current line */
	enum ts_err err;
	struct ts_why *why;
};

static void fail(struct reader *r, enum ts_err err, const char *rule)
{
	if (r->err != TS_OK)
		return;
	r->err = ts_why(r->why, err, r->name, "%s: %s", r->name, rule);
}

static void reader_init(
	struct reader *r, struct ts_str text, const char *format, struct ts_why *why)
{
	struct ts_str line;
	*r = (struct reader){.rest = text, .name = "format", .err = TS_OK, .why = why};
	if (text.len > TS_STATEMENT_BYTES_MAX)
		fail(r, TS_E_LIMIT, "the text is over 16384 bytes");
	else if (!ts_str_line(&r->rest, &line) || !ts_str_is(line, format))
		fail(r, TS_E_MALFORMED, "the first line names another format");
}

/* Enters the line `name ...`. */
static void enter(struct reader *r, const char *name)
{
	if (r->err != TS_OK)
		return;
	r->name = name;
	size_t len = strlen(name);
	struct ts_str line;
	if (!ts_str_line(&r->rest, &line) || line.len <= len + 1 ||
		memcmp(line.at, name, len) != 0 || line.at[len] != ' ') {
		fail(r, TS_E_MALFORMED, "this line is not here, where it belongs");
		return;
	}
	r->values = (struct ts_str){line.at + len + 1, line.len - len - 1};
}

/* The current line must be used up. */
static void leave(struct reader *r)
{
	if (r->err == TS_OK && r->values.at != NULL)
		fail(r, TS_E_MALFORMED, "more values than the line has");
}

/* One value: bytes 0x21-0x7E. */
static struct ts_str word(struct reader *r)
{
	struct ts_str none = {NULL, 0};
	if (r->err != TS_OK)
		return none;
	struct ts_str v = r->values.at == NULL ? none : ts_str_cut(&r->values, ' ');
	if (v.len == 0) {
		fail(r, TS_E_MALFORMED, "a value is missing");
		return none;
	}
	for (size_t i = 0; i < v.len; i++) {
		if ((unsigned char)v.at[i] <= 0x20 || (unsigned char)v.at[i] >= 0x7f) {
			fail(r, TS_E_MALFORMED, "a value has a byte outside 0x21-0x7e");
			return none;
		}
	}
	return v;
}

static bool dash(struct reader *r)
{
	if (r->err != TS_OK || !ts_str_is(r->values, "-"))
		return false;
	r->values = (struct ts_str){NULL, 0};
	return true;
}

static int64_t integer(struct reader *r)
{
	int64_t v = 0;
	struct ts_str text = word(r);
	if (r->err == TS_OK && ts_text_u63(text, &v) != TS_OK)
		fail(r, TS_E_MALFORMED, "not an integer without leading zeros");
	return v;
}

static int64_t instant_ms(struct reader *r)
{
	int64_t v = integer(r);
	if (r->err == TS_OK && v > TIME_MS_MAX)
		fail(r, TS_E_INVALID, "an instant after the year 9999");
	return v;
}

static int32_t date(struct reader *r)
{
	int32_t day = 0;
	struct ts_str text = word(r);
	if (r->err == TS_OK && ts_date_parse(text, &day) != TS_OK)
		fail(r, TS_E_MALFORMED, "not a date YYYY-MM-DD");
	return day;
}

static struct ts_hash hex_hash(struct reader *r)
{
	struct ts_hash h = {{0}};
	struct ts_str text = word(r);
	if (r->err == TS_OK && ts_text_unhex(text, h.b, TS_HASH_BYTES) != TS_OK)
		fail(r, TS_E_MALFORMED, "not 64 lower-case hex digits");
	return h;
}

static struct ts_str contract_line(struct reader *r)
{
	enter(r, "contract");
	struct ts_str id = word(r);
	leave(r);
	if (r->err == TS_OK && ts_contract_id_check(id, NULL) != TS_OK)
		fail(r, TS_E_MALFORMED, "a contract id has 32 lower-case hex digits");
	return id;
}

static int64_t integer_line(struct reader *r, const char *name)
{
	enter(r, name);
	int64_t v = integer(r);
	leave(r);
	return v;
}

static int64_t instant_line(struct reader *r, const char *name)
{
	enter(r, name);
	int64_t v = instant_ms(r);
	leave(r);
	return v;
}

static int32_t date_line(struct reader *r, const char *name)
{
	enter(r, name);
	int32_t day = date(r);
	leave(r);
	return day;
}

static struct ts_str word_line(struct reader *r, const char *name)
{
	enter(r, name);
	struct ts_str v = word(r);
	leave(r);
	return v;
}

static enum ts_side side_line(struct reader *r, const char *name)
{
	struct ts_str side = word_line(r, name);
	if (ts_str_is(side, "consumer"))
		return TS_SIDE_CONSUMER;
	if (!ts_str_is(side, "provider"))
		fail(r, TS_E_MALFORMED, "neither provider nor consumer");
	return TS_SIDE_PROVIDER;
}

static void require(struct reader *r, bool ok, const char *name, const char *rule)
{
	if (r->err != TS_OK || ok)
		return;
	r->name = name;
	fail(r, TS_E_INVALID, rule);
}

static enum ts_err finish(struct reader *r)
{
	if (r->err == TS_OK && r->rest.len != 0) {
		r->name = "end";
		fail(r, TS_E_MALFORMED, "more lines than the format has");
	}
	return r->err;
}

/* `name FROM TO|-`, FROM < TO. */
static void interval_line(struct reader *r, const char *name, int64_t *from_ms, int64_t *to_ms)
{
	enter(r, name);
	*from_ms = instant_ms(r);
	*to_ms = dash(r) ? TS_OPEN_MS : instant_ms(r);
	leave(r);
	require(r, *from_ms < *to_ms, name, "the end is not after the start");
}

enum ts_err ts_contract_statement_parse(
	struct ts_str text, struct ts_contract_statement *out, struct ts_why *why)
{
	struct reader r;
	struct ts_contract_statement s = {.has_previous = true};
	reader_init(&r, text, CONTRACT_V1, why);
	s.contract = contract_line(&r);
	s.version = integer_line(&r, "version");
	enter(&r, "previous");
	if (dash(&r))
		s.has_previous = false;
	else
		s.previous = hex_hash(&r);
	leave(&r);
	enter(&r, "terms");
	s.terms = hex_hash(&r);
	leave(&r);
	interval_line(&r, "effective", &s.from_ms, &s.to_ms);
	s.offer_until_ms = instant_line(&r, "offer-until");
	require(&r, s.version >= 1, "version", "versions count from 1");
	require(&r, s.has_previous == (s.version > 1), "previous",
		"version 1 has none, every other names the one before");
	require(&r,
		s.from_ms % QUARTER_MS == 0 && (s.to_ms == TS_OPEN_MS || s.to_ms % QUARTER_MS == 0),
		"effective", "an edge is not on the UTC quarter-hour grid");
	TS_TRY(finish(&r));
	*out = s;
	return TS_OK;
}

static void previous_line(struct reader *r, struct ts_key_statement *s)
{
	enter(r, "previous");
	s->has_previous = !dash(r);
	if (!s->has_previous)
		return;
	s->previous.origin = word(r);
	s->previous.size = integer(r);
	struct ts_str root = word(r);
	leave(r);
	size_t len = 0;
	if (r->err == TS_OK &&
		(ts_text_unbase64(root, s->previous.root.b, TS_HASH_BYTES, &len) != TS_OK ||
			len != TS_HASH_BYTES))
		fail(r, TS_E_MALFORMED, "the root is not the canonical base64 of 32 bytes");
}

/* What the fields of a key statement must have to do with each other. */
static void check_key_statement(struct reader *r, const struct ts_key_statement *s)
{
	struct ts_why inner;
	const struct ts_origin *parts = &s->origin_parts;
	if (r->err != TS_OK)
		return;
	require(r, ts_str_eq(parts->contract, s->contract), "origin", "it names another contract");
	require(r, ts_str_is(s->origin, s->key.name), "vkey", "the key's name is not the origin");
	require(r, s->key.type == TS_KEY_ED25519, "vkey", "the key type is not 0x01");
	if (r->err == TS_OK && ts_key_acceptable(&s->key, &inner) != TS_OK) {
		r->name = "vkey";
		fail(r, TS_E_KEY, inner.text);
	}
	if (r->err == TS_OK && ts_scope_check(&s->scope, &inner) != TS_OK) {
		r->name = "scope";
		fail(r, TS_E_MALFORMED, inner.text);
	}
	struct ts_usage anything = {.sku = TS_STR("-"), .resource = TS_STR("-")};
	struct ts_scope clusters = {s->scope.clusters, TS_STR("-"), TS_STR("-")};
	require(r, ts_scope_contains(&clusters, parts->cluster, &anything), "scope",
		"the origin's cluster is not in the scope");
	require(r, s->window_ms >= WINDOW_MS_MIN && s->window_ms <= TS_RECORD_SPAN_MS_MAX, "window",
		"a window is 60000 ms to 31 days long");
	require(r, s->has_previous == (parts->generation > 1), "previous",
		"generation 1 has none, every other names the one before");
	if (r->err != TS_OK || !s->has_previous)
		return;
	struct ts_origin before = *parts;
	char expected[TS_ORIGIN_MAX + 1];
	before.generation--;
	require(r,
		ts_origin_format(&before, expected) == TS_OK &&
			ts_str_is(s->previous.origin, expected),
		"previous", "not the origin of the generation before");
}

enum ts_err ts_key_statement_parse(
	struct ts_str text, struct ts_key_statement *out, struct ts_why *why)
{
	struct reader r;
	struct ts_why inner;
	struct ts_key_statement s;
	memset(&s, 0, sizeof(s));
	reader_init(&r, text, KEY_V1, why);
	s.contract = contract_line(&r);
	s.origin = word_line(&r, "origin");
	if (r.err == TS_OK && ts_origin_parse(s.origin, &s.origin_parts, &inner) != TS_OK)
		fail(&r, TS_E_MALFORMED, inner.text);
	struct ts_str vkey = word_line(&r, "vkey");
	if (r.err == TS_OK && ts_key_parse(vkey, &s.key, &inner) != TS_OK)
		fail(&r, TS_E_MALFORMED, inner.text);
	s.side = side_line(&r, "side");
	s.scope.clusters = word_line(&r, "scope clusters");
	s.scope.resources = word_line(&r, "scope resources");
	s.scope.skus = word_line(&r, "scope skus");
	s.window_ms = integer_line(&r, "window");
	interval_line(&r, "active", &s.active_from_ms, &s.active_to_ms);
	s.from_ms = instant_line(&r, "from_ms");
	previous_line(&r, &s);
	check_key_statement(&r, &s);
	TS_TRY(finish(&r));
	*out = s;
	return TS_OK;
}

const char *ts_event_kind_name(enum ts_event_kind kind)
{
	switch (kind) {
	case TS_EVENT_TICK:
		return "tick";
	case TS_EVENT_CUT:
		return "cut";
	case TS_EVENT_ISSUE:
		return "issue";
	case TS_EVENT_VOID:
		return "void";
	}
	return "";
}

const char *ts_side_name(enum ts_side side)
{
	return side == TS_SIDE_PROVIDER ? "provider" : "consumer";
}

static void read_number(struct reader *r, struct ts_event *e)
{
	e->number = word_line(r, "number");
	require(r, e->number.len <= NUMBER_MAX, "number", "it is over 64 bytes long");
}

static void read_event(struct reader *r, struct ts_event *e)
{
	switch (e->kind) {
	case TS_EVENT_TICK:
		e->from = integer_line(r, "from");
		e->to = integer_line(r, "to");
		e->day = date_line(r, "day");
		require(r, e->from <= e->to, "to", "it is under from");
		break;
	case TS_EVENT_CUT:
		enter(r, "period");
		e->period_from_ms = instant_ms(r);
		e->period_to_ms = instant_ms(r);
		leave(r);
		e->to = integer_line(r, "to");
		e->day = date_line(r, "day");
		require(r, e->period_from_ms < e->period_to_ms, "period",
			"the end is not after the start");
		require(r, e->period_from_ms % QUARTER_MS == 0 && e->period_to_ms % QUARTER_MS == 0,
			"period", "an edge is not on the UTC quarter-hour grid");
		break;
	case TS_EVENT_ISSUE:
		e->cut = integer_line(r, "cut");
		read_number(r, e);
		e->date = date_line(r, "date");
		e->due = date_line(r, "due");
		require(r, e->date <= e->due, "due", "it is before date");
		break;
	case TS_EVENT_VOID:
		e->cut = integer_line(r, "cut");
		read_number(r, e);
		enter(r, "reason");
		e->reason = r->err == TS_OK ? r->values : (struct ts_str){NULL, 0};
		require(r, e->reason.len <= REASON_MAX && ts_text_utf8(e->reason), "reason",
			"it is over 200 bytes or not UTF-8");
		break;
	}
}

enum ts_err ts_event_parse(struct ts_str text, struct ts_event *out, struct ts_why *why)
{
	static const enum ts_event_kind kinds[] = {
		TS_EVENT_TICK, TS_EVENT_CUT, TS_EVENT_ISSUE, TS_EVENT_VOID};
	struct reader r;
	struct ts_event e;
	bool known = false;
	memset(&e, 0, sizeof(e));
	reader_init(&r, text, EVENT_V1, why);
	e.contract = contract_line(&r);
	struct ts_str kind = word_line(&r, "kind");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !known; i++) {
		e.kind = kinds[i];
		known = ts_str_is(kind, ts_event_kind_name(e.kind));
	}
	if (!known)
		fail(&r, TS_E_MALFORMED, "none of tick, cut, issue, void");
	e.serial = integer_line(&r, "serial");
	e.at_ms = instant_line(&r, "at");
	require(&r, e.serial >= 1, "serial", "serials count from 1");
	if (known)
		read_event(&r, &e);
	TS_TRY(finish(&r));
	*out = e;
	return TS_OK;
}

enum ts_err ts_period_statement_parse(
	struct ts_str text, struct ts_period_statement *out, struct ts_why *why)
{
	struct reader r;
	struct ts_period_statement s;
	memset(&s, 0, sizeof(s));
	reader_init(&r, text, PERIOD_V1, why);
	s.contract = contract_line(&r);
	s.book = side_line(&r, "book");
	s.through = date_line(&r, "through");
	s.cut = integer_line(&r, "cut");
	enter(&r, "state");
	s.state = hex_hash(&r);
	leave(&r);
	TS_TRY(finish(&r));
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
