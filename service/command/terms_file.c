/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/terms_file.h"
#include "base/json.h"
#include "service/contract/zone_table.h"
#include "service/textfile.h"
#include <jansson.h>
#include <stdlib.h>

/* A template names a zone without its offsets: this machine's table, as `contract new` takes it. */
static enum ts_err fill_zone(struct ts_buf *bytes, struct ts_why *why)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *terms = NULL;
	TS_TRY(ts_json_parse(ts_buf_str(bytes), bytes->len, &terms, why));
	const json_t *zone = json_object_get(terms, "zone");
	if (json_object_get(zone, "name") == NULL || json_object_get(zone, "offsets") != NULL)
		return TS_OK;
	TS_TRY(ts_zone_fill(terms, why));
	char *text = json_dumps(terms, JSON_COMPACT);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_reset(bytes);
	ts_buf_puts(bytes, text);
	free(text);
	return bytes->err;
}

enum ts_err ts_terms_file_read(const char *path, bool what_if, struct ts_region *region,
	const struct ts_terms **out, struct ts_why *why)
{
	struct ts_buf bytes;
	ts_buf_init(&bytes, TS_TERMS_BYTES_MAX);
	enum ts_err err = ts_textfile_read(path, &bytes, why);
	if (err == TS_OK) {
		struct ts_why inner = {0};
		err = what_if ? fill_zone(&bytes, &inner) : TS_OK;
		if (err == TS_OK)
			err = (what_if ? ts_terms_parse_what_if : ts_terms_parse)(
				ts_buf_str(&bytes), bytes.len, region, out, &inner);
		if (err == TS_OK && !what_if)
			err = ts_zone_check(ts_buf_str(&bytes), bytes.len, &inner);
		if (err != TS_OK)
			(void)ts_why(why, err, "", "%s: %s%s%s", path, inner.where,
				inner.where[0] ? ": " : "", inner.text);
	}
	ts_buf_free(&bytes);
	return err;
}
