/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of a witness: a published conversation step by step, and what a log must never get
 * a cosignature for. */
#include "vector.h"

#include "evidence/witness.h"

/* What one step is, by the codes of evidence/witness.h; *size and *root move on as a witness's. */
static enum ts_err step(struct ts_hasher *hasher, struct ts_str bytes, const struct ts_key *log,
	int64_t *size, struct ts_hash *root)
{
	struct ts_witness_request request;
	struct ts_why why = {0};
	TS_TRY(ts_witness_parse(bytes, &request, &why));
	if (!ts_str_is(request.checkpoint.origin, log->name))
		return TS_E_NOT_FOUND;
	TS_TRY(ts_witness_authenticate(&request, log, &why));
	TS_TRY(ts_witness_judge(hasher, &request, *size, root, &why));
	*size = request.checkpoint.size;
	*root = request.checkpoint.root;
	return TS_OK;
}

/* litewitness's own conversation. Two statuses differ from v1.0.0 and from ours: for an unknown
 * origin it says 403, the published version 404; and its broken signature is no canonical base64,
 * which is malformed here (400) before any key is looked at. */
static void test_published_conversation(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/witness/add-checkpoint.json");
	struct ts_hasher hasher = {0};
	struct ts_key log;
	struct ts_hash root = {{0}};
	int64_t size = 0;
	size_t i;
	json_t *c;
	assert_ok(ts_hasher_init(&hasher));
	assert_ok(ts_key_parse(vec_str(doc, "log_vkey"), &log, NULL));
	assert_int_equal(json_array_size(vec_get(doc, "steps")), 9);
	json_array_foreach(vec_get(doc, "steps"), i, c)
	{
		json_int_t expected = json_integer_value(vec_get(c, "status"));
		expected = i == 1 ? 400 : i == 2 ? 404 : expected;
		enum ts_err err = step(&hasher, vec_str(c, "request"), &log, &size, &root);
		if (ts_err_http(err) != (int)expected)
			fail_msg("step %zu: %s, expected %d", i, ts_err_code(err), (int)expected);
		if (err == TS_E_STALE) {
			char text[32];
			snprintf(text, sizeof text, "%lld\n", (long long)size);
			assert_string_equal(vec_text(c, "body"), text);
		}
	}
	assert_int_equal(size, 5);
	ts_hasher_free(&hasher);
	json_decref(doc);
}

/* A log of its own. */
struct fixture {
	struct ts_hasher hasher;
	struct ts_secret log, witness;
	struct ts_hash leaves[300];
	struct ts_merkle_array array;
	struct ts_buf request;
};

static void setup(struct fixture *f)
{
	uint8_t seed[TS_KEY_SEED_BYTES] = {3};
	memset(f, 0, sizeof *f);
	assert_ok(ts_hasher_init(&f->hasher));
	assert_ok(ts_secret_make(TS_STR("t.example/0/inputs"), TS_KEY_ED25519, seed, &f->log));
	seed[0] = 4;
	assert_ok(ts_secret_make(TS_STR("w.example/w1"), TS_KEY_COSIGNATURE, seed, &f->witness));
	for (size_t i = 0; i < 300; i++)
		ts_hash_leaf(&f->hasher, &i, sizeof i, &f->leaves[i]);
	f->array = (struct ts_merkle_array){&f->hasher, f->leaves, 300};
	ts_buf_init(&f->request, 100000);
}

static void teardown(struct fixture *f)
{
	ts_buf_free(&f->request);
	ts_hasher_free(&f->hasher);
}

static void root_of(struct fixture *f, int64_t size, struct ts_hash *out)
{
	struct ts_merkle_source source = ts_merkle_array_source(&f->array);
	if (size == 0)
		ts_sha256("", 0, out);
	else
		assert_ok(ts_merkle_root(&f->hasher, &source, size, out));
}

static struct ts_str request_of(struct fixture *f, int64_t old, int64_t size, uint8_t twist)
{
	struct ts_merkle_source source = ts_merkle_array_source(&f->array);
	struct ts_path proof = {.n = 0};
	struct ts_checkpoint cp = {.origin = ts_str(f->log.key.name), .size = size};
	struct ts_buf text, note;
	if (old > 0 && old < size)
		assert_ok(ts_consistency_prove(&f->hasher, &source, old, size, &proof));
	root_of(f, size, &cp.root);
	cp.root.b[0] ^= twist;
	ts_buf_init(&text, 1000);
	ts_buf_init(&note, 4000);
	ts_checkpoint_format(&cp, &text);
	ts_note_begin((struct ts_str){text.data, text.len}, &note);
	assert_ok(ts_note_sign(&f->log, (struct ts_str){text.data, text.len}, &note));
	ts_buf_reset(&f->request);
	ts_witness_build(old, &proof, (struct ts_str){note.data, note.len}, &f->request);
	ts_buf_free(&text);
	ts_buf_free(&note);
	return (struct ts_str){f->request.data, f->request.len};
}

