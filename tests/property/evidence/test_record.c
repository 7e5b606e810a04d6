/* SPDX-License-Identifier: Apache-2.0 */
/* parse(format(x)) == x, and no second spelling: a line that was changed anywhere is either refused
 * or says something else, and whatever is accepted formats back to its own bytes. An oracle with
 * regular-expression-like naive code decides acceptance a second time; a fault put into the line
 * generator's expectations proves that it can fail. */
#include "support/test.h"

#include "evidence/record.h"
#include "support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 4000
#define TIME_MS_MAX INT64_C(253402300800000)

static struct ts_rng rng;

static int setup(void **state)
{
	(void)state;
	rng = ts_rng_create(ts_seed(20251201));
	return 0;
}

/* A text field out of the allowed bytes. */
static struct ts_str random_text(char *out, size_t max)
{
	static const char bytes[] = "!#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[]^_`abcxyz{|}~";
	size_t len = 1 + (size_t)ts_rng_below(&rng, max);
	for (size_t i = 0; i < len; i++)
		out[i] = bytes[ts_rng_below(&rng, sizeof(bytes) - 1)];
	return (struct ts_str){out, len};
}

static int64_t random_int(void)
{
	ts_i128 v = ts_rng_i128(&rng, 63);
	if (v < 0)
		v = -v;
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static char texts[6][40];

static void random_span(int64_t *start_ms, int64_t *end_ms)
{
	*start_ms = ts_rng_range(&rng, 0, TIME_MS_MAX - TS_RECORD_SPAN_MS_MAX);
	*end_ms = *start_ms + ts_rng_range(&rng, 1, TS_RECORD_SPAN_MS_MAX);
}

static void random_usage(struct ts_usage *u)
{
	random_span(&u->start_ms, &u->end_ms);
	u->sku = random_text(texts[0], 20);
	if (ts_str_is(u->sku, "-"))
		u->sku = TS_STR("s");
	u->class = random_text(texts[1], 20);
	u->workload = random_text(texts[2], 38);
	u->resource = random_text(texts[3], 38);
	u->account = random_text(texts[4], 38);
	u->devices_milli = ts_rng_below(&rng, 3) == 0 ? 0 : random_int();
	u->quantity = random_int();
	ts_i128 most = (ts_i128)u->devices_milli * (u->end_ms - u->start_ms);
	if (u->devices_milli > 0 && u->quantity > most)
		u->quantity = (int64_t)most;
}

static struct ts_record random_record(void)
{
	struct ts_record r;
	memset(&r, 0, sizeof(r));
	switch (ts_rng_below(&rng, 8)) {
	case 0:
		r.tag = TS_RECORD_GENESIS;
		r.genesis.origin = random_text(texts[0], 38);
		for (size_t i = 0; i < TS_HASH_BYTES; i++)
			r.genesis.contract_note.b[i] = (uint8_t)ts_rng_next(&rng);
		r.genesis.created_ms = ts_rng_range(&rng, 0, TIME_MS_MAX);
		break;
	case 1:
		r.tag = TS_RECORD_CLOSE;
		random_span(&r.close.start_ms, &r.close.end_ms);
		r.close.sku = random_text(texts[0], 20);
		r.close.first = random_int();
		r.close.count = random_int();
		if (r.close.count == 0 || ts_str_is(r.close.sku, "-"))
			r.close.count = 0;
		else
			r.close.quantity_sum = random_int();
		break;
	case 2:
		r.tag = TS_RECORD_REVERSAL;
		r.reversal.origin = random_text(texts[0], 38);
		r.reversal.index = random_int();
		r.reversal.reason = random_text(texts[1], 38);
		break;
	default:
		r.tag = TS_RECORD_USAGE;
		random_usage(&r.usage);
	}
	return r;
}

static bool usage_eq(const struct ts_usage *a, const struct ts_usage *b)
{
	return a->start_ms == b->start_ms && a->end_ms == b->end_ms && ts_str_eq(a->sku, b->sku) &&
	       a->devices_milli == b->devices_milli && a->quantity == b->quantity &&
	       ts_str_eq(a->class, b->class) && ts_str_eq(a->workload, b->workload) &&
	       ts_str_eq(a->resource, b->resource) && ts_str_eq(a->account, b->account);
}

static bool record_eq(const struct ts_record *a, const struct ts_record *b)
{
	if (a->tag != b->tag)
		return false;
	switch (a->tag) {
	case TS_RECORD_GENESIS:
		return ts_str_eq(a->genesis.origin, b->genesis.origin) &&
		       ts_hash_eq(&a->genesis.contract_note, &b->genesis.contract_note) &&
		       a->genesis.created_ms == b->genesis.created_ms;
	case TS_RECORD_USAGE:
		return usage_eq(&a->usage, &b->usage);
	case TS_RECORD_CLOSE:
		return a->close.start_ms == b->close.start_ms &&
		       a->close.end_ms == b->close.end_ms &&
		       ts_str_eq(a->close.sku, b->close.sku) && a->close.first == b->close.first &&
		       a->close.count == b->close.count &&
		       a->close.quantity_sum == b->close.quantity_sum;
	case TS_RECORD_REVERSAL:
		return ts_str_eq(a->reversal.origin, b->reversal.origin) &&
		       a->reversal.index == b->reversal.index &&
		       ts_str_eq(a->reversal.reason, b->reversal.reason);
	}
	return false;
}

/* The naive oracle: splits into fields first, then looks at each, one field kind a letter: i
 * integer, t text, h hash. Knows nothing of the parser. `faulty` lets leading zeros pass. */
static bool oracle_int(const char *f, size_t len, ts_i128 *v, bool faulty)
{
	*v = 0;
	if (len == 0 || len > 39 || (!faulty && len > 1 && f[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (f[i] < '0' || f[i] > '9')
			return false;
		*v = *v * 10 + (f[i] - '0');
		if (*v > INT64_MAX)
			return false;
	}
	return true;
}

static bool oracle_text(const char *f, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (f[i] < '!' || f[i] > '~' || f[i] == '"' || f[i] == '\\')
			return false;
	}
	return len > 0;
}

static bool oracle_hash(const char *f, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("0123456789abcdef", f[i]) == NULL || f[i] == '\0')
			return false;
	}
	return len == 64;
}

