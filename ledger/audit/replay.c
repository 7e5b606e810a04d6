/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/replay.h"
#include "audit/replay_state.h"
#include <stdlib.h>
#include <string.h>

#define LEDGER_BYTES_MAX ((size_t)2 << 30)
#define SCRATCH_BYTES_MAX ((size_t)1 << 30)
#define EVENT_FIRST_LINE "tallystick/event/v1\n"

enum ts_err ts_audit_grow(
	struct ts_region *region, void *array, size_t n, size_t *cap, size_t bytes_each)
{
	void **list = array;
	if (n < *cap)
		return TS_OK;
	size_t more = *cap == 0 ? 16 : 2 * *cap;
	void *bigger = ts_region_array(region, more, bytes_each);
	if (bigger == NULL)
		return TS_E_NO_MEMORY;
	if (n > 0)
		memcpy(bigger, *list, n * bytes_each);
	*list = bigger;
	*cap = more;
	return TS_OK;
}

void ts_audit_fail(struct ts_replay *r, enum ts_check check, const char *file, int64_t index,
	const char *expected)
{
	char text[sizeof r->why.where + sizeof r->why.text + 3];
	size_t n = strlen(r->why.where);
	memcpy(text, r->why.where, n);
	if (n > 0) {
		memcpy(text + n, ": ", 2);
		n += 2;
	}
	memcpy(text + n, r->why.text, strlen(r->why.text) + 1);
	ts_finding_add(r->findings, check, file, index, expected, text);
	r->why.where[0] = r->why.text[0] = '\0';
}

struct origin_row {
	const char *origin;
	struct ts_audit_stream *stream;
};

static uint64_t origin_hash(const void *row)
{
	return ts_hash_text(1, ((const struct origin_row *)row)->origin);
}

static bool origin_same(const void *a, const void *b)
{
	return strcmp(((const struct origin_row *)a)->origin,
		       ((const struct origin_row *)b)->origin) == 0;
}

static enum ts_err prepare(struct ts_replay *r)
{
	const struct ts_audit_source *source = r->bundle->source;
	const struct ts_bundle_log *inputs = &r->bundle->logs[TS_LOG_INPUTS];
	const struct ts_bundle_log *journal = &r->bundle->logs[TS_LOG_JOURNAL];
	r->scratch = ts_region_create(SCRATCH_BYTES_MAX);
	r->judge_scratch = ts_region_create(SCRATCH_BYTES_MAX);
	r->upload_scratch = ts_region_create(SCRATCH_BYTES_MAX);
	r->ledger_region = ts_region_create(LEDGER_BYTES_MAX);
	if (r->scratch == NULL || r->judge_scratch == NULL || r->upload_scratch == NULL ||
		r->ledger_region == NULL)
		return TS_E_NO_MEMORY;
	ts_rowset_init(
		&r->by_origin, r->region, sizeof(struct origin_row), origin_hash, origin_same);
	memcpy(r->party, r->policy->party, sizeof r->party);
	TS_TRY(ts_audit_judge_create(r));
	TS_TRY(ts_audit_receipts_begin(r));
	r->fold = r->bundle->from[TS_LOG_INPUTS];
	r->journal = r->bundle->from[TS_LOG_JOURNAL];
	TS_TRY(ts_reader_init(&r->events, source, r->region));
	TS_TRY(ts_reader_init(&r->fold_reader, source, r->region));
	TS_TRY(ts_reader_init(&r->journal_reader, source, r->region));
	TS_TRY(ts_reader_init(&r->lines, source, r->region));
	ts_reader_open(&r->events, inputs->leaves->offset, inputs->leaves->size, 0);
	ts_reader_open(&r->fold_reader, inputs->leaves->offset, inputs->leaves->size, 0);
	if (journal->leaves != NULL)
		ts_reader_open(
			&r->journal_reader, journal->leaves->offset, journal->leaves->size, 0);
	TS_TRY(ts_audit_cells_begin(r));
	TS_TRY(ts_audit_amend_begin(r));
	return r->bundle->manifest.has_state ? ts_audit_open(r) : TS_OK;
}

/* It may come before the operator's first event: then version 1 is not in force here yet. */
static enum ts_err further_version(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	if (r->terms_n == 0)
		TS_TRY(ts_audit_fold_to(r, 1, 0, false));
	return ts_audit_version(r, index, note);
}

