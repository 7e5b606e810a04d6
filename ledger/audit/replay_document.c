/* SPDX-License-Identifier: Apache-2.0 */
/* What an event must have left: entries in the journal, the document of an issue. */
#include "audit/replay_state.h"
#include <stdio.h>
#include <string.h>

/* The first line in which two leaves differ, as text for a person. */
static void show_difference(
	struct ts_replay *r, int64_t index, struct ts_str want, struct ts_str have)
{
	char text[2][TS_FINDING_TEXT_MAX];
	struct ts_str rest[2] = {want, have}, line[2] = {{NULL, 0}, {NULL, 0}};
	do {
		for (int i = 0; i < 2; i++)
			line[i] = rest[i].at != NULL ? ts_str_cut(&rest[i], '\n')
						     : (struct ts_str){"(none)", 6};
	} while (ts_str_eq(line[0], line[1]) && (rest[0].at != NULL || rest[1].at != NULL));
	for (int i = 0; i < 2; i++) {
		size_t n = line[i].len < sizeof text[i] - 1 ? line[i].len : sizeof text[i] - 1;
		for (size_t k = 0; k < n; k++)
			text[i][k] = line[i].at[k] == '\t' ? ' ' : line[i].at[k];
		text[i][n] = '\0';
	}
	ts_finding_add(r->findings, TS_CHECK_ENTRIES, TS_JOURNAL_LEAVES, index, text[0], text[1]);
}

static enum ts_err compare_entry(
	struct ts_replay *r, const struct ts_entry *entry, struct ts_buf *bytes)
{
	struct ts_str leaf = {"(the log ends)", 14};
	struct ts_hash hash;
	bool more = false;
	ts_buf_reset(bytes);
	ts_entry_leaf(entry, r->policy->contract, r->terms[0]->currency, bytes);
	TS_TRY(bytes->err);
	if (r->bundle->logs[TS_LOG_JOURNAL].leaves != NULL) {
		enum ts_err err = ts_reader_leaf(&r->journal_reader, &leaf, &more);
		if (err != TS_OK && err != TS_E_MALFORMED)
			return err;
	}
	ts_hash_leaf(r->hasher, bytes->data, bytes->len, &hash);
	if (!more || !ts_str_eq(leaf, (struct ts_str){bytes->data, bytes->len}))
		show_difference(r, r->journal.size, (struct ts_str){bytes->data, bytes->len}, leaf);
	(void)ts_range_append(r->hasher, &r->journal, &hash, NULL);
	r->report->totals.entries++;
	if (r->options->entry == NULL)
		return TS_OK;
	return r->options->entry(r->options->entry_ctx, (struct ts_str){bytes->data, bytes->len});
}

enum ts_err ts_audit_entries(struct ts_replay *r, const struct ts_postings *postings)
{
	struct ts_buf bytes;
	enum ts_err err = TS_OK;
	ts_buf_init(&bytes, TS_LEAF_BYTES_MAX);
	for (size_t i = 0; err == TS_OK && i < postings->n; i++)
		err = compare_entry(r, &postings->entries[i], &bytes);
	ts_buf_free(&bytes);
	return err;
}

/* A document that says cosigned: for each log a quorum at or above its size, before the issue. */
static void check_cosigned(
	struct ts_replay *r, const struct ts_event *event, const struct ts_audit_cut *cut)
{
	static const char *const files[2] = {"inputs.checkpoints", "journal.checkpoints"};
	const int64_t sizes[2] = {cut->inputs_to, cut->journal_size};
	if (!event->cosigned)
		return;
	for (int log = 0; log < 2; log++) {
		const struct ts_bundle_log *l = &r->bundle->logs[log];
		bool found = sizes[log] == 0;
		for (size_t i = 0; i < l->cosigned_n && !found; i++)
			found = l->cosigned[i].size >= sizes[log] &&
				l->cosigned[i].time_s * 1000 < event->at_ms;
		if (!found && r->policy->quorum >= 0)
			ts_finding_add(r->findings, TS_CHECK_COSIGNED, files[log], sizes[log],
				"a size at or above, cosigned by the quorum before the issue",
				"none");
	}
}

