/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_BUNDLE_H
#define TS_SERVICE_BUNDLE_H
/* Why: writes a bundle (docs/formats/bundle.md) from the database into an unlinked temporary file:
 * bounded memory, and no transaction lives longer than one read of a few uploads. The sizes up to
 * which it reads are fixed first; below them nothing changes any more. */
#include "service/session.h"
#include "store/contract.h"

struct ts_bundle_job {
	struct ts_session *session; /* borrowed, as all below */
	const struct ts_db_contract *contract;
	int32_t period; /* whose document must be in it */
	bool has_from; /* begins at the state at the cut of period `from`, else at genesis */
	int32_t from;
	const char *dir; /* of the temporary file */
	int64_t bytes_max;
};
/* *fd: open for reading from its start, the caller closes it. TS_E_CONFLICT: the period is not
 * issued, or the state not signed by both companies, or what came later reaches too far behind it;
 * TS_E_INVALID: it begins at no earlier period; TS_E_LIMIT: larger than bytes_max; TS_E_IO. */
enum ts_err ts_bundle_spool(
	const struct ts_bundle_job *job, int *fd, int64_t *size, struct ts_why *why) TS_MUST;

#endif
