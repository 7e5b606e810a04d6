/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/bundle.h"
#include "evidence/checkpoint.h"
#include <stdlib.h>
#include <string.h>

#define CHECKPOINTS_BYTES_MAX (256 << 20) /* a million cosigned checkpoints of 256 bytes */

static const char *const closing_names[] = {"inputs.checkpoint", "journal.checkpoint"};
static const char *const earlier_names[] = {"inputs.checkpoints", "journal.checkpoints"};
static const char *const leaves_names[] = {"inputs.leaves", "journal.leaves"};
static const enum ts_check root_checks[] = {TS_CHECK_INPUTS_ROOT, TS_CHECK_JOURNAL_ROOT};

static bool take_word(struct ts_str *line, const char *want)
{
	return ts_str_is(ts_str_cut(line, ' '), want) && line->at != NULL;
}

static bool take_range(struct ts_str *rest, const char *name, int64_t *from, int64_t *to)
{
	struct ts_str line;
	if (!ts_str_line(rest, &line) || !take_word(&line, name))
		return false;
	return ts_text_u63(ts_str_cut(&line, ' '), from) == TS_OK && line.at != NULL &&
	       ts_text_u63(line, to) == TS_OK && *from <= *to;
}

enum ts_err ts_manifest_parse(struct ts_str text, struct ts_manifest *out, struct ts_why *why)
{
	struct ts_str rest = text, line;
	struct ts_manifest m = {.has_state = false};
	if (!ts_str_line(&rest, &line) || !ts_str_is(line, "tallystick/bundle/v1"))
		return ts_why(why, TS_E_MALFORMED, "bundle", "its first line");
	if (!ts_str_line(&rest, &line) || !take_word(&line, "contract") ||
		ts_contract_id_check(line, NULL) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "bundle", "its line `contract ID`");
	memcpy(m.contract, line.at, TS_CONTRACT_ID_CHARS);
	for (int i = 0; i < 2; i++)
		if (!take_range(
			    &rest, i == TS_LOG_INPUTS ? "inputs" : "journal", &m.from[i], &m.to[i]))
			return ts_why(why, TS_E_MALFORMED, "bundle",
				"its lines `inputs FROM TO`, `journal FROM TO`");
	if (!ts_str_line(&rest, &line) || !take_word(&line, "state") || rest.len != 0)
		return ts_why(why, TS_E_MALFORMED, "bundle", "its last line, `state SHA256|-`");
	m.has_state = !ts_str_is(line, "-");
	if (m.has_state && ts_text_unhex(line, m.state.b, sizeof m.state.b) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "bundle", "its last line, `state SHA256|-`");
	if (m.to[TS_LOG_INPUTS] == m.from[TS_LOG_INPUTS] ||
		m.has_state != (m.from[TS_LOG_INPUTS] != 0) || (!m.has_state && m.from[1] != 0))
		return ts_why(why, TS_E_MALFORMED, "bundle",
			"without a state it begins at 0, with one behind it, and it has leaves");
	*out = m;
	return TS_OK;
}

void ts_manifest_format(const struct ts_manifest *m, struct ts_buf *out)
{
	char hex[2 * TS_HASH_BYTES + 1] = "-";
	if (m->has_state)
		ts_text_hex(m->state.b, TS_HASH_BYTES, hex);
	ts_buf_printf(out,
		"tallystick/bundle/v1\ncontract %s\ninputs %lld %lld\njournal %lld %lld\nstate "
		"%s\n",
		m->contract, (long long)m->from[0], (long long)m->to[0], (long long)m->from[1],
		(long long)m->to[1], hex);
}

enum ts_err ts_bundle_read(const struct ts_bundle *bundle, const struct ts_tar_member *member,
	int64_t max, struct ts_region *region, struct ts_str *out)
{
	if (member->size > max)
		return TS_E_LIMIT;
	char *bytes = ts_region_alloc(region, (size_t)member->size + 1);
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	if (member->size > 0)
		TS_TRY(bundle->source->read(
			bundle->source->ctx, member->offset, bytes, (size_t)member->size));
	*out = (struct ts_str){bytes, (size_t)member->size};
	return TS_OK;
}

