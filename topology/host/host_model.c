/* SPDX-License-Identifier: BSD-2-Clause */
/* host_model.c - walks hwloc's tree and numbers what it meets. */
#include "host_model.h"

#include <hwloc.h>
#include <stdio.h>

/* What the CPU to be added next belongs to.  NULL: no such object. */
struct host_place {
	hwloc_obj_t package, core;
	hwloc_obj_t cache[8];      /* of level 3 or higher, from the outside in */
	unsigned cache_count;
	hwloc_obj_t llc;           /* the cache chosen among them */
};

struct host_walk {
	struct topology_host *out;
	struct host_place last;    /* of the CPU added last; `llc` may be the package */
	uint32_t cpu_count;        /* seen, also beyond what the model holds */
};

static int host_weight(hwloc_obj_t object)
{
	return hwloc_bitmap_weight(object->complete_cpuset);
}

static bool host_is_cache(hwloc_obj_t object)
{
	return hwloc_obj_type_is_dcache(object->type) && object->attr->cache.depth >= 3;
}

/* The node nearest to a CPU: of those around it the smallest, then the first. */
static uint16_t host_node_of(struct topology_host *out, unsigned os_index)
{
	int least = 0;
	uint16_t best = 0;

	for (uint32_t n = 0; n < out->model.node_count; n++) {
		hwloc_obj_t node = hwloc_get_obj_by_type(out->hwloc, HWLOC_OBJ_NUMANODE, n);
		int weight = host_weight(node);

		if (!hwloc_bitmap_isset(node->complete_cpuset, os_index))
			continue;
		if (least == 0 || weight < least) {
			least = weight;
			best = (uint16_t)n;
		}
	}
	return best;
}

/* The smallest cache that holds the whole core and lies within the package. */
static hwloc_obj_t host_choose_llc(struct topology_host *out, const struct host_place *place,
                                   uint16_t node)
{
	hwloc_obj_t memory = hwloc_get_obj_by_type(out->hwloc, HWLOC_OBJ_NUMANODE, node);
	int most = host_weight(place->package), least = 1;
	hwloc_obj_t best = place->package;

	if (place->core != NULL)
		least = host_weight(place->core);
	if (least > most)
		least = most;
	if (memory != NULL && host_weight(memory) > 0 && least > host_weight(memory))
		least = host_weight(memory);
	for (unsigned i = 0; i < place->cache_count; i++)
		if (host_weight(place->cache[i]) >= least && host_weight(place->cache[i]) <= most)
			best = place->cache[i];
	return best;
}

/* Number one more CPU.  A CPU without a core is a core of its own. */
static void host_add_cpu(struct host_walk *w, struct host_place place, unsigned os_index,
                         bool online)
{
	struct ration_topology *t = &w->out->model;
	uint32_t c = w->cpu_count++;
	struct ration_topology_cpu *cpu;
	bool is_package, is_llc, is_core;

	if (c >= RATION_TOPOLOGY_CPU_MAX)
		return;
	cpu = &t->cpu[c];
	cpu->node = host_node_of(w->out, os_index);
	place.llc = host_choose_llc(w->out, &place, cpu->node);
	is_package = c == 0 || place.package != w->last.package;
	is_llc = is_package || place.llc != w->last.llc;
	is_core = is_llc || place.core == NULL || place.core != w->last.core ||
	          cpu->node != t->cpu[c - 1].node;
	t->package_count += is_package;
	t->llc_count += is_llc;
	t->core_count += is_core;
	cpu->package = (uint16_t)(t->package_count - 1);
	cpu->llc = (uint16_t)(t->llc_count - 1);
	cpu->core = (uint16_t)(t->core_count - 1);
	cpu->capacity = RATION_CAPACITY_FULL;
	cpu->online = online;
	w->out->os_index[c] = os_index;
	w->last = place;
}

