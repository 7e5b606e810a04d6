/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/cluster.h"
#include <stdlib.h>

struct group {
	int32_t free_gpus;
	int32_t free_nodes; /* wholly free ones */
	bool draining;
};
/* Invariant: a group's counts are the sums over its nodes. */
struct ts_cluster {
	uint8_t *free; /* GPUs free, per node */
	struct group *groups;
	uint32_t nodes_n;
	uint32_t groups_n;
};

enum ts_err ts_cluster_create(int64_t gpus, struct ts_cluster **out)
{
	if (gpus < TS_NODE_GPUS || gpus > TS_CLUSTER_GPUS_MAX || gpus % TS_NODE_GPUS != 0)
		return TS_E_RANGE;
	struct ts_cluster *cluster = calloc(1, sizeof(*cluster));
	if (!cluster)
		return TS_E_NO_MEMORY;
	cluster->nodes_n = (uint32_t)(gpus / TS_NODE_GPUS);
	cluster->groups_n = (cluster->nodes_n + TS_GROUP_NODES - 1) / TS_GROUP_NODES;
	cluster->free = calloc(cluster->nodes_n, sizeof(*cluster->free));
	cluster->groups = calloc(cluster->groups_n, sizeof(*cluster->groups));
	if (!cluster->free || !cluster->groups) {
		ts_cluster_free(cluster);
		return TS_E_NO_MEMORY;
	}
	for (uint32_t node = 0; node < cluster->nodes_n; node++)
		ts_cluster_give(cluster, node, TS_NODE_GPUS);
	*out = cluster;
	return TS_OK;
}

void ts_cluster_free(struct ts_cluster *cluster)
{
	if (!cluster)
		return;
	free(cluster->free);
	free(cluster->groups);
	free(cluster);
}

uint32_t ts_cluster_groups(const struct ts_cluster *cluster)
{
	return cluster->groups_n;
}

static void take_on_node(struct ts_cluster *cluster, uint32_t node, int64_t gpus)
{
	struct group *group = &cluster->groups[node / TS_GROUP_NODES];
	TS_ASSERT(gpus <= cluster->free[node]);
	if (cluster->free[node] == TS_NODE_GPUS)
		group->free_nodes--;
	cluster->free[node] = (uint8_t)(cluster->free[node] - gpus);
	group->free_gpus -= (int32_t)gpus;
}

void ts_cluster_give(struct ts_cluster *cluster, uint32_t node, int64_t gpus)
{
	struct group *group = &cluster->groups[node / TS_GROUP_NODES];
	TS_ASSERT(gpus + cluster->free[node] <= TS_NODE_GPUS);
	cluster->free[node] = (uint8_t)(cluster->free[node] + gpus);
	group->free_gpus += (int32_t)gpus;
	if (cluster->free[node] == TS_NODE_GPUS)
		group->free_nodes++;
}

static uint32_t group_end(const struct ts_cluster *cluster, uint32_t group)
{
	uint32_t end = (group + 1) * TS_GROUP_NODES;
	return end < cluster->nodes_n ? end : cluster->nodes_n;
}

static bool take_part(struct ts_cluster *cluster, int64_t gpus, uint32_t *node)
{
	/* A node in use already is preferred: whole nodes are for whole-node jobs. */
	for (int whole = 0; whole < 2; whole++) {
		for (uint32_t g = 0; g < cluster->groups_n; g++) {
			const struct group *group = &cluster->groups[g];
			if (group->draining || group->free_gpus < gpus)
				continue;
			for (uint32_t n = g * TS_GROUP_NODES; n < group_end(cluster, g); n++) {
				if (cluster->free[n] < gpus ||
					(!whole && cluster->free[n] == TS_NODE_GPUS))
					continue;
				take_on_node(cluster, n, gpus);
				*node = n;
				return true;
			}
		}
	}
	return false;
}

bool ts_cluster_take(struct ts_cluster *cluster, int64_t gpus, uint32_t *nodes)
{
	if (gpus < TS_NODE_GPUS)
		return take_part(cluster, gpus, nodes);
	int64_t want = gpus / TS_NODE_GPUS;
	int64_t room = 0;
	for (uint32_t g = 0; g < cluster->groups_n && room < want; g++)
		if (!cluster->groups[g].draining)
			room += cluster->groups[g].free_nodes;
	if (room < want)
		return false;
	for (uint32_t g = 0; want > 0; g++) {
		if (cluster->groups[g].draining)
			continue;
		for (uint32_t n = g * TS_GROUP_NODES;
			n < group_end(cluster, g) && cluster->groups[g].free_nodes > 0 && want > 0;
			n++) {
			if (cluster->free[n] < TS_NODE_GPUS)
				continue;
			take_on_node(cluster, n, TS_NODE_GPUS);
			*nodes++ = n;
			want--;
		}
	}
	return true;
}

size_t ts_cluster_take_group(struct ts_cluster *cluster, uint32_t group, uint32_t *nodes)
{
	uint32_t first = group * TS_GROUP_NODES;
	uint32_t n = group_end(cluster, group) - first;
	if (cluster->groups[group].free_nodes != (int32_t)n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		take_on_node(cluster, first + i, TS_NODE_GPUS);
		nodes[i] = first + i;
	}
	return n;
}

void ts_cluster_drain(struct ts_cluster *cluster, uint32_t group, bool draining)
{
	cluster->groups[group].draining = draining;
}
