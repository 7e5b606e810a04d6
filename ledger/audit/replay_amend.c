/* SPDX-License-Identifier: Apache-2.0 */
/* Amendments and notices: what they change is known before the event that folds them folds
 * anything. A version that reaches back needs the cells so far: they are kept only when the log
 * holds a leaf that may ask for them. */
#include "audit/replay_state.h"
#include "terms/amendment.h"
#include <string.h>

struct cell_row {
	int64_t quarter_us;
	const char *sku, *pricing_class;
	const char *account, *origin; /* "" unless the terms need them */
	ts_i128 quantity;
};

static uint64_t cell_hash(const void *row)
{
	const struct cell_row *c = row;
	uint64_t h = ts_hash_text(ts_hash_mix(1, (uint64_t)c->quarter_us), c->sku);
	h = ts_hash_text(ts_hash_mix(h, 0), c->pricing_class);
	return ts_hash_text(ts_hash_text(h, c->account), c->origin);
}

static bool cell_same(const void *a, const void *b)
{
	const struct cell_row *x = a, *y = b;
	return x->quarter_us == y->quarter_us && strcmp(x->sku, y->sku) == 0 &&
	       strcmp(x->pricing_class, y->pricing_class) == 0 &&
	       strcmp(x->account, y->account) == 0 && strcmp(x->origin, y->origin) == 0;
}

static bool may_amend(struct ts_str leaf)
{
	struct ts_note note;
	struct ts_why none;
	enum ts_leaf_kind kind;
	struct ts_event event;
	enum ts_statement_kind format = ts_statement_kind(leaf);
	if (format == TS_STATEMENT_CONTRACT)
		return true;
	return format == TS_STATEMENT_EVENT && ts_leaf_parse(leaf, &kind, &note, &none) == TS_OK &&
	       ts_event_parse(note.text, &event, &none) == TS_OK && event.kind == TS_EVENT_NOTICE;
}

static enum ts_err refuse(
	struct ts_replay *r, int64_t index, const char *expected, const char *actual)
{
	ts_finding_add(r->findings, TS_CHECK_TERMS, TS_INPUTS_LEAVES, index, expected, actual);
	return TS_E_INVALID;
}

enum ts_err ts_audit_amend_begin(struct ts_replay *r)
{
	const struct ts_bundle_log *inputs = &r->bundle->logs[TS_LOG_INPUTS];
	struct ts_reader ahead;
	struct ts_str leaf;
	bool more = true;
	ts_rowset_init(&r->cells, r->region, sizeof(struct cell_row), cell_hash, cell_same);
	TS_TRY(ts_reader_init(&ahead, r->bundle->source, r->region));
	ts_reader_open(&ahead, inputs->leaves->offset, inputs->leaves->size, 0);
	for (int64_t index = 0; !r->keeps_cells; index++) {
		enum ts_err err = ts_reader_leaf(&ahead, &leaf, &more);
		if (err == TS_E_MALFORMED || (err == TS_OK && !more))
			return TS_OK;
		TS_TRY(err);
		r->keeps_cells = (index > 0 || r->bundle->manifest.has_state) && may_amend(leaf);
	}
	if (r->bundle->manifest.has_state)
		return refuse(r, -1, "a bundle from genesis",
			"a state before an amendment or notice, which may reach behind it");
	return TS_OK;
}

/* One text with a NUL behind it. */
static const char *ended(struct ts_str text, char out[TS_RECORD_BYTES_MAX + 1])
{
	TS_ASSERT(text.len <= TS_RECORD_BYTES_MAX);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
	return out;
}

