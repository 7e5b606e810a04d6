/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/policy.h"
#include "evidence/statement.h"
#include "support/test.h"
#include <stdio.h>
#include <string.h>

#define ID "5f0c9a3e7b1d4826a9e0c3f58d71b264"
#define BASE                                                                                       \
	"contract " ID "\n"                                                                        \
	"party provider "                                                                          \
	"orbit.example/statements+138d6eea+Afz9takFRcoKJSn8Bp0YxChOCyGwEaAUqMnnOBAbMXIT\n"         \
	"party consumer "                                                                          \
	"atlas.example/statements+a34771a9+AUztQrgPFV6sVbrF4mhwwenHE4kMXs+2YYZDdnFZ/S5G\n"         \
	"log ledger.example/" ID "/inputs+eb85c7b5+AQBS/E3fzrnSkdbLg2APzSBW7VLsvgX8hvu/e7CTNH3y\n" \
	"log ledger.example/" ID                                                                   \
	"/journal+708e0228+AW580f8c2uTenebefCOf6U7ktgR8tWt9hF8oSDX5Gxkq https://x.example/\n"
#define PIN "pin ledger.example/" ID "/inputs 7 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

static char vkeys[5][TS_VKEY_CHARS];

static int make_keys(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 5; i++) {
		struct ts_secret secret;
		uint8_t seed[TS_KEY_SEED_BYTES] = {i};
		char name[16];
		(void)snprintf(name, sizeof name, "w.example/%d", i);
		assert_ok(ts_secret_make(ts_str(name), TS_KEY_COSIGNATURE, seed, &secret));
		(void)ts_key_format(&secret.key, vkeys[i]);
	}
	return 0;
}

static enum ts_err parse(const char *text, struct ts_policy *out)
{
	struct ts_why why = {"", ""};
	return ts_policy_parse(ts_str(text), out, &why);
}

static void a_policy_is_read(void **state)
{
	struct ts_policy p;
	char text[4096];
	(void)state;
	(void)snprintf(text, sizeof text,
		"# whom we trust\n\n" BASE
		"witness w0 %s\nwitness w1 %s https://w.example/1\nwitness w2 %s\n"
		"group two 2 w0 w1 w2\nquorum two\n" PIN,
		vkeys[0], vkeys[1], vkeys[2]);
	assert_ok(parse(text, &p));
	assert_string_equal(p.contract, ID);
	assert_string_equal(p.party[TS_SIDE_PROVIDER].name, "orbit.example/statements");
	assert_string_equal(p.log[TS_LOG_JOURNAL].name, "ledger.example/" ID "/journal");
	assert_int_equal(p.witnesses_n, 3);
	assert_string_equal(p.nodes[p.quorum].name, "two");
	assert_int_equal(p.nodes[p.quorum].k, 2);
	assert_int_equal(p.pins_n, 1);
	assert_int_equal(p.pins[0].size, 7);
	assert_ok(parse(BASE "quorum none\n", &p));
	assert_int_equal(p.quorum, -1);
}

static void what_is_no_policy(void **state)
{
	static const struct {
		const char *text;
		enum ts_err err;
	} rows[] = {
		{"", TS_E_MISSING_FIELD},
		{BASE, TS_E_MISSING_FIELD},
		{"quorum none\n", TS_E_MISSING_FIELD},
		{BASE "quorum none", TS_E_MALFORMED}, /* no line feed */
		{BASE "quorum none\nquorum none\n", TS_E_MALFORMED},
		{BASE "quorum nobody\n", TS_E_MALFORMED},
		{BASE "quorum  none\n", TS_E_MALFORMED},
		{BASE " quorum none\n", TS_E_MALFORMED},
		{BASE "quorum none \n", TS_E_MALFORMED},
		{BASE "quorum none\r\n", TS_E_MALFORMED},
		{BASE "quorum\n", TS_E_MALFORMED},
		{BASE "unknown none\nquorum none\n", TS_E_MALFORMED},
		{BASE "contract " ID "\nquorum none\n", TS_E_MALFORMED},
		{BASE "quorum none\n\xff\n", TS_E_MALFORMED},
		{BASE "quorum none\n" PIN "pin ledger.example/" ID "/inputs 07 x\n",
			TS_E_MALFORMED},
		{"log x\n" BASE "quorum none\n", TS_E_MALFORMED},
		{PIN BASE "quorum none\n", TS_E_MALFORMED}, /* of a log not yet named */
		{BASE "group g 1 w\nquorum g\n", TS_E_MALFORMED},
	};
	struct ts_policy p;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (parse(rows[i].text, &p) != rows[i].err)
			fail_msg("row %zu: %s", i, ts_err_code(parse(rows[i].text, &p)));
}

