/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/command.h"
#include "service/mirror/mirror.h"
#include "service/textfile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REGION_BYTES_MAX ((size_t)4 << 30) /* a bound, not what it takes */
#define ROUND_BYTES_MAX ((size_t)256 << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_mirror = {
	.name = "mirror",
	.summary = "keep one's own copy of a contract's logs, streams and documents",
	.usage =
		"tallystick mirror CONTRACT DIR [--policy FILE] [--watch SECONDS]\n"
		"\n"
		"Fetches what is new, checks it (signatures, quorum, every hash, that nothing\n"
		"before it changed) and only then accepts it. DIR has the paths of a tlog-tiles\n"
		"server (docs/formats/mirror.md); nothing in it is ever deleted. Without --policy\n"
		"the first round keeps the policy that the service's terms propose, in\n"
		"DIR/log/CONTRACT/policy.txt: compare its keys with what you know.\n"
		"Exit 0: mirrored. 1: refused; when the log was rolled back or forked, both notes\n"
		"are kept and named. 3: the service can't be reached now.\n"
		"\n"
		"  tallystick mirror 3f0c... var/mirror --policy policy.txt\n"
		"  tallystick replay var/mirror --policy policy.txt\n",
	.run = run,
};

struct mirror_args {
	const char *policy, *url, *token;
	int64_t watch_s; /* -1: one round */
};

static enum ts_err load_policy(struct ts_mirror_fetch *f, const struct mirror_args *args,
	struct ts_region *region, struct ts_policy *policy, struct ts_why *why)
{
	char path[4096];
	struct ts_buf text;
	bool made = false;
	ts_buf_init(&text, TS_POLICY_BYTES_MAX);
	enum ts_err err = args->policy != NULL ? ts_textfile_read(args->policy, &text, why)
					       : ts_mirror_policy(f, region, policy, &made, why);
	if (err == TS_OK && args->policy != NULL)
		err = ts_policy_parse((struct ts_str){text.data, text.len}, policy, why);
	ts_buf_free(&text);
	TS_TRY(err);
	if (strcmp(policy->contract, f->dir->contract) != 0)
		return ts_why(
			why, TS_E_MISMATCH, "policy", "it is of contract %s", policy->contract);
	if (made)
		fprintf(stderr,
			"%s: made from the service's own terms; compare its keys with what you "
			"know\n",
			ts_mirror_path(f->dir, "policy.txt", path, sizeof path));
	return TS_OK;
}

static enum ts_err once(struct ts_mirror_fetch *f, const struct ts_policy *policy,
	struct ts_mirror_catalog *catalog, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(ROUND_BYTES_MAX);
	struct ts_mirror_round round = {
		.fetch = f, .policy = policy, .catalog = catalog, .region = region};
	if (region == NULL)
		return TS_E_NO_MEMORY;
	f->entries = 0;
	ts_progress_begin(&f->progress, "entries mirrored");
	enum ts_err err = ts_mirror_run(&round, why);
	ts_progress_end(&f->progress);
	ts_region_free(region);
	TS_TRY(err);
	printf("mirrored inputs %lld, journal %lld, %lld streams: %lld new entries\n",
		(long long)round.sizes[TS_LOG_INPUTS], (long long)round.sizes[TS_LOG_JOURNAL],
		(long long)round.streams, (long long)f->entries);
	if (round.hidden > 0)
		printf("%lld consumer streams are not shown to this token\n",
			(long long)round.hidden);
	fflush(stdout);
	return TS_OK;
}

static bool passing(enum ts_err err)
{
	return ts_command_exit(err) == TS_EXIT_AGAIN;
}

/* Rounds until one is refused; a service that is away is asked again. */
static enum ts_err rounds(struct ts_mirror_fetch *f, const struct ts_policy *policy,
	struct ts_region *region, int64_t watch_s, struct ts_why *why)
{
	struct ts_mirror_catalog catalog;
	ts_mirror_catalog_init(&catalog, f->dir, region);
	enum ts_err err = once(f, policy, &catalog, why);
	while (watch_s >= 0 && (err == TS_OK || passing(err))) {
		struct timespec left = {(time_t)(watch_s > 0 ? watch_s : 1), 0};
		if (err != TS_OK)
			(void)ts_command_fail(&ts_cmd_mirror, err, why);
		while (nanosleep(&left, &left) != 0 && errno == EINTR)
			continue;
		err = once(f, policy, &catalog, why);
	}
	return err;
}

static enum ts_err mirror(struct ts_mirror_dir *dir, const struct mirror_args *args,
	struct ts_region *region, struct ts_why *why)
{
	struct ts_hasher hasher = {0};
	struct ts_mirror_fetch f = {.dir = dir, .hasher = &hasher};
	struct ts_policy *policy = ts_region_alloc(region, sizeof *policy);
	if (policy == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_hasher_init(&hasher));
	ts_buf_init(&f.bytes, TS_MIRROR_TILE_BYTES_MAX);
	ts_buf_init(&f.local, TS_MIRROR_TILE_BYTES_MAX);
	enum ts_err err = ts_client_create(args->url, args->token, &f.client, why);
	if (err == TS_OK)
		err = ts_mirror_open(dir, why);
	if (err == TS_OK) {
		err = load_policy(&f, args, region, policy, why);
		if (err == TS_OK)
			err = rounds(&f, policy, region, args->watch_s, why);
		ts_mirror_close(dir);
	}
	ts_client_free(f.client);
	ts_buf_free(&f.bytes);
	ts_buf_free(&f.local);
	ts_hasher_free(&hasher);
	return err;
}

static int run(int argc, char **argv)
{
	struct mirror_args args = {.watch_s = -1};
	struct ts_opt_list list = {.n = 0};
	struct ts_why why = {"", ""};
	int code = TS_EXIT_OK;
	const struct ts_opt opts[] = {
		{"policy", TS_OPT_TEXT, false, &args.policy, "FILE", "whom to trust"},
		{"watch", TS_OPT_INT, false, &args.watch_s, "SECONDS",
			"go on, with so many seconds between rounds"},
		{"url", TS_OPT_TEXT, false, &args.url, "URL", "service (TALLYSTICK_URL)"},
		{"token", TS_OPT_TEXT, false, &args.token, "TOKEN",
			"bearer token (TALLYSTICK_TOKEN)"},
	};
	if (!ts_opt_parse(&ts_cmd_mirror, opts, sizeof opts / sizeof opts[0], argc, argv, 2, 2,
		    &list, &code))
		return code;
	struct ts_mirror_dir dir = {.path = list.items[1], .lock = -1};
	enum ts_err err = ts_contract_id_check(ts_str(list.items[0]), &why);
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (err == TS_OK && region == NULL)
		err = TS_E_NO_MEMORY;
	if (err == TS_OK) {
		memcpy(dir.contract, list.items[0], TS_CONTRACT_ID_CHARS);
		err = mirror(&dir, &args, region, &why);
	}
	ts_region_free(region);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_mirror, err, &why);
}
