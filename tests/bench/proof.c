/* SPDX-License-Identifier: Apache-2.0 */
/* What the proof of one record costs, over HTTP, in streams of 10^5 and of 10^7 lines. A stream is
 * made of real uploads (lines, signed checkpoints, leaves of the inputs log) spread over it; the
 * subtrees between them are random roots that nobody asks the lines of, written where the service
 * would have written them. Every tenth record's proof is verified as an auditor would. */
#include "api/service.h"
#include "evidence/log.h"
#include "evidence/proof.h"
#include "service/session.h"
#include "store/contract.h"
#include "store/log.h"
#include "support/seed.h"
#include <zstd.h>

#define LEVELS 2
#define UPLOADS 40
#define TILES_PER_UPLOAD 4
#define UPLOAD_LINES (TILES_PER_UPLOAD * TS_MERKLE_TILE_LEAVES)
#define RECORDS 300
#define REPEATS 3
#define VERIFY_EACH 10
static const int64_t sizes[LEVELS] = {100000, 10000000};

struct bench {
	struct svc svc;
	struct svc_contract contract;
	struct ts_hasher hasher;
	struct ts_rng rng;
	struct ts_db *db; /* as the service */
	struct ts_db_contract row;
	struct ts_key log;
	PGconn *admin;
};
struct stream {
	struct svc_agent agent;
	int64_t id, tiles;
	int64_t first[UPLOADS]; /* lines of the uploads */
};
struct level {
	int64_t lines, p50_us, p99_us, all_p99_us, row_p50_us, tile_p99_us[3];
};

static struct bench bench;

static void end_service(void)
{
	if (bench.svc.pid > 0)
		(void)kill(bench.svc.pid, SIGTERM);
}

static void must(PGconn *conn, PGresult *res, ExecStatusType wanted)
{
	if (PQresultStatus(res) != wanted)
		svc_die("sql", PQerrorMessage(conn));
	PQclear(res);
}

static void copy_hash(struct bench *b, const char *head, int64_t index, const struct ts_hash *hash)
{
	char row[256], hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(hash->b, TS_HASH_BYTES, hex);
	int len = snprintf(row, sizeof row, "%s\t%lld\t\\\\x%s\n", head, (long long)index, hex);
	if (PQputCopyData(b->admin, row, len) != 1)
		svc_die("copy", PQerrorMessage(b->admin));
}

static void copy_end(struct bench *b)
{
	if (PQputCopyEnd(b->admin, NULL) != 1)
		svc_die("copy", PQerrorMessage(b->admin));
	must(b->admin, PQgetResult(b->admin), PGRES_COMMAND_OK);
}

static void line_of(int64_t index, struct ts_buf *out)
{
	int64_t start = SVC_FROM_MS + index % 2000 * INT64_C(900000);
	ts_buf_printf(out,
		"u1\t%lld\t%lld\tgpu-h100\t8000\t7200000000\ton_demand\tjob-%lld\tnode-%lld\t-\n",
		(long long)start, (long long)(start + 900000), (long long)(index / 12),
		(long long)(index % 4096));
}

struct leaf {
	struct bench *b;
	struct ts_str data;
	int64_t index;
};

static enum ts_err leaf_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct leaf *l = arg;
	struct ts_db_leaf leaf = {.kind = TS_LEAF_CHECKPOINT, .data = l->data};
	ts_hash_leaf(&l->b->hasher, l->data.at, l->data.len, &leaf.hash);
	return ts_db_log_append(db, &l->b->hasher, l->b->row.contract_id, TS_DB_LOCK_INPUTS, &leaf,
		1, ts_clock_now_us(), &l->index, why);
}

