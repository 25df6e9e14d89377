/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology_parts.h - how the parts of a machine lie in one another, from the
 * outside in: nodes, packages and last-level caches as ranges of CPUs.
 *
 * CPUs are numbered in machine order, so that a package or a cache is a range.
 * A node is drawn as a box only where it is a range too, and lies wholly in or
 * around the others.
 */
#ifndef TOPOLOGY_PARTS_H
#define TOPOLOGY_PARTS_H

#include "ration_topology.h"

#ifdef __cplusplus
extern "C" {
#endif

enum topology_part { PART_NODE, PART_PACKAGE, PART_LLC, PART_COUNT };

struct topology_parts {
	/* Those to draw, from the outside in. */
	enum topology_part level[PART_COUNT];
	unsigned level_count;
	/* The part that is the same set of CPUs as a node; PART_NODE: none is. */
	enum topology_part node_is;
};

struct topology_range {
	uint32_t first, count;       /* CPUs */
};

struct topology_parts topology_parts_of(const struct ration_topology *t);

/* The index of the part that a CPU belongs to. */
uint32_t topology_part_index(const struct ration_topology *t, enum topology_part part,
                             uint32_t cpu);

/* The CPUs from `cpu` on, below `end`, that belong to the same part. */
struct topology_range topology_part_range(const struct ration_topology *t,
                                          enum topology_part part, uint32_t cpu, uint32_t end);

#ifdef __cplusplus
}
#endif
#endif
