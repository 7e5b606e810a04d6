/* SPDX-License-Identifier: Apache-2.0 */
#include "support/audit/make.h"
#include "audit/bundle.h"
#include "book/ledger.h"
#include "evidence/event.h"
#include "evidence/intake.h"
#include "evidence/log.h"
#include <stdlib.h>
#include <string.h>

#define CONTRACT "5f0c9a3e7b1d4826a9e0c3f58d71b264"
#define DOMAIN "ledger.example"
#define FROM_MS INT64_C(1777593600000) /* 2026-05-01 */
#define HOUR_MS INT64_C(3600000)
#define HOURS (31 * 24)
#define TICK_MS (FROM_MS + 32 * 24 * HOUR_MS)
#define CUT_MS (FROM_MS + 35 * 24 * HOUR_MS)
#define ISSUE_MS (CUT_MS + HOUR_MS)
#define BUF_MAX ((size_t)4 << 30)
#define STREAMS_MAX 8
#define MUST(expr) TS_ASSERT((expr) == TS_OK)

struct stream {
	struct ts_secret secret;
	struct ts_key_statement statement;
	struct ts_buf text;
	FILE *lines;
	struct ts_range range;
	struct ts_windows windows;
	struct ts_buf upload; /* lines not yet uploaded */
	int64_t upload_from; /* stream index of the first of them */
	int64_t index;
	int64_t first[TS_MAKE_SKUS], count[TS_MAKE_SKUS], sum[TS_MAKE_SKUS];
};
struct maker {
	const struct ts_make *make;
	struct ts_hasher hasher;
	struct ts_region *region, *scratch;
	struct ts_secret provider, consumer, operator, logs[2];
	char vkeys[6][TS_VKEY_CHARS];
	struct ts_buf terms, leaves[2];
	struct ts_range ranges[2];
	struct ts_hash contract_note;
	const struct ts_terms *parsed;
	struct ts_ledger *ledger;
	struct stream streams[STREAMS_MAX];
	const char *document;
	size_t document_len;
	struct ts_hash document_hash;
	FILE *out;
};

static void secret(const char *name, enum ts_key_type type, uint8_t seed, struct ts_secret *out)
{
	uint8_t bytes[TS_KEY_SEED_BYTES];
	memset(bytes, seed, sizeof bytes);
	MUST(ts_secret_make(ts_str(name), type, bytes, out));
}

void ts_make_witness(int i, struct ts_secret *out)
{
	char name[32];
	(void)snprintf(name, sizeof name, "witness.example/%d", i);
	secret(name, TS_KEY_COSIGNATURE, (uint8_t)(100 + i), out);
}

void ts_make_receipt_key(struct ts_secret *out)
{
	secret(DOMAIN "/receipts", TS_KEY_COSIGNATURE, 6, out);
}