/* The upload that ends at the range's size, as ingest would have left it. */
static void store_upload(
	struct bench *b, struct stream *s, const struct ts_range *tiles, struct ts_str lines)
{
	static const char insert[] = "insert into app.batch (contract_id, stream_id, side, "
				     "first_index, end_index, leaf, "
				     "received, received_month, root, note, receipt, lines, "
				     "lines_bytes, usage_n, void_n, "
				     "close_n, reversal_n, suspects) values ($1, $2, 0, $3, $4, "
				     "$5, now(), 24316, $6, $7, "
				     "'', $8, $9, 0, 0, 0, 0, '{}')";
	struct ts_why why = {"", ""};
	struct ts_buf text, note;
	struct ts_checkpoint checkpoint = {
		ts_str(s->agent.key.key.name), tiles->size * TS_MERKLE_TILE_LEAVES, ts_hash_empty};
	char number[6][24], *packed = malloc(ZSTD_compressBound(lines.len));
	ts_range_root(&b->hasher, tiles, &checkpoint.root);
	ts_buf_init(&text, TS_NOTE_BYTES_MAX);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_checkpoint_format(&checkpoint, &text);
	svc_sign((struct ts_str){text.data, text.len}, (const struct ts_secret *[]){&s->agent.key},
		1, &note);
	struct leaf leaf = {.b = b, .data = {note.data, note.len}};
	svc_ok(ts_db_tx_contract(b->db, b->row.contract_id, leaf_tx, &leaf, &why), &why);
	size_t len = ZSTD_compress(packed, ZSTD_compressBound(lines.len), lines.at, lines.len, 1);
	const int64_t numbers[6] = {b->row.contract_id, s->id, checkpoint.size - UPLOAD_LINES,
		checkpoint.size, leaf.index, (int64_t)lines.len};
	for (int i = 0; i < 6; i++)
		snprintf(number[i], sizeof number[i], "%lld", (long long)numbers[i]);
	const char *values[9] = {number[0], number[1], number[2], number[3], number[4],
		(const char *)checkpoint.root.b, note.data, packed, number[5]};
	const int lengths[9] = {0, 0, 0, 0, 0, TS_HASH_BYTES, (int)note.len, (int)len, 0};
	const int formats[9] = {0, 0, 0, 0, 0, 1, 1, 1, 0};
	must(b->admin, PQexecParams(b->admin, insert, 9, NULL, values, lengths, formats, 0),
		PGRES_COMMAND_OK);
	free(packed);
	ts_buf_free(&note);
	ts_buf_free(&text);
}

/* Roots of the upload's 256-line subtrees. */
static void hash_upload(struct bench *b, int64_t first, struct ts_buf *lines,
	struct ts_hash roots[TILES_PER_UPLOAD])
{
	struct ts_range range;
	struct ts_hash leaf;
	int tile = 0;
	ts_buf_reset(lines);
	for (int64_t i = 0; i < UPLOAD_LINES; i++)
		line_of(first + i, lines);
	struct ts_str rest = {lines->data, lines->len}, line;
	ts_range_init(&range);
	while (ts_str_line(&rest, &line)) {
		ts_hash_leaf(&b->hasher, line.at, line.len, &leaf);
		if (ts_range_append(&b->hasher, &range, &leaf, &roots[tile]))
			tile++;
	}
}

