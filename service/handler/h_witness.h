/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_H_WITNESS_H
#define TS_SERVICE_H_WITNESS_H
/* Why: the two routes of a witness, on the service's HTTP frame: no tokens, no database. Whoever
 * may reach it may ask; only a log that it knows, with that log's signature, gets an answer. */
#include "service/http/http.h"
#include "service/witness/witness_store.h"

extern const struct ts_route *const ts_witness_tables[];
/* The store is borrowed until the frame has stopped. */
struct ts_worker_hooks ts_witness_hooks(struct ts_witness_store *store);

#endif
