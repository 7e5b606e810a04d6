/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "importers/collect.h"
#include "service/clock.h"
#include "service/command/catalog_files.h"
#include "service/command/command.h"
#include "service/command/import_report.h"
#include "service/command/source_lists.h"
#include "service/instant.h"
#include "service/progress.h"
#include "service/settle/push.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_HOURS_MAX (TS_RECORD_SPAN_MS_MAX / 3600000)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_import = {
	.name = "import",
	.summary = "read usage from a file; a verdict for every row, records for a stream",
	.usage = "tallystick import SOURCE FILE ... --stream DIR [--url URL ...]\n"
		 "tallystick import SOURCE FILE ... [--dry-run]\n"
		 "tallystick import --sources\n"
		 "\n"
		 "Each row is accepted, not billable, a duplicate, superseded, pending or\n"
		 "quarantined, with a reason; the counts add up to the rows. Accepted rows\n"
		 "become lines of the stream in DIR, windows are closed, and all is sent. A\n"
		 "second run over the same file finds duplicates only. Without --stream nothing\n"
		 "is written. FILE - is standard input; gzip is seen. Several files are one\n"
		 "delivery: all of it counts or nothing.\n"
		 "\n"
		 "  TZ=UTC sacct --parsable2 ... | tallystick import slurm - --stream var/agent\n",
	.run = run,
};

struct import_args {
	const char *stream, *url, *token, *verdicts, *epoch, *through, *passphrase_file;
	bool dry_run, no_send, allow_future, as_json, list_sources;
	int64_t slice_hours;
	struct ts_opt_list catalogs;
	struct ts_source_lists lists;
	struct ts_import_options options;
};

/* What a run has open; each may be NULL. */
struct session {
	FILE *verdicts;
	bool many; /* files: rows are named by file and line */
	struct ts_catalog *catalog;
	struct ts_seen *seen;
	struct ts_spool *spool;
	struct ts_collect collect;
	struct ts_progress progress;
	struct ts_import_sink inner;
};

static enum ts_err read_options(struct import_args *a, struct ts_why *why)
{
	if (a->slice_hours > SLICE_HOURS_MAX)
		return ts_why(why, TS_E_RANGE, "--slice-hours", "%lld is over %lld",
			(long long)a->slice_hours, (long long)SLICE_HOURS_MAX);
	a->options.slice_ms = a->slice_hours * 3600000;
	a->options.now_ms = a->allow_future ? 0 : ts_clock_now_us() / TS_US_PER_MS;
	return ts_instant_parse(a->epoch, "--epoch", &a->options.source.epoch_ms, why);
}

static enum ts_err sink_row(
	void *ctx, const char *file, int64_t number, const struct ts_row *row, struct ts_why *why)
{
	struct session *s = ctx;
	if (s->verdicts &&
		fprintf(s->verdicts, "%s%s%lld\t%s\t%s\t%s\n", s->many ? file : "",
			s->many ? ":" : "", (long long)number, ts_row_verdict_name(row->verdict),
			row->reason[0] ? row->reason : "-", row->detail[0] ? row->detail : "-") < 0)
		return ts_why(why, TS_E_IO, "--verdicts", "%s", strerror(errno));
	return TS_OK;
}

static void sink_progress(void *ctx, int64_t rows, int64_t bytes)
{
	struct session *s = ctx;
	(void)bytes;
	ts_progress_show(&s->progress, rows, 0);
}

static enum ts_err sink_check(void *ctx, const struct ts_usage *use, const char **reason)
{
	struct session *s = ctx;
	return s->inner.check(s->inner.ctx, use, reason);
}

static enum ts_err sink_usage(
	void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	struct session *s = ctx;
	return s->inner.usage(s->inner.ctx, use, index, why);
}

static enum ts_err sink_reverse(void *ctx, int64_t index, struct ts_why *why)
{
	struct session *s = ctx;
	return s->inner.reverse(s->inner.ctx, index, why);
}

static enum ts_err sink_remember(void *ctx, const struct ts_seen_entry *entry, struct ts_why *why)
{
	struct session *s = ctx;
	return s->inner.remember(s->inner.ctx, entry, why);
}

/* A dry run asks the stream, and writes nothing into it. */
static struct ts_import_sink make_sink(struct session *s, bool dry_run)
{
	struct ts_import_sink sink = {.ctx = s, .row = sink_row, .progress = sink_progress};
	if (!s->spool)
		return sink;
	s->inner = ts_collect_sink(&s->collect);
	sink.check = sink_check;
	if (dry_run)
		return sink;
	sink.usage = sink_usage;
	sink.reverse = sink_reverse;
	sink.remember = sink_remember;
	return sink;
}

