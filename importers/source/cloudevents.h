/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_CLOUDEVENTS_H
#define TS_IMPORTERS_SOURCE_CLOUDEVENTS_H
/* Why: a meter of one's own can write CloudEvents 1.0 (structured or batched JSON, or one event a
 * line) of our type; docs/formats/importers.md, "cloudevents", has its data. Events of other types
 * are not ours to bill. */
#include "importers/frame/source.h"

#define TS_CLOUDEVENTS_TYPE "tallystick.usage.v1"

extern const struct ts_source ts_cloudevents_source;

#endif
