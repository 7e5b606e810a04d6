/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_DESK_H
#define TS_SERVICE_DESK_H
/* Why: statements of the two companies come in at one desk. A text is kept by its hash, signatures
 * are merged until all that its kind needs are there; then the kind's check runs once more, the
 * leaf is appended and the effect applied, in one transaction. To add a statement: an object of
 * struct ts_desk_kind in a file of its own, one line in desk_kinds.c (CONTRIBUTING.md). */
#include "evidence/event.h"
#include "evidence/log.h"
#include "evidence/note.h"
#include "evidence/revocation.h"
#include "service/session.h"
#include "store/contract.h"
#include "store/statement.h"
#include "store/stream.h"
#include "terms/terms.h"

/* Statements that one side began and that are not in the log: bounds what a company can pile up. */
#define TS_DESK_WAITING_MAX 1000
#define TS_DESK_REVOCATIONS_MAX 16 /* of one key */

enum ts_desk_signers {
	TS_DESK_BOTH, /* both companies, in one leaf */
	TS_DESK_OWNER, /* the one company that `owner` finds */
	TS_DESK_COUNTER, /* likewise; the other's signature over the same text, if it comes, is a
			    leaf of its own behind it */
};

/* What the callbacks of a kind see. */
struct ts_desk {
	const struct ts_desk_kind *kind;
	struct ts_str text;
	struct ts_hash sha256;
	union { /* the text, read */
		struct ts_event event;
		struct ts_revocation revocation;
		struct ts_reattestation reattestation;
		struct ts_period_statement period;
		struct ts_reservation reservation;
	} is;
	struct ts_str about; /* the contract that the text names */
	/* Within the transaction, under the contract's settle lock. */
	struct ts_db *db;
	struct ts_hasher *hasher;
	struct ts_region *region;
	struct ts_db_contract contract;
	const struct ts_terms *terms; /* newest in force */
	const struct ts_db_stream *streams;
	size_t streams_n;
	int64_t now_us;
	int64_t leaf; /* apply only: the statement's index in the inputs log */
	bool counter; /* apply only: this is the countersignature's leaf */
};
/* A step that refuses gives an error below 500 and says why: what waited is then turned away with
 * it. It may run more than once. */
typedef enum ts_err (*ts_desk_step)(struct ts_desk *desk, struct ts_why *why);

struct ts_desk_kind {
	const char *name; /* in the interface and the database */
	enum ts_statement_kind format; /* first line of the text */
	enum ts_event_kind event; /* of TS_STATEMENT_EVENT */
	enum ts_leaf_kind leaf;
	enum ts_desk_signers signers;
	ts_desk_step read; /* desk->text to desk->is and desk->about; NULL: an event */
	/* Whose statement it is; NULL for TS_DESK_BOTH. */
	enum ts_err (*owner)(struct ts_desk *desk, enum ts_side *out, struct ts_why *why);
	ts_desk_step check; /* may it become a leaf now? With the first signature and the last. An
			       event's serial and `at` are checked before it. */
	ts_desk_step apply; /* the effect, behind the leaf; NULL: settle reads the leaf */
};
extern const struct ts_desk_kind *const ts_desk_kinds[]; /* desk_kinds.c, NULL-terminated */
const struct ts_desk_kind *ts_desk_kind_named(struct ts_str name); /* NULL: none */

/* The enrolled stream of the contract with this origin; TS_E_NOT_FOUND says its name. */
enum ts_err ts_desk_stream(const struct ts_desk *desk, struct ts_str origin,
	const struct ts_db_stream **out, struct ts_why *why) TS_MUST;
/* The N that a revocation since an instant must name (docs/formats/statements.md). */
enum ts_err ts_desk_covered(
	struct ts_desk *desk, int64_t since_ms, int64_t *covered, struct ts_why *why) TS_MUST;
/* The root of the first `size` lines of a stream, from stored bytes. */
enum ts_err ts_desk_root(struct ts_desk *desk, const struct ts_db_stream *stream, int64_t size,
	struct ts_hash *out, struct ts_why *why) TS_MUST;
/* Fills terms and streams for the contract, within a transaction. */
enum ts_err ts_desk_load(struct ts_desk *desk, struct ts_why *why) TS_MUST;

/* One post. */
struct ts_desk_post {
	/* in */
	struct ts_note note;
	unsigned must_sign; /* bit 1 << side: the note must carry this side's line; 0: either */
	struct ts_desk desk; /* kind, text, is, about by ts_desk_read; hasher, region, contract,
				now_us by the caller */
	/* out */
	struct ts_db_statement row;
	enum ts_err refusal; /* what waited is complete, and was turned away */
	struct ts_why refused;
};
/* Finds the kind and reads the text. TS_E_INVALID: no statement of this desk. */
enum ts_err ts_desk_read(struct ts_desk_post *post, struct ts_why *why) TS_MUST;
/* The transaction; `arg` is the post. */
enum ts_err ts_desk_tx(struct ts_db *db, void *arg, struct ts_why *why);

#endif
