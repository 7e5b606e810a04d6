/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "service/command/command.h"
#include "service/command/rate_print.h"
#include "service/command/terms_file.h"
#include "service/command/what_if.h"
#include "service/command/what_if_amend.h"
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES ((size_t)1 << 30)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_rate = {
	.name = "rate",
	.summary = "price usage records under contract terms, without a database",
	.usage = "tallystick rate --terms TERMS.json [--usage RECORDS.tsv] [--cluster NAME]\n"
		 "                [--from INSTANT] [--to INSTANT] [--as-of DAY]\n"
		 "                [--before RECORDS.tsv] [--amend TERMS.json@INSTANT]...\n"
		 "                [--json] [--explain]\n"
		 "\n"
		 "Prints what every billing period costs: usage lines, fees, true-up, tax.\n"
		 "TERMS.json is docs/formats/terms.md; parties, keys and paper may be left out, a\n"
		 "template of `contract new` will do.\n"
		 "RECORDS.tsv has record lines (docs/formats/record.md): u1 counts, r1 takes\n"
		 "back the u1 with that line number (from 0) of the same file, g1 names the\n"
		 "stream and so the cluster of the lines behind it (--cluster: where there is\n"
		 "none), c1 carries no usage. Shown are the periods from the term's first to that\n"
		 "of the last record or of --to; --from and --to pick whole periods.\n"
		 "--before rates the same periods with other records as well and shows what a\n"
		 "later document would bill for each line. --amend rates by several versions: a\n"
		 "period that they split is shown as its document would be.\n"
		 "\n"
		 "  tallystick rate --terms terms.json --usage usage.tsv --explain\n"
		 "  tallystick rate --terms terms.json --to 2027-01-01T00:00:00Z --json\n",
	.run = run,
};

struct rate_args {
	const char *terms, *cluster, *from, *to;
	const char *as_of;
	struct ts_opt_list usage, before, amend;
	bool json, explain;
	int64_t from_us, to_us; /* -1: not given */
	int32_t as_of_day; /* INT32_MAX: not given */
};

static enum ts_err parse_instant(
	const char *text, const char *name, int64_t *out, struct ts_why *why)
{
	*out = -1;
	if (text && ts_time_parse(ts_str(text), out) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, name,
			"\"%.60s\" is no RFC 3339 instant in UTC (2026-05-01T00:00:00Z)", text);
	return TS_OK;
}

static enum ts_err parse_range(struct rate_args *args, struct ts_why *why)
{
	TS_TRY(parse_instant(args->from, "--from", &args->from_us, why));
	TS_TRY(parse_instant(args->to, "--to", &args->to_us, why));
	args->as_of_day = INT32_MAX;
	if (args->as_of != NULL && ts_date_parse(ts_str(args->as_of), &args->as_of_day) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "--as-of", "\"%.60s\" is no day (2026-05-31)",
			args->as_of);
	if (args->amend.n > 0 && (args->before.n > 0 || args->explain))
		return ts_why(why, TS_E_INVALID, "--amend",
			"goes with neither --before nor --explain: each line has its trace");
	if (args->to_us >= 0 && args->to_us <= args->from_us)
		return ts_why(why, TS_E_INVALID, "--to", "%s is not after --from %s", args->to,
			args->from);
	return TS_OK;
}

/* The periods [*first, *end) to show. */
static enum ts_err find_range(const struct ts_what_if *w, const struct rate_args *args,
	int32_t *first, int32_t *end, struct ts_why *why)
{
	const struct ts_terms *t = w->terms;
	struct ts_period p;
	*first = 0;
	*end = w->last_period + 1;
	if (args->from_us >= t->to_us)
		return ts_why(why, TS_E_RANGE, "--from", "%s is behind the term", args->from);
	if (args->to_us >= 0 && args->to_us <= t->from_us)
		return ts_why(why, TS_E_RANGE, "--to", "%s is before the term", args->to);
	if (args->from_us > t->from_us) {
		TS_TRY(ts_period_at(t, args->from_us, &p));
		*first = p.index;
	}
	if (args->to_us >= 0) {
		int64_t last_us = args->to_us < t->to_us ? args->to_us - 1 : t->to_us - 1;
		TS_TRY(ts_period_at(t, last_us, &p));
		*end = p.index + 1;
	}
	if (*end <= *first)
		*end = *first + 1;
	if (*end - *first > TS_WHAT_IF_PERIODS_MAX)
		return ts_why(
			why, TS_E_LIMIT, "--to", "more than %d periods", TS_WHAT_IF_PERIODS_MAX);
	return TS_OK;
}

static enum ts_err rate_all(struct ts_what_if *w, int32_t first, int32_t end,
	struct ts_what_if_bill **out, struct ts_why *why)
{
	struct ts_what_if_bill *bills = ts_region_array(
		w->region, (size_t)(end - first), sizeof *bills);
	if (!bills)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory");
	for (int32_t i = first; i < end; i++) {
		struct ts_period p;
		TS_TRY(ts_period_get(w->terms, i, &p));
		TS_TRY(ts_what_if_rate(w, &p, &bills[i - first], why));
	}
	*out = bills;
	return TS_OK;
}

