/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles made with real keys, checked as they are and after somebody touched them. What the
 * service makes is checked by tests/e2e/test_verify.sh. */
#include "audit/replay.h"
#include "support/audit/make.h"
#include "support/test.h"
#include <stdlib.h>
#include <string.h>

#define WITNESS_S 1780000000

struct bundle {
	uint8_t *bytes;
	size_t len;
	struct ts_buf policy;
};

static struct bundle plain, awkward, witnessed;
static struct ts_region *region;
static struct ts_audit_report *report;
static struct ts_policy *policy;

static void make(const struct ts_make *options, struct bundle *out)
{
	FILE *file = tmpfile();
	assert_non_null(file);
	ts_buf_init(&out->policy, TS_POLICY_BYTES_MAX);
	ts_make_bundle(options, file, &out->policy);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	out->len = (size_t)ftell(file);
	out->bytes = malloc(out->len);
	assert_non_null(out->bytes);
	rewind(file);
	assert_int_equal(fread(out->bytes, 1, out->len, file), out->len);
	fclose(file);
}

static int begin_all(void **state)
{
	(void)state;
	const struct ts_make options = {.records = 3000, .streams = 2, .upload_lines = 500};
	struct ts_make other = options;
	make(&options, &plain);
	other.awkward = true;
	make(&other, &awkward);
	other = options;
	other.witnesses = TS_MAKE_WITNESSES;
	other.witness_time_s = WITNESS_S;
	make(&other, &witnessed);
	region = ts_region_create((size_t)1 << 30);
	policy = calloc(1, sizeof *policy);
	report = calloc(1, sizeof *report);
	return region == NULL || policy == NULL || report == NULL;
}

static int end_all(void **state)
{
	struct bundle *all[] = {&plain, &awkward, &witnessed};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		free(all[i]->bytes);
		ts_buf_free(&all[i]->policy);
	}
	ts_region_free(region);
	free(policy);
	free(report);
	return 0;
}

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const struct bundle *bundle = ctx;
	assert_true(offset >= 0 && (size_t)offset + len <= bundle->len);
	memcpy(out, bundle->bytes + offset, len);
	return TS_OK;
}

/* Runs with the policy as it is made, or with text in place of its last line, `quorum none`. */
static void run_as(struct bundle *bundle, const char *quorum, struct ts_audit_options options)
{
	struct ts_buf text;
	struct ts_why why = {"", ""};
	ts_buf_init(&text, TS_POLICY_BYTES_MAX);
	ts_buf_put(&text, bundle->policy.data, bundle->policy.len);
	if (quorum != NULL) {
		text.len -= strlen("quorum none\n");
		ts_buf_puts(&text, quorum);
	}
	ts_region_reset(region);
	assert_ok(ts_policy_parse((struct ts_str){text.data, text.len}, policy, &why));
	const struct ts_audit_source source = {read_at, bundle, (int64_t)bundle->len};
	options.source = &source;
	options.policy = policy;
	enum ts_err err = ts_audit_run(&options, region, report, &why);
	if (err != TS_OK)
		fail_msg("%s: %s %s", ts_err_code(err), why.where, why.text);
	ts_buf_free(&text);
}

static void run(struct bundle *bundle)
{
	run_as(bundle, NULL, (struct ts_audit_options){.max_age_s = -1});
}

static void assert_holds(void)
{
	for (int c = 0; c < TS_CHECK_N; c++) {
		const struct ts_finding *f = &report->findings.by_check[c];
		if (f->failures > 0)
			fail_msg("%s: %s [%lld]: expected %s; found %s",
				ts_check_name((enum ts_check)c), f->file, (long long)f->index,
				f->expected, f->actual);
	}
	assert_int_equal(report->findings.failed, 0);
}

static void assert_fails(enum ts_check check)
{
	if (report->findings.by_check[check].failures == 0)
		fail_msg("%s holds", ts_check_name(check));
}

static void a_good_bundle_holds(void **state)
{
	(void)state;
	run(&plain);
	assert_holds();
	assert_int_equal(report->totals.usage, 3000);
	assert_int_equal(report->totals.streams, 2);
	assert_int_equal(report->totals.voids, 0);
	assert_int_equal(report->totals.ticks, 1);
	assert_int_equal(report->totals.cuts, 1);
	assert_int_equal(report->totals.entries, report->totals.journal_leaves);
	assert_int_equal(report->documents_n, 1);
	assert_string_equal(report->documents[0].number, "M-000001");
	assert_false(report->has_quorum);
}

