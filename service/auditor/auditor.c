/* SPDX-License-Identifier: Apache-2.0 */
#include "service/auditor/auditor.h"
#include "base/time.h"
#include "evidence/log.h"
#include "service/auditor/auditor_state.h"
#include "service/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REGION_BYTES_MAX ((size_t)1 << 30)
#define STATEMENT_TIMEOUT_MS 600000
#define CONTRACTS_PER_READ 1000
#define SIGNERS_MAX 4
#define KEY_BYTES_MAX 600

const struct ts_auditor_check_def ts_auditor_checks[TS_AUDITOR_CHECKS] = {
#define X(name, code, tables, text, cost) [TS_AUDITOR_##name] = {code, tables, text, cost},
#include "service/auditor/auditor_check.def"
#undef X
};

/* --- findings --- */

/* One line of plain characters. */
static void plain(struct ts_str in, char *out, size_t size)
{
	size_t n = in.len < size - 1 ? in.len : size - 1;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)in.at[i];
		out[i] = (char)(c < 0x20 ? ' ' : c > 0x7e ? '?' : c);
	}
	out[n] = '\0';
}

enum ts_err ts_auditor_find(struct ts_auditor *a, enum ts_auditor_check check, const char *table,
	const char *key, struct ts_str expected, struct ts_str actual, struct ts_why *why)
{
	char where[KEY_BYTES_MAX], want[TS_DB_FINDING_TEXT_MAX], got[TS_DB_FINDING_TEXT_MAX];
	plain(ts_str(key), where, sizeof where);
	plain(expected, want, sizeof want);
	plain(actual, got, sizeof got);
	const struct ts_db_finding finding = {.check = ts_auditor_checks[check].name,
		.table = table,
		.key = where,
		.expected = want,
		.actual = got,
		.found_us = a->now_us};
	return ts_db_finding_add(a->db, a->contract.contract_id, &finding, why);
}

static bool of_the_machine(enum ts_err err)
{
	return err == TS_E_RETRY || err == TS_E_UNAVAILABLE || err == TS_E_UNKNOWN_OUTCOME ||
	       err == TS_E_NO_MEMORY || err == TS_E_DATABASE || err == TS_E_FORBIDDEN ||
	       err == TS_E_VERSION;
}

enum ts_err ts_auditor_excuse(struct ts_auditor *a, enum ts_auditor_check check, const char *table,
	const char *key, enum ts_err err, const struct ts_why *found, struct ts_why *why)
{
	if (of_the_machine(err))
		return ts_why(why, err, found->where, "%s",
			found->text[0] != '\0' ? found->text : ts_err_text(err));
	return ts_auditor_find(a, check, table, key, TS_STR("what can be read and followed"),
		ts_str(found->text[0] != '\0' ? found->text : ts_err_text(err)), why);
}

enum ts_err ts_auditor_signed(struct ts_auditor *a, int64_t leaf, const struct ts_note *note,
	const char *const *vkeys, size_t n, size_t need, unsigned *who, struct ts_why *why)
{
	struct ts_key keys[SIGNERS_MAX] = {0};
	struct ts_note_sig sigs[SIGNERS_MAX] = {0};
	struct ts_why found = {"", ""};
	char key[64];
	size_t valid = 0;
	TS_ASSERT(n <= SIGNERS_MAX);
	*who = 0;
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < n && err == TS_OK; i++)
		err = ts_key_parse(ts_str(vkeys[i]), &keys[i], &found);
	if (err == TS_OK)
		err = ts_note_verify(note, keys, n, sigs, &found);
	for (size_t i = 0; i < n && err == TS_OK; i++)
		if (sigs[i].valid) {
			*who |= 1u << i;
			valid++;
		}
	if (err == TS_OK && valid >= need)
		return TS_OK;
	snprintf(key, sizeof key, "log 0 idx %lld", (long long)leaf);
	return ts_auditor_find(a, TS_AUDITOR_LEAVES, "app.log_leaf", key,
		TS_STR("signed by those who may say it"),
		err != TS_OK ? ts_str(found.text) : TS_STR("a signature is missing"), why);
}

