/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include "evidence/key.h"
#include "evidence/origin.h"
#include <stdio.h>
#include <string.h>

struct raw_evidence {
	struct ts_terms_keys keys;
	const json_t *witnesses;
};
static const struct ts_json_field evidence_fields[] = {
	{"domain", TS_JSON_STRING, true, offsetof(struct raw_evidence, keys.domain), 1, 100},
	{"operator_key", TS_JSON_STRING, true, offsetof(struct raw_evidence, keys.operator_key), 1,
		TS_VKEY_CHARS},
	{"receipt_key", TS_JSON_STRING, true, offsetof(struct raw_evidence, keys.receipt_key), 1,
		TS_VKEY_CHARS},
	{"inputs_log", TS_JSON_STRING, true, offsetof(struct raw_evidence, keys.inputs_log), 1,
		TS_VKEY_CHARS},
	{"journal_log", TS_JSON_STRING, true, offsetof(struct raw_evidence, keys.journal_log), 1,
		TS_VKEY_CHARS},
	{"quorum", TS_JSON_STRING, true, offsetof(struct raw_evidence, keys.quorum), 1, 20},
	{"operator", TS_JSON_STRING, false, offsetof(struct raw_evidence, keys.operator), 1, 20},
	{"countersign_days", TS_JSON_INT, false,
		offsetof(struct raw_evidence, keys.countersign_days), 1, 366},
	{"incomplete_after_days", TS_JSON_INT, false,
		offsetof(struct raw_evidence, keys.incomplete_after_days), 0, 366},
	{"unwitnessed_after_days", TS_JSON_INT, true,
		offsetof(struct raw_evidence, keys.unwitnessed_after_days), 0, 366},
	{"inclusion_seconds", TS_JSON_INT, true,
		offsetof(struct raw_evidence, keys.inclusion_seconds), 1, 31 * 86400},
	{"witnesses", TS_JSON_ARRAY, false, offsetof(struct raw_evidence, witnesses), 0,
		TS_QUORUM_WITNESSES_MAX},
};

struct raw_witness {
	const char *vkey, *run_by;
};
static const struct ts_json_field witness_fields[] = {
	{"vkey", TS_JSON_STRING, true, offsetof(struct raw_witness, vkey), 1, TS_VKEY_CHARS},
	{"run_by", TS_JSON_STRING, true, offsetof(struct raw_witness, run_by), 1, 20},
};
static const char *const run_by_names[] = {"provider", "consumer", "auditor", "operator"};
#define RUN_BY_N (sizeof run_by_names / sizeof run_by_names[0])

enum ts_err ts_decode_vkey(const struct ts_decode *d, const char *vkey, enum ts_key_type type,
	const char *expected, const char *pointer)
{
	if (!vkey)
		return TS_OK; /* only in what-if terms */
	struct ts_key key;
	struct ts_why inner = {0};
	enum ts_err err = ts_key_parse(ts_str(vkey), &key, &inner);
	if (err == TS_OK)
		err = ts_key_acceptable(&key, &inner);
	if (err != TS_OK)
		return ts_why(
			d->why, err, pointer, "\"%.150s\" is no usable vkey: %s", vkey, inner.text);
	if (key.type != type)
		return ts_why(d->why, TS_E_KEY, pointer, "the key has type %d, must have %d",
			(int)key.type, (int)type);
	if (expected && strcmp(key.name, expected) != 0)
		return ts_why(d->why, TS_E_KEY, pointer, "the key is named \"%s\", must be \"%s\"",
			key.name, expected);
	return TS_OK;
}

static enum ts_err check_log(
	const struct ts_decode *d, enum ts_log_kind kind, const char *vkey, const char *pointer)
{
	const struct ts_terms *t = d->terms;
	char origin[TS_ORIGIN_MAX + 1];
	if (!vkey)
		return TS_OK;
	if (ts_origin_log(ts_str(t->keys.domain), ts_str(t->contract), kind, origin) != TS_OK)
		return ts_why(d->why, TS_E_MALFORMED, "/evidence/domain",
			"\"%s\" cannot begin an origin", t->keys.domain);
	return ts_decode_vkey(d, vkey, TS_KEY_ED25519, origin, pointer);
}

const char *ts_run_by_name(enum ts_run_by run_by)
{
	return run_by_names[run_by];
}

/* One key, one role: a witness shares its key with nothing else in the terms, and its name with no
 * other witness, because it is by name that cosignatures are kept. */
static enum ts_err check_distinct(const struct ts_decode *d, size_t index, const char *pointer)
{
	const struct ts_terms *t = d->terms;
	const struct ts_terms_keys *k = &t->keys;
	const char *others[] = {k->operator_key, k->receipt_key, k->inputs_log, k->journal_log,
		t->provider.statement_key, t->consumer.statement_key};
	static const char *const names[] = {"operator_key", "receipt_key", "inputs_log",
		"journal_log", "the provider's statement_key", "the consumer's statement_key"};
	const struct ts_key *key = &k->quorum_of.keys[index];
	struct ts_key other;
	for (size_t i = 0; i < index; i++) {
		const struct ts_key *before = &k->quorum_of.keys[i];
		if (memcmp(before->public, key->public, sizeof key->public) == 0 ||
			strcmp(before->name, key->name) == 0)
			return ts_why(d->why, TS_E_KEY, pointer,
				"\"%s\" has the key or the name of witness %zu", key->name, i);
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		if (others[i] == NULL)
			continue;
		TS_TRY(ts_key_parse(ts_str(others[i]), &other, d->why));
		if (memcmp(other.public, key->public, sizeof key->public) == 0)
			return ts_why(d->why, TS_E_KEY, pointer, "\"%s\" has the key of %s",
				key->name, names[i]);
	}
	return TS_OK;
}

