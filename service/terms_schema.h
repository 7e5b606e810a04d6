/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_TERMS_SCHEMA_H
#define TS_SERVICE_TERMS_SCHEMA_H
/* Why: the JSON Schema of contract terms (docs/formats/terms.schema.json), as the build found it,
 * so that an editor or a partner's tool gets it from the service or the command it talks to. */

extern const char ts_terms_schema[];

#endif
