/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: who is enrolled, and the lines of each upload: hashed up to the root that the agent
 * signed, read as records, folded as cells. The hot path of a verification. */
#include "audit/replay_state.h"
#include "evidence/append.h"
#include <string.h>

struct origin_row {
	const char *origin;
	struct ts_audit_stream *stream;
};

struct ts_audit_stream *ts_audit_stream_find(struct ts_replay *r, struct ts_str origin)
{
	char name[TS_ORIGIN_MAX + 1];
	if (origin.len > TS_ORIGIN_MAX)
		return NULL;
	memcpy(name, origin.at, origin.len);
	name[origin.len] = '\0';
	struct origin_row key = {name, NULL}, *row = ts_rowset_find(&r->by_origin, &key);
	return row != NULL ? row->stream : NULL;
}

/* The generation before: enrolled, of the same side, ended where the statement says. */
static struct ts_audit_stream *generation_before(
	struct ts_replay *r, int64_t index, const struct ts_key_statement *s)
{
	char origin[TS_ORIGIN_MAX + 1] = "";
	struct ts_origin parts = s->origin_parts;
	parts.generation--;
	if (parts.generation < 1 || ts_origin_format(&parts, origin) != TS_OK)
		return NULL;
	struct ts_audit_stream *before = ts_audit_stream_find(r, ts_str(origin));
	if (before == NULL || !ts_str_is(s->previous.origin, origin) ||
		before->statement.side != s->side ||
		(!before->unknown && (before->range.size != s->previous.size ||
					     !ts_hash_eq(&before->root, &s->previous.root))))
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"the size and root at which the generation before ended",
			"another origin, side, size or root");
	return before;
}

/* The end of the last period that was cut before the leaf; 0: none. */
static int64_t cut_until(const struct ts_replay *r, int64_t index)
{
	int64_t end_ms = 0;
	struct ts_period period;
	for (size_t i = 0; i < r->cuts_n; i++)
		if (r->cuts[i].leaf < index &&
			ts_ledger_period_get(r->ledger, r->cuts[i].period, &period) == TS_OK &&
			period.from_us < ts_ledger_end(r->ledger))
			end_ms = period.to_us / TS_US_PER_MS;
	return end_ms;
}

/* Where a scope passes on (record.md, "What counts"): not into what is settled already. */
static void check_handover(struct ts_replay *r, int64_t index, const struct ts_key_statement *s,
	const struct ts_audit_stream *older)
{
	const struct ts_origin *a = &s->origin_parts, *b = &older->statement.origin_parts;
	bool agent = ts_str_eq(a->cluster, b->cluster) && ts_str_eq(a->agent, b->agent);
	int64_t from_ms = agent ? s->from_ms : s->active_from_ms;
	if (s->side != TS_SIDE_PROVIDER || older->statement.side != TS_SIDE_PROVIDER ||
		(!agent && ts_scope_disjoint(&s->scope, &older->statement.scope)))
		return;
	if (from_ms < cut_until(r, index) || from_ms < older->closed_ms ||
		from_ms < older->statement.active_from_ms)
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"a handover behind all cut periods and closed windows", older->origin);
}

static void check_enrolment(struct ts_replay *r, int64_t index, const struct ts_key_statement *s,
	const struct ts_audit_stream *before)
{
	const struct ts_terms *terms = r->terms[0];
	struct ts_why why = {"", ""};
	if (!ts_str_is(s->contract, r->policy->contract) ||
		!ts_str_is(s->origin_parts.contract, r->policy->contract) ||
		!ts_str_is(s->origin_parts.domain, terms->keys.domain))
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			r->policy->contract, "the stream is of another contract or domain");
	if (!s->has_previous && s->origin_parts.generation != 1)
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"a first generation is g1", "another");
	if (ts_key_acceptable(&s->key, &why) != TS_OK)
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"a key that may be enrolled", why.text);
	if (ts_audit_stream_find(r, s->origin) != NULL)
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"an origin is enrolled once", "a second time");
	for (size_t i = 0; i < r->streams_n; i++) {
		const struct ts_audit_stream *other = r->streams[i];
		const struct ts_key_statement *o = &other->statement;
		if (memcmp(o->key.public, s->key.public, sizeof s->key.public) == 0)
			ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
				"a key of its own", other->origin);
		if (!r->opening) /* a state tells what was closed later, too */
			check_handover(r, index, s, other);
		if (other == before || s->side != TS_SIDE_PROVIDER || o->side != TS_SIDE_PROVIDER ||
			other->ended != INT64_MAX || s->active_from_ms >= o->active_to_ms ||
			o->active_from_ms >= s->active_to_ms)
			continue;
		if (!ts_scope_disjoint(&s->scope, &o->scope))
			ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
				"a scope disjoint from that of every live stream", other->origin);
	}
}

