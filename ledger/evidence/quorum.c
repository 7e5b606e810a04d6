/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/quorum.h"

bool ts_quorum_safe(size_t n, size_t o, size_t k)
{
	if (k < 1 || k > n || o > n || k <= o)
		return false;
	/* Each quorum holds at least k - o of the n - o witnesses that the operator does not run.
	 */
	return 2 * (k - o) > n - o;
}

static void count_times(const struct ts_quorum *quorum, struct ts_quorum_count *out)
{
	int64_t sorted[TS_QUORUM_WITNESSES_MAX] = {0};
	for (size_t i = 0; i < quorum->n; i++) {
		if (out->time_s[i] == 0)
			continue;
		size_t at = out->counted++;
		for (; at > 0 && sorted[at - 1] > out->time_s[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = out->time_s[i];
	}
	out->met = out->counted >= quorum->k;
	if (out->met && quorum->k > 0)
		out->met_s = sorted[quorum->k - 1];
}

enum ts_err ts_quorum_count(const struct ts_note *note, const struct ts_quorum *quorum,
	struct ts_quorum_count *out, struct ts_why *why)
{
	struct ts_quorum_count count = {0};
	TS_ASSERT(quorum->n <= TS_QUORUM_WITNESSES_MAX && quorum->k <= quorum->n);
	for (size_t i = 0; i < quorum->n; i++) {
		for (size_t l = 0; l < note->n; l++) {
			const struct ts_sigline *line = &note->lines[l];
			int64_t time_s = 0;
			if (!ts_note_line_of(line, &quorum->keys[i]))
				continue;
			if (ts_note_line_verify(note->text, line, &quorum->keys[i], &time_s) !=
				TS_OK)
				return ts_why(why, TS_E_SIGNATURE, "cosignature",
					"the cosignature of %s (id %08x) does not verify",
					quorum->keys[i].name, quorum->keys[i].id);
			if (count.time_s[i] == 0 || time_s < count.time_s[i]) {
				count.time_s[i] = time_s;
				count.line[i] = line->line;
			}
		}
	}
	count_times(quorum, &count);
	*out = count;
	return TS_OK;
}
