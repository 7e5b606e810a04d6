/* SPDX-License-Identifier: Apache-2.0 */
/* Logs and streams as a mirror meets them: a tile client of its own recomputes every published root
 * from the tiles, and from the entries, and finds nothing that it may not see. */
#include "support/test.h"
#include "api/service.h"
#include "support/wire.h"
#include <glob.h>

static struct svc svc;
static struct svc_contract contract, other;
static struct svc_agent agent, consumer_agent;
static struct ts_hasher hasher;
static struct ts_send *client, *consumer_client; /* as agents */
static char auditor[128], provider[128], consumer[128];
static struct ts_buf body, lines, answer;
static int64_t from_ms = SVC_FROM_MS; /* of the lines */
static char base[128]; /* of the tree that the tile client reads */

/* --- a tile client --- */

static long get(const char *token, const char *path)
{
	struct ts_send *send = NULL;
	struct ts_why why = {"", ""};
	svc_ok(ts_send_create(svc.url, token, &send, &why), &why);
	long status = svc_call(send, "GET", path, NULL, NULL, 0, &answer);
	ts_send_free(send);
	return status;
}

static long get_in_tree(const char *token, const char *path)
{
	char whole[256];
	snprintf(whole, sizeof whole, "%s/%s", base, path);
	return get(token, whole);
}

/* N in groups of three digits, written down once more. */
static void tile_path(const char *level, int64_t n, int width, char out[96])
{
	char number[32];
	if (n < 1000)
		snprintf(number, sizeof number, "%03lld", (long long)n);
	else
		snprintf(number, sizeof number, "x%03lld/%03lld", (long long)(n / 1000),
			(long long)(n % 1000));
	snprintf(out, 96, "tile/%s/%s", level, number);
	if (width < 256)
		snprintf(out + strlen(out), 96 - strlen(out), ".p/%d", width);
}

/* The root of the perfect subtree of 2^level leaves, from the tile of a tree of `size` that has it.
 */
static void node(int level, int64_t index, int64_t size, struct ts_hash *out)
{
	int tile_level = level / 8, within = level % 8;
	int64_t first = index << within, count = INT64_C(1) << within;
	int64_t there = size >> (8 * tile_level), tile = first / 256;
	int width = (tile + 1) * 256 <= there ? 256 : (int)(there - tile * 256);
	char text[16], path[96];
	struct ts_range range;
	struct ts_hash hash;
	snprintf(text, sizeof text, "%d", tile_level);
	tile_path(text, tile, width, path);
	assert_int_equal(get_in_tree(auditor, path), 200);
	assert_int_equal(answer.len, width * 32);
	ts_range_init(&range);
	for (int64_t i = 0; i < count; i++) {
		memcpy(hash.b, answer.data + 32 * (first % 256 + i), 32);
		ts_range_append(&hasher, &range, &hash, NULL);
	}
	ts_range_root(&hasher, &range, out);
}

static enum ts_err tile_subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	node(level, index, *(int64_t *)ctx, out);
	return TS_OK;
}

static void tile_root(int64_t size, struct ts_hash *root)
{
	struct ts_merkle_source source = {tile_subtree, &size};
	assert_ok(ts_merkle_root(&hasher, &source, size, root));
}

/* All entries up to size; the root over them. */
static void entries_root(int64_t size, struct ts_hash *root)
{
	struct ts_range range;
	struct ts_hash leaf;
	ts_range_init(&range);
	for (int64_t tile = 0; tile * 256 < size; tile++) {
		int width = size - tile * 256 < 256 ? (int)(size - tile * 256) : 256;
		size_t at = 0;
		char path[96];
		tile_path("entries", tile, width, path);
		assert_int_equal(get_in_tree(auditor, path), 200);
		for (int i = 0; i < width; i++) {
			const uint8_t *bytes = (const uint8_t *)answer.data + at;
			size_t len = (size_t)bytes[0] << 8 | bytes[1];
			assert_true(at + 2 + len <= answer.len);
			ts_hash_leaf(&hasher, bytes + 2, len, &leaf);
			ts_range_append(&hasher, &range, &leaf, NULL);
			at += 2 + len;
		}
		assert_int_equal(at, answer.len);
	}
	ts_range_root(&hasher, &range, root);
}