static enum ts_err print_amended(struct ts_what_if *w, const struct rate_args *args, int32_t first,
	int32_t end, struct ts_why *why)
{
	struct ts_period last;
	struct ts_invoice **bodies = ts_region_array(
		w->region, (size_t)(end - first), sizeof *bodies);
	if (!bodies)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory");
	TS_TRY(ts_ledger_period_get(w->ledger, end - 1, &last));
	TS_TRY(ts_what_if_settle(
		w, last.end_day - 1 < args->as_of_day ? last.end_day - 1 : args->as_of_day, why));
	for (int32_t i = first; i < end; i++)
		TS_TRY(ts_what_if_body(w, i, &bodies[i - first], why));
	return ts_rate_print_bodies(w, bodies, end - first, args->json, why);
}

/* before: the same terms with the usage of --before; NULL: not asked for. */
static enum ts_err print_all(struct ts_what_if *w, struct ts_what_if *before,
	const struct rate_args *args, struct ts_why *why)
{
	struct ts_what_if_bill *bills = NULL, *was = NULL;
	int32_t first = 0, end = 0;
	if (before != NULL && before->last_period > w->last_period)
		w->last_period = before->last_period;
	TS_TRY(find_range(w, args, &first, &end, why));
	if (w->ledger != NULL)
		return print_amended(w, args, first, end, why);
	TS_TRY(rate_all(w, first, end, &bills, why));
	if (before != NULL)
		TS_TRY(rate_all(before, first, end, &was, why));
	return args->json ? ts_rate_print_json(w, bills, was, end - first, args->explain, why)
			  : ts_rate_print_text(w, bills, was, end - first, args->explain, why);
}

static enum ts_err read_all(const struct rate_args *args, const struct ts_opt_list *usage,
	struct ts_what_if *w, struct ts_why *why)
{
	w->as_of_day = args->as_of_day;
	if (args->cluster)
		w->cluster = ts_str(args->cluster);
	for (size_t i = 0; i < usage->n; i++)
		TS_TRY(ts_what_if_read(w, usage->items[i], why));
	return TS_OK;
}

static enum ts_err rate(struct rate_args *args, struct ts_region *region, struct ts_why *why)
{
	const struct ts_terms *terms = NULL;
	struct ts_what_if w, before;
	bool compare = args->before.n > 0;
	TS_TRY(parse_range(args, why));
	TS_TRY(ts_terms_file_read(args->terms, true, region, &terms, why));
	TS_TRY(ts_what_if_init(&w, terms, region, why));
	TS_TRY(ts_what_if_init(&before, terms, region, why));
	enum ts_err err = TS_OK;
	if (args->amend.n > 0)
		err = ts_what_if_amend(&w, args->amend.items, args->amend.n, args->cluster, why);
	if (err == TS_OK)
		err = read_all(args, &args->usage, &w, why);
	if (err == TS_OK && compare)
		err = read_all(args, &args->before, &before, why);
	if (err == TS_OK)
		err = print_all(&w, compare ? &before : NULL, args, why);
	ts_what_if_free(&w);
	ts_what_if_free(&before);
	return err;
}

static int run(int argc, char **argv)
{
	struct rate_args args = {0};
	const struct ts_opt opts[] = {
		{"terms", TS_OPT_TEXT, true, &args.terms, "FILE", "the contract terms"},
		{"usage", TS_OPT_LIST, false, &args.usage, "FILE", "record lines"},
		{"cluster", TS_OPT_TEXT, false, &args.cluster, "NAME",
			"where records without g1 come from"},
		{"from", TS_OPT_TEXT, false, &args.from, "INSTANT",
			"first period shown holds this"},
		{"to", TS_OPT_TEXT, false, &args.to, "INSTANT",
			"last period shown ends here or later"},
		{"as-of", TS_OPT_TEXT, false, &args.as_of, "DAY",
			"as of the end of this contract day, not of the periods"},
		{"before", TS_OPT_LIST, false, &args.before, "FILE",
			"record lines that were rated before: show the difference"},
		{"amend", TS_OPT_LIST, false, &args.amend, "FILE@INSTANT",
			"the next version of the terms, effective from then on"},
		{"json", TS_OPT_FLAG, false, &args.json, NULL, "print JSON"},
		{"explain", TS_OPT_FLAG, false, &args.explain, NULL,
			"say how each line came about"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_rate, opts, sizeof opts / sizeof opts[0], argc, argv, 0, 0, NULL,
		    &code))
		return code;
	struct ts_region *region = ts_region_create(REGION_BYTES);
	struct ts_why why = {0};
	enum ts_err err = region ? rate(&args, region, &why) : TS_E_NO_MEMORY;
	ts_region_free(region);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_rate, err, &why);
}
