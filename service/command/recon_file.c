/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/recon_file.h"
#include "terms/match.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX (64 * 1024) /* a void leaf may be as long */
#define REVERSALS_MAX 10000000

struct run { /* lines beside each other that start in one hour */
	int64_t hour;
	int64_t offset, bytes;
	int64_t number; /* of the first line */
	uint32_t file, sheet;
};
struct stream {
	struct ts_str origin;
	uint32_t file;
	int64_t offset; /* of its g1 */
};
struct sheet {
	struct ts_str cluster;
	bool failed;
	struct ts_cells cells;
};
struct ts_recon_files {
	enum ts_recon_side side;
	struct ts_region *region;
	struct ts_hasher records; /* of the cells */
	FILE *file[TS_RECON_FILES_MAX];
	const char *path[TS_RECON_FILES_MAX];
	struct ts_recon_input input[TS_RECON_FILES_MAX];
	size_t n;
	struct run *runs;
	size_t runs_n, runs_cap;
	struct stream streams[TS_RECON_STREAMS_MAX];
	size_t streams_n;
	struct sheet *sheets[2 * TS_RECON_STREAMS_MAX + TS_RECON_FILES_MAX];
	size_t sheets_n;
	int64_t span_ms_max;
};

/* One file from its beginning. */
struct reader {
	struct ts_recon_files *files;
	size_t at; /* which */
	FILE *file;
	char *line; /* LINE_BYTES_MAX + 1 */
	size_t len;
	int64_t offset, next; /* of the line, and of the one behind it */
	int64_t number; /* from 1 */
	int64_t first; /* number of line 0 of the stream */
	FILE *twin; /* the same stream in an earlier file; NULL */
	char *twin_line;
	bool in_stream, forked;
	int64_t *reversed; /* line numbers, sorted */
	size_t reversed_n, reversed_cap, reversed_at;
	uint32_t sheet;
	struct ts_why *why;
};

static enum ts_err fail_line(const struct reader *r, enum ts_err err, const char *text)
{
	char where[192];
	snprintf(where, sizeof where, "%.160s:%lld", r->files->path[r->at], (long long)r->number);
	return ts_why(r->why, err, where, "%s", text);
}

/* Reads to LF or the end; *more is false when nothing was left. TS_E_LIMIT: too long. */
static enum ts_err get_line(FILE *file, char *line, size_t *len, int64_t *bytes, bool *more)
{
	int c = EOF;
	*len = 0;
	*bytes = 0;
	while ((c = getc_unlocked(file)) != EOF) {
		(*bytes)++;
		if (c == '\n')
			break;
		if (*len == LINE_BYTES_MAX)
			return TS_E_LIMIT;
		line[(*len)++] = (char)c;
	}
	*more = *bytes > 0;
	return ferror(file) ? TS_E_IO : TS_OK;
}

static enum ts_err next_line(struct reader *r, bool *more)
{
	int64_t bytes = 0;
	r->offset = r->next;
	r->number++;
	enum ts_err err = get_line(r->file, r->line, &r->len, &bytes, more);
	r->next = r->offset + bytes;
	if (err == TS_OK)
		return TS_OK;
	return fail_line(r, err,
		err == TS_E_LIMIT ? "a line of more than 64 KiB: not record lines"
				  : "cannot read the file (a folder?)");
}

static enum ts_err rewind_to(struct reader *r)
{
	r->number = 0;
	r->next = 0;
	r->first = 1;
	return fseeko(r->file, 0, SEEK_SET) == 0
		       ? TS_OK
		       : fail_line(r, TS_E_IO, "cannot read the file twice (a pipe?)");
}

