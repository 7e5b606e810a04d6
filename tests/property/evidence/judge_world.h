/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_JUDGE_WORLD_H
#define TS_TESTS_JUDGE_WORLD_H
/* Why: random histories of a contract's inputs log, and a naive oracle of which lines count: it
 * keeps nothing but the history and searches all of it for every question. Included once, hence
 * static. */
#include "support/test.h"

#include "evidence/judge.h"
#include "support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 12
#define LINES_MAX 400
#define LEAVES_MAX 400 /* of a history whose appends are cut into single lines */
#define STEPS 40
#define VERDICTS_MAX 20000
#define UNIT INT64_C(1000) /* ms */
#define CONTRACT "00112233445566778899aabbccddeeff"

enum fault {
	FAULT_NONE,
	FAULT_CONTESTED_R1, /* an r1 in a contested range keeps its effect */
	FAULT_PARKED_R1, /* an r1 can't reach a parked line */
	FAULT_RELEASE_FOR_GOOD, /* a release also undoes later parking */
	FAULT_EARLIER_RANGE, /* the first of a revocation and a re-attestation wins */
	FAULT_REVERSED_OCCUPIES, /* a reversed line still makes a duplicate of a new one */
	FAULT_STRADDLERS, /* no duplicates */
	FAULTS
};

enum step_kind { STEP_APPEND, STEP_KEY, STEP_REVOKE, STEP_REATTEST, STEP_RELEASE };
struct step { /* one leaf */
	enum step_kind kind;
	int stream;
	int64_t from, to; /* lines; revoke: covered, as a step */
	int64_t leaf; /* in the history at hand */
};
struct line {
	int stream;
	int64_t index;
	char text[256];
	bool listed; /* void for the stream's history */
	/* parsed */
	bool usage, reversal;
	struct ts_record record;
	/* oracle */
	int64_t leaf, parked_leaf;
	int by[LINES_MAX]; /* lines: r1s that reversed it */
	int by_n;
	/* judge */
	int count;
	int64_t judged_leaf;
};
struct stream {
	struct ts_key_statement statement;
	char origin[128];
	int64_t leaf; /* of its key step */
	int64_t n;
	int lines[LINES_MAX]; /* numbers */
	struct ts_judge_batch batches[LEAVES_MAX];
	int64_t batch_leaf[LEAVES_MAX];
	int batches_n;
};
struct world {
	struct stream streams[STREAMS_MAX];
	int streams_n;
	struct line lines[LINES_MAX];
	int lines_n;
	struct step steps[STEPS];
	int steps_n;
	/* a judged history */
	struct step leaves[LEAVES_MAX];
	int leaves_n;
	struct ts_judge_verdict verdicts[VERDICTS_MAX];
	int verdicts_n;
	struct ts_judge_handover handovers[STREAMS_MAX * STREAMS_MAX];
	int handovers_n;
	char *bytes; /* lines of all batches */
	size_t bytes_n;
	int64_t voids[LINES_MAX];
};

static struct ts_rng rng;
static struct world w;

static int64_t below(int64_t n)
{
	return (int64_t)ts_rng_below(&rng, (uint64_t)n);
}

/* --- random histories --- */

static const char *const agents[] = {"a", "b", "c", "all", "mirror"};
static const char *const resources[] = {"r1", "r2", "r1,r2", "-", "-"};

static void add_stream(int agent, int64_t generation, int64_t at)
{
	struct stream *s = &w.streams[w.streams_n++];
	struct ts_why why;
	int64_t from = generation == 1 && agent < 3 ? 0 : 20 + below(60);
	memset(s, 0, sizeof *s);
	snprintf(s->origin, sizeof s->origin, "x.example/" CONTRACT "/colo1/%s/g%lld",
		agents[agent], (long long)generation);
	s->statement = (struct ts_key_statement){.origin = ts_str(s->origin),
		.side = agent == 4 ? TS_SIDE_CONSUMER : TS_SIDE_PROVIDER,
		.scope = {TS_STR("-"), ts_str(resources[agent]), TS_STR("-")},
		.active_from_ms = generation == 1 ? from * UNIT : 0,
		.active_to_ms = below(3) == 0 ? 90 * UNIT : TS_OPEN_MS,
		.from_ms = from * UNIT};
	assert_ok(ts_origin_parse(s->statement.origin, &s->statement.origin_parts, &why));
	s->leaf = at;
}

static int64_t generations(int agent)
{
	int64_t n = 0;
	for (int i = 0; i < w.streams_n; i++)
		n += ts_str_is(w.streams[i].statement.origin_parts.agent, agents[agent]);
	return n;
}

static void random_usage(struct line *line)
{
	int64_t start = below(100) * UNIT + below(3) * 10;
	int64_t end = start + 1 + below(30) * UNIT;
	snprintf(line->text, sizeof line->text,
		"u1\t%lld\t%lld\tgpu\t0\t%lld\ton_demand\tw%lld\t%s\t-", (long long)start,
		(long long)end, (long long)below(1000), (long long)below(2),
		below(12) == 0 ? "x" : (below(2) == 0 ? "r1" : "r2"));
}

