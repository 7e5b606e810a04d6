/* SPDX-License-Identifier: Apache-2.0 */
#include "service/clock.h"
#include "service/command.h"
#include "service/config.h"
#include "service/keyring.h"
#include "service/session.h"
#include "service/textfile.h"
#include "store/migrate.h"
#include "store/token.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_init = {
	.name = "init",
	.summary = "first set-up: configuration, keys, schema, the operator's token",
	.usage = "tallystick init --config FILE --db CONNINFO [--domain D] [--print-token]\n\n"
		 "Writes FILE with every key and its help unless it exists, makes the key folder with\n"
		 "the operator and receipt keys, migrates the database and makes an operator token,\n"
		 "which is shown this once. CONNINFO names a superuser; the service's own roles,\n"
		 "ts_service and ts_ingest, are used from then on. Safe to run again.\n\n"
		 "  tallystick init --config tallystick.conf --domain tally.example \\\n"
		 "    --db \"host=/run/pg dbname=tallystick user=postgres\"\n",
	.run = run,
};

struct init {
	const char *config, *db, *domain, *listen;
	bool print_token;
};

/* The conninfo with another user: appended, since the last of two settings wins in libpq. */
static const char *role_conninfo(struct ts_region *region, const char *db, const char *role)
{
	return ts_region_printf(region, "%s user=%s", db, role);
}

static enum ts_err write_config(
	const struct init *in, struct ts_region *region, struct ts_why *why)
{
	struct ts_config config;
	struct ts_buf out;
	ts_config_default(&config);
	config.domain = in->domain != NULL ? in->domain : "tallystick.example";
	if (in->listen != NULL)
		config.listen = in->listen;
	config.key_dir = "keys";
	ts_buf_init(&out, TS_CONFIG_FILE_BYTES_MAX);
	ts_config_print(&config, &out);
	const char *service = role_conninfo(region, in->db, "ts_service");
	const char *ingest = role_conninfo(region, in->db, "ts_ingest");
	if (service == NULL || ingest == NULL) {
		ts_buf_free(&out);
		return TS_E_NO_MEMORY;
	}
	/* Connection strings are hidden when printed: written here in their place. */
	struct ts_buf file;
	ts_buf_init(&file, TS_CONFIG_FILE_BYTES_MAX);
	struct ts_str rest = {out.data, out.len}, line;
	while (ts_str_line(&rest, &line))
		if (line.len < 3 || strncmp(line.at, "db_", 3) != 0) {
			ts_buf_put(&file, line.at, line.len);
			ts_buf_putc(&file, '\n');
		}
	ts_buf_printf(&file, "db_service = %s\ndb_ingest = %s\n", service, ingest);
	enum ts_err err = file.err != TS_OK
		? file.err
		: ts_textfile_write(in->config, file.data, file.len, why);
	ts_buf_free(&file);
	ts_buf_free(&out);
	return err;
}

static enum ts_err make_token(const struct ts_config *config, char text[TS_TOKEN_CHARS + 1],
	struct ts_why *why)
{
	struct ts_session *session = NULL;
	struct ts_db_token token = {.role = TS_ROLE_OPERATOR,
		.all_contracts = true,
		.label = "operator, made by init",
		.created_us = ts_clock_now_us()};
	TS_TRY(ts_session_open(config->db_service, &session, why));
	ts_token_make(text, token.id, token.hash);
	enum ts_err err = ts_db_token_add(session->db, &token, why);
	ts_session_close(session);
	return err;
}

static enum ts_err init(const struct init *in, struct ts_region *region,
	char token[TS_TOKEN_CHARS + 1], struct ts_why *why)
{
	struct ts_config config;
	ts_config_default(&config);
	if (access(in->config, F_OK) != 0)
		TS_TRY(write_config(in, region, why));
	TS_TRY(ts_config_load(in->config, region, &config, why));
	TS_TRY(ts_config_check(&config, why));
	TS_TRY(ts_keyring_create(config.key_dir, config.domain, why));
	TS_TRY(ts_migrate(in->db, ts_clock_now_us(), NULL, why));
	return make_token(&config, token, why);
}

static int run(int argc, char **argv)
{
	struct init in = {0};
	const struct ts_opt opts[] = {
		{"config", TS_OPT_TEXT, true, &in.config, "FILE", "configuration, kept if it exists"},
		{"db", TS_OPT_TEXT, true, &in.db, "CONNINFO", "connection string of a superuser"},
		{"domain", TS_OPT_TEXT, false, &in.domain, "NAME", "names keys and logs"},
		{"listen", TS_OPT_TEXT, false, &in.listen, "ADDRESS", "host:port"},
		{"print-token", TS_OPT_FLAG, false, &in.print_token, NULL, "print the token alone"},
	};
	struct ts_opt_list args = {0};
	struct ts_why why = {0};
	char token[TS_TOKEN_CHARS + 1];
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_init, opts, sizeof opts / sizeof opts[0], argc, argv, 0, 0, &args,
		    &code))
		return code;
	struct ts_region *region = ts_region_create(4u << 20);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY : init(&in, region, token, &why);
	ts_region_free(region);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_init, err, &why);
	if (in.print_token)
		printf("%s\n", token);
	else
		printf("ready. Start: tallystick serve --config %s\noperator token, shown this "
		       "once: %s\n",
			in.config, token);
	return TS_EXIT_OK;
}
