/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_CATALOG_H
#define TS_SERVICE_MIRROR_CATALOG_H
/* Why: which streams, terms and documents belong to a mirror, and where its logs belong together,
 * follows from the leaves of the logs alone: this reads them, each once, and asks nobody. It judges
 * nothing: signatures are the verifier's business. Memory: O(streams + versions + documents +
 * events that made entries). */
#include "book/rows.h"
#include "evidence/key.h"
#include "evidence/statement.h"
#include "service/mirror/mirror_dir.h"

struct ts_mirror_stream {
	const char *origin;
	char id[TS_STREAM_ID_CHARS + 1];
	enum ts_side side;
	struct ts_key key;
	int64_t size, leaf; /* of its last checkpoint leaf; 0: none yet */
	struct ts_hash root;
};
struct ts_mirror_version {
	int64_t version;
	struct ts_hash terms;
};
struct ts_mirror_cut {
	int64_t leaf, from_ms, to_ms; /* of the period */
	int64_t issue; /* leaf of the document's issue; -1: none yet */
};
struct ts_mirror_document {
	const char *number;
	struct ts_hash sha256;
	int64_t source; /* the issue's leaf */
};
/* After the journal's first `end` entries every leaf up to `source` is settled. */
struct ts_mirror_step {
	int64_t source, end;
};
struct ts_mirror_catalog {
	const struct ts_mirror_dir *dir;
	struct ts_region *region;
	int64_t inputs_to, journal_to; /* read so far */
	struct ts_mirror_stream **streams;
	size_t streams_n, streams_cap;
	struct ts_rowset by_origin;
	struct ts_mirror_version *versions;
	size_t versions_n, versions_cap;
	struct ts_mirror_cut *cuts;
	size_t cuts_n, cuts_cap;
	struct ts_mirror_document *documents;
	size_t documents_n, documents_cap;
	struct ts_mirror_step *steps;
	size_t steps_n, steps_cap;
};
/* dir and region are borrowed. */
void ts_mirror_catalog_init(struct ts_mirror_catalog *catalog, const struct ts_mirror_dir *dir,
	struct ts_region *region);
/* Reads on, from where it stands up to `to`, out of the entries tiles of a log of that size.
 * TS_E_MALFORMED names the leaf. */
enum ts_err ts_mirror_catalog_inputs(
	struct ts_mirror_catalog *catalog, int64_t to, struct ts_why *why) TS_MUST;
enum ts_err ts_mirror_catalog_journal(
	struct ts_mirror_catalog *catalog, int64_t to, struct ts_why *why) TS_MUST;
/* The same, up to `to`, where the tiles of a log of `held` leaves are on the disk. */
enum ts_err ts_mirror_catalog_inputs_at(
	struct ts_mirror_catalog *catalog, int64_t held, int64_t to, struct ts_why *why) TS_MUST;
enum ts_err ts_mirror_catalog_journal_at(
	struct ts_mirror_catalog *catalog, int64_t held, int64_t to, struct ts_why *why) TS_MUST;
/* Journal entries whose source lies below a size of the inputs log. */
int64_t ts_mirror_catalog_settled(const struct ts_mirror_catalog *catalog, int64_t inputs);

#endif
