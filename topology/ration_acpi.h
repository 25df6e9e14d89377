/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_acpi.h - the machine model out of what firmware and processor say: the
 * ACPI tables MADT, SRAT and SLIT, and CPUID.  For hosts that have no hwloc.
 *
 * Nothing in a table is trusted: signature, length, checksum and every entry
 * are tested before they are used, and the model that comes out passes
 * ration_topology_check().  Nothing is allocated.
 *
 * CPUs are numbered by rising APIC id, of those that the MADT calls enabled
 * (entries 0, local APIC, and 9, local x2APIC).  The bits of an APIC id say,
 * from the right, thread, core and package; how many bits are each CPUID
 * answers: leaf 0xB; where there is none, leaves 1 and 4, or on AMD's
 * 8000_0008 and 8000_001E.  The last-level cache is the largest one of level 3
 * or higher that leaf 4 (AMD with topology extensions: 8000_001D) names within
 * the package, else the package.  Ids may have gaps: three cores take two bits.
 *
 * NUMA nodes are the proximity domains of the SRAT's enabled entries for CPUs
 * (0 and 2) and memory (1), numbered by rising domain; a CPU that no entry names
 * is in node 0.  Without a SRAT there is one node.  Distances are the SLIT's,
 * and without it 10 in a node and 20 between two.
 *
 * Sources: ACPI specification 6.4, sections 5.2.6, 5.2.12, 5.2.16, 5.2.17; AMD64
 * Architecture Programmer's Manual, volume 3, appendix E; Intel's SDM, volume 2,
 * CPUID.
 */
#ifndef RATION_ACPI_H
#define RATION_ACPI_H

#include "ration_topology.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_ACPI_TABLE_MAX 0x100000u    /* bytes of a table: a longer one is refused */
#define RATION_ACPI_CPU_NONE  UINT32_MAX   /* no APIC id has that number */

/* A table, its header of 36 bytes included.  `size`: bytes that may be read there,
 * not less than the length in the header.  bytes NULL: the firmware has none. */
struct ration_acpi_table {
	const void *bytes;
	size_t size;
};

/* What the CPUID instruction answered on the boot CPU. */
struct ration_cpuid {
	uint32_t leaf, subleaf;
	uint32_t eax, ebx, ecx, edx;
};

/* The leaves and subleaves to ask for: initializers of an array of struct
 * ration_cpuid.  One that the processor does not have may be left out or asked
 * for all the same: leaves 0 and 8000_0000 say what there is. */
#define RATION_CPUID_WANTED \
	{ .leaf = 0 }, { .leaf = 1 }, \
	{ 4, 0, 0, 0, 0, 0 }, { 4, 1, 0, 0, 0, 0 }, { 4, 2, 0, 0, 0, 0 }, \
	{ 4, 3, 0, 0, 0, 0 }, { 4, 4, 0, 0, 0, 0 }, \
	{ 0xB, 0, 0, 0, 0, 0 }, { 0xB, 1, 0, 0, 0, 0 }, { 0xB, 2, 0, 0, 0, 0 }, \
	{ .leaf = 0x80000000 }, { .leaf = 0x80000001 }, { .leaf = 0x80000008 }, \
	{ 0x8000001D, 0, 0, 0, 0, 0 }, { 0x8000001D, 1, 0, 0, 0, 0 }, \
	{ 0x8000001D, 2, 0, 0, 0, 0 }, { 0x8000001D, 3, 0, 0, 0, 0 }, \
	{ 0x8000001D, 4, 0, 0, 0, 0 }, { .leaf = 0x8000001E }

struct ration_acpi_source {
	struct ration_acpi_table madt, srat, slit;
	const struct ration_cpuid *cpuid;    /* the same on every CPU of the machine */
	uint32_t cpuid_count;
	uint32_t boot_apic_id;               /* of the CPU that runs: it is always kept */
	uint32_t cpu_limit;                  /* keep so many CPUs, the lowest ids; 0: all */
	bool one_thread;                     /* keep one thread of each core; before cpu_limit */
};

struct ration_acpi_machine {
	struct ration_topology model;
	uint32_t apic_id[RATION_TOPOLOGY_CPU_MAX];       /* of CPU c */
	uint32_t node_domain[RATION_TOPOLOGY_NODE_MAX];  /* proximity domain of node n */
	uint32_t found_count;                            /* enabled CPUs, kept or not */
};

/* What is wrong, and where. */
struct ration_acpi_error {
	const char *table;      /* "MADT", "SRAT", "SLIT"; "CPUID": what they say together */
	size_t offset;          /* byte of the table at which the wrong thing begins */
	const char *expected;   /* static text: what should stand there; of CPUID: what is wrong */
};

/*
 * Fill *machine.  RATION_OK; or RATION_E_INVALID (a table is malformed) or
 * RATION_E_RANGE (more CPUs or nodes than a model holds), *error says why (may
 * be NULL), and *machine is of no use.  A host that would rather run than stop
 * asks again without the table that is named; without a SRAT the SLIT is not
 * looked at.  O(cpus^2 + bytes * cpus): a table of RATION_ACPI_TABLE_MAX at most.
 */
int ration_acpi_read(const struct ration_acpi_source *source, struct ration_acpi_machine *machine,
                     struct ration_acpi_error *error);

#ifdef __cplusplus
}
#endif
#endif
