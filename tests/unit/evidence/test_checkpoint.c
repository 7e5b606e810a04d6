/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/checkpoint.h"

static struct ts_key key_of(const char *vkey)
{
	struct ts_key key;
	struct ts_why why;
	assert_ok(ts_key_parse(ts_str(vkey), &key, &why));
	return key;
}

static void test_signed(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/checkpoint/vectors.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "signed"), i, c)
	{
		struct ts_key key = key_of(vec_text(c, "vkey"));
		struct ts_note note;
		struct ts_note_sig sig;
		struct ts_checkpoint cp;
		struct ts_why why;
		struct ts_buf out;
		assert_ok(ts_note_parse(vec_str(c, "checkpoint"), &note, &why));
		assert_ok(ts_note_verify(&note, &key, 1, &sig, &why));
		assert_ok(ts_checkpoint_parse(note.text, &cp, &why));
		ts_buf_init(&out, 1024);
		ts_checkpoint_format(&cp, &out);
		assert_true(ts_str_eq((struct ts_str){out.data, out.len}, note.text));
		ts_buf_free(&out);
		/* Ours demands that key and origin have one name; sumdb's do not. */
		bool same = ts_str_is(cp.origin, key.name);
		assert_err(ts_checkpoint_open(
				   vec_str(c, "checkpoint"), &key, 1, &note, &sig, &cp, &why),
			same ? TS_OK : TS_E_SIGNATURE);
	}
	json_decref(doc);
}

static void test_cosignatures(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/checkpoint/vectors.json");
	size_t i;
	json_t *c;
	const json_t *first = json_array_get(vec_get(doc, "cosignatures"), 0);
	struct ts_key key = key_of(vec_text(first, "vkey"));
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_why why;
	struct ts_buf out;
	ts_buf_init(&out, 4096);
	ts_note_begin(vec_str(first, "body"), &out);
	ts_buf_puts(&out, vec_text(first, "line"));
	assert_ok(ts_note_parse((struct ts_str){out.data, out.len}, &note, &why));
	assert_ok(ts_note_verify(&note, &key, 1, &sig, &why));
	assert_int_equal(sig.time_s, vec_int(first, "timestamp"));
	/* And made here, from the seed: the same line. */
	uint8_t seed[32];
	struct ts_secret secret;
	vec_unhex(vec_text(first, "seed_hex"), seed, sizeof(seed));
	assert_ok(ts_secret_make(ts_str(key.name), TS_KEY_COSIGNATURE, seed, &secret));
	ts_buf_reset(&out);
	assert_ok(ts_checkpoint_cosign(
		&secret, vec_str(first, "body"), vec_int(first, "timestamp"), &out));
	assert_string_equal(ts_buf_str(&out), vec_text(first, "line"));
	assert_err(ts_checkpoint_cosign(&secret, vec_str(first, "body"), 0, &out), TS_E_RANGE);
	assert_err(ts_checkpoint_cosign(&secret, TS_STR("x\n"), 1, &out), TS_E_MALFORMED);
	json_array_foreach(vec_get(doc, "cosignature_reject"), i, c)
	{
		ts_buf_reset(&out);
		ts_note_begin(vec_str(first, "body"), &out);
		ts_buf_puts(&out, vec_text(c, "line"));
		enum ts_err err = ts_note_parse((struct ts_str){out.data, out.len}, &note, &why);
		if (err == TS_OK)
			err = ts_note_verify(&note, &key, 1, &sig, &why);
		assert_true(err == TS_E_MALFORMED || err == TS_E_SIGNATURE);
	}
	ts_buf_free(&out);
	json_decref(doc);
}