/* Issued or voided, every number is the next one. */
static void check_number(struct ts_replay *r, int64_t index, const char *number)
{
	char want[128];
	(void)snprintf(want, sizeof want, "%s%06lld", r->terms[0]->series,
		(long long)(ts_ledger_head(r->ledger)->documents + r->voids));
	if (strcmp(want, number) != 0)
		ts_finding_add(
			r->findings, TS_CHECK_NUMBERS, TS_INPUTS_LEAVES, index, want, number);
}

static struct ts_audit_cut *cut_of(const struct ts_replay *r, int64_t leaf)
{
	for (size_t i = 0; i < r->cuts_n; i++)
		if (r->cuts[i].leaf == leaf)
			return &r->cuts[i];
	return NULL;
}

enum ts_err ts_audit_void(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	char *number = ts_region_copy(r->region, event->number.at, event->number.len);
	if (number == NULL)
		return TS_E_NO_MEMORY;
	if (cut_of(r, event->cut) == NULL)
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"the index of a cut", "another leaf");
	check_number(r, index, number);
	r->voids++;
	ts_finding_except(r->findings, index, "a document number was voided");
	return TS_OK;
}

/* The document that stands where this one should: what a reader finds under the name is told. */
static const char *document_at(const struct ts_replay *r, size_t place)
{
	const struct ts_tar *tar = &r->bundle->tar;
	for (size_t i = 0; i < tar->n; i++)
		if (strncmp(tar->members[i].name, "documents/", 10) == 0 && place-- == 0)
			return tar->members[i].name;
	return NULL;
}

static enum ts_err check_document(
	struct ts_replay *r, int64_t index, const struct ts_invoice *invoice, bool in_journal)
{
	struct ts_hash hash;
	struct ts_str stored;
	const char *json = NULL;
	char name[TS_TAR_NAME_MAX + 1], hex[2 * TS_HASH_BYTES + 1];
	size_t len = 0;
	struct ts_audit_report *report = r->report;
	ts_region_reset(r->scratch);
	TS_TRY(ts_invoice_json(invoice, r->scratch, &json, &len));
	ts_sha256(json, len, &hash);
	TS_TRY(ts_audit_grow(r->region, &report->documents, report->documents_n, &r->documents_cap,
		sizeof *report->documents));
	struct ts_audit_document *d = &report->documents[report->documents_n++];
	*d = (struct ts_audit_document){.kind = ts_document_kind_name(invoice->kind),
		.currency = invoice->terms->currency->code,
		.sha256 = hash,
		.issue_leaf = index,
		.cosigned = !invoice->head.unwitnessed,
		.windows = invoice->head.completeness,
		.in_journal = in_journal};
	(void)snprintf(d->number, sizeof d->number, "%s", invoice->head.number);
	ts_money_format(invoice->total_minor, invoice->terms->currency, d->total);
	if (!in_journal) /* all zeros: no entry names it */
		return TS_OK;
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	(void)snprintf(name, sizeof name, "documents/%s.json", hex);
	const struct ts_tar_member *member = ts_tar_find(&r->bundle->tar, name);
	if (member == NULL) {
		const char *other = document_at(r, report->documents_n - 1);
		ts_finding_add(r->findings, TS_CHECK_DOCUMENTS, other != NULL ? other : name, index,
			name, other != NULL ? "another document" : "no document has this hash");
		return TS_OK;
	}
	if (member->size == (int64_t)len) {
		TS_TRY(ts_bundle_read(r->bundle, member, TS_JSON_BYTES_MAX, r->scratch, &stored));
		if (memcmp(stored.at, json, len) == 0)
			return TS_OK;
	}
	ts_finding_add(r->findings, TS_CHECK_DOCUMENTS, name, index, invoice->head.number,
		"other bytes than its name says");
	return TS_OK;
}