/* The tree over 256-line subtrees is the upper part of the stream's: its leaves are their roots. */
static void fill(struct bench *b, struct stream *s)
{
	struct ts_range tiles;
	struct ts_hash roots[TILES_PER_UPLOAD], high;
	struct ts_hash *highs = calloc((size_t)(s->tiles / TS_MERKLE_TILE_LEAVES + 1), sizeof high);
	struct ts_hash *all = calloc((size_t)s->tiles, sizeof *all);
	struct ts_buf lines;
	char head[64];
	int64_t every = s->tiles / UPLOADS, highs_n = 0;
	int upload = 0;
	ts_buf_init(&lines, 1u << 20);
	ts_range_init(&tiles);
	for (int64_t i = 0; i < s->tiles; i++) {
		int64_t at = i % every - (every - TILES_PER_UPLOAD);
		if (at < 0 || upload == UPLOADS) {
			for (int k = 0; k < 4; k++) {
				uint64_t word = ts_rng_next(&b->rng);
				memcpy(all[i].b + 8 * k, &word, sizeof word);
			}
		} else {
			if (at == 0) {
				s->first[upload] = i * TS_MERKLE_TILE_LEAVES;
				hash_upload(b, s->first[upload], &lines, roots);
			}
			all[i] = roots[at];
		}
		if (ts_range_append(&b->hasher, &tiles, &all[i], &high))
			highs[highs_n++] = high;
		if (at == TILES_PER_UPLOAD - 1 && upload < UPLOADS) {
			store_upload(b, s, &tiles, (struct ts_str){lines.data, lines.len});
			upload++;
		}
	}
	must(b->admin, PQexec(b->admin, "copy app.subtree from stdin"), PGRES_COPY_IN);
	snprintf(head, sizeof head, "%lld\t%lld", (long long)b->row.contract_id, (long long)s->id);
	for (int64_t i = 0; i < s->tiles; i++)
		copy_hash(b, head, i, &all[i]);
	copy_end(b);
	must(b->admin, PQexec(b->admin, "copy app.subtree_high from stdin"), PGRES_COPY_IN);
	snprintf(head, sizeof head, "%lld\t%lld\t16", (long long)b->row.contract_id,
		(long long)s->id);
	for (int64_t i = 0; i < highs_n; i++)
		copy_hash(b, head, i, &highs[i]);
	copy_end(b);
	ts_buf_free(&lines);
	free(all);
	free(highs);
}

