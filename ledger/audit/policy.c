/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/policy.h"
#include "evidence/statement.h"
#include <stdlib.h>
#include <string.h>

struct parse {
	struct ts_policy *p;
	struct ts_str words[TS_POLICY_NODES_MAX + 4];
	size_t n;
	bool has_party[2], has_log[2], has_quorum;
	char domain[TS_ORIGIN_MAX + 1];
	struct ts_why *why;
	char where[24];
};

static enum ts_err bad(struct parse *s, const char *what)
{
	return ts_why(s->why, TS_E_MALFORMED, s->where, "%s", what);
}

static bool key_known(const struct ts_policy *p, const struct parse *s, const struct ts_key *key)
{
	for (int i = 0; i < 2; i++)
		if ((s->has_party[i] && memcmp(p->party[i].public, key->public, 32) == 0) ||
			(s->has_log[i] && memcmp(p->log[i].public, key->public, 32) == 0))
			return true;
	for (size_t i = 0; i < p->witnesses_n; i++)
		if (memcmp(p->witnesses[i].public, key->public, 32) == 0)
			return true;
	return false;
}

static enum ts_err take_key(
	struct parse *s, struct ts_str text, enum ts_key_type type, struct ts_key *out)
{
	struct ts_why why = {"", ""};
	if (ts_key_parse(text, out, &why) != TS_OK)
		return ts_why(s->why, TS_E_MALFORMED, s->where, "no key: %s", why.text);
	if (out->type != type)
		return bad(s, type == TS_KEY_ED25519 ? "the key is not of type 0x01"
						     : "the key is not of type 0x04");
	if (ts_key_acceptable(out, &why) != TS_OK)
		return ts_why(s->why, TS_E_MALFORMED, s->where, "the key: %s", why.text);
	return key_known(s->p, s, out) ? bad(s, "one key, two roles") : TS_OK;
}

static enum ts_err take_contract(struct parse *s)
{
	if (s->n != 2 || s->p->contract[0] != '\0')
		return bad(s, "want once: contract ID");
	TS_TRY(ts_contract_id_check(s->words[1], s->why));
	memcpy(s->p->contract, s->words[1].at, TS_CONTRACT_ID_CHARS);
	return TS_OK;
}

static enum ts_err take_party(struct parse *s)
{
	struct ts_key key;
	int side = -1;
	if (s->n == 3)
		side = ts_str_is(s->words[1], "provider")   ? TS_SIDE_PROVIDER
		       : ts_str_is(s->words[1], "consumer") ? TS_SIDE_CONSUMER
							    : -1;
	if (side < 0 || s->has_party[side])
		return bad(s, "want once each: party provider VKEY, party consumer VKEY");
	TS_TRY(take_key(s, s->words[2], TS_KEY_ED25519, &key));
	s->p->party[side] = key;
	s->has_party[side] = true;
	return TS_OK;
}

/* `<domain>/<contract>/inputs|journal` of the contract named above. */
static int log_of(struct parse *s, struct ts_str origin)
{
	char name[TS_ORIGIN_MAX + 1];
	struct ts_str domain = origin;
	const char *slash = origin.len > 0 ? memchr(origin.at, '/', origin.len) : NULL;
	if (slash == NULL)
		return -1;
	domain.len = (size_t)(slash - origin.at);
	if (domain.len > TS_ORIGIN_MAX || (s->domain[0] != '\0' && !ts_str_is(domain, s->domain)))
		return -1;
	for (int i = 0; i < 2; i++)
		if (ts_origin_log(domain, ts_str(s->p->contract), (enum ts_log_kind)i, name) ==
				TS_OK &&
			ts_str_is(origin, name)) {
			memcpy(s->domain, domain.at, domain.len);
			return i;
		}
	return -1;
}

static enum ts_err take_log(struct parse *s)
{
	struct ts_key key;
	if (s->n != 2 && s->n != 3)
		return bad(s, "want: log VKEY [URL]");
	TS_TRY(take_key(s, s->words[1], TS_KEY_ED25519, &key));
	int log = log_of(s, ts_str(key.name));
	if (log < 0 || s->has_log[log])
		return bad(s, "want one log each: <domain>/<contract>/inputs, .../journal");
	s->p->log[log] = key;
	s->has_log[log] = true;
	return TS_OK;
}

static int node_of(const struct ts_policy *p, struct ts_str name)
{
	for (size_t i = 0; i < p->nodes_n; i++)
		if (ts_str_is(name, p->nodes[i].name))
			return (int)i;
	return -1;
}

