/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_CLUSTER_H
#define TS_IMPORTERS_CLUSTER_H
/* Why: the simulator's machines: nodes of 8 GPUs in groups of 16 nodes. A job of 8 or more takes
 * whole nodes, a smaller one shares a node; first fit, so that the same calls give the same places.
 */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TS_NODE_GPUS 8
#define TS_GROUP_NODES 16
#define TS_CLUSTER_GPUS_MAX 1000000

struct ts_cluster;

/* gpus: a multiple of 8, 8..TS_CLUSTER_GPUS_MAX. TS_E_RANGE. Caller frees. */
enum ts_err ts_cluster_create(int64_t gpus, struct ts_cluster **out) TS_MUST;
void ts_cluster_free(struct ts_cluster *cluster); /* NULL is allowed */
uint32_t ts_cluster_groups(const struct ts_cluster *cluster);

/* Takes gpus (1, 2, 4 or a multiple of 8): writes the nodes, rising, gpus / 8 of them or one.
 * False: no room now, nothing was taken. Draining groups are passed over. */
bool ts_cluster_take(struct ts_cluster *cluster, int64_t gpus, uint32_t *nodes);
/* Takes a whole group when all of it is free; writes its nodes. 0: not free. */
size_t ts_cluster_take_group(struct ts_cluster *cluster, uint32_t group, uint32_t *nodes);
/* Gives back what was taken on one node. */
void ts_cluster_give(struct ts_cluster *cluster, uint32_t node, int64_t gpus);
void ts_cluster_drain(struct ts_cluster *cluster, uint32_t group, bool draining);

#endif
