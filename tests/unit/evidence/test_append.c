/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/append.h"
#include "evidence/log.h"

static struct ts_hasher hasher;
static json_t *doc;
static struct ts_file first, second;

static int setup(void **state)
{
	(void)state;
	doc = vec_own("append.json");
	first = vec_file("append-0-5.txt");
	second = vec_file("append-5-8.txt");
	return ts_hasher_init(&hasher) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(doc);
	ts_file_free(&first);
	ts_file_free(&second);
	ts_hasher_free(&hasher);
	return 0;
}

static struct ts_secret secret_of(const char *name)
{
	const json_t *k = vec_get(vec_get(doc, "keys"), name);
	struct ts_key key;
	struct ts_secret secret;
	struct ts_why why;
	uint8_t seed[32];
	assert_ok(ts_key_parse(vec_str(k, "vkey"), &key, &why));
	vec_unhex(vec_text(k, "seed_hex"), seed, sizeof(seed));
	assert_ok(ts_secret_make(ts_str(key.name), key.type, seed, &secret));
	assert_true(ts_key_eq(&secret.key, &key));
	return secret;
}

static void assert_range(const struct ts_range *range)
{
	uint8_t bytes[TS_MERKLE_HASHES_MAX * 32];
	char hex[2 * sizeof(bytes) + 1] = "";
	size_t size = (size_t)range->size;
	size_t len = ts_range_pack(range, bytes);
	struct ts_hash root;
	struct ts_hash want = vec_hash(
		json_string_value(json_array_get(vec_get(doc, "roots_hex"), size)));
	ts_text_hex(bytes, len, hex);
	assert_string_equal(
		hex, json_string_value(json_array_get(vec_get(doc, "range_hex"), size)));
	ts_range_root(&hasher, range, &root);
	assert_hash_equal(&root, &want);
}

/* All steps of the service on one body; *range grows. */
static enum ts_err accept(struct ts_str body, struct ts_range *range, struct ts_append *append)
{
	struct ts_secret agent = secret_of("agent");
	struct ts_note_sig sig;
	struct ts_why why;
	struct ts_append_state stored = {.size = range->size};
	enum ts_append_step step;
	struct ts_append_walk walk;
	struct ts_append_line line;
	TS_TRY(ts_append_parse(body, append, &why));
	TS_TRY(ts_append_authenticate(append, &agent.key, vec_str(doc, "stream"), &sig, &why));
	TS_TRY(ts_append_decide(append, &stored, &step, &why));
	assert_int_equal(step, TS_APPEND_STORE);
	ts_append_walk_init(&walk, &hasher, append, range);
	while (ts_append_walk_next(&walk, &line)) {
		struct ts_record record;
		const char *reason;
		struct ts_hash leaf = vec_hash(json_string_value(
			json_array_get(vec_get(doc, "leaf_hashes_hex"), (size_t)line.index)));
		assert_hash_equal(&line.leaf, &leaf);
		assert_false(line.full);
		assert_ok(ts_record_parse(line.bytes, &record, &reason));
		assert_ok(ts_record_place(
			&record, append->checkpoint.origin, line.index, NULL, &reason));
	}
	TS_TRY(ts_append_walk_finish(&walk, append, &why));
	*range = walk.range;
	return TS_OK;
}

static void test_two_uploads(void **state)
{
	(void)state;
	struct ts_range range;
	struct ts_append append;
	ts_range_init(&range);
	assert_ok(accept(ts_file_str(&first), &range, &append));
	assert_int_equal(range.size, 5);
	assert_range(&range);
	assert_ok(accept(ts_file_str(&second), &range, &append));
	assert_int_equal(range.size, 8);
	assert_range(&range);
}