static void random_line(int stream)
{
	struct stream *s = &w.streams[stream];
	struct line *line = &w.lines[w.lines_n];
	const char *reason = NULL;
	memset(line, 0, sizeof *line);
	line->stream = stream;
	line->index = s->n;
	line->parked_leaf = -1;
	if (s->n == 0 && below(8) != 0) {
		char origin[sizeof s->origin]; /* the compiler takes parts of one object for one */
		memcpy(origin, s->origin, sizeof origin);
		snprintf(line->text, sizeof line->text, "g1\t%s\t%064d\t1", origin, 0);
	} else if (below(10) < 6) {
		random_usage(line);
		line->listed = below(15) == 0;
	} else if (below(10) < 8) {
		struct ts_str agent = s->statement.origin_parts.agent;
		snprintf(line->text, sizeof line->text,
			"r1\tx.example/" CONTRACT "/colo1/%.*s/g%lld\t%lld\twrong", (int)agent.len,
			agent.at, (long long)(1 + below(s->statement.origin_parts.generation + 1)),
			(long long)below(s->n + 2));
	} else {
		snprintf(line->text, sizeof line->text, "what is this");
	}
	if (ts_record_parse(ts_str(line->text), &line->record, &reason) == TS_OK &&
		ts_record_place(&line->record, s->statement.origin, s->n, NULL, &reason) == TS_OK &&
		!line->listed) {
		line->usage = line->record.tag == TS_RECORD_USAGE;
		line->reversal = line->record.tag == TS_RECORD_REVERSAL;
	}
	s->lines[s->n++] = w.lines_n++;
}

static void random_range(struct step *step)
{
	int64_t n = w.streams[step->stream].n;
	step->from = below(n + 1);
	step->to = step->from + below(n + 2 - step->from);
}

static void random_step(int at)
{
	struct step *step = &w.steps[at];
	int64_t dice = below(100);
	*step = (struct step){.kind = STEP_APPEND, .stream = (int)below(w.streams_n)};
	if (dice < 60) {
		step->from = w.streams[step->stream].n;
		for (int64_t n = 1 + below(6); n > 0 && w.lines_n < LINES_MAX; n--)
			random_line(step->stream);
		step->to = w.streams[step->stream].n;
	} else if (dice < 72 && w.streams_n < STREAMS_MAX) {
		int agent = (int)below(5);
		step->kind = STEP_KEY;
		step->stream = w.streams_n;
		add_stream(agent, generations(agent) + 1, at);
	} else if (dice < 82) {
		step->kind = STEP_REVOKE;
		step->from = below(at + 1);
	} else {
		step->kind = dice < 91 ? STEP_REATTEST : STEP_RELEASE;
		random_range(step);
	}
}

static void random_history(void)
{
	w.streams_n = w.lines_n = 0;
	for (int i = 0; i < 3; i++) {
		w.steps[i] = (struct step){.kind = STEP_KEY, .stream = i};
		add_stream(i == 2 ? 4 : i, 1, i);
	}
	for (w.steps_n = 3; w.steps_n < STEPS && w.lines_n < LINES_MAX - 8; w.steps_n++)
		random_step(w.steps_n);
}

/* --- the oracle --- */

struct range {
	int stream;
	enum step_kind kind;
	int64_t from, to, leaf;
};
static struct range ranges[STEPS];
static int ranges_n;
static enum fault fault;

static bool contested(int stream, int64_t index)
{
	bool out = false;
	for (int i = 0; i < ranges_n; i++) {
		const struct range *r = &ranges[i];
		if (r->stream != stream || r->kind == STEP_RELEASE || index < r->from ||
			index >= r->to)
			continue;
		out = r->kind == STEP_REVOKE;
		if (fault == FAULT_EARLIER_RANGE)
			return out;
	}
	return out;
}

static bool parked(const struct line *line)
{
	for (int i = 0; i < ranges_n; i++) {
		const struct range *r = &ranges[i];
		if (r->stream == line->stream && r->kind == STEP_RELEASE &&
			line->index >= r->from && line->index < r->to &&
			(r->leaf > line->parked_leaf || fault == FAULT_RELEASE_FOR_GOOD))
			return false;
	}
	return line->parked_leaf >= 0;
}

static bool reversed(const struct line *line)
{
	for (int i = 0; i < line->by_n; i++) {
		const struct line *by = &w.lines[line->by[i]];
		if (fault == FAULT_CONTESTED_R1 || !contested(by->stream, by->index))
			return true;
	}
	return false;
}

static bool counted(const struct line *line)
{
	return line->usage && !contested(line->stream, line->index) && !parked(line) &&
	       !reversed(line);
}

static bool provider(int stream)
{
	return w.streams[stream].statement.side == TS_SIDE_PROVIDER;
}

