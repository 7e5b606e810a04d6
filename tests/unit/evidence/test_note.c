/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/note.h"

#define NEUMANN "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static enum ts_err open_note(struct ts_str bytes, const char *const *vkeys, size_t n,
	struct ts_note *note, struct ts_note_sig *sigs)
{
	struct ts_key keys[8];
	struct ts_why why;
	assert_true(n <= 8);
	for (size_t i = 0; i < n; i++)
		assert_ok(ts_key_parse(ts_str(vkeys[i]), &keys[i], &why));
	TS_TRY(ts_note_parse(bytes, note, &why));
	return ts_note_verify(note, keys, n, sigs, &why);
}

static void test_valid(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/signed-note/vectors.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "valid"), i, c)
	{
		const char *vkey = vec_text(c, "vkey");
		struct ts_note note;
		struct ts_note_sig sig;
		assert_ok(open_note(vec_str(c, "note"), &vkey, 1, &note, &sig));
		assert_true(sig.valid);
		assert_int_equal(sig.time_s, 0);
		assert_int_equal(note.text.at[note.text.len - 1], '\n');
		/* The signature is deterministic: signing again gives the same line. */
		if (json_object_get(c, "seed_hex") == NULL)
			continue;
		uint8_t seed[32];
		struct ts_key key;
		struct ts_secret secret;
		struct ts_buf out;
		vec_unhex(vec_text(c, "seed_hex"), seed, sizeof(seed));
		assert_ok(ts_key_parse(ts_str(vkey), &key, NULL));
		assert_ok(ts_secret_make(ts_str(key.name), key.type, seed, &secret));
		ts_buf_init(&out, 4096);
		assert_ok(ts_note_sign(&secret, note.text, &out));
		assert_true(ts_str_eq((struct ts_str){out.data, out.len}, sig.line));
		ts_buf_free(&out);
	}
	json_decref(doc);
}

static void test_open_errors(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/signed-note/vectors.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "open_errors"), i, c)
	{
		const char *vkeys[8];
		const json_t *list = vec_get(c, "vkeys");
		struct ts_note note;
		struct ts_note_sig sigs[8];
		size_t n = json_array_size(list);
		for (size_t k = 0; k < n; k++)
			vkeys[k] = json_string_value(json_array_get(list, k));
		enum ts_err err = open_note(vec_str(c, "note"), vkeys, n, &note, sigs);
		if (strcmp(vec_text(c, "error"), "malformed note") == 0)
			assert_true(err == TS_E_MALFORMED || err == TS_E_LIMIT);
		else
			assert_err(err, TS_E_SIGNATURE);
	}
	json_array_foreach(vec_get(doc, "open_errors_binary"), i, c)
	{
		uint8_t raw[1024];
		size_t len;
		const char *vkey = NEUMANN;
		struct ts_note note;
		struct ts_note_sig sig;
		assert_ok(ts_text_unbase64(vec_str(c, "note_b64"), raw, sizeof(raw), &len));
		assert_err(
			open_note((struct ts_str){(const char *)raw, len}, &vkey, 1, &note, &sig),
			TS_E_MALFORMED);
	}
	json_decref(doc);
}

static void make(struct ts_secret *secret, const char *name, uint8_t fill, enum ts_key_type type)
{
	uint8_t seed[32];
	memset(seed, fill, sizeof(seed));
	assert_ok(ts_secret_make(ts_str(name), type, seed, secret));
}

static struct ts_str str_of(const struct ts_buf *buf)
{
	return (struct ts_str){buf->data, buf->len};
}

