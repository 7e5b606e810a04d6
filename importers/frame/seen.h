/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_SEEN_H
#define TS_IMPORTERS_FRAME_SEEN_H
/* Why: importing a file twice must change nothing. What a row is about (its key) is remembered with
 * what it asserted (its content) and which lines of the stream carry it. In memory that is an index
 * of 8 bytes a slot (11 to 21 bytes a row); index and entries move to disk when they are large
 * (spill.h). Not thread safe. */
#include "importers/frame/row.h"

#define TS_SEEN_KEYS_MAX INT64_C(2000000000)
/* `KEY CONTENT FIRST COUNT[ GROUP]` */
#define TS_SEEN_LINE_BYTES (3 * (2 * TS_ROW_KEY_BYTES + 1) + 2 * 20 + 2)

struct ts_seen_entry {
	uint8_t key[TS_ROW_KEY_BYTES];
	uint8_t content[TS_ROW_KEY_BYTES];
	uint8_t group[TS_ROW_KEY_BYTES]; /* zeros: none */
	int64_t first; /* index of the first u1 line in the stream */
	int64_t count; /* u1 lines, one after another; 0: withdrawn, as if never seen */
};
struct ts_seen;

enum ts_err ts_seen_create(struct ts_seen **out) TS_MUST;
void ts_seen_free(struct ts_seen *seen); /* NULL is allowed */
/* Rows met from here on are those of a new run (of one delivery, whatever its files). */
void ts_seen_begin_run(struct ts_seen *seen);
/* NULL: not seen. Valid until the next put. */
const struct ts_seen_entry *ts_seen_find(
	const struct ts_seen *seen, const uint8_t key[TS_ROW_KEY_BYTES]);
/* Adds, or replaces what was remembered for the key; it is then met in this run. TS_E_LIMIT,
 * TS_E_NO_MEMORY, TS_E_IO. */
enum ts_err ts_seen_put(struct ts_seen *seen, const struct ts_seen_entry *entry) TS_MUST;
/* Of an entry that find returned. */
void ts_seen_meet(struct ts_seen *seen, const struct ts_seen_entry *entry);
bool ts_seen_is_met(const struct ts_seen *seen, const struct ts_seen_entry *entry);
size_t ts_seen_count(const struct ts_seen *seen);
/* The i-th entry, i < count, in the order of the first put. */
const struct ts_seen_entry *ts_seen_at(const struct ts_seen *seen, size_t i);

/* One line, with its LF; when a file has a key twice, the later line holds. */
size_t ts_seen_format(const struct ts_seen_entry *entry, char out[TS_SEEN_LINE_BYTES + 1]);
enum ts_err ts_seen_parse(struct ts_str line, struct ts_seen_entry *out) TS_MUST;

#endif
