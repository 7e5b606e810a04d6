/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/command.h"
#include "service/settle/push.h"
#include "service/textfile.h"
#include <stdio.h>

#define BODY_BYTES_MAX (8u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_append = {
	.name = "append",
	.summary = "send what a stream's folder holds and the service does not have yet",
	.usage = "tallystick append DIR [--url URL --token TOKEN] [--batch LINES]\n"
		 "tallystick append DIR --out FILE\n"
		 "\n"
		 "Safe to repeat at any time: the service answers a repeat with the stored\n"
		 "receipt. --out writes the body of the next append to a file instead, for a\n"
		 "machine without a way out; it is the same bytes. Receipts are kept in\n"
		 "DIR/receipts.\n"
		 "\n"
		 "  tallystick append var/agent --url https://billing.example\n",
	.run = run,
};

static enum ts_err write_body(
	struct ts_spool *spool, int64_t batch_lines, const char *path, struct ts_why *why)
{
	struct ts_buf body __attribute__((cleanup(ts_buf_free)));
	struct ts_range range;
	int64_t bytes = 0;
	int64_t n = 0;
	ts_buf_init(&body, BODY_BYTES_MAX);
	TS_TRY(ts_agent_body(spool, batch_lines, &body, &n, &range, &bytes, why));
	if (n == 0)
		return ts_why(
			why, TS_E_NOT_FOUND, spool->dir, "nothing to send: all is acknowledged");
	TS_TRY(ts_textfile_write(path, body.data, body.len, why));
	printf("%s: lines %lld to %lld, %zu bytes\n", path, (long long)spool->sent_n,
		(long long)(range.size - 1), body.len);
	return TS_OK;
}

static enum ts_err send_all(struct ts_spool *spool, const char *url, const char *token,
	int64_t batch_lines, bool as_json, struct ts_why *why)
{
	struct ts_agent_report report;
	TS_TRY(ts_push(spool, url, token, batch_lines, &report, why));
	if (!as_json) {
		ts_push_print(spool, &report);
		return TS_OK;
	}
	json_t *json = ts_push_json(spool, &report);
	if (!json)
		return TS_E_NO_MEMORY;
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	printf("\n");
	json_decref(json);
	return TS_OK;
}

static int run(int argc, char **argv)
{
	const char *url = NULL;
	const char *token = NULL;
	const char *out = NULL;
	const char *passphrase_file = NULL;
	int64_t batch = TS_AGENT_BATCH_LINES;
	bool as_json = false;
	const struct ts_opt opts[] = {
		{"url", TS_OPT_TEXT, false, &url, "URL", "service (TALLYSTICK_URL)"},
		{"token", TS_OPT_TEXT, false, &token, "TOKEN", "bearer token (TALLYSTICK_TOKEN)"},
		{"batch", TS_OPT_INT, false, &batch, "LINES", "lines per append (default 5000)"},
		{"out", TS_OPT_TEXT, false, &out, "FILE", "write the next body, send nothing"},
		{"passphrase-file", TS_OPT_TEXT, false, &passphrase_file, "FILE",
			"of a sealed agent key (TALLYSTICK_PASSPHRASE_FILE, else it asks)"},
		{"json", TS_OPT_FLAG, false, &as_json, NULL, "print JSON"},
	};
	struct ts_opt_list args = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_append, opts, sizeof(opts) / sizeof(opts[0]), argc, argv, 1, 1,
		    &args, &code))
		return code;
	struct ts_why why = {0};
	struct ts_spool *spool = NULL;
	enum ts_err err = TS_OK;
	if (batch < 1 || batch > 10000) {
		ts_command_fail(&ts_cmd_append,
			ts_why(&why, TS_E_RANGE, "--batch", "%lld is not in 1..10000",
				(long long)batch),
			&why);
		return TS_EXIT_USAGE;
	}
	err = ts_spool_open(args.items[0], passphrase_file, &spool, &why);
	if (err == TS_OK && out)
		err = write_body(spool, batch, out, &why);
	else if (err == TS_OK)
		err = send_all(spool, url, token, batch, as_json, &why);
	ts_spool_close(spool);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_append, err, &why);
}
