/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_POLICY_H
#define TS_AUDIT_POLICY_H
/* Why: what a verifier trusts comes from its user alone (docs/formats/policy.md): a C2SP
 * tlog-policy (logs, witnesses, groups, quorum), the contract, both companies' statement keys, and
 * pins: roots that were seen before and must still be there. */
#include "base/buf.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/origin.h"
#include "terms/terms.h"

#define TS_POLICY_BYTES_MAX 65536
#define TS_POLICY_WITNESSES_MAX 64
#define TS_POLICY_GROUPS_MAX 64
#define TS_POLICY_PINS_MAX 64
#define TS_POLICY_NAME_MAX 64
#define TS_POLICY_NODES_MAX (TS_POLICY_WITNESSES_MAX + TS_POLICY_GROUPS_MAX)

/* A witness (n == 0) or a group, in order of definition: members stand before their group. */
struct ts_policy_node {
	char name[TS_POLICY_NAME_MAX + 1];
	int32_t witness; /* index into witnesses; -1: a group */
	int32_t k; /* group: so many of its members */
	int32_t n;
	uint8_t members[TS_POLICY_NODES_MAX]; /* numbers of nodes */
};
struct ts_policy_pin {
	enum ts_log_kind log;
	int64_t size;
	struct ts_hash root;
};
struct ts_policy {
	char contract[TS_CONTRACT_ID_CHARS + 1];
	struct ts_key party[2]; /* by enum ts_side */
	struct ts_key log[2]; /* by enum ts_log_kind */
	struct ts_key witnesses[TS_POLICY_WITNESSES_MAX];
	size_t witnesses_n;
	struct ts_policy_node nodes[TS_POLICY_NODES_MAX];
	size_t nodes_n;
	int32_t quorum; /* number of a node; -1: none */
	struct ts_policy_pin pins[TS_POLICY_PINS_MAX];
	size_t pins_n;
};

/* TS_E_MALFORMED with why->where = the number of the line, TS_E_MISSING_FIELD, TS_E_LIMIT. */
enum ts_err ts_policy_parse(struct ts_str bytes, struct ts_policy *out, struct ts_why *why) TS_MUST;
/* times[i]: when witnesses[i] cosigned, 0: not at all. True when the quorum is met; *time_s is the
 * first instant at which it was (0 for `quorum none`). */
bool ts_policy_quorum(const struct ts_policy *policy, const int64_t *times, int64_t *time_s);
/* The policy that a contract's terms propose: to be compared with what its user trusts. */
enum ts_err ts_policy_write(const struct ts_terms *terms, struct ts_buf *out) TS_MUST;

#endif