enum ts_err ts_audit_keep_cells(struct ts_replay *r, const struct ts_usage_cell *cells, size_t n)
{
	char texts[4][TS_RECORD_BYTES_MAX + 1];
	struct ts_terms_needs needs = ts_ledger_needs(r->ledger);
	for (size_t i = 0; r->keeps_cells && i < n; i++) {
		struct ts_str none = TS_STR("");
		struct cell_row key = {.quarter_us = cells[i].quarter_us,
			.sku = ended(cells[i].sku, texts[0]),
			.pricing_class = ended(cells[i].pricing_class, texts[1]),
			.account = ended(needs.account ? cells[i].account : none, texts[2]),
			.origin = ended(needs.origin ? cells[i].origin : none, texts[3])};
		void *found = ts_rowset_find(&r->cells, &key);
		if (found == NULL) { /* the texts are kept once per cell */
			const char **kept[] = {
				&key.sku, &key.pricing_class, &key.account, &key.origin};
			for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++) {
				*kept[k] = ts_region_copy(r->region, *kept[k], strlen(*kept[k]));
				if (*kept[k] == NULL)
					return TS_E_NO_MEMORY;
			}
			TS_TRY(ts_rowset_add(&r->cells, &key, &found));
		}
		struct cell_row *row = found;
		TS_TRY(ts_add128(row->quantity, cells[i].quantity, &row->quantity));
	}
	return TS_OK;
}

/* What the terms say about keys must be what the policy says, and in an amendment what was before.
 */
