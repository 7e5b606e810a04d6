/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/catalog_files.h"
#include "service/textfile.h"

static enum ts_err add_file(struct ts_catalog *catalog, const char *path, struct ts_why *why)
{
	struct ts_buf text;
	ts_buf_init(&text, TS_CATALOG_BYTES_MAX);
	enum ts_err err = ts_textfile_read(path, &text, why);
	if (err == TS_OK)
		err = ts_catalog_add(catalog, (struct ts_str){text.data, text.len}, path, why);
	ts_buf_free(&text);
	return err;
}

enum ts_err ts_catalog_files(
	const struct ts_opt_list *files, struct ts_catalog **out, struct ts_why *why)
{
	struct ts_catalog *catalog = NULL;
	TS_TRY(ts_catalog_create(&catalog, why));
	for (size_t i = 0; i < files->n; i++) {
		enum ts_err err = add_file(catalog, files->items[i], why);
		if (err == TS_OK)
			continue;
		ts_catalog_free(catalog);
		return err;
	}
	*out = catalog;
	return TS_OK;
}