/* Void lines, parked lines, reversals with and without effect: none of them is rated. */
static void awkward_lines_do_not_count(void **state)
{
	char plain_total[TS_DECIMAL_CHARS];
	(void)state;
	run(&plain);
	memcpy(plain_total, report->documents[0].total, sizeof plain_total);
	run(&awkward);
	assert_holds();
	int64_t uploads = report->totals.uploads;
	assert_true(uploads > 4);
	assert_int_equal(report->totals.voids, uploads);
	assert_int_equal(report->totals.decided[TS_JUDGE_PARKED], uploads);
	assert_int_equal(report->totals.decided[TS_JUDGE_REVERSED], uploads);
	assert_int_equal(report->totals.decided[TS_JUDGE_REFUSED], uploads);
	assert_string_equal(report->documents[0].total, plain_total);
}

static void a_quorum_has_a_time(void **state)
{
	char text[1024];
	struct ts_secret w[TS_MAKE_WITNESSES];
	char vkeys[TS_MAKE_WITNESSES][TS_VKEY_CHARS];
	(void)state;
	for (int i = 0; i < TS_MAKE_WITNESSES; i++) {
		ts_make_witness(i, &w[i]);
		(void)ts_key_format(&w[i].key, vkeys[i]);
	}
	(void)snprintf(text, sizeof text,
		"witness a %s\nwitness b %s\nwitness c %s\ngroup g 2 a b c\nquorum g\n", vkeys[0],
		vkeys[1], vkeys[2]);
	run_as(&witnessed, text,
		(struct ts_audit_options){.max_age_s = 100, .now_s = WITNESS_S + 101});
	assert_holds();
	assert_int_equal(report->quorum_s, WITNESS_S + 1); /* the second of three */
	run_as(&witnessed, text,
		(struct ts_audit_options){.max_age_s = 100, .now_s = WITNESS_S + 102});
	assert_fails(TS_CHECK_MAX_AGE);
	assert_int_equal(report->findings.failed, 1);
	run_as(&plain, text, (struct ts_audit_options){.max_age_s = -1});
	assert_fails(TS_CHECK_QUORUM);
	assert_int_equal(report->findings.failed, 1);
	run_as(&witnessed, NULL, (struct ts_audit_options){.max_age_s = 1000});
	assert_fails(TS_CHECK_MAX_AGE); /* the policy asks nobody, so nothing has a time */
	/* an archive that ends too early says nothing of witnesses, but the policy asked for them
	 */
	struct bundle half = witnessed;
	half.len /= 2;
	run_as(&half, text, (struct ts_audit_options){.max_age_s = -1});
	assert_fails(TS_CHECK_ARCHIVE);
	assert_true(report->has_quorum);
}

/* A receipt for the first upload, for one that never came in, for one that is not due yet. */
static void promises_are_kept(void **state)
{
	static const char origin[] =
		"ledger.example/5f0c9a3e7b1d4826a9e0c3f58d71b264/c0/meter/g1\n";
	static const char other[] =
		"ledger.example/5f0c9a3e7b1d4826a9e0c3f58d71b264/c0/meter/g1\n9\n"
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
	struct ts_buf notes[4];
	struct ts_audit_receipt receipts[4];
	struct ts_str text;
	(void)state;
	/* the first checkpoint of the first stream, as it stands in the inputs log */
	const uint8_t *at = memmem(plain.bytes, plain.len, "inputs.leaves", 13);
	assert_non_null(at);
	const uint8_t *stop = plain.bytes + plain.len;
	do {
		at = memmem(at + 1, (size_t)(stop - at - 1), origin, sizeof origin - 1);
		assert_non_null(at);
	} while (memcmp(at - 7, "origin ", 7) == 0);
	const uint8_t *end = memmem(at, 400, "\n\n", 2);
	assert_non_null(end);
	for (int i = 0; i < 4; i++) {
		struct ts_secret key;
		ts_make_receipt_key(&key);
		if (i == 3)
			ts_make_witness(0, &key);
		text = i == 0 ? (struct ts_str){(const char *)at, (size_t)(end + 1 - at)}
			      : ts_str(other);
		ts_buf_init(&notes[i], TS_NOTE_BYTES_MAX);
		ts_note_begin(text, &notes[i]);
		assert_ok(ts_checkpoint_cosign(
			&key, text, i == 2 ? 1800000000 : 1777600000, &notes[i]));
		receipts[i] = (struct ts_audit_receipt){
			{notes[i].data, notes[i].len}, i == 3 ? "others.note" : "own.note"};
	}
	static const struct {
		size_t first, n;
		int64_t kept, open, failed;
	} rows[] = {{0, 1, 1, 0, 0}, {1, 1, 0, 0, 1}, {2, 1, 0, 1, 0}, {3, 1, 0, 0, 1},
		{0, 2, 1, 0, 1}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		run_as(&plain, NULL,
			(struct ts_audit_options){.max_age_s = -1,
				.receipts = receipts + rows[i].first,
				.receipts_n = rows[i].n});
		assert_int_equal(report->totals.receipts_kept, rows[i].kept);
		assert_int_equal(report->totals.receipts_open, rows[i].open);
		assert_int_equal(report->findings.failed, rows[i].failed);
		if (rows[i].failed > 0)
			assert_fails(TS_CHECK_RECEIPTS);
		if (i == 3)
			assert_string_equal(
				report->findings.by_check[TS_CHECK_RECEIPTS].file, "others.note");
	}
	for (int i = 0; i < 4; i++)
		ts_buf_free(&notes[i]);
}