enum ts_err ts_bundle_open(const struct ts_audit_source *source, const struct ts_policy *policy,
	struct ts_region *region, struct ts_bundle *out, struct ts_findings *findings)
{
	struct ts_why why = {"", ""};
	struct ts_str text;
	*out = (struct ts_bundle){.source = source};
	enum ts_err err = ts_tar_index(source, region, &out->tar, &why);
	if (err == TS_E_MALFORMED || err == TS_E_LIMIT) {
		ts_finding_add(findings, TS_CHECK_ARCHIVE, why.where, -1,
			ts_check_text(TS_CHECK_ARCHIVE), why.text);
		return TS_E_INVALID;
	}
	TS_TRY(err);
	if (out->tar.n == 0 || strcmp(out->tar.members[0].name, "bundle") != 0) {
		ts_finding_add(findings, TS_CHECK_MEMBERS, "bundle", 0, "the first member",
			out->tar.n == 0 ? "an empty archive" : out->tar.members[0].name);
		return TS_E_INVALID;
	}
	err = ts_bundle_read(out, &out->tar.members[0], TS_BUNDLE_TEXT_MAX, region, &text);
	if (err == TS_OK)
		err = ts_manifest_parse(text, &out->manifest, &why);
	if (err == TS_E_MALFORMED || err == TS_E_LIMIT) {
		ts_finding_add(
			findings, TS_CHECK_MANIFEST, "bundle", -1, "as in bundle.md", why.text);
		return TS_E_INVALID;
	}
	TS_TRY(err);
	if (strcmp(out->manifest.contract, policy->contract) != 0)
		ts_finding_add(findings, TS_CHECK_CONTRACT, "bundle", -1, policy->contract,
			out->manifest.contract);
	return TS_OK;
}

static enum ts_err read_state(struct ts_bundle *b, const struct ts_tar_member *member,
	struct ts_region *region, struct ts_findings *findings)
{
	struct ts_why why = {"", ""};
	struct ts_hash hash;
	struct ts_str text;
	TS_TRY(ts_bundle_read(b, member, TS_STATE_BYTES_MAX, region, &text));
	ts_sha256(text.at, text.len, &hash);
	if (!ts_hash_eq(&hash, &b->manifest.state)) {
		ts_finding_hash(findings, TS_CHECK_STATE, "state", -1, &b->manifest.state, &hash);
		return TS_E_INVALID;
	}
	enum ts_err err = ts_state_parse(text, region, &b->state, &b->ledger, &why);
	if (err == TS_E_MALFORMED)
		ts_finding_add(findings, TS_CHECK_STATE, "state", -1, "as in state.md", why.text);
	return err == TS_E_MALFORMED ? TS_E_INVALID : err;
}

enum ts_err ts_bundle_state(
	struct ts_bundle *b, struct ts_region *region, struct ts_findings *findings)
{
	const struct ts_tar_member *member = ts_tar_find(&b->tar, "state");
	const struct ts_manifest *m = &b->manifest;
	ts_range_init(&b->from[TS_LOG_INPUTS]);
	ts_range_init(&b->from[TS_LOG_JOURNAL]);
	if (!m->has_state)
		return TS_OK;
	if (member == NULL) {
		ts_finding_add(findings, TS_CHECK_MEMBERS, "state", -1, "a member", "it is absent");
		return TS_E_INVALID;
	}
	TS_TRY(read_state(b, member, region, findings));
	b->from[TS_LOG_INPUTS] = b->state.inputs;
	b->from[TS_LOG_JOURNAL] = b->state.journal;
	if (!ts_str_is(b->state.contract, m->contract)) {
		ts_finding_add(findings, TS_CHECK_STATE, "state", -1, m->contract,
			"the state of another contract");
		return TS_E_INVALID;
	}
	if (b->state.inputs.size != m->from[TS_LOG_INPUTS] ||
		b->state.journal.size != m->from[TS_LOG_JOURNAL]) {
		ts_finding_add(findings, TS_CHECK_STATE, "bundle", -1,
			"FROM of both logs as in the state", "others");
		return TS_E_INVALID;
	}
	return TS_OK;
}

/* The checkpoints of one log while its leaves are hashed. */
struct log_walk {
	struct ts_bundle *b;
	struct ts_bundle_log *log;
	enum ts_log_kind kind;
	const struct ts_policy *policy;
	struct ts_key keys[1 + TS_POLICY_WITNESSES_MAX];
	struct ts_hasher *hasher;
	struct ts_region *region;
	struct ts_findings *findings;
	struct ts_str earlier; /* notes not yet met */
	struct ts_checkpoint next; /* of the first of them */
	bool has_next;
	int64_t last_size, next_time_s;
	size_t cap;
	struct ts_range range;
};

static enum ts_err open_note(struct log_walk *w, struct ts_str bytes, struct ts_checkpoint *out,
	int64_t *time_s, bool *quorum, struct ts_why *why)
{
	struct ts_note note;
	struct ts_note_sig sigs[1 + TS_POLICY_WITNESSES_MAX];
	int64_t times[TS_POLICY_WITNESSES_MAX] = {0};
	TS_TRY(ts_checkpoint_open(
		bytes, w->keys, 1 + w->policy->witnesses_n, &note, sigs, out, why));
	for (size_t i = 0; i < w->policy->witnesses_n; i++)
		times[i] = sigs[i + 1].valid ? sigs[i + 1].time_s : 0;
	*quorum = ts_policy_quorum(w->policy, times, time_s);
	return TS_OK;
}

