/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SEEN_H
#define TS_IMPORTERS_SEEN_H
/* Why: importing a file twice must change nothing. What a row is about (its key) is remembered with
 * what it asserted (its content) and which lines of the stream carry it. Not thread safe. */
#include "importers/source.h"

#define TS_SEEN_KEYS_MAX 4000000 /* 230 MB; then the stream starts a new generation */
#define TS_SEEN_LINE_BYTES (2 * 2 * TS_ROW_KEY_BYTES + 1 + 2 * 20 + 2)

struct ts_seen_entry {
	uint8_t key[TS_ROW_KEY_BYTES];
	uint8_t content[TS_ROW_KEY_BYTES];
	int64_t first; /* index of the first u1 line in the stream */
	int64_t count; /* u1 lines, one after another */
};
struct ts_seen;

enum ts_err ts_seen_create(struct ts_seen **out) TS_MUST;
void ts_seen_free(struct ts_seen *seen); /* NULL is allowed */
/* NULL: not seen. Valid until the next put. */
const struct ts_seen_entry *ts_seen_find(
	const struct ts_seen *seen, const uint8_t key[TS_ROW_KEY_BYTES]);
/* Adds, or replaces what was remembered for the key. TS_E_LIMIT, TS_E_NO_MEMORY. */
enum ts_err ts_seen_put(struct ts_seen *seen, const struct ts_seen_entry *entry) TS_MUST;
size_t ts_seen_count(const struct ts_seen *seen);

/* One line `KEY CONTENT FIRST COUNT LF`; when a file has a key twice, the later line holds. */
size_t ts_seen_format(const struct ts_seen_entry *entry, char out[TS_SEEN_LINE_BYTES + 1]);
enum ts_err ts_seen_parse(struct ts_str line, struct ts_seen_entry *out) TS_MUST;

#endif