static void check_keys(struct ts_replay *r, const struct ts_terms *terms, const char *file)
{
	char vkey[TS_VKEY_CHARS];
	const struct {
		const struct ts_key *policy;
		const char *terms;
		bool first; /* an amendment may change it */
	} pairs[] = {
		{&r->policy->party[TS_SIDE_PROVIDER], terms->provider.statement_key, true},
		{&r->policy->party[TS_SIDE_CONSUMER], terms->consumer.statement_key, true},
		{&r->policy->log[TS_LOG_INPUTS], terms->keys.inputs_log, false},
		{&r->policy->log[TS_LOG_JOURNAL], terms->keys.journal_log, false},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if ((terms->version == 1 || !pairs[i].first) &&
			strcmp(ts_key_format(pairs[i].policy, vkey), pairs[i].terms) != 0)
			ts_finding_add(r->findings, TS_CHECK_TERMS, file, -1, vkey, pairs[i].terms);
	if (strcmp(terms->contract, r->policy->contract) != 0)
		ts_finding_add(r->findings, TS_CHECK_CONTRACT, file, -1, r->policy->contract,
			terms->contract);
}

enum ts_err ts_audit_terms(struct ts_replay *r, int64_t index,
	const struct ts_contract_statement *statement, const struct ts_terms **out)
{
	const char *file = ts_region_printf(
		r->region, "terms/%lld.json", (long long)statement->version);
	struct ts_str bytes;
	struct ts_hash hash;
	if (file == NULL)
		return TS_E_NO_MEMORY;
	const struct ts_tar_member *member = ts_tar_find(&r->bundle->tar, file);
	if (member == NULL || member->size > TS_TERMS_BYTES_MAX) {
		ts_finding_add(r->findings, TS_CHECK_TERMS, file, index, "the signed terms",
			member == NULL ? "no such member" : "more than 1 MiB");
		return TS_E_INVALID;
	}
	TS_TRY(ts_bundle_read(r->bundle, member, TS_TERMS_BYTES_MAX, r->region, &bytes));
	ts_sha256(bytes.at, bytes.len, &hash);
	if (!ts_hash_eq(&hash, &statement->terms)) {
		ts_finding_hash(r->findings, TS_CHECK_TERMS, file, index, &statement->terms, &hash);
		return TS_E_INVALID;
	}
	enum ts_err err = ts_terms_parse(bytes.at, bytes.len, r->region, out, &r->why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK || (*out)->version != statement->version) {
		ts_audit_fail(r, TS_CHECK_TERMS, file, index, "terms as in terms.md");
		return TS_E_INVALID;
	}
	check_keys(r, *out, file);
	return TS_OK;
}

enum ts_err ts_audit_add_version(struct ts_replay *r, int64_t index,
	const struct ts_contract_statement *statement, const struct ts_terms *terms)
{
	TS_TRY(ts_audit_grow(r->region, &r->terms, r->terms_n, &r->terms_cap, sizeof *r->terms));
	TS_TRY(ts_audit_grow(
		r->region, &r->versions, r->terms_n, &r->versions_cap, sizeof *r->versions));
	r->terms[r->terms_n] = terms;
	r->versions[r->terms_n++] = (struct ts_ledger_version){.terms = terms,
		.leaf = index,
		.from_us = statement->from_ms * TS_US_PER_MS,
		.to_us = statement->to_ms == TS_OPEN_MS ? INT64_MAX
							: statement->to_ms * TS_US_PER_MS};
	return TS_OK;
}

enum ts_err ts_audit_version(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	struct ts_contract_statement s;
	const struct ts_terms *terms = NULL;
	if (ts_contract_statement_parse(note->text, &s, &r->why) != TS_OK)
		return TS_OK; /* the fold cursor's finding */
	if (r->terms_n == 0 || s.version != (int64_t)r->terms_n + 1 ||
		!ts_hash_eq(&s.previous, &r->newest_note))
		return refuse(r, index, "the next version, naming the one before", "another");
	if (r->at_ms >= s.offer_until_ms)
		return refuse(r, index, "signed before offer-until", "the offer had lapsed");
	TS_TRY(ts_audit_terms(r, index, &s, &terms));
	if (ts_amendment_check(r->terms[r->terms_n - 1], terms, s.from_ms * TS_US_PER_MS,
		    s.to_ms == TS_OPEN_MS ? INT64_MAX : s.to_ms * TS_US_PER_MS, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_TERMS, TS_INPUTS_LEAVES, index,
			"an amendment of the version before");
		return TS_E_INVALID;
	}
	ts_statement_hash(note->text, &r->newest_note);
	TS_TRY(ts_key_parse(ts_str(terms->keys.operator_key), &r->operator_key, &r->why));
	return ts_audit_add_version(r, index, &s, terms);
}

enum ts_err ts_audit_notice(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	TS_TRY(ts_audit_grow(
		r->region, &r->notices, r->notices_n, &r->notices_cap, sizeof *r->notices));
	r->notices[r->notices_n++] = (struct ts_ledger_notice){index, event->end_ms * TS_US_PER_MS};
	return TS_OK;
}

static enum ts_err cells_of(struct ts_replay *r, const struct ts_ledger_amendment *amendment,
	struct ts_usage_cell **out, size_t *n)
{
	*n = 0;
	ts_region_reset(r->scratch);
	*out = ts_region_array(r->scratch, r->cells.n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < r->cells.n; i++) {
		const struct cell_row *row = ts_rowset_at(&r->cells, i);
		if (row->quantity != 0 && row->quarter_us >= amendment->from_us &&
			row->quarter_us < amendment->to_us)
			(*out)[(*n)++] = (struct ts_usage_cell){.quarter_us = row->quarter_us,
				.sku = ts_str(row->sku),
				.pricing_class = ts_str(row->pricing_class),
				.quantity = row->quantity,
				.account = ts_str(row->account),
				.origin = ts_str(row->origin)};
	}
	return TS_OK;
}

/* Those with a leaf below N; the others wait for the next event. */
static size_t due_notices(const struct ts_replay *r, int64_t to)
{
	size_t n = 0;
	while (n < r->notices_n && r->notices[n].leaf < to)
		n++;
	return n;
}

enum ts_err ts_audit_amend(struct ts_replay *r, int64_t to, int64_t at_us, int32_t day)
{
	struct ts_ledger_amendment amendment;
	struct ts_usage_cell *cells = NULL;
	size_t n = 0, notices_n = due_notices(r, to);
	struct ts_ledger_event event = {.at_us = at_us, .from = r->fold.size, .to = to, .day = day};
	ts_ledger_amends(r->ledger, &event, r->notices, notices_n, &amendment);
	r->notices_n -= notices_n;
	if (notices_n > 0 && r->notices_n > 0)
		memmove(r->notices, r->notices + notices_n, r->notices_n * sizeof *r->notices);
	if (!amendment.any)
		return TS_OK;
	TS_TRY(cells_of(r, &amendment, &cells, &n));
	enum ts_err err = ts_ledger_rematch(r->ledger, &event, &amendment, cells, n, &r->why);
	if (err == TS_E_NO_MEMORY || err == TS_OK)
		return err;
	ts_audit_fail(r, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, r->fold.size,
		"an amendment that the ledger can take");
	r->stopped = true;
	return TS_OK;
}