static void make_terms(struct maker *m)
{
	struct ts_buf *t = &m->terms;
	ts_buf_printf(t,
		"{\"terms\":\"tallystick/terms/v1\",\"contract\":\"" CONTRACT "\",\"version\":1,"
		"\"title\":\"Made\",");
	for (int side = 0; side < 2; side++)
		ts_buf_printf(t,
			"\"%s\":{\"id\":\"%s\",\"name\":\"Made\",\"address\":{\"street\":\"1\","
			"\"city\":\"C\",\"postal_code\":\"1\",\"country\":\"US\"},"
			"\"statement_key\":\"%s\"},",
			side == 0 ? "provider" : "consumer", side == 0 ? "cloud" : "lab",
			m->vkeys[side]);
	ts_buf_printf(t,
		"\"currency\":\"USD\",\"zone\":{\"name\":\"UTC\",\"offsets\":[{\"offset_minutes\":"
		"0}]},"
		"\"term\":{\"from\":\"2026-05-01\",\"to\":\"2027-05-01\"},"
		"\"calendar\":{\"anchor_day\":1},\"invoice\":{\"series\":\"M-\",\"due_days\":30},"
		"\"evidence\":{\"domain\":\"" DOMAIN "\",\"operator_key\":\"%s\","
		"\"receipt_key\":\"%s\",\"inputs_log\":\"%s\",\"journal_log\":\"%s\","
		"\"quorum\":\"unwitnessed\",\"unwitnessed_after_days\":0,"
		"\"inclusion_seconds\":60},\"skus\":[",
		m->vkeys[2], m->vkeys[5], m->vkeys[3], m->vkeys[4]);
	for (int i = 0; i < TS_MAKE_SKUS; i++)
		ts_buf_printf(t,
			"%s{\"sku\":\"gpu%d\",\"name\":\"GPU %d\",\"unit\":\"GPU-hour\","
			"\"divisor\":\"3600000000\"}",
			i > 0 ? "," : "", i, i);
	ts_buf_puts(t, "],\"prices\":[");
	for (int i = 0; i < TS_MAKE_SKUS; i++)
		ts_buf_printf(t,
			"%s{\"id\":\"p%d\",\"section\":\"S\",\"sku\":\"gpu%d\",\"class\":\"on_"
			"demand\","
			"\"model\":\"per_unit\",\"unit_price\":\"%d.37\",\"treatment\":\"none\"}",
			i > 0 ? "," : "", i, i, i + 1);
	ts_buf_puts(t,
		"],\"tax\":{\"treatments\":[{\"id\":\"none\",\"category\":\"O\","
		"\"jurisdiction\":\"US\",\"reason\":\"Outside scope\",\"recoverable\":true}]},"
		"\"late\":{\"usage_until_days\":3,\"late_usage_until_days\":60},"
		"\"rounding\":\"half_away_from_zero\"}");
	struct ts_why why = {"", ""};
	enum ts_err err = ts_terms_parse(t->data, t->len, m->region, &m->parsed, &why);
	if (err != TS_OK)
		fprintf(stderr, "terms: %s: %s\n", why.where, why.text);
	MUST(err);
	struct ts_ledger_version version = ts_ledger_first_version(m->parsed);
	MUST(ts_ledger_create(m->region, &version, 1, &m->ledger));
}

static int64_t add_leaf(struct maker *m, enum ts_log_kind log, const struct ts_buf *bytes)
{
	struct ts_hash hash;
	ts_buf_put_u16be(&m->leaves[log], (uint16_t)bytes->len);
	ts_buf_put(&m->leaves[log], bytes->data, bytes->len);
	MUST(m->leaves[log].err);
	ts_hash_leaf(&m->hasher, bytes->data, bytes->len, &hash);
	(void)ts_range_append(&m->hasher, &m->ranges[log], &hash, NULL);
	return m->ranges[log].size - 1;
}

/* Signs the text with all of the keys: a leaf. */
static int64_t add_statement(
	struct maker *m, const struct ts_buf *text, const struct ts_secret *const *keys, size_t n)
{
	struct ts_buf note;
	struct ts_str slice = {text->data, text->len};
	ts_buf_init(&note, TS_LEAF_BYTES_MAX);
	ts_note_begin(slice, &note);
	for (size_t i = 0; i < n; i++)
		MUST(ts_note_sign(keys[i], slice, &note));
	MUST(note.err);
	int64_t index = add_leaf(m, TS_LOG_INPUTS, &note);
	ts_buf_free(&note);
	return index;
}

static void add_contract(struct maker *m)
{
	struct ts_buf text;
	const struct ts_secret *const keys[] = {&m->provider, &m->consumer};
	struct ts_contract_statement s = {.contract = TS_STR(CONTRACT),
		.version = 1,
		.from_ms = FROM_MS,
		.to_ms = TS_OPEN_MS,
		.offer_until_ms = FROM_MS};
	ts_sha256(m->terms.data, m->terms.len, &s.terms);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	MUST(ts_contract_statement_build(&s, &text, NULL));
	ts_statement_hash((struct ts_str){text.data, text.len}, &m->contract_note);
	(void)add_statement(m, &text, keys, 2);
	ts_buf_free(&text);
}

