/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/recon.h"
#include "service/command/command.h"
#include "service/command/recon_file.h"
#include "service/command/terms_file.h"
#include "service/instant.h"
#include "service/textfile.h"
#include "terms/calendar.h"
#include <stdio.h>
#include <string.h>

#define REGION_BYTES ((size_t)4 << 30)
#define TEXT_BYTES_MAX ((size_t)256 << 20)
#define ROWS_MAX 4000000 /* about 1.2 GB of records that differ */

static int run(int argc, char **argv);

const struct ts_command ts_cmd_recon = {
	.name = "recon",
	.summary = "compare both companies' records of a period, to the unit and the cent",
	.usage =
		"tallystick recon files --provider FILE... --consumer FILE...\n"
		"                 --terms TERMS.json... [--consumer-terms TERMS.json...]\n"
		"                 [--period P | --from T --to T]\n"
		"                 [--items N] [--json] [--out FILE] [--before REPORT.json]\n"
		"\n"
		"FILE has record lines (docs/formats/record.md), as `tallystick simulate` writes:\n"
		"u1 counts, r1 takes back the u1 with that number (from 0) in its stream or file,\n"
		"lines behind a g1 claim that stream. A later version of the terms is given as\n"
		"TERMS.json@INSTANT; --consumer-terms where the consumer's are others. Tolerances\n"
		"are those of the provider's terms, `reconciliation`; without it there are none.\n"
		"The period is the billing period of --period, or the whole term; what lies\n"
		"outside of it is found, so give files of the period.\n"
		"\n"
		"Exit code 0: all agrees or is within tolerance; 1: something differs, or it\n"
		"failed. The report closes, or there is none (docs/formats/reconciliation.md).\n"
		"\n"
		"  tallystick recon files --provider ours.tsv --consumer theirs.tsv \\\n"
		"      --terms terms.json --period 2026-06\n",
	.run = run,
};

struct recon_args {
	struct ts_opt_list provider, consumer, terms, consumer_terms;
	const char *period, *from, *to, *out, *before;
	int64_t items;
	bool json;
};
struct recon_versions {
	struct ts_recon_version list[TS_OPT_LIST_MAX];
	const char *sha256[TS_OPT_LIST_MAX];
	size_t n;
};
struct recon_work {
	const struct recon_args *args;
	struct ts_region *region;
	struct ts_recon_files *files[2];
	struct recon_versions versions[2];
	json_t *before;
};

