/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_CASE_RUN_H
#define TS_TESTS_CASE_RUN_H
/* Why: the published billing cases (fixtures, billing/cases), group by group, each through a
 * converter to terms and quantities. A case is run, or answered otherwise by a rule of ours that
 * docs/deviations.md names with the case's id, or named with the reason why it is not covered; a
 * new case of a known shape is picked up by itself. One file per test. */
#include "case_terms.h"
#include "support/file.h"
#include <dirent.h>

enum verdict { RUN, DEVIATES, NOT_COVERED, VERDICTS };
struct outcome {
	enum verdict verdict;
	const char *reason;
};
static const struct outcome run = {RUN, NULL};

static inline struct outcome not_covered(const char *reason)
{
	return (struct outcome){NOT_COVERED, reason};
}

struct group {
	const char *name;
	struct outcome (*run)(const json_t *in, const json_t *expected);
};

static inline void check_deviation(const char *id)
{
	struct ts_file file = ts_file_read(TS_SOURCE_DIR "/docs/deviations.md");
	if (memmem(file.bytes, file.len, id, strlen(id)) == NULL)
		fail_msg("docs/deviations.md does not name %s", id);
	ts_file_free(&file);
}

static inline void run_case(const struct group *group, const char *path, size_t counts[VERDICTS])
{
	struct ts_file file = ts_file_read(path);
	struct ts_why why = {0};
	json_t *json = NULL;
	assert_ok(ts_json_parse(file.bytes, file.len, &json, &why));
	/* cmocka names the line of a failure, not the case: so it is printed before. */
	print_message("%s", text_of(json, "id"));
	struct outcome outcome = group->run(
		json_object_get(json, "inputs"), json_object_get(json, "expected"));
	static const char *const words[] = {"ok", "deviates", "not covered"};
	print_message(": %s %s\n", words[outcome.verdict], outcome.reason ? outcome.reason : "");
	if (outcome.verdict == DEVIATES)
		check_deviation(text_of(json, "id"));
	counts[outcome.verdict]++;
	json_decref(json);
	ts_file_free(&file);
}

static inline void run_groups(
	const char *root, const struct group *groups, size_t groups_n, size_t at_least)
{
	size_t counts[VERDICTS] = {0};
	for (size_t g = 0; g < groups_n; g++) {
		char folder[512], path[1024];
		snprintf(folder, sizeof folder, "%s/%s", root, groups[g].name);
		struct dirent **names = NULL;
		int n = scandir(folder, &names, NULL, alphasort);
		assert_true(n > 2);
		for (int i = 0; i < n; i++) {
			size_t len = strlen(names[i]->d_name);
			snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
			if (len > 5 && strcmp(names[i]->d_name + len - 5, ".json") == 0)
				run_case(&groups[g], path, counts);
			free(names[i]);
		}
		free(names);
	}
	print_message("%zu cases run, %zu deviate, %zu not covered\n", counts[RUN],
		counts[DEVIATES], counts[NOT_COVERED]);
	assert_true(counts[RUN] >= at_least);
}

#endif
