/* SPDX-License-Identifier: Apache-2.0 */
#include "service/clock.h"
#include "service/command/command.h"
#include "service/mirror/verify.h"
#include <sodium.h>

#define REGION_BYTES_MAX ((size_t)16 << 30) /* a bound, not what it takes */

static int run(int argc, char **argv);

const struct ts_command ts_cmd_verify = {
	.name = "verify",
	.summary = "check a bundle offline: signatures, logs, usage, every cent",
	.usage = "tallystick verify BUNDLE --policy FILE [--json] [--max-age SECONDS]\n"
		 "                         [--receipts DIR]\n"
		 "\n"
		 "Needs no database and no network. Every line of usage is hashed and read again,\n"
		 "every charge rated again, every journal entry and document computed again and\n"
		 "compared byte for byte with what the bundle holds (docs/formats/verify.md).\n"
		 "Exit 0: all holds. 1: something does not; one line says what.\n"
		 "\n"
		 "  tallystick verify bundle.tar --policy policy.txt\n",
	.run = run,
};

static int run(int argc, char **argv)
{
	struct ts_verify v = {.max_age_s = -1};
	struct ts_opt_list args = {.n = 0};
	struct ts_audit_report *report = NULL;
	struct ts_why why = {"", ""};
	bool json = false;
	int code = TS_EXIT_OK;
	const struct ts_opt opts[] = {
		{"policy", TS_OPT_TEXT, true, &v.policy, "FILE", "whom to trust"},
		{"max-age", TS_OPT_INT, false, &v.max_age_s, "SECONDS",
			"the quorum's time may be so old"},
		{"receipts", TS_OPT_TEXT, false, &v.receipts, "DIR",
			"an agent's receipts: each must have been kept"},
		{"json", TS_OPT_FLAG, false, &json, NULL, "print the report as JSON"},
	};
	if (!ts_opt_parse(&ts_cmd_verify, opts, 4, argc, argv, 1, 1, &args, &code))
		return code;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	v.bundle = args.items[0];
	v.now_s = ts_clock_now_us() / TS_US_PER_S;
	randombytes_buf(&v.seed, sizeof v.seed);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY
					 : ts_verify_run(&v, region, &report, &why);
	if (err == TS_OK && json) {
		json_t *answer = ts_verify_json(report);
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
		json_decref(answer);
	} else if (err == TS_OK) {
		ts_verify_print(&v, report, stdout);
	}
	if (err == TS_OK)
		code = report->findings.failed == 0 ? TS_EXIT_OK : TS_EXIT_FAILED;
	else
		code = ts_command_fail(&ts_cmd_verify, err, &why);
	ts_region_free(region);
	return code;
}