static enum ts_err remember(struct log_walk *w, int64_t size, int64_t time_s)
{
	struct ts_bundle_log *log = w->log;
	if (w->policy->quorum < 0)
		return TS_OK;
	if (log->cosigned_n == w->cap) {
		size_t more = w->cap == 0 ? 64 : 2 * w->cap;
		struct ts_cosigned *bigger = ts_region_array(w->region, more, sizeof *bigger);
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		if (w->cap > 0)
			memcpy(bigger, log->cosigned, w->cap * sizeof *bigger);
		log->cosigned = bigger;
		w->cap = more;
	}
	log->cosigned[log->cosigned_n++] = (struct ts_cosigned){size, time_s};
	return TS_OK;
}

/* Takes the next of the earlier checkpoints; a bad one ends the list. */
static enum ts_err next_earlier(struct log_walk *w)
{
	struct ts_why why = {"", ""};
	struct ts_str note;
	bool quorum = false;
	int64_t to = w->b->manifest.to[w->kind], from = w->b->manifest.from[w->kind];
	w->has_next = false;
	if (w->earlier.len == 0)
		return TS_OK;
	enum ts_err err = ts_note_cut(&w->earlier, &note)
				  ? open_note(w, note, &w->next, &w->next_time_s, &quorum, &why)
				  : ts_why(&why, TS_E_MALFORMED, "", "notes are not separated");
	if (err == TS_OK && (w->next.size < from || w->next.size >= to || w->next.size < 1 ||
				    w->next.size <= w->last_size))
		err = ts_why(&why, TS_E_INVALID, "",
			"its size %lld is not above %lld and below %lld", (long long)w->next.size,
			(long long)w->last_size, (long long)to);
	if (err != TS_OK) {
		ts_finding_add(w->findings, TS_CHECK_CHECKPOINTS, earlier_names[w->kind],
			w->last_size, "a note of the policy's log key, sizes rising", why.text);
		w->earlier.len = 0;
		return TS_OK;
	}
	w->has_next = true;
	w->last_size = w->next.size;
	return quorum ? remember(w, w->next.size, w->next_time_s) : TS_OK;
}

static void compare_root(
	struct log_walk *w, enum ts_check check, const char *file, const struct ts_hash *want)
{
	struct ts_hash root;
	ts_range_root(w->hasher, &w->range, &root);
	if (!ts_hash_eq(&root, want))
		ts_finding_hash(w->findings, check, file, w->range.size, want, &root);
}

static enum ts_err at_size(struct log_walk *w)
{
	for (size_t i = 0; i < w->policy->pins_n; i++)
		if (w->policy->pins[i].log == w->kind && w->policy->pins[i].size == w->range.size)
			compare_root(
				w, TS_CHECK_PINS, leaves_names[w->kind], &w->policy->pins[i].root);
	if (!w->has_next || w->next.size != w->range.size)
		return TS_OK;
	compare_root(w, root_checks[w->kind], earlier_names[w->kind], &w->next.root);
	return next_earlier(w);
}

static enum ts_err walk_leaves(struct log_walk *w)
{
	struct ts_reader reader;
	struct ts_str leaf;
	struct ts_hash hash;
	bool more = true;
	int64_t to = w->b->manifest.to[w->kind];
	const char *name = leaves_names[w->kind];
	if (w->range.size > 0)
		TS_TRY(at_size(w));
	if (w->log->leaves == NULL)
		return TS_OK; /* none was added */
	TS_TRY(ts_reader_init(&reader, w->b->source, w->region));
	ts_reader_open(&reader, w->log->leaves->offset, w->log->leaves->size, 0);
	for (;;) {
		enum ts_err err = ts_reader_leaf(&reader, &leaf, &more);
		if (err == TS_E_MALFORMED)
			ts_finding_add(w->findings, root_checks[w->kind], name, w->range.size,
				"a whole leaf", "the member ends in it");
		if (err != TS_OK || !more || w->range.size == to)
			break;
		ts_hash_leaf(w->hasher, leaf.at, leaf.len, &hash);
		(void)ts_range_append(w->hasher, &w->range, &hash, NULL);
		TS_TRY(at_size(w));
	}
	if (w->range.size != to || more) {
		char want[32], have[32];
		struct ts_buf text;
		ts_buf_init(&text, sizeof want);
		ts_buf_printf(&text, "%lld leaves", (long long)to);
		memcpy(want, ts_buf_str(&text), text.len + 1);
		ts_buf_reset(&text);
		ts_buf_printf(&text, "%s%lld", more ? "more than " : "", (long long)w->range.size);
		memcpy(have, ts_buf_str(&text), text.len + 1);
		ts_buf_free(&text);
		ts_finding_add(w->findings, root_checks[w->kind], name, w->range.size, want, have);
	}
	return TS_OK;
}

