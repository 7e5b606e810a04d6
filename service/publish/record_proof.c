/* SPDX-License-Identifier: Apache-2.0 */
#include "service/publish/record_proof.h"
#include "service/settle/quarantine.h"
#include "store/batch.h"
#include "store/log.h"

/* A proof file in the region. */
static enum ts_err format(int64_t index, const struct ts_path *path, struct ts_str note,
	struct ts_region *region, struct ts_str *out)
{
	const struct ts_proof proof = {.index = index, .path = *path, .note = note};
	struct ts_buf text;
	ts_buf_init(&text, TS_PROOF_BYTES_MAX);
	ts_proof_format(&proof, &text);
	const char *copy = text.err == TS_OK ? ts_region_copy(region, text.data, text.len) : NULL;
	*out = (struct ts_str){copy, text.len};
	ts_buf_free(&text);
	return copy == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err prove_line(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t stream_id, int64_t index, int64_t size, struct ts_path *out)
{
	struct ts_region *lines = ts_region_create(TS_SOURCE_REGION_BYTES_MAX);
	if (lines == NULL)
		return TS_E_NO_MEMORY;
	struct ts_db_stream_source from = {.db = db,
		.hasher = hasher,
		.contract_id = contract_id,
		.stream_id = stream_id,
		.region = lines};
	struct ts_merkle_source source = ts_db_stream_source(&from);
	enum ts_err err = ts_inclusion_prove(hasher, &source, index, size, out);
	ts_region_free(lines);
	return err;
}

enum ts_err ts_record_proof_make(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t stream_id, int64_t index, struct ts_region *region, struct ts_record_proof *out,
	struct ts_why *why)
{
	struct ts_db_batch batch;
	struct ts_db_checkpoint checkpoint;
	struct ts_db_leaf_row *leaf = NULL;
	struct ts_path path;
	size_t n = 0;
	TS_TRY(ts_db_batch_at(db, contract_id, stream_id, index, region, &batch, why));
	TS_TRY(ts_db_checkpoint_last(
		db, contract_id, TS_DB_LOCK_INPUTS, INT64_MAX, region, &checkpoint, why));
	if (checkpoint.size <= batch.leaf)
		return ts_why(why, TS_E_CONFLICT, "index",
			"leaf %lld of the inputs log is in no signed checkpoint yet: try again "
			"after the next tick",
			(long long)batch.leaf);
	TS_TRY(ts_db_log_leaves(db, contract_id, TS_DB_LOCK_INPUTS, batch.leaf, batch.leaf + 1, -1,
		1, region, &leaf, &n, why));
	if (n != 1)
		return ts_why(
			why, TS_E_INTERNAL, "log", "leaf %lld is absent", (long long)batch.leaf);
	TS_TRY(ts_db_batch_line(db, contract_id, stream_id, index, region, &out->line, why));
	TS_TRY(prove_line(db, hasher, contract_id, stream_id, index, batch.end, &path));
	TS_TRY(format(index, &path, leaf[0].data, region, &out->stream_proof));
	struct ts_db_log_source from = {
		.db = db, .hasher = hasher, .contract_id = contract_id, .log = TS_DB_LOCK_INPUTS};
	struct ts_merkle_source source = ts_db_log_source(&from);
	TS_TRY(ts_inclusion_prove(hasher, &source, batch.leaf, checkpoint.size, &path));
	TS_TRY(format(batch.leaf, &path, checkpoint.note, region, &out->inputs_proof));
	out->leaf = batch.leaf;
	return TS_OK;
}
