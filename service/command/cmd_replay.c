/* SPDX-License-Identifier: Apache-2.0 */
#include "book/state.h"
#include "service/command/command.h"
#include "service/textfile.h"
#include "service/mirror/verify.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define REGION_BYTES_MAX ((size_t)16 << 30) /* a bound, not what it takes */

static int run(int argc, char **argv);

const struct ts_command ts_cmd_replay = {
	.name = "replay",
	.summary = "rebuild the journal from the signed inputs, on one's own machine",
	.usage =
		"tallystick replay DIR|BUNDLE --policy FILE [--out FILE] [--state PERIOD]\n"
		"\n"
		"DIR: what tallystick mirror keeps. Checks every file of it, then rebuilds every\n"
		"journal entry and document from the signed inputs and compares them, byte for\n"
		"byte; prints what verify prints, then size and root of the journal as in a\n"
		"checkpoint. --out: write the entries, each as two bytes of length and its leaf\n"
		"(docs/formats/journal.md). Exit 0: it is the journal that the other side signed.\n"
		"--state: --out gets what a period came to at its cut\n"
		"(docs/formats/state.md), for tallystick period seal --state FILE.\n"
		"\n"
		"  tallystick replay var/mirror --policy policy.txt\n",
	.run = run,
};

/* out: the journal's, as it is rebuilt. */
static enum ts_err rebuild(struct ts_verify *v, const char *out, struct ts_region *region,
	struct ts_audit_report **report, struct ts_why *why)
{
	if (out == NULL)
		return ts_verify_run(v, region, report, why);
	v->journal = fopen(out, "wbe");
	if (v->journal == NULL)
		return ts_why(why, TS_E_IO, out, "%s", strerror(errno));
	enum ts_err err = ts_verify_run(v, region, report, why);
	if (fclose(v->journal) != 0 && err == TS_OK)
		err = ts_why(why, TS_E_IO, out, "%s", strerror(errno));
	return err;
}

/* out: the state's, written only when all holds. */
static enum ts_err rebuild_state(struct ts_verify *v, const char *out, struct ts_region *region,
	struct ts_audit_report **report, struct ts_why *why)
{
	struct ts_buf text;
	if (out == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "--out", "--state needs --out");
	ts_buf_init(&text, TS_STATE_BYTES_MAX);
	v->state = &text;
	enum ts_err err = ts_verify_run(v, region, report, why);
	if (err == TS_OK && (*report)->findings.failed == 0 && text.len == 0)
		err = ts_why(why, TS_E_NOT_FOUND, v->state_period, "this period is not cut there");
	if (err == TS_OK && (*report)->findings.failed == 0)
		err = ts_textfile_write(out, text.data, text.len, why);
	v->state = NULL;
	ts_buf_free(&text);
	return err;
}

static bool same_journal(const struct ts_audit_report *report)
{
	static const enum ts_check checks[] = {
		TS_CHECK_ARCHIVE, TS_CHECK_CHECKPOINTS, TS_CHECK_JOURNAL_ROOT, TS_CHECK_ENTRIES};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (report->findings.by_check[checks[i]].failures > 0)
			return false;
	return report->totals.entries == report->manifest.to[TS_LOG_JOURNAL];
}

static int run(int argc, char **argv)
{
	struct ts_verify v = {.max_age_s = -1};
	struct ts_opt_list args = {.n = 0};
	struct ts_audit_report *report = NULL;
	struct ts_why why = {"", ""};
	const char *out = NULL;
	char root[TS_BASE64_LEN(TS_HASH_BYTES) + 1];
	int code = TS_EXIT_OK;
	const struct ts_opt opts[] = {
		{"policy", TS_OPT_TEXT, true, &v.policy, "FILE", "whom to trust"},
		{"out", TS_OPT_TEXT, false, &out, "FILE", "write the journal there, or the state"},
		{"state", TS_OPT_TEXT, false, &v.state_period, "PERIOD",
			"write the state at that period's cut"},
	};
	if (!ts_opt_parse(&ts_cmd_replay, opts, 3, argc, argv, 1, 1, &args, &code))
		return code;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	v.bundle = args.items[0];
	randombytes_buf(&v.seed, sizeof v.seed);
	enum ts_err err = region == NULL           ? TS_E_NO_MEMORY
			  : v.state_period != NULL ? rebuild_state(&v, out, region, &report, &why)
						   : rebuild(&v, out, region, &report, &why);
	if (err == TS_OK) {
		bool same = same_journal(report);
		ts_verify_print(&v, report, stdout);
		ts_text_base64(report->journal_root.b, TS_HASH_BYTES, root);
		printf("%lld\n%s\n", (long long)report->totals.entries, root);
		if (!same)
			fprintf(stderr, "this is not the journal of the %s\n", v.bundle);
		code = same && report->findings.failed == 0 ? TS_EXIT_OK : TS_EXIT_FAILED;
	} else {
		code = ts_command_fail(&ts_cmd_replay, err, &why);
	}
	ts_region_free(region);
	return code;
}
