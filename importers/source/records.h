/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_RECORDS_H
#define TS_IMPORTERS_SOURCE_RECORDS_H
/* Why: a meter of one's own, or `tallystick simulate`, can write our u1 lines
 * (docs/formats/record.md) to a file; this source puts them into a stream. A line is what its
 * times, SKU, class, workload, resource and account say; another quantity for the same is a
 * conflict. */
#include "importers/frame/source.h"

extern const struct ts_source ts_records_source;

#endif