/* NULL: the name is refused. */
static struct ts_policy_node *new_node(struct parse *s, struct ts_str name)
{
	if (name.len > TS_POLICY_NAME_MAX || ts_str_is(name, "none") || node_of(s->p, name) >= 0)
		return NULL;
	struct ts_policy_node *node = &s->p->nodes[s->p->nodes_n];
	*node = (struct ts_policy_node){.witness = -1};
	memcpy(node->name, name.at, name.len);
	return node;
}

static enum ts_err bad_name(struct parse *s)
{
	return bad(s, "a name is too long, \"none\", or there already");
}

static enum ts_err take_witness(struct parse *s)
{
	if (s->n != 3 && s->n != 4)
		return bad(s, "want: witness NAME VKEY [URL]");
	if (s->p->witnesses_n == TS_POLICY_WITNESSES_MAX)
		return bad(s, "too many witnesses");
	struct ts_policy_node *node = new_node(s, s->words[1]);
	if (node == NULL)
		return bad_name(s);
	struct ts_key *key = &s->p->witnesses[s->p->witnesses_n];
	TS_TRY(take_key(s, s->words[2], TS_KEY_COSIGNATURE, key));
	node->witness = (int32_t)s->p->witnesses_n++;
	s->p->nodes_n++;
	return TS_OK;
}

static enum ts_err take_group(struct parse *s)
{
	int64_t k = 0;
	if (s->n < 4)
		return bad(s, "want: group NAME K|any|all MEMBER...");
	if (s->p->nodes_n - s->p->witnesses_n == TS_POLICY_GROUPS_MAX)
		return bad(s, "too many groups");
	struct ts_policy_node *node = new_node(s, s->words[1]);
	if (node == NULL)
		return bad_name(s);
	for (size_t i = 3; i < s->n; i++) {
		int member = node_of(s->p, s->words[i]);
		if (member < 0 || memchr(node->members, member, (size_t)node->n) != NULL)
			return bad(s, "a member is not defined above, or is there twice");
		node->members[node->n++] = (uint8_t)member;
	}
	if (ts_str_is(s->words[2], "any"))
		k = 1;
	else if (ts_str_is(s->words[2], "all"))
		k = node->n;
	else if (ts_text_u63(s->words[2], &k) != TS_OK)
		k = 0;
	if (k < 1 || k > node->n)
		return bad(s, "K must be from 1 to the number of members");
	node->k = (int32_t)k;
	s->p->nodes_n++;
	return TS_OK;
}

static enum ts_err take_quorum(struct parse *s)
{
	if (s->n != 2 || s->has_quorum)
		return bad(s, "want once: quorum NAME|none");
	s->has_quorum = true;
	s->p->quorum = ts_str_is(s->words[1], "none") ? -1 : node_of(s->p, s->words[1]);
	if (s->p->quorum < 0 && !ts_str_is(s->words[1], "none"))
		return bad(s, "the quorum is not defined above");
	return TS_OK;
}

static enum ts_err take_pin(struct parse *s)
{
	struct ts_policy_pin pin = {.log = TS_LOG_INPUTS};
	size_t len = 0;
	if (s->n != 4 || s->p->pins_n == TS_POLICY_PINS_MAX)
		return bad(s, "want, at most 64 times: pin ORIGIN SIZE ROOT");
	int log = log_of(s, s->words[1]);
	if (log < 0 || !s->has_log[log])
		return bad(s, "the pin's log is not defined above");
	if (ts_text_u63(s->words[2], &pin.size) != TS_OK || pin.size == 0 ||
		ts_text_unbase64(s->words[3], pin.root.b, sizeof pin.root.b, &len) != TS_OK ||
		len != sizeof pin.root.b)
		return bad(s, "want a size above 0 and a root in base64");
	pin.log = (enum ts_log_kind)log;
	s->p->pins[s->p->pins_n++] = pin;
	return TS_OK;
}

static const struct {
	const char *name;
	enum ts_err (*take)(struct parse *s);
} lines[] = {
	{"contract", take_contract},
	{"party", take_party},
	{"log", take_log},
	{"witness", take_witness},
	{"group", take_group},
	{"quorum", take_quorum},
	{"pin", take_pin},
};

