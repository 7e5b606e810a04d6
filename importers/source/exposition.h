/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_EXPOSITION_H
#define TS_IMPORTERS_SOURCE_EXPOSITION_H
/* Why: a scrape is lines of the Prometheus text format: NAME{label="value",...} VALUE [TIME]. Read
 * into the same series as an answer of query_range has, of one sample. */
#include "importers/source/prom.h"

/* at_ms: when the scrape was taken; a time on the line wins; 0: unknown, and the sample's is 0.
 * False: the row was judged: not billable comment; quarantined line_malformed, time_malformed. */
bool ts_exposition_read(struct ts_str line, int64_t at_ms, struct ts_region *region,
	struct ts_prom_series *out, struct ts_row *row);

#endif
