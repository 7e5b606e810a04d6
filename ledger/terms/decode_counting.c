/* SPDX-License-Identifier: Apache-2.0 */
/* Which excluded usage counts toward commitments and minimums, and as what. */
#include "terms/decode.h"
#include <string.h>

static enum ts_err check_exclusion(const struct ts_decode *d, size_t i, struct ts_exclusion *e)
{
	char at[TS_TERMS_POINTER_CHARS];
	ts_decode_pointer(at, "", "exclusions", i);
	bool provider = e->caused_by != NULL && strcmp(e->caused_by, "provider") == 0;
	if (e->caused_by != NULL && !provider && strcmp(e->caused_by, "consumer") != 0 &&
		strcmp(e->caused_by, "other") != 0)
		return ts_why(d->why, TS_E_INVALID, at,
			"caused_by \"%s\" must be provider, consumer or other", e->caused_by);
	if (e->counts_as == NULL && !provider)
		return TS_OK;
	if (e->counts_as == NULL) /* it would count; as what is not said */
		return d->terms->commitments_n + d->terms->minimums_n == 0
			       ? TS_OK
			       : ts_why(d->why, TS_E_INVALID, at,
					 "what the provider causes counts toward commitments: say "
					 "counts_as, the class of a price, or counts_as \"none\"");
	if (strcmp(e->counts_as, "none") == 0)
		return TS_OK;
	bool found = false;
	for (size_t p = 0; p < d->terms->prices_n; p++) {
		if (strcmp(d->terms->prices[p].pricing_class, e->counts_as) != 0)
			continue;
		found = true;
		if (d->terms->prices[p].model != TS_PRICE_PER_UNIT)
			return ts_why(d->why, TS_E_INVALID, at,
				"price \"%s\" of class \"%s\" is not per_unit: what is not "
				"billed has no place in its tiers",
				d->terms->prices[p].id, e->counts_as);
	}
	if (!found)
		return ts_why(
			d->why, TS_E_INVALID, at, "no price has the class \"%s\"", e->counts_as);
	e->counts = true;
	return TS_OK;
}

static bool is_watched(const struct ts_terms *t, size_t n, size_t exclusion, size_t sku)
{
	for (size_t i = 0; i < n; i++)
		if (t->watches[i].exclusion == exclusion && t->watches[i].sku == sku)
			return true;
	return false;
}

enum ts_err ts_decode_counting(const struct ts_decode *d)
{
	struct ts_terms *t = d->terms;
	size_t n = t->watches_n;
	struct ts_exclusion *rows = (struct ts_exclusion *)(uintptr_t)t->exclusions;
	struct ts_watch *list = ts_region_array(
		d->region, n + t->exclusions_n * t->prices_n + 1, sizeof *list);
	if (!list)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	if (n > 0)
		memcpy(list, t->watches, n * sizeof *list);
	t->watches = list;
	for (size_t i = 0; i < t->exclusions_n; i++) {
		TS_TRY(check_exclusion(d, i, &rows[i]));
		for (size_t p = 0; rows[i].counts && p < t->prices_n; p++)
			if (strcmp(t->prices[p].pricing_class, rows[i].counts_as) == 0 &&
				!is_watched(t, n, i, t->prices[p].sku))
				list[n++] = (struct ts_watch){i, t->prices[p].sku};
	}
	t->watches_n = n;
	return TS_OK;
}
