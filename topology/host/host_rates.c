/* SPDX-License-Identifier: BSD-2-Clause */
/* host_rates.c - how fast cores are and how far nodes are apart. */
#include <hwloc.h>
#include <numa.h>
#include <stdlib.h>
#include <string.h>

#include "host_model.h"

/* --- capacity ---------------------------------------------------------------- */

/* One kind of core: its CPUs, and how fast it is by each of the measures. */
struct host_kind {
	hwloc_bitmap_t cpus;
	uint64_t by_capacity, by_frequency, by_rank;   /* 0: not known */
};

/* The number in an info of a kind; 0 where there is none. */
static uint64_t host_kind_number(const struct hwloc_info_s *infos, unsigned info_count,
                                 const char *name)
{
	for (unsigned i = 0; i < info_count; i++) {
		if (strcmp(infos[i].name, name) == 0) {
			unsigned long value = strtoul(infos[i].value, NULL, 10);

			return value <= 1000000000ul ? value : 0;
		}
	}
	return 0;
}

static bool host_kind_read(hwloc_topology_t hwloc, unsigned index, struct host_kind *kind)
{
	struct hwloc_info_s *infos = NULL;
	unsigned info_count = 0;
	int rank = -1;

	kind->cpus = hwloc_bitmap_alloc();
	if (kind->cpus == NULL)
		return false;
	if (hwloc_cpukinds_get_info(hwloc, index, kind->cpus, &rank, &info_count, &infos, 0) != 0)
		return false;
	kind->by_capacity = host_kind_number(infos, info_count, "LinuxCapacity");
	kind->by_frequency = host_kind_number(infos, info_count, "FrequencyMaxMHz");
	kind->by_rank = rank < 0 ? 0 : (uint64_t)rank + 1;
	return true;
}

/* The measure to go by: the first that is known of every kind.  Leaves each
 * kind's value in by_capacity. */
static bool host_kinds_measure(struct host_kind *kinds, unsigned count)
{
	bool has_capacity = true, has_frequency = true, has_rank = true;

	for (unsigned i = 0; i < count; i++) {
		has_capacity = has_capacity && kinds[i].by_capacity > 0;
		has_frequency = has_frequency && kinds[i].by_frequency > 0;
		has_rank = has_rank && kinds[i].by_rank > 0;
	}
	for (unsigned i = 0; i < count && !has_capacity; i++)
		kinds[i].by_capacity = has_frequency ? kinds[i].by_frequency : kinds[i].by_rank;
	return has_capacity || has_frequency || has_rank;
}

/* A thread of which nothing is known (it is off line) is as fast as its core. */
static void host_capacity_spread(struct ration_topology *t, const bool *is_known)
{
	for (uint32_t c = 0; c < t->cpu_count; c++) {
		if (is_known[c])
			continue;
		for (uint32_t other = 0; other < t->cpu_count; other++)
			if (is_known[other] && t->cpu[other].core == t->cpu[c].core)
				t->cpu[c].capacity = t->cpu[other].capacity;
	}
}

static void host_capacity_apply(struct topology_host *out, const struct host_kind *kinds,
                                unsigned count)
{
	struct ration_topology *t = &out->model;
	bool is_known[RATION_TOPOLOGY_CPU_MAX] = { false };
	uint64_t best = 1;

	for (unsigned i = 0; i < count; i++)
		if (kinds[i].by_capacity > best)
			best = kinds[i].by_capacity;
	for (unsigned i = 0; i < count; i++) {
		/* At most 1e9 * 1024 + 5e8: no overflow; at most 1024 in the end. */
		uint64_t capacity = (kinds[i].by_capacity * RATION_CAPACITY_FULL + best / 2) / best;

		for (uint32_t c = 0; c < t->cpu_count; c++) {
			if (!hwloc_bitmap_isset(kinds[i].cpus, out->os_index[c]))
				continue;
			t->cpu[c].capacity = (uint16_t)(capacity > 0 ? capacity : 1);
			is_known[c] = true;
		}
	}
	host_capacity_spread(t, is_known);
}

