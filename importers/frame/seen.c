/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/seen.h"
#include "importers/frame/spill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024
#define INDEX_CAP_BYTES ((size_t)64 << 20) /* then on disk: from 6 million rows on */
#define ENTRIES_CAP_BYTES ((size_t)32 << 20) /* 524,288 rows; then on disk */

/* Open addressing, at most three quarters full. A slot is 0, or the number of its entry + 1 with 32
 * bits of the key above it: entries of other keys are hardly ever looked at. A slot's place follows
 * from those bits' upper ones, so that growing goes through old and new slots in order and never
 * through the entries. */
struct ts_seen {
	struct ts_spill entries;
	struct ts_spill slots;
	struct ts_spill met; /* one bit an entry */
	size_t n;
	size_t slots_n; /* a power of two */
};

static struct ts_seen_entry *entry_at(const struct ts_seen *seen, size_t i)
{
	return (struct ts_seen_entry *)seen->entries.data + i;
}

static uint32_t tag_of(const uint8_t *key)
{
	uint32_t tag = 0;
	memcpy(&tag, key, sizeof(tag)); /* keys are hashes already */
	return tag;
}

static size_t place_of(uint32_t tag, size_t slots_n)
{
	return (size_t)((uint64_t)tag * slots_n >> 32);
}

/* The slot of the key, or the free one where it belongs. */
static uint64_t *slot_of(const struct ts_seen *seen, const uint8_t *key)
{
	uint64_t *slots = seen->slots.data;
	uint32_t tag = tag_of(key);
	size_t at = place_of(tag, seen->slots_n);
	while (slots[at]) {
		size_t number = (size_t)(slots[at] & UINT32_MAX) - 1;
		if (slots[at] >> 32 == tag &&
			memcmp(entry_at(seen, number)->key, key, TS_ROW_KEY_BYTES) == 0)
			break;
		at = (at + 1) & (seen->slots_n - 1);
	}
	return &slots[at];
}

static enum ts_err grow_slots(struct ts_seen *seen, size_t slots_n)
{
	struct ts_spill grown;
	ts_spill_init(&grown, INDEX_CAP_BYTES);
	TS_TRY(ts_spill_grow(&grown, slots_n * sizeof(uint64_t)));
	const uint64_t *from = seen->slots.data;
	uint64_t *to = grown.data;
	for (size_t i = 0; i < seen->slots_n; i++) {
		if (!from[i])
			continue;
		size_t at = place_of((uint32_t)(from[i] >> 32), slots_n);
		while (to[at])
			at = (at + 1) & (slots_n - 1);
		to[at] = from[i];
	}
	ts_spill_free(&seen->slots);
	seen->slots = grown;
	seen->slots_n = slots_n;
	return TS_OK;
}

enum ts_err ts_seen_create(struct ts_seen **out)
{
	struct ts_seen *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return TS_E_NO_MEMORY;
	ts_spill_init(&seen->entries, ENTRIES_CAP_BYTES);
	ts_spill_init(&seen->met, INDEX_CAP_BYTES);
	ts_spill_init(&seen->slots, INDEX_CAP_BYTES);
	enum ts_err err = grow_slots(seen, SLOTS_FIRST);
	if (err != TS_OK) {
		ts_seen_free(seen);
		return err;
	}
	*out = seen;
	return TS_OK;
}

void ts_seen_free(struct ts_seen *seen)
{
	if (!seen)
		return;
	ts_spill_free(&seen->entries);
	ts_spill_free(&seen->slots);
	ts_spill_free(&seen->met);
	free(seen);
}

void ts_seen_begin_run(struct ts_seen *seen)
{
	if (seen->met.bytes)
		memset(seen->met.data, 0, seen->met.bytes);
}

const struct ts_seen_entry *ts_seen_find(
	const struct ts_seen *seen, const uint8_t key[TS_ROW_KEY_BYTES])
{
	uint64_t slot = *slot_of(seen, key);
	return slot ? entry_at(seen, (size_t)(slot & UINT32_MAX) - 1) : NULL;
}

