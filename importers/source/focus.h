/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_FOCUS_H
#define TS_IMPORTERS_SOURCE_FOCUS_H
/* Why: FOCUS 1.0 to 1.3 is what any provider may hand over. It has no row ids, and providers
 * restate: a billing account's period is one delivery, each row keyed by all that it says. What a
 * row bought is found in the catalog by what its provider tells of it. */
#include "importers/frame/source.h"

extern const struct ts_source ts_focus_source;

#endif