static enum ts_err walk(struct ts_replay *r)
{
	struct ts_str leaf;
	struct ts_note note;
	enum ts_leaf_kind kind;
	size_t prefix = sizeof EVENT_FIRST_LINE - 1;
	int64_t to = r->bundle->manifest.to[TS_LOG_INPUTS];
	bool more = false, ours = false;
	int64_t index = r->bundle->manifest.from[TS_LOG_INPUTS];
	for (; index < to; index++) {
		enum ts_err err = ts_reader_leaf(&r->events, &leaf, &more);
		if (err == TS_E_MALFORMED || (err == TS_OK && !more))
			break; /* the log's own check has found it */
		TS_TRY(err);
		ts_audit_receipts_leaf(r, leaf);
		r->report->totals.inputs_leaves++;
		bool event = leaf.len > prefix && memcmp(leaf.at, EVENT_FIRST_LINE, prefix) == 0;
		if ((event || ts_statement_kind(leaf) == TS_STATEMENT_CONTRACT) &&
			ts_leaf_parse(leaf, &kind, &note, &r->why) == TS_OK) {
			if (kind == TS_LEAF_EVENT)
				TS_TRY(ts_audit_event(r, index, &note, &ours));
			else if (kind == TS_LEAF_CONTRACT && index > 0)
				TS_TRY(further_version(r, index, &note));
		}
	}
	return ts_audit_fold_to(r, index, 0, false);
}

/* After the walk: nothing may be left over. */
static enum ts_err check_rest(struct ts_replay *r)
{
	struct ts_str leaf;
	bool more = false;
	if (!r->stopped && r->bundle->logs[TS_LOG_JOURNAL].leaves != NULL) {
		enum ts_err err = ts_reader_leaf(&r->journal_reader, &leaf, &more);
		if (err != TS_OK && err != TS_E_MALFORMED)
			return err;
		if (more)
			ts_finding_add(r->findings, TS_CHECK_ENTRIES, TS_JOURNAL_LEAVES,
				r->journal.size, "the end: nothing signed leads to more entries",
				"another entry");
	}
	for (size_t i = 0; i < r->streams_n; i++) {
		const struct ts_audit_stream *stream = r->streams[i];
		if (stream->member != NULL && stream->position != stream->member->size)
			ts_finding_add(r->findings, TS_CHECK_STREAM_LINES, stream->member_name,
				stream->range.size, "the end of the member", "more bytes");
	}
	return TS_OK;
}

static int by_origin(const void *a, const void *b)
{
	const struct ts_audit_stream *const *m = a, *const *n = b;
	return strcmp((*m)->origin, (*n)->origin);
}

struct expected {
	struct ts_replay *r;
	size_t at; /* next member of the archive */
};

static void expect(struct expected *e, const char *name)
{
	const struct ts_tar *tar = &e->r->bundle->tar;
	const char *have = e->at < tar->n ? tar->members[e->at].name : "the end";
	if (strcmp(name, have) == 0) {
		e->at++;
		return;
	}
	ts_finding_add(e->r->findings, TS_CHECK_MEMBERS, name, (int64_t)e->at, name, have);
	/* absent: go on; moved: skip to behind it, so that one fault is one finding */
	const struct ts_tar_member *member = ts_tar_find(tar, name);
	if (member != NULL)
		e->at = (size_t)(member - tar->members) + 1;
}

static void expect_fixed(struct expected *e)
{
	static const struct {
		const char *name;
		bool optional, journal;
	} fixed[] = {
		{"bundle", false, false},
		{"state", false, false},
		{"inputs.checkpoint", false, false},
		{"journal.checkpoint", false, true},
		{"inputs.checkpoints", true, false},
		{"journal.checkpoints", true, true},
		{"inputs.leaves", false, false},
		{"journal.leaves", false, true},
	};
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		const struct ts_tar_member *m = ts_tar_find(&e->r->bundle->tar, fixed[i].name);
		const struct ts_manifest *manifest = &e->r->bundle->manifest;
		bool empty = fixed[i].journal && manifest->to[TS_LOG_JOURNAL] == 0;
		if (strcmp(fixed[i].name, "state") == 0)
			empty = !manifest->has_state;
		if (strcmp(fixed[i].name, "journal.leaves") == 0)
			empty = manifest->to[TS_LOG_JOURNAL] == manifest->from[TS_LOG_JOURNAL];
		if ((fixed[i].optional || empty) && (m == NULL || m->size == 0))
			continue;
		if (!empty)
			expect(e, fixed[i].name);
	}
}

