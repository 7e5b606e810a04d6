/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch_key.h"
#include "evidence/record.h"
#include <stdlib.h>
#include <string.h>

#define KINDS 3 /* workload, resource, account: app.batch_key.kind */
/* Three keys a line; another batch starts afresh. */
#define BATCH_REGION_BYTES_MAX ((size_t)32 << 20)

struct key {
	int16_t kind;
	struct ts_str value;
};
struct keys {
	struct key *list;
	size_t n;
};

static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return x->kind != y->kind ? x->kind - y->kind : ts_str_cmp(x->value, y->value);
}

/* Neighbouring lines mostly name the same job and node: `last` spares the sort those. */
static void keys_add(struct keys *keys, struct ts_str last[KINDS], const struct ts_usage *usage)
{
	const struct ts_str values[KINDS] = {usage->workload, usage->resource, usage->account};

	for (int16_t kind = 0; kind < KINDS; kind++) {
		if (ts_str_is(values[kind], "-") ||
			(last[kind].at != NULL && ts_str_eq(values[kind], last[kind])))
			continue;
		keys->list[keys->n++] = (struct key){kind, values[kind]};
		last[kind] = values[kind];
	}
}

/* Distinct and in order, which is the order of the index too. */
static enum ts_err keys_of(
	struct ts_str lines, struct ts_region *region, struct keys *out, struct ts_why *why)
{
	struct ts_str rest = lines, line, last[KINDS] = {{NULL, 0}};
	struct keys keys = {NULL, 0};
	struct ts_record record;
	const char *reason = NULL;
	size_t lines_n = 0, n = 0;

	while (ts_str_line(&rest, &line))
		lines_n++;
	keys.list = ts_region_array(region, KINDS * lines_n + 1, sizeof *keys.list);
	if (keys.list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch_key", "out of memory");
	for (rest = lines; ts_str_line(&rest, &line);)
		if (ts_record_parse(line, &record, &reason) == TS_OK &&
			record.tag == TS_RECORD_USAGE)
			keys_add(&keys, last, &record.usage);
	qsort(keys.list, keys.n, sizeof *keys.list, by_key);
	for (size_t i = 0; i < keys.n; i++)
		if (i == 0 || by_key(&keys.list[i], &keys.list[n - 1]) != 0)
			keys.list[n++] = keys.list[i];
	*out = (struct keys){keys.list, n};
	return TS_OK;
}

enum ts_err ts_db_batch_keys_add(struct ts_db_batch_keys *all, int64_t batch_id,
	struct ts_str lines, struct ts_region *region, struct ts_why *why)
{
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *scratch = ts_region_create(
		BATCH_REGION_BYTES_MAX);
	struct ts_db_batch_key *list = NULL;
	struct keys keys = {NULL, 0};

	if (scratch == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch_key", "out of memory");
	TS_TRY(keys_of(lines, scratch, &keys, why));
	if (all->n + keys.n > all->cap) {
		size_t cap = 2 * (all->n + keys.n);

		list = ts_region_array(region, cap, sizeof *list);
		if (list == NULL)
			return ts_why(why, TS_E_NO_MEMORY, "batch_key", "out of memory");
		if (all->n > 0)
			memcpy(list, all->list, all->n * sizeof *list);
		all->list = list;
		all->cap = cap;
	}
	for (size_t i = 0; i < keys.n; i++) {
		struct ts_str value = keys.list[i].value;

		value.at = ts_region_copy(region, value.at, value.len);
		if (value.at == NULL)
			return ts_why(why, TS_E_NO_MEMORY, "batch_key", "out of memory");
		all->list[all->n++] = (struct ts_db_batch_key){batch_id, keys.list[i].kind, value};
	}
	return TS_OK;
}