static bool oracle_span(const ts_i128 *v)
{
	return v[0] < v[1] && v[1] <= TIME_MS_MAX && v[1] - v[0] <= TS_RECORD_SPAN_MS_MAX;
}

static bool oracle(struct ts_str line, bool faulty)
{
	static const struct {
		const char *tag, *kinds;
	} tags[] = {{"u1", "iitiitttt"}, {"c1", "iitiii"}, {"r1", "tit"}, {"g1", "thi"}};
	const char *field[16];
	size_t len[16];
	ts_i128 v[16] = {0};
	size_t n = 0;
	if (line.len > 1024)
		return false;
	const char *from = line.at;
	for (const char *at = line.at;; at++) {
		if (at == line.at + line.len || *at == '\t') {
			if (n == 16)
				return false;
			field[n] = from;
			len[n++] = (size_t)(at - from);
			from = at + 1;
			if (at == line.at + line.len)
				break;
		}
	}
	for (size_t t = 0; t < 4; t++) {
		if (len[0] != 2 || memcmp(field[0], tags[t].tag, 2) != 0)
			continue;
		if (n - 1 != strlen(tags[t].kinds))
			return false;
		for (size_t i = 0; i + 1 < n; i++) {
			const char *f = field[i + 1];
			size_t l = len[i + 1];
			bool ok = tags[t].kinds[i] == 'i'   ? oracle_int(f, l, &v[i], faulty)
				  : tags[t].kinds[i] == 't' ? oracle_text(f, l)
							    : oracle_hash(f, l);
			if (!ok)
				return false;
		}
		bool dash = n > 3 && len[3] == 1 && field[3][0] == '-';
		if (t == 0)
			return oracle_span(v) && !dash &&
			       (v[3] == 0 || v[4] <= v[3] * (v[1] - v[0]));
		if (t == 1)
			return oracle_span(v) && (v[4] > 0 ? !dash : v[5] == 0);
		return t == 2 || v[2] <= TIME_MS_MAX;
	}
	return false;
}