static void fill_head(struct ts_replay *r, int64_t index, const struct ts_event *event,
	const struct ts_terms *terms, struct ts_invoice_head *head)
{
	head->issue_day = event->date;
	head->due_day = event->due;
	head->contract_note = r->newest_note;
	head->inputs_origin = r->policy->log[TS_LOG_INPUTS].name;
	head->journal_origin = r->policy->log[TS_LOG_JOURNAL].name;
	head->unwitnessed = !event->cosigned;
	if (head->issue_day != ts_zone_day(&r->terms[0]->zone, event->at_ms * TS_US_PER_MS))
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"the day of its log time as the date", "another");
	if (head->due_day != head->issue_day + (int32_t)terms->due_days)
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"due days as in the terms", "others");
}

enum ts_err ts_audit_issue(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	struct ts_invoice *invoice = NULL;
	struct ts_postings postings = {NULL, 0};
	char *number = ts_region_copy(r->region, event->number.at, event->number.len);
	struct ts_audit_cut *cut = cut_of(r, event->cut);
	if (number == NULL)
		return TS_E_NO_MEMORY;
	if (cut == NULL) {
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"the index of a cut", "another leaf");
		r->stopped = true;
		return TS_OK;
	}
	struct ts_invoice_head head = {.number = number,
		.inputs_size = cut->inputs_to,
		.inputs_root = cut->inputs_root,
		.journal_size = cut->journal_size,
		.journal_root = cut->journal_root};
	struct ts_period period;
	TS_TRY(ts_ledger_period_get(r->ledger, cut->period, &period));
	fill_head(r, index, event, ts_ledger_document_terms(r->ledger, &period), &head);
	check_number(r, index, number);
	check_cosigned(r, event, cut);
	ts_audit_complete_issue(r, index, event, cut, &head);
	struct ts_ledger_event post = {.leaf = index,
		.serial = event->serial,
		.at_us = event->at_ms * TS_US_PER_MS,
		.from = r->fold.size,
		.to = r->fold.size,
		.period = cut->period};
	enum ts_err err = ts_ledger_issue(r->ledger, &post, &head, &invoice, &postings, &r->why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK) {
		ts_audit_fail(r, err == TS_E_INTERNAL ? TS_CHECK_BOOKS : TS_CHECK_EVENTS,
			TS_INPUTS_LEAVES, index, "a document that the ledger can issue");
		r->stopped = true;
		return TS_OK;
	}
	cut->issued = index;
	TS_TRY(check_document(r, index, invoice, postings.n > 0));
	return ts_audit_entries(r, &postings);
}

static enum ts_err prepayment_head(struct ts_replay *r, int64_t index, const struct ts_event *event,
	int32_t item, struct ts_invoice_head *head)
{
	struct ts_invoice *preview = NULL;
	char *number = ts_region_copy(r->region, event->number.at, event->number.len);
	if (number == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_ledger_prepayment_body(r->ledger, item, r->scratch, &preview, &r->why));
	*head = (struct ts_invoice_head){.number = number};
	fill_head(r, index, event, preview->terms, head);
	head->unwitnessed = false; /* it rests on the contract note alone */
	head->inputs_origin = head->journal_origin = NULL;
	check_number(r, index, number);
	return TS_OK;
}

enum ts_err ts_audit_prepayment(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	struct ts_invoice *invoice = NULL;
	struct ts_invoice_head head;
	struct ts_postings postings = {NULL, 0};
	int32_t item = 0;
	ts_region_reset(r->scratch);
	enum ts_err err = ts_ledger_prepayment_find(r->ledger, event->prepayment, &item, &r->why);
	if (err == TS_OK)
		err = prepayment_head(r, index, event, item, &head);
	const struct ts_ledger_event post = {.leaf = index,
		.serial = event->serial,
		.at_us = event->at_ms * TS_US_PER_MS,
		.from = r->fold.size,
		.to = r->fold.size};
	if (err == TS_OK)
		err = ts_ledger_prepayment_issue(
			r->ledger, &post, item, &head, &invoice, &postings, &r->why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK) {
		ts_audit_fail(r, err == TS_E_INTERNAL ? TS_CHECK_BOOKS : TS_CHECK_EVENTS,
			TS_INPUTS_LEAVES, index,
			"a prepayment's invoice that the ledger can issue");
		r->stopped = true;
		return TS_OK;
	}
	TS_TRY(check_document(r, index, invoice, true));
	return ts_audit_entries(r, &postings);
}