/* --- terms --- */

static enum ts_err version_finding(struct ts_auditor *a, int64_t version, struct ts_str expected,
	struct ts_str actual, struct ts_why *why)
{
	char key[64];
	a->stopped = true;
	snprintf(key, sizeof key, "version %lld", (long long)version);
	return ts_auditor_find(
		a, TS_AUDITOR_CONTRACT, "app.contract_version", key, expected, actual, why);
}

/* The terms of a version are those whose hash the contract statement in the log names. */
static enum ts_err version_terms(struct ts_auditor *a, const struct ts_db_version *version,
	struct ts_ledger_version *out, struct ts_why *why)
{
	struct ts_db_leaf_row *leaf = NULL;
	struct ts_note note;
	struct ts_contract_statement statement;
	struct ts_hash hash;
	struct ts_why found = {"", ""};
	size_t n = 0;
	TS_TRY(ts_db_log_leaves(a->db, a->contract.contract_id, TS_DB_LOCK_INPUTS, version->leaf,
		version->leaf + 1, -1, 1, a->region, &leaf, &n, why));
	if (n == 0 || ts_note_parse(leaf[0].data, &note, &found) != TS_OK ||
		ts_contract_statement_parse(note.text, &statement, &found) != TS_OK ||
		statement.version != version->version)
		return version_finding(a, version->version, TS_STR("the leaf of its statement"),
			TS_STR("another leaf"), why);
	if (!ts_str_is(statement.contract, a->contract.public_id))
		return version_finding(a, version->version, ts_str(a->contract.public_id),
			statement.contract, why);
	ts_sha256(version->terms.at, version->terms.len, &hash);
	if (!ts_hash_eq(&hash, &statement.terms))
		return version_finding(a, version->version, TS_STR("the terms that were signed"),
			TS_STR("other bytes"), why);
	out->leaf = version->leaf;
	out->from_us = statement.from_ms * TS_US_PER_MS;
	out->to_us = statement.to_ms == TS_OPEN_MS ? INT64_MAX : statement.to_ms * TS_US_PER_MS;
	if (ts_terms_parse(version->terms.at, version->terms.len, a->region, &out->terms, &found) !=
		TS_OK)
		return version_finding(
			a, version->version, TS_STR("terms"), ts_str(found.text), why);
	return TS_OK;
}

/* A contract without a version in force has an empty log. */
static enum ts_err none_in_force(struct ts_auditor *a, struct ts_why *why)
{
	struct ts_args args;
	int64_t size = 0;
	ts_args_init(&args);
	ts_arg_i64(&args, a->contract.contract_id);
	ts_arg_i16(&args, TS_DB_LOCK_INPUTS);
	TS_TRY(ts_db_audit_number(a->db, "audit_log_size", &args, &size, why));
	return size == 0 ? TS_OK
			 : version_finding(a, 1, TS_STR("in force since leaf 0"),
				   TS_STR("no version is in force"), why);
}

enum ts_err ts_auditor_terms(struct ts_auditor *a, struct ts_why *why)
{
	struct ts_db_version *versions = NULL;
	size_t n = 0;
	a->terms_n = 0;
	TS_TRY(ts_db_version_list(
		a->db, a->contract.contract_id, true, a->region, &versions, &n, why));
	if (n == 0)
		return none_in_force(a, why);
	a->terms = ts_region_array(a->region, n, sizeof *a->terms);
	a->in_force = ts_region_array(a->region, n, sizeof *a->in_force);
	if (a->terms == NULL || a->in_force == NULL)
		return TS_E_NO_MEMORY;
	a->versions = versions;
	for (size_t i = 0; i < n && !a->stopped; i++) {
		TS_TRY(version_terms(a, &versions[i], &a->in_force[i], why));
		a->terms[i] = a->in_force[i].terms;
	}
	a->terms_n = a->stopped ? 0 : n;
	return TS_OK;
}

const struct ts_terms *ts_auditor_terms_at(const struct ts_auditor *a, int64_t leaf)
{
	const struct ts_terms *terms = NULL;
	for (size_t i = 0; i < a->terms_n; i++)
		if (a->versions[i].leaf <= leaf)
			terms = a->terms[i];
	return terms;
}