static void verify(struct bench *b, const struct stream *s, const struct ts_buf *answer)
{
	struct ts_why why = {"", ""};
	struct ts_proof stream_proof, inputs_proof;
	struct ts_note_sig sig;
	struct ts_checkpoint stream, inputs;
	json_t *json = json_loadb(answer->data, answer->len, 0, NULL);
	svc_ok(ts_proof_parse(ts_str(svc_member(json, "stream_proof")), &stream_proof, &why), &why);
	svc_ok(ts_proof_parse(ts_str(svc_member(json, "inputs_proof")), &inputs_proof, &why), &why);
	svc_ok(ts_proof_verify_record(&b->hasher, ts_str(svc_member(json, "line")), &stream_proof,
		       &s->agent.key.key, &inputs_proof, &b->log, 1, &sig, &stream, &inputs, &why),
		&why);
	json_decref(json);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t get_us(struct bench *b, const char *path, struct ts_buf *answer)
{
	ts_buf_reset(answer);
	int64_t start = ts_clock_mono_us();
	long status = svc_call(b->svc.send, "GET", path, NULL, NULL, 0, answer);
	int64_t took = ts_clock_mono_us() - start;
	if (status != 200)
		svc_die(path, ts_buf_str(answer));
	return took;
}

static void fastest(int64_t *best, int64_t us)
{
	if (*best == 0 || us < *best)
		*best = us;
}

/* Each proof is asked for a few times, in turn with the cheapest read of one row, and the fastest
 * speaks: on a machine that others use, that is the record's own cost. All of them are in
 * all_p99_us. */
static void measure(struct bench *b, const struct stream *s, struct level *out)
{
	static int64_t us[RECORDS], row_us[RECORDS], all_us[RECORDS * REPEATS];
	struct ts_buf answer;
	char path[160];
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	memset(us, 0, sizeof us);
	memset(row_us, 0, sizeof row_us);
	for (int i = 0; i < RECORDS; i++) {
		int64_t index = s->first[ts_rng_below(&b->rng, UPLOADS)] +
				(int64_t)ts_rng_below(&b->rng, UPLOAD_LINES);
		snprintf(path, sizeof path, "/v1/usage/%s/%lld/proof", s->agent.stream,
			(long long)index);
		for (int k = 0; k < REPEATS; k++) {
			fastest(&row_us[i], get_us(b, "/v1/parties/orbit", &answer));
			all_us[i * REPEATS + k] = get_us(b, path, &answer);
			fastest(&us[i], all_us[i * REPEATS + k]);
		}
		if (i % VERIFY_EACH == 0)
			verify(b, s, &answer);
	}
	qsort(us, RECORDS, sizeof us[0], by_size);
	qsort(row_us, RECORDS, sizeof row_us[0], by_size);
	qsort(all_us, RECORDS * REPEATS, sizeof all_us[0], by_size);
	out->p50_us = us[RECORDS / 2];
	out->p99_us = us[RECORDS * 99 / 100];
	out->all_p99_us = all_us[RECORDS * REPEATS * 99 / 100];
	out->row_p50_us = row_us[RECORDS / 2];
	ts_buf_free(&answer);
}

/* Tiles of the stream: at level 0 lines are hashed, above it hashes are kept. */
static void measure_tiles(struct bench *b, const struct stream *s, struct level *out)
{
	static const int64_t leaves[] = {
		1, TS_MERKLE_TILE_LEAVES, TS_MERKLE_TILE_LEAVES * TS_MERKLE_TILE_LEAVES};
	int64_t us[RECORDS];
	int64_t size = s->first[UPLOADS - 1] + UPLOAD_LINES; /* as its checkpoint says */
	char path[200], sql[200];
	struct ts_buf answer;
	/* the uploads were written past ingest: the stream's row as it would have left it */
	snprintf(sql, sizeof sql,
		"update app.stream set size = %lld, range = decode(repeat('00', %d), 'hex') where "
		"stream_id = %lld",
		(long long)size, 32 * __builtin_popcountll((unsigned long long)size),
		(long long)s->id);
	must(b->admin, PQexec(b->admin, sql), PGRES_COMMAND_OK);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	for (int level = 0; level < 3; level++) {
		int64_t line = s->first[UPLOADS / 2], tile = line / leaves[level] / 256;
		int64_t width = size / leaves[level] - tile * 256;
		if (width > 256)
			width = 256;
		if (width > 0 && width < 256)
			snprintf(path, sizeof path,
				"/log/%s/streams/%s/tile/%d/x%03lld/%03lld.p/%lld", b->contract.id,
				s->agent.stream, level, (long long)(tile / 1000),
				(long long)(tile % 1000), (long long)width);
		else
			snprintf(path, sizeof path, "/log/%s/streams/%s/tile/%d/x%03lld/%03lld",
				b->contract.id, s->agent.stream, level, (long long)(tile / 1000),
				(long long)(tile % 1000));
		char *zeros = strstr(path, "/x000/");
		if (zeros != NULL)
			memmove(zeros, zeros + 5, strlen(zeros + 5) + 1);
		out->tile_p99_us[level] = 0;
		if (width <= 0)
			continue;
		for (int i = 0; i < RECORDS; i++)
			us[i] = get_us(b, path, &answer);
		if (answer.len != (size_t)width * TS_HASH_BYTES)
			svc_die(path, "another number of hashes");
		qsort(us, RECORDS, sizeof us[0], by_size);
		out->tile_p99_us[level] = us[RECORDS * 99 / 100];
	}
	ts_buf_free(&answer);
}

static void open_all(struct bench *b)
{
	struct ts_why why = {"", ""};
	char path[128];
	svc_start(&b->svc, "tick_s=0");
	svc_contract(&b->svc, NULL, &b->contract);
	svc_ok(ts_hasher_init(&b->hasher), &why);
	svc_ok(ts_db_open(
		       &(struct ts_db_options){.conninfo = b->svc.cluster.service}, &b->db, &why),
		&why);
	svc_ok(ts_db_contract_find(b->db, b->contract.id, &b->row, &why), &why);
	b->admin = PQconnectdb(b->svc.cluster.admin);
	snprintf(path, sizeof path, "/v1/contracts/%s/keys", b->contract.id);
	json_t *keys = svc_expect(b->svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	svc_ok(ts_key_parse(ts_str(svc_member(keys, "inputs_log")), &b->log, &why), &why);
	json_decref(keys);
}

/* Signs the inputs log. */
static void settle(struct bench *b)
{
	char path[128];
	struct ts_buf answer;
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	snprintf(path, sizeof path, "/v1/contracts/%s/settle", b->contract.id);
	const struct ts_send_call call = {
		.method = "POST", .path = path, .idempotency_key = "bench-settle"};
	if (ts_send_call(b->svc.send, &call, &answer, &reply, &why) != TS_OK || reply.status != 200)
		svc_die(path, ts_buf_str(&answer));
	ts_buf_free(&answer);
}

static void print(const struct level levels[LEVELS], bool as_json)
{
	int64_t permille = levels[1].p50_us * 1000 / (levels[0].p50_us > 0 ? levels[0].p50_us : 1);
	for (int i = 0; i < LEVELS; i++) {
		const struct level *l = &levels[i];
		printf(as_json ? "%s{\"lines\":%lld,\"p50_us\":%lld,\"p99_us\":%lld,"
				 "\"all_p99_us\":%lld,\"row_p50_us\":%lld,"
				 "\"tile_p99_us\":[%lld,%lld,%lld]}"
			       : "%s%10lld lines: proof p50 %lld us, p99 %lld us (all requests "
				 "%lld "
				 "us); one row p50 %lld us; tiles of level 0, 1, 2 p99 %lld, "
				 "%lld, %lld us\n",
			!as_json ? ""
			: i > 0  ? ","
				 : "{\"levels\":[",
			(long long)l->lines, (long long)l->p50_us, (long long)l->p99_us,
			(long long)l->all_p99_us, (long long)l->row_p50_us,
			(long long)l->tile_p99_us[0], (long long)l->tile_p99_us[1],
			(long long)l->tile_p99_us[2]);
	}
	printf("%s%lld.%03lld%s\n", as_json ? "],\"ratio_100\":" : "ratio_100   p50 ",
		(long long)(permille / 1000), (long long)(permille % 1000), as_json ? "}" : "");
}

int main(int argc, char **argv)
{
	struct bench *b = &bench;
	static struct stream streams[LEVELS];
	struct level levels[LEVELS];
	bool as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
	if (argc > 1 && !as_json) {
		fprintf(stderr, "usage: %s [--json]\n", argv[0]);
		return 2;
	}
	svc_wrote = "*"; /* most of the streams is random */
	(void)atexit(end_service);
	b->rng = ts_rng_create(1);
	open_all(b);
	for (int i = 0; i < LEVELS; i++) {
		struct stream *s = &streams[i];
		char cluster[16], sql[160];
		snprintf(cluster, sizeof cluster, "c%d", i);
		svc_agent(&b->svc, &b->contract, cluster, TS_SIDE_PROVIDER, &s->agent);
		snprintf(sql, sizeof sql,
			"select stream_id from app.key_directory where public_id = '%s'",
			s->agent.stream);
		s->id = svc_number(&b->svc, sql);
		s->tiles = sizes[i] / TS_MERKLE_TILE_LEAVES;
		fill(b, s);
	}
	must(b->admin, PQexec(b->admin, "vacuum (analyze)"), PGRES_COMMAND_OK);
	settle(b);
	for (int i = 0; i < LEVELS; i++) {
		measure(b, &streams[i], &levels[i]);
		levels[i].lines = streams[i].tiles * TS_MERKLE_TILE_LEAVES;
		measure_tiles(b, &streams[i], &levels[i]);
	}
	PQfinish(b->admin);
	ts_db_close(b->db);
	ts_hasher_free(&b->hasher);
	svc_stop(&b->svc);
	print(levels, as_json);
	return 0;
}