static void test_build(void **state)
{
	(void)state;
	struct ts_secret agent = secret_of("agent");
	struct ts_append append;
	struct ts_why why;
	struct ts_range range;
	struct ts_buf out;
	ts_range_init(&range);
	assert_ok(accept(ts_file_str(&first), &range, &append));
	ts_buf_init(&out, 65536);
	assert_ok(ts_append_build(&hasher, &agent, 0, &range, append.lines, &out));
	assert_true(ts_str_eq(vec_buf(&out), ts_file_str(&first)));
	ts_buf_reset(&out);
	/* The range must be the one behind these lines. */
	assert_err(ts_append_build(&hasher, &agent, 1, &range, append.lines, &out), TS_E_INVALID);
	struct ts_str cut = {append.lines.at, append.lines.len - 1};
	assert_err(ts_append_build(&hasher, &agent, 0, &range, cut, &out), TS_E_INVALID);
	assert_err(ts_append_build(&hasher, &agent, 5, &range, TS_STR(""), &out), TS_E_INVALID);
	ts_buf_free(&out);
	assert_ok(ts_append_parse(ts_file_str(&second), &append, &why));
}

static void test_receipt(void **state)
{
	(void)state;
	struct ts_secret receipt = secret_of("receipt");
	const json_t *want = vec_get(doc, "receipt_5");
	struct ts_append append;
	struct ts_why why;
	struct ts_buf out;
	int64_t time_s = 0;
	assert_ok(ts_append_parse(ts_file_str(&first), &append, &why));
	ts_buf_init(&out, 4096);
	assert_ok(ts_append_receipt(&receipt, &append, vec_int(want, "time_s"), &out));
	assert_string_equal(ts_buf_str(&out), vec_text(want, "line"));
	assert_ok(ts_append_receipt_verify(
		&receipt.key, append.note.text, vec_buf(&out), &time_s, &why));
	assert_int_equal(time_s, vec_int(want, "time_s"));
	/* Not for another text, not by another key. */
	assert_ok(ts_append_parse(ts_file_str(&second), &append, &why));
	assert_err(ts_append_receipt_verify(
			   &receipt.key, append.note.text, vec_buf(&out), &time_s, &why),
		TS_E_SIGNATURE);
	struct ts_secret agent = secret_of("agent");
	assert_err(ts_append_receipt_verify(
			   &agent.key, append.note.text, vec_buf(&out), &time_s, &why),
		TS_E_KEY);
	ts_buf_free(&out);
}

static enum ts_err decide(
	int64_t old, int64_t new, int64_t size, bool same, bool ended, enum ts_append_step *step)
{
	struct ts_append append = {.old_size = old, .new_size = new};
	struct ts_append_state stored = {.size = size, .ended_at_new = ended};
	struct ts_why why;
	stored.root_at_new.b[0] = same ? 0 : 1;
	return ts_append_decide(&append, &stored, step, &why);
}

static void test_decide(void **state)
{
	(void)state;
	enum ts_append_step step;
	assert_ok(decide(5, 8, 5, false, false, &step));
	assert_int_equal(step, TS_APPEND_STORE);
	/* M > N comes before anything that the stored size says. */
	assert_err(decide(8, 8, 5, false, false, &step), TS_E_RANGE);
	assert_err(decide(9, 8, 9, false, false, &step), TS_E_RANGE);
	assert_err(decide(0, TS_APPEND_LINES_MAX + 1, 0, false, false, &step), TS_E_LIMIT);
	/* A replay, at the head and further back, whatever its old was. */
	assert_ok(decide(5, 8, 8, true, true, &step));
	assert_int_equal(step, TS_APPEND_REPLAY);
	assert_ok(decide(3, 8, 20, true, true, &step));
	assert_int_equal(step, TS_APPEND_REPLAY);
	assert_err(decide(5, 8, 20, true, false, &step), TS_E_STALE);
	assert_err(decide(5, 8, 8, false, true, &step), TS_E_EQUIVOCATION);
	assert_err(decide(5, 8, 20, false, false, &step), TS_E_EQUIVOCATION);
	/* Neither behind nor before the stored size. */
	assert_err(decide(5, 8, 6, false, false, &step), TS_E_STALE);
	assert_err(decide(5, 8, 4, false, false, &step), TS_E_STALE);
}

