/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_APEL_H
#define TS_IMPORTERS_SOURCE_APEL_H
/* Why: EGI's usage messages: job records as text and as XML (EMI CAR), accelerator records as JSON,
 * signed (smime.h) or not. A job record says cores, not devices, so it bills only where a setting
 * prices cores; an accelerator record says how long how many were held within a month. */
#include "importers/frame/source.h"

#define TS_APEL_RECORDS_MAX 1000 /* of one accelerator message: its schema's limit */

extern const struct ts_source ts_apel_source;

#endif
