/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/rate_joint_terms.h"
#include "terms/cover.h"
#include <string.h>

static size_t items_n(const struct ts_terms *t, enum ts_join_table table)
{
	const size_t n[TS_JOIN_TABLES] = {t->prices_n, t->fees_n, t->discounts_n, t->commitments_n,
		t->minimums_n, t->caps_n, t->slas_n};
	return n[table];
}

static const char *id_of(const struct ts_terms *t, enum ts_join_table table, size_t i)
{
	switch (table) {
	case TS_JOIN_PRICES:
		return t->prices[i].id;
	case TS_JOIN_FEES:
		return t->fees[i].id;
	case TS_JOIN_DISCOUNTS:
		return t->discounts[i].id;
	case TS_JOIN_COMMITMENTS:
		return t->commitments[i].id;
	case TS_JOIN_MINIMUMS:
		return t->minimums[i].id;
	case TS_JOIN_CAPS:
		return t->caps[i].id;
	case TS_JOIN_SLAS:
		return t->slas[i].id;
	}
	return "";
}

static bool same_price(const struct ts_terms *a, size_t x, const struct ts_terms *b, size_t y)
{
	return strcmp(a->prices[x].id, b->prices[y].id) == 0 &&
	       strcmp(a->skus[a->prices[x].sku].id, b->skus[b->prices[y].sku].id) == 0;
}

/* What goes on from one version to another: what counts in other units begins anew. */
static bool same_item(enum ts_join_table table, const struct ts_terms *a, size_t x,
	const struct ts_terms *b, size_t y)
{
	if (strcmp(id_of(a, table, x), id_of(b, table, y)) != 0)
		return false;
	if (table == TS_JOIN_PRICES)
		return same_price(a, x, b, y);
	if (table == TS_JOIN_COMMITMENTS)
		return a->commitments[x].per == b->commitments[y].per &&
		       same_price(a, a->commitments[x].price, b, b->commitments[y].price);
	if (table == TS_JOIN_DISCOUNTS)
		return (a->discounts[x].quantity == 0) == (b->discounts[y].quantity == 0);
	return table != TS_JOIN_CAPS || a->caps[x].term == b->caps[y].term;
}

static enum ts_err group_table(struct ts_joint_job *j, enum ts_join_table table)
{
	size_t widest = 0;
	for (size_t v = 0; v < j->n; v++) {
		size_t n = items_n(j->versions[v].terms, table);
		widest = n > widest ? n : widest;
	}
	j->widest[table] = widest;
	j->group[table] = ts_region_array(j->region, j->n * widest + 1, sizeof(size_t));
	if (j->group[table] == NULL)
		return TS_E_NO_MEMORY;
	for (size_t v = 0; v < j->n; v++)
		for (size_t i = 0; i < items_n(j->versions[v].terms, table); i++) {
			size_t *group = &j->group[table][v * widest + i];
			*group = SIZE_MAX;
			for (size_t w = v; w-- > 0 && *group == SIZE_MAX;)
				for (size_t k = 0; k < items_n(j->versions[w].terms, table); k++)
					if (same_item(table, j->versions[w].terms, k,
						    j->versions[v].terms, i))
						*group = j->group[table][w * widest + k];
			if (*group == SIZE_MAX)
				*group = j->groups_n[table]++;
		}
	return TS_OK;
}

static enum ts_err group_counters(struct ts_joint_job *j)
{
	size_t widest = 0;
	for (size_t v = 0; v < j->n; v++)
		widest = j->versions[v].terms->counters_n > widest
				 ? j->versions[v].terms->counters_n
				 : widest;
	j->widest_counters = widest;
	j->counters = ts_region_array(j->region, j->n * widest + 1, sizeof(size_t));
	if (j->counters == NULL)
		return TS_E_NO_MEMORY;
	for (size_t v = 0; v < j->n; v++)
		for (size_t i = 0; i < j->versions[v].terms->counters_n; i++) {
			const struct ts_counter *own = &j->versions[v].terms->counters[i];
			size_t *group = &j->counters[v * widest + i];
			*group = SIZE_MAX;
			for (size_t w = v; w-- > 0 && *group == SIZE_MAX;)
				for (size_t k = 0; k < j->versions[w].terms->counters_n; k++) {
					const struct ts_counter *c =
						&j->versions[w].terms->counters[k];
					if (strcmp(c->id, own->id) == 0 && c->term == own->term)
						*group = j->counters[w * widest + k];
				}
			if (*group == SIZE_MAX)
				*group = j->counters_n++;
		}
	return TS_OK;
}

