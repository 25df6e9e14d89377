/* SPDX-License-Identifier: BSD-2-Clause */
/* topology.c - questions to a machine model, and the simplest machine. */
#include "ration_topology.h"

#include "ration_assert.h"

void ration_topology_flat(struct ration_topology *t, uint32_t cpu_count)
{
	RATION_ASSERT(cpu_count >= 1);
	RATION_ASSERT(cpu_count <= RATION_TOPOLOGY_CPU_MAX);

	/* Not a compound literal: that would be 16 KiB of stack. */
	__builtin_memset(t, 0, sizeof(*t));
	t->cpu_count = cpu_count;
	t->core_count = cpu_count;
	t->llc_count = 1;
	t->package_count = 1;
	t->node_count = 1;
	for (uint32_t c = 0; c < cpu_count; c++) {
		t->cpu[c].core = (uint16_t)c;
		t->cpu[c].capacity = RATION_CAPACITY_FULL;
		t->cpu[c].online = true;
	}
	t->distance[0][0] = RATION_DISTANCE_LOCAL;
}

enum ration_distance ration_topology_between(const struct ration_topology *t,
                                             uint32_t a, uint32_t b)
{
	const struct ration_topology_cpu *x, *y;

	RATION_ASSERT(a < t->cpu_count);
	RATION_ASSERT(b < t->cpu_count);

	x = &t->cpu[a];
	y = &t->cpu[b];
	if (a == b)
		return RATION_SAME_CPU;
	if (x->core == y->core)
		return RATION_SAME_CORE;
	if (x->node != y->node)
		return RATION_REMOTE;
	if (x->llc == y->llc)
		return RATION_SAME_LLC;
	if (x->package == y->package)
		return RATION_SAME_PACKAGE;
	return RATION_SAME_NODE;
}

ration_cpuset ration_topology_core_cpus(const struct ration_topology *t, ration_cpu c)
{
	ration_cpuset set = RATION_CPUSET_NONE;

	RATION_ASSERT(t->cpu_count <= RATION_CPU_MAX);
	RATION_ASSERT(c < t->cpu_count);
	for (uint32_t i = 0; i < t->cpu_count; i++)
		if (t->cpu[i].core == t->cpu[c].core)
			set |= ration_cpuset_of(i);
	return set;
}

ration_cpuset ration_topology_llc_cpus(const struct ration_topology *t, ration_cpu c)
{
	ration_cpuset set = RATION_CPUSET_NONE;

	RATION_ASSERT(t->cpu_count <= RATION_CPU_MAX);
	RATION_ASSERT(c < t->cpu_count);
	for (uint32_t i = 0; i < t->cpu_count; i++)
		if (t->cpu[i].llc == t->cpu[c].llc)
			set |= ration_cpuset_of(i);
	return set;
}

ration_cpuset ration_topology_node_cpus(const struct ration_topology *t, ration_cpu c)
{
	ration_cpuset set = RATION_CPUSET_NONE;

	RATION_ASSERT(t->cpu_count <= RATION_CPU_MAX);
	RATION_ASSERT(c < t->cpu_count);
	for (uint32_t i = 0; i < t->cpu_count; i++)
		if (t->cpu[i].node == t->cpu[c].node)
			set |= ration_cpuset_of(i);
	return set;
}
