/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_STATE_H
#define TS_BOOK_STATE_H
/* Why: `tallystick/state/v1`, what a contract came to at a cut (docs/formats/state.md): both logs,
 * every stream, the statements so far, the ledger. Both companies sign its SHA-256 when they seal a
 * period; a verifier that trusts that statement starts from it instead of from genesis. Canonical:
 * one state has one text. */
#include "book/ledger.h"
#include "evidence/completeness.h"
#include "evidence/merkle.h"
#include "evidence/span.h"
#include "evidence/window.h"

#define TS_STATE_BYTES_MAX ((size_t)1 << 30)

/* A statement leaf of the inputs log below N (all kinds but ticks and stream checkpoints). */
struct ts_state_leaf {
	int64_t index;
	struct ts_str bytes;
};
/* What was decided about u1 lines [from, to) of a stream: `kind` is a word of the judge, or "void"
 * for u1 lines that look good and are void (evidence/intake.h). */
struct ts_state_mark {
	int64_t from, to;
	struct ts_str kind;
	int64_t leaf; /* that decided it */
	struct ts_str by_origin; /* reversed: where its r1 stands; at NULL: no r1 */
	int64_t by_index;
};
struct ts_state_stream {
	struct ts_str origin;
	struct ts_range range; /* of its lines in leaves below N */
	int64_t revoked_ms; /* log time of its first revocation; TS_COMPLETENESS_NEVER */
	const struct ts_window *windows; /* that its tally still keeps; by (start, sku) */
	size_t windows_n;
	/* Instants [from, to) of neighbouring windows with a c1, of those that end behind the
	 * period's end: the next one's completeness needs them, and the tally forgets. */
	const struct ts_span *closed;
	size_t closed_n;
	const struct ts_state_mark *marks; /* by (from, kind, leaf) */
	size_t marks_n;
};
struct ts_state {
	struct ts_str contract;
	int32_t period;
	int64_t cut; /* index of the cut's leaf */
	struct ts_range inputs; /* of size N, the cut's `to` */
	struct ts_range journal; /* after the cut's entries */
	/* Windows of the period at N, without heartbeats and tail; hash of the list of the late and
	 * missing ones. The document of this cut says them, and they can't be counted again later.
	 */
	struct ts_completeness windows;
	struct ts_hash list;
	const struct ts_state_leaf *leaves; /* indexes rising */
	size_t leaves_n;
	const struct ts_state_stream *streams; /* by origin bytes */
	size_t streams_n;
	/* As they count at N, of those that start behind the period's end: an amendment that is
	 * folded later may match them anew. Any order to write, by (start, texts) when read. */
	const struct ts_usage_cell *cells;
	size_t cells_n;
};

/* Appends the text; ledger: right after the cut. TS_E_LIMIT, TS_E_INVALID. */
enum ts_err ts_state_text(const struct ts_state *state, const struct ts_ledger *ledger,
	struct ts_region *scratch, struct ts_buf *out, struct ts_why *why) TS_MUST;

/* Borrows from text; arrays are the region's. *ledger: the lines for ts_ledger_text_load, which
 * needs the terms first. TS_E_MALFORMED names the line. */
enum ts_err ts_state_parse(struct ts_str text, struct ts_region *region, struct ts_state *out,
	struct ts_str *ledger, struct ts_why *why) TS_MUST;

#endif