static enum ts_err take_line(struct parse *s, struct ts_str line)
{
	s->n = 0;
	for (struct ts_str rest = line; rest.at != NULL;) {
		if (s->n == sizeof s->words / sizeof s->words[0])
			return bad(s, "too many fields");
		struct ts_str word = ts_str_cut(&rest, ' ');
		for (size_t i = 0; i < word.len; i++)
			if (word.at[i] < 0x21 || word.at[i] > 0x7e)
				return bad(s, "a byte outside 0x21-0x7E");
		if (word.len == 0)
			return bad(s, "fields are separated by one space");
		s->words[s->n++] = word;
	}
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (ts_str_is(s->words[0], lines[i].name))
			return lines[i].take(s);
	return bad(s, "no line of a policy");
}

enum ts_err ts_policy_parse(struct ts_str bytes, struct ts_policy *out, struct ts_why *why)
{
	struct parse s = {.p = out, .why = why};
	struct ts_str rest = bytes, line;
	long long number = 0;
	memset(out, 0, sizeof *out);
	out->quorum = -1;
	if (bytes.len > TS_POLICY_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "", "more than %d bytes", TS_POLICY_BYTES_MAX);
	if (!ts_text_utf8(bytes))
		return ts_why(why, TS_E_MALFORMED, "", "it is not UTF-8");
	while (ts_str_line(&rest, &line)) {
		struct ts_buf where;
		ts_buf_init(&where, sizeof s.where);
		ts_buf_printf(&where, "line %lld", ++number);
		memcpy(s.where, ts_buf_str(&where), where.len + 1);
		ts_buf_free(&where);
		if (line.len > 0 && line.at[0] != '#')
			TS_TRY(take_line(&s, line));
	}
	if (rest.len > 0)
		return ts_why(why, TS_E_MALFORMED, "", "the last line has no line feed");
	if (out->contract[0] == '\0' || !s.has_party[0] || !s.has_party[1] || !s.has_log[0] ||
		!s.has_log[1] || !s.has_quorum)
		return ts_why(why, TS_E_MISSING_FIELD, "",
			"contract, party provider, party consumer, two logs and quorum are needed");
	return TS_OK;
}

static int by_time(const void *a, const void *b)
{
	const int64_t *m = a, *n = b;
	return (*m > *n) - (*m < *n);
}

bool ts_policy_quorum(const struct ts_policy *policy, const int64_t *times, int64_t *time_s)
{
	int64_t met[TS_POLICY_NODES_MAX] = {0}, sorted[TS_POLICY_NODES_MAX] = {0};
	*time_s = 0;
	if (policy->quorum < 0)
		return true;
	for (size_t i = 0; i < policy->nodes_n; i++) {
		const struct ts_policy_node *node = &policy->nodes[i];
		if (node->witness >= 0) {
			met[i] = times[node->witness] > 0 ? times[node->witness] : INT64_MAX;
			continue;
		}
		for (int32_t m = 0; m < node->n; m++)
			sorted[m] = met[node->members[m]];
		qsort(sorted, (size_t)node->n, sizeof sorted[0], by_time);
		met[i] = sorted[node->k - 1];
	}
	if (met[policy->quorum] == INT64_MAX)
		return false;
	*time_s = met[policy->quorum];
	return true;
}

/* `witness consumer-1 VKEY` each, then the group that is the quorum. */
static void write_quorum(const struct ts_terms_keys *keys, struct ts_buf *out)
{
	if (keys->quorum_of.n == 0) {
		ts_buf_puts(out, "quorum none\n");
		return;
	}
	for (size_t i = 0; i < keys->witnesses_n; i++)
		ts_buf_printf(out, "witness %s-%zu %s\n", ts_run_by_name(keys->witnesses[i].run_by),
			i + 1, keys->witnesses[i].vkey);
	ts_buf_printf(out, "group witnesses %zu", keys->quorum_of.k);
	for (size_t i = 0; i < keys->witnesses_n; i++)
		ts_buf_printf(out, " %s-%zu", ts_run_by_name(keys->witnesses[i].run_by), i + 1);
	ts_buf_puts(out, "\nquorum witnesses\n");
}

enum ts_err ts_policy_write(const struct ts_terms *terms, struct ts_buf *out)
{
	ts_buf_printf(out, "contract %s\n", terms->contract);
	ts_buf_printf(out, "party provider %s\n", terms->provider.statement_key);
	ts_buf_printf(out, "party consumer %s\n", terms->consumer.statement_key);
	ts_buf_printf(out, "log %s\n", terms->keys.inputs_log);
	ts_buf_printf(out, "log %s\n", terms->keys.journal_log);
	write_quorum(&terms->keys, out);
	return out->err;
}
