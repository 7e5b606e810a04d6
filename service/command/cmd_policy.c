/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/policy.h"
#include "service/command/command.h"
#include "service/textfile.h"
#include <stdio.h>

#define REGION_BYTES_MAX (64u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_policy = {
	.name = "policy",
	.summary = "write the verification policy that a contract's terms propose",
	.usage = "tallystick policy TERMS.json [--out FILE]\n"
		 "\n"
		 "Prints the keys that the terms name, as a policy for tallystick verify\n"
		 "(docs/formats/policy.md). The policy is what you trust: compare every key with\n"
		 "what the companies and witnesses gave you by another way, and keep the file.\n"
		 "\n"
		 "  tallystick policy terms.json --out policy.txt\n",
	.run = run,
};

static enum ts_err write_policy(const char *terms_path, const char *out_path, struct ts_why *why)
{
	struct ts_buf terms, policy;
	const struct ts_terms *parsed = NULL;
	struct ts_policy *checked = NULL;
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	ts_buf_init(&terms, TS_TERMS_BYTES_MAX);
	ts_buf_init(&policy, TS_POLICY_BYTES_MAX);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY
					 : ts_textfile_read(terms_path, &terms, why);
	if (err == TS_OK)
		err = ts_terms_parse(terms.data, terms.len, region, &parsed, why);
	if (err == TS_OK)
		err = ts_policy_write(parsed, &policy);
	if (err == TS_OK)
		checked = ts_region_alloc(region, sizeof *checked);
	if (err == TS_OK)
		err = checked == NULL ? TS_E_NO_MEMORY
				      : ts_policy_parse((struct ts_str){policy.data, policy.len},
						checked, why);
	if (err == TS_OK && out_path != NULL)
		err = ts_textfile_write(out_path, policy.data, policy.len, why);
	else if (err == TS_OK && fwrite(policy.data, 1, policy.len, stdout) != policy.len)
		err = ts_why(why, TS_E_IO, "standard output", "cannot write");
	ts_buf_free(&policy);
	ts_buf_free(&terms);
	ts_region_free(region);
	return err;
}

static int run(int argc, char **argv)
{
	const char *out = NULL;
	struct ts_opt_list args = {.n = 0};
	struct ts_why why = {"", ""};
	int code = TS_EXIT_OK;
	const struct ts_opt opts[] = {
		{"out", TS_OPT_TEXT, false, &out, "FILE", "write there, not to standard output"}};
	if (!ts_opt_parse(&ts_cmd_policy, opts, 1, argc, argv, 1, 1, &args, &code))
		return code;
	enum ts_err err = write_policy(args.items[0], out, &why);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_policy, err, &why);
}
