/* SPDX-License-Identifier: Apache-2.0 */
#include "service/contract/contract_diff.h"
#include "base/json.h"
#include <stdio.h>
#include <string.h>

static const char *text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));
	return value != NULL ? value : "";
}

static void print_change(const json_t *row)
{
	const char *change = text(row, "change");
	printf("%s (%s): ", text(row, "what"), text(row, "pointer"));
	if (strcmp(change, "added") == 0)
		printf("added %s\n", text(row, "is"));
	else if (strcmp(change, "removed") == 0)
		printf("removed %s\n", text(row, "was"));
	else
		printf("%s -> %s\n", text(row, "was"), text(row, "is"));
}

static void print_answer(const json_t *answer)
{
	size_t i = 0;
	const json_t *row = NULL, *impact = json_object_get(answer, "impact");
	const char *to = text(answer, "effective_to");
	printf("version %lld against %lld, effective from %s%s%s\n",
		(long long)json_integer_value(json_object_get(answer, "to")),
		(long long)json_integer_value(json_object_get(answer, "from")),
		text(answer, "effective_from"), to[0] != '\0' ? " to " : "", to);
	json_array_foreach(json_object_get(answer, "changes"), i, row) print_change(row);
	if (json_is_object(impact))
		printf("usage so far of %s: %s -> %s %s net, a difference of %s\n",
			text(impact, "period"), text(impact, "was"), text(impact, "is"),
			text(impact, "currency"), text(impact, "difference"));
}

enum ts_err ts_contract_diff_print(
	struct ts_client *client, const struct ts_contract_diff *diff, struct ts_why *why)
{
	struct ts_buf path;
	json_t *answer = NULL;
	ts_buf_init(&path, 512);
	ts_buf_printf(&path, "/v1/contracts/%.64s/diff", diff->contract);
	char mark = '?';
	if (diff->from > 0) {
		ts_buf_printf(&path, "%cfrom=%lld", mark, (long long)diff->from);
		mark = '&';
	}
	if (diff->to > 0) {
		ts_buf_printf(&path, "%cto=%lld", mark, (long long)diff->to);
		mark = '&';
	}
	if (diff->period != NULL) {
		ts_buf_printf(&path, "%cperiod=", mark);
		ts_client_escape(&path, diff->period);
	}
	enum ts_err err = path.err;
	if (err == TS_OK)
		err = ts_client_get(client, ts_buf_str(&path), &answer, why);
	if (err == TS_OK && diff->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		printf("\n");
	} else if (err == TS_OK) {
		print_answer(answer);
	}
	json_decref(answer);
	ts_buf_free(&path);
	return err;
}
