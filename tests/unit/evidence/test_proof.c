/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/proof.h"

static struct ts_hasher hasher;

static int setup(void **state)
{
	(void)state;
	return ts_hasher_init(&hasher) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	return 0;
}

static struct ts_key key_of(const char *vkey)
{
	struct ts_key key;
	struct ts_why why;
	assert_ok(ts_key_parse(ts_str(vkey), &key, &why));
	return key;
}

static void test_tessera(void **state)
{
	(void)state;
	json_t *index = vec_load("evidence/tlog-proof/index.json");
	json_t *cps = vec_load("evidence/checkpoint/vectors.json");
	const json_t *leaves = vec_get(index, "leaves");
	struct ts_key key = key_of(vec_text(json_array_get(vec_get(cps, "signed"), 3), "vkey"));
	for (size_t i = 0; i < json_array_size(leaves); i++) {
		char path[96];
		struct ts_proof proof;
		struct ts_note_sig sig;
		struct ts_checkpoint cp;
		struct ts_why why;
		struct ts_buf out;
		snprintf(path, sizeof(path), "evidence/tlog-proof/tessera-15-index-%zu.tlog-proof",
			i);
		struct ts_file file = ts_fixture_read(path);
		const char *leaf = json_string_value(json_array_get(leaves, i));
		assert_ok(ts_proof_parse(ts_file_str(&file), &proof, &why));
		assert_int_equal(proof.index, i);
		assert_ok(ts_proof_verify(
			&hasher, &proof, leaf, strlen(leaf), &key, 1, &sig, &cp, &why));
		assert_int_equal(cp.size, 15);
		assert_err(ts_proof_verify(&hasher, &proof, "other", 5, &key, 1, &sig, &cp, &why),
			TS_E_INVALID);
		ts_buf_init(&out, TS_PROOF_BYTES_MAX);
		ts_proof_format(&proof, &out);
		assert_true(ts_str_eq((struct ts_str){out.data, out.len}, ts_file_str(&file)));
		ts_buf_free(&out);
		ts_file_free(&file);
	}
	json_decref(cps);
	json_decref(index);
}

static void test_parse_errors(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/tlog-proof/index.json");
	struct ts_proof proof;
	struct ts_why why;
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "parse_errors"), i, c)
	{
		assert_err(ts_proof_parse(vec_str(c, "proof"), &proof, &why), TS_E_MALFORMED);
	}
	json_decref(doc);
#define HEAD "c2sp.org/tlog-proof@v1\n"
	assert_ok(ts_proof_parse(TS_STR(HEAD "extra AAAA\nindex 7\n\nnote\n"), &proof, &why));
	assert_true(proof.has_extra);
	assert_int_equal(proof.index, 7);
	static const char *const bad[] = {"", HEAD, HEAD "index 07\n\nnote\n",
		HEAD "index 9223372036854775808\n\nnote\n", HEAD "index 0\nnote\n",
		HEAD "extra AAAB=\nindex 0\n\nnote\n", HEAD "index 0\nextra AAAA\n\nnote\n"};
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_err(ts_proof_parse(ts_str(bad[n]), &proof, &why), TS_E_MALFORMED);
	struct ts_buf many;
	ts_buf_init(&many, 8192);
	ts_buf_puts(&many, HEAD "index 0\n");
	for (int n = 0; n < 65; n++)
		ts_buf_puts(&many, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	ts_buf_puts(&many, "\nnote\n");
	assert_err(
		ts_proof_parse((struct ts_str){many.data, many.len}, &proof, &why), TS_E_MALFORMED);
	ts_buf_free(&many);
}

