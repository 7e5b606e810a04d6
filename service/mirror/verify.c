/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/verify.h"
#include "base/time.h"
#include "service/mirror/mirror_check.h"
#include "service/mirror/mirror_source.h"
#include "service/textfile.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECEIPTS_MAX 1000000

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	const int *fd = ctx;
	char *at = out;
	while (len > 0) {
		ssize_t n = pread(*fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return TS_E_IO;
		at += n;
		offset += n;
		len -= (size_t)n;
	}
	return TS_OK;
}

static enum ts_err read_policy(
	const char *path, struct ts_region *region, struct ts_policy **out, struct ts_why *why)
{
	struct ts_buf bytes;
	struct ts_why inner = {"", ""};
	*out = ts_region_alloc(region, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_init(&bytes, TS_POLICY_BYTES_MAX);
	enum ts_err err = ts_textfile_read(path, &bytes, why);
	if (err == TS_OK) {
		err = ts_policy_parse(
			(struct ts_str){bytes.len > 0 ? bytes.data : "", bytes.len}, *out, &inner);
		if (err != TS_OK)
			(void)ts_why(why, err, path, "%s%s%s", inner.where,
				inner.where[0] != '\0' ? ": " : "", inner.text);
	}
	ts_buf_free(&bytes);
	return err;
}

/* One receipt file: an agent's note with the service's cosignature. */
static enum ts_err read_receipt(const char *path, struct ts_region *region,
	struct ts_audit_receipt *out, struct ts_why *why)
{
	struct ts_buf bytes;
	ts_buf_init(&bytes, TS_NOTE_BYTES_MAX);
	enum ts_err err = ts_textfile_read(path, &bytes, why);
	if (err == TS_OK) {
		out->note.at = ts_region_copy(region, bytes.data, bytes.len);
		out->note.len = bytes.len;
		out->file = path;
		err = out->note.at != NULL ? TS_OK : TS_E_NO_MEMORY;
	}
	ts_buf_free(&bytes);
	return err;
}

static bool is_note(const char *name)
{
	size_t n = strlen(name);
	return n > 5 && strcmp(name + n - 5, ".note") == 0;
}

/* The folder itself, or the one of that name in an agent's folder (docs/formats/importers.md). */
static enum ts_err read_receipts(const char *dir, struct ts_region *region,
	struct ts_audit_receipt **out, size_t *n, struct ts_why *why)
{
	size_t cap = 0;
	struct dirent *entry = NULL;
	struct stat status;
	enum ts_err err = TS_OK;
	const char *within = ts_region_printf(region, "%s/receipts", dir);
	if (within == NULL)
		return TS_E_NO_MEMORY;
	if (stat(within, &status) == 0 && S_ISDIR(status.st_mode))
		dir = within;
	DIR *handle = opendir(dir);
	if (handle == NULL)
		return ts_why(why, TS_E_IO, dir, "%s", strerror(errno));
	while (err == TS_OK && (entry = readdir(handle)) != NULL) {
		const char *path = ts_region_printf(region, "%s/%s", dir, entry->d_name);
		if (!is_note(entry->d_name))
			continue;
		if (*n == cap) {
			size_t more = cap == 0 ? 64 : 2 * cap;
			struct ts_audit_receipt *bigger = ts_region_array(
				region, more, sizeof *bigger);
			if (bigger != NULL && *n > 0)
				memcpy(bigger, *out, *n * sizeof *bigger);
			*out = bigger;
			cap = more;
		}
		err = path == NULL || *out == NULL || *n == RECEIPTS_MAX
			      ? TS_E_LIMIT
			      : read_receipt(path, region, &(*out)[*n], why);
		*n += 1;
	}
	(void)closedir(handle);
	return err;
}

static enum ts_err put_entry(void *ctx, struct ts_str leaf)
{
	FILE *out = ctx;
	const uint8_t head[2] = {(uint8_t)(leaf.len >> 8), (uint8_t)(leaf.len & 0xff)};
	return fwrite(head, 1, 2, out) == 2 && fwrite(leaf.at, 1, leaf.len, out) == leaf.len
		       ? TS_OK
		       : TS_E_IO;
}

/* What a check needs, once the source is open. */
struct check {
	const struct ts_verify *v;
	const struct ts_policy *policy;
	struct ts_audit_receipt *receipts;
	size_t receipts_n;
	struct ts_region *region;
	struct ts_audit_report *report;
	struct ts_why *why;
};

static enum ts_err check_source(const struct check *c, const struct ts_audit_source *source)
{
	const struct ts_audit_options options = {.source = source,
		.policy = c->policy,
		.entry = c->v->journal != NULL ? put_entry : NULL,
		.entry_ctx = c->v->journal,
		.state = c->v->state,
		.state_period = c->v->state_period,
		.now_s = c->v->now_s,
		.max_age_s = c->v->max_age_s,
		.seed = c->v->seed,
		.receipts = c->receipts,
		.receipts_n = c->receipts_n};
	return ts_audit_run(&options, c->region, c->report, c->why);
}

static void print_damaged(void *ctx, const char *name, const char *text)
{
	char path[PATH_MAX];
	fprintf(stderr, "DAMAGED      %s: %s\n", ts_mirror_path(ctx, name, path, sizeof path),
		text);
}

/* First the files, each by its name; then all that they mean. */
static enum ts_err check_mirror(const struct check *c)
{
	struct ts_mirror_dir dir = {.path = c->v->bundle, .lock = -1};
	struct ts_hasher hasher = {0};
	struct ts_mirror_source *source = NULL;
	struct ts_mirror_check files = {
		.dir = &dir, .hasher = &hasher, .found = print_damaged, .ctx = &dir};
	memcpy(dir.contract, c->policy->contract, sizeof dir.contract);
	TS_TRY(ts_hasher_init(&hasher));
	enum ts_err err = ts_mirror_check(&files, c->why);
	ts_hasher_free(&hasher);
	if (err == TS_OK && files.bad > 0)
		err = ts_why(c->why, TS_E_MISMATCH, dir.path,
			"%lld files of the mirror are damaged or missing", (long long)files.bad);
	TS_TRY(err);
	TS_TRY(ts_mirror_source_open(&dir, NULL, c->region, &source, c->why));
	err = check_source(c, ts_mirror_source_audit(source));
	const struct ts_why *inner = ts_mirror_source_why(source);
	if (err != TS_OK && inner->text[0] != '\0')
		*c->why = *inner;
	ts_mirror_source_close(source);
	return err;
}

static enum ts_err check_file(const struct check *c, int fd, int64_t size)
{
	const struct ts_audit_source source = {read_at, &fd, size};
	return check_source(c, &source);
}

enum ts_err ts_verify_run(const struct ts_verify *v, struct ts_region *region,
	struct ts_audit_report **report, struct ts_why *why)
{
	struct ts_policy *policy = NULL;
	struct check c = {.v = v, .region = region, .why = why};
	struct stat status;
	TS_TRY(read_policy(v->policy, region, &policy, why));
	c.policy = policy;
	if (v->receipts != NULL)
		TS_TRY(read_receipts(v->receipts, region, &c.receipts, &c.receipts_n, why));
	c.report = *report = ts_region_alloc(region, sizeof **report);
	if (*report == NULL)
		return TS_E_NO_MEMORY;
	int fd = open(v->bundle, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ts_why(why, TS_E_IO, v->bundle, "%s", strerror(errno));
	enum ts_err err = TS_E_IO;
	bool known = fstat(fd, &status) == 0;
	if (known && S_ISREG(status.st_mode))
		err = check_file(&c, fd, (int64_t)status.st_size);
	else if (known && S_ISDIR(status.st_mode))
		err = check_mirror(&c);
	else
		(void)ts_why(why, err, v->bundle, "it is neither a file nor a folder");
	(void)close(fd);
	return err;
}

static void print_numbers(const struct ts_verify *v, const struct ts_audit_report *r, FILE *out)
{
	const struct ts_audit_totals *t = &r->totals;
	char time[TS_TIME_CHARS];
	fprintf(out, "contract     %s\n", r->manifest.contract);
	fprintf(out, "companies    provider %s, consumer %s\n", r->keys.provider, r->keys.consumer);
	fprintf(out,
		"inputs log   %lld leaves: %lld uploads of %lld streams, %lld ticks, %lld cuts\n",
		(long long)t->inputs_leaves, (long long)t->uploads, (long long)t->streams,
		(long long)t->ticks, (long long)t->cuts);
	if (t->consumer_streams > 0)
		fprintf(out,
			"             %lld uploads of %lld consumer streams, compared elsewhere\n",
			(long long)t->consumer_uploads, (long long)t->consumer_streams);
	fprintf(out,
		"lines        %lld, %lld bytes: %lld usage records, %lld window closes, %lld "
		"reversals, "
		"%lld void\n",
		(long long)t->lines, (long long)t->stream_bytes, (long long)t->usage,
		(long long)t->closes, (long long)t->reversals, (long long)t->voids);
	fprintf(out, "             asserted by the provider; corroborated by the consumer: 0 %%\n");
	for (int kind = 0; kind <= TS_JUDGE_RELEASED; kind++)
		if (t->decided[kind] > 0)
			fprintf(out, "             %lld lines %s\n", (long long)t->decided[kind],
				ts_judge_kind_name((enum ts_judge_kind)kind));
	if (v->receipts != NULL)
		fprintf(out, "receipts     %lld kept, %lld due after the bundle's last event\n",
			(long long)t->receipts_kept, (long long)t->receipts_open);
	fprintf(out, "journal log  %lld leaves, %lld entries computed again\n",
		(long long)t->journal_leaves, (long long)t->entries);
	for (size_t i = 0; i < r->documents_n; i++) {
		const struct ts_audit_document *d = &r->documents[i];
		fprintf(out, "document     %-16s %-11s %16s %s, %s\n", d->number, d->kind, d->total,
			d->currency, d->cosigned ? "cosigned" : "unwitnessed");
		fprintf(out,
			"             its period: %lld windows expected, %lld closed, %lld late, "
			"%lld "
			"missing\n",
			(long long)d->windows.expected, (long long)d->windows.closed,
			(long long)d->windows.late, (long long)d->windows.missing);
	}
	if (!r->has_quorum)
		fprintf(out,
			"quorum       the policy asks for none: nobody but the log vouches for its "
			"order and time\n");
	else
		fprintf(out, "quorum       %s\n",
			r->quorum_s > 0 ? ts_time_format(r->quorum_s * TS_US_PER_S, time) : "none");
}

void ts_verify_print(const struct ts_verify *v, const struct ts_audit_report *r, FILE *out)
{
	const struct ts_findings *f = &r->findings;
	fprintf(out, "bundle       %s\npolicy       %s\n", v->bundle, v->policy);
	print_numbers(v, r, out);
	for (int64_t i = 0; i < f->exceptions_n && i < TS_EXCEPTIONS_MAX; i++)
		fprintf(out, "EXCEPTION    leaf %lld: %s\n", (long long)f->exceptions[i].leaf,
			f->exceptions[i].text);
	for (int c = 0; c < TS_CHECK_N; c++) {
		const struct ts_finding *x = &f->by_check[c];
		if (x->failures == 0)
			continue;
		fprintf(out, "FAILED       %s%s%s", ts_check_name((enum ts_check)c),
			x->file[0] != '\0' ? ": " : "", x->file);
		if (x->index >= 0)
			fprintf(out, " [%lld]", (long long)x->index);
		fprintf(out, ": expected %s; found %s", x->expected, x->actual);
		if (x->failures > 1)
			fprintf(out, " (first of %lld)", (long long)x->failures);
		fprintf(out, "\n");
	}
	if (f->failed == 0)
		fprintf(out, "VERIFIED     all %d checks hold\n", TS_CHECK_N);
	else
		fprintf(out, "NOT VERIFIED %lld of %d checks failed\n", (long long)f->failed,
			TS_CHECK_N);
}

static json_t *finding_json(enum ts_check check, const struct ts_finding *f)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:s,s:s,s:I}", "check", ts_check_name(check),
		"holds_when", ts_check_text(check), "file", f->file, "index",
		f->index >= 0 ? json_integer(f->index) : json_null(), "expected", f->expected,
		"actual", f->actual, "failures", (json_int_t)f->failures);
}

