/* SPDX-License-Identifier: Apache-2.0 */
/* A state's text has one spelling: whatever is read is written again byte for byte. */
#include "book/state.h"
#include "book/ledger_text.h"
#include "evidence/record.h"
#include "support/desk.h"
#include "support/seed.h"

#define TERMS                                                                                      \
	"{'currency':'USD','term':{'from':'2026-05-01'},"                                          \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'gpu','sku':'gpu','class':'od','model':'per_unit','unit_price':'0.01'}]," \
	"'late':{'usage_until_days':3,'late_usage_until_days':40}}"
#define CONTRACT "5f0c9a3e7b1d4826a9e0c3f58d71b264"
#define MUTATIONS 20000

static struct ts_range grown(struct ts_hasher *hasher, int64_t size)
{
	struct ts_range range;
	struct ts_hash leaf;
	ts_range_init(&range);
	for (int64_t i = 0; i < size; i++) {
		ts_hash_leaf(hasher, &i, sizeof i, &leaf);
		ts_range_append(hasher, &range, &leaf, NULL);
	}
	return range;
}

struct sample {
	struct desk d;
	struct ts_hasher hasher;
	struct ts_state state;
	struct ts_state_stream streams[2];
	struct ts_state_leaf leaves[2];
	struct ts_window windows[2];
	struct ts_span closed[2];
	struct ts_state_mark marks[2];
	struct ts_usage_cell cells[3];
};

static void sample_open(struct sample *s)
{
	assert_ok(ts_hasher_init(&s->hasher));
	desk_open(&s->d, TERMS);
	desk_at(&s->d, "2026-06-04");
	assert_ok(desk_cell(&s->d, "2026-05-03T10:00:00Z", "gpu", "od", 1000));
	assert_ok(desk_cut(&s->d, 0, "2026-05-31"));
	s->windows[0] = (struct ts_window){1777593600000, TS_STR("gpu"), 3, 2, 720, -1};
	s->windows[1] = (struct ts_window){1777597200000, TS_STR("gpu"), 0, 0, 0, 11};
	s->closed[0] = (struct ts_span){1780264800000, 1780351200000};
	s->closed[1] = (struct ts_span){1780437600000, 1780524000000};
	s->marks[0] = (struct ts_state_mark){1, 2, TS_STR("parked"), 2, {NULL, 0}, 0};
	s->marks[1] = (struct ts_state_mark){
		4, 9, TS_STR("reversed"), 3, TS_STR("a.example/" CONTRACT "/c/a/g1"), 11};
	s->leaves[0] = (struct ts_state_leaf){
		0, TS_STR("tallystick/contract/v1\n\n\xe2\x80\x94 x y\n")};
	s->leaves[1] = (struct ts_state_leaf){1, TS_STR("tallystick/key/v1\n")};
	s->streams[0] = (struct ts_state_stream){.origin = TS_STR("a.example/" CONTRACT "/c/a/g1"),
		.range = grown(&s->hasher, 13),
		.revoked_ms = 1780524000001,
		.windows = s->windows,
		.windows_n = 2,
		.closed = s->closed,
		.closed_n = 2,
		.marks = s->marks,
		.marks_n = 2};
	s->streams[1] = (struct ts_state_stream){.origin = TS_STR("a.example/" CONTRACT "/c/b/g1"),
		.range = grown(&s->hasher, 0),
		.revoked_ms = TS_COMPLETENESS_NEVER};
	/* in another order than they are written */
	s->cells[0] = (struct ts_usage_cell){1780531200000000, TS_STR("gpu"), TS_STR("od"), 25,
		TS_STR("team"), TS_STR("a.example/" CONTRACT "/c/b/g1")};
	s->cells[1] = (struct ts_usage_cell){
		1780531200000000, TS_STR("gpu"), TS_STR("od"), -7, TS_STR(""), TS_STR("")};
	s->cells[2] = (struct ts_usage_cell){
		1780530300000000, TS_STR("gpu"), TS_STR("od"), 9000, TS_STR(""), TS_STR("")};
	s->state = (struct ts_state){.contract = TS_STR(CONTRACT),
		.period = 0,
		.cut = 5,
		.inputs = grown(&s->hasher, 5),
		.journal = grown(&s->hasher, 2),
		.windows = {.expected = 9, .closed = 6, .late = 2, .missing = 1},
		.leaves = s->leaves,
		.leaves_n = 2,
		.streams = s->streams,
		.streams_n = 2,
		.cells = s->cells,
		.cells_n = 3};
}

static void sample_close(struct sample *s)
{
	desk_close(&s->d);
	ts_hasher_free(&s->hasher);
}

static enum ts_err written(const struct ts_state *state, const struct ts_ledger *ledger,
	struct ts_region *region, struct ts_str *text)
{
	struct ts_why why;
	struct ts_buf out;
	ts_buf_init(&out, DESK_TEXT_BYTES);
	enum ts_err err = ts_state_text(state, ledger, region, &out, &why);
	*text = (struct ts_str){ts_region_copy(region, out.data, out.len), out.len};
	ts_buf_free(&out);
	return err;
}