/* The members that follow from what was walked, in order. */
static enum ts_err check_members(struct ts_replay *r)
{
	struct expected e = {.r = r};
	struct ts_buf name;
	expect_fixed(&e);
	ts_buf_init(&name, TS_TAR_NAME_MAX + 1);
	for (size_t i = 0; i < r->terms_n; i++) {
		ts_buf_reset(&name);
		ts_buf_printf(&name, "terms/%lld.json", (long long)r->terms[i]->version);
		expect(&e, ts_buf_str(&name));
	}
	if (r->streams_n > 1)
		qsort(r->streams, r->streams_n, sizeof *r->streams, by_origin);
	for (size_t i = 0; i < r->streams_n; i++)
		if (r->streams[i]->statement.side == TS_SIDE_PROVIDER &&
			r->streams[i]->uploads_n > 0)
			expect(&e, r->streams[i]->member_name);
	for (size_t i = 0; i < r->report->documents_n; i++) {
		char hex[2 * TS_HASH_BYTES + 1];
		if (!r->report->documents[i].in_journal)
			continue;
		ts_text_hex(r->report->documents[i].sha256.b, TS_HASH_BYTES, hex);
		ts_buf_reset(&name);
		ts_buf_printf(&name, "documents/%s.json", hex);
		expect(&e, ts_buf_str(&name));
	}
	for (size_t i = 0; i < r->streams_n; i++)
		for (size_t k = 0; k < r->streams[i]->carried_n; k++) {
			if (!r->streams[i]->carried[k].asked)
				continue;
			ts_buf_reset(&name);
			ts_buf_printf(&name, "ranges/%s.%lld", r->streams[i]->member_name + 8,
				(long long)r->streams[i]->carried[k].first);
			expect(&e, ts_buf_str(&name));
		}
	if (e.at < r->bundle->tar.n)
		ts_finding_add(r->findings, TS_CHECK_MEMBERS, r->bundle->tar.members[e.at].name,
			(int64_t)e.at, "the end of the archive", "another member");
	ts_buf_free(&name);
	return TS_OK;
}

/* Both closing checkpoints, and how old the later of their quorums is. */
static void check_quorum(struct ts_replay *r)
{
	const struct ts_audit_options *o = r->options;
	struct ts_audit_report *report = r->report;
	for (int log = 0; log < 2; log++)
		if (r->bundle->logs[log].quorum_s > report->quorum_s)
			report->quorum_s = r->bundle->logs[log].quorum_s;
	if (o->max_age_s < 0)
		return;
	if (!report->has_quorum || report->quorum_s == 0)
		ts_finding_add(r->findings, TS_CHECK_MAX_AGE, "inputs.checkpoint", -1,
			"a quorum's time", "the policy or the bundle has none");
	else if (o->now_s - report->quorum_s > o->max_age_s)
		ts_finding_add(r->findings, TS_CHECK_MAX_AGE, "inputs.checkpoint", -1,
			"a quorum's time within --max-age", "an older one");
}

static enum ts_err replay(struct ts_replay *r)
{
	TS_TRY(prepare(r));
	enum ts_err err = walk(r);
	ts_range_root(r->hasher, &r->journal, &r->report->journal_root);
	if (err == TS_OK)
		err = check_rest(r);
	if (err == TS_OK && r->options->carry == NULL)
		err = check_members(r);
	ts_audit_receipts_end(r);
	return err;
}

static void begin_report(struct ts_audit_report *report, const struct ts_policy *policy)
{
	memset(report, 0, sizeof *report);
	memcpy(report->keys.provider, policy->party[TS_SIDE_PROVIDER].name,
		sizeof report->keys.provider);
	memcpy(report->keys.consumer, policy->party[TS_SIDE_CONSUMER].name,
		sizeof report->keys.consumer);
	report->has_quorum = policy->quorum >= 0;
}

/* The parts of a check that stand on their own, then the replay. */
static enum ts_err run(struct ts_replay *r, struct ts_bundle *bundle)
{
	TS_TRY(ts_bundle_open(r->options->source, r->policy, r->region, bundle, r->findings));
	r->report->manifest = bundle->manifest;
	TS_TRY(ts_bundle_state(bundle, r->region, r->findings));
	for (int log = 0; log < 2; log++)
		TS_TRY(ts_bundle_log(bundle, (enum ts_log_kind)log, r->policy, r->hasher, r->region,
			r->findings));
	check_quorum(r);
	r->report->totals.journal_leaves = bundle->manifest.to[TS_LOG_JOURNAL] -
					   bundle->manifest.from[TS_LOG_JOURNAL];
	if (bundle->logs[TS_LOG_INPUTS].leaves == NULL)
		return TS_E_INVALID;
	return replay(r);
}

enum ts_err ts_audit_run(const struct ts_audit_options *options, struct ts_region *region,
	struct ts_audit_report *report, struct ts_why *why)
{
	struct ts_replay *r = ts_region_alloc(region, sizeof *r);
	struct ts_bundle *bundle = ts_region_alloc(region, sizeof *bundle);
	struct ts_hasher hasher = {0};
	begin_report(report, options->policy);
	if (r == NULL || bundle == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_hasher_init(&hasher));
	*r = (struct ts_replay){.options = options,
		.policy = options->policy,
		.bundle = bundle,
		.report = report,
		.findings = &report->findings,
		.region = region,
		.hasher = &hasher};
	enum ts_err err = run(r, bundle);
	ts_region_free(r->scratch);
	ts_region_free(r->judge_scratch);
	ts_region_free(r->upload_scratch);
	ts_region_free(r->ledger_region);
	ts_region_free(r->cells_region);
	ts_hasher_free(&hasher);
	if (err == TS_E_INVALID && report->findings.failed > 0)
		return TS_OK;
	if (err != TS_OK)
		return ts_why(why, err, r->why.where, "%s",
			r->why.text[0] != '\0' ? r->why.text : ts_err_text(err));
	return TS_OK;
}
