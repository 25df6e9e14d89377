/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - the invariants of a machine model, in the order of ration_topology.h. */
#include "ration_topology.h"

/* Which of 0..RATION_TOPOLOGY_CPU_MAX - 1 have been met, and how many. */
struct check_seen {
	uint64_t word[RATION_TOPOLOGY_CPU_MAX / 64];
	uint32_t count;
};

static void check_note(struct check_seen *seen, uint32_t index)
{
	uint64_t bit = (uint64_t)1 << (index % 64);

	if ((seen->word[index / 64] & bit) == 0)
		seen->count++;
	seen->word[index / 64] |= bit;
}

static const char *check_counts(const struct ration_topology *t)
{
	if (t->cpu_count < 1 || t->cpu_count > RATION_TOPOLOGY_CPU_MAX)
		return "the number of CPUs is not 1 to 1024";
	if (t->node_count < 1 || t->node_count > RATION_TOPOLOGY_NODE_MAX)
		return "the number of NUMA nodes is not 1 to 64";
	return NULL;
}

static const char *check_indices(const struct ration_topology *t)
{
	struct check_seen core = { .count = 0 }, llc = { .count = 0 }, package = { .count = 0 };

	/* More of anything than CPUs would leave one unused; asked first, since
	 * the marks below hold no more. */
	if (t->core_count > t->cpu_count || t->llc_count > t->cpu_count ||
	    t->package_count > t->cpu_count)
		return "there are more cores, caches or packages than CPUs";
	for (uint32_t c = 0; c < t->cpu_count; c++) {
		const struct ration_topology_cpu *cpu = &t->cpu[c];

		if (cpu->core >= t->core_count)
			return "a CPU names a core that is not there";
		if (cpu->llc >= t->llc_count)
			return "a CPU names a last-level cache that is not there";
		if (cpu->package >= t->package_count)
			return "a CPU names a package that is not there";
		if (cpu->node >= t->node_count)
			return "a CPU names a NUMA node that is not there";
		check_note(&core, cpu->core);
		check_note(&llc, cpu->llc);
		check_note(&package, cpu->package);
	}
	if (core.count != t->core_count)
		return "a core has no CPU";
	if (llc.count != t->llc_count)
		return "a last-level cache has no CPU";
	if (package.count != t->package_count)
		return "a package has no CPU";
	return NULL;
}

/* Comparing neighbours is enough: a core or cache whose CPUs do not stand side
 * by side breaks the next invariant. */
static const char *check_sharing(const struct ration_topology *t)
{
	for (uint32_t c = 1; c < t->cpu_count; c++) {
		const struct ration_topology_cpu *a = &t->cpu[c - 1], *b = &t->cpu[c];

		if (a->core == b->core && a->llc != b->llc)
			return "two CPUs of a core have different last-level caches";
		if (a->core == b->core && a->package != b->package)
			return "two CPUs of a core are in different packages";
		if (a->core == b->core && a->node != b->node)
			return "two CPUs of a core are in different NUMA nodes";
		if (a->llc == b->llc && a->package != b->package)
			return "two CPUs of a last-level cache are in different packages";
	}
	return NULL;
}

static const char *check_order(const struct ration_topology *t)
{
	for (uint32_t c = 1; c < t->cpu_count; c++) {
		const struct ration_topology_cpu *a = &t->cpu[c - 1], *b = &t->cpu[c];

		if (a->core > b->core)
			return "core numbers decrease from a CPU to the next";
		if (a->llc > b->llc)
			return "last-level cache numbers decrease from a CPU to the next";
		if (a->package > b->package)
			return "package numbers decrease from a CPU to the next";
	}
	return NULL;
}

static const char *check_distances(const struct ration_topology *t)
{
	for (uint32_t from = 0; from < t->node_count; from++) {
		for (uint32_t to = 0; to < t->node_count; to++) {
			if (t->distance[from][to] == 0)
				return "the distance between two NUMA nodes is 0";
			if (t->distance[from][to] < t->distance[from][from])
				return "a NUMA node is nearer to another one than to itself";
		}
	}
	return NULL;
}

static const char *check_capacities(const struct ration_topology *t)
{
	for (uint32_t c = 0; c < t->cpu_count; c++)
		if (t->cpu[c].capacity < 1 || t->cpu[c].capacity > RATION_CAPACITY_FULL)
			return "the capacity of a CPU is not 1 to 1024";
	return NULL;
}

const char *ration_topology_check(const struct ration_topology *t)
{
	const char *broken = check_counts(t);

	if (broken == NULL)
		broken = check_indices(t);
	if (broken == NULL)
		broken = check_sharing(t);
	if (broken == NULL)
		broken = check_order(t);
	if (broken == NULL)
		broken = check_distances(t);
	if (broken == NULL)
		broken = check_capacities(t);
	return broken;
}
