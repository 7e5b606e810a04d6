/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_RECON_TARIFF_H
#define TS_AUDIT_RECON_TARIFF_H
/* Why: what a difference is worth. Quantities stand in slots (price x billing period); the worth of
 * a slot is its usage line by the pure rating, rounded once; a difference is worth what it changes
 * there. Starting from the partner's quantities and moving difference by difference to the
 * provider's, the changes sum to the difference of both totals, tiers and rounding included.
 * Prices of several versions and of both sides are one entry when id and content are equal. A
 * counter that is shared or runs over the term counts as the price's own in its period: tiers
 * across prices are a matter of the invoice. */
#include "audit/recon/recon.h"
#include "book/rows.h"
#include "terms/calendar.h"
#include "terms/match.h"

#define TS_TARIFF_NONE 0 /* no price applies, or outside the term: worth nothing */
#define TS_TARIFF_EXCLUDED 1
#define TS_TARIFF_FIRST 2 /* the first price */

struct ts_tariff_entry {
	const struct ts_terms *terms; /* with this one price; NULL: NONE and EXCLUDED */
	const char *id;
	const char *words; /* "2.00 EUR per GPU-hour" */
};
struct ts_tariff_slot {
	uint32_t entry;
	int64_t period_from_us;
	struct ts_period period;
	ts_i128 quantity; /* now */
	int64_t amount_minor; /* at the quantity when it was last settled */
	bool dirty; /* touched since */
};
struct ts_tariff {
	struct ts_region *region;
	struct ts_region *scratch; /* of one rating */
	const struct ts_recon_sided *side[2];
	struct ts_tariff_entry *entries;
	size_t entries_n, entries_cap;
	uint32_t *of_price[2]; /* [version x prices_max + price]: entry */
	size_t prices_max[2];
	struct ts_rowset slots;
	uint32_t *dirty; /* slots, by number */
	size_t dirty_n, dirty_cap;
	const struct ts_terms *last_terms; /* of the last period looked up */
	struct ts_period last_period;
};
enum ts_err ts_tariff_init(struct ts_tariff *t, const struct ts_recon_options *options,
	struct ts_region *region, struct ts_why *why) TS_MUST;
void ts_tariff_free(struct ts_tariff *t);

/* What a quarter-hour of usage falls under by one side's terms: the entry and, for a price, the
 * version's terms. */
uint32_t ts_tariff_entry_at(const struct ts_tariff *t, enum ts_recon_side side,
	const struct ts_usage_key *key, const struct ts_terms **terms);
/* Adds to the slot's quantity (negative takes away). Entries that are no prices: nothing. */
enum ts_err ts_tariff_add(struct ts_tariff *t, uint32_t entry, const struct ts_terms *terms,
	int64_t quarter_us, ts_i128 quantity, struct ts_why *why) TS_MUST;
/* Rates what was touched since the last call; adds to *change_minor what that changes. */
enum ts_err ts_tariff_settle(
	struct ts_tariff *t, int64_t *change_minor, struct ts_why *why) TS_MUST;
/* Every slot has the same quantity and amount in both. */
bool ts_tariff_same(const struct ts_tariff *a, const struct ts_tariff *b);

#endif
