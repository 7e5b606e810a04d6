/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/period_complete.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "evidence/note.h"
#include "evidence/origin.h"
#include "store/ingest.h"
#include "store/log.h"
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES_MAX (1024u << 20) /* tallies of the streams, and their gaps */
#define LIST_BYTES_MAX (16u << 20) /* a list that is kept; longer ones are hashed only */
#define LEAVES_PER_READ 100

/* --- when an expectation ends --- */

/* The tick or cut that folds leaf `leaf` gives it its log time; none below n: that of now. */
static enum ts_err log_time(struct ts_db *db, const struct ts_complete *in, int64_t leaf,
	int64_t *at_ms, struct ts_why *why)
{
	int64_t from = leaf + 1;
	size_t n = LEAVES_PER_READ;
	*at_ms = in->at_ms;
	while (n == LEAVES_PER_READ) {
		struct ts_db_leaf_row *rows = NULL;
		TS_TRY(ts_db_log_leaves(db, in->contract_id, TS_DB_LOCK_INPUTS, from, in->n,
			TS_LEAF_EVENT, LEAVES_PER_READ, in->region, &rows, &n, why));
		for (size_t i = 0; i < n; i++) {
			struct ts_note note;
			struct ts_event event;
			TS_TRY(ts_note_parse(rows[i].data, &note, why));
			TS_TRY(ts_event_parse(note.text, &event, why));
			from = rows[i].index + 1;
			if ((event.kind != TS_EVENT_TICK && event.kind != TS_EVENT_CUT) ||
				event.to <= leaf)
				continue;
			*at_ms = event.at_ms;
			return TS_OK;
		}
	}
	return TS_OK;
}

/* The next generation of the same agent, if it is enrolled below n. */
static const struct ts_db_stream *successor(const struct ts_complete *in,
	const struct ts_db_stream *streams, size_t n, const struct ts_db_stream *stream)
{
	struct ts_origin own, other;
	struct ts_why none;
	if (ts_origin_parse(ts_str(stream->key.origin), &own, &none) != TS_OK)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (streams[i].key.leaf < in->n &&
			ts_origin_parse(ts_str(streams[i].key.origin), &other, &none) == TS_OK &&
			ts_str_eq(own.cluster, other.cluster) &&
			ts_str_eq(own.agent, other.agent) && other.generation == own.generation + 1)
			return &streams[i];
	return NULL;
}

static enum ts_err ends_of(struct ts_db *db, const struct ts_complete *in,
	const struct ts_db_stream *streams, size_t n, const struct ts_db_stream *stream,
	struct ts_completeness_stream *out, struct ts_why *why)
{
	const struct ts_db_stream *next = successor(in, streams, n, stream);
	int64_t revoked = stream->key.revoked_leaf;
	out->active_to_ms = stream->key.active_to_ms;
	out->successor_ms = next != NULL ? next->key.from_ms : TS_COMPLETENESS_NEVER;
	out->revoked_ms = TS_COMPLETENESS_NEVER;
	if (revoked < 0 || revoked >= in->n)
		return TS_OK;
	return log_time(db, in, revoked, &out->revoked_ms, why);
}

/* --- what is closed and what waits --- */

static enum ts_err open_of(const struct ts_complete *in, struct ts_str packed,
	struct ts_complete_stream *out, struct ts_why *why)
{
	struct ts_windows windows;
	ts_windows_init(
		&windows, in->region, out->row->key.active_from_ms, out->row->key.window_ms);
	if (ts_windows_unpack(packed, &windows) != TS_OK)
		return ts_why(why, TS_E_INTERNAL, "windows", "%s: they do not unpack",
			out->row->key.origin);
	out->is.open = windows.list;
	out->is.open_n = windows.n;
	return TS_OK;
}

static struct ts_str packed_of(const struct ts_complete *in, const struct ts_db_windows *consumer,
	size_t consumer_n, int64_t stream_id)
{
	for (size_t i = 0; i < in->log->streams_n; i++)
		if (in->log->streams[i].stream_id == stream_id)
			return in->log->streams[i].windows;
	for (size_t i = 0; i < consumer_n; i++)
		if (consumer[i].stream_id == stream_id)
			return consumer[i].packed;
	return (struct ts_str){NULL, 0};
}

static int by_origin(const void *a, const void *b)
{
	const struct ts_complete_stream *x = a, *y = b;
	return strcmp(x->row->key.origin, y->row->key.origin);
}

enum ts_err ts_complete_load(struct ts_db *db, struct ts_complete *in, struct ts_why *why)
{
	struct ts_db_stream *streams = NULL;
	struct ts_db_windows *consumer = NULL;
	size_t n = 0, consumer_n = 0;
	int64_t id = in->contract_id;
	TS_TRY(ts_db_stream_list(db, id, in->region, &streams, &n, why));
	if (in->consumer)
		TS_TRY(ts_db_consumer_windows(db, id, in->region, &consumer, &consumer_n, why));
	in->streams_n = 0;
	in->streams = ts_region_array(in->region, n + 1, sizeof *in->streams);
	if (in->streams == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_db_enrolment *key = &streams[i].key;
		struct ts_complete_stream *s = &in->streams[in->streams_n];
		if (key->leaf >= in->n || (key->side != TS_SIDE_PROVIDER && !in->consumer))
			continue;
		in->streams_n++;
		s->row = &streams[i];
		s->is.origin = ts_str(key->origin);
		ts_closings_init(&s->closings, in->region, key->active_from_ms, key->window_ms);
		TS_TRY(ends_of(db, in, streams, n, s->row, &s->is, why));
		TS_TRY(ts_db_window_closed(db, id, key->stream_id, in->from_ms - key->window_ms,
			in->to_ms - key->window_ms, in->n, &s->closings, why));
		TS_TRY(open_of(in, packed_of(in, consumer, consumer_n, key->stream_id), s, why));
	}
	qsort(in->streams, in->streams_n, sizeof *in->streams, by_origin);
	for (size_t i = 0; i < in->streams_n; i++) /* they moved */
		in->streams[i].is.closings = &in->streams[i].closings;
	return TS_OK;
}