static enum ts_err add_reversal(struct reader *r, int64_t number)
{
	if (r->reversed_n == REVERSALS_MAX)
		return fail_line(r, TS_E_LIMIT, "too many reversals in one file");
	if (r->reversed_n == r->reversed_cap) {
		size_t cap = r->reversed_cap == 0 ? 64 : 2 * r->reversed_cap;
		int64_t *more = realloc(r->reversed, cap * sizeof *more);
		if (more == NULL)
			return fail_line(r, TS_E_NO_MEMORY, "no memory for reversals");
		r->reversed = more;
		r->reversed_cap = cap;
	}
	r->reversed[r->reversed_n++] = number;
	return TS_OK;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static bool parse_line(const struct reader *r, struct ts_record *out, const char **reason)
{
	return r->len <= TS_RECORD_BYTES_MAX &&
	       ts_record_parse((struct ts_str){r->line, r->len}, out, reason) == TS_OK;
}

/* First pass: the file's hash, and what is taken back. */
static enum ts_err scan(struct reader *r)
{
	struct ts_hasher hasher = {0};
	struct ts_hash hash;
	struct ts_recon_input *in = &r->files->input[r->at];
	bool more = true;
	r->first = 1;
	TS_TRY(ts_hasher_init(&hasher));
	ts_hash_begin(&hasher);
	enum ts_err err = TS_OK;
	while (err == TS_OK) {
		struct ts_record record;
		const char *reason = "";
		err = next_line(r, &more);
		if (err != TS_OK || !more)
			break;
		ts_hash_more(&hasher, r->line, r->len);
		if (r->next - r->offset > (int64_t)r->len)
			ts_hash_more(&hasher, "\n", 1);
		in->lines++;
		if (r->len > 0 && r->line[0] == 'g')
			r->first = r->number;
		if (r->len == 0 || r->line[0] != 'r' || !parse_line(r, &record, &reason))
			continue;
		err = record.reversal.index >= r->number - r->first
			      ? fail_line(r, TS_E_INVALID, "reverses no earlier line")
			      : add_reversal(r, r->first + record.reversal.index);
	}
	in->bytes = r->next;
	ts_hash_end(&hasher, &hash);
	ts_hasher_free(&hasher);
	ts_text_hex(hash.b, sizeof hash.b, in->sha256);
	if (r->reversed_n > 1)
		qsort(r->reversed, r->reversed_n, sizeof *r->reversed, by_number);
	for (size_t i = 1; i < r->reversed_n && err == TS_OK; i++)
		if (r->reversed[i] == r->reversed[i - 1]) {
			r->number = r->reversed[i];
			err = fail_line(r, TS_E_INVALID, "is reversed twice");
		}
	return err;
}

static enum ts_err new_sheet(struct reader *r, struct ts_str cluster, bool failed)
{
	struct ts_recon_files *f = r->files;
	struct sheet *s = ts_region_alloc(f->region, sizeof *s);
	if (f->sheets_n == sizeof f->sheets / sizeof f->sheets[0])
		return fail_line(r, TS_E_LIMIT, "too many streams");
	if (s == NULL)
		return fail_line(r, TS_E_NO_MEMORY, "no memory for a stream");
	s->cluster = cluster.len > 0 ? cluster : TS_STR("-");
	s->failed = failed;
	r->sheet = (uint32_t)f->sheets_n;
	f->sheets[f->sheets_n++] = s;
	uint64_t seed = 0;
	randombytes_buf(&seed, sizeof seed);
	return ts_cells_init(&s->cells, f->region, &f->records, seed);
}

/* A g1: the lines behind it claim this stream. */
static enum ts_err enter_stream(struct reader *r, const struct ts_genesis *genesis)
{
	struct ts_recon_files *f = r->files;
	struct stream *same = NULL;
	for (size_t i = 0; i < f->streams_n && same == NULL; i++)
		if (ts_str_eq(f->streams[i].origin, genesis->origin))
			same = &f->streams[i];
	r->in_stream = true;
	r->forked = false;
	r->first = r->number;
	if (r->twin != NULL)
		(void)fclose(r->twin);
	r->twin = NULL;
	if (same != NULL) {
		r->twin = fopen(f->path[same->file], "r");
		if (r->twin == NULL || fseeko(r->twin, same->offset, SEEK_SET) != 0)
			return fail_line(r, TS_E_IO, "cannot read the stream's earlier file again");
		return new_sheet(r, ts_origin_cluster(same->origin), false);
	}
	if (f->streams_n == TS_RECON_STREAMS_MAX)
		return fail_line(r, TS_E_LIMIT, "too many streams");
	struct stream *s = &f->streams[f->streams_n++];
	s->origin = (struct ts_str){
		ts_region_copy(f->region, genesis->origin.at, genesis->origin.len),
		genesis->origin.len};
	s->file = (uint32_t)r->at;
	s->offset = r->offset;
	if (s->origin.at == NULL)
		return fail_line(r, TS_E_NO_MEMORY, "no memory for a stream");
	return new_sheet(r, ts_origin_cluster(s->origin), false);
}

/* Compares the line with the same stream's in the earlier file; *same: it was counted there. */
static enum ts_err compare_twin(struct reader *r, bool *same)
{
	size_t len = 0;
	int64_t bytes = 0;
	bool more = false;
	*same = false;
	if (r->twin == NULL || r->forked)
		return TS_OK;
	if (get_line(r->twin, r->twin_line, &len, &bytes, &more) != TS_OK)
		return fail_line(r, TS_E_IO, "cannot read the stream's earlier file again");
	bool other = more && len > 1 && r->twin_line[0] == 'g' && r->number > r->first;
	if (!more || other) { /* the earlier one ends here: this one goes on */
		(void)fclose(r->twin);
		r->twin = NULL;
		return TS_OK;
	}
	*same = len == r->len && memcmp(r->twin_line, r->line, len) == 0;
	if (*same)
		return TS_OK;
	r->forked = true;
	r->files->input[r->at].forked_line = r->number;
	return new_sheet(r, r->files->sheets[r->sheet]->cluster, true);
}

static enum ts_err add_run(struct reader *r, int64_t hour)
{
	struct ts_recon_files *f = r->files;
	struct run *last = f->runs_n > 0 ? &f->runs[f->runs_n - 1] : NULL;
	if (last != NULL && last->hour == hour && last->file == r->at && last->sheet == r->sheet &&
		last->offset + last->bytes == r->offset) {
		last->bytes = r->next - last->offset;
		return TS_OK;
	}
	if (f->runs_n == TS_RECON_RUNS_MAX)
		return fail_line(r, TS_E_LIMIT,
			"the lines change the hour too often: sort the file by start (sort -n "
			"-k2)");
	if (f->runs_n == f->runs_cap) {
		size_t cap = f->runs_cap == 0 ? 1024 : 2 * f->runs_cap;
		struct run *runs = realloc(f->runs, cap * sizeof *runs);
		if (runs == NULL)
			return fail_line(r, TS_E_NO_MEMORY, "no memory for the hours");
		f->runs = runs;
		f->runs_cap = cap;
	}
	f->runs[f->runs_n++] = (struct run){.hour = hour,
		.offset = r->offset,
		.bytes = r->next - r->offset,
		.number = r->number,
		.file = (uint32_t)r->at,
		.sheet = r->sheet};
	return TS_OK;
}

static enum ts_err add_usage(struct reader *r, const struct ts_usage *usage)
{
	struct ts_recon_files *f = r->files;
	struct ts_recon_input *in = &f->input[r->at];
	if (r->reversed_at < r->reversed_n && r->reversed[r->reversed_at] == r->number) {
		r->reversed_at++;
		in->reversed++;
		return TS_OK;
	}
	in->records++;
	in->is_signed = in->is_signed && r->in_stream;
	if (usage->end_ms - usage->start_ms > f->span_ms_max)
		f->span_ms_max = usage->end_ms - usage->start_ms;
	enum ts_err err = ts_cells_add(&f->sheets[r->sheet]->cells, usage);
	if (err != TS_OK)
		return fail_line(r, err, "no room for more sums: too many classes and accounts");
	return add_run(r, usage->start_ms / INT64_C(3600000));
}

static enum ts_err take_line(struct reader *r)
{
	struct ts_record record;
	const char *reason = "longer than 1,024 bytes";
	char text[320];
	bool same = false, good = parse_line(r, &record, &reason);
	if (good && record.tag == TS_RECORD_GENESIS)
		TS_TRY(enter_stream(r, &record.genesis));
	TS_TRY(compare_twin(r, &same));
	while (r->reversed_at < r->reversed_n && r->reversed[r->reversed_at] < r->number)
		r->reversed_at++;
	if (same) {
		r->files->input[r->at].repeated += good && record.tag == TS_RECORD_USAGE;
		return TS_OK;
	}
	if (good)
		return record.tag == TS_RECORD_USAGE ? add_usage(r, &record.usage) : TS_OK;
	if (r->in_stream) {
		r->files->input[r->at].voids++;
		return TS_OK;
	}
	snprintf(text, sizeof text, "not a record line: %.80s: \"%.*s\"", reason,
		r->len > 120 ? 120 : (int)r->len, r->line);
	return fail_line(r, TS_E_MALFORMED, text);
}

static enum ts_err read_file(struct reader *r)
{
	struct ts_recon_files *f = r->files;
	bool more = true;
	TS_TRY(scan(r));
	for (size_t i = 0; i < r->at; i++)
		if (strcmp(f->input[i].sha256, f->input[r->at].sha256) == 0) {
			f->input[r->at].ignored = true;
			return TS_OK;
		}
	TS_TRY(rewind_to(r));
	TS_TRY(new_sheet(r, TS_STR("-"), false));
	for (;;) {
		TS_TRY(next_line(r, &more));
		if (!more)
			break;
		TS_TRY(take_line(r));
	}
	f->input[r->at].is_signed = f->input[r->at].is_signed && r->in_stream;
	return TS_OK;
}

static enum ts_err open_one(struct ts_recon_files *f, const char *path, struct ts_why *why)
{
	const char *slash = strrchr(path, '/');
	struct reader r = {.files = f, .at = f->n, .why = why};
	r.file = fopen(path, "r");
	if (r.file == NULL)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open: %s", strerror(errno));
	f->file[f->n] = r.file;
	f->path[f->n] = path;
	f->input[f->n] = (struct ts_recon_input){
		.side = f->side, .name = slash != NULL ? slash + 1 : path, .is_signed = true};
	f->n++;
	r.line = malloc(LINE_BYTES_MAX + 1);
	r.twin_line = malloc(LINE_BYTES_MAX + 1);
	enum ts_err err = r.line != NULL && r.twin_line != NULL
				  ? read_file(&r)
				  : ts_why(why, TS_E_NO_MEMORY, path, "no memory");
	free(r.line);
	free(r.twin_line);
	free(r.reversed);
	if (r.twin != NULL)
		(void)fclose(r.twin);
	return err;
}

static int by_hour(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

enum ts_err ts_recon_files_open(enum ts_recon_side side, const char *const *paths, size_t n,
	struct ts_region *region, struct ts_recon_files **out, struct ts_why *why)
{
	struct ts_recon_files *f = calloc(1, sizeof *f);
	if (f == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory for the files");
	f->side = side;
	f->region = region;
	enum ts_err err = ts_hasher_init(&f->records);
	for (size_t i = 0; i < n && err == TS_OK; i++)
		err = open_one(f, paths[i], why);
	if (err != TS_OK) {
		ts_recon_files_close(f);
		return err;
	}
	if (f->runs_n > 1)
		qsort(f->runs, f->runs_n, sizeof *f->runs, by_hour);
	*out = f;
	return TS_OK;
}

void ts_recon_files_close(struct ts_recon_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->n; i++)
		if (files->file[i] != NULL)
			(void)fclose(files->file[i]);
	ts_hasher_free(&files->records);
	free(files->runs);
	free(files);
}

enum ts_err ts_recon_files_sheets(
	const struct ts_recon_files *files, struct ts_region *region, struct ts_recon_sided *out)
{
	struct ts_recon_sheet *sheets = ts_region_array(
		region, files->sheets_n + 1, sizeof *sheets);
	if (sheets == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < files->sheets_n; i++)
		sheets[i] = (struct ts_recon_sheet){files->sheets[i]->cluster,
			files->sheets[i]->failed, files->sheets[i]->cells.cells,
			files->sheets[i]->cells.n};
	out->sheets = sheets;
	out->sheets_n = files->sheets_n;
	out->span_ms_max = files->span_ms_max;
	return TS_OK;
}

const struct ts_recon_input *ts_recon_files_inputs(const struct ts_recon_files *files, size_t *n)
{
	*n = files->n;
	return files->input;
}

static enum ts_err read_run(struct ts_recon_files *f, const struct run *run, char *line,
	const struct ts_recon_sink *sink, struct ts_why *why)
{
	struct ts_record record;
	const char *reason = "";
	bool more = true;
	int64_t done = 0, bytes = 0;
	struct ts_recon_line out = {
		.sheet = run->sheet, .input = run->file + (size_t)1, .number = run->number};
	if (fseeko(f->file[run->file], run->offset, SEEK_SET) != 0)
		return ts_why(why, TS_E_IO, f->path[run->file], "%s", strerror(errno));
	while (done < run->bytes) {
		enum ts_err err = get_line(f->file[run->file], line, &out.text.len, &bytes, &more);
		out.text.at = line;
		if (err != TS_OK || !more || ts_record_parse(out.text, &record, &reason) != TS_OK ||
			record.tag != TS_RECORD_USAGE)
			return ts_why(why, TS_E_IO, f->path[run->file],
				"changed while it was being read");
		out.usage = record.usage;
		TS_TRY(sink->put(sink->ctx, &out, why));
		out.number++;
		done += bytes;
	}
	return TS_OK;
}

enum ts_err ts_recon_files_lines(struct ts_recon_files *files, int64_t from_ms, int64_t to_ms,
	const struct ts_recon_sink *sink, struct ts_why *why)
{
	int64_t from = from_ms / INT64_C(3600000), to = to_ms / INT64_C(3600000);
	size_t low = 0, high = files->runs_n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (files->runs[mid].hour < from)
			low = mid + 1;
		else
			high = mid;
	}
	char *line = malloc(LINE_BYTES_MAX + 1);
	if (line == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory for a line");
	enum ts_err err = TS_OK;
	for (; low < files->runs_n && files->runs[low].hour < to && err == TS_OK; low++)
		err = read_run(files, &files->runs[low], line, sink, why);
	free(line);
	return err;
}