static void put_line(struct stream *s, const char *line)
{
	ts_buf_puts(&s->upload, line);
	ts_buf_putc(&s->upload, '\n');
	s->index++;
}

/* ts_make_bundle closes what the array of streams holds; gcc 12 loses it at an index it does not
 * know. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static void add_stream(struct maker *m, int i)
{
	struct stream *s = &m->streams[i];
	char origin[TS_ORIGIN_MAX + 1], cluster[16], line[512], hex[65];
	(void)snprintf(cluster, sizeof cluster, "c%d", i);
	(void)snprintf(origin, sizeof origin, DOMAIN "/" CONTRACT "/%s/meter/g1", cluster);
	secret(origin, TS_KEY_ED25519, (uint8_t)(50 + i), &s->secret);
	const struct ts_secret *const keys[] = {&m->provider, &s->secret};
	struct ts_key_statement st = {.contract = TS_STR(CONTRACT),
		.origin = ts_str(s->secret.key.name),
		.key = s->secret.key,
		.side = TS_SIDE_PROVIDER,
		.scope = {ts_str(cluster), TS_STR("-"), TS_STR("-")},
		.window_ms = HOUR_MS,
		.active_from_ms = FROM_MS,
		.active_to_ms = TS_OPEN_MS,
		.from_ms = FROM_MS};
	ts_buf_init(&s->text, TS_STATEMENT_BYTES_MAX);
	MUST(ts_key_statement_build(&st, &s->text, NULL));
	MUST(ts_key_statement_parse(
		(struct ts_str){s->text.data, s->text.len}, &s->statement, NULL));
	(void)add_statement(m, &s->text, keys, 2);
	s->lines = tmpfile();
	TS_ASSERT(s->lines != NULL);
	ts_range_init(&s->range);
	ts_windows_init(&s->windows, m->region, FROM_MS, HOUR_MS);
	ts_buf_init(&s->upload, (size_t)256 << 20);
	ts_text_hex(m->contract_note.b, TS_HASH_BYTES, hex);
	(void)snprintf(line, sizeof line, "g1\t%s\t%s\t%lld", origin, hex, (long long)FROM_MS);
	put_line(s, line);
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

static void fold(struct maker *m, const struct ts_cells *cells)
{
	struct ts_usage_cell *out = ts_region_array(m->scratch, cells->n + 1, sizeof *out);
	TS_ASSERT(out != NULL);
	for (size_t i = 0; i < cells->n; i++)
		out[i] = (struct ts_usage_cell){
			.quarter_us = cells->cells[i].quarter * TS_US_PER_QUARTER,
			.sku = cells->cells[i].sku,
			.pricing_class = cells->cells[i].class,
			.quantity = cells->cells[i].quantity,
			.account = cells->cells[i].account};
	const struct ts_ledger_event event = {.at_us = TICK_MS * 1000};
	MUST(ts_ledger_fold(m->ledger, &event, 0, out, cells->n, NULL));
}

/* The awkward lines: what they add is taken away again by the decisions that follow. */
static void put_awkward(struct maker *m, struct stream *s, int64_t hour, struct ts_cells *away)
{
	char line[512];
	struct ts_record record;
	const char *reason = NULL;
	(void)m;
	/* before the stream's from_ms: parked */
	(void)snprintf(line, sizeof line, "u1\t%lld\t%lld\tgpu0\t1000\t5000\ton_demand\tw\tr\t-",
		(long long)(FROM_MS - HOUR_MS), (long long)FROM_MS);
	MUST(ts_record_parse(ts_str(line), &record, &reason));
	MUST(ts_cells_sub(away, &record.usage));
	put_line(s, line);
	/* reversed by the line behind it */
	(void)snprintf(line, sizeof line, "u1\t%lld\t%lld\tgpu1\t1000\t777777\ton_demand\tw\tr\t-",
		(long long)(FROM_MS + hour * HOUR_MS + 1),
		(long long)(FROM_MS + hour * HOUR_MS + 60001));
	MUST(ts_record_parse(ts_str(line), &record, &reason));
	MUST(ts_cells_sub(away, &record.usage));
	put_line(s, line);
	int64_t target = s->index - 1;
	(void)snprintf(line, sizeof line, "r1\t%s\t%lld\tdouble_count", s->secret.key.name,
		(long long)target);
	put_line(s, line);
	(void)snprintf(line, sizeof line, "c1\t%lld\t%lld\tgpu1\t%lld\t1\t777777",
		(long long)(FROM_MS + hour * HOUR_MS), (long long)(FROM_MS + (hour + 1) * HOUR_MS),
		(long long)target);
	put_line(s, line);
	/* no effect: there is no such line */
	(void)snprintf(line, sizeof line, "r1\t%s\t0\tnot_usage", s->secret.key.name);
	put_line(s, line);
	put_line(s, "u1\tthis line is void");
}