static enum ts_err open_session(struct import_args *a, struct session *s, struct ts_why *why)
{
	if (a->verdicts) {
		s->verdicts = fopen(a->verdicts, "wb");
		if (!s->verdicts)
			return ts_why(why, TS_E_IO, a->verdicts, "%s", strerror(errno));
	}
	TS_TRY(ts_catalog_files(&a->catalogs, &s->catalog, why));
	a->options.source.catalog = s->catalog;
	TS_TRY(ts_seen_create(&s->seen));
	if (!a->stream)
		return TS_OK;
	TS_TRY(ts_spool_open(a->stream, a->passphrase_file, &s->spool, why));
	if (!a->dry_run && !a->no_send) /* asked for before the work, not behind it */
		TS_TRY(ts_spool_unlock(s->spool, why));
	TS_TRY(ts_spool_seen(s->spool, s->seen, why));
	return ts_collect_begin(&s->collect, s->spool);
}

static enum ts_err close_session(struct session *s, const struct import_args *a, struct ts_why *why)
{
	enum ts_err err = TS_OK;
	if (s->verdicts && fclose(s->verdicts) != 0)
		err = ts_why(why, TS_E_IO, a->verdicts, "%s", strerror(errno));
	ts_collect_end(&s->collect);
	ts_spool_close(s->spool);
	ts_seen_free(s->seen);
	ts_catalog_free(s->catalog);
	return err;
}

/* Errors name the file. */
static enum ts_err read_file(struct ts_import *import, const char *path, struct ts_why *why)
{
	FILE *input = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (!input)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path, "%s",
			strerror(errno));
	struct ts_why inner = {0};
	enum ts_err err = ts_import_read(import, input, path, &inner);
	if (input != stdin)
		fclose(input);
	if (err == TS_OK)
		return TS_OK;
	char where[sizeof(inner.where)];
	snprintf(where, sizeof(where), "%.100s: %.80s", path, inner.where);
	return ts_why(why, err, where, "%s", inner.text[0] ? inner.text : ts_err_text(err));
}

/* All files are one delivery: nothing is kept unless every one of them was read to its end. */
static enum ts_err read_files(const struct import_args *a, const struct ts_source *source,
	const struct ts_opt_list *args, struct session *s, struct ts_import_report *report,
	struct ts_why *why)
{
	const struct ts_import_sink sink = make_sink(s, a->dry_run);
	struct ts_import *import = NULL;
	s->many = args->n > 2;
	TS_TRY(ts_import_begin(source, &a->options, s->seen, &sink, report, &import, why));
	ts_progress_begin(&s->progress, "rows read");
	enum ts_err err = TS_OK;
	for (size_t i = 1; i < args->n && err == TS_OK; i++)
		err = read_file(import, args->items[i], why);
	if (err == TS_OK)
		err = ts_import_end(import, why);
	ts_progress_end(&s->progress);
	ts_import_free(import);
	return err;
}

static void print_result(const struct import_args *a, const char *path,
	const struct ts_source *source, const struct ts_import_report *report,
	const struct session *s, const struct ts_agent_report *sent)
{
	bool streamed = s->spool && !a->dry_run;
	if (a->as_json) {
		json_t *json = ts_import_report_json(path, source, report);
		json_object_set_new(
			json, "stream", streamed ? ts_push_json(s->spool, sent) : json_null());
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
		json_decref(json);
		return;
	}
	ts_import_report_print(path, source, report);
	if (streamed)
		ts_push_print(s->spool, sent);
	else
		printf("nothing was written: %s\n", a->stream ? "--dry-run" : "no --stream");
}

static enum ts_err import(struct import_args *a, const struct ts_source *source,
	const struct ts_opt_list *args, struct session *s, struct ts_why *why)
{
	struct ts_import_report report;
	struct ts_agent_report sent = {0};
	int64_t through_ms = 0;
	enum ts_err err = TS_OK;
	TS_TRY(read_options(a, why));
	if (a->through)
		TS_TRY(ts_instant_parse(a->through, "--close-through", &through_ms, why));
	TS_TRY(open_session(a, s, why));
	TS_TRY(read_files(a, source, args, s, &report, why));
	if (s->spool && !a->dry_run) {
		TS_TRY(ts_collect_close(&s->collect, through_ms, why));
		sent.size = s->spool->sent_n;
		if (!a->no_send)
			err = ts_push(s->spool, a->url, a->token, TS_AGENT_BATCH_LINES, &sent, why);
	}
	print_result(a, s->many ? "all files" : args->items[1], source, &report, s, &sent);
	if (err != TS_OK)
		fprintf(stderr, "the records are kept; send them with: tallystick append %s\n",
			a->stream);
	return err;
}

