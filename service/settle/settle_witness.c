/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/settle_witness.h"
#include "service/witness/witnesser.h"
#include "store/witness.h"
#include <stdio.h>
#include <string.h>

/* What must be published. */
struct need {
	int64_t inputs, journal; /* sizes */
	int64_t not_after_s;
};

/* TS_E_CONFLICT: the witnesses that have not cosigned both, and what the last round with each said.
 */
static enum ts_err waits(struct ts_db *db, struct ts_settle *s, const struct ts_quorum *quorum,
	const struct need *need, struct ts_why *why)
{
	char text[400] = "";
	size_t len = 0;
	int64_t id = s->contract.contract_id;
	for (size_t i = 0; i < quorum->n; i++) {
		const char *name = quorum->keys[i].name;
		struct ts_db_cosigned inputs, journal;
		struct ts_witness_status status;
		TS_TRY(ts_db_cosigned_last(db, id, TS_DB_LOCK_INPUTS, name, &inputs, why));
		TS_TRY(ts_db_cosigned_last(db, id, TS_DB_LOCK_JOURNAL, name, &journal, why));
		if ((inputs.size >= need->inputs && journal.size >= need->journal) ||
			len >= sizeof text)
			continue;
		ts_witnesser_status(s->app->witnesser, id, name, &status);
		const char *error = !status.configured ? "not configured here" : status.error;
		len += (size_t)snprintf(text + len, sizeof text - len,
			"%s%.120s has cosigned inputs %lld of %lld, journal %lld of %lld%s%.80s%s",
			len > 0 ? "; " : "", name, (long long)inputs.size, (long long)need->inputs,
			(long long)journal.size, (long long)need->journal,
			error[0] != '\0' ? " (" : "", error, error[0] != '\0' ? ")" : "");
	}
	return ts_why(why, TS_E_CONFLICT, "witnesses", "the document waits for its witnesses: %s",
		len > 0 ? text : "a witness's clock is ahead of ours");
}

enum ts_err ts_settle_witnessed(struct ts_db *db, struct ts_settle *s,
	const struct ts_terms_keys *keys, const struct ts_period_row *row, int64_t at_us,
	bool *cosigned, struct ts_why *why)
{
	int64_t id = s->contract.contract_id;
	struct need need = {.inputs = row->cut_to, .not_after_s = at_us / 1000000};
	struct ts_db_published inputs, journal = {.size = 0};
	struct ts_hash unused;
	*cosigned = false;
	if (keys->quorum_of.n == 0)
		return TS_OK;
	TS_TRY(ts_db_period_cut_get(db, id, row->index, &need.journal, &unused, why));
	TS_TRY(ts_db_published_covering(
		db, id, TS_DB_LOCK_INPUTS, need.inputs, need.not_after_s, &inputs, why));
	if (need.journal > 0)
		TS_TRY(ts_db_published_covering(
			db, id, TS_DB_LOCK_JOURNAL, need.journal, need.not_after_s, &journal, why));
	*cosigned = inputs.size > 0 && (journal.size > 0 || need.journal == 0);
	if (*cosigned || at_us - row->cut_at_us >= keys->unwitnessed_after_days * TS_US_PER_DAY)
		return TS_OK;
	return waits(db, s, &keys->quorum_of, &need, why);
}