/* The instant when `older` handed over to `newer`; -1: it did not. */
static int64_t handed(int older, int newer, bool *within_scope)
{
	const struct ts_key_statement *o = &w.streams[older].statement;
	const struct ts_key_statement *n = &w.streams[newer].statement;
	if (!provider(older) || !provider(newer) || w.streams[older].leaf >= w.streams[newer].leaf)
		return -1;
	*within_scope = !ts_str_eq(o->origin_parts.agent, n->origin_parts.agent);
	if (!*within_scope)
		return n->from_ms;
	return ts_scope_disjoint(&o->scope, &n->scope) ? -1 : n->active_from_ms;
}

static bool passed_on(const struct line *line, int newer)
{
	const struct ts_key_statement *n = &w.streams[newer].statement;
	bool within_scope = false;
	int64_t h = handed(line->stream, newer, &within_scope);
	return h >= 0 && line->record.usage.start_ms >= h &&
	       (!within_scope ||
		       ts_scope_contains(&n->scope, TS_STR("colo1"), &line->record.usage));
}

static bool overlaps(const struct line *older, const struct line *newer)
{
	const struct ts_usage *o = &older->record.usage, *n = &newer->record.usage;
	bool within_scope = false;
	int64_t h = handed(older->stream, newer->stream, &within_scope);
	return h >= 0 && o->start_ms < h && o->end_ms > h && o->start_ms < n->end_ms &&
	       n->start_ms < o->end_ms && ts_str_eq(o->resource, n->resource) &&
	       ts_str_eq(o->workload, n->workload);
}

/* streams_n: those enrolled so far. */
static void oracle_usage(int number, int64_t leaf, int streams_n)
{
	struct line *line = &w.lines[number];
	enum ts_verdict verdict = ts_key_statement_verdict(
		&w.streams[line->stream].statement, &line->record.usage);
	bool park = verdict != TS_VERDICT_IN_SCOPE && verdict != TS_VERDICT_NOT_PROVIDER;
	for (int i = 0; i < w.lines_n && !park && fault != FAULT_STRADDLERS; i++) {
		const struct line *other = &w.lines[i];
		if (i == number || !other->usage || other->leaf < 0 || other->leaf >= leaf ||
			!(overlaps(other, line) || overlaps(line, other)))
			continue;
		park = !parked(other) && (fault == FAULT_REVERSED_OCCUPIES || !reversed(other));
	}
	for (int s = 0; s < streams_n && !park; s++)
		park = passed_on(line, s);
	if (park)
		line->parked_leaf = leaf;
}

static void oracle_reversal(int number, int64_t leaf)
{
	const struct line *line = &w.lines[number];
	const struct ts_reversal *r = &line->record.reversal;
	for (int i = 0; i < w.lines_n; i++) {
		struct line *target = &w.lines[i];
		bool earlier = target->leaf >= 0 &&
			       (target->leaf < leaf || (target->leaf == leaf && i < number));
		if (!earlier || !target->usage || target->index != r->index ||
			!ts_str_eq(w.streams[target->stream].statement.origin, r->origin) ||
			reversed(target) || (fault == FAULT_PARKED_R1 && parked(target)))
			continue;
		target->by[target->by_n++] = number;
	}
}

static void oracle_key(int stream, int64_t leaf)
{
	for (int i = 0; i < w.lines_n; i++)
		if (w.lines[i].usage && w.lines[i].leaf >= 0 && !parked(&w.lines[i]) &&
			passed_on(&w.lines[i], stream))
			w.lines[i].parked_leaf = leaf;
}

/* Lines of the stream in steps before `step`. */
static int64_t size_before(int stream, int64_t step)
{
	int64_t size = 0;
	for (int64_t i = 0; i < step; i++)
		if (w.steps[i].kind == STEP_APPEND && w.steps[i].stream == stream)
			size = w.steps[i].to;
	return size;
}

static void oracle(enum fault injected)
{
	int streams_n = 0;
	fault = injected;
	ranges_n = 0;
	for (int i = 0; i < w.lines_n; i++) {
		w.lines[i].leaf = w.lines[i].parked_leaf = -1;
		w.lines[i].by_n = 0;
	}
	for (int at = 0; at < w.steps_n; at++) {
		const struct step *step = &w.steps[at];
		struct range range = {step->stream, step->kind, step->from, step->to, at};
		if (step->kind == STEP_KEY) {
			streams_n = step->stream + 1;
			oracle_key(step->stream, at);
			continue;
		}
		if (step->kind == STEP_REVOKE) {
			range.from = size_before(step->stream, step->from);
			range.to = size_before(step->stream, at);
		}
		if (step->kind != STEP_APPEND) {
			ranges[ranges_n++] = range;
			continue;
		}
		for (int64_t i = step->from; i < step->to; i++) {
			int number = w.streams[step->stream].lines[i];
			w.lines[number].leaf = at;
			if (w.lines[number].usage)
				oracle_usage(number, at, streams_n);
			else if (w.lines[number].reversal)
				oracle_reversal(number, at);
		}
	}
}

#endif
