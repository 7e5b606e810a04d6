/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_BUNDLE_H
#define TS_AUDIT_BUNDLE_H
/* Why: what a bundle says of itself, and the two logs in it. The logs are checked apart from what
 * their leaves mean: leaf hashes up to the signed roots, at every checkpoint in the bundle and
 * every pin of the policy, and who cosigned when. */
#include "audit/finding.h"
#include "audit/policy.h"
#include "audit/reader.h"
#include "audit/tar.h"
#include "book/state.h"

#define TS_BUNDLE_TEXT_MAX 1024

/* The text of the member `bundle`. */
struct ts_manifest {
	char contract[TS_CONTRACT_ID_CHARS + 1];
	int64_t from[2], to[2]; /* by enum ts_log_kind */
	bool has_state;
	struct ts_hash state;
};
/* TS_E_MALFORMED. */
enum ts_err ts_manifest_parse(
	struct ts_str text, struct ts_manifest *out, struct ts_why *why) TS_MUST;
void ts_manifest_format(const struct ts_manifest *manifest, struct ts_buf *out);

/* A checkpoint that the policy's quorum cosigned, and since when (seconds). */
struct ts_cosigned {
	int64_t size, time_s;
};
struct ts_bundle_log {
	const struct ts_tar_member *leaves; /* NULL: the log is empty */
	struct ts_hash root; /* that is signed, at `to` */
	int64_t quorum_s; /* of the closing checkpoint; 0: none asked, or not met */
	struct ts_cosigned *cosigned; /* sizes rising; those with quorum only */
	size_t cosigned_n;
};
struct ts_bundle {
	const struct ts_audit_source *source;
	struct ts_tar tar;
	struct ts_manifest manifest;
	struct ts_state state; /* only when the manifest names one */
	struct ts_str ledger; /* its ledger's lines */
	struct ts_range from[2]; /* of both logs, at their FROM */
	struct ts_bundle_log logs[2];
};
/* Archive and manifest. Findings go to `findings`; TS_E_INVALID when what is there can't be read
 * further. Everything belongs to the region; the source is borrowed. */
enum ts_err ts_bundle_open(const struct ts_audit_source *source, const struct ts_policy *policy,
	struct ts_region *region, struct ts_bundle *out, struct ts_findings *findings) TS_MUST;
/* The opening state, if there is one; who signed it is for later. TS_E_INVALID: a finding. */
enum ts_err ts_bundle_state(
	struct ts_bundle *bundle, struct ts_region *region, struct ts_findings *findings) TS_MUST;
/* One log: closing checkpoint, earlier ones, leaves, pins, quorum. TS_OK also with findings; what
 * the source returns, TS_E_NO_MEMORY. */
enum ts_err ts_bundle_log(struct ts_bundle *bundle, enum ts_log_kind log,
	const struct ts_policy *policy, struct ts_hasher *hasher, struct ts_region *region,
	struct ts_findings *findings) TS_MUST;
/* A small member as a whole; at most max bytes. */
enum ts_err ts_bundle_read(const struct ts_bundle *bundle, const struct ts_tar_member *member,
	int64_t max, struct ts_region *region, struct ts_str *out) TS_MUST;

#endif
