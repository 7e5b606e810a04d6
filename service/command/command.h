/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_COMMAND_H
#define TS_SERVICE_COMMAND_H
/* Why: one executable, many subcommands. Each lives in service/cmd_<name>.c, exports
 * `const struct ts_command ts_cmd_<name>` and is listed by one line in commands.def. */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ts_exit {
	TS_EXIT_OK = 0,
	TS_EXIT_FAILED = 1, /* refused, or it failed */
	TS_EXIT_USAGE = 2, /* the command line is wrong; nothing was done */
	TS_EXIT_AGAIN = 3, /* something is unavailable or the outcome is unknown: try again */
};

struct ts_command {
	const char *program; /* NULL: tallystick */
	const char *name;
	const char *summary; /* one line for `tallystick --help` */
	const char *usage; /* synopsis and an example; printed above the generated option list */
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns enum ts_exit */
};

enum ts_opt_kind {
	TS_OPT_FLAG, /* bool: present or not */
	TS_OPT_TEXT, /* const char *: borrowed from argv */
	TS_OPT_INT, /* int64_t, at least 0 */
	TS_OPT_LIST, /* struct ts_opt_list: may be repeated */
};
#define TS_OPT_LIST_MAX 64
struct ts_opt_list {
	const char *items[TS_OPT_LIST_MAX];
	size_t n;
};
/* One row per option. `out` points at the caller's variable (its initial value is the default). */
struct ts_opt {
	const char
		*name; /* without the dashes; "config" is given as --config FILE or --config=FILE */
	enum ts_opt_kind kind;
	bool required;
	void *out;
	const char *value; /* what the help calls the value, e.g. "FILE"; NULL for a flag */
	const char *help;
};
/* Parses argv[1..]. --help prints the command's help. Positional arguments go to *args (borrowed
 * from argv), at least args_min and at most args_max; "--" ends options. Returns true when the
 * command should go on; else *exit_code is what it should return (help 0, wrong usage 2). */
bool ts_opt_parse(const struct ts_command *cmd, const struct ts_opt *opts, size_t n, int argc,
	char **argv, size_t args_min, size_t args_max, struct ts_opt_list *args,
	int *exit_code) TS_MUST;

/* Prints "tallystick NAME: TEXT (WHERE) [code]" to stderr; returns the exit code for err, which
 * is wrong usage when an option is malformed or missing (WHERE begins with --). */
int ts_command_fail(const struct ts_command *cmd, enum ts_err err, const struct ts_why *why);
int ts_command_exit(enum ts_err err);

/* The whole of main: finds argv[1] in the table; NULL-terminated. `program` is the name printed. */
int ts_command_main(
	const char *program, const struct ts_command *const *table, int argc, char **argv);

#endif
