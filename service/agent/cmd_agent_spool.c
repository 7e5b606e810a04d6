/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "importers/spool_check.h"
#include "service/command/command.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_agent_spool = {
	.program = "tallystick-agent",
	.name = "spool",
	.summary = "look into a stream's folder, or check all of it",
	.usage = "tallystick-agent spool ls DIR\n"
		 "tallystick-agent spool verify DIR\n"
		 "\n"
		 "ls prints what the folder holds and each receipt. verify reads every line and\n"
		 "receipt: grammar, window totals, the tree over them against the state and\n"
		 "against both signatures of each receipt. The agent must not run meanwhile.\n"
		 "\n"
		 "  tallystick-agent spool verify /var/lib/tallystick/slurm\n",
	.run = run,
};

static enum ts_err list(struct ts_spool *spool, struct ts_why *why)
{
	char time[TS_TIME_CHARS];
	int64_t *receipts = NULL;
	size_t n = 0;
	TS_TRY(ts_spool_receipts(spool, &receipts, &n, why));
	printf("%.*s\n", (int)spool->statement.origin.len, spool->statement.origin.at);
	printf("  lines         %12lld  %14lld bytes\n", (long long)spool->lines_n,
		(long long)spool->lines_bytes);
	printf("  acknowledged  %12lld  %14lld bytes\n", (long long)spool->sent_n,
		(long long)spool->sent_bytes);
	printf("  waiting       %12lld  %14lld bytes\n",
		(long long)(spool->lines_n - spool->sent_n),
		(long long)(spool->lines_bytes - spool->sent_bytes));
	printf("  windows closed through %s\n",
		ts_time_format(spool->closed_ms * TS_US_PER_MS, time));
	printf("  receipts      %12zu%s\n", n,
		spool->has_receipt_key ? "" : "  (not checked: no receipt.vkey)");
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < n && err == TS_OK; i++) {
		struct ts_hash root;
		int64_t time_s = 0;
		char hex[2 * sizeof(root.b) + 1];
		err = ts_spool_receipt(spool, receipts[i], &root, &time_s, why);
		if (err != TS_OK)
			break;
		ts_text_hex(root.b, sizeof(root.b), hex);
		printf("  %12lld  %s  %s\n", (long long)receipts[i],
			time_s ? ts_time_format(time_s * TS_US_PER_S, time) : "-", hex);
	}
	free(receipts);
	return err;
}

static enum ts_err verify(struct ts_spool *spool, struct ts_why *why)
{
	struct ts_spool_checked checked;
	char hex[2 * sizeof(checked.root.b) + 1];
	TS_TRY(ts_spool_check(spool, &checked, why));
	ts_text_hex(checked.root.b, sizeof(checked.root.b), hex);
	printf("ok: %lld lines (%lld usage, %lld window closes, %lld reversals), root %s\n"
	       "    %lld receipts, each for just these lines%s; %lld rows remembered\n",
		(long long)spool->lines_n, (long long)checked.usage, (long long)checked.closes,
		(long long)checked.reversals, hex, (long long)checked.receipts,
		spool->has_receipt_key ? "" : " (cosignatures not checked: no receipt.vkey)",
		(long long)checked.rows);
	return TS_OK;
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum ts_err (*run)(struct ts_spool *spool, struct ts_why *why);
	} verbs[] = {{"ls", list}, {"verify", verify}};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_agent_spool, NULL, 0, argc, argv, 2, 2, &args, &code))
		return code;
	struct ts_why why = {0};
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct ts_spool *spool = NULL;
		if (strcmp(args.items[0], verbs[i].name) != 0)
			continue;
		enum ts_err err = ts_spool_open(args.items[1], NULL, &spool, &why);
		if (err == TS_OK)
			err = verbs[i].run(spool, &why);
		ts_spool_close(spool);
		return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_agent_spool, err, &why);
	}
	ts_command_fail(&ts_cmd_agent_spool,
		ts_why(&why, TS_E_MALFORMED, args.items[0], "is not ls or verify"), &why);
	return TS_EXIT_USAGE;
}