static enum ts_err decode_witness(
	const struct ts_decode *d, const json_t *obj, size_t index, struct ts_terms_witness *out)
{
	struct raw_witness raw = {0};
	char at[TS_TERMS_POINTER_CHARS], where[TS_TERMS_POINTER_CHARS + 10];
	ts_decode_pointer(at, "/evidence", "witnesses", index);
	TS_TRY(ts_decode_object(d, obj, witness_fields,
		sizeof witness_fields / sizeof witness_fields[0], false, &raw, at));
	snprintf(where, sizeof where, "%s/vkey", at);
	TS_TRY(ts_decode_vkey(d, raw.vkey, TS_KEY_COSIGNATURE, NULL, where));
	TS_TRY(ts_key_parse(ts_str(raw.vkey), &d->terms->keys.quorum_of.keys[index], d->why));
	TS_TRY(check_distinct(d, index, where));
	size_t by = 0;
	while (by < RUN_BY_N && strcmp(raw.run_by, run_by_names[by]) != 0)
		by++;
	snprintf(where, sizeof where, "%s/run_by", at);
	if (by == RUN_BY_N)
		return ts_why(d->why, TS_E_INVALID, where,
			"\"%s\" must be provider, consumer, auditor or operator", raw.run_by);
	*out = (struct ts_terms_witness){raw.vkey, (enum ts_run_by)by};
	return TS_OK;
}

/* Who runs the service runs a witness of the provider too, unless it is a neutral host. */
static size_t operator_runs(const struct ts_terms_keys *keys)
{
	bool neutral = strcmp(keys->operator, "neutral") == 0;
	size_t n = 0;
	for (size_t i = 0; i < keys->witnesses_n; i++) {
		enum ts_run_by by = keys->witnesses[i].run_by;
		n += by == TS_RUN_BY_OPERATOR || (by == TS_RUN_BY_PROVIDER && !neutral);
	}
	return n;
}

static enum ts_err check_quorum(const struct ts_decode *d)
{
	struct ts_terms_keys *keys = &d->terms->keys;
	size_t n = keys->witnesses_n, o = operator_runs(keys);
	int64_t k = 0;
	if (strcmp(keys->quorum, "unwitnessed") == 0) {
		if (n > 0)
			return ts_why(d->why, TS_E_INVALID, "/evidence/quorum",
				"\"unwitnessed\" goes with no witnesses, not with %zu", n);
		return TS_OK;
	}
	if (strcmp(keys->quorum, "all") == 0)
		k = (int64_t)n;
	else if (ts_text_u63(ts_str(keys->quorum), &k) != TS_OK)
		return ts_why(d->why, TS_E_INVALID, "/evidence/quorum",
			"\"%s\" must be unwitnessed, all or a number", keys->quorum);
	if (k < 1 || k > (int64_t)n)
		return ts_why(d->why, TS_E_INVALID, "/evidence/quorum",
			"\"%s\" of %zu witnesses is no quorum", keys->quorum, n);
	if (!ts_quorum_safe(n, o, (size_t)k))
		return ts_why(d->why, TS_E_INVALID, "/evidence/quorum",
			"two quorums of %lld among %zu witnesses, %zu of them run by the operator, "
			"need not share one that it does not run",
			(long long)k, n, o);
	keys->quorum_of.n = n;
	keys->quorum_of.k = (size_t)k;
	return TS_OK;
}

static enum ts_err decode_witnesses(const struct ts_decode *d, const json_t *array)
{
	struct ts_terms_keys *keys = &d->terms->keys;
	struct ts_terms_witness *witnesses = NULL;
	if (strcmp(keys->operator, "provider") != 0 && strcmp(keys->operator, "neutral") != 0)
		return ts_why(d->why, TS_E_INVALID, "/evidence/operator",
			"\"%s\" must be provider or neutral", keys->operator);
	TS_TRY(ts_decode_array(
		d, array, sizeof *witnesses, (void *)&witnesses, &keys->witnesses_n));
	for (size_t i = 0; i < keys->witnesses_n; i++)
		TS_TRY(decode_witness(d, json_array_get(array, i), i, &witnesses[i]));
	keys->witnesses = witnesses;
	return check_quorum(d);
}

enum ts_err ts_decode_evidence(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_terms_keys *keys = &d->terms->keys;
	struct raw_evidence raw = {.keys = {.domain = "example.invalid",
					   .quorum = "unwitnessed",
					   .operator= "provider",
					   .countersign_days = -1,
					   .incomplete_after_days = -1}};
	*keys = raw.keys;
	if (!root->evidence) {
		TS_ASSERT(d->what_if);
		return TS_OK;
	}
	TS_TRY(ts_decode_object(d, root->evidence, evidence_fields,
		sizeof evidence_fields / sizeof evidence_fields[0], true, &raw, "/evidence"));
	*keys = raw.keys;
	char name[160];
	snprintf(name, sizeof name, "%s/operator", keys->domain);
	TS_TRY(ts_decode_vkey(
		d, keys->operator_key, TS_KEY_ED25519, name, "/evidence/operator_key"));
	snprintf(name, sizeof name, "%s/receipts", keys->domain);
	TS_TRY(ts_decode_vkey(
		d, keys->receipt_key, TS_KEY_COSIGNATURE, name, "/evidence/receipt_key"));
	TS_TRY(check_log(d, TS_LOG_INPUTS, keys->inputs_log, "/evidence/inputs_log"));
	TS_TRY(check_log(d, TS_LOG_JOURNAL, keys->journal_log, "/evidence/journal_log"));
	return decode_witnesses(d, raw.witnesses);
}