/* One flipped bit anywhere is found: every byte of a header, a sample of the rest. */
static void no_bit_is_unwatched(void **state)
{
	uint64_t random = 7;
	(void)state;
	for (int i = 0; i < 150; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		size_t at = (size_t)(random >> 33) % awkward.len;
		uint8_t bit = (uint8_t)(1 << (random >> 20) % 8);
		awkward.bytes[at] ^= bit;
		run(&awkward);
		if (report->findings.failed == 0)
			fail_msg("byte %zu, bit %02x: nobody noticed", at, bit);
		awkward.bytes[at] ^= bit;
	}
	run(&awkward);
	assert_holds();
}

/* A contract note that is none any more once crashed the leaf behind it. */
static void any_byte_of_the_logs_may_differ(void **state)
{
	struct bundle small;
	const struct ts_make options = {.records = 40, .streams = 1, .upload_lines = 20};
	(void)state;
	make(&options, &small);
	run(&small);
	assert_holds();
	const uint8_t *from = memmem(small.bytes, small.len, "inputs.leaves", 13);
	const uint8_t *to = memmem(small.bytes, small.len, "terms/1.json", 12);
	assert_true(from != NULL && to != NULL && to > from);
	/* each byte of the first leaves, a sample of those behind */
	for (const uint8_t *at = from; at < to; at += at < from + 600 ? 1 : 37) {
		uint8_t *byte = small.bytes + (at - small.bytes);
		uint8_t bit = (uint8_t)(1 << ((at - from) % 7));
		*byte ^= bit;
		run(&small);
		if (report->findings.failed == 0)
			fail_msg("byte %zu, bit %02x: nobody noticed", (size_t)(at - from), bit);
		*byte ^= bit;
	}
	free(small.bytes);
	ts_buf_free(&small.policy);
}

static enum ts_err fail_at(void *ctx, int64_t offset, void *out, size_t len)
{
	(void)ctx;
	(void)offset;
	(void)out;
	(void)len;
	return TS_E_IO;
}

/* A source that fails is an error, never a verdict. */
static void a_failing_source_is_no_finding(void **state)
{
	const struct ts_audit_source source = {fail_at, NULL, (int64_t)plain.len};
	struct ts_why why = {"", ""};
	(void)state;
	ts_region_reset(region);
	const struct ts_audit_options options = {
		.source = &source, .policy = policy, .max_age_s = -1};
	assert_err(ts_audit_run(&options, region, report, &why), TS_E_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_bundle_holds),
		cmocka_unit_test(awkward_lines_do_not_count),
		cmocka_unit_test(a_quorum_has_a_time),
		cmocka_unit_test(promises_are_kept),
		cmocka_unit_test(no_bit_is_unwatched),
		cmocka_unit_test(any_byte_of_the_logs_may_differ),
		cmocka_unit_test(a_failing_source_is_no_finding),
	};
	return cmocka_run_group_tests(tests, begin_all, end_all);
}