enum ts_err ts_joint_groups(struct ts_joint_job *j)
{
	for (int table = 0; table < TS_JOIN_TABLES; table++)
		TS_TRY(group_table(j, (enum ts_join_table)table));
	return group_counters(j);
}

/* --- one period --- */

struct making {
	const struct ts_joint_job *j;
	const struct ts_period *period;
	const size_t *list;
	const int64_t *at_us;
	size_t n;
	struct ts_joint_terms *out;
	struct ts_joint_place *places[TS_JOIN_TABLES];
	size_t *where[TS_JOIN_TABLES]; /* [version * widest + item]: place */
	size_t *skus, *watches, *exclusions; /* per version: where its own begin */
};

static enum ts_err place_table(struct making *m, enum ts_join_table table)
{
	const struct ts_joint_job *j = m->j;
	size_t widest = j->widest[table], n = 0;
	size_t *groups = ts_region_array(j->region, m->n * widest + 1, sizeof *groups);
	m->places[table] = ts_region_array(j->region, m->n * widest + 1, sizeof **m->places);
	m->where[table] = ts_region_array(j->region, j->n * widest + 1, sizeof(size_t));
	if (groups == NULL || m->places[table] == NULL || m->where[table] == NULL)
		return TS_E_NO_MEMORY;
	for (size_t g = 0; g < j->groups_n[table]; g++)
		for (size_t k = 0; k < m->n; k++) {
			size_t v = m->list[k];
			for (size_t i = 0; i < items_n(j->versions[v].terms, table); i++) {
				if (j->group[table][v * widest + i] != g)
					continue;
				m->where[table][v * widest + i] = n;
				groups[n] = g;
				m->places[table][n++] = (struct ts_joint_place){v, i};
			}
		}
	m->out->join.group[table] = groups;
	m->out->places[table] = m->places[table];
	return TS_OK;
}

static size_t where(const struct making *m, enum ts_join_table table, size_t version, size_t item)
{
	return m->where[table][version * m->j->widest[table] + item];
}

static size_t total(const struct making *m, enum ts_join_table table)
{
	size_t n = 0;
	for (size_t k = 0; k < m->n; k++)
		n += items_n(m->j->versions[m->list[k]].terms, table);
	return n;
}

/* The same prices and fees of the version, in their places here; all of them where it says none. */
static enum ts_err move_cover(const struct making *m, size_t version, struct ts_cover *on)
{
	const struct ts_terms *t = m->j->versions[version].terms;
	bool *prices = ts_region_array(m->j->region, total(m, TS_JOIN_PRICES) + 1, sizeof *prices);
	bool *fees = ts_region_array(m->j->region, total(m, TS_JOIN_FEES) + 1, sizeof *fees);
	if (prices == NULL || fees == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < t->prices_n; i++)
		prices[where(m, TS_JOIN_PRICES, version, i)] = ts_cover_price(on, i);
	for (size_t i = 0; i < t->fees_n; i++)
		fees[where(m, TS_JOIN_FEES, version, i)] = ts_cover_fee(on, i);
	*on = (struct ts_cover){prices, fees};
	return TS_OK;
}

static enum ts_err put_prices(struct making *m)
{
	size_t n = total(m, TS_JOIN_PRICES);
	struct ts_price *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	int32_t *begins = ts_region_array(m->j->region, n + 1, sizeof *begins);
	if (rows == NULL || begins == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_PRICES][i];
		rows[i] = m->j->versions[p->version].terms->prices[p->item];
		rows[i].sku += m->skus[p->version];
		if (rows[i].counter > 0)
			rows[i].counter =
				1 + (int32_t)m->j->counters[p->version * m->j->widest_counters +
							    (size_t)rows[i].counter - 1];
		for (size_t k = 0; k < m->n; k++)
			if (m->list[k] == p->version)
				begins[i] = ts_zone_day(&m->j->calendar->zone, m->at_us[k]);
	}
	m->out->terms.prices = rows;
	m->out->terms.prices_n = n;
	m->out->join.begins = begins;
	return TS_OK;
}

static enum ts_err put_fees(struct making *m)
{
	size_t n = total(m, TS_JOIN_FEES);
	struct ts_fee *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_FEES][i];
		rows[i] = m->j->versions[p->version].terms->fees[p->item];
	}
	m->out->terms.fees = rows;
	m->out->terms.fees_n = n;
	return TS_OK;
}