/* Add the CPUs of `orphans` below `end` (-1: all), and take them out of it. */
static void host_add_orphans(struct host_walk *w, const struct host_place *place,
                             hwloc_bitmap_t orphans, int end)
{
	int cpu;

	while ((cpu = hwloc_bitmap_first(orphans)) >= 0 && (end < 0 || cpu < end)) {
		host_add_cpu(w, *place, (unsigned)cpu, false);
		hwloc_bitmap_clr(orphans, (unsigned)cpu);
	}
}

/*
 * Add the CPUs of an object in order: those of its children, and between them,
 * by number, the CPUs that it knows and none of its children does.  Those are
 * off line: hwloc keeps no object for them.
 */
static void host_walk_object(struct host_walk *w, hwloc_obj_t object, struct host_place place)
{
	hwloc_bitmap_t orphans;

	if (object->type == HWLOC_OBJ_PU) {
		host_add_cpu(w, place, object->os_index, true);
		return;
	}
	if (object->type == HWLOC_OBJ_PACKAGE)
		place.package = object;
	else if (object->type == HWLOC_OBJ_CORE)
		place.core = object;
	else if (host_is_cache(object) && place.cache_count < 8)
		place.cache[place.cache_count++] = object;

	orphans = hwloc_bitmap_dup(object->complete_cpuset);
	if (orphans == NULL)
		return;
	for (unsigned i = 0; i < object->arity; i++)
		hwloc_bitmap_andnot(orphans, orphans, object->children[i]->complete_cpuset);
	if (hwloc_bitmap_weight(orphans) < 0)
		hwloc_bitmap_zero(orphans);        /* infinite: it says nothing */
	for (unsigned i = 0; i < object->arity; i++) {
		hwloc_obj_t child = object->children[i];

		host_add_orphans(w, &place, orphans, hwloc_bitmap_first(child->complete_cpuset));
		host_walk_object(w, child, place);
	}
	host_add_orphans(w, &place, orphans, -1);
	hwloc_bitmap_free(orphans);
}

static bool host_add_nodes(struct topology_host *out, char *reason)
{
	int count = hwloc_get_nbobjs_by_type(out->hwloc, HWLOC_OBJ_NUMANODE);

	if (count < 1 || count > (int)RATION_TOPOLOGY_NODE_MAX) {
		(void)snprintf(reason, TOPOLOGY_HOST_MESSAGE_SIZE,
		               "%d NUMA nodes, expected 1 to %u", count, RATION_TOPOLOGY_NODE_MAX);
		return false;
	}
	out->model.node_count = (uint32_t)count;
	for (uint32_t n = 0; n < out->model.node_count; n++) {
		hwloc_obj_t node = hwloc_get_obj_by_type(out->hwloc, HWLOC_OBJ_NUMANODE, n);

		out->node_os_index[n] = node->os_index;
		out->node_memory[n] = node->attr->numanode.local_memory;
	}
	return true;
}

bool host_model_build(struct topology_host *out, char *reason)
{
	hwloc_obj_t root = hwloc_get_root_obj(out->hwloc);
	struct host_walk w = { .out = out };
	struct host_place place = { .package = root };
	const char *broken;

	if (!host_add_nodes(out, reason))
		return false;
	host_walk_object(&w, root, place);
	if (w.cpu_count < 1 || w.cpu_count > RATION_TOPOLOGY_CPU_MAX) {
		(void)snprintf(reason, TOPOLOGY_HOST_MESSAGE_SIZE, "%u CPUs, expected 1 to %u",
		               w.cpu_count, RATION_TOPOLOGY_CPU_MAX);
		return false;
	}
	out->model.cpu_count = w.cpu_count;
	host_capacity_fill(out);
	(void)host_distance_fill(out);
	broken = ration_topology_check(&out->model);
	if (broken != NULL) {
		(void)snprintf(reason, TOPOLOGY_HOST_MESSAGE_SIZE,
		               "%s, expected a machine that can be", broken);
		return false;
	}
	return true;
}
