/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/command.h"

#include "base/text.h"
#include <stdio.h>
#include <string.h>

int ts_command_exit(enum ts_err err)
{
	if (err == TS_OK)
		return TS_EXIT_OK;
	int status = ts_err_http(err);
	return status == 503 || status == 504 || status == 429 ? TS_EXIT_AGAIN : TS_EXIT_FAILED;
}

static const char *program_of(const struct ts_command *cmd)
{
	return cmd->program != NULL ? cmd->program : "tallystick";
}

int ts_command_fail(const struct ts_command *cmd, enum ts_err err, const struct ts_why *why)
{
	TS_ASSERT(err != TS_OK);
	bool said = why != NULL && why->text[0] != '\0';
	bool placed = why != NULL && why->where[0] != '\0';
	(void)fprintf(stderr, "%s %s: %s%s%s%s [%s]\n", program_of(cmd), cmd->name,
		said ? why->text : ts_err_text(err), placed ? " (" : "", placed ? why->where : "",
		placed ? ")" : "", ts_err_code(err));
	/* The place is an option: the command line is wrong. */
	bool usage = (err == TS_E_MALFORMED || err == TS_E_MISSING_FIELD) && placed &&
		     strncmp(why->where, "--", 2) == 0;
	return usage ? TS_EXIT_USAGE : ts_command_exit(err);
}

#define COLUMNS 80
#define COMMAND_COLUMNS 16 /* of a command */
#define OPTION_COLUMNS 29 /* of an option and its value, before what it is */

static const char exit_codes[] = "\nexit codes: 0 done, 1 refused or failed, 2 wrong usage,\n"
				 "            3 unavailable or outcome unknown: try again\n";

/* The words of a text that begins in column `at`; a line that is full goes on in column `indent`.
 */
static void print_words(FILE *out, size_t at, size_t indent, const char *text)
{
	struct ts_str rest = ts_str(text);
	bool first = true;
	while (rest.at != NULL) {
		struct ts_str word = ts_str_cut(&rest, ' ');
		if (!first && at + 1 + word.len > COLUMNS) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		(void)fprintf(out, "%s%.*s", first ? "" : " ", (int)word.len, word.at);
		at += word.len + (first ? 0 : 1);
		first = false;
	}
	(void)fprintf(out, "\n");
}

/* What is explained, then what it is, from column `indent` on; the second needs two spaces before
 * it. */
static void print_row(FILE *out, const char *left, size_t indent, const char *text)
{
	int used = fprintf(out, "  %s", left);
	size_t at = used < 0 ? 0 : (size_t)used;
	if (at + 2 > indent) {
		(void)fprintf(out, "\n");
		at = 0;
	}
	(void)fprintf(out, "%*s", (int)(indent - at), "");
	print_words(out, indent, indent, text);
}

static void print_options(FILE *out, const struct ts_opt *opts, size_t n)
{
	(void)fprintf(out, "\noptions:\n");
	for (size_t i = 0; i < n; i++) {
		char left[64], text[256];
		(void)snprintf(left, sizeof(left), "--%s%s%s", opts[i].name,
			opts[i].value != NULL ? " " : "",
			opts[i].value != NULL ? opts[i].value : "");
		(void)snprintf(text, sizeof(text), "%s%s%s", opts[i].help,
			opts[i].required ? " (required)" : "",
			opts[i].kind == TS_OPT_LIST ? " (may be repeated)" : "");
		print_row(out, left, OPTION_COLUMNS, text);
	}
	print_row(out, "--help", OPTION_COLUMNS, "this text");
}

static void print_help(const struct ts_command *cmd, const struct ts_opt *opts, size_t n)
{
	int used = printf("%s %s: ", program_of(cmd), cmd->name);
	print_words(stdout, used < 0 ? 0 : (size_t)used, 4, cmd->summary);
	(void)printf("\n%s", cmd->usage);
	print_options(stdout, opts, n);
	(void)printf("%s", exit_codes);
}

static int usage_error(const struct ts_command *cmd, const char *what, const char *which)
{
	(void)fprintf(stderr, "%s %s: %s%s%s; see %s %s --help\n", program_of(cmd), cmd->name, what,
		which != NULL ? " " : "", which != NULL ? which : "", program_of(cmd), cmd->name);
	return TS_EXIT_USAGE;
}

static const struct ts_opt *find_opt(const struct ts_opt *opts, size_t n, struct ts_str name)
{
	for (size_t i = 0; i < n; i++)
		if (ts_str_is(name, opts[i].name))
			return &opts[i];
	return NULL;
}

/* NULL when taken, else what is wrong. */
static const char *store_value(const struct ts_opt *opt, const char *value)
{
	switch (opt->kind) {
	case TS_OPT_FLAG:
		*(bool *)opt->out = true;
		return NULL;
	case TS_OPT_TEXT:
		*(const char **)opt->out = value;
		return NULL;
	case TS_OPT_INT:
		if (ts_text_u63(ts_str(value), (int64_t *)opt->out) != TS_OK)
			return "is not a number:";
		return NULL;
	case TS_OPT_LIST: {
		struct ts_opt_list *list = opt->out;
		if (list->n == TS_OPT_LIST_MAX)
			return "is given too often:";
		list->items[list->n++] = value;
		return NULL;
	}
	}
	return NULL;
}

/* What one parse keeps. given is a bit per option. */
struct parse {
	const struct ts_command *cmd;
	const struct ts_opt *opts;
	size_t n;
	uint64_t given;
	int exit_code;
	bool ended;
};