static enum ts_err put_discounts(struct making *m)
{
	size_t n = total(m, TS_JOIN_DISCOUNTS);
	struct ts_discount *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_DISCOUNTS][i];
		rows[i] = m->j->versions[p->version].terms->discounts[p->item];
		if (rows[i].quantity > 0)
			rows[i].price = where(m, TS_JOIN_PRICES, p->version, rows[i].price);
		TS_TRY(move_cover(m, p->version, &rows[i].on));
	}
	m->out->terms.discounts = rows;
	m->out->terms.discounts_n = n;
	return TS_OK;
}

static enum ts_err put_commitments(struct making *m)
{
	size_t n = total(m, TS_JOIN_COMMITMENTS);
	struct ts_commitment *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	const struct ts_terms **windows = ts_region_array(m->j->region, n + 1, sizeof *windows);
	if (rows == NULL || windows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_COMMITMENTS][i];
		windows[i] = m->j->versions[p->version].terms;
		rows[i] = windows[i]->commitments[p->item];
		rows[i].price = where(m, TS_JOIN_PRICES, p->version, rows[i].price);
	}
	m->out->terms.commitments = rows;
	m->out->terms.commitments_n = n;
	m->out->join.windows = windows;
	return TS_OK;
}

static enum ts_err put_minimums(struct making *m)
{
	size_t n = total(m, TS_JOIN_MINIMUMS);
	struct ts_minimum *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_MINIMUMS][i];
		rows[i] = m->j->versions[p->version].terms->minimums[p->item];
		TS_TRY(move_cover(m, p->version, &rows[i].on));
	}
	m->out->terms.minimums = rows;
	m->out->terms.minimums_n = n;
	return TS_OK;
}

static enum ts_err put_caps(struct making *m)
{
	size_t n = total(m, TS_JOIN_CAPS);
	struct ts_cap *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_CAPS][i];
		rows[i] = m->j->versions[p->version].terms->caps[p->item];
		TS_TRY(move_cover(m, p->version, &rows[i].on));
	}
	m->out->terms.caps = rows;
	m->out->terms.caps_n = n;
	return TS_OK;
}

static enum ts_err put_slas(struct making *m)
{
	size_t n = total(m, TS_JOIN_SLAS);
	struct ts_sla *rows = ts_region_array(m->j->region, n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct ts_joint_place *p = &m->places[TS_JOIN_SLAS][i];
		rows[i] = m->j->versions[p->version].terms->slas[p->item];
		size_t *watches = ts_region_array(
			m->j->region, rows[i].watches_n + 1, sizeof *watches);
		if (watches == NULL)
			return TS_E_NO_MEMORY;
		for (size_t k = 0; k < rows[i].watches_n; k++)
			watches[k] = rows[i].watches[k] + m->watches[p->version];
		rows[i].watches = watches;
		rows[i].sku += m->skus[p->version];
		TS_TRY(move_cover(m, p->version, &rows[i].on));
	}
	m->out->terms.slas = rows;
	m->out->terms.slas_n = n;
	return TS_OK;
}

/* What items name by its place: SKUs, excluded classes, watches. Version behind version. */
static enum ts_err put_named(struct making *m)
{
	const struct ts_joint_job *j = m->j;
	size_t skus_n = 0, watches_n = 0, exclusions_n = 0;
	for (size_t v = 0; v < j->n; v++) {
		m->skus[v] = skus_n;
		m->watches[v] = watches_n;
		m->exclusions[v] = exclusions_n;
		skus_n += j->versions[v].terms->skus_n;
		watches_n += j->versions[v].terms->watches_n;
		exclusions_n += j->versions[v].terms->exclusions_n;
	}
	struct ts_sku *skus = ts_region_array(j->region, skus_n + 1, sizeof *skus);
	struct ts_watch *watches = ts_region_array(j->region, watches_n + 1, sizeof *watches);
	struct ts_exclusion *exclusions = ts_region_array(
		j->region, exclusions_n + 1, sizeof *exclusions);
	if (skus == NULL || watches == NULL || exclusions == NULL)
		return TS_E_NO_MEMORY;
	for (size_t v = 0; v < j->n; v++) {
		const struct ts_terms *t = j->versions[v].terms;
		for (size_t i = 0; i < t->skus_n; i++)
			skus[m->skus[v] + i] = t->skus[i];
		for (size_t i = 0; i < t->exclusions_n; i++)
			exclusions[m->exclusions[v] + i] = t->exclusions[i];
		for (size_t i = 0; i < t->watches_n; i++)
			watches[m->watches[v] + i] = (struct ts_watch){
				t->watches[i].exclusion + m->exclusions[v],
				t->watches[i].sku + m->skus[v]};
	}
	m->out->terms.skus = skus;
	m->out->terms.skus_n = skus_n;
	m->out->terms.exclusions = exclusions;
	m->out->terms.exclusions_n = exclusions_n;
	m->out->terms.watches = watches;
	m->out->terms.watches_n = watches_n;
	return TS_OK;
}

