/* SPDX-License-Identifier: Apache-2.0 */
#include "service/clock.h"
#include "service/command/command.h"
#include "store/migrate.h"
#include <stdio.h>

static int run(int argc, char **argv);

const struct ts_command ts_cmd_migrate = {
	.name = "migrate",
	.summary = "bring a database to this program's schema",
	.usage = "tallystick migrate --db CONNINFO\n\n"
		 "CONNINFO names a superuser: roles are created. Twice is the same as once.\n\n"
		 "  tallystick migrate --db \"host=/run/pg dbname=tallystick user=postgres\"\n",
	.run = run,
};

static int run(int argc, char **argv)
{
	const char *db = NULL;
	const struct ts_opt opts[] = {
		{"db", TS_OPT_TEXT, true, &db, "CONNINFO", "connection string of a superuser"}};
	struct ts_opt_list args = {0};
	struct ts_why why = {0};
	int code = TS_EXIT_OK, applied = 0;
	if (!ts_opt_parse(&ts_cmd_migrate, opts, 1, argc, argv, 0, 0, &args, &code))
		return code;
	enum ts_err err = ts_migrate(db, ts_clock_now_us(), &applied, &why);
	if (err != TS_OK)
		return ts_command_fail(&ts_cmd_migrate, err, &why);
	printf("%d of %d migrations applied now\n", applied, ts_migrate_count());
	return TS_EXIT_OK;
}