/* The proof of one record: its line in the stream, the stream's checkpoint in the log. */
static void test_record_to_ledger(void **state)
{
	(void)state;
	const char *dir = "evidence/worked-example/evidence-record-2/";
	char path[96];
	json_t *doc = vec_load("evidence/worked-example/expected.json");
	const json_t *all = vec_get(doc, "keys");
	snprintf(path, sizeof(path), "%srecord", dir);
	struct ts_file record = ts_fixture_read(path);
	snprintf(path, sizeof(path), "%srecord.tlog-proof", dir);
	struct ts_file first = ts_fixture_read(path);
	snprintf(path, sizeof(path), "%sagent-checkpoint.note", dir);
	struct ts_file note = ts_fixture_read(path);
	snprintf(path, sizeof(path), "%sagent-checkpoint.tlog-proof", dir);
	struct ts_file second = ts_fixture_read(path);
	struct ts_key agent[] = {key_of(vec_text(vec_get(all, "agent"), "vkey")),
		key_of(vec_text(vec_get(all, "ledgerw"), "vkey"))};
	struct ts_key log[] = {key_of(vec_text(vec_get(all, "log"), "vkey")),
		key_of(vec_text(vec_get(all, "consumer"), "vkey")),
		key_of(vec_text(vec_get(all, "auditor"), "vkey"))};
	struct ts_proof proof;
	struct ts_note_sig sigs[3];
	struct ts_checkpoint cp;
	struct ts_why why;
	assert_ok(ts_proof_parse(ts_file_str(&first), &proof, &why));
	assert_ok(ts_proof_verify(
		&hasher, &proof, record.bytes, record.len, agent, 2, sigs, &cp, &why));
	assert_int_equal(cp.size, 5);
	assert_true(sigs[0].valid && sigs[1].valid);
	assert_ok(ts_proof_parse(ts_file_str(&second), &proof, &why));
	assert_ok(ts_proof_verify(&hasher, &proof, note.bytes, note.len, log, 3, sigs, &cp, &why));
	assert_int_equal(cp.size, 3);
	assert_true(sigs[0].valid && sigs[1].valid && sigs[2].valid);
	/* A proof whose note only the witnesses signed is none. */
	assert_err(
		ts_proof_verify(&hasher, &proof, note.bytes, note.len, log + 1, 2, sigs, &cp, &why),
		TS_E_SIGNATURE);
	ts_file_free(&record);
	ts_file_free(&first);
	ts_file_free(&note);
	ts_file_free(&second);
	json_decref(doc);
}

static void put_checkpoint(const struct ts_secret *signer, const struct ts_hash *root, int64_t size,
	struct ts_buf *out)
{
	struct ts_buf text;
	const struct ts_checkpoint checkpoint = {ts_str(signer->key.name), size, *root};
	ts_buf_init(&text, TS_NOTE_BYTES_MAX);
	ts_checkpoint_format(&checkpoint, &text);
	ts_note_begin(vec_buf(&text), out);
	assert_ok(ts_note_sign(signer, vec_buf(&text), out));
	ts_buf_free(&text);
}

/* A record in a stream of one line, its checkpoint alone in the inputs log: the two proofs hang
 * together by that very note, and by nothing else. */
static void test_record(void **state)
{
	const uint8_t seeds[2][TS_KEY_SEED_BYTES] = {{1}, {2}};
	struct ts_secret agent, log;
	struct ts_buf note, other, top;
	struct ts_hash root, leaf;
	struct ts_note_sig sig;
	struct ts_checkpoint stream, inputs;
	struct ts_why why;
	struct ts_str line = TS_STR("u1");
	(void)state;
	assert_ok(ts_secret_make(TS_STR("l/agent"), TS_KEY_ED25519, seeds[0], &agent));
	assert_ok(ts_secret_make(TS_STR("l/inputs"), TS_KEY_ED25519, seeds[1], &log));
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_buf_init(&other, TS_NOTE_BYTES_MAX);
	ts_buf_init(&top, TS_NOTE_BYTES_MAX);
	ts_hash_leaf(&hasher, line.at, line.len, &root);
	put_checkpoint(&agent, &root, 1, &note);
	ts_hash_leaf(&hasher, note.data, note.len, &leaf);
	put_checkpoint(&log, &leaf, 1, &top);
	struct ts_proof a = {.note = vec_buf(&note)}, b = {.note = vec_buf(&top)};
	assert_ok(ts_proof_verify_record(
		&hasher, line, &a, &agent.key, &b, &log.key, 1, &sig, &stream, &inputs, &why));
	assert_int_equal(stream.size, 1);
	assert_err(ts_proof_verify_record(&hasher, TS_STR("u2"), &a, &agent.key, &b, &log.key, 1,
			   &sig, &stream, &inputs, &why),
		TS_E_INVALID);
	assert_string_equal(why.where, "stream");
	assert_err(ts_proof_verify_record(&hasher, line, &a, &log.key, &b, &log.key, 1, &sig,
			   &stream, &inputs, &why),
		TS_E_SIGNATURE);
	/* another checkpoint of the agent is not that leaf */
	ts_hash_leaf(&hasher, "u2", 2, &root);
	put_checkpoint(&agent, &root, 1, &other);
	a.note = vec_buf(&other);
	assert_err(ts_proof_verify_record(&hasher, TS_STR("u2"), &a, &agent.key, &b, &log.key, 1,
			   &sig, &stream, &inputs, &why),
		TS_E_INVALID);
	assert_string_equal(why.where, "inputs");
	ts_buf_free(&note);
	ts_buf_free(&other);
	ts_buf_free(&top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tessera),
		cmocka_unit_test(test_parse_errors),
		cmocka_unit_test(test_record_to_ledger),
		cmocka_unit_test(test_record),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