static enum ts_err put_counters(struct making *m)
{
	const struct ts_joint_job *j = m->j;
	struct ts_counter *rows = ts_region_array(j->region, j->counters_n + 1, sizeof *rows);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t v = 0; v < j->n; v++)
		for (size_t i = 0; i < j->versions[v].terms->counters_n; i++)
			rows[j->counters[v * j->widest_counters + i]] =
				j->versions[v].terms->counters[i];
	m->out->terms.counters = rows;
	m->out->terms.counters_n = j->counters_n;
	return TS_OK;
}

static size_t slot_of(const struct making *m, size_t version, size_t slot)
{
	size_t prices_n = m->j->versions[version].terms->prices_n;
	return slot < prices_n ? where(m, TS_JOIN_PRICES, version, slot)
			       : m->out->terms.prices_n + m->watches[version] + slot - prices_n;
}

static enum ts_err put_usage(struct making *m)
{
	const struct ts_joint_job *j = m->j;
	size_t measures_n = 0, fine_n = 0, used = 0, fine_used = 0;
	for (size_t k = 0; k < m->n; k++) {
		measures_n += j->versions[m->list[k]].usage.measures_n;
		fine_n += j->versions[m->list[k]].usage.fine_n;
	}
	struct ts_measure *measures = ts_region_array(j->region, measures_n + 1, sizeof *measures);
	struct ts_fine *fine = ts_region_array(j->region, fine_n + 1, sizeof *fine);
	if (measures == NULL || fine == NULL)
		return TS_E_NO_MEMORY;
	for (size_t k = 0; k < m->n; k++) {
		size_t v = m->list[k];
		const struct ts_rate_usage *own = &j->versions[v].usage;
		for (size_t i = 0; i < own->measures_n; i++)
			if (own->measures[i].period == m->period->index) {
				measures[used] = own->measures[i];
				measures[used++].price = slot_of(m, v, own->measures[i].price);
			}
		for (size_t i = 0; i < own->fine_n; i++)
			if (own->fine[i].period == m->period->index) {
				fine[fine_used] = own->fine[i];
				fine[fine_used++].price = slot_of(m, v, own->fine[i].price);
			}
	}
	m->out->usage = (struct ts_rate_usage){measures, used, fine, fine_used};
	return TS_OK;
}

enum ts_err ts_joint_terms_make(const struct ts_joint_job *j, const struct ts_period *period,
	const size_t *list, const int64_t *at_us, size_t n, struct ts_joint_terms *out)
{
	struct making m = {j, period, list, at_us, n, out, {0}, {0}, NULL, NULL, NULL};
	*out = (struct ts_joint_terms){.terms = *j->versions[j->n - 1].terms};
	m.skus = ts_region_array(j->region, j->n, sizeof *m.skus);
	m.watches = ts_region_array(j->region, j->n, sizeof *m.watches);
	m.exclusions = ts_region_array(j->region, j->n, sizeof *m.exclusions);
	if (m.skus == NULL || m.watches == NULL || m.exclusions == NULL)
		return TS_E_NO_MEMORY;
	for (int table = 0; table < TS_JOIN_TABLES; table++)
		TS_TRY(place_table(&m, (enum ts_join_table)table));
	TS_TRY(put_named(&m));
	TS_TRY(put_counters(&m));
	TS_TRY(put_prices(&m));
	TS_TRY(put_fees(&m));
	TS_TRY(put_discounts(&m));
	TS_TRY(put_commitments(&m));
	TS_TRY(put_minimums(&m));
	TS_TRY(put_caps(&m));
	TS_TRY(put_slas(&m));
	return put_usage(&m);
}