/* Reads everything and writes it again. */
static enum ts_err again(const struct ts_terms *terms, struct ts_str text, struct ts_region *region,
	struct ts_str *out)
{
	struct ts_why why = {{0}, {0}};
	struct ts_state state;
	struct ts_str rest;
	struct ts_ledger *ledger = NULL;
	struct ts_ledger_version version = ts_ledger_first_version(terms);
	enum ts_err err = ts_state_parse(text, region, &state, &rest, &why);
	if (err == TS_OK)
		err = ts_ledger_create(region, &version, 1, &ledger);
	if (err == TS_OK)
		err = ts_ledger_text_load(ledger, rest, &why);
	if (err != TS_OK) {
		assert_true(why.text[0] != '\0');
		return err;
	}
	return written(&state, ledger, region, out);
}

static void test_both_ways(void **state)
{
	(void)state;
	struct sample s;
	struct ts_str text, copy;
	sample_open(&s);
	assert_ok(written(&s.state, s.d.ledger, s.d.region, &text));
	assert_ok(again(s.d.terms, text, s.d.region, &copy));
	assert_true(ts_str_eq(text, copy));
	static const char head[] = "tallystick/state/v1\ncontract\t" CONTRACT
				   "\nperiod\t0\ncut\t5\n"
				   "inputs\t5\t";
	assert_memory_equal(text.at, head, sizeof head - 1);
	assert_non_null(
		strstr(text.at, "\nwindow\t1777593600000\tgpu\t3\t2\t720\t-\n"
				"window\t1777597200000\tgpu\t0\t0\t0\t11\n"
				"closed\t1780264800000\t1780351200000\n"
				"closed\t1780437600000\t1780524000000\n"
				"mark\t1\t2\tparked\t2\t-\t-\n"
				"mark\t4\t9\treversed\t3\ta.example/" CONTRACT "/c/a/g1\t11\n"
				"stream\ta.example/" CONTRACT "/c/b/g1\t0\t-\t-\n"
				"cell\t1780530300000\tgpu\tod\t\t\t9000\n"
				"cell\t1780531200000\tgpu\tod\t\t\t-7\n"
				"cell\t1780531200000\tgpu\tod\tteam\ta.example/" CONTRACT
				"/c/b/g1\t25\nledger\nhead\t"));
	sample_close(&s);
}

static void refused(struct sample *s, struct ts_str text, const char *from, const char *to)
{
	struct ts_str copy;
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	const char *at = strstr(text.at, from);
	assert_non_null(at);
	const char *changed = ts_region_printf(
		region, "%.*s%s%s", (int)(at - text.at), text.at, to, at + strlen(from));
	assert_err(again(s->d.terms, ts_str(changed), region, &copy), TS_E_MALFORMED);
	ts_region_free(region);
}

static void test_cells_refused(void **state)
{
	(void)state;
	struct sample s;
	struct ts_str text;
	sample_open(&s);
	assert_ok(written(&s.state, s.d.ledger, s.d.region, &text));
	refused(&s, text, "cell\t1780530300000", "cell\t1780530300001"); /* not on the grid */
	refused(&s, text, "cell\t1780530300000", "cell\t1780532100000"); /* not in order */
	refused(&s, text, "cell\t1780530300000", "cell\t9223372036854775800");
	refused(&s, text, "\t9000\n", "\t0\n");
	refused(&s, text, "\t9000\n", "\t09000\n");
	refused(&s, text, "\t9000\n", "\t9000\t1\n");
	refused(&s, text, "\tteam\t", "\t\t\t"); /* a field more */
	refused(&s, text, "\t-7\n", "\n");
	refused(&s, text, "\tteam\t", "\tt m\t");
	char sku[TS_RECORD_BYTES_MAX + 8];
	memset(sku, 'x', sizeof sku);
	sku[0] = sku[sizeof sku - 2] = '\t';
	sku[sizeof sku - 1] = '\0';
	refused(&s, text, "\tteam\t", sku);
	sample_close(&s);
}

/* Cut short at any byte but the ends of the ledger's lines, it is refused. */
static void test_truncated(void **state)
{
	(void)state;
	struct sample s;
	struct ts_str text, copy;
	sample_open(&s);
	assert_ok(written(&s.state, s.d.ledger, s.d.region, &text));
	for (size_t len = 0; len < text.len; len++) {
		struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
		bool whole = len > 0 && text.at[len - 1] == '\n' &&
			     strstr(text.at, "\nledger\n") + 8 <= text.at + len;
		enum ts_err err = again(s.d.terms, (struct ts_str){text.at, len}, region, &copy);
		if ((err == TS_OK) != whole)
			fail_msg("%zu bytes: %s", len, ts_err_code(err));
		ts_region_free(region);
	}
	sample_close(&s);
}

static void test_one_spelling(void **state)
{
	(void)state;
	struct sample s;
	struct ts_str text, copy;
	struct ts_rng rng = ts_rng_create(ts_seed(20261124));
	size_t accepted = 0;
	sample_open(&s);
	assert_ok(written(&s.state, s.d.ledger, s.d.region, &text));
	static const char bytes[] = "\t\n-0123456789,=+/AZazr";
	for (int i = 0; i < MUTATIONS; i++) {
		struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
		char *mutant = ts_region_copy(region, text.at, text.len);
		mutant[ts_rng_below(&rng, text.len)] = bytes[ts_rng_below(&rng, sizeof bytes - 1)];
		struct ts_str changed = {mutant, text.len};
		if (again(s.d.terms, changed, region, &copy) == TS_OK) {
			if (!ts_str_eq(changed, copy))
				fail_msg("read, but written otherwise:\n%s", mutant);
			accepted += !ts_str_eq(changed, text);
		}
		ts_region_free(region);
	}
	assert_true(accepted > 100); /* other numbers are other states */
	sample_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_cells_refused),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_one_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