static void test_body_parse(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/checkpoint/vectors.json");
	size_t i;
	json_t *c;
	struct ts_checkpoint cp;
	struct ts_why why;
	/* All of these fail here, the valid ones too: their roots are not 32 bytes. */
	json_array_foreach(vec_get(doc, "body_parse"), i, c)
	{
		assert_err(ts_checkpoint_parse(vec_str(c, "body"), &cp, &why), TS_E_MALFORMED);
	}
	json_decref(doc);
#define ROOT "jfwHWKpEKOXrT+MrjH+buHHycQFnYYakDPMbOviH4VY=\n"
	assert_ok(ts_checkpoint_parse(TS_STR("o\n3\n" ROOT), &cp, &why));
	assert_int_equal(cp.size, 3);
	assert_ok(ts_checkpoint_parse(TS_STR("o\n9223372036854775807\n" ROOT), &cp, &why));
	static const char *const bad[] = {"", "\n3\n" ROOT, "o\n\n" ROOT, "o\n03\n" ROOT,
		"o\n+3\n" ROOT, "o\n-3\n" ROOT, "o\n3 \n" ROOT, "o\n9223372036854775808\n" ROOT,
		"o\n3\n" ROOT "extension\n", "o\n3\n" ROOT "\n", "o\n0\n" ROOT, "o\n3\n\n",
		"o\n3\njfwHWKpEKOXrT+MrjH+buHHycQFnYYakDPMbOviH4VY=",
		"o\n3\njfwHWKpEKOXrT+MrjH+buHHycQFnYYakDPMbOviH4VZ=\n",
		"o\n3\njfwHWKpEKOXrT+MrjH+buHHycQFnYYakDPMbOviH4Q==\n"};
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_err(ts_checkpoint_parse(ts_str(bad[n]), &cp, &why), TS_E_MALFORMED);
	/* The empty tree, and only with its own root. */
	assert_ok(ts_checkpoint_parse(
		TS_STR("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"), &cp, &why));
}

/* Opens with the first key as the log's; only the outcome. */
static enum ts_err open_with(const char *bytes, const json_t *vkeys, const char *log)
{
	static const char *const others[] = {"consumer", "auditor", "ledgerw"};
	struct ts_key keys[4];
	struct ts_note note;
	struct ts_note_sig sigs[4];
	struct ts_checkpoint cp;
	struct ts_why why;
	keys[0] = key_of(vec_text(vkeys, log));
	for (size_t i = 0; i < 3; i++)
		keys[1 + i] = key_of(vec_text(vkeys, others[i]));
	return ts_checkpoint_open(ts_str(bytes), keys, 4, &note, sigs, &cp, &why);
}

static void check_fork(const json_t *c, const struct ts_key *agent)
{
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_checkpoint old, new;
	struct ts_why why;
	struct ts_hasher hasher;
	struct ts_path proof = {.n = 0};
	size_t i;
	json_t *hash;
	assert_ok(ts_checkpoint_open(vec_str(c, "old"), agent, 1, &note, &sig, &old, &why));
	assert_ok(ts_checkpoint_open(vec_str(c, "new"), agent, 1, &note, &sig, &new, &why));
	json_array_foreach(vec_get(c, "consistency_proof"), i, hash)
	{
		size_t len;
		assert_ok(ts_text_unbase64(ts_str(json_string_value(hash)),
			proof.hashes[proof.n++].b, TS_HASH_BYTES, &len));
	}
	assert_ok(ts_hasher_init(&hasher));
	assert_err(ts_consistency_verify(&hasher, old.size, new.size, &proof, &old.root, &new.root),
		TS_E_INVALID);
	ts_hasher_free(&hasher);
}

static void test_negative(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/worked-example/negative.json");
	const json_t *vkeys = vec_get(doc, "vkeys");
	struct ts_key agent = key_of(vec_text(vkeys, "agent"));
	size_t i, seen = 0;
	json_t *c;
	json_array_foreach(vec_get(doc, "cases"), i, c)
	{
		const char *name = vec_text(c, "name");
		seen++;
		if (strcmp(name, "agent-equivocation-same-size") == 0) {
			struct ts_note note;
			struct ts_note_sig sig;
			struct ts_checkpoint a, b;
			struct ts_why why;
			assert_ok(ts_checkpoint_open(
				vec_str(c, "note_a"), &agent, 1, &note, &sig, &a, &why));
			assert_ok(ts_checkpoint_open(
				vec_str(c, "note_b"), &agent, 1, &note, &sig, &b, &why));
			assert_int_equal(a.size, b.size);
			assert_false(ts_hash_eq(&a.root, &b.root));
		} else if (strcmp(name, "agent-fork-larger-size") == 0) {
			check_fork(c, &agent);
		} else if (strcmp(name, "ledger-rollback") == 0) {
			/* Both are good by themselves: a pin decides, not the signature. */
			assert_ok(open_with(vec_text(c, "old"), vkeys, "log"));
			assert_ok(open_with(vec_text(c, "new"), vkeys, "log"));
		} else {
			enum ts_err err = open_with(vec_text(c, "note"), vkeys, "log");
			assert_true(err == TS_E_SIGNATURE || err == TS_E_MALFORMED);
		}
	}
	assert_int_equal(seen, 10);
	json_decref(doc);
}