static enum ts_err read_version(struct recon_work *w, const char *text, const char *option,
	bool first, struct recon_versions *out, struct ts_why *why)
{
	const char *at = strrchr(text, '@');
	struct ts_recon_version *v = &out->list[out->n];
	struct ts_buf bytes;
	struct ts_hash hash;
	char hex[65];
	v->from_us = INT64_MIN;
	if (first != (at == NULL))
		return ts_why(why, TS_E_MALFORMED, option,
			first ? "\"%s\": the first version has no instant"
			      : "\"%s\": a later version is FILE@INSTANT",
			text);
	if (at != NULL && ts_time_parse(ts_str(at + 1), &v->from_us) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, option,
			"\"%s\" is no RFC 3339 instant in UTC (2026-05-16T00:00:00Z)", at + 1);
	if (at != NULL && v->from_us % TS_US_PER_QUARTER != 0)
		return ts_why(why, TS_E_INVALID, option, "%s is no quarter-hour", at + 1);
	if (!first && v->from_us <= out->list[out->n - 1].from_us)
		return ts_why(why, TS_E_INVALID, option, "%s is not behind the version before it",
			at == NULL ? text : at + 1);
	const char *path = ts_region_copy(
		w->region, text, at == NULL ? strlen(text) : (size_t)(at - text));
	if (path == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_terms_file_read(path, true, w->region, &v->terms, why));
	ts_buf_init(&bytes, TS_TERMS_BYTES_MAX);
	enum ts_err err = ts_textfile_read(path, &bytes, why);
	if (err == TS_OK)
		ts_sha256(bytes.data, bytes.len, &hash);
	ts_buf_free(&bytes);
	TS_TRY(err);
	ts_text_hex(hash.b, sizeof hash.b, hex);
	out->sha256[out->n] = ts_region_copy(w->region, hex, 64);
	out->n++;
	return out->sha256[out->n - 1] != NULL ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err read_versions(struct recon_work *w, const struct ts_opt_list *list,
	const char *option, struct recon_versions *out, struct ts_why *why)
{
	for (size_t i = 0; i < list->n; i++)
		TS_TRY(read_version(w, list->items[i], option, i == 0, out, why));
	return TS_OK;
}

static enum ts_err find_named(const struct ts_terms *terms, const char *name, int64_t *from_ms,
	int64_t *to_ms, struct ts_why *why)
{
	struct ts_period p;
	char text[TS_TIME_CHARS];
	for (int32_t i = 0; i < 1200 && ts_period_get(terms, i, &p) == TS_OK; i++)
		if (strcmp(ts_period_name(&p, text), name) == 0) {
			*from_ms = p.from_us / TS_US_PER_MS;
			*to_ms = p.to_us / TS_US_PER_MS;
			return TS_OK;
		}
	return ts_why(why, TS_E_NOT_FOUND, "--period",
		"\"%.40s\" is no billing period of the terms (the first is %s)", name,
		ts_period_get(terms, 0, &p) == TS_OK ? ts_period_name(&p, text) : "-");
}

static enum ts_err find_period(
	const struct recon_work *w, int64_t *from_ms, int64_t *to_ms, struct ts_why *why)
{
	const struct recon_args *a = w->args;
	const struct ts_terms *t = w->versions[0].list[0].terms;
	if (a->period != NULL && (a->from != NULL || a->to != NULL))
		return ts_why(why, TS_E_MALFORMED, "--period", "goes with neither --from nor --to");
	if (a->period != NULL)
		return find_named(t, a->period, from_ms, to_ms, why);
	*from_ms = t->from_us / TS_US_PER_MS;
	*to_ms = (t->to_us < TS_TIME_MAX ? t->to_us : TS_TIME_MAX - TS_US_PER_S) / TS_US_PER_MS;
	if (a->from != NULL)
		TS_TRY(ts_instant_parse(a->from, "--from", from_ms, why));
	if (a->to != NULL)
		TS_TRY(ts_instant_parse(a->to, "--to", to_ms, why));
	if (*from_ms >= *to_ms)
		return ts_why(why, TS_E_MALFORMED, a->to != NULL ? "--to" : "--from",
			"the period would be empty");
	return TS_OK;
}

static enum ts_err lines(void *ctx, enum ts_recon_side side, int64_t from_ms, int64_t to_ms,
	const struct ts_recon_sink *sink, struct ts_why *why)
{
	const struct recon_work *w = ctx;
	return ts_recon_files_lines(w->files[side], from_ms, to_ms, sink, why);
}

static enum ts_err read_before(struct recon_work *w, struct ts_why *why)
{
	struct ts_buf bytes;
	if (w->args->before == NULL)
		return TS_OK;
	ts_buf_init(&bytes, TS_JSON_BYTES_MAX);
	enum ts_err err = ts_textfile_read(w->args->before, &bytes, why);
	if (err == TS_OK)
		err = ts_json_parse(ts_buf_str(&bytes), bytes.len, &w->before, why);
	ts_buf_free(&bytes);
	return err;
}

static enum ts_err print(
	const struct recon_work *w, const struct ts_recon_paper *paper, struct ts_why *why)
{
	struct ts_buf out;
	const char *json = NULL;
	size_t len = 0;
	ts_buf_init(&out, TEXT_BYTES_MAX);
	enum ts_err err = TS_OK;
	if (w->args->json) {
		err = ts_recon_json(paper, w->region, &json, &len, why);
		if (err == TS_OK) {
			ts_buf_put(&out, json, len);
			ts_buf_putc(&out, '\n');
			err = out.err;
		}
	} else {
		err = ts_recon_text(paper, (size_t)w->args->items, &out, why);
	}
	if (err == TS_OK && w->args->out != NULL)
		err = ts_textfile_write(w->args->out, out.data, out.len, why);
	else if (err == TS_OK && fwrite(out.data, 1, out.len, stdout) != out.len)
		err = ts_why(why, TS_E_IO, "standard output", "cannot write");
	ts_buf_free(&out);
	return err;
}

static enum ts_err recon(struct recon_work *w, bool *agrees, struct ts_why *why)
{
	const struct recon_args *a = w->args;
	struct ts_recon_options o = {.rows_max = ROWS_MAX, .ctx = w, .lines = lines};
	const struct ts_opt_list *lists[2] = {&a->provider, &a->consumer};
	const struct ts_opt_list *terms = a->consumer_terms.n > 0 ? &a->consumer_terms : &a->terms;
	TS_TRY(read_versions(w, &a->terms, "--terms", &w->versions[0], why));
	TS_TRY(read_versions(w, terms, "--consumer-terms", &w->versions[1], why));
	TS_TRY(read_before(w, why));
	TS_TRY(find_period(w, &o.from_ms, &o.to_ms, why));
	o.dealing = &w->versions[0].list[w->versions[0].n - 1].terms->dealing;
	struct ts_recon_paper paper = {
		.contract = w->versions[0].list[0].terms->contract, .before = w->before};
	for (int side = 0; side < 2; side++) {
		TS_TRY(ts_recon_files_open((enum ts_recon_side)side, lists[side]->items,
			lists[side]->n, w->region, &w->files[side], why));
		TS_TRY(ts_recon_files_sheets(w->files[side], w->region, &o.side[side]));
		o.side[side].versions = w->versions[side].list;
		o.side[side].versions_n = w->versions[side].n;
		paper.inputs[side] = ts_recon_files_inputs(w->files[side], &paper.inputs_n[side]);
		paper.versions[side] = w->versions[side].list;
		paper.versions_sha256[side] = w->versions[side].sha256;
		paper.versions_n[side] = w->versions[side].n;
	}
	TS_TRY(ts_recon_run(&o, w->region, &paper.report, why));
	*agrees = paper.report->items_n == (size_t)paper.report->within_sum.items;
	return print(w, &paper, why);
}

static int run(int argc, char **argv)
{
	struct recon_args a = {.items = 50};
	const struct ts_opt opts[] = {
		{"provider", TS_OPT_LIST, true, &a.provider, "FILE", "the provider's record lines"},
		{"consumer", TS_OPT_LIST, true, &a.consumer, "FILE", "the consumer's record lines"},
		{"terms", TS_OPT_LIST, true, &a.terms, "FILE[@INSTANT]",
			"the terms, and later versions"},
		{"consumer-terms", TS_OPT_LIST, false, &a.consumer_terms, "FILE[@INSTANT]",
			"as the consumer has them (default: the same)"},
		{"period", TS_OPT_TEXT, false, &a.period, "PERIOD", "billing period (2026-05)"},
		{"from", TS_OPT_TEXT, false, &a.from, "INSTANT", "begin of the period"},
		{"to", TS_OPT_TEXT, false, &a.to, "INSTANT", "its end, exclusive"},
		{"items", TS_OPT_INT, false, &a.items, "N", "items in the text (default 50)"},
		{"before", TS_OPT_TEXT, false, &a.before, "FILE",
			"JSON report of the period before: its drift goes on"},
		{"out", TS_OPT_TEXT, false, &a.out, "FILE", "write there, not to standard output"},
		{"json", TS_OPT_FLAG, false, &a.json, NULL, "print canonical JSON, with all items"},
	};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_recon, opts, sizeof opts / sizeof opts[0], argc, argv, 1, 1,
		    &args, &code))
		return code;
	struct ts_why why = {0};
	if (strcmp(args.items[0], "files") != 0) {
		(void)ts_why(&why, TS_E_INVALID, "recon", "\"%s\" is no verb of it: files",
			args.items[0]);
		(void)ts_command_fail(&ts_cmd_recon, TS_E_INVALID, &why);
		return TS_EXIT_USAGE;
	}
	struct recon_work w = {.args = &a, .region = ts_region_create(REGION_BYTES)};
	bool agrees = false;
	enum ts_err err = w.region != NULL ? recon(&w, &agrees, &why) : TS_E_NO_MEMORY;
	ts_recon_files_close(w.files[0]);
	ts_recon_files_close(w.files[1]);
	json_decref(w.before);
	ts_region_free(w.region);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_recon, err, &why);
	return agrees ? TS_EXIT_OK : TS_EXIT_FAILED;
}
