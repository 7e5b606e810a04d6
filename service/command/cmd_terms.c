/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick terms`: what the format is, and whether a file keeps it, before anybody uploads it.
 */
#include "service/command/command.h"
#include "service/command/terms_file.h"
#include "service/terms_schema.h"
#include <stdio.h>
#include <string.h>

#define REGION_BYTES ((size_t)64 << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_terms = {
	.name = "terms",
	.summary = "check a file of contract terms, print their JSON Schema",
	.usage = "tallystick terms check TERMS.json [--template]\n"
		 "tallystick terms schema\n"
		 "\n"
		 "check decodes the file as an upload would: a refusal names the JSON pointer,\n"
		 "the value and the rule. --template: parties, keys and paper may be left out, as\n"
		 "for `rate` and `contract new`. schema prints docs/formats/terms.schema.json, a\n"
		 "JSON Schema (draft 2020-12) for other tools. Neither needs a service.\n"
		 "\n"
		 "  tallystick terms check terms.json\n"
		 "  tallystick terms schema > terms.schema.json\n",
	.run = run,
};

static enum ts_err check(const char *path, bool template, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_terms *t = NULL;
	if (region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_terms_file_read(path, template, region, &t, why);
	if (err == TS_OK)
		printf("%s: valid, version %lld, %s, %zu SKUs, %zu prices, %zu fees\n", path,
			(long long)t->version, t->currency->code, t->skus_n, t->prices_n,
			t->fees_n);
	ts_region_free(region);
	return err;
}

static int run(int argc, char **argv)
{
	bool template = false;
	struct ts_opt_list args = {0};
	struct ts_why why = {0};
	const struct ts_opt opts[] = {
		{"template", TS_OPT_FLAG, false, &template, NULL,
			"check: parties, keys and paper may be left out"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_terms, opts, sizeof opts / sizeof opts[0], argc, argv, 1, 2,
		    &args, &code))
		return code;
	if (args.n == 1 && strcmp(args.items[0], "schema") == 0)
		return fputs(ts_terms_schema, stdout) >= 0 && fflush(stdout) == 0
			       ? TS_EXIT_OK
			       : ts_command_fail(&ts_cmd_terms,
					 ts_why(&why, TS_E_IO, "standard output", "cannot write"),
					 &why);
	if (args.n == 2 && strcmp(args.items[0], "check") == 0) {
		enum ts_err err = check(args.items[1], template, &why);
		return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_terms, err, &why);
	}
	ts_command_fail(&ts_cmd_terms,
		ts_why(&why, TS_E_MALFORMED, args.items[0],
			"is neither \"check FILE\" nor \"schema\"; see --help"),
		&why);
	return TS_EXIT_USAGE;
}