static struct ts_checkpoint published(void)
{
	struct ts_checkpoint checkpoint;
	struct ts_note note;
	struct ts_why why = {"", ""};
	static char text[TS_NOTE_BYTES_MAX];
	assert_int_equal(get_in_tree(auditor, "checkpoint"), 200);
	memcpy(text, answer.data, answer.len);
	assert_ok(ts_note_parse((struct ts_str){text, answer.len}, &note, &why));
	assert_ok(ts_checkpoint_parse(note.text, &checkpoint, &why));
	return checkpoint;
}

/* --- what is mirrored --- */

static void make_lines(const struct svc_contract *c, struct svc_agent *a, int n)
{
	ts_buf_reset(&lines);
	ts_buf_reset(&body);
	if (a->range.size == 0)
		svc_genesis(c, a, &lines);
	for (int i = 0; i < n; i++)
		ts_buf_printf(&lines,
			"u1\t%lld\t%lld\tgpu-h100\t8000\t28800000000\ton_demand\tjob-%d\tnode-1\t-"
			"\n",
			(long long)(from_ms + i % 600 * INT64_C(3600000)),
			(long long)(from_ms + (i % 600 + 1) * INT64_C(3600000)), i);
	svc_append_body(&hasher, a, (struct ts_str){lines.data, lines.len}, &body);
}

static void append(struct ts_send *as, struct svc_agent *a, int n)
{
	char path[128];
	make_lines(&contract, a, n);
	snprintf(path, sizeof path, "/v1/streams/%s/append", a->stream);
	assert_int_equal(svc_call(as, "POST", path, NULL, body.data, body.len, &answer), 200);
}

/* A POST with money effect, each with a key of its own; its answer. */
static json_t *post(const char *path, long expected)
{
	static int calls;
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	char whole[160], key[32];
	snprintf(whole, sizeof whole, "/v1/contracts/%s/%s", contract.id, path);
	snprintf(key, sizeof key, "key-%d", calls++);
	const struct ts_send_call call = {.method = "POST", .path = whole, .idempotency_key = key};
	svc_ok(ts_send_call(svc.send, &call, &answer, &reply, &why), &why);
	if (reply.status != expected)
		fail_msg("%s: %ld %s", path, reply.status, ts_buf_str(&answer));
	return json_loads(ts_buf_str(&answer), 0, NULL);
}

static void settle(void)
{
	json_decref(post("settle", 200));
}

static void in_log(const char *log)
{
	snprintf(base, sizeof base, "/log/%s/%s", contract.id, log);
}

/* Every size that is or was published, and all that its proof needs. */
static void both_logs(void **state)
{
	static const char *const logs[] = {"inputs", "journal"};
	struct ts_checkpoint seen[2][40];
	size_t n[2] = {0, 0};
	(void)state;
	for (int i = 0; i < 300; i++) {
		append(client, &agent, i == 0 ? 700 : 1);
		if (i % 30 != 29)
			continue;
		settle();
		for (size_t log = 0; log < 2; log++) {
			in_log(logs[log]);
			seen[log][n[log]] = published();
			seen[log][n[log]++].origin = TS_STR("");
		}
	}
	for (size_t log = 0; log < 2; log++) {
		in_log(logs[log]);
		int64_t newest = seen[log][n[log] - 1].size;
		struct ts_merkle_source source = {tile_subtree, &newest};
		struct ts_hash root;
		for (size_t i = 0; i < n[log]; i++) {
			struct ts_checkpoint *at = &seen[log][i];
			struct ts_path path;
			tile_root(at->size, &root);
			assert_true(ts_hash_eq(&root, &at->root));
			entries_root(at->size, &root);
			assert_true(ts_hash_eq(&root, &at->root));
			assert_ok(ts_consistency_prove(&hasher, &source, at->size, newest, &path));
			assert_ok(ts_consistency_verify(&hasher, at->size, newest, &path, &at->root,
				&seen[log][n[log] - 1].root));
		}
	}
	assert_true(seen[0][n[0] - 1].size > 300); /* more than one tile */
}