static void upload(struct maker *m, struct stream *s, int64_t hour)
{
	struct ts_intake intake;
	struct ts_cells away;
	struct ts_buf text, leaf;
	ts_region_reset(m->scratch);
	MUST(ts_cells_init(&away, m->scratch, &m->hasher, 1));
	if (m->make->awkward)
		put_awkward(m, s, hour, &away);
	MUST(s->upload.err);
	MUST(ts_intake_begin(
		&intake, m->scratch, &m->hasher, 1, &s->statement, &m->contract_note, &s->windows));
	struct ts_str rest = {s->upload.data, s->upload.len}, line;
	while (ts_str_line(&rest, &line)) {
		struct ts_intake_row row;
		struct ts_hash hash;
		MUST(ts_intake_take(&intake, s->range.size, line, &row));
		TS_ASSERT(m->make->awkward || row.void_reason == NULL);
		ts_hash_leaf(&m->hasher, line.at, line.len, &hash);
		(void)ts_range_append(&m->hasher, &s->range, &hash, NULL);
	}
	MUST(ts_intake_end(&intake));
	fold(m, &intake.cells);
	fold(m, &away);
	TS_ASSERT(fwrite(s->upload.data, 1, s->upload.len, s->lines) == s->upload.len);
	ts_buf_reset(&s->upload);
	struct ts_checkpoint checkpoint = {ts_str(s->secret.key.name), s->range.size, {{0}}};
	ts_range_root(&m->hasher, &s->range, &checkpoint.root);
	ts_buf_init(&text, TS_CHECKPOINT_CHARS);
	ts_checkpoint_format(&checkpoint, &text);
	ts_buf_init(&leaf, TS_LEAF_BYTES_MAX);
	ts_note_begin((struct ts_str){text.data, text.len}, &leaf);
	MUST(ts_note_sign(&s->secret, (struct ts_str){text.data, text.len}, &leaf));
	(void)add_leaf(m, TS_LOG_INPUTS, &leaf);
	ts_buf_free(&leaf);
	ts_buf_free(&text);
	s->upload_from = s->index;
}

static void close_hour(struct stream *s, int64_t hour)
{
	bool any = false;
	for (int k = 0; k < TS_MAKE_SKUS; k++) {
		if (s->count[k] == 0)
			continue;
		ts_buf_printf(&s->upload, "c1\t%lld\t%lld\tgpu%d\t%lld\t%lld\t%lld\n",
			(long long)(FROM_MS + hour * HOUR_MS),
			(long long)(FROM_MS + (hour + 1) * HOUR_MS), k, (long long)s->first[k],
			(long long)s->count[k], (long long)s->sum[k]);
		s->count[k] = s->sum[k] = 0;
		s->index++;
		any = true;
	}
	if (any)
		return;
	ts_buf_printf(&s->upload, "c1\t%lld\t%lld\t-\t%lld\t0\t0\n",
		(long long)(FROM_MS + hour * HOUR_MS), (long long)(FROM_MS + (hour + 1) * HOUR_MS),
		(long long)s->index);
	s->index++;
}