static void open_file(const char *path, const struct ts_key *keys, size_t n,
	struct ts_note_sig *sigs, int64_t size, const char *root_hex)
{
	struct ts_file file = ts_fixture_read(path);
	struct ts_note note;
	struct ts_checkpoint cp;
	struct ts_why why;
	struct ts_hash root = vec_hash(root_hex);
	assert_ok(ts_checkpoint_open(ts_file_str(&file), keys, n, &note, sigs, &cp, &why));
	assert_int_equal(cp.size, size);
	assert_hash_equal(&cp.root, &root);
	ts_file_free(&file);
}

static void test_worked_example(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/worked-example/expected.json");
	const json_t *all = vec_get(doc, "keys");
	const json_t *roots = vec_get(doc, "agent_roots_hex");
	struct ts_key agent[] = {key_of(vec_text(vec_get(all, "agent"), "vkey")),
		key_of(vec_text(vec_get(all, "ledgerw"), "vkey"))};
	struct ts_key log[] = {key_of(vec_text(vec_get(all, "log"), "vkey")),
		key_of(vec_text(vec_get(all, "consumer"), "vkey")),
		key_of(vec_text(vec_get(all, "auditor"), "vkey"))};
	struct ts_note_sig sigs[3];
	const char *dir = "evidence/worked-example/";
	char path[128];
	snprintf(path, sizeof(path), "%sagent/checkpoint.5", dir);
	open_file(path, agent, 2, sigs, 5, vec_text(roots, "5"));
	assert_false(sigs[1].valid);
	snprintf(path, sizeof(path), "%sagent/checkpoint.8.receipt", dir);
	open_file(path, agent, 2, sigs, 8, vec_text(roots, "8"));
	assert_true(sigs[1].valid && sigs[1].time_s > 0);
	snprintf(path, sizeof(path), "%sledger/checkpoint", dir);
	open_file(path, log, 3, sigs, 3, vec_text(doc, "ledger_root_hex"));
	assert_true(sigs[0].valid && sigs[1].valid && sigs[2].valid);
	assert_int_equal(sigs[1].time_s, 1764007265);
	/* The party statement carries two signatures over one text. */
	struct ts_key parties[] = {key_of(vec_text(vec_get(all, "provider"), "vkey")),
		key_of(vec_text(vec_get(all, "consumerstmt"), "vkey"))};
	struct ts_file file = ts_fixture_read("evidence/worked-example/statement/2025-11.note");
	struct ts_note note;
	struct ts_why why;
	assert_ok(ts_note_parse(ts_file_str(&file), &note, &why));
	assert_ok(ts_note_verify(&note, parties, 2, sigs, &why));
	assert_true(sigs[0].valid && sigs[1].valid);
	ts_file_free(&file);
	/* So does the enrolment: the organisation, and the new key itself. */
	file = ts_fixture_read("evidence/worked-example/keys/enrol-agent-0417-g1.note");
	struct ts_key enrol[] = {parties[0], agent[0]};
	assert_ok(ts_note_parse(ts_file_str(&file), &note, &why));
	assert_ok(ts_note_verify(&note, enrol, 2, sigs, &why));
	assert_true(sigs[0].valid && sigs[1].valid);
	ts_file_free(&file);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_cosignatures),
		cmocka_unit_test(test_body_parse),
		cmocka_unit_test(test_negative),
		cmocka_unit_test(test_worked_example),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
