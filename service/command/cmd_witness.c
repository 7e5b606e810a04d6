/* SPDX-License-Identifier: Apache-2.0 */
/* `tallystick witness`: cosigns the checkpoints of logs that it knows, for a consumer or an auditor
 * who does not want to be shown a history of its own. */
#include "service/command/admin.h"
#include "service/clock.h"
#include "service/command/command.h"
#include "service/handler/h_witness.h"
#include "keys/keyfile.h"
#include "service/http/lifecycle.h"
#include "service/textfile.h"
#include "terms/terms.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REGION_BYTES_MAX (32u << 20)

static int run(int argc, char **argv);

const struct ts_command ts_cmd_witness = {
	.name = "witness",
	.summary = "run a witness: cosign the checkpoints of known logs",
	.usage = "tallystick witness --config FILE [--set KEY=VALUE]... [--user NAME]\n"
		 "tallystick witness add TERMS.json --config FILE [--per-minute N]\n"
		 "tallystick witness add --log VKEY --config FILE [--per-minute N]\n"
		 "\n"
		 "FILE needs listen, admin_listen, witness_key and witness_dir. Without a verb\n"
		 "it answers C2SP tlog-witness requests until SIGTERM. add makes the two logs of\n"
		 "signed terms, or one log, known; a running witness sees it at once.\n"
		 "--per-minute 0 freezes a log. Back up the key, but never bring back an old\n"
		 "witness_dir: it would forget what was cosigned.\n"
		 "\n"
		 "  tallystick keygen witness.lab.example/w1 witness.key --type cosignature\n"
		 "  tallystick witness add terms.json --config witness.conf\n"
		 "  tallystick witness --config witness.conf\n",
	.run = run,
};

struct witness {
	const char *config_path, *user, *log_vkey;
	int64_t per_minute;
	struct ts_opt_list sets, args;
	struct ts_config config;
	struct ts_log *log;
	struct ts_metrics *metrics;
	struct ts_witness_store *store;
	struct ts_http *http;
	struct ts_admin *admin;
	int signal_fd;
};

static enum ts_err load_config(struct witness *w, struct ts_region *region, struct ts_why *why)
{
	TS_TRY(ts_config_read(w->config_path, w->sets.items, w->sets.n, region, &w->config, why));
	if (w->config.witness_dir[0] == '\0')
		return ts_why(
			why, TS_E_MISSING_FIELD, "witness_dir", "witness_dir is not configured");
	return ts_config_check(&w->config, why);
}

/* --- add --- */

static enum ts_err add_vkey(const struct witness *w, const char *vkey, struct ts_why *why)
{
	struct ts_witness_log log = {.per_minute = w->per_minute};
	TS_TRY(ts_key_parse(ts_str(vkey), &log.key, why));
	TS_TRY(ts_witness_log_add(w->config.witness_dir, &log, why));
	printf("%s\n", log.key.name);
	return TS_OK;
}

/* Only terms that name this witness: a file of another contract is a mistake. */
static enum ts_err check_named(
	const struct witness *w, const struct ts_terms *terms, struct ts_why *why)
{
	struct ts_secret secret;
	TS_TRY(ts_keyfile_read(w->config.witness_key, &secret, why));
	struct ts_key key = secret.key;
	ts_secret_wipe(&secret);
	for (size_t i = 0; i < terms->keys.quorum_of.n; i++)
		if (ts_key_eq(&terms->keys.quorum_of.keys[i], &key))
			return TS_OK;
	return ts_why(
		why, TS_E_INVALID, "/evidence/witnesses", "these terms do not name %s", key.name);
}

static enum ts_err add(const struct witness *w, struct ts_region *region, struct ts_why *why)
{
	const struct ts_terms *terms = NULL;
	struct ts_buf file;
	if (w->log_vkey != NULL)
		return add_vkey(w, w->log_vkey, why);
	ts_buf_init(&file, TS_TERMS_BYTES_MAX);
	enum ts_err err = ts_textfile_read(w->args.items[1], &file, why);
	if (err == TS_OK)
		err = ts_terms_parse(file.data, file.len, region, &terms, why);
	if (err == TS_OK)
		err = check_named(w, terms, why);
	if (err == TS_OK)
		err = add_vkey(w, terms->keys.inputs_log, why);
	if (err == TS_OK)
		err = add_vkey(w, terms->keys.journal_log, why);
	ts_buf_free(&file);
	return err;
}

/* --- run --- */

