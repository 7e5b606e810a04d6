/* SPDX-License-Identifier: Apache-2.0 */
#include "service/clock.h"
#include "service/command/command.h"
#include "service/config.h"
#include "service/key/keyring.h"
#include "service/session.h"
#include "service/textfile.h"
#include "store/migrate.h"
#include "store/token.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_init = {
	.name = "init",
	.summary = "first set-up: configuration, keys, schema, the operator's token",
	.usage = "tallystick init --config FILE --db CONNINFO [--domain D] [--print-token]\n"
		 "\n"
		 "Writes FILE with every key and its help unless it exists, makes the key folder\n"
		 "with the operator and receipt keys, migrates the database and makes an\n"
		 "operator token, which is shown this once. CONNINFO names a superuser; the\n"
		 "service's own roles, ts_service and ts_ingest, are used from then on. Safe to\n"
		 "run again: what exists is kept, and a second token is made only with\n"
		 "--new-token or --print-token.\n"
		 "\n"
		 "  tallystick init --config tallystick.conf --domain tally.example \\\n"
		 "    --db \"host=/run/pg dbname=tallystick user=postgres\"\n",
	.run = run,
};

#define INIT_REGION_BYTES_MAX (16u << 20)
#define DOMAIN_DEFAULT "tallystick.example"

struct init {
	const char *config, *db, *domain, *listen;
	bool print_token, new_token;
	/* out */
	bool wrote_config;
	int applied;
	char token[TS_TOKEN_CHARS + 1]; /* "": none was made */
};

/* The conninfo with another user and without the superuser's password: appended, since the last of
 * two settings wins in libpq, in a URI too. */
static const char *role_conninfo(struct ts_region *region, const char *db, const char *role)
{
	bool password = strstr(db, "password") != NULL;
	if (strncmp(db, "postgres://", 11) == 0 || strncmp(db, "postgresql://", 13) == 0)
		return ts_region_printf(region, "%s%cuser=%s&password=", db,
			strchr(db, '?') != NULL ? '&' : '?', role);
	return ts_region_printf(region, "%s user=%s%s", db, role, password ? " password=''" : "");
}

/* The folder of the keys stands beside the file, whatever folder the service starts in. */
static enum ts_err key_folder(
	const char *config, struct ts_region *region, const char **out, struct ts_why *why)
{
	char real[PATH_MAX];
	const char *slash = strrchr(config, '/');
	const char *dir = slash == NULL ? "."
			  : slash == config
				  ? "/"
				  : ts_region_copy(region, config, (size_t)(slash - config));
	if (dir == NULL)
		return TS_E_NO_MEMORY;
	if (realpath(dir, real) == NULL)
		return ts_why(why, TS_E_IO, dir, "the configuration's folder: %s", strerror(errno));
	*out = ts_region_printf(region, "%s/keys", strcmp(real, "/") == 0 ? "" : real);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}

/* The printed configuration, with the connection strings, which printing hides, in their places. */
static void fill_config(
	const struct ts_buf *printed, const char *service, const char *ingest, struct ts_buf *file)
{
	struct ts_str rest = {printed->data, printed->len}, line;
	ts_buf_puts(file, "# Written by tallystick init. Connection strings may hold passwords: "
			  "keep this file private.\n");
	while (ts_str_line(&rest, &line)) {
		if (memmem(line.at, line.len, "db_ingest =", 11) != NULL)
			ts_buf_printf(file, "db_ingest = %s\n", ingest);
		else if (memmem(line.at, line.len, "db_service =", 12) != NULL)
			ts_buf_printf(file, "db_service = %s\n", service);
		else
			ts_buf_printf(file, "%.*s\n", (int)line.len, line.at);
	}
}

static enum ts_err write_config(struct init *in, struct ts_region *region, struct ts_why *why)
{
	struct ts_buf printed __attribute__((cleanup(ts_buf_free)));
	struct ts_buf file __attribute__((cleanup(ts_buf_free)));
	struct ts_config config;
	ts_buf_init(&printed, TS_CONFIG_FILE_BYTES_MAX);
	ts_buf_init(&file, TS_CONFIG_FILE_BYTES_MAX);
	ts_config_default(&config);
	config.domain = in->domain != NULL ? in->domain : DOMAIN_DEFAULT;
	if (in->listen != NULL)
		config.listen = in->listen;
	TS_TRY(key_folder(in->config, region, &config.key_dir, why));
	config.db_service = role_conninfo(region, in->db, "ts_service");
	config.db_ingest = role_conninfo(region, in->db, "ts_ingest");
	if (config.db_service == NULL || config.db_ingest == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_config_check(&config, why));
	ts_config_print(&config, &printed);
	fill_config(&printed, config.db_service, config.db_ingest, &file);
	TS_TRY(printed.err != TS_OK ? printed.err : file.err);
	mode_t before = umask(077);
	enum ts_err err = ts_textfile_write(in->config, file.data, file.len, why);
	(void)umask(before);
	in->wrote_config = err == TS_OK;
	return err;
}

