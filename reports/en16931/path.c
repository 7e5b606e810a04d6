/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/en16931/path.h"
#include <string.h>

#define STEPS_MAX 10
#define NORMAL_CHARS_MAX 512

/* One step as it stands in the path: name, then predicates. */
struct step {
	const char *name;
	size_t name_len;
	const char *predicates, *end; /* the first '[', or the end of the step */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct ts_str ts_ubl_trim(struct ts_str text)
{
	while (text.len && is_space(text.at[0]))
		text.at++, text.len--;
	while (text.len && is_space(text.at[text.len - 1]))
		text.len--;
	return text;
}

struct ts_str ts_ubl_normal(struct ts_str text, char *out, size_t out_max)
{
	size_t n = 0;
	text = ts_ubl_trim(text);
	for (size_t i = 0; i < text.len && n + 1 < out_max; i++) {
		if (!is_space(text.at[i]))
			out[n++] = text.at[i];
		else if (!is_space(text.at[i - 1]))
			out[n++] = ' ';
	}
	out[n] = '\0';
	return (struct ts_str){out, n};
}

/* Reads a step; *at moves behind it (on '/', '|' or the end). */
static struct step read_step(const char **at, const char *end)
{
	struct step step = {.name = *at};
	const char *c = *at;
	while (c < end && *c != '/' && *c != '[')
		c++;
	step.name_len = (size_t)(c - step.name);
	step.predicates = c;
	while (c < end && *c == '[') {
		c = memchr(c, ']', (size_t)(end - c));
		TS_ASSERT(c);
		c++;
	}
	TS_ASSERT(step.name_len > 0 && (c == end || *c == '/'));
	step.end = c;
	*at = c;
	return step;
}

static bool boolean(struct ts_str text, bool *out)
{
	text = ts_ubl_trim(text);
	*out = ts_str_is(text, "true") || ts_str_is(text, "1");
	return *out || ts_str_is(text, "false") || ts_str_is(text, "0");
}

struct wanted {
	char op;
	struct ts_str value;
};

/* Stops when the value is the wanted one. */
static bool differs(void *arg, const struct ts_ubl_value *value)
{
	const struct wanted *wanted = arg;
	char normal[NORMAL_CHARS_MAX];
	bool truth = false;
	switch (wanted->op) {
	case '=':
		return !ts_str_eq(value->text, wanted->value);
	case '?':
		return !boolean(value->text, &truth) || truth != ts_str_is(wanted->value, "true");
	default:
		break;
	}
	struct ts_str text = ts_ubl_normal(value->text, normal, sizeof normal);
	for (size_t i = 0; wanted->op == '^' && i < text.len; i++) {
		if (normal[i] >= 'a' && normal[i] <= 'z')
			normal[i] = (char)(normal[i] - 'a' + 'A');
	}
	return !ts_str_eq(text, wanted->value);
}

static bool never(void *arg, const struct ts_ubl_value *value)
{
	(void)arg, (void)value;
	return false;
}

static bool each_alternative(const struct ts_ubl *doc, const struct ts_ubl_node *from,
	const char *at, const char *end, ts_ubl_visit *visit, void *arg);

static bool holds(
	const struct ts_ubl *doc, const struct ts_ubl_node *node, const char *at, const char *end)
{
	bool not = at < end && *at == '!';
	at += not ;
	const char *op = at;
	while (op < end && !strchr("=~^?", *op))
		op++;
	struct wanted wanted = {0};
	if (op < end)
		wanted = (struct wanted){*op, {op + 1, (size_t)(end - op - 1)}};
	/* Both visits stop at what was looked for. */
	bool found = !each_alternative(doc, node, at, op, op < end ? differs : never, &wanted);
	return found != not ;
}

static bool meets(const struct ts_ubl *doc, const struct ts_ubl_node *node, const struct step *step)
{
	bool any = step->name_len == 1 && step->name[0] == '*';
	if (!any && !(strlen(node->name) == step->name_len &&
			    memcmp(node->name, step->name, step->name_len) == 0))
		return false;
	for (const char *p = step->predicates; p < step->end;) {
		const char *close = memchr(p, ']', (size_t)(step->end - p));
		TS_ASSERT(close);
		if (!holds(doc, node, p + 1, close))
			return false;
		p = close + 1;
	}
	return true;
}

static bool walk(const struct ts_ubl *doc, const struct ts_ubl_node *node, const char *at,
	const char *end, ts_ubl_visit *visit, void *arg)
{
	if (at == end) {
		struct ts_ubl_value value = {node, node->text};
		return visit(arg, &value);
	}
	if (*at == '/')
		at++;
	if (*at == '@') {
		char name[64];
		size_t len = (size_t)(end - at - 1);
		TS_ASSERT(len < sizeof name);
		memcpy(name, at + 1, len);
		name[len] = '\0';
		const char *text = ts_ubl_attribute(node, name);
		struct ts_ubl_value value = {node, {text, text ? strlen(text) : 0}};
		return text ? visit(arg, &value) : true;
	}
	struct step step = read_step(&at, end);
	if (step.name_len == 2 && memcmp(step.name, "..", 2) == 0)
		return node->parent ? walk(doc, node->parent, at, end, visit, arg) : true;
	if (step.name_len == 1 && step.name[0] == '.')
		return walk(doc, node, at, end, visit, arg);
	for (const struct ts_ubl_node *x = node->child; x; x = x->next) {
		if (meets(doc, x, &step) && !walk(doc, x, at, end, visit, arg))
			return false;
	}
	return true;
}

static bool each_alternative(const struct ts_ubl *doc, const struct ts_ubl_node *from,
	const char *at, const char *end, ts_ubl_visit *visit, void *arg)
{
	if (end - at > 2 && memcmp(at, "//", 2) == 0) {
		at += 2;
		struct step step = read_step(&at, end);
		const struct ts_ubl_node *x = ts_ubl_named(doc, step.name, step.name_len);
		for (; x; x = x->same) {
			if (meets(doc, x, &step) && !walk(doc, x, at, end, visit, arg))
				return false;
		}
		return true;
	}
	if (at < end && *at == '/') {
		from = ts_ubl_root(doc);
		at++;
	}
	return walk(doc, from, at, end, visit, arg);
}

/* The end of the alternative that begins at `at`. */
static const char *alternative_end(const char *at)
{
	bool inside = false;
	for (; *at && (inside || *at != '|'); at++)
		inside = *at == '[' || (inside && *at != ']');
	return at;
}

bool ts_ubl_each(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path,
	ts_ubl_visit *visit, void *arg)
{
	for (const char *at = path; *at;) {
		const char *end = alternative_end(at);
		if (!each_alternative(doc, from, at, end, visit, arg))
			return false;
		at = *end ? end + 1 : end;
	}
	return true;
}

static bool keep_first(void *arg, const struct ts_ubl_value *value)
{
	*(struct ts_ubl_value *)arg = *value;
	return false;
}

bool ts_ubl_first(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path,
	struct ts_ubl_value *out)
{
	return !ts_ubl_each(doc, from, path, keep_first, out);
}

bool ts_ubl_exists(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path)
{
	return !ts_ubl_each(doc, from, path, never, NULL);
}

static bool count_one(void *arg, const struct ts_ubl_value *value)
{
	(void)value;
	++*(size_t *)arg;
	return true;
}

size_t ts_ubl_count(const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path)
{
	size_t n = 0;
	ts_ubl_each(doc, from, path, count_one, &n);
	return n;
}

struct ts_str ts_ubl_text(
	const struct ts_ubl *doc, const struct ts_ubl_node *from, const char *path)
{
	struct ts_ubl_value value = {.text = {"", 0}};
	if (!ts_ubl_first(doc, from, path, &value))
		return (struct ts_str){"", 0};
	return ts_ubl_trim(value.text);
}

static bool fits(const struct ts_ubl *doc, const struct ts_ubl_node *node, const struct step *steps,
	size_t n, bool absolute)
{
	for (size_t i = n; i-- > 0; node = node->parent) {
		if (!node || !meets(doc, node, &steps[i]))
			return false;
	}
	return !absolute || (node && !node->parent);
}

static bool match_alternative(
	const struct ts_ubl *doc, const char *at, const char *end, ts_ubl_visit *visit, void *arg)
{
	struct step steps[STEPS_MAX];
	size_t n = 0;
	bool absolute = *at == '/';
	at += absolute;
	while (at < end) {
		TS_ASSERT(n < STEPS_MAX);
		steps[n++] = read_step(&at, end);
		at += at < end;
	}
	const struct ts_ubl_node *x =
		n == 0 ? ts_ubl_root(doc)
		       : ts_ubl_named(doc, steps[n - 1].name, steps[n - 1].name_len);
	for (; x; x = n == 0 ? NULL : x->same) {
		struct ts_ubl_value value = {x, x->text};
		if ((n == 0 || fits(doc, x, steps, n, absolute)) && !visit(arg, &value))
			return false;
	}
	return true;
}

bool ts_ubl_match(const struct ts_ubl *doc, const char *pattern, ts_ubl_visit *visit, void *arg)
{
	for (const char *at = pattern; *at;) {
		const char *end = alternative_end(at);
		if (!match_alternative(doc, at, end, visit, arg))
			return false;
		at = *end ? end + 1 : end;
	}
	return true;
}
