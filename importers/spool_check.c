/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/spool_check.h"
#include "evidence/checkpoint.h"
#include "evidence/window.h"
#include "importers/spool_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define REGION_BYTES_MAX (64u << 20)
#define SIZE_DIGITS 19

static int compare_sizes(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

enum ts_err ts_spool_receipts(
	const struct ts_spool *spool, int64_t **out, size_t *n, struct ts_why *why)
{
	int fd = openat(spool->dir_fd, "receipts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int64_t *list = NULL;
	size_t count = 0;
	size_t cap = 0;
	const struct dirent *entry;
	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return ts_why(why, TS_E_IO, "receipts", "%s", strerror(errno));
	}
	while ((entry = readdir(dir)) != NULL) {
		int64_t size = 0;
		if (strlen(entry->d_name) != SIZE_DIGITS + 5 ||
			strcmp(entry->d_name + SIZE_DIGITS, ".note") != 0)
			continue;
		const char *digits = entry->d_name + strspn(entry->d_name, "0");
		struct ts_str text = {digits, (size_t)(entry->d_name + SIZE_DIGITS - digits)};
		if (text.len == 0 || ts_text_u63(text, &size) != TS_OK)
			continue;
		if (count == cap) {
			cap = cap ? 2 * cap : 64;
			int64_t *grown = realloc(list, cap * sizeof(*grown));
			if (!grown) {
				free(list);
				(void)closedir(dir);
				return TS_E_NO_MEMORY;
			}
			list = grown;
		}
		list[count++] = size;
	}
	(void)closedir(dir);
	if (count)
		qsort(list, count, sizeof(list[0]), compare_sizes);
	*out = list;
	*n = count;
	return TS_OK;
}

enum ts_err ts_spool_receipt(const struct ts_spool *spool, int64_t size, struct ts_hash *root,
	int64_t *time_s, struct ts_why *why)
{
	char name[64];
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	const struct ts_key keys[2] = {spool->agent.key, spool->receipt_key};
	struct ts_note note;
	struct ts_note_sig sigs[2] = {{0}};
	struct ts_checkpoint checkpoint;
	ts_buf_init(&text, TS_NOTE_BYTES_MAX);
	(void)snprintf(name, sizeof(name), "receipts/%019lld.note", (long long)size);
	TS_TRY(ts_spool_file_read(spool->dir_fd, name, &text, why));
	struct ts_why inner = {0};
	enum ts_err err = ts_checkpoint_open((struct ts_str){text.data, text.len}, keys,
		spool->has_receipt_key ? 2 : 1, &note, sigs, &checkpoint, &inner);
	if (err != TS_OK)
		return ts_why(why, err, name, "%s", inner.text[0] ? inner.text : ts_err_text(err));
	if (checkpoint.size != size)
		return ts_why(
			why, TS_E_MISMATCH, name, "it is of size %lld", (long long)checkpoint.size);
	if (spool->has_receipt_key && !sigs[1].valid)
		return ts_why(why, TS_E_SIGNATURE, name, "without the service's cosignature");
	*root = checkpoint.root;
	*time_s = spool->has_receipt_key ? sigs[1].time_s : 0;
	return TS_OK;
}

struct check {
	struct ts_spool *spool;
	struct ts_spool_checked *out;
	struct ts_windows windows;
	struct ts_range range;
	const int64_t *receipts;
	size_t receipts_n;
	size_t receipt; /* the next one */
};

static enum ts_err line_error(
	struct ts_why *why, enum ts_err err, int64_t index, const char *reason)
{
	char where[40];
	(void)snprintf(where, sizeof(where), "lines:%lld", (long long)index);
	return ts_why(why, err, where, "%s", reason[0] ? reason : ts_err_text(err));
}

static enum ts_err check_line(struct check *check, struct ts_str line, struct ts_why *why)
{
	struct ts_record record;
	const char *reason = "";
	int64_t index = check->range.size;
	enum ts_err err = ts_record_parse(line, &record, &reason);
	if (err == TS_OK)
		err = ts_record_place(
			&record, check->spool->statement.origin, index, NULL, &reason);
	if (err == TS_OK && record.tag == TS_RECORD_USAGE)
		err = ts_windows_add(&check->windows, index, &record.usage);
	if (err == TS_OK && record.tag == TS_RECORD_CLOSE)
		err = ts_windows_close(&check->windows, index, &record.close, &reason);
	if (err != TS_OK)
		return line_error(why, err, index, reason);
	check->out->usage += record.tag == TS_RECORD_USAGE;
	check->out->closes += record.tag == TS_RECORD_CLOSE;
	check->out->reversals += record.tag == TS_RECORD_REVERSAL;
	return TS_OK;
}

/* The tree at the size it has now. */
static enum ts_err check_size(struct check *check, struct ts_why *why)
{
	struct ts_spool *spool = check->spool;
	int64_t size = check->range.size;
	if (size == spool->sent_n && !ts_range_eq(&check->range, &spool->sent_range))
		return ts_why(why, TS_E_MISMATCH, "state",
			"its compact range is not that of the %lld lines that it says were sent",
			(long long)size);
	if (check->receipt == check->receipts_n || check->receipts[check->receipt] != size)
		return TS_OK;
	struct ts_hash signed_root;
	struct ts_hash root;
	int64_t time_s = 0;
	TS_TRY(ts_spool_receipt(spool, size, &signed_root, &time_s, why));
	ts_range_root(&spool->hasher, &check->range, &root);
	if (memcmp(root.b, signed_root.b, sizeof(root.b)) != 0)
		return ts_why(why, TS_E_MISMATCH, "receipts",
			"the lines are not those that the receipt of size %lld is for",
			(long long)size);
	check->receipt++;
	check->out->receipts++;
	return TS_OK;
}

static enum ts_err check_lines(struct check *check, struct ts_why *why)
{
	struct ts_spool *spool = check->spool;
	struct ts_buf lines __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&lines, 2 * PIECE_BYTES);
	for (int64_t at = 0; at < spool->lines_bytes;) {
		int64_t n = 0;
		struct ts_str line;
		ts_buf_reset(&lines);
		TS_TRY(ts_spool_read(spool, at, INT64_MAX, PIECE_BYTES, &lines, &n, why));
		if (n == 0)
			return ts_why(why, TS_E_MISMATCH, "lines", "the last line has no end");
		struct ts_str rest = {lines.data, lines.len};
		at += (int64_t)lines.len;
		while (ts_str_line(&rest, &line)) {
			struct ts_hash leaf;
			TS_TRY(check_line(check, line, why));
			ts_hash_leaf(&spool->hasher, line.at, line.len, &leaf);
			ts_range_append(&spool->hasher, &check->range, &leaf, NULL);
			TS_TRY(check_size(check, why));
		}
		ts_windows_forget(&check->windows, INT64_MIN);
	}
	if (check->range.size != spool->lines_n)
		return ts_why(why, TS_E_MISMATCH, "state", "there are %lld lines, it says %lld",
			(long long)check->range.size, (long long)spool->lines_n);
	if (check->receipt < check->receipts_n)
		return ts_why(why, TS_E_MISMATCH, "receipts",
			"one is for %lld lines; there are fewer: lines are missing",
			(long long)check->receipts[check->receipt]);
	ts_range_root(&spool->hasher, &check->range, &check->out->root);
	return TS_OK;
}

static enum ts_err check_seen(struct ts_spool *spool, int64_t *rows, struct ts_why *why)
{
	struct ts_seen *seen = NULL;
	TS_TRY(ts_seen_create(&seen));
	enum ts_err err = ts_spool_seen(spool, seen, why);
	*rows = (int64_t)ts_seen_count(seen);
	ts_seen_free(seen);
	return err;
}

enum ts_err ts_spool_check(struct ts_spool *spool, struct ts_spool_checked *out, struct ts_why *why)
{
	struct check check = {.spool = spool, .out = out};
	int64_t *receipts = NULL;
	*out = (struct ts_spool_checked){0};
	TS_TRY(ts_spool_receipts(spool, &receipts, &check.receipts_n, why));
	check.receipts = receipts;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	enum ts_err err = region ? TS_OK : TS_E_NO_MEMORY;
	if (err == TS_OK) {
		ts_windows_init(&check.windows, region, spool->statement.active_from_ms,
			spool->statement.window_ms);
		ts_range_init(&check.range);
		err = check_lines(&check, why);
	}
	if (err == TS_OK)
		err = check_seen(spool, &out->rows, why);
	ts_region_free(region);
	free(receipts);
	return err;
}
