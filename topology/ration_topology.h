/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_topology.h - the machine: threads, cores, caches, packages, NUMA nodes.
 *
 * One model, whatever it was read from: hwloc on this host, a file that lstopo
 * saved on another server, a synthetic string, or ACPI and CPUID in a
 * hypervisor.  Numbers are logical: CPU c is the c-th hardware thread in
 * machine order, and every CPU names its core, its last-level cache, its
 * package and its NUMA node by index.
 *
 * Invariants, in the order in which ration_topology_check() tests them:
 *  1. 1 <= cpu_count <= RATION_TOPOLOGY_CPU_MAX, 1 <= node_count <= ..._NODE_MAX.
 *  2. Every CPU's core, llc, package and node index is below its count, and
 *     each index below a count is used by at least one CPU, except that a node
 *     may have no CPU (memory only).
 *  3. CPUs of one core share llc, package and node; CPUs of one llc share the package.
 *  4. Core numbers do not decrease from CPU to CPU; nor do llc and package numbers.
 *  5. The distance of a node to itself is its row's least, and none is 0.
 *  6. 1 <= capacity <= RATION_CAPACITY_FULL.
 */
#ifndef RATION_TOPOLOGY_H
#define RATION_TOPOLOGY_H

#include "ration_cpuset.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_TOPOLOGY_CPU_MAX  1024u
#define RATION_TOPOLOGY_NODE_MAX 64u
#define RATION_CAPACITY_FULL     1024u    /* speed of the fastest kind of core */
#define RATION_DISTANCE_LOCAL    10u      /* as ACPI's SLIT counts */

struct ration_topology_cpu {
	uint16_t core, llc, package, node;  /* indices, each from 0 */
	uint16_t capacity;                  /* 1..RATION_CAPACITY_FULL */
	bool online;                        /* present but off line: false */
};

struct ration_topology {
	uint32_t cpu_count, core_count, llc_count, package_count, node_count;
	struct ration_topology_cpu cpu[RATION_TOPOLOGY_CPU_MAX];
	/* distance[from][to], 10 = local */
	uint8_t distance[RATION_TOPOLOGY_NODE_MAX][RATION_TOPOLOGY_NODE_MAX];
};

/* How far apart two CPUs are: what a vCPU that moves between them leaves behind. */
enum ration_distance {
	RATION_SAME_CPU,       /* nothing */
	RATION_SAME_CORE,      /* another thread of the core */
	RATION_SAME_LLC,       /* private caches */
	RATION_SAME_PACKAGE,   /* the last-level cache */
	RATION_SAME_NODE,      /* another package, the same memory */
	RATION_REMOTE,         /* memory is now remote */
	RATION_DISTANCE_COUNT
};

/* A flat machine of `cpu_count` single-thread cores around one cache.  O(cpus). */
void ration_topology_flat(struct ration_topology *t, uint32_t cpu_count);

/* NULL, or the first broken invariant as a sentence.  O(cpus + nodes^2). */
const char *ration_topology_check(const struct ration_topology *t);

/* How far apart a and b are.  A thread sibling is nearer than anything; two
 * CPUs of different nodes are remote whatever package they sit in.  O(1). */
enum ration_distance ration_topology_between(const struct ration_topology *t,
                                             uint32_t a, uint32_t b);

/* CPUs that share the core, the last-level cache or the node of CPU c, c
 * included.  For machines of at most 64 CPUs.  O(cpus). */
ration_cpuset ration_topology_core_cpus(const struct ration_topology *t, ration_cpu c);
ration_cpuset ration_topology_llc_cpus(const struct ration_topology *t, ration_cpu c);
ration_cpuset ration_topology_node_cpus(const struct ration_topology *t, ration_cpu c);

/* Where and why a synthetic string is wrong. */
struct ration_topology_error {
	size_t offset;          /* byte offset of the offending item */
	const char *expected;   /* static text: what should stand there */
};

/*
 * Parse a synthetic description as hwloc writes it: levels from the outside
 * in, `type:count` separated by blanks, for example "pack:2 l3:2 core:8 pu:2"
 * (two packages, two L3 caches each, eight cores each, two threads each).
 * Types: pack[age]|socket, node|numa[node], group, die, l1..l5 (with i, d or
 * cache after it), core, pu|thread; attributes in brackets after a level and
 * items in brackets "[numa(memory=1GB)]" are understood.  The deepest cache
 * level above the cores that is an L3 or higher (else the package) is the
 * last-level cache.  Nodes are 10 from themselves and 20 from each other.
 * Returns 0, RATION_E_INVALID or RATION_E_RANGE with *error filled (may be NULL).
 */
int ration_topology_parse(const char *text, size_t length, struct ration_topology *t,
                          struct ration_topology_error *error);

/*
 * Write the synthetic string of a symmetric topology: one that
 * ration_topology_parse() reads back to an equal model.  Returns its length
 * (cut off at `size`, always terminated), or RATION_E_INVALID when the
 * topology is not symmetric (off-line CPUs, odd groups, several capacities,
 * distances other than 10 and 20): such a machine is written as XML by the
 * hosted part, topology/host.
 */
long ration_topology_format(const struct ration_topology *t, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
