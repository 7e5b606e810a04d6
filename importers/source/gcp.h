/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_GCP_H
#define TS_IMPORTERS_SOURCE_GCP_H
/* Why: Google's detailed billing export has chip-seconds by SKU. Rows are appended, never changed,
 * hours after the usage; equal rows are different rows, and the time of export is the watermark. A
 * cost is before its credits, which stand in a list within the row: both are told, neither billed.
 */
#include "importers/frame/source.h"

extern const struct ts_source ts_gcp_billing_source;

#endif