static void test_authenticate(void **state)
{
	(void)state;
	struct ts_secret agent = secret_of("agent");
	struct ts_secret other = secret_of("provider");
	struct ts_secret receipt = secret_of("receipt");
	struct ts_append append;
	struct ts_note_sig sig;
	struct ts_why why;
	assert_ok(ts_append_parse(ts_file_str(&first), &append, &why));
	assert_ok(ts_append_authenticate(&append, &agent.key, vec_str(doc, "stream"), &sig, &why));
	assert_true(ts_str_eq(sig.line, append.note.lines[0].line));
	assert_err(ts_append_authenticate(&append, &other.key, vec_str(doc, "stream"), &sig, &why),
		TS_E_SIGNATURE);
	assert_err(
		ts_append_authenticate(&append, &receipt.key, vec_str(doc, "stream"), &sig, &why),
		TS_E_KEY);
	assert_err(ts_append_authenticate(&append, &agent.key,
			   TS_STR("00000000000000000000000000000000"), &sig, &why),
		TS_E_NOT_FOUND);
}

static void test_damaged(void **state)
{
	(void)state;
	struct ts_buf body;
	struct ts_append append;
	struct ts_range range;
	ts_buf_init(&body, 65536);
	ts_range_init(&range);
	/* Cut anywhere: malformed head, or a mismatch in the lines; never accepted. */
	for (size_t len = 0; len < first.len; len++) {
		enum ts_err err = accept((struct ts_str){first.bytes, len}, &range, &append);
		assert_true(err == TS_E_MALFORMED || err == TS_E_MISMATCH);
		assert_int_equal(range.size, 0);
	}
	ts_buf_put(&body, first.bytes, first.len);
	ts_buf_puts(&body, "u1\n");
	assert_err(accept(vec_buf(&body), &range, &append), TS_E_MISMATCH);
	ts_buf_free(&body);
}

static void test_one_bit(void **state)
{
	(void)state;
	struct ts_secret agent = secret_of("agent");
	struct ts_append append, good;
	struct ts_note_sig sig;
	struct ts_why why;
	struct ts_buf body;
	ts_buf_init(&body, 65536);
	ts_buf_put(&body, first.bytes, first.len);
	assert_ok(ts_append_parse(ts_file_str(&first), &good, &why));
	size_t head = (size_t)(good.lines.at - first.bytes);
	/* In the head no bit can change unseen; old alone is not signed, and is checked against the
	 * stored size instead. */
	for (size_t i = 0; i < head; i++) {
		for (int bit = 0; bit < 8; bit++) {
			body.data[i] = (char)(body.data[i] ^ (1 << bit));
			enum ts_err err = ts_append_parse(vec_buf(&body), &append, &why);
			if (err == TS_OK)
				err = ts_append_authenticate(
					&append, &agent.key, vec_str(doc, "stream"), &sig, &why);
			assert_true(err != TS_OK || append.old_size != good.old_size);
			body.data[i] = (char)(body.data[i] ^ (1 << bit));
		}
	}
	/* In the lines the root tells. */
	for (size_t i = head; i < body.len; i += 7) {
		struct ts_range range;
		struct ts_append_walk walk;
		struct ts_append_line line;
		ts_range_init(&range);
		body.data[i] = (char)(body.data[i] ^ 4);
		assert_ok(ts_append_parse(vec_buf(&body), &append, &why));
		ts_append_walk_init(&walk, &hasher, &append, &range);
		while (ts_append_walk_next(&walk, &line))
			;
		assert_err(ts_append_walk_finish(&walk, &append, &why), TS_E_MISMATCH);
		body.data[i] = (char)(body.data[i] ^ 4);
	}
	ts_buf_free(&body);
}

static void test_bad_heads(void **state)
{
	(void)state;
	static const char *const heads[] = {"", "append/v2\nold 0\nnew 5\n", "old 0\nnew 5\n",
		"append/v1\nnew 5\nold 0\n", "append/v1\nold 00\nnew 5\n",
		"append/v1\nold -1\nnew 5\n", "append/v1\nold 0\nnew 6\n",
		"append/v1\nold 0 \nnew 5\n", "append/v1\r\nold 0\nnew 5\n",
		"append/v1\nold 0\nnew 9223372036854775808\n", "append/v1\nold 0\nnew 5\n\n"};
	const char *rest = strstr(first.bytes, "new 5\n");
	assert_non_null(rest);
	rest += strlen("new 5\n");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct ts_buf body;
		struct ts_append append;
		struct ts_why why;
		ts_buf_init(&body, 65536);
		ts_buf_puts(&body, heads[i]);
		ts_buf_puts(&body, rest);
		assert_err(ts_append_parse(vec_buf(&body), &append, &why), TS_E_MALFORMED);
		ts_buf_free(&body);
	}
}