static void beyond_the_published_size(void **state)
{
	char path[96];
	(void)state;
	in_log("inputs");
	int64_t size = published().size;
	tile_path("0", size / 256, (int)(size % 256), path);
	assert_int_equal(get_in_tree(auditor, path), 200);
	tile_path("0", size / 256, (int)(size % 256) + 1, path);
	assert_int_equal(get_in_tree(auditor, path), 404);
	tile_path("entries", size / 256, (int)(size % 256) + 1, path);
	assert_int_equal(get_in_tree(auditor, path), 404);
	append(client, &agent, 1); /* a leaf that is not signed yet is not shown */
	assert_int_equal(get_in_tree(auditor, path), 404);
	settle();
	assert_int_equal(get_in_tree(auditor, path), 200);
	static const char *const none[] = {"tile/0/000/", "tile/0/x000/000", "tile/0/1",
		"tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/6/000", "tile/64/000",
		"tile/0/900", "tile/0", "tile", "tile/entries", "tile/data/000", "checkpoint/",
		"tile/0/x999/x999/x999/x999/x999/999"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		if (get_in_tree(auditor, none[i]) != 404)
			fail_msg("%s is not 404", none[i]);
	/* partials stay when the full tile is there */
	assert_int_equal(get_in_tree(auditor, "tile/0/000.p/7"), 200);
	assert_int_equal(answer.len, 7 * 32);
}

static void a_stream(void **state)
{
	struct ts_checkpoint checkpoint;
	struct ts_hash root;
	struct ts_key keys[2] = {agent.key.key, contract.receipt};
	struct ts_note_sig sigs[2];
	struct ts_note note;
	struct ts_why why = {"", ""};
	(void)state;
	snprintf(base, sizeof base, "/log/%s/streams/%s", contract.id, agent.stream);
	assert_int_equal(get_in_tree(auditor, "checkpoint"), 200);
	assert_ok(ts_checkpoint_open(
		(struct ts_str){answer.data, answer.len}, keys, 2, &note, sigs, &checkpoint, &why));
	assert_true(sigs[1].valid && sigs[1].time_s > 0); /* the receipt */
	assert_int_equal(checkpoint.size, agent.range.size);
	struct ts_hash newest = checkpoint.root;
	tile_root(agent.range.size, &root);
	assert_true(ts_hash_eq(&root, &newest));
	entries_root(agent.range.size, &root);
	assert_true(ts_hash_eq(&root, &newest));
	for (int64_t size = 1; size < agent.range.size; size += 89) {
		struct ts_hash again;
		tile_root(size, &root);
		entries_root(size, &again);
		assert_true(ts_hash_eq(&root, &again));
	}
}

static void who_sees_what(void **state)
{
	char path[160], foreign[128];
	(void)state;
	append(consumer_client, &consumer_agent, 3);
	snprintf(path, sizeof path, "/log/%s/streams/%s/checkpoint", contract.id, agent.stream);
	assert_int_equal(get(provider, path), 200);
	assert_int_equal(get(consumer, path), 200);
	assert_int_equal(get(auditor, path), 200);
	assert_int_equal(get(svc.admin, path), 200);
	assert_int_equal(get(contract.agent_token, path), 403);
	assert_int_equal(get("ts_0000000000000000.x", path), 401);
	/* the consumer's own lines: not for the other side, nor for who runs the service */
	snprintf(path, sizeof path, "/log/%s/streams/%s/tile/entries/000.p/2", contract.id,
		consumer_agent.stream);
	assert_int_equal(get(provider, path), 404);
	assert_int_equal(get(svc.admin, path), 404);
	assert_int_equal(get(consumer, path), 200);
	assert_int_equal(get(auditor, path), 200);
	/* a token of another contract, and a stream under another contract's name */
	svc_token(&svc, "consumer_finance", "atlas", other.id, foreign);
	snprintf(path, sizeof path, "/log/%s/inputs/checkpoint", contract.id);
	assert_int_equal(get(foreign, path), 404);
	assert_int_equal(get(consumer, path), 200);
	snprintf(path, sizeof path, "/log/%s/streams/%s/checkpoint", other.id, agent.stream);
	assert_int_equal(get(svc.admin, path), 404);
	snprintf(path, sizeof path, "/log/%s/streams/tile/0/000", contract.id);
	assert_int_equal(get(svc.admin, path), 404);
}

/* Usage, proof and void lines were hidden from the provider's finance token alone; and whoever had
 * a root at every size could try the lines that it expected, one by one. */
static void a_consumers_lines_are_seen_by_no_other_door(void **state)
{
	char own_auditor[128], path[200];
	(void)state;
	append(consumer_client, &consumer_agent, 3);
	svc_token(&svc, "auditor", "orbit", NULL, own_auditor);
	const char *const others[] = {provider, svc.admin, own_auditor};
	const char *const owners[] = {consumer, auditor};
	const char *stream = consumer_agent.stream;
	long long size = (long long)consumer_agent.range.size;
	settle();
	for (size_t d = 0; d < 2; d++) {
		snprintf(path, sizeof path,
			d == 0 ? "/v1/usage/%s/%lld/proof" : "/v1/streams/%s/root?size=%lld",
			stream, size - 1);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(get(others[i], path), 404);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(get(owners[i], path), 200);
	}
	snprintf(path, sizeof path, "/v1/streams/%s/root?size=%lld", stream, size);
	for (size_t i = 0; i < 3; i++) /* that one is in the log */
		assert_int_equal(get(others[i], path), 200);
	snprintf(path, sizeof path, "/v1/contracts/%s/usage?stream=%s", contract.id, stream);
	for (size_t i = 0; i < 3; i++) {
		long status = get(others[i], path);
		assert_true(status == 404 || strstr(ts_buf_str(&answer), "node") == NULL);
	}
	assert_int_equal(get(consumer, path), 200);
	assert_non_null(strstr(ts_buf_str(&answer), "node"));
}

static void raw(const char *method, const char *path, const char *more, struct ts_wire_reply *out)
{
	char text[1024];
	uint16_t port = (uint16_t)strtol(strrchr(svc.url, ':') + 1, NULL, 10);
	snprintf(text, sizeof text,
		"%s /log/%s/inputs/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n",
		method, contract.id, path, auditor, more);
	int fd = ts_wire_connect(port);
	ts_wire_puts(fd, text);
	ts_wire_read(fd, 5000, strcmp(method, "HEAD") == 0, out);
	close(fd);
}

static void headers(void **state)
{
	struct ts_wire_reply reply;
	char value[256], etag[256], more[300];
	(void)state;
	raw("GET", "tile/0/000", "", &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(
		ts_wire_header(&reply, "Content-Type", value), "application/octet-stream");
	assert_string_equal(ts_wire_header(&reply, "Cache-Control", value),
		"private, max-age=31536000, immutable");
	assert_int_equal(strlen(ts_wire_header(&reply, "ETag", etag)), 34);
	ts_wire_reply_free(&reply);
	snprintf(more, sizeof more, "If-None-Match: %s\r\n", etag);
	raw("GET", "tile/0/000", more, &reply);
	assert_int_equal(reply.status, 304);
	ts_wire_reply_free(&reply);
	raw("HEAD", "tile/0/000", "", &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(ts_wire_header(&reply, "Content-Length", value), "8192");
	assert_string_equal(ts_wire_header(&reply, "ETag", value), etag);
	ts_wire_reply_free(&reply);
	raw("GET", "checkpoint", "", &reply);
	assert_string_equal(
		ts_wire_header(&reply, "Content-Type", value), "text/plain; charset=utf-8");
	assert_string_equal(ts_wire_header(&reply, "Cache-Control", value), "no-cache");
	assert_true(strlen(ts_wire_header(&reply, "ETag", value)) == 34);
	ts_wire_reply_free(&reply);
	raw("GET", "tile/0/900", "", &reply); /* may be there later */
	assert_string_equal(ts_wire_header(&reply, "Cache-Control", value), "no-store");
	ts_wire_reply_free(&reply);
}

/* The document's head is about the cut: entries between it and the issue do not count. */
static void head_is_of_the_cut(void **state)
{
	char path[200], hex[2 * TS_HASH_BYTES + 1];
	struct ts_hash root;
	(void)state;
	json_decref(post("periods/2026-05/close", 200));
	in_log("journal");
	int64_t size = published().size;
	from_ms += 40 * SVC_DAY_MS;
	append(client, &agent, 3);
	settle();
	assert_true(published().size > size);
	json_t *issued = post("periods/2026-05/invoice", 201);
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.json", contract.id,
		svc_member(issued, "number"));
	json_t *document = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	json_t *head = json_object_get(document, "head");
	assert_int_equal(json_integer_value(json_object_get(head, "journal_size")), size);
	tile_root(size, &root);
	ts_text_hex(root.b, TS_HASH_BYTES, hex);
	assert_string_equal(svc_member(head, "journal_root"), hex);
	ts_text_hex(contract.statement.b, TS_HASH_BYTES, hex);
	assert_string_equal(svc_member(head, "contract_note"), hex);
	json_decref(document);
	json_decref(issued);
}

/* The signer dies: unready, then it is started again and goes on. */
static pid_t signer_pid(void)
{
	char pattern[96], text[32] = "";
	glob_t tasks;
	/* whichever thread has started it */
	snprintf(pattern, sizeof pattern, "/proc/%d/task/*/children", (int)svc.pid);
	assert_int_equal(glob(pattern, 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc && text[0] == '\0'; i++) {
		FILE *children = fopen(tasks.gl_pathv[i], "re");
		if (children != NULL && fgets(text, sizeof text, children) == NULL)
			text[0] = '\0';
		if (children != NULL)
			(void)fclose(children);
	}
	globfree(&tasks);
	assert_true(text[0] != '\0');
	return (pid_t)strtol(text, NULL, 10);
}

static int readiness(void)
{
	char path[96];
	struct ts_wire_reply reply;
	snprintf(path, sizeof path, "%s/log", svc.dir);
	struct ts_file log = ts_file_read(path);
	const char *port = strstr(log.bytes, "\"admin_port\":");
	assert_non_null(port);
	ts_wire_ask((uint16_t)strtol(strchr(port, ':') + 1, NULL, 10),
		"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
	int status = reply.status;
	assert_true(status == 200 || strstr(reply.body, "signer") != NULL);
	ts_wire_reply_free(&reply);
	ts_file_free(&log);
	return status;
}

static void a_signer_that_dies(void **state)
{
	(void)state;
	assert_int_equal(readiness(), 200);
	assert_int_equal(kill(signer_pid(), SIGKILL), 0);
	assert_int_equal(readiness(), 503);
	assert_int_equal(readiness(), 200);
	in_log("inputs");
	int64_t size = published().size;
	for (int i = 0; i < 2; i++) {
		pid_t pid = signer_pid();
		assert_int_equal(kill(pid, SIGKILL), 0);
		append(client, &agent, 1);
		settle();
		assert_true(signer_pid() != pid);
		assert_true(published().size > size);
		size = published().size;
	}
}

/* Also when something dies: no service stays behind. */
static void end_service(void)
{
	if (svc.pid > 0)
		(void)kill(svc.pid, SIGTERM);
}

static int setup(void **state)
{
	struct ts_why why = {"", ""};
	char token[128];
	(void)state;
	(void)atexit(end_service);
	svc_start(&svc, "tick_s=0");
	svc_incomplete_after_days = 0; /* its agents close no windows */
	assert_ok(ts_hasher_init(&hasher));
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	svc_contract(&svc, NULL, &contract);
	svc_contract(&svc, &contract, &other);
	svc_agent(&svc, &contract, "c1", TS_SIDE_PROVIDER, &agent);
	svc_agent(&svc, &contract, "c2", TS_SIDE_CONSUMER, &consumer_agent);
	svc_token(&svc, "agent", "atlas", contract.id, token);
	svc_token(&svc, "auditor", "atlas", NULL, auditor);
	svc_token(&svc, "provider_finance", "orbit", NULL, provider);
	svc_token(&svc, "consumer_finance", "atlas", NULL, consumer);
	if (ts_send_create(svc.url, token, &consumer_client, &why) != TS_OK)
		return -1;
	return ts_send_create(svc.url, contract.agent_token, &client, &why) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_send_free(client);
	ts_send_free(consumer_client);
	ts_buf_free(&body);
	ts_buf_free(&lines);
	ts_buf_free(&answer);
	ts_hasher_free(&hasher);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_logs),
		cmocka_unit_test(beyond_the_published_size),
		cmocka_unit_test(a_stream),
		cmocka_unit_test(who_sees_what),
		cmocka_unit_test(a_consumers_lines_are_seen_by_no_other_door),
		cmocka_unit_test(headers),
		cmocka_unit_test(head_is_of_the_cut),
		cmocka_unit_test(a_signer_that_dies),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
