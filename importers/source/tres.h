/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_TRES_H
#define TS_IMPORTERS_SOURCE_TRES_H
/* Why: Slurm's AllocTRES says how many GPUs an allocation held, in two overlapping ways:
 * `gres/gpu=N` is the total, `gres/gpu:TYPE=N` a breakdown of the same devices, never additive. The
 * type stands there only when the job asked for it. `gres/gpumem` and `gres/gpuutil` are others. */
#include "base/text.h"

#define TS_TRES_TYPES_MAX 8
#define TS_TRES_COUNT_MAX 1000000 /* more GPUs than any machine has: a damaged row */

struct ts_tres {
	int64_t devices; /* the total, or the sum of the types when no total is given */
	int64_t typed; /* sum of the types; at most devices */
	size_t n;
	struct {
		struct ts_str type; /* borrowed */
		int64_t count; /* > 0 */
	} types[TS_TRES_TYPES_MAX];
};
/* A text without GPUs gives devices 0. On failure *reason is a static word: TS_E_MALFORMED
 * (tres_malformed), TS_E_LIMIT (too_many_types), TS_E_INVALID (gres_typed_over_total). */
enum ts_err ts_tres_parse(struct ts_str text, struct ts_tres *out, const char **reason) TS_MUST;

/* True for the name of a MIG slice, as in a100_3g.20gb or 1g.10gb: a count of those is not a count
 * of devices. */
bool ts_tres_is_slice(struct ts_str type);

#endif