/* A line may be longer than any good record, up to what a tile can hold, and is then void. */
static void test_long_line(void **state)
{
	(void)state;
	static char lines[TS_APPEND_LINE_BYTES_MAX + 2];
	struct ts_append append = {.old_size = 0, .new_size = 1};
	struct ts_append_walk walk;
	struct ts_append_line line;
	struct ts_range range;
	struct ts_record record;
	const char *reason;
	struct ts_why why;
	ts_range_init(&range);
	memset(lines, 'x', sizeof(lines));
	lines[TS_APPEND_LINE_BYTES_MAX] = '\n';
	append.lines = (struct ts_str){lines, TS_APPEND_LINE_BYTES_MAX + 1};
	ts_append_walk_init(&walk, &hasher, &append, &range);
	assert_true(ts_append_walk_next(&walk, &line));
	assert_err(ts_record_parse(line.bytes, &record, &reason), TS_E_MALFORMED);
	lines[TS_APPEND_LINE_BYTES_MAX] = 'x';
	lines[TS_APPEND_LINE_BYTES_MAX + 1] = '\n';
	append.lines.len++;
	ts_append_walk_init(&walk, &hasher, &append, &range);
	assert_false(ts_append_walk_next(&walk, &line));
	assert_err(ts_append_walk_finish(&walk, &append, &why), TS_E_MISMATCH);
}

/* The log's side of the same vectors: the leaf of an append, and the signed checkpoint. */
static void test_log(void **state)
{
	(void)state;
	struct ts_secret agent = secret_of("agent");
	struct ts_secret log = secret_of("log");
	const json_t *leaves = vec_get(doc, "log_leaves");
	struct ts_append append;
	struct ts_note_sig sig;
	struct ts_note note;
	struct ts_why why;
	struct ts_buf out;
	struct ts_range kept;
	enum ts_leaf_kind kind;
	ts_buf_init(&out, 65536);
	assert_ok(ts_append_parse(ts_file_str(&first), &append, &why));
	assert_ok(ts_append_authenticate(&append, &agent.key, vec_str(doc, "stream"), &sig, &why));
	ts_leaf_checkpoint(append.note.text, sig.line, &out);
	assert_string_equal(ts_buf_str(&out), json_string_value(json_array_get(leaves, 1)));
	assert_ok(ts_leaf_parse(vec_buf(&out), &kind, &note, &why));
	assert_int_equal(kind, TS_LEAF_CHECKPOINT);
	assert_ok(ts_leaf_parse(
		ts_str(json_string_value(json_array_get(leaves, 0))), &kind, &note, &why));
	assert_int_equal(kind, TS_LEAF_CONTRACT);
	ts_range_init(&kept);
	for (size_t i = 0; i < 2; i++) {
		struct ts_hash leaf;
		const char *bytes = json_string_value(json_array_get(leaves, i));
		ts_hash_leaf(&hasher, bytes, strlen(bytes), &leaf);
		(void)ts_range_append(&hasher, &kept, &leaf, NULL);
	}
	/* The checkpoint over both leaves. */
	struct ts_checkpoint checkpoint = {ts_str(log.key.name), kept.size, {{0}}};
	struct ts_buf text;
	ts_buf_init(&text, TS_CHECKPOINT_CHARS);
	ts_buf_reset(&out);
	ts_range_root(&hasher, &kept, &checkpoint.root);
	ts_checkpoint_format(&checkpoint, &text);
	ts_note_begin(vec_buf(&text), &out);
	assert_ok(ts_note_sign(&log, vec_buf(&text), &out));
	assert_string_equal(ts_buf_str(&out), vec_text(doc, "log_note"));
	ts_buf_free(&text);
	ts_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_uploads),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_receipt),
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_authenticate),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_one_bit),
		cmocka_unit_test(test_bad_heads),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_log),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