/* --- the cut --- */

enum ts_err ts_complete_count(struct ts_db *db, const struct ts_complete_cut *cut,
	struct ts_region *region, struct ts_buf *text, struct ts_db_completeness *out,
	struct ts_why *why)
{
	struct ts_gap_list list;
	struct ts_complete in = {.contract_id = cut->contract_id,
		.n = cut->log->inputs.size,
		.at_ms = cut->at_us / TS_US_PER_MS,
		.from_ms = cut->from_us / TS_US_PER_MS,
		.to_ms = cut->to_us / TS_US_PER_MS,
		.log = cut->log,
		.region = region};
	TS_TRY(ts_complete_load(db, &in, why));
	ts_gap_list_begin(&list, cut->hasher, text, in.from_ms, in.to_ms);
	for (size_t i = 0; i < in.streams_n; i++)
		ts_gap_list_add(&list, &in.streams[i].is);
	*out = (struct ts_db_completeness){.cut_leaf = cut->leaf};
	ts_gap_list_end(&list, &out->list_sha256);
	out->counts = list.total;
	if (text->err == TS_OK && text->len > 0)
		out->list = (struct ts_str){text->data, text->len};
	return TS_OK;
}

enum ts_err ts_complete_keep(
	struct ts_db *db, const struct ts_complete_cut *cut, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	struct ts_buf text;
	if (region == NULL)
		return TS_E_NO_MEMORY;
	struct ts_db_completeness row;
	ts_buf_init(&text, LIST_BYTES_MAX);
	enum ts_err err = ts_complete_count(db, cut, region, &text, &row, why);
	if (err == TS_OK)
		err = ts_db_completeness_put(db, cut->contract_id, cut->period, &row, why);
	ts_buf_free(&text);
	ts_region_free(region);
	return err;
}

/* --- the document --- */

/* Does this event accept the gap of that cut, and no other? */
static bool accepts(const struct ts_db_gap *gap, const struct ts_period *calendar,
	const struct ts_db_completeness *row)
{
	struct ts_note note;
	struct ts_event event;
	struct ts_why none;
	return ts_note_parse(gap->note, &note, &none) == TS_OK &&
	       ts_event_parse(note.text, &event, &none) == TS_OK && event.kind == TS_EVENT_GAP &&
	       event.period_from_ms == calendar->from_us / TS_US_PER_MS &&
	       event.period_to_ms == calendar->to_us / TS_US_PER_MS &&
	       event.missing == row->counts.missing + row->counts.late &&
	       ts_hash_eq(&event.list, &row->list_sha256);
}

static enum ts_err find_gap(struct ts_db *db, int64_t contract_id, const struct ts_period *calendar,
	const struct ts_db_completeness *row, struct ts_region *region, int64_t *leaf,
	struct ts_why *why)
{
	struct ts_db_gap *gaps = NULL;
	size_t n = 0;
	*leaf = -1;
	TS_TRY(ts_db_gap_list(db, contract_id, row->cut_leaf, region, &gaps, &n, why));
	for (size_t i = 0; i < n && *leaf < 0; i++)
		if (accepts(&gaps[i], calendar, row))
			*leaf = gaps[i].leaf;
	return TS_OK;
}

enum ts_err ts_complete_issue(struct ts_db *db, int64_t contract_id,
	const struct ts_period_row *period, const struct ts_period *calendar, int64_t at_us,
	int64_t after_days, struct ts_region *region, struct ts_invoice_head *head,
	struct ts_why *why)
{
	struct ts_db_completeness row;
	char name[TS_TIME_CHARS];
	enum ts_err err = ts_db_completeness_get(db, contract_id, period->index, region, &row, why);
	if (err == TS_E_NOT_FOUND)
		return ts_why(why, TS_E_CONFLICT, "completeness",
			"the period was cut by a version that did not count its windows");
	TS_TRY(err);
	head->completeness = row.counts;
	head->incomplete = false;
	head->gap = -1;
	if (row.counts.missing + row.counts.late == 0)
		return TS_OK;
	TS_TRY(find_gap(db, contract_id, calendar, &row, region, &head->gap, why));
	head->incomplete = head->gap < 0 && after_days >= 0 &&
			   at_us - period->cut_at_us >= after_days * TS_US_PER_DAY;
	if (head->gap >= 0 || head->incomplete)
		return TS_OK;
	return ts_why(why, TS_E_CONFLICT, "completeness",
		"of %lld windows of the provider's streams %lld are missing and %lld late (GET "
		".../completeness?period=%s lists them): both companies must accept that by a gap "
		"event",
		(long long)row.counts.expected, (long long)row.counts.missing,
		(long long)row.counts.late, ts_period_name(calendar, name));
}