void host_capacity_fill(struct topology_host *out)
{
	int count = hwloc_cpukinds_get_nr(out->hwloc, 0);
	struct host_kind *kinds;
	bool ok = true;

	if (count < 1)
		return;
	kinds = (struct host_kind *)calloc((size_t)count, sizeof(*kinds));
	if (kinds == NULL)
		return;
	for (int i = 0; i < count && ok; i++)
		ok = host_kind_read(out->hwloc, (unsigned)i, &kinds[i]);
	if (ok && host_kinds_measure(kinds, (unsigned)count))
		host_capacity_apply(out, kinds, (unsigned)count);
	for (int i = 0; i < count; i++)
		hwloc_bitmap_free(kinds[i].cpus);
	free(kinds);
}

/* --- distance ---------------------------------------------------------------- */

static void host_distance_default(struct ration_topology *t)
{
	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			t->distance[from][to] = from == to ? RATION_DISTANCE_LOCAL
			                                   : 2 * RATION_DISTANCE_LOCAL;
}

/* A matrix that calls another node nearer than its own, by a slip of the
 * firmware, is read as "no farther". */
static void host_distance_mend(struct ration_topology *t)
{
	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			if (t->distance[from][to] < t->distance[from][from])
				t->distance[from][to] = t->distance[from][from];
}

/* Scale a latency so that `least` counts 10; what does not fit is 255. */
static uint8_t host_distance_scale(uint64_t value, uint64_t least)
{
	/* Dividing first where the product could overflow: far beyond 255 then. */
	uint64_t scaled = value > UINT64_MAX / 16 ? value / least
	                                          : (value * RATION_DISTANCE_LOCAL + least / 2) / least;

	return scaled > UINT8_MAX ? UINT8_MAX : (uint8_t)scaled;
}

static bool host_distance_use(struct topology_host *out, const struct hwloc_distances_s *matrix)
{
	unsigned n = matrix->nbobjs;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < (size_t)n * n; i++)
		if (matrix->values[i] < least)
			least = matrix->values[i];
	if (n < 1 || least == 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < n; j++) {
			hwloc_obj_t from = matrix->objs[i], to = matrix->objs[j];

			if (from == NULL || to == NULL || from->logical_index >= out->model.node_count ||
			    to->logical_index >= out->model.node_count)
				continue;
			out->model.distance[from->logical_index][to->logical_index] =
				host_distance_scale(matrix->values[(size_t)i * n + j], least);
		}
	}
	return true;
}

bool host_distance_fill(struct topology_host *out)
{
	struct hwloc_distances_s *matrix[8];
	unsigned count = 8;
	bool has_one = false;

	host_distance_default(&out->model);
	if (hwloc_distances_get_by_type(out->hwloc, HWLOC_OBJ_NUMANODE, &count, matrix,
	                                HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) != 0)
		return false;
	for (unsigned i = 0; i < count && i < 8; i++) {
		has_one = has_one || host_distance_use(out, matrix[i]);
		hwloc_distances_release(out->hwloc, matrix[i]);
	}
	host_distance_mend(&out->model);
	return has_one;
}

/* --- libnuma ------------------------------------------------------------------- */

static void host_numa_distances(struct topology_host *out)
{
	struct ration_topology *t = &out->model;

	for (uint32_t from = 0; from < t->node_count; from++) {
		for (uint32_t to = 0; to < t->node_count; to++) {
			int distance = numa_distance((int)out->node_os_index[from],
			                             (int)out->node_os_index[to]);

			if (distance > 0)
				t->distance[from][to] = distance > UINT8_MAX ? UINT8_MAX
				                                             : (uint8_t)distance;
		}
	}
	host_distance_mend(t);
}

void host_numa_fill(struct topology_host *out, bool with_distances)
{
	if (numa_available() < 0)
		return;
	for (uint32_t n = 0; n < out->model.node_count; n++) {
		long long free_bytes = 0;
		long long bytes = numa_node_size64((int)out->node_os_index[n], &free_bytes);

		if (bytes > 0 && out->node_memory[n] == 0)
			out->node_memory[n] = (uint64_t)bytes;
		if (bytes > 0 && free_bytes > 0)
			out->node_free[n] = (uint64_t)free_bytes;
	}
	if (with_distances)
		host_numa_distances(out);
}
