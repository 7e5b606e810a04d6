/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams, cut at random into uploads: whatever the cuts, the root and the compact range are
 * those of the whole, every 256-leaf subtree is told exactly once, a replay and a stale upload are
 * recognised, and a c1 that the agent's tally wrote is what the service's tally expects. */
#include "support/test.h"

#include "evidence/append.h"
#include "evidence/window.h"
#include "support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 12
#define LINES_MAX 1500

static struct ts_rng rng;
static struct ts_hasher hasher;
static struct ts_secret agent;
static char stream_id[33];
static struct ts_buf all; /* the stream's lines, each with LF */
static size_t offsets[LINES_MAX + 1];
static struct ts_hash roots[LINES_MAX + 1];

#define ORIGIN "d/00112233445566778899aabbccddeeff/c/a/g1"

static int setup(void **state)
{
	(void)state;
	uint8_t seed[32] = {5};
	rng = ts_rng_create(ts_seed(256));
	ts_buf_init(&all, 1 << 20);
	if (ts_hasher_init(&hasher) != TS_OK)
		return -1;
	if (ts_secret_make(TS_STR(ORIGIN), TS_KEY_ED25519, seed, &agent) != TS_OK)
		return -1;
	struct ts_hash h;
	ts_sha256(ORIGIN, strlen(ORIGIN), &h);
	ts_text_hex(h.b, 16, stream_id);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_buf_free(&all);
	ts_hasher_free(&hasher);
	return 0;
}

/* Any bytes but LF: void lines travel like good ones. */
static void random_lines(size_t n)
{
	ts_buf_reset(&all);
	for (size_t i = 0; i < n; i++) {
		size_t len = (size_t)ts_rng_below(&rng, 130);
		offsets[i] = all.len;
		for (size_t k = 0; k < len; k++) {
			char c = (char)ts_rng_next(&rng);
			ts_buf_putc(&all, c == '\n' ? ' ' : c);
		}
		ts_buf_putc(&all, '\n');
	}
	offsets[n] = all.len;
	assert_ok(all.err);
}

static struct ts_str lines_of(size_t from, size_t to)
{
	return (struct ts_str){all.data + offsets[from], offsets[to] - offsets[from]};
}

/* The agent's range at every size; out[size] for the uploads. */
static void agent_ranges(size_t n, struct ts_range *out)
{
	ts_range_init(&out[0]);
	ts_range_root(&hasher, &out[0], &roots[0]);
	for (size_t i = 0; i < n; i++) {
		struct ts_str line = lines_of(i, i + 1);
		struct ts_hash leaf;
		out[i + 1] = out[i];
		ts_hash_leaf(&hasher, line.at, line.len - 1, &leaf);
		(void)ts_range_append(&hasher, &out[i + 1], &leaf, NULL);
		ts_range_root(&hasher, &out[i + 1], &roots[i + 1]);
	}
}

static enum ts_err upload(const struct ts_buf *body, struct ts_range *stored, bool *ended,
	int64_t *fulls, enum ts_append_step *step)
{
	struct ts_append append;
	struct ts_note_sig sig;
	struct ts_why why;
	struct ts_append_walk walk;
	struct ts_append_line line;
	TS_TRY(ts_append_parse((struct ts_str){body->data, body->len}, &append, &why));
	TS_TRY(ts_append_authenticate(&append, &agent.key, ts_str(stream_id), &sig, &why));
	struct ts_append_state state = {.size = stored->size};
	if (append.new_size <= stored->size) {
		state.root_at_new = roots[append.new_size];
		state.ended_at_new = ended[append.new_size];
	}
	TS_TRY(ts_append_decide(&append, &state, step, &why));
	if (*step == TS_APPEND_REPLAY)
		return TS_OK;
	ts_append_walk_init(&walk, &hasher, &append, stored);
	while (ts_append_walk_next(&walk, &line)) {
		if (line.full) {
			assert_int_equal(line.index, *fulls * 256 + 255);
			(*fulls)++;
		}
	}
	TS_TRY(ts_append_walk_finish(&walk, &append, &why));
	*stored = walk.range;
	ended[append.new_size] = true;
	return TS_OK;
}

