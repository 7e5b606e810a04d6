/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "importers/simulate.h"
#include "service/command/command.h"
#include "service/instant.h"
#include "service/progress.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_simulate = {
	.name = "simulate",
	.summary = "write the usage of a made-up GPU cluster, the same for the same seed",
	.usage =
		"tallystick simulate --from DATE --to DATE [--gpus N] [--seed N] [--out FILE]\n"
		"                    [...]\n"
		"\n"
		"Record lines (u1), cut at UTC hours, one per job and group of 16 nodes. Figures:\n"
		"  sizes, run times, outcomes, load per job: Kalos cluster, InternLM/AcmeTrace\n"
		"    (19,907 GPU jobs; mean 26.77 GPUs, 1,260 s, 267,905 GPU-s per job)\n"
		"  hardware interruptions: 419 in 54 days on 16,384 H100 (Llama 3,\n"
		"    arXiv 2407.21783)\n"
		"  maintenance (16 nodes, 4 h, every 30 days) and repair (1-4 h): ours\n"
		"A busy cluster of N GPUs gets N x 86,400 / 267,905 jobs a day; --jobs-scale is\n"
		"the part of that which is offered.\n"
		"\n"
		"  tallystick simulate --gpus 2048 --from 2026-06-01 --to 2026-07-01 \\\n"
		"      --out usage.tsv\n",
	.run = run,
};

struct output {
	FILE *file;
	struct ts_buf line;
	struct ts_progress progress;
};

static enum ts_err write_usage(void *ctx, const struct ts_usage *use, struct ts_why *why)
{
	struct output *output = ctx;
	const struct ts_record record = {.tag = TS_RECORD_USAGE, .usage = *use};
	const char *reason = "";
	ts_buf_reset(&output->line);
	if (ts_record_format(&record, &output->line, &reason) != TS_OK)
		return ts_why(why, TS_E_INVALID, "record", "%s", reason);
	ts_buf_putc(&output->line, '\n');
	if (fwrite(output->line.data, 1, output->line.len, output->file) != output->line.len)
		return ts_why(why, TS_E_IO, "--out", "%s", strerror(errno));
	return TS_OK;
}

static void on_hour(void *ctx, int64_t done, int64_t hours)
{
	struct output *output = ctx;
	ts_progress_show(&output->progress, done, hours);
}

static enum ts_err parse_scale(const char *text, int64_t *milli, struct ts_why *why)
{
	struct ts_decimal scale;
	if (ts_decimal_parse(ts_str(text), &scale) != TS_OK || scale.pico < TS_PICO / 1000 ||
		scale.pico > 5 * TS_PICO || scale.pico % (TS_PICO / 1000) != 0)
		return ts_why(why, TS_E_RANGE, "--jobs-scale",
			"\"%s\" is not in 0.001..5 with at most three digits", text);
	*milli = (int64_t)(scale.pico / (TS_PICO / 1000));
	return TS_OK;
}

static enum ts_err simulate_to(const char *path, const struct ts_simulate_options *options,
	struct ts_simulate_report *report, struct ts_why *why)
{
	struct output output = {.file = path ? fopen(path, "wb") : stdout};
	const struct ts_simulate_sink sink = {
		.ctx = &output, .usage = write_usage, .progress = on_hour};
	if (!output.file)
		return ts_why(why, TS_E_IO, path, "%s", strerror(errno));
	ts_buf_init(&output.line, TS_RECORD_BYTES_MAX + 1);
	ts_progress_begin(&output.progress, "hours simulated");
	enum ts_err err = ts_simulate(options, &sink, report, why);
	ts_progress_end(&output.progress);
	ts_buf_free(&output.line);
	if (fflush(output.file) != 0 && err == TS_OK)
		err = ts_why(why, TS_E_IO, "--out", "%s", strerror(errno));
	if (path && fclose(output.file) != 0 && err == TS_OK)
		err = ts_why(why, TS_E_IO, path, "%s", strerror(errno));
	return err;
}