static enum ts_err start(struct witness *w, struct ts_why *why)
{
	struct ts_secret secret;
	TS_TRY(ts_privileges_drop(w->user, why));
	ts_files_raise();
	TS_TRY(ts_signals_open(&w->signal_fd, why));
	TS_TRY(ts_log_open(w->config.log_file, w->config.log_level, &w->log, why));
	w->metrics = ts_metrics_create();
	if (w->metrics == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_keyfile_read(w->config.witness_key, &secret, why));
	enum ts_err err = ts_witness_store_open(w->config.witness_dir, &secret, &w->store, why);
	ts_secret_wipe(&secret);
	TS_TRY(err);
	const struct ts_http_options http = {.config = &w->config,
		.log = w->log,
		.metrics = w->metrics,
		.tables = ts_witness_tables,
		.hooks = ts_witness_hooks(w->store),
		.version = "1"};
	TS_TRY(ts_http_start(&http, &w->http, why));
	const struct ts_admin_options admin = {
		.listen = w->config.admin_listen, .http = w->http, .metrics = w->metrics};
	return ts_admin_start(&admin, &w->admin, why);
}

static void wait_for_end(struct witness *w)
{
	int signo = 0;
	TS_LOG(w->log, TS_LOG_INFO, "started", TS_LOG_TEXT("listen", w->config.listen),
		TS_LOG_NUM("port", ts_http_port(w->http)),
		TS_LOG_NUM("admin_port", ts_admin_port(w->admin)), TS_LOG_NUM("pid", getpid()));
	ts_supervisor_notify("READY=1");
	while (signo != SIGTERM && signo != SIGINT)
		signo = ts_signals_wait(w->signal_fd, -1);
	TS_LOG(w->log, TS_LOG_INFO, "stopping", TS_LOG_NUM("signal", signo));
	ts_supervisor_notify("STOPPING=1");
}

static enum ts_err stop(struct witness *w)
{
	enum ts_err err = TS_OK;
	ts_admin_stop(w->admin);
	if (w->http != NULL)
		err = ts_http_stop(w->http, w->config.drain_ms);
	if (err == TS_E_UNKNOWN_OUTCOME)
		_exit(TS_EXIT_AGAIN); /* a handler still uses the store */
	ts_witness_store_close(w->store);
	ts_metrics_free(w->metrics);
	ts_log_close(w->log);
	if (w->signal_fd >= 0)
		(void)close(w->signal_fd);
	return err;
}

static int witness_main(struct witness *w, struct ts_region *region)
{
	struct ts_why why = {0};
	enum ts_err err = load_config(w, region, &why);
	if (err == TS_OK && w->args.n > 0)
		err = add(w, region, &why);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_witness, err, &why);
	if (w->args.n > 0)
		return TS_EXIT_OK;
	err = start(w, &why);
	if (err == TS_OK)
		wait_for_end(w);
	enum ts_err stopped = stop(w);
	return err != TS_OK ? ts_command_fail(&ts_cmd_witness, err, &why)
			    : ts_command_exit(stopped);
}

static int run(int argc, char **argv)
{
	struct witness w = {.signal_fd = -1, .per_minute = TS_WITNESS_PER_MINUTE_DEFAULT};
	const struct ts_opt opts[] = {
		{"config", TS_OPT_TEXT, true, &w.config_path, "FILE", "configuration file"},
		{"set", TS_OPT_LIST, false, &w.sets, "KEY=VALUE", "overrides one key"},
		{"user", TS_OPT_TEXT, false, &w.user, "NAME",
			"user to become when started as root"},
		{"log", TS_OPT_TEXT, false, &w.log_vkey, "VKEY", "add: one log by its key"},
		{"per-minute", TS_OPT_INT, false, &w.per_minute, "N",
			"add: cosignatures a minute at most (60); 0 freezes the log"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_witness, opts, sizeof opts / sizeof opts[0], argc, argv, 0, 2,
		    &w.args, &code))
		return code;
	bool adds = w.args.n > 0 && strcmp(w.args.items[0], "add") == 0;
	if (w.args.n > 0 && (!adds || (w.args.n == 2) == (w.log_vkey != NULL))) {
		struct ts_why why = {0};
		ts_command_fail(&ts_cmd_witness,
			ts_why(&why, TS_E_MALFORMED, w.args.items[0],
				"is no witness command, or it needs terms or --log; see --help"),
			&why);
		return TS_EXIT_USAGE;
	}
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return ts_command_fail(&ts_cmd_witness, TS_E_NO_MEMORY, NULL);
	code = witness_main(&w, region);
	ts_region_free(region);
	return code;
}