/* The note of size TO; the root that it signs is the one to reach. */
static enum ts_err closing(struct log_walk *w, const struct ts_tar_member *member)
{
	struct ts_why why = {"", ""};
	struct ts_checkpoint checkpoint;
	struct ts_str bytes;
	bool quorum = false;
	const char *name = closing_names[w->kind];
	enum ts_err err = ts_bundle_read(w->b, member, TS_NOTE_BYTES_MAX, w->region, &bytes);
	if (err == TS_E_LIMIT)
		err = ts_why(&why, TS_E_MALFORMED, "", "longer than a note");
	if (err == TS_OK)
		err = open_note(w, bytes, &checkpoint, &w->log->quorum_s, &quorum, &why);
	if (err == TS_E_NO_MEMORY || err == TS_E_IO)
		return err;
	if (err == TS_OK && checkpoint.size != w->b->manifest.to[w->kind])
		err = ts_why(&why, TS_E_INVALID, "", "it is of size %lld, the bundle ends at %lld",
			(long long)checkpoint.size, (long long)w->b->manifest.to[w->kind]);
	if (err != TS_OK) {
		ts_finding_add(w->findings, TS_CHECK_CHECKPOINTS, name, -1,
			"a note of the policy's log key of size TO", why.text);
		return TS_OK;
	}
	w->log->root = checkpoint.root;
	compare_root(w, root_checks[w->kind], name, &checkpoint.root);
	if (!quorum)
		ts_finding_add(w->findings, TS_CHECK_QUORUM, name, checkpoint.size,
			w->policy->nodes[w->policy->quorum].name,
			"cosignatures that do not make it");
	return quorum ? remember(w, checkpoint.size, w->log->quorum_s) : TS_OK;
}

enum ts_err ts_bundle_log(struct ts_bundle *bundle, enum ts_log_kind kind,
	const struct ts_policy *policy, struct ts_hasher *hasher, struct ts_region *region,
	struct ts_findings *findings)
{
	struct log_walk *w = ts_region_alloc(region, sizeof *w);
	const struct ts_tar_member *close = ts_tar_find(&bundle->tar, closing_names[kind]);
	const struct ts_tar_member *earlier = ts_tar_find(&bundle->tar, earlier_names[kind]);
	int64_t to = bundle->manifest.to[kind];
	if (w == NULL)
		return TS_E_NO_MEMORY;
	*w = (struct log_walk){.b = bundle,
		.log = &bundle->logs[kind],
		.kind = kind,
		.policy = policy,
		.hasher = hasher,
		.region = region,
		.findings = findings};
	w->log->leaves = ts_tar_find(&bundle->tar, leaves_names[kind]);
	w->log->root = ts_hash_empty;
	w->keys[0] = policy->log[kind];
	memcpy(w->keys + 1, policy->witnesses, policy->witnesses_n * sizeof w->keys[0]);
	w->range = bundle->from[kind];
	for (size_t i = 0; i < policy->pins_n; i++)
		if (policy->pins[i].log == kind && policy->pins[i].size > to)
			ts_finding_add(findings, TS_CHECK_PINS, leaves_names[kind], to,
				"a log of at least the pinned size", "it ends below");
	for (size_t i = 0; i < policy->pins_n; i++)
		if (policy->pins[i].log == kind && policy->pins[i].size < w->range.size)
			ts_finding_add(findings, TS_CHECK_PINS, leaves_names[kind], w->range.size,
				"a bundle that begins at or below the pinned size",
				"it begins behind it");
	if (to == 0)
		return TS_OK;
	if (close == NULL || (w->log->leaves == NULL && to != w->range.size)) {
		ts_finding_add(findings, TS_CHECK_MEMBERS,
			close == NULL ? closing_names[kind] : leaves_names[kind], -1, "a member",
			"it is absent");
		return TS_OK;
	}
	if (earlier != NULL)
		TS_TRY(ts_bundle_read(bundle, earlier, CHECKPOINTS_BYTES_MAX, region, &w->earlier));
	TS_TRY(next_earlier(w));
	TS_TRY(walk_leaves(w));
	return closing(w, close);
}