static void parse_end(struct parse *p, int exit_code)
{
	p->ended = true;
	p->exit_code = exit_code;
}

/* Takes the option at argv[i]; returns how many arguments it used. */
static int parse_option(struct parse *p, int argc, char **argv, int i)
{
	struct ts_str rest = ts_str(argv[i] + 2);
	struct ts_str name = ts_str_cut(&rest, '=');
	if (ts_str_is(name, "help")) {
		print_help(p->cmd, p->opts, p->n);
		parse_end(p, TS_EXIT_OK);
		return 1;
	}
	const struct ts_opt *opt = find_opt(p->opts, p->n, name);
	if (opt == NULL) {
		parse_end(p, usage_error(p->cmd, "unknown option", argv[i]));
		return 1;
	}
	uint64_t bit = UINT64_C(1) << (size_t)(opt - p->opts);
	if ((p->given & bit) != 0 && opt->kind != TS_OPT_LIST) {
		parse_end(p, usage_error(p->cmd, "option given twice:", argv[i]));
		return 1;
	}
	p->given |= bit;
	const char *value = rest.at;
	int used = 1;
	if (opt->kind == TS_OPT_FLAG && value != NULL) {
		parse_end(p, usage_error(p->cmd, "option takes no value:", argv[i]));
		return used;
	}
	if (opt->kind != TS_OPT_FLAG && value == NULL) {
		if (i + 1 >= argc) {
			parse_end(p, usage_error(p->cmd, "option needs a value:", argv[i]));
			return used;
		}
		value = argv[i + 1];
		used = 2;
	}
	const char *bad = store_value(opt, value);
	if (bad != NULL) {
		(void)fprintf(stderr, "%s %s: --%s %s %s\n", program_of(p->cmd), p->cmd->name,
			opt->name, bad, value);
		parse_end(p, TS_EXIT_USAGE);
	}
	return used;
}

bool ts_opt_parse(const struct ts_command *cmd, const struct ts_opt *opts, size_t n, int argc,
	char **argv, size_t args_min, size_t args_max, struct ts_opt_list *args, int *exit_code)
{
	TS_ASSERT(n <= 64 && args_max <= TS_OPT_LIST_MAX);
	for (size_t i = 0; i < n; i++) /* a second one of a name would never be found */
		TS_ASSERT(find_opt(opts, n, ts_str(opts[i].name)) == &opts[i]);
	struct parse p = {.cmd = cmd, .opts = opts, .n = n};
	struct ts_opt_list found = {.n = 0};
	bool options = true;
	for (int i = 1; i < argc && !p.ended;) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			i++;
		} else if (options && strcmp(argv[i], "-h") == 0) {
			print_help(cmd, opts, n);
			parse_end(&p, TS_EXIT_OK);
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			i += parse_option(&p, argc, argv, i);
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			parse_end(&p, usage_error(cmd, "unknown option", argv[i]));
		} else if (found.n == args_max) {
			parse_end(&p, usage_error(cmd, "unexpected argument", argv[i]));
		} else {
			found.items[found.n++] = argv[i++];
		}
	}
	for (size_t i = 0; i < n && !p.ended; i++)
		if (opts[i].required && (p.given & (UINT64_C(1) << i)) == 0)
			parse_end(&p, usage_error(cmd, "an option is required:", opts[i].name));
	if (!p.ended && found.n < args_min)
		parse_end(&p, usage_error(cmd, "missing argument", NULL));
	if (p.ended) {
		*exit_code = p.exit_code;
		return false;
	}
	if (args != NULL)
		*args = found;
	return true;
}

/* Number of edits between two short words (Levenshtein), for the suggestion only. */
static size_t edits(const char *a, const char *b)
{
	size_t row[33];
	size_t len = strnlen(b, 32);
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0' && i < 32; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t best = diagonal + (a[i] != b[j] ? 1 : 0);
			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			row[j + 1] = best;
		}
	}
	return row[len];
}

static void print_commands(FILE *out, const char *program, const struct ts_command *const *table)
{
	(void)fprintf(out,
		"%s: metering and billing of compute that both sides can check\n\n"
		"usage: %s COMMAND [OPTIONS]\n       %s COMMAND --help\n\ncommands:\n",
		program, program, program);
	for (; *table != NULL; table++)
		print_row(out, (*table)->name, COMMAND_COLUMNS, (*table)->summary);
	(void)fprintf(out, "%s", exit_codes);
}

static int unknown_command(
	const char *program, const struct ts_command *const *table, const char *name)
{
	const char *near = NULL;
	size_t best = 3;
	for (size_t i = 0; table[i] != NULL; i++) {
		size_t d = edits(name, table[i]->name);
		if (d < best) {
			best = d;
			near = table[i]->name;
		}
	}
	(void)fprintf(stderr, "%s: unknown command \"%.32s\"", program, name);
	if (near != NULL)
		(void)fprintf(stderr, "; did you mean \"%s\"?\n", near);
	else
		(void)fprintf(stderr, "; see %s --help\n", program);
	return TS_EXIT_USAGE;
}

int ts_command_main(
	const char *program, const struct ts_command *const *table, int argc, char **argv)
{
	if (argc < 2) {
		print_commands(stderr, program, table);
		return TS_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_commands(stdout, program, table);
		return TS_EXIT_OK;
	}
	for (size_t i = 0; table[i] != NULL; i++)
		if (strcmp(argv[1], table[i]->name) == 0)
			return table[i]->run(argc - 1, argv + 1);
	return unknown_command(program, table, argv[1]);
}