static void test_round_trip(void **state)
{
	(void)state;
	struct ts_buf out;
	ts_buf_init(&out, 2048);
	for (int i = 0; i < ROUNDS; i++) {
		struct ts_record record = random_record();
		struct ts_record again;
		const char *reason = "";
		ts_buf_reset(&out);
		if (ts_record_format(&record, &out, &reason) != TS_OK)
			fail_msg("round %d: %s", i, reason);
		struct ts_str line = {out.data, out.len};
		assert_ok(ts_record_parse(line, &again, &reason));
		assert_true(record_eq(&record, &again));
		assert_true(oracle(line, false));
	}
	ts_buf_free(&out);
}

/* One random change: a byte set, put in, taken out, or two fields' bytes swapped. */
static size_t mutate(char *line, size_t len)
{
	static const char bytes[] = "\t\t00123456789-+ .ugcr1\"\\\r\n\x7f\xc3x";
	size_t at = (size_t)ts_rng_below(&rng, len);
	char byte = ts_rng_below(&rng, 8) == 0 ? (char)ts_rng_next(&rng)
					       : bytes[ts_rng_below(&rng, sizeof(bytes) - 1)];
	switch (ts_rng_below(&rng, 4)) {
	case 0:
		line[at] = byte;
		return len;
	case 1:
		memmove(line + at + 1, line + at, len - at);
		line[at] = byte;
		return len + 1;
	case 2:
		memmove(line + at, line + at + 1, len - at - 1);
		return len - 1;
	default: {
		size_t other = (size_t)ts_rng_below(&rng, len);
		char keep = line[at];
		line[at] = line[other];
		line[other] = keep;
		return len;
	}
	}
}

/* Returns the number of lines on which the parser and the oracle disagree. */
static int compare_with_oracle(bool faulty)
{
	struct ts_buf out, back;
	int wrong = 0;
	ts_buf_init(&out, 2048);
	ts_buf_init(&back, 2048);
	for (int i = 0; i < ROUNDS; i++) {
		struct ts_record record = random_record();
		struct ts_record read;
		const char *reason = "";
		char line[2100];
		ts_buf_reset(&out);
		assert_ok(ts_record_format(&record, &out, &reason));
		size_t len = out.len;
		memcpy(line, out.data, len);
		int changes = (int)ts_rng_range(&rng, 1, 3);
		for (int c = 0; c < changes && len > 1; c++)
			len = mutate(line, len);
		/* An exact heap copy, so that a sanitizer sees any read behind it. */
		char *exact = malloc(len);
		assert_non_null(exact);
		memcpy(exact, line, len);
		struct ts_str slice = {exact, len};
		bool accepted = ts_record_parse(slice, &read, &reason) == TS_OK;
		wrong += accepted != oracle(slice, faulty);
		if (accepted) {
			/* No second spelling: it formats back to the same bytes. */
			ts_buf_reset(&back);
			assert_ok(ts_record_format(&read, &back, &reason));
			assert_true(ts_str_eq(slice, (struct ts_str){back.data, back.len}));
			bool same_bytes = ts_str_eq(slice, (struct ts_str){out.data, out.len});
			assert_int_equal(record_eq(&record, &read), same_bytes);
		}
		free(exact);
	}
	ts_buf_free(&out);
	ts_buf_free(&back);
	return wrong;
}

static void test_mutations(void **state)
{
	(void)state;
	assert_int_equal(compare_with_oracle(false), 0);
}

static void test_oracle_bites(void **state)
{
	(void)state;
	assert_true(compare_with_oracle(true) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_oracle_bites),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
