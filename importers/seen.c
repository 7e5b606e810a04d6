/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/seen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024

/* Open addressing; a slot holds the number of its entry + 1. At most half of the slots are used. */
struct ts_seen {
	struct ts_seen_entry *entries;
	size_t n;
	uint32_t *slots;
	size_t slots_n; /* a power of two; entries has slots_n / 2 places */
};

static enum ts_err resize(struct ts_seen *seen, size_t slots_n)
{
	uint32_t *slots = calloc(slots_n, sizeof(*slots));
	struct ts_seen_entry *entries = realloc(
		seen->entries, slots_n / 2 * sizeof(*seen->entries));
	if (entries)
		seen->entries = entries;
	if (!slots || !entries) {
		free(slots);
		return TS_E_NO_MEMORY;
	}
	free(seen->slots);
	seen->slots = slots;
	seen->slots_n = slots_n;
	return TS_OK;
}

/* The slot of the key, or the free one where it belongs. Keys are hashes already. */
static size_t slot_of(const struct ts_seen *seen, const uint8_t *key)
{
	uint64_t word = 0;
	memcpy(&word, key, sizeof(word));
	size_t at = (size_t)word & (seen->slots_n - 1);
	while (seen->slots[at] &&
		memcmp(seen->entries[seen->slots[at] - 1].key, key, TS_ROW_KEY_BYTES) != 0)
		at = (at + 1) & (seen->slots_n - 1);
	return at;
}

enum ts_err ts_seen_create(struct ts_seen **out)
{
	struct ts_seen *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return TS_E_NO_MEMORY;
	if (resize(seen, SLOTS_FIRST) != TS_OK) {
		ts_seen_free(seen);
		return TS_E_NO_MEMORY;
	}
	*out = seen;
	return TS_OK;
}

void ts_seen_free(struct ts_seen *seen)
{
	if (!seen)
		return;
	free(seen->entries);
	free(seen->slots);
	free(seen);
}

const struct ts_seen_entry *ts_seen_find(
	const struct ts_seen *seen, const uint8_t key[TS_ROW_KEY_BYTES])
{
	uint32_t number = seen->slots[slot_of(seen, key)];
	return number ? &seen->entries[number - 1] : NULL;
}

enum ts_err ts_seen_put(struct ts_seen *seen, const struct ts_seen_entry *entry)
{
	size_t at = slot_of(seen, entry->key);
	if (seen->slots[at]) {
		seen->entries[seen->slots[at] - 1] = *entry;
		return TS_OK;
	}
	if (seen->n == TS_SEEN_KEYS_MAX)
		return TS_E_LIMIT;
	if (seen->n == seen->slots_n / 2) {
		TS_TRY(resize(seen, seen->slots_n * 2));
		for (size_t i = 0; i < seen->n; i++)
			seen->slots[slot_of(seen, seen->entries[i].key)] = (uint32_t)(i + 1);
		at = slot_of(seen, entry->key);
	}
	seen->entries[seen->n++] = *entry;
	seen->slots[at] = (uint32_t)seen->n;
	return TS_OK;
}

size_t ts_seen_count(const struct ts_seen *seen)
{
	return seen->n;
}

size_t ts_seen_format(const struct ts_seen_entry *entry, char out[TS_SEEN_LINE_BYTES + 1])
{
	char key[2 * TS_ROW_KEY_BYTES + 1];
	char content[2 * TS_ROW_KEY_BYTES + 1];
	ts_text_hex(entry->key, TS_ROW_KEY_BYTES, key);
	ts_text_hex(entry->content, TS_ROW_KEY_BYTES, content);
	int n = snprintf(out, TS_SEEN_LINE_BYTES + 1, "%s %s %lld %lld\n", key, content,
		(long long)entry->first, (long long)entry->count);
	TS_ASSERT(n > 0 && n <= TS_SEEN_LINE_BYTES);
	return (size_t)n;
}

enum ts_err ts_seen_parse(struct ts_str line, struct ts_seen_entry *out)
{
	struct ts_seen_entry entry;
	TS_TRY(ts_text_unhex(ts_str_cut(&line, ' '), entry.key, sizeof(entry.key)));
	TS_TRY(ts_text_unhex(ts_str_cut(&line, ' '), entry.content, sizeof(entry.content)));
	TS_TRY(ts_text_u63(ts_str_cut(&line, ' '), &entry.first));
	TS_TRY(ts_text_u63(line, &entry.count));
	*out = entry;
	return TS_OK;
}