static enum ts_err add_stream(
	struct ts_replay *r, int64_t index, const struct ts_key_statement *statement)
{
	struct ts_audit_stream *stream = ts_region_alloc(r->region, sizeof *stream);
	void *row = NULL;
	char id[TS_STREAM_ID_CHARS + 1];
	if (stream == NULL)
		return TS_E_NO_MEMORY;
	stream->statement = *statement;
	stream->number = (int64_t)r->streams_n;
	stream->origin = ts_region_copy(r->region, statement->origin.at, statement->origin.len);
	if (stream->origin == NULL)
		return TS_E_NO_MEMORY;
	stream->leaf = index;
	stream->ended = INT64_MAX;
	stream->revoked_ms = TS_COMPLETENESS_NEVER;
	ts_stream_id(statement->origin, id);
	memcpy(stream->member_name, "streams/", 8);
	memcpy(stream->member_name + 8, id, sizeof id);
	if (statement->side == TS_SIDE_PROVIDER)
		stream->member = ts_tar_find(&r->bundle->tar, stream->member_name);
	ts_range_init(&stream->range);
	stream->root = ts_hash_empty;
	ts_windows_init(
		&stream->windows, r->region, statement->active_from_ms, statement->window_ms);
	ts_closings_init(
		&stream->closings, r->region, statement->active_from_ms, statement->window_ms);
	TS_TRY(ts_rowset_get(&r->by_origin, &(struct origin_row){stream->origin, stream}, &row));
	TS_TRY(ts_audit_grow(
		r->region, &r->streams, r->streams_n, &r->streams_cap, sizeof *r->streams));
	r->streams[r->streams_n++] = stream;
	if (statement->side == TS_SIDE_PROVIDER)
		r->report->totals.streams++;
	else
		r->report->totals.consumer_streams++;
	if (r->opening)
		TS_TRY(ts_audit_open_stream(r, stream));
	return ts_judge_stream(
		r->judge, stream->number, index, ts_str(stream->origin), statement->side);
}