/* --- transactions --- */

typedef enum ts_err (*step_fn)(struct ts_auditor *a, struct ts_why *why);
struct step {
	struct ts_auditor *a;
	step_fn run;
	struct ts_auditor_counts before;
};

/* A body may run twice: it begins from nothing. */
static enum ts_err step_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct step *s = arg;
	(void)db;
	*s->a->counts = s->before;
	ts_region_reset(s->a->region);
	ts_region_reset(s->a->scratch);
	s->a->more = s->a->stopped = false;
	s->a->terms_n = 0;
	s->a->now_us = ts_clock_now_us();
	if (s->a->contract.contract_id != 0)
		TS_TRY(ts_auditor_terms(s->a, why));
	return s->run(s->a, why);
}

/* Every step is written with its progress, so it may simply be taken again. */
static enum ts_err step(struct ts_auditor *a, step_fn run, struct ts_why *why)
{
	struct step s = {a, run, *a->counts};
	const struct ts_db_scope scope = {.contracts = &a->contract.contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.snapshot = true};
	const struct timespec second = {1, 0};
	for (int64_t waited = 0;; waited++) {
		enum ts_err err = ts_db_tx(a->db, &scope, step_tx, &s, why);
		a->counts->transactions++;
		if ((err != TS_E_UNAVAILABLE && err != TS_E_UNKNOWN_OUTCOME && err != TS_E_RETRY) ||
			waited >= a->options->patience_s)
			return err;
		nanosleep(&second, NULL);
	}
}

static enum ts_err steps(struct ts_auditor *a, step_fn run, struct ts_why *why)
{
	do
		TS_TRY(step(a, run, why));
	while (a->more && !a->stopped);
	return TS_OK;
}

/* --- one contract --- */

static enum ts_err restart(struct ts_auditor *a, struct ts_why *why)
{
	return ts_db_audit_restart(a->db, a->contract.contract_id, a->now_us, why);
}

static enum ts_err inputs(struct ts_auditor *a, struct ts_why *why)
{
	struct ts_range range;
	bool stopped = a->stopped; /* terms are no reason not to hash leaves */
	a->stopped = false;
	TS_TRY(ts_auditor_log(a, TS_DB_LOCK_INPUTS, a->step, &range, why));
	a->part->inputs_to = range.size;
	a->stopped = a->stopped || (stopped && !a->more);
	return TS_OK;
}

static enum ts_err journal(struct ts_auditor *a, struct ts_why *why)
{
	struct ts_range range;
	bool stopped = a->stopped;
	a->stopped = false;
	TS_TRY(ts_auditor_log(a, TS_DB_LOCK_JOURNAL, a->step, &range, why));
	a->part->journal_to = range.size;
	a->stopped = a->stopped || (stopped && !a->more);
	return TS_OK;
}

static enum ts_err audit(struct ts_auditor *a, struct ts_why *why)
{
	a->compared = false;
	TS_TRY(steps(a, inputs, why));
	TS_TRY(steps(a, journal, why));
	TS_TRY(steps(a, ts_auditor_witness, why));
	TS_TRY(steps(a, ts_auditor_events_step, why));
	TS_TRY(steps(a, ts_auditor_lost, why));
	do {
		TS_TRY(step(a, ts_auditor_end, why));
		a->compared = a->caught_up;
	} while (a->more && !a->stopped);
	return TS_OK;
}

struct listing {
	struct ts_auditor *a;
	struct ts_region *region;
};

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct listing *l = arg;
	struct ts_auditor_part *part = l->a->part;
	return ts_db_finding_list(db, l->a->contract.contract_id, TS_AUDITOR_FINDINGS_MAX,
		l->region, &part->findings, &part->findings_n, &part->findings_all, why);
}

