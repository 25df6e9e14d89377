/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_model.h - from what hwloc knows to the model: threads, cores, caches,
 * packages and nodes in the order of hwloc's tree; capacities; distances.
 *
 * A core is refined by package and node, and a last-level cache is the
 * smallest L3 or higher that holds the whole core and lies within the package,
 * as ration_topology_parse() has it, whatever order the tree's levels have.
 */
#ifndef HOST_MODEL_H
#define HOST_MODEL_H

#include "topology_host.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Fill out->model, os_index, node_os_index and node_memory from out->hwloc,
 * which is loaded.  Returns true, or false with "what, expected what" in
 * `reason` of TOPOLOGY_HOST_MESSAGE_SIZE bytes.
 */
bool host_model_build(struct topology_host *out, char *reason);

/* Capacities by kind of core, as topology_host.h says. */
void host_capacity_fill(struct topology_host *out);

/* Distances from hwloc.  False: hwloc has none, and 10 and 20 are filled in. */
bool host_distance_fill(struct topology_host *out);

/*
 * What libnuma knows of the machine that runs this: free memory, memory where
 * hwloc had none, and distances if asked for.
 */
void host_numa_fill(struct topology_host *out, bool with_distances);

#ifdef __cplusplus
}
#endif
#endif