enum ts_err ts_audit_enrol(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool fold)
{
	struct ts_key_statement s;
	struct ts_key keys[3];
	size_t n = 2;
	char *text = ts_region_copy(r->region, note->text.at, note->text.len);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	if (ts_key_statement_parse((struct ts_str){text, note->text.len}, &s, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a key statement");
		return TS_OK;
	}
	struct ts_audit_stream *before = s.has_previous ? generation_before(r, index, &s) : NULL;
	check_enrolment(r, index, &s, before);
	keys[0] = s.key;
	keys[1] = r->party[s.side];
	if (before != NULL)
		keys[n++] = before->statement.key;
	TS_TRY(ts_audit_signed(r, index, note, keys, n, false));
	if (before != NULL && before->ended > index)
		before->ended = index;
	if (ts_audit_stream_find(r, s.origin) != NULL)
		return TS_OK;
	TS_TRY(add_stream(r, index, &s));
	return fold && !r->stopped
		       ? ts_judge_key(r->judge, index, (int64_t)r->streams_n - 1, &r->why)
		       : TS_OK;
}

enum ts_err ts_audit_fold_cells(
	struct ts_replay *r, const char *origin, const struct ts_cells *cells, int64_t leaf)
{
	if (r->stopped || cells->n == 0)
		return TS_OK;
	struct ts_usage_cell *out = ts_region_array(r->scratch, cells->n, sizeof *out);
	if (out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < cells->n; i++)
		out[i] = (struct ts_usage_cell){
			.quarter_us = cells->cells[i].quarter * TS_US_PER_QUARTER,
			.sku = cells->cells[i].sku,
			.pricing_class = cells->cells[i].class,
			.quantity = cells->cells[i].quantity,
			.account = cells->cells[i].account,
			.origin = ts_str(origin)};
	TS_TRY(ts_audit_keep_cells(r, out, cells->n));
	enum ts_err err = ts_ledger_fold(r->ledger, &r->folding, leaf, out, cells->n, &r->why);
	if (err == TS_E_NO_MEMORY || err == TS_OK)
		return err;
	ts_audit_fail(r, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, r->fold.size,
		"quantities that the ledger can take");
	r->stopped = true;
	return TS_OK;
}

static enum ts_err take_lines(
	struct ts_replay *r, struct ts_audit_stream *stream, int64_t size, struct ts_intake *intake)
{
	struct ts_audit_totals *totals = &r->report->totals;
	struct ts_reader *lines = &r->lines;
	bool more = false;
	if (lines->offset != stream->member->offset ||
		ts_reader_position(lines) != stream->position)
		ts_reader_open(
			lines, stream->member->offset, stream->member->size, stream->position);
	while (stream->range.size < size) {
		struct ts_str line;
		struct ts_hash hash;
		struct ts_intake_row row;
		int64_t index = stream->range.size;
		enum ts_err err = ts_reader_line(lines, &line, &more);
		if (err == TS_E_MALFORMED || (err == TS_OK && !more)) {
			ts_finding_add(r->findings, TS_CHECK_STREAM_LINES, stream->member_name,
				index, "a line",
				more || err != TS_OK ? "no line feed within 65,535 bytes"
						     : "the end of the member");
			stream->position = stream->member->size;
			return TS_OK;
		}
		TS_TRY(err);
		ts_hash_leaf(r->hasher, line.at, line.len, &hash);
		(void)ts_range_append(r->hasher, &stream->range, &hash, NULL);
		TS_TRY(ts_intake_take(intake, index, line, &row));
		if (row.void_reason == NULL && row.record.tag == TS_RECORD_CLOSE &&
			row.record.close.end_ms > stream->closed_ms)
			stream->closed_ms = row.record.close.end_ms;
		if (row.void_reason == NULL && row.record.tag == TS_RECORD_CLOSE)
			TS_TRY(ts_closings_add(&stream->closings, row.record.close.start_ms,
				row.record.close.count));
	}
	totals->stream_bytes += ts_reader_position(lines) - stream->position;
	stream->position = ts_reader_position(lines);
	return TS_OK;
}

static enum ts_err keep_upload(struct ts_replay *r, struct ts_audit_stream *stream,
	const struct ts_intake *intake, const struct ts_audit_upload *upload)
{
	int64_t *voids = NULL;
	size_t n = intake->void_usage.n;
	if (n > 0) {
		voids = ts_region_array(r->region, n, sizeof *voids);
		if (voids == NULL)
			return TS_E_NO_MEMORY;
		memcpy(voids, intake->void_usage.list, n * sizeof *voids);
	}
	TS_TRY(ts_audit_grow(r->region, &stream->uploads, stream->uploads_n, &stream->uploads_cap,
		sizeof *stream->uploads));
	struct ts_audit_upload *kept = &stream->uploads[stream->uploads_n++];
	*kept = *upload;
	kept->earliest_ms = intake->earliest_ms;
	kept->latest_ms = intake->latest_ms;
	kept->reversal_n = intake->reversal_n;
	kept->void_usage = voids;
	kept->void_usage_n = n;
	return TS_OK;
}

static enum ts_err feed(struct ts_replay *r, struct ts_audit_stream *stream,
	const struct ts_checkpoint *checkpoint, int64_t leaf, bool fold)
{
	struct ts_audit_totals *totals = &r->report->totals;
	struct ts_intake intake;
	struct ts_hash root;
	int64_t first = stream->range.size, position = stream->position;
	ts_region_reset(r->scratch);
	TS_TRY(ts_intake_begin(&intake, r->scratch, NULL, r->options->seed, &stream->statement,
		&r->contract_note, &stream->windows));
	TS_TRY(take_lines(r, stream, checkpoint->size, &intake));
	TS_TRY(ts_intake_end(&intake));
	ts_range_root(r->hasher, &stream->range, &root);
	if (!ts_hash_eq(&root, &checkpoint->root))
		ts_finding_hash(r->findings, TS_CHECK_STREAM_ROOT, stream->member_name,
			checkpoint->size, &checkpoint->root, &root);
	totals->uploads++;
	totals->lines += checkpoint->size - first;
	totals->usage += intake.usage_n;
	totals->voids += intake.void_n;
	totals->closes += intake.close_n;
	totals->reversals += intake.reversal_n;
	TS_TRY(keep_upload(r, stream, &intake,
		&(struct ts_audit_upload){.leaf = leaf,
			.first = first,
			.end = stream->range.size,
			.offset = stream->member->offset + position,
			.bytes = stream->position - position}));
	if (!fold)
		return TS_OK;
	TS_TRY(ts_audit_fold_cells(r, stream->origin, &intake.cells, r->folding.from));
	return ts_audit_judge_upload(r, stream, intake.suspects.list, intake.suspects.n);
}

enum ts_err ts_audit_upload(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool fold)
{
	struct ts_checkpoint checkpoint;
	TS_TRY(ts_checkpoint_parse(note->text, &checkpoint, &r->why));
	struct ts_audit_stream *stream = ts_audit_stream_find(r, checkpoint.origin);
	if (stream == NULL) {
		ts_finding_add(r->findings, TS_CHECK_KEYS, TS_INPUTS_LEAVES, index,
			"a stream that is enrolled", "another");
		return TS_OK;
	}
	if (index > stream->ended)
		ts_finding_add(r->findings, TS_CHECK_KEYS, TS_INPUTS_LEAVES, index,
			"a key that is still valid", stream->origin);
	TS_TRY(ts_audit_signed(r, index, note, &stream->statement.key, 1, false));
	if (!stream->unknown &&
		(checkpoint.size <= stream->range.size ||
			checkpoint.size - stream->range.size > TS_APPEND_LINES_MAX)) {
		ts_finding_add(r->findings, TS_CHECK_STREAM_LINES, TS_INPUTS_LEAVES, index,
			"a size above the stream's, by at most 200,000", stream->origin);
		return TS_OK;
	}
	stream->root = checkpoint.root;
	stream->unknown = false;
	if (stream->statement.side == TS_SIDE_CONSUMER) {
		stream->range.size = checkpoint.size; /* its lines are not in a bundle */
		r->report->totals.consumer_uploads++;
		return TS_OK;
	}
	if (stream->member == NULL) {
		ts_finding_add(r->findings, TS_CHECK_MEMBERS, stream->member_name, -1, "a member",
			"it is absent");
		stream->range.size = checkpoint.size;
		return TS_OK;
	}
	return feed(r, stream, &checkpoint, index, fold);
}

/* The stream's root at a size, from the lines of the bundle. */
static enum ts_err root_at(
	struct ts_replay *r, struct ts_audit_stream *stream, int64_t size, struct ts_hash *out)
{
	struct ts_range range = stream->base;
	struct ts_str line;
	struct ts_hash hash;
	bool more = true;
	if (size < stream->base.size) {
		const struct ts_audit_upload *carried = NULL;
		TS_TRY(ts_audit_carried_at(r, stream, size, &carried));
		range = *carried->start;
		ts_reader_open(&r->lines, carried->offset, carried->bytes, 0);
	} else if (size > stream->base.size && stream->member == NULL) {
		return TS_E_RANGE;
	} else if (size > stream->base.size) {
		ts_reader_open(&r->lines, stream->member->offset, stream->member->size, 0);
	}
	while (range.size < size) {
		TS_TRY(ts_reader_line(&r->lines, &line, &more));
		if (!more)
			return TS_E_RANGE;
		ts_hash_leaf(r->hasher, line.at, line.len, &hash);
		(void)ts_range_append(r->hasher, &range, &hash, NULL);
	}
	ts_range_root(r->hasher, &range, out);
	return TS_OK;
}

enum ts_err ts_audit_roots(struct ts_replay *r, struct ts_audit_stream *stream,
	const int64_t sizes[2], struct ts_hash out[2])
{
	if (sizes[0] > sizes[1] || sizes[1] > stream->range.size)
		return TS_E_RANGE;
	for (int i = 0; i < 2; i++)
		TS_TRY(root_at(r, stream, sizes[i], &out[i]));
	return TS_OK;
}