static const struct {
	const char *name;
	size_t offset;
} totals_members[] = {
#define M(name)                                                                                    \
	{                                                                                          \
#name, offsetof(struct ts_audit_totals, name)                                      \
	}
	M(inputs_leaves),
	M(journal_leaves),
	M(streams),
	M(uploads),
	M(lines),
	M(stream_bytes),
	M(usage),
	M(closes),
	M(reversals),
	M(voids),
	M(ticks),
	M(cuts),
	M(entries),
	M(consumer_streams),
	M(consumer_uploads),
	M(receipts_kept),
	M(receipts_open),
#undef M
};

static json_t *totals_json(const struct ts_audit_totals *t)
{
	json_t *totals = json_object();
	for (size_t i = 0; i < sizeof totals_members / sizeof totals_members[0]; i++) {
		int64_t value = 0;
		memcpy(&value, (const char *)t + totals_members[i].offset, sizeof value);
		(void)json_object_set_new(totals, totals_members[i].name, json_integer(value));
	}
	for (int kind = 0; kind <= TS_JUDGE_RELEASED; kind++)
		(void)json_object_set_new(totals, ts_judge_kind_name((enum ts_judge_kind)kind),
			json_integer(t->decided[kind]));
	return totals;
}

json_t *ts_verify_json(const struct ts_audit_report *r)
{
	const struct ts_findings *f = &r->findings;
	char hex[2 * TS_HASH_BYTES + 1];
	json_t *failed = json_array(), *exceptions = json_array(), *documents = json_array();
	for (int c = 0; c < TS_CHECK_N; c++)
		if (f->by_check[c].failures > 0)
			(void)json_array_append_new(
				failed, finding_json((enum ts_check)c, &f->by_check[c]));
	for (int64_t i = 0; i < f->exceptions_n && i < TS_EXCEPTIONS_MAX; i++)
		(void)json_array_append_new(exceptions,
			json_pack("{s:I,s:s}", "leaf", (json_int_t)f->exceptions[i].leaf, "text",
				f->exceptions[i].text));
	for (size_t i = 0; i < r->documents_n; i++) {
		const struct ts_audit_document *d = &r->documents[i];
		ts_text_hex(d->sha256.b, TS_HASH_BYTES, hex);
		(void)json_array_append_new(documents,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:b}", "number", d->number, "kind",
				d->kind, "total", d->total, "currency", d->currency, "sha256", hex,
				"issue_leaf", (json_int_t)d->issue_leaf, "cosigned", d->cosigned));
	}
	return json_pack("{s:b,s:s,s:o,s:o,s:o,s:o,s:i,s:o}", "verified", f->failed == 0,
		"contract", r->manifest.contract, "totals", totals_json(&r->totals), "documents",
		documents, "failed", failed, "exceptions", exceptions, "checks", TS_CHECK_N,
		"quorum_s",
		r->has_quorum && r->quorum_s > 0 ? json_integer(r->quorum_s) : json_null());
}