static enum ts_err one(struct ts_auditor *a, struct ts_region *region,
	struct ts_auditor_report *report, struct ts_why *why)
{
	struct listing l = {a, region};
	a->part = &report->parts[report->parts_n++];
	memcpy(a->part->contract, a->contract.public_id, sizeof a->part->contract);
	if (a->full)
		TS_TRY(step(a, restart, why));
	TS_TRY(a->contract.contract_id == 0 ? step(a, ts_auditor_schema, why) : audit(a, why));
	TS_TRY(ts_db_tx_contract(a->db, a->contract.contract_id, list_tx, &l, why));
	report->findings += a->part->findings_all;
	return TS_OK;
}

/* --- all of them --- */

static enum ts_err find_contracts(struct ts_auditor *a, struct ts_region *region,
	struct ts_db_contract **out, size_t *n, struct ts_why *why)
{
	struct ts_db_contract *page = NULL;
	size_t page_n = CONTRACTS_PER_READ, cap = CONTRACTS_PER_READ;
	struct ts_db_contract *list = ts_region_array(region, cap, sizeof *list);
	int64_t after = 0;
	*n = 0;
	if (list == NULL)
		return TS_E_NO_MEMORY;
	while (page_n == CONTRACTS_PER_READ) {
		TS_TRY(ts_db_contract_list(
			a->db, 0, after, CONTRACTS_PER_READ, region, &page, &page_n, why));
		if (*n + page_n > cap) {
			struct ts_db_contract *more = ts_region_array(
				region, 2 * cap, sizeof *more);
			if (more == NULL)
				return TS_E_NO_MEMORY;
			memcpy(more, list, *n * sizeof *more);
			list = more;
			cap *= 2;
		}
		for (size_t i = 0; i < page_n; i++)
			list[(*n)++] = page[i];
		if (page_n > 0)
			after = page[page_n - 1].contract_id;
	}
	*out = list;
	return TS_OK;
}

static enum ts_err run(struct ts_auditor *a, struct ts_region *region,
	struct ts_auditor_report *report, struct ts_why *why)
{
	struct ts_db_contract *contracts = NULL;
	size_t n = 0;
	TS_TRY(ts_db_audit_alone(a->db, why));
	if (a->options->contract != NULL) {
		contracts = ts_region_alloc(region, sizeof *contracts);
		if (contracts == NULL)
			return TS_E_NO_MEMORY;
		TS_TRY(ts_db_contract_find(a->db, a->options->contract, contracts, why));
		n = 1;
	} else {
		TS_TRY(find_contracts(a, region, &contracts, &n, why));
	}
	report->parts = ts_region_array(region, n + 1, sizeof *report->parts);
	if (report->parts == NULL)
		return TS_E_NO_MEMORY;
	if (a->options->contract == NULL) {
		a->contract = (struct ts_db_contract){.contract_id = 0};
		TS_TRY(one(a, region, report, why));
	}
	for (size_t i = 0; i < n; i++) {
		a->contract = contracts[i];
		TS_TRY(one(a, region, report, why));
	}
	return TS_OK;
}

enum ts_err ts_auditor_run(const struct ts_auditor_options *options, struct ts_region *region,
	struct ts_auditor_report *report, struct ts_why *why)
{
	const struct ts_db_options db = {.conninfo = options->conninfo,
		.application_name = "tallystick audit",
		.statement_timeout_ms = STATEMENT_TIMEOUT_MS};
	struct ts_auditor a = {.options = options,
		.full = options->full,
		.step = options->step > 0 ? options->step : TS_AUDITOR_STEP,
		.counts = &report->counts,
		.region = ts_region_create(REGION_BYTES_MAX),
		.scratch = ts_region_create(REGION_BYTES_MAX)};
	*report = (struct ts_auditor_report){.findings = 0};
	enum ts_err err = a.region == NULL || a.scratch == NULL ? TS_E_NO_MEMORY
								: ts_hasher_init(&a.hasher);
	if (err == TS_OK)
		err = ts_db_open(&db, &a.db, why);
	if (err == TS_OK)
		err = run(&a, region, report, why);
	ts_db_close(a.db);
	ts_hasher_free(&a.hasher);
	ts_region_free(a.region);
	ts_region_free(a.scratch);
	return err;
}