static enum ts_err has_operator(
	struct ts_session *session, struct ts_region *region, bool *out, struct ts_why *why)
{
	struct ts_db_token *tokens = NULL;
	int64_t now_us = ts_clock_now_us();
	size_t n = 0;
	TS_TRY(ts_db_token_list(session->db, region, &tokens, &n, why));
	*out = false;
	for (size_t i = 0; i < n; i++)
		*out |= tokens[i].role == TS_ROLE_OPERATOR && !tokens[i].revoked &&
			(tokens[i].not_after_us == 0 || tokens[i].not_after_us > now_us);
	return TS_OK;
}

static enum ts_err make_token(struct init *in, const struct ts_config *config,
	struct ts_region *region, struct ts_why *why)
{
	struct ts_session *session = NULL;
	struct ts_db_token token = {.role = TS_ROLE_OPERATOR,
		.all_contracts = true,
		.label = "operator, made by init",
		.created_us = ts_clock_now_us()};
	bool there = false;
	TS_TRY(ts_session_open(config->db_service, &session, why));
	enum ts_err err = has_operator(session, region, &there, why);
	if (err == TS_OK && (!there || in->new_token || in->print_token)) {
		ts_token_make(in->token, token.id, token.hash);
		err = ts_db_token_add(session->db, &token, why);
	}
	ts_session_close(session);
	return err;
}

static enum ts_err load_config(const struct init *in, struct ts_region *region,
	struct ts_config *config, struct ts_why *why)
{
	ts_config_default(config);
	TS_TRY(ts_config_load(in->config, region, config, why));
	TS_TRY(ts_config_check(config, why));
	if (in->domain != NULL && strcmp(in->domain, config->domain) != 0)
		return ts_why(why, TS_E_CONFLICT, "--domain",
			"\"%s\", but %s, which is kept, has \"%s\"", in->domain, in->config,
			config->domain);
	return TS_OK;
}

/* The database comes before the first file: where it can't be reached, nothing is left behind. */
static enum ts_err init(struct init *in, struct ts_region *region, struct ts_why *why)
{
	struct ts_config config;
	bool there = access(in->config, F_OK) == 0;
	if (there)
		TS_TRY(load_config(in, region, &config, why));
	TS_TRY(ts_migrate(in->db, ts_clock_now_us(), &in->applied, why));
	if (!there) {
		TS_TRY(write_config(in, region, why));
		TS_TRY(load_config(in, region, &config, why));
	}
	TS_TRY(ts_keyring_create(config.key_dir, config.domain, why));
	return make_token(in, &config, region, why);
}

static void explain(const struct init *in)
{
	printf("configuration  %s (%s)\n", in->config, in->wrote_config ? "written" : "kept");
	printf("schema         %d of %d migrations applied now\n", in->applied, ts_migrate_count());
	if (in->token[0] != '\0')
		printf("operator token, shown this once: %s\n", in->token);
	else
		printf("operator token  there is one already; --new-token makes another\n");
	printf("\nnext:\n"
	       "  tallystick serve --config %s      as the user that can read its keys: this one\n"
	       "  export TALLYSTICK_URL=http://...  TALLYSTICK_TOKEN=...\n"
	       "  tallystick keygen DOMAIN/statements FILE; tallystick party add --help\n",
		in->config);
}

static int run(int argc, char **argv)
{
	struct init in = {0};
	const struct ts_opt opts[] = {
		{"config", TS_OPT_TEXT, true, &in.config, "FILE",
			"configuration, kept if it exists"},
		{"db", TS_OPT_TEXT, true, &in.db, "CONNINFO", "connection string of a superuser"},
		{"domain", TS_OPT_TEXT, false, &in.domain, "NAME",
			"names keys and logs (default " DOMAIN_DEFAULT ")"},
		{"listen", TS_OPT_TEXT, false, &in.listen, "ADDRESS", "host:port of a new FILE"},
		{"new-token", TS_OPT_FLAG, false, &in.new_token, NULL, "one more operator token"},
		{"print-token", TS_OPT_FLAG, false, &in.print_token, NULL,
			"as --new-token, and print nothing else"},
	};
	struct ts_opt_list args = {0};
	struct ts_why why = {0};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_init, opts, sizeof opts / sizeof opts[0], argc, argv, 0, 0, &args,
		    &code))
		return code;
	struct ts_region *region = ts_region_create(INIT_REGION_BYTES_MAX);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY : init(&in, region, &why);
	ts_region_free(region);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_init, err, &why);
	if (in.print_token)
		printf("%s\n", in.token);
	else
		explain(&in);
	return TS_EXIT_OK;
}