void ts_seen_meet(struct ts_seen *seen, const struct ts_seen_entry *entry)
{
	size_t i = (size_t)(entry - entry_at(seen, 0));
	uint8_t *met = seen->met.data;
	met[i / 8] = (uint8_t)(met[i / 8] | 1u << (i % 8));
}

bool ts_seen_is_met(const struct ts_seen *seen, const struct ts_seen_entry *entry)
{
	size_t i = (size_t)(entry - entry_at(seen, 0));
	const uint8_t *met = seen->met.data;
	return (met[i / 8] >> (i % 8) & 1) != 0;
}

/* Makes room for one more entry. */
static enum ts_err grow_entries(struct ts_seen *seen)
{
	size_t need = (seen->n + 1) * sizeof(struct ts_seen_entry);
	size_t step = seen->entries.bytes < ((size_t)64 << 20) ? seen->entries.bytes
							       : (size_t)64 << 20;
	if (need > seen->entries.bytes)
		TS_TRY(ts_spill_grow(&seen->entries, need + step));
	if (seen->n / 8 + 1 > seen->met.bytes)
		TS_TRY(ts_spill_grow(&seen->met, seen->met.bytes * 2 + 64));
	return TS_OK;
}

enum ts_err ts_seen_put(struct ts_seen *seen, const struct ts_seen_entry *entry)
{
	uint64_t *slot = slot_of(seen, entry->key);
	if (!*slot) {
		if ((int64_t)seen->n == TS_SEEN_KEYS_MAX)
			return TS_E_LIMIT;
		TS_TRY(grow_entries(seen));
		if (seen->n >= seen->slots_n / 4 * 3) {
			TS_TRY(grow_slots(seen, seen->slots_n * 2));
			slot = slot_of(seen, entry->key);
		}
		seen->n++;
		*slot = (uint64_t)tag_of(entry->key) << 32 | (uint64_t)seen->n;
	}
	struct ts_seen_entry *place = entry_at(seen, (size_t)(*slot & UINT32_MAX) - 1);
	*place = *entry;
	ts_seen_meet(seen, place);
	return TS_OK;
}

size_t ts_seen_count(const struct ts_seen *seen)
{
	return seen->n;
}

const struct ts_seen_entry *ts_seen_at(const struct ts_seen *seen, size_t i)
{
	TS_ASSERT(i < seen->n);
	return entry_at(seen, i);
}

size_t ts_seen_format(const struct ts_seen_entry *entry, char out[TS_SEEN_LINE_BYTES + 1])
{
	static const uint8_t none[TS_ROW_KEY_BYTES] = {0};
	char key[2 * TS_ROW_KEY_BYTES + 1];
	char content[2 * TS_ROW_KEY_BYTES + 1];
	char group[2 * TS_ROW_KEY_BYTES + 1] = "";
	ts_text_hex(entry->key, TS_ROW_KEY_BYTES, key);
	ts_text_hex(entry->content, TS_ROW_KEY_BYTES, content);
	if (memcmp(entry->group, none, sizeof(none)) != 0)
		ts_text_hex(entry->group, TS_ROW_KEY_BYTES, group);
	int n = snprintf(out, TS_SEEN_LINE_BYTES + 1, "%s %s %lld %lld%s%s\n", key, content,
		(long long)entry->first, (long long)entry->count, group[0] ? " " : "", group);
	TS_ASSERT(n > 0 && n <= TS_SEEN_LINE_BYTES);
	return (size_t)n;
}

enum ts_err ts_seen_parse(struct ts_str line, struct ts_seen_entry *out)
{
	struct ts_seen_entry entry = {0};
	TS_TRY(ts_text_unhex(ts_str_cut(&line, ' '), entry.key, sizeof(entry.key)));
	TS_TRY(ts_text_unhex(ts_str_cut(&line, ' '), entry.content, sizeof(entry.content)));
	TS_TRY(ts_text_u63(ts_str_cut(&line, ' '), &entry.first));
	TS_TRY(ts_text_u63(ts_str_cut(&line, ' '), &entry.count));
	if (line.at)
		TS_TRY(ts_text_unhex(line, entry.group, sizeof(entry.group)));
	*out = entry;
	return TS_OK;
}