static void witnesses_and_groups_that_are_refused(void **state)
{
	static const char *const rows[] = {
		"witness none %s\n",
		"witness w %s\nwitness w %s\n", /* a name twice */
		"witness w %s\nwitness v %1$s\n", /* a key twice */
		"witness w %s\ngroup g 0 w\n",
		"witness w %s\ngroup g 2 w\n",
		"witness w %s\ngroup g 01 w\n",
		"witness w %s\ngroup g any\n",
		"witness w %s\ngroup g any w w\n",
		"witness w %s\ngroup g any g\n", /* itself */
		"witness w %s\ngroup w any w\n",
		"witness w %s a b\n",
	};
	struct ts_policy p;
	char text[4096];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t n = (size_t)snprintf(text, sizeof text, BASE);
		for (const char *c = rows[i]; *c != '\0'; c++) {
			if (*c != '%') {
				text[n++] = *c;
				continue;
			}
			const char *key = c[1] == '1' ? vkeys[0] : vkeys[n % 2];
			if (i == 2)
				key = vkeys[0];
			c += c[1] == '1' ? 3 : 1;
			memcpy(text + n, key, strlen(key));
			n += strlen(key);
		}
		(void)snprintf(text + n, sizeof text - n, "quorum none\n");
		if (parse(text, &p) != TS_E_MALFORMED)
			fail_msg("row %zu: %s", i, text);
	}
}

static void when_a_quorum_was_met(void **state)
{
	struct ts_policy p;
	char text[4096];
	int64_t at = -1;
	(void)state;
	(void)snprintf(text, sizeof text,
		BASE "witness a %s\nwitness b %s\nwitness c %s\nwitness d %s\n"
		     "group two 2 a b c\ngroup both all two d\ngroup one any a d\nquorum both\n",
		vkeys[0], vkeys[1], vkeys[2], vkeys[3]);
	assert_ok(parse(text, &p));
	/* the second of a, b, c, and d */
	assert_true(ts_policy_quorum(&p, (const int64_t[]){50, 30, 40, 20}, &at));
	assert_int_equal(at, 40);
	assert_true(ts_policy_quorum(&p, (const int64_t[]){0, 30, 40, 90}, &at));
	assert_int_equal(at, 90);
	assert_false(ts_policy_quorum(&p, (const int64_t[]){0, 0, 40, 90}, &at));
	assert_false(ts_policy_quorum(&p, (const int64_t[]){50, 30, 40, 0}, &at));
	p.quorum = 6; /* one of a, d */
	assert_true(ts_policy_quorum(&p, (const int64_t[]){50, 0, 0, 60}, &at));
	assert_int_equal(at, 50);
	p.quorum = 3; /* d alone */
	assert_false(ts_policy_quorum(&p, (const int64_t[]){50, 30, 40, 0}, &at));
	p.quorum = -1;
	assert_true(ts_policy_quorum(&p, (const int64_t[]){0, 0, 0, 0}, &at));
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_read),
		cmocka_unit_test(what_is_no_policy),
		cmocka_unit_test(witnesses_and_groups_that_are_refused),
		cmocka_unit_test(when_a_quorum_was_met),
	};
	return cmocka_run_group_tests(tests, make_keys, NULL);
}