static void test_rules(void **state)
{
	(void)state;
	struct ts_secret a, b, c;
	struct ts_note note;
	struct ts_note_sig sigs[2];
	struct ts_why why;
	struct ts_buf out;
	make(&a, "a.example/k", 1, TS_KEY_ED25519);
	make(&b, "b.example/k", 2, TS_KEY_ED25519);
	make(&c, "c.example/k", 3, TS_KEY_ED25519);
	struct ts_str text = TS_STR("first\n\nsecond\n");
	ts_buf_init(&out, 4096);
	ts_note_begin(text, &out);
	assert_ok(ts_note_sign(&a, text, &out));
	assert_ok(ts_note_sign(&b, text, &out));
	assert_ok(ts_note_parse(str_of(&out), &note, &why));
	/* Split at the last blank line. */
	assert_true(ts_str_eq(note.text, text));
	assert_int_equal(note.n, 2);
	const struct ts_key both[] = {a.key, b.key};
	assert_ok(ts_note_verify(&note, both, 2, sigs, &why));
	assert_true(sigs[0].valid && sigs[1].valid);
	/* Unknown lines are ignored, absent keys are told. */
	const struct ts_key some[] = {c.key, b.key};
	assert_ok(ts_note_verify(&note, some, 2, sigs, &why));
	assert_false(sigs[0].valid);
	assert_true(sigs[1].valid);
	assert_err(ts_note_verify(&note, &c.key, 1, sigs, &why), TS_E_SIGNATURE);
	assert_err(ts_note_verify(&note, NULL, 0, sigs, &why), TS_E_SIGNATURE);
	/* The same (name, id) known twice is ambiguous. */
	const struct ts_key twice[] = {a.key, a.key};
	assert_err(ts_note_verify(&note, twice, 2, sigs, &why), TS_E_KEY);
	/* The same line twice is one; two that differ reject the note, even if the first holds. */
	assert_ok(ts_note_sign(&a, text, &out));
	assert_ok(ts_note_parse(str_of(&out), &note, &why));
	assert_ok(ts_note_verify(&note, both, 2, sigs, &why));
	assert_ok(ts_note_sign(&a, TS_STR("other\n"), &out));
	assert_ok(ts_note_parse(str_of(&out), &note, &why));
	assert_err(ts_note_verify(&note, both, 2, sigs, &why), TS_E_SIGNATURE);
	ts_buf_free(&out);
}

static void test_limits(void **state)
{
	(void)state;
	struct ts_secret a, w;
	struct ts_note note;
	struct ts_why why;
	struct ts_buf out;
	struct ts_str text = TS_STR("t\n");
	make(&a, "a.example/k", 1, TS_KEY_ED25519);
	make(&w, "w.example/k", 2, TS_KEY_COSIGNATURE);
	ts_buf_init(&out, 2 * TS_NOTE_BYTES_MAX);
	ts_note_begin(text, &out);
	for (int i = 0; i < TS_NOTE_LINES_MAX; i++)
		assert_ok(ts_note_sign(&a, text, &out));
	assert_ok(ts_note_parse(str_of(&out), &note, &why));
	assert_ok(ts_note_sign(&a, text, &out));
	assert_err(ts_note_parse(str_of(&out), &note, &why), TS_E_LIMIT);
	ts_buf_reset(&out);
	while (out.len < TS_NOTE_BYTES_MAX)
		ts_buf_puts(&out, "0123456789abcde\n");
	ts_note_begin(text, &out);
	assert_ok(ts_note_sign(&a, text, &out));
	assert_err(ts_note_parse(str_of(&out), &note, &why), TS_E_LIMIT);
	/* A cosignature key signs no bare text; no text may hold what a note may not. */
	assert_err(ts_note_sign(&w, text, &out), TS_E_KEY);
	assert_err(ts_note_sign(&a, TS_STR("no line feed"), &out), TS_E_INVALID);
	assert_err(ts_note_sign(&a, TS_STR("tab\there\n"), &out), TS_E_INVALID);
	assert_err(ts_note_sign(&a, TS_STR("\nfirst\n"), &out), TS_E_INVALID);
	assert_err(ts_note_sign(&a, TS_STR("\xff\n"), &out), TS_E_INVALID);
	assert_err(ts_note_sign(&a, TS_STR(""), &out), TS_E_INVALID);
	ts_buf_free(&out);
}

/* Every byte of a note matters: change one, and it no longer verifies, or the line is unknown. */
static void test_every_byte(void **state)
{
	(void)state;
	struct ts_secret a;
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_why why;
	struct ts_buf out;
	struct ts_str text = TS_STR("tallystick\nline two\n");
	make(&a, "a.example/k", 1, TS_KEY_ED25519);
	ts_buf_init(&out, 4096);
	ts_note_begin(text, &out);
	assert_ok(ts_note_sign(&a, text, &out));
	for (size_t i = 0; i < out.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			out.data[i] = (char)(out.data[i] ^ (1 << bit));
			enum ts_err err = ts_note_parse(str_of(&out), &note, &why);
			if (err == TS_OK)
				err = ts_note_verify(&note, &a.key, 1, &sig, &why);
			assert_true(err != TS_OK);
			out.data[i] = (char)(out.data[i] ^ (1 << bit));
		}
	}
	ts_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
