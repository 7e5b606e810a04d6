/* SPDX-License-Identifier: Apache-2.0 */
/* A catalog file that is taken can be looked up: each of its codes is found at its own time. */
#include "fuzz/fuzz.h"
#include "importers/frame/catalog.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts_catalog *catalog = NULL;
	struct ts_why why = {0};
	if (ts_catalog_create(&catalog, &why) != TS_OK)
		return 0;
	if (ts_catalog_add(catalog, (struct ts_str){(const char *)data, size}, "fuzz", &why) ==
		TS_OK) {
		for (size_t i = 0; i < ts_catalog_count(catalog); i++) {
			const struct ts_catalog_entry *entry = ts_catalog_at(catalog, i);
			const struct ts_catalog_entry *found = NULL;
			char table[64] = "";
			memcpy(table, entry->table.at, entry->table.len);
			TS_ASSERT(ts_catalog_find(catalog, table, entry->code, entry->from_ms,
					  &found) == TS_OK);
			TS_ASSERT(found->layer >= entry->layer);
		}
	} else {
		TS_ASSERT(why.text[0] != '\0');
	}
	ts_catalog_free(catalog);
	return 0;
}