static void test_cuts(void **state)
{
	(void)state;
	struct ts_range *ranges = calloc(LINES_MAX + 1, sizeof(*ranges));
	struct ts_buf body;
	assert_non_null(ranges);
	ts_buf_init(&body, 2 << 20);
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + (size_t)ts_rng_below(&rng, LINES_MAX);
		bool ended[LINES_MAX + 1] = {false};
		struct ts_range stored;
		int64_t fulls = 0;
		ts_range_init(&stored);
		random_lines(n);
		agent_ranges(n, ranges);
		while ((size_t)stored.size < n) {
			enum ts_append_step step = TS_APPEND_STORE;
			size_t size = (size_t)stored.size;
			/* Mostly right, sometimes from somewhere else or a repetition. */
			size_t from = ts_rng_below(&rng, 4) == 0 ? (size_t)ts_rng_below(&rng, n)
								 : size;
			size_t to = from + 1 + (size_t)ts_rng_below(&rng, n - from);
			ts_buf_reset(&body);
			assert_ok(ts_append_build(&hasher, &agent, (int64_t)from, &ranges[to],
				lines_of(from, to), &body));
			bool replay = to <= size && ended[to];
			enum ts_err err = upload(&body, &stored, ended, &fulls, &step);
			if (replay) {
				assert_ok(err);
				assert_int_equal(step, TS_APPEND_REPLAY);
			} else if (from != size || to <= size) {
				assert_err(err, TS_E_STALE);
			} else {
				assert_ok(err);
				assert_true(ts_range_eq(&stored, &ranges[to]));
			}
		}
		assert_int_equal(fulls, n / 256);
	}
	ts_buf_free(&body);
	free(ranges);
}

/* A lost line, a doubled one, two swapped: the signed root tells. */
static void test_tampering(void **state)
{
	(void)state;
	struct ts_range *ranges = calloc(LINES_MAX + 1, sizeof(*ranges));
	struct ts_buf body, lines;
	assert_non_null(ranges);
	ts_buf_init(&body, 2 << 20);
	ts_buf_init(&lines, 1 << 20);
	for (int round = 0; round < ROUNDS * 4; round++) {
		size_t n = 3 + (size_t)ts_rng_below(&rng, 60);
		bool ended[LINES_MAX + 1] = {false};
		struct ts_range stored;
		int64_t fulls = 0;
		enum ts_append_step step;
		size_t hit = (size_t)ts_rng_below(&rng, n - 1);
		ts_range_init(&stored);
		random_lines(n);
		agent_ranges(n, ranges);
		struct ts_str a = lines_of(hit, hit + 1);
		struct ts_str b = lines_of(hit + 1, hit + 2);
		if (ts_str_eq(a, b))
			continue;
		int what = (int)ts_rng_below(&rng, 3);
		ts_buf_reset(&lines);
		ts_buf_put(&lines, all.data, offsets[hit]);
		ts_buf_put(&lines, b.at, b.len);
		if (what > 0)
			ts_buf_put(&lines, what == 1 ? a.at : b.at, what == 1 ? a.len : b.len);
		ts_buf_put(&lines, all.data + offsets[hit + 2], all.len - offsets[hit + 2]);
		ts_buf_reset(&body);
		assert_ok(ts_append_build(&hasher, &agent, 0, &ranges[n], lines_of(0, n), &body));
		body.len -= all.len; /* its head stays, signed for the true lines */
		ts_buf_put(&body, lines.data, lines.len);
		assert_err(upload(&body, &stored, ended, &fulls, &step), TS_E_MISMATCH);
		assert_int_equal(stored.size, 0);
	}
	ts_buf_free(&body);
	ts_buf_free(&lines);
	free(ranges);
}

static void test_windows(void **state)
{
	(void)state;
	static const char *const skus[] = {"H100", "A100", "bytes"};
	const int64_t window_ms = 3600000;
	struct ts_region *region = ts_region_create(8 << 20);
	for (int round = 0; round < ROUNDS; round++) {
		struct ts_windows mine, theirs;
		ts_region_reset(region);
		ts_windows_init(&mine, region, 0, window_ms);
		ts_windows_init(&theirs, region, 0, window_ms);
		for (int64_t index = 1; index < 800; index++) {
			const char *reason = "";
			if (mine.n == 0 || ts_rng_below(&rng, 5) > 0) {
				struct ts_usage u = {
					.start_ms = ts_rng_range(&rng, 0, 20 * window_ms - 1),
					.sku = ts_str(skus[ts_rng_below(&rng, 3)]),
					.quantity = ts_rng_range(&rng, 0, 1000)};
				u.end_ms = u.start_ms + 1;
				assert_ok(ts_windows_add(&mine, index, &u));
				assert_ok(ts_windows_add(&theirs, index, &u));
				continue;
			}
			const struct ts_window *w = &mine.list[ts_rng_below(&rng, mine.n)];
			struct ts_close c = {.start_ms = w->start_ms,
				.end_ms = w->start_ms + window_ms,
				.sku = w->sku,
				.first = w->count > 0 ? w->first : index,
				.count = w->count,
				.quantity_sum = w->quantity_sum};
			struct ts_close wrong = c;
			wrong.count++;
			assert_err(ts_windows_close(&theirs, index, &wrong, &reason), TS_E_INVALID);
			assert_ok(ts_windows_close(&theirs, index, &c, &reason));
			assert_ok(ts_windows_close(&mine, index, &c, &reason));
		}
	}
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_windows),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