static void put_usage(struct stream *s, int64_t hour, int64_t n)
{
	int k = (int)(n % TS_MAKE_SKUS);
	if (s->count[k]++ == 0)
		s->first[k] = s->index;
	s->sum[k] += 3600000000 - n % 1000;
	ts_buf_printf(&s->upload,
		"u1\t%lld\t%lld\tgpu%d\t1000\t%lld\ton_demand\tjob%lld\tr%05lld\t-\n",
		(long long)(FROM_MS + hour * HOUR_MS), (long long)(FROM_MS + (hour + 1) * HOUR_MS),
		k, (long long)(3600000000 - n % 1000), (long long)(n / 8), (long long)(n % 100000));
	s->index++;
}

static void add_usage(struct maker *m)
{
	int streams = m->make->streams;
	int64_t per_hour = (m->make->records + (int64_t)HOURS * streams - 1) /
			   ((int64_t)HOURS * streams);
	int64_t left = m->make->records;
	for (int64_t hour = 0; hour < HOURS; hour++)
		for (int i = 0; i < streams; i++) {
			struct stream *s = &m->streams[i];
			for (int64_t n = 0; n < per_hour && left > 0; n++, left--)
				put_usage(s, hour, n);
			close_hour(s, hour);
			if (s->index - s->upload_from >= m->make->upload_lines)
				upload(m, s, hour);
		}
	for (int i = 0; i < streams; i++)
		if (m->streams[i].upload.len > 0)
			upload(m, &m->streams[i], HOURS - 1);
}

static void add_entries(struct maker *m, const struct ts_postings *postings)
{
	struct ts_buf leaf;
	ts_buf_init(&leaf, TS_LEAF_BYTES_MAX);
	for (size_t i = 0; i < postings->n; i++) {
		ts_buf_reset(&leaf);
		ts_entry_leaf(&postings->entries[i], CONTRACT, m->parsed->currency, &leaf);
		MUST(leaf.err);
		(void)add_leaf(m, TS_LOG_JOURNAL, &leaf);
	}
	ts_buf_free(&leaf);
}

static int64_t add_event(struct maker *m, const struct ts_event *event)
{
	struct ts_buf text;
	const struct ts_secret *const keys[] = {&m->operator};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	MUST(ts_event_build(event, &text, NULL));
	int64_t index = add_statement(m, &text, keys, 1);
	ts_buf_free(&text);
	return index;
}

static void add_events(struct maker *m)
{
	struct ts_postings postings;
	struct ts_invoice *invoice = NULL;
	struct ts_period period;
	struct ts_invoice_head head = {.number = "M-000001",
		.inputs_origin = DOMAIN "/" CONTRACT "/inputs",
		.journal_origin = DOMAIN "/" CONTRACT "/journal",
		.contract_note = m->contract_note,
		.unwitnessed = true,
		.completeness = {.expected = (int64_t)HOURS * m->make->streams,
			.closed = (int64_t)HOURS * m->make->streams},
		.gap = -1};
	int64_t n = m->ranges[TS_LOG_INPUTS].size;
	struct ts_event event = {.contract = TS_STR(CONTRACT),
		.kind = TS_EVENT_TICK,
		.serial = 1,
		.at_ms = TICK_MS,
		.to = n,
		.day = ts_zone_day(&m->parsed->zone, TICK_MS * 1000),
		.gap = -1};
	struct ts_ledger_event post = {
		.serial = 1, .at_us = TICK_MS * 1000, .to = n, .day = event.day};
	post.leaf = add_event(m, &event);
	MUST(ts_ledger_tick(m->ledger, &post, &postings, NULL));
	add_entries(m, &postings);
	MUST(ts_ledger_period_get(m->ledger, 0, &period));
	event.kind = TS_EVENT_CUT;
	event.at_ms = CUT_MS;
	event.period_from_ms = period.from_us / 1000;
	event.period_to_ms = period.to_us / 1000;
	event.to = head.inputs_size = m->ranges[TS_LOG_INPUTS].size;
	post.at_us = CUT_MS * 1000;
	post.from = n;
	post.to = event.to;
	ts_range_root(&m->hasher, &m->ranges[TS_LOG_INPUTS], &head.inputs_root);
	event.cut = post.leaf = add_event(m, &event);
	MUST(ts_ledger_cut(m->ledger, &post, &postings, NULL));
	add_entries(m, &postings);
	head.journal_size = m->ranges[TS_LOG_JOURNAL].size;
	ts_range_root(&m->hasher, &m->ranges[TS_LOG_JOURNAL], &head.journal_root);
	event.kind = TS_EVENT_ISSUE;
	event.at_ms = ISSUE_MS;
	event.number = ts_str(head.number);
	event.date = head.issue_day = ts_zone_day(&m->parsed->zone, ISSUE_MS * 1000);
	event.due = head.due_day = event.date + 30;
	post.at_us = ISSUE_MS * 1000;
	post.leaf = add_event(m, &event);
	MUST(ts_ledger_issue(m->ledger, &post, &head, &invoice, &postings, NULL));
	add_entries(m, &postings);
	MUST(ts_invoice_json(invoice, m->region, &m->document, &m->document_len));
	ts_sha256(m->document, m->document_len, &m->document_hash);
}

