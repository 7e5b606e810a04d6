/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/log.h"

enum ts_err ts_leaf_parse(
	struct ts_str bytes, enum ts_leaf_kind *kind, struct ts_note *note, struct ts_why *why)
{
	static const enum ts_leaf_kind kinds[] = {
		[TS_STATEMENT_CONTRACT] = TS_LEAF_CONTRACT,
		[TS_STATEMENT_KEY] = TS_LEAF_KEY,
		[TS_STATEMENT_EVENT] = TS_LEAF_EVENT,
		[TS_STATEMENT_PERIOD] = TS_LEAF_PERIOD,
		[TS_STATEMENT_REVOKE] = TS_LEAF_REVOKE,
		[TS_STATEMENT_REATTEST] = TS_LEAF_REATTEST,
		[TS_STATEMENT_RESERVATION] = TS_LEAF_RESERVATION,
	};
	if (bytes.len > TS_LEAF_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "leaf",
			"a leaf of %zu bytes is over the limit of %d", bytes.len,
			TS_LEAF_BYTES_MAX);
	TS_TRY(ts_note_parse(bytes, note, why));
	enum ts_statement_kind statement = ts_statement_kind(note->text);
	if (statement != TS_STATEMENT_NONE) {
		*kind = kinds[statement];
		return TS_OK;
	}
	struct ts_checkpoint checkpoint;
	TS_TRY(ts_checkpoint_parse(note->text, &checkpoint, why));
	TS_TRY(ts_origin_check(checkpoint.origin, why));
	if (note->n != 1)
		return ts_why(why, TS_E_MALFORMED, "leaf",
			"a checkpoint leaf has one signature line, this one %zu", note->n);
	*kind = TS_LEAF_CHECKPOINT;
	return TS_OK;
}

void ts_leaf_checkpoint(struct ts_str text, struct ts_str line, struct ts_buf *out)
{
	ts_note_begin(text, out);
	ts_buf_put(out, line.at, line.len);
}
