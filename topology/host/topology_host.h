/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology_host.h - read the machine model from this host, a file or a string.
 *
 * SPEC, wherever a machine can be named:
 *   this            the running machine: hwloc, and libnuma for what hwloc lacks
 *   pack:2 core:4   a synthetic string, as ration_topology_parse() reads it: a
 *                   text with a ':' that is not the name of a file
 *   server.xml      otherwise: a file that `lstopo server.xml` saved anywhere
 *
 * CPUs and nodes get logical numbers in the order of the machine's tree, so
 * that siblings stand side by side; what the operating system calls them is
 * kept beside the model and nowhere else.
 *
 * CPUs that are off line are part of the model where hwloc knows them: in the
 * core, cache and package that still names them, else as a core of their own
 * in the innermost part of the machine that does.
 *
 * Capacity: kinds of cores are compared by LinuxCapacity where hwloc knows it
 * of every kind, else by FrequencyMaxMHz, else by hwloc's efficiency rank r of
 * 0..best, which counts (r + 1) / (best + 1).  The best kind is
 * RATION_CAPACITY_FULL, the others in proportion, at least 1.
 *
 * Distances: hwloc's latency matrix, scaled so that the least is 10 and what
 * would not fit is 255; else libnuma's on this host; else 10 and 20.
 *
 * Not thread-safe: it sets HWLOC_HIDE_ERRORS in the environment, unless it is
 * set already.
 */
#ifndef TOPOLOGY_HOST_H
#define TOPOLOGY_HOST_H

#include "ration_topology.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TOPOLOGY_HOST_MESSAGE_SIZE 512u    /* enough for any message */
#define TOPOLOGY_HOST_UNKNOWN      UINT32_MAX

struct hwloc_topology;

struct topology_host {
	struct ration_topology model;   /* ration_topology_check() holds */
	/* What the operating system calls CPU c and node n (P#). */
	uint32_t os_index[RATION_TOPOLOGY_CPU_MAX];
	uint32_t node_os_index[RATION_TOPOLOGY_NODE_MAX];
	/* Bytes; 0: not known. */
	uint64_t node_memory[RATION_TOPOLOGY_NODE_MAX];
	uint64_t node_free[RATION_TOPOLOGY_NODE_MAX];
	struct hwloc_topology *hwloc;   /* what it was read from: for the export */
};

/*
 * Fill *out from SPEC.  Returns true, or false with a sentence in `message`
 * that begins with what it is about, as "FILE:LINE:COLUMN: what, expected
 * what" (line and column where there are any; a synthetic string stands in
 * quotes in place of the file), without a newline.  *out needs
 * topology_host_fini() only after true.
 */
bool topology_host_load(const char *spec, struct topology_host *out,
                        char *message, size_t message_size);

/* Release what a load holds.  The model stays readable. */
void topology_host_fini(struct topology_host *host);

/*
 * The machine as an XML file that hwloc 2 reads, from topology_host_load() or
 * lstopo.  Returns a string to pass to free(), or NULL where hwloc cannot.
 */
char *topology_host_xml(const struct topology_host *host);

#ifdef __cplusplus
}
#endif
#endif