static void put_header(struct maker *m, const char *name, int64_t size)
{
	uint8_t header[TS_TAR_BLOCK];
	MUST(ts_tar_header(ts_str(name), size, header));
	TS_ASSERT(fwrite(header, 1, sizeof header, m->out) == sizeof header);
}

static void put_padding(struct maker *m, int64_t size)
{
	static const uint8_t nothing[TS_TAR_BLOCK];
	size_t n = (size_t)ts_tar_padding(size);
	TS_ASSERT(fwrite(nothing, 1, n, m->out) == n);
}

static void put_member(struct maker *m, const char *name, const void *bytes, size_t len)
{
	put_header(m, name, (int64_t)len);
	TS_ASSERT(fwrite(bytes, 1, len, m->out) == len);
	put_padding(m, (int64_t)len);
}

static void put_checkpoint(struct maker *m, enum ts_log_kind log, const char *name)
{
	struct ts_buf text, note;
	struct ts_checkpoint checkpoint = {
		ts_str(m->logs[log].key.name), m->ranges[log].size, {{0}}};
	ts_range_root(&m->hasher, &m->ranges[log], &checkpoint.root);
	ts_buf_init(&text, TS_CHECKPOINT_CHARS);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_checkpoint_format(&checkpoint, &text);
	struct ts_str slice = {text.data, text.len};
	ts_note_begin(slice, &note);
	MUST(ts_note_sign(&m->logs[log], slice, &note));
	for (int i = 0; i < m->make->witnesses; i++) {
		struct ts_secret witness;
		ts_make_witness(i, &witness);
		MUST(ts_checkpoint_cosign(&witness, slice, m->make->witness_time_s + i, &note));
	}
	MUST(note.err);
	put_member(m, name, note.data, note.len);
	ts_buf_free(&note);
	ts_buf_free(&text);
}

static void put_stream(struct maker *m, struct stream *s)
{
	static char chunk[1 << 20];
	char name[64] = "streams/";
	size_t n = 0;
	ts_stream_id(ts_str(s->secret.key.name), name + 8);
	TS_ASSERT(fseeko(s->lines, 0, SEEK_END) == 0);
	int64_t size = ftello(s->lines);
	rewind(s->lines);
	put_header(m, name, size);
	while ((n = fread(chunk, 1, sizeof chunk, s->lines)) > 0)
		TS_ASSERT(fwrite(chunk, 1, n, m->out) == n);
	put_padding(m, size);
}