static int print_sources(void)
{
	for (size_t i = 0; ts_sources[i]->name; i++) {
		const struct ts_source *source = ts_sources[i];
		printf("%-14s %s\n", source->name, source->summary);
		for (size_t j = 0; j < source->settings_n; j++)
			printf("  --set %s=...  %s\n", source->settings[j].name,
				source->settings[j].value);
	}
	return TS_EXIT_OK;
}

static int usage_error(const char *where, const char *text)
{
	struct ts_why why = {0};
	ts_command_fail(&ts_cmd_import, ts_why(&why, TS_E_MALFORMED, where, "%s", text), &why);
	return TS_EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	struct import_args a = {
		.epoch = "2023-07-01", .options.source = {.sku = "gpu", .class = "on_demand"}};
	struct ts_source_options *source_options = &a.options.source;
	const struct ts_opt opts[] = {
		{"stream", TS_OPT_TEXT, false, &a.stream, "DIR", "the stream's folder"},
		{"url", TS_OPT_TEXT, false, &a.url, "URL", "service (TALLYSTICK_URL)"},
		{"token", TS_OPT_TEXT, false, &a.token, "TOKEN", "bearer token (TALLYSTICK_TOKEN)"},
		{"passphrase-file", TS_OPT_TEXT, false, &a.passphrase_file, "FILE",
			"of a sealed agent key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"no-send", TS_OPT_FLAG, false, &a.no_send, NULL, "keep the lines; append sends"},
		{"dry-run", TS_OPT_FLAG, false, &a.dry_run, NULL, "judge the rows, write nothing"},
		{"verdicts", TS_OPT_TEXT, false, &a.verdicts, "FILE",
			"one line per row: number, verdict, reason, detail"},
		{"sku", TS_OPT_TEXT, false, &source_options->sku, "SKU",
			"of devices without a type (default gpu)"},
		{"class", TS_OPT_TEXT, false, &source_options->class, "CLASS",
			"pricing class (default on_demand)"},
		{"account", TS_OPT_TEXT, false, &source_options->account, "NAME",
			"where the source has none"},
		{"cluster", TS_OPT_TEXT, false, &source_options->cluster, "NAME",
			"quarantine rows of another cluster"},
		{"columns", TS_OPT_TEXT, false, &source_options->columns, "LIST",
			"slurm: names of the columns, where no heading has them"},
		{"gpu-partition", TS_OPT_LIST, false, &a.lists.partitions, "NAME[=SKU]",
			"slurm: jobs here must have GPUs; SKU of untyped ones"},
		{"slice", TS_OPT_LIST, false, &a.lists.profiles, "TYPE=MILLI",
			"slurm: a MIG slice counts as this many thousandths"},
		{"set", TS_OPT_LIST, false, &a.lists.settings, "NAME=VALUE",
			"a setting of the source"},
		{"catalog", TS_OPT_LIST, false, &a.catalogs, "FILE",
			"codes laid over the compiled catalog (may be repeated)"},
		{"epoch", TS_OPT_TEXT, false, &a.epoch, "INSTANT",
			"alibaba-gpu: second 0 (default 2023-07-01)"},
		{"slice-hours", TS_OPT_INT, false, &a.slice_hours, "N",
			"cut at multiples of N hours"},
		{"supersede", TS_OPT_FLAG, false, &a.options.supersede, NULL,
			"a changed row reverses its earlier records"},
		{"allow-future", TS_OPT_FLAG, false, &a.allow_future, NULL,
			"take rows that end after now (simulated usage)"},
		{"close-through", TS_OPT_TEXT, false, &a.through, "INSTANT",
			"close windows up to here (default: to the last record)"},
		{"sources", TS_OPT_FLAG, false, &a.list_sources, NULL,
			"list the sources with their settings"},
		{"json", TS_OPT_FLAG, false, &a.as_json, NULL, "print the report as JSON"},
	};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_import, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 0,
		    TS_OPT_LIST_MAX, &args, &code))
		return code;
	if (a.list_sources)
		return print_sources();
	if (args.n < 2)
		return usage_error("import", "needs SOURCE and FILE; see --help");
	const struct ts_source *source = ts_source_find(args.items[0]);
	if (!source)
		return usage_error(args.items[0], "is no source; tallystick import --sources");
	struct ts_why why = {0};
	struct session session = {0};
	enum ts_err err = ts_source_lists_read(&a.lists, source, &a.options.source, &why);
	if (err == TS_OK)
		err = import(&a, source, &args, &session, &why);
	struct ts_why closing = {0};
	enum ts_err closed = close_session(&session, &a, &closing);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_import, err, &why);
	return closed == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_import, closed, &closing);
}
