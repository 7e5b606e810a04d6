/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/cli.h"
#include "service/mirror/mirror_source.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REGION_BYTES_MAX ((size_t)4 << 30) /* a bound, not what it takes */

static int run(int argc, char **argv);

const struct ts_command ts_cmd_bundle = {
	.name = "bundle",
	.summary = "fetch all that is needed to check a period's document offline",
	.usage =
		"tallystick bundle CONTRACT --period PERIOD [--from EARLIER] --out FILE\n"
		"tallystick bundle CONTRACT --period PERIOD --from-mirror DIR --out FILE\n"
		"\n"
		"The file holds every leaf of both logs up to the document, every line that was\n"
		"rated, the signed terms and the documents (docs/formats/bundle.md). Check it\n"
		"with tallystick verify. With --from it begins at the state at the cut of that\n"
		"earlier period, if both companies have sealed it, and holds what came behind it.\n"
		"--from-mirror: made from what tallystick mirror keeps, without the service.\n"
		"\n"
		"  tallystick bundle 3f0c... --period 2026-05 --out bundle.tar\n",
	.run = run,
};

struct bundle_args {
	const char *period, *from, *out, *mirror;
};

static enum ts_err copy(const struct ts_audit_source *source, FILE *file, struct ts_why *why)
{
	static char block[1 << 16];
	for (int64_t at = 0; at < source->size;) {
		int64_t left = source->size - at;
		size_t n = left < (int64_t)sizeof block ? (size_t)left : sizeof block;
		TS_TRY(source->read(source->ctx, at, block, n));
		if (fwrite(block, 1, n, file) != n)
			return ts_why(why, TS_E_IO, "bundle", "cannot write: %s", strerror(errno));
		at += (int64_t)n;
	}
	return TS_OK;
}

/* Out of a mirror; what it says is checked by verify, not here. */
static enum ts_err assemble(const struct ts_cli *cli, FILE *file, struct ts_why *why)
{
	const struct bundle_args *args = cli->own;
	if (args->from != NULL)
		return ts_why(why, TS_E_INVALID, "--from", "a mirror's bundles begin at genesis");
	struct ts_mirror_dir dir = {.path = args->mirror, .lock = -1};
	struct ts_mirror_source *source = NULL;
	TS_TRY(ts_contract_id_check(ts_str(cli->args.items[0]), why));
	memcpy(dir.contract, cli->args.items[0], TS_CONTRACT_ID_CHARS);
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_mirror_source_open(&dir, args->period, region, &source, why);
	if (err == TS_OK) {
		err = copy(ts_mirror_source_audit(source), file, why);
		if (err != TS_OK && ts_mirror_source_why(source)->text[0] != '\0')
			*why = *ts_mirror_source_why(source);
		ts_mirror_source_close(source);
	}
	ts_region_free(region);
	return err;
}

/* Written beside and renamed: a file with the name asked for is whole. */
static enum ts_err fetch(struct ts_cli *cli, struct ts_why *why)
{
	const struct bundle_args *args = cli->own;
	char path[1024], beside[4096];
	struct ts_buf period;
	struct stat status;
	ts_buf_init(&period, 512);
	ts_client_escape(&period, args->period);
	if (args->from != NULL) {
		ts_buf_puts(&period, "&from=");
		ts_client_escape(&period, args->from);
	}
	(void)snprintf(path, sizeof path, "/v1/contracts/%s/bundle?period=%s", cli->args.items[0],
		ts_buf_str(&period));
	ts_buf_free(&period);
	if (snprintf(beside, sizeof beside, "%s.part", args->out) >= (int)sizeof beside)
		return ts_why(why, TS_E_LIMIT, "--out", "the name is too long");
	FILE *file = fopen(beside, "wbe");
	if (file == NULL)
		return ts_why(why, TS_E_IO, beside, "%s", strerror(errno));
	enum ts_err err = args->mirror != NULL ? assemble(cli, file, why)
					       : ts_client_get_file(cli->client, path, file, why);
	bool written = fflush(file) == 0 && fstat(fileno(file), &status) == 0;
	written = fclose(file) == 0 && written;
	if (err == TS_OK && (!written || rename(beside, args->out) != 0))
		err = ts_why(why, TS_E_IO, args->out, "%s", strerror(errno));
	if (err != TS_OK)
		(void)unlink(beside);
	else
		fprintf(stderr, "%s: %lld bytes\n", args->out, (long long)status.st_size);
	return err;
}

static int run(int argc, char **argv)
{
	struct bundle_args args = {0};
	struct ts_cli cli = {.cmd = &ts_cmd_bundle, .own = &args};
	const struct ts_opt opts[] = {
		{"period", TS_OPT_TEXT, true, &args.period, "PERIOD",
			"whose document must be in it, e.g. 2026-05"},
		{"from", TS_OPT_TEXT, false, &args.from, "EARLIER",
			"begin at the state at the cut of this period"},
		{"out", TS_OPT_TEXT, true, &args.out, "FILE", "write there"},
		{"from-mirror", TS_OPT_TEXT, false, &args.mirror, "DIR",
			"make it from a mirror, without the service"},
		TS_CLI_OPTS(&cli),
	};
	static const struct ts_cli_verb verbs[] = {{NULL, 1, fetch}};
	return ts_cli_run(&cli, opts, sizeof opts / sizeof opts[0], verbs, 1, argc, argv);
}