static void put_archive(struct maker *m)
{
	static const uint8_t trailer[2 * TS_TAR_BLOCK];
	struct ts_manifest manifest = {.contract = CONTRACT,
		.to = {m->ranges[TS_LOG_INPUTS].size, m->ranges[TS_LOG_JOURNAL].size}};
	struct ts_buf text;
	char name[TS_TAR_NAME_MAX + 1], hex[2 * TS_HASH_BYTES + 1];
	ts_buf_init(&text, TS_BUNDLE_TEXT_MAX);
	ts_manifest_format(&manifest, &text);
	put_member(m, "bundle", text.data, text.len);
	ts_buf_free(&text);
	put_checkpoint(m, TS_LOG_INPUTS, "inputs.checkpoint");
	put_checkpoint(m, TS_LOG_JOURNAL, "journal.checkpoint");
	put_member(m, "inputs.leaves", m->leaves[0].data, m->leaves[0].len);
	put_member(m, "journal.leaves", m->leaves[1].data, m->leaves[1].len);
	put_member(m, "terms/1.json", m->terms.data, m->terms.len);
	for (int i = 0; i < m->make->streams; i++)
		put_stream(m, &m->streams[i]);
	ts_text_hex(m->document_hash.b, TS_HASH_BYTES, hex);
	(void)snprintf(name, sizeof name, "documents/%s.json", hex);
	put_member(m, name, m->document, m->document_len);
	TS_ASSERT(fwrite(trailer, 1, sizeof trailer, m->out) == sizeof trailer);
	TS_ASSERT(fflush(m->out) == 0);
}

static void make_keys(struct maker *m)
{
	struct ts_secret receipt;
	secret("cloud.example/statements", TS_KEY_ED25519, 1, &m->provider);
	secret("lab.example/statements", TS_KEY_ED25519, 2, &m->consumer);
	secret(DOMAIN "/operator", TS_KEY_ED25519, 3, &m->operator);
	secret(DOMAIN "/" CONTRACT "/inputs", TS_KEY_ED25519, 4, &m->logs[0]);
	secret(DOMAIN "/" CONTRACT "/journal", TS_KEY_ED25519, 5, &m->logs[1]);
	ts_make_receipt_key(&receipt);
	const struct ts_secret *all[] = {
		&m->provider, &m->consumer, &m->operator, & m->logs[0], &m->logs[1], &receipt};
	for (int i = 0; i < 6; i++)
		(void)ts_key_format(&all[i]->key, m->vkeys[i]);
}

void ts_make_bundle(const struct ts_make *make, FILE *out, struct ts_buf *policy)
{
	struct maker *m = calloc(1, sizeof *m);
	TS_ASSERT(m != NULL && make->streams > 0 && make->streams <= STREAMS_MAX);
	m->make = make;
	m->out = out;
	m->region = ts_region_create((size_t)1 << 30);
	m->scratch = ts_region_create((size_t)1 << 30);
	TS_ASSERT(m->region != NULL && m->scratch != NULL);
	MUST(ts_hasher_init(&m->hasher));
	ts_buf_init(&m->terms, TS_TERMS_BYTES_MAX);
	for (int log = 0; log < 2; log++) {
		ts_buf_init(&m->leaves[log], BUF_MAX);
		ts_range_init(&m->ranges[log]);
	}
	make_keys(m);
	make_terms(m);
	add_contract(m);
	for (int i = 0; i < make->streams; i++)
		add_stream(m, i);
	add_usage(m);
	add_events(m);
	put_archive(m);
	MUST(ts_policy_write(m->parsed, policy));
	for (int i = 0; i < make->streams; i++) {
		ts_buf_free(&m->streams[i].upload);
		ts_buf_free(&m->streams[i].text);
		(void)fclose(m->streams[i].lines);
	}
	for (int log = 0; log < 2; log++)
		ts_buf_free(&m->leaves[log]);
	ts_buf_free(&m->terms);
	ts_hasher_free(&m->hasher);
	ts_region_free(m->scratch);
	ts_region_free(m->region);
	free(m);
}