static const char *gpu_hours(ts_i128 quantity, char out[TS_DECIMAL_CHARS])
{
	return ts_ratio_format(quantity, TS_US_PER_HOUR, 3, out);
}

/* The report goes to stderr when the lines go to stdout. */
static void print_report(const struct ts_simulate_report *r, bool as_json, FILE *out)
{
	char used[TS_DECIMAL_CHARS];
	char excluded[TS_DECIMAL_CHARS];
	gpu_hours(r->used, used);
	gpu_hours(r->excluded, excluded);
	if (!as_json) {
		fprintf(out,
			"%lld records: %s GPU-hours of %lld jobs, %s GPU-hours of %lld "
			"maintenances "
			"and of repairs\n%lld completed, %lld failed, %lld cancelled; %lld "
			"interruptions by hardware; %lld turned away\n",
			(long long)r->records, used, (long long)r->jobs, excluded,
			(long long)r->maintenance, (long long)r->ended[0], (long long)r->ended[1],
			(long long)r->ended[2], (long long)r->interrupted,
			(long long)r->turned_away);
		return;
	}
	json_t *json = json_pack("{s:I,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "records",
		(json_int_t)r->records, "gpu_hours", used, "excluded_gpu_hours", excluded, "jobs",
		(json_int_t)r->jobs, "completed", (json_int_t)r->ended[0], "failed",
		(json_int_t)r->ended[1], "cancelled", (json_int_t)r->ended[2], "interrupted",
		(json_int_t)r->interrupted, "turned_away", (json_int_t)r->turned_away,
		"maintenance", (json_int_t)r->maintenance);
	json_dumpf(json, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	fputs("\n", out);
	json_decref(json);
}

static int run(int argc, char **argv)
{
	const char *from = NULL;
	const char *to = NULL;
	const char *sku = "gpu";
	const char *class = "on_demand";
	const char *account = "";
	const char *scale = "0.8";
	const char *out = NULL;
	int64_t gpus = 2048;
	int64_t seed = 1;
	bool as_json = false;
	const struct ts_opt opts[] = {
		{"from", TS_OPT_TEXT, true, &from, "DATE", "first hour, as a date or instant"},
		{"to", TS_OPT_TEXT, true, &to, "DATE", "end, exclusive"},
		{"gpus", TS_OPT_INT, false, &gpus, "N", "a multiple of 8 (default 2048)"},
		{"seed", TS_OPT_INT, false, &seed, "N", "default 1"},
		{"jobs-scale", TS_OPT_TEXT, false, &scale, "X", "offered load (default 0.8)"},
		{"sku", TS_OPT_TEXT, false, &sku, "SKU", "default gpu"},
		{"class", TS_OPT_TEXT, false, &class, "CLASS", "of jobs (default on_demand)"},
		{"account", TS_OPT_TEXT, false, &account, "NAME", "default: by the job's size"},
		{"out", TS_OPT_TEXT, false, &out, "FILE", "default: standard output"},
		{"json", TS_OPT_FLAG, false, &as_json, NULL, "print the report as JSON"},
	};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_simulate, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 0, 0,
		    &args, &code))
		return code;
	struct ts_why why = {0};
	struct ts_simulate_options options = {.gpus = gpus,
		.seed = (uint64_t)seed,
		.sku = ts_str(sku),
		.class = ts_str(class),
		.account = ts_str(account)};
	struct ts_simulate_report report = {0};
	enum ts_err err = ts_instant_parse(from, "--from", &options.from_ms, &why);
	if (err == TS_OK)
		err = ts_instant_parse(to, "--to", &options.to_ms, &why);
	if (err == TS_OK)
		err = parse_scale(scale, &options.jobs_milli, &why);
	if (err == TS_OK)
		err = simulate_to(out, &options, &report, &why);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_simulate, err, &why);
	print_report(&report, as_json, out ? stdout : stderr);
	return TS_EXIT_OK;
}
