/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Buckets count in millionths of a request, so that refill per microsecond is whole. Entries are
 * bounded: a slot is reused once its bucket is full again and nothing of it is in flight. */
#define RATE_SLOTS 1024
#define RATE_PROBES 16
#define UNIT INT64_C(1000000)

struct rate_slot {
	char token_id[TS_TOKEN_ID_CHARS + 1];
	int64_t tokens; /* in 1/UNIT */
	int64_t at_mono_us;
	int64_t in_flight;
	size_t held; /* bytes of answers that are on their way */
};
struct ts_rate {
	pthread_mutex_t lock;
	int64_t per_s;
	int64_t burst;
	int64_t in_flight_max;
	struct rate_slot slot[RATE_SLOTS];
};

struct ts_rate *ts_rate_create(int64_t per_s, int64_t burst, int64_t in_flight_max)
{
	TS_ASSERT(per_s > 0 && per_s <= 1000000 && burst > 0 && burst <= 1000000 &&
		  in_flight_max > 0);
	struct ts_rate *rate = calloc(1, sizeof(*rate));
	if (rate == NULL)
		return NULL;
	TS_ASSERT(pthread_mutex_init(&rate->lock, NULL) == 0);
	rate->per_s = per_s;
	rate->burst = burst;
	rate->in_flight_max = in_flight_max;
	return rate;
}

void ts_rate_free(struct ts_rate *rate)
{
	if (rate == NULL)
		return;
	pthread_mutex_destroy(&rate->lock);
	free(rate);
}

static void rate_refill(const struct ts_rate *rate, struct rate_slot *slot, int64_t mono_us)
{
	int64_t full = rate->burst * UNIT;
	int64_t passed_us = mono_us - slot->at_mono_us;
	slot->at_mono_us = mono_us;
	if (passed_us > full / rate->per_s || slot->tokens + passed_us * rate->per_s > full)
		slot->tokens = full;
	else if (passed_us > 0)
		slot->tokens += passed_us * rate->per_s;
}

static uint32_t rate_hash(const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (; *id != '\0'; id++)
		hash = (hash ^ (unsigned char)*id) * 16777619u;
	return hash;
}

/* The token's slot, a free one, or one that can be reused; NULL when the neighbourhood is busy. */
static struct rate_slot *rate_find(struct ts_rate *rate, const char *id, int64_t mono_us)
{
	uint32_t hash = rate_hash(id);
	struct rate_slot *spare = NULL;
	for (uint32_t i = 0; i < RATE_PROBES; i++) {
		struct rate_slot *slot = &rate->slot[(hash + i) % RATE_SLOTS];
		if (strcmp(slot->token_id, id) == 0)
			return slot;
		if (slot->token_id[0] != '\0')
			rate_refill(rate, slot, mono_us);
		if (spare == NULL && slot->in_flight == 0 &&
			(slot->token_id[0] == '\0' || slot->tokens == rate->burst * UNIT))
			spare = slot;
	}
	if (spare != NULL) {
		memset(spare, 0, sizeof(*spare));
		memcpy(spare->token_id, id, strnlen(id, TS_TOKEN_ID_CHARS));
		spare->tokens = rate->burst * UNIT;
		spare->at_mono_us = mono_us;
	}
	return spare;
}

enum ts_err ts_rate_enter(
	struct ts_rate *rate, const char *token_id, int64_t mono_us, struct ts_rate_state *state)
{
	enum ts_err err = TS_E_BUSY;
	*state = (struct ts_rate_state){.limit = rate->burst, .reset_s = 1};
	pthread_mutex_lock(&rate->lock);
	struct rate_slot *slot = rate_find(rate, token_id, mono_us);
	if (slot != NULL) {
		rate_refill(rate, slot, mono_us);
		if (slot->tokens >= UNIT && slot->in_flight < rate->in_flight_max) {
			slot->tokens -= UNIT;
			slot->in_flight++;
			err = TS_OK;
		}
		state->remaining = slot->tokens / UNIT;
		int64_t missing = rate->burst * UNIT - slot->tokens;
		state->reset_s = 1 + missing / (rate->per_s * UNIT);
	}
	pthread_mutex_unlock(&rate->lock);
	return err;
}

/* The slot of a token that has something in flight. */
static struct rate_slot *rate_flying(struct ts_rate *rate, const char *token_id)
{
	uint32_t hash = rate_hash(token_id);
	for (uint32_t i = 0; i < RATE_PROBES; i++) {
		struct rate_slot *slot = &rate->slot[(hash + i) % RATE_SLOTS];
		if (slot->in_flight > 0 && strcmp(slot->token_id, token_id) == 0)
			return slot;
	}
	return NULL;
}

bool ts_rate_hold(struct ts_rate *rate, const char *token_id, size_t bytes, size_t most)
{
	pthread_mutex_lock(&rate->lock);
	struct rate_slot *slot = rate_flying(rate, token_id);
	TS_ASSERT(slot != NULL);
	bool fits = slot->held <= most && bytes <= most - slot->held;
	if (fits)
		slot->held += bytes;
	pthread_mutex_unlock(&rate->lock);
	return fits;
}

void ts_rate_leave(struct ts_rate *rate, const char *token_id, size_t held)
{
	pthread_mutex_lock(&rate->lock);
	struct rate_slot *slot = rate_flying(rate, token_id);
	TS_ASSERT(slot != NULL && slot->held >= held);
	slot->in_flight--;
	slot->held -= held;
	pthread_mutex_unlock(&rate->lock);
}
