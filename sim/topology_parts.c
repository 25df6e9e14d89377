/* SPDX-License-Identifier: BSD-2-Clause */
#include "topology_parts.h"

uint32_t topology_part_index(const struct ration_topology *t, enum topology_part part,
                             uint32_t cpu)
{
	switch (part) {
	case PART_NODE:
		return t->cpu[cpu].node;
	case PART_PACKAGE:
		return t->cpu[cpu].package;
	default:
		return t->cpu[cpu].llc;
	}
}

struct topology_range topology_part_range(const struct ration_topology *t,
                                          enum topology_part part, uint32_t cpu, uint32_t end)
{
	struct topology_range range = { .first = cpu, .count = 1 };

	while (cpu + range.count < end &&
	       topology_part_index(t, part, cpu + range.count) ==
	          topology_part_index(t, part, cpu))
		range.count++;
	return range;
}

static bool part_begins(const struct ration_topology *t, enum topology_part part, uint32_t cpu)
{
	return cpu == 0 || topology_part_index(t, part, cpu) !=
	                   topology_part_index(t, part, cpu - 1);
}

/* Does a part of the outer kind begin only where one of the inner kind does? */
static bool part_holds(const struct ration_topology *t, enum topology_part outer,
                       enum topology_part inner)
{
	for (uint32_t c = 0; c < t->cpu_count; c++)
		if (part_begins(t, outer, c) && !part_begins(t, inner, c))
			return false;
	return true;
}

static bool part_equals(const struct ration_topology *t, enum topology_part a,
                        enum topology_part b)
{
	return part_holds(t, a, b) && part_holds(t, b, a);
}

/* Is every node one range of CPUs, and more than one of them in use? */
static bool node_is_range(const struct ration_topology *t)
{
	bool seen[RATION_TOPOLOGY_NODE_MAX] = { false };
	uint32_t ranges = 0;

	for (uint32_t c = 0; c < t->cpu_count; c++) {
		if (!part_begins(t, PART_NODE, c))
			continue;
		if (seen[t->cpu[c].node])
			return false;
		seen[t->cpu[c].node] = true;
		ranges++;
	}
	return ranges > 1;
}

static void parts_add(struct topology_parts *parts, enum topology_part part)
{
	parts->level[parts->level_count++] = part;
}

struct topology_parts topology_parts_of(const struct ration_topology *t)
{
	struct topology_parts parts = { .level_count = 0, .node_is = PART_NODE };
	bool has_node = node_is_range(t);
	bool has_llc = !part_equals(t, PART_PACKAGE, PART_LLC);
	bool around_package = part_holds(t, PART_NODE, PART_PACKAGE);
	bool in_package = part_holds(t, PART_PACKAGE, PART_NODE);
	bool around_llc = part_holds(t, PART_NODE, PART_LLC);
	bool in_llc = part_holds(t, PART_LLC, PART_NODE);

	if (has_node && around_package && in_package)
		parts.node_is = PART_PACKAGE;
	else if (has_node && in_package && around_llc && in_llc && has_llc)
		parts.node_is = PART_LLC;
	has_node = has_node && parts.node_is == PART_NODE;

	if (has_node && around_package)
		parts_add(&parts, PART_NODE);
	parts_add(&parts, PART_PACKAGE);
	if (has_node && !around_package && in_package && around_llc)
		parts_add(&parts, PART_NODE);
	if (has_llc)
		parts_add(&parts, PART_LLC);
	if (has_node && in_package && in_llc && !around_llc)
		parts_add(&parts, PART_NODE);
	return parts;
}
