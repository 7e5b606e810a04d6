/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tar.h"
#include "support/test.h"
#include <string.h>

struct bytes {
	uint8_t *at;
	size_t len;
};

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const struct bytes *bytes = ctx;
	assert_true(offset >= 0 && (size_t)offset + len <= bytes->len);
	memcpy(out, bytes->at + offset, len);
	return TS_OK;
}

static uint8_t archive[16 * TS_TAR_BLOCK];
static size_t archive_len;
static struct ts_region *region;

static void add(const char *name, const char *data)
{
	size_t len = strlen(data);
	assert_ok(ts_tar_header(ts_str(name), (int64_t)len, archive + archive_len));
	memcpy(archive + archive_len + TS_TAR_BLOCK, data, len);
	archive_len += TS_TAR_BLOCK + len + (size_t)ts_tar_padding((int64_t)len);
}

static int begin(void **state)
{
	(void)state;
	region = ts_region_create(1 << 20);
	memset(archive, 0, sizeof archive);
	archive_len = 0;
	add("bundle", "one\n");
	add("streams/00", "two two");
	add("terms/1.json", "");
	archive_len += 2 * TS_TAR_BLOCK;
	return region == NULL;
}

static int end(void **state)
{
	(void)state;
	ts_region_free(region);
	return 0;
}

static enum ts_err read_tar(struct ts_tar *tar)
{
	struct bytes bytes = {archive, archive_len};
	const struct ts_audit_source source = {read_at, &bytes, (int64_t)archive_len};
	struct ts_why why = {"", ""};
	ts_region_reset(region);
	return ts_tar_index(&source, region, tar, &why);
}

static void members_are_found(void **state)
{
	struct ts_tar tar;
	(void)state;
	assert_ok(read_tar(&tar));
	assert_int_equal(tar.n, 3);
	assert_string_equal(tar.members[1].name, "streams/00");
	const struct ts_tar_member *member = ts_tar_find(&tar, "streams/00");
	assert_ptr_equal(member, &tar.members[1]);
	assert_int_equal(member->size, 7);
	assert_memory_equal(archive + member->offset, "two two", 7);
	assert_null(ts_tar_find(&tar, "streams"));
	assert_int_equal(ts_tar_find(&tar, "terms/1.json")->size, 0);
}

/* Every bit of every header, of padding and of the end decides. */
static void any_other_bit_is_refused(void **state)
{
	struct ts_tar tar;
	bool data[sizeof archive] = {false};
	(void)state;
	assert_ok(read_tar(&tar));
	for (size_t m = 0; m < tar.n; m++)
		for (int64_t i = 0; i < tar.members[m].size; i++)
			data[tar.members[m].offset + i] = true;
	for (size_t i = 0; i < archive_len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			archive[i] = (uint8_t)(archive[i] ^ (1 << bit));
			enum ts_err err = read_tar(&tar);
			if (err != (data[i] ? TS_OK : TS_E_MALFORMED))
				fail_msg("byte %zu, bit %d: %s", i, bit, ts_err_code(err));
			archive[i] = (uint8_t)(archive[i] ^ (1 << bit));
		}
	}
}

static void any_other_length_is_refused(void **state)
{
	struct ts_tar tar;
	(void)state;
	size_t whole = archive_len;
	for (archive_len = 0; archive_len < sizeof archive; archive_len++)
		assert_err(read_tar(&tar), archive_len == whole ? TS_OK : TS_E_MALFORMED);
}

static void a_name_twice_is_refused(void **state)
{
	struct ts_tar tar;
	(void)state;
	archive_len -= 2 * TS_TAR_BLOCK;
	add("bundle", "again");
	archive_len += 2 * TS_TAR_BLOCK;
	assert_err(read_tar(&tar), TS_E_MALFORMED);
}

static void names_and_sizes(void **state)
{
	static const char *const bad[] = {"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", ".a",
		"a/.b", "a b", "a\\b", "a\nb", "\xc3\xa9"};
	uint8_t header[TS_TAR_BLOCK];
	char name[TS_TAR_NAME_MAX + 2];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(ts_tar_header(ts_str(bad[i]), 0, header), TS_E_INVALID);
	memset(name, 'a', sizeof name);
	assert_ok(ts_tar_header((struct ts_str){name, TS_TAR_NAME_MAX}, 0, header));
	assert_err(
		ts_tar_header((struct ts_str){name, TS_TAR_NAME_MAX + 1}, 0, header), TS_E_INVALID);
	assert_err(ts_tar_header(TS_STR("a"), -1, header), TS_E_INVALID);
	assert_err(ts_tar_header(TS_STR("a"), TS_TAR_SIZE_MAX + 1, header), TS_E_INVALID);
	assert_ok(ts_tar_header(TS_STR("a"), INT64_C(8589934591), header));
	assert_memory_equal(header + 124, "77777777777", 12);
	assert_ok(ts_tar_header(TS_STR("a"), INT64_C(8589934592), header));
	assert_memory_equal(header + 124, "\x80\0\0\0\0\0\0\x02\0\0\0\0", 12);
}

/* A member that claims more than there is must not be believed, in base 256 least of all. */
static void a_size_beyond_the_end_is_refused(void **state)
{
	static const int64_t sizes[] = {4096, INT64_C(8589934592), TS_TAR_SIZE_MAX};
	struct ts_tar tar;
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_ok(ts_tar_header(TS_STR("bundle"), sizes[i], archive));
		assert_err(read_tar(&tar), TS_E_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(members_are_found, begin, end),
		cmocka_unit_test_setup_teardown(any_other_bit_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(any_other_length_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_name_twice_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(names_and_sizes, begin, end),
		cmocka_unit_test_setup_teardown(a_size_beyond_the_end_is_refused, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