static void test_every_pair_of_sizes(void **state)
{
	(void)state;
	struct fixture f;
	static const int64_t sizes[] = {0, 1, 2, 3, 7, 8, 255, 256, 257, 300};
	setup(&f);
	for (size_t i = 0; i < 10; i++)
		for (size_t k = 0; k < 10; k++) {
			int64_t size = sizes[i];
			struct ts_hash root;
			root_of(&f, size, &root);
			enum ts_err expected = sizes[k] < size ? TS_E_MALFORMED : TS_OK;
			assert_err(step(&f.hasher, request_of(&f, size, sizes[k], 0), &f.log.key,
					   &size, &root),
				expected);
		}
	teardown(&f);
}

static void test_refusals(void **state)
{
	(void)state;
	struct fixture f;
	struct ts_hash root;
	int64_t size = 257;
	setup(&f);
	root_of(&f, 257, &root);
	assert_err(step(&f.hasher, request_of(&f, 257, 257, 1), &f.log.key, &size, &root),
		TS_E_CONFLICT); /* a second root of one size */
	assert_err(step(&f.hasher, request_of(&f, 257, 300, 1), &f.log.key, &size, &root),
		TS_E_INVALID); /* another tree */
	root.b[5] ^= 1; /* the witness saw another past */
	assert_err(step(&f.hasher, request_of(&f, 257, 300, 0), &f.log.key, &size, &root),
		TS_E_INVALID);
	root_of(&f, 257, &root);
	assert_err(
		step(&f.hasher, request_of(&f, 256, 300, 0), &f.log.key, &size, &root), TS_E_STALE);
	assert_err(
		step(&f.hasher, request_of(&f, 0, 300, 0), &f.log.key, &size, &root), TS_E_STALE);
	struct ts_key other = f.log.key;
	other.public[0] ^= 1; /* the log's name and id, another key */
	assert_err(
		step(&f.hasher, request_of(&f, 257, 300, 0), &other, &size, &root), TS_E_SIGNATURE);
	other = f.log.key;
	other.id ^= 1; /* no line of the known key at all */
	assert_err(
		step(&f.hasher, request_of(&f, 257, 300, 0), &other, &size, &root), TS_E_SIGNATURE);
	teardown(&f);
}

/* Every cut of a good request is refused, and so is what goes beyond the bounds. */
static void test_malformed(void **state)
{
	(void)state;
	struct fixture f;
	struct ts_witness_request request;
	setup(&f);
	struct ts_str whole = request_of(&f, 257, 300, 0);
	for (size_t len = 0; len < whole.len; len++)
		assert_err(ts_witness_parse((struct ts_str){whole.at, len}, &request, NULL),
			TS_E_MALFORMED);
	static const char *const heads[] = {"old 01\n\n", "old -1\n\n", "old\n\n", "new 1\n\n",
		"old 1 \n\n", "old 1\nAA==\n\n", "old 9223372036854775808\n\n", "\n"};
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		struct ts_buf text;
		const char *note = strstr(whole.at, "\n\n") + 2;
		ts_buf_init(&text, 10000);
		ts_buf_puts(&text, heads[i]);
		ts_buf_put(&text, note, whole.len - (size_t)(note - whole.at));
		assert_err(ts_witness_parse((struct ts_str){text.data, text.len}, &request, NULL),
			TS_E_MALFORMED);
		ts_buf_free(&text);
	}
	struct ts_path long_proof = {.n = 64};
	struct ts_str note = {strstr(whole.at, "\n\n") + 2, 0};
	note.len = whole.len - (size_t)(note.at - whole.at);
	struct ts_buf text;
	ts_buf_init(&text, 100000);
	ts_witness_build(1, &long_proof, note, &text);
	assert_err(ts_witness_parse((struct ts_str){text.data, text.len}, &request, NULL),
		TS_E_MALFORMED);
	ts_buf_reset(&text);
	long_proof.n = 63;
	ts_witness_build(1, &long_proof, note, &text);
	assert_ok(ts_witness_parse((struct ts_str){text.data, text.len}, &request, NULL));
	ts_buf_free(&text);
	teardown(&f);
}

static void test_answer(void **state)
{
	(void)state;
	struct fixture f;
	struct ts_witness_request request;
	struct ts_note_sig sig;
	struct ts_buf body;
	setup(&f);
	assert_ok(ts_witness_parse(request_of(&f, 0, 5, 0), &request, NULL));
	ts_buf_init(&body, 4000);
	assert_ok(ts_checkpoint_cosign(&f.witness, request.note.text, 1700000000, &body));
	struct ts_str answer = {body.data, body.len};
	assert_ok(ts_witness_answer(answer, request.note.text, &f.witness.key, &sig, NULL));
	assert_int_equal(sig.time_s, 1700000000);
	assert_true(ts_str_eq(sig.line, answer));
	assert_ptr_equal(sig.line.at, answer.at);
	assert_err(ts_witness_answer(answer, TS_STR("t.example/0/inputs\n6\nAAAA\n"),
			   &f.witness.key, &sig, NULL),
		TS_E_SIGNATURE);
	assert_err(ts_witness_answer(
			   TS_STR("<html>\n"), request.note.text, &f.witness.key, &sig, NULL),
		TS_E_MALFORMED);
	ts_buf_free(&body);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_conversation),
		cmocka_unit_test(test_every_pair_of_sizes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
