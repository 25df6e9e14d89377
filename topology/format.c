/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * format.c - write a symmetric machine as a synthetic string.
 *
 * Symmetric means that every index is a division: CPU c is of core c / size,
 * and so on for caches, packages and nodes, each size a multiple of the next.
 */
#include "ration_topology.h"

#include "ration_assert.h"

/* How many CPUs one of each has, and how many nodes stand side by side. */
struct format_sizes {
	uint32_t core, llc, package, node;
	uint32_t nodes_at_once;
};

struct format_output {
	char *buffer;
	size_t size, length;
	uint32_t size_above;      /* CPUs in one object of the level written last */
};

/* Sets *each when `count` objects of one size make up the machine. */
static bool format_divide(const struct ration_topology *t, uint32_t count, uint32_t *each)
{
	*each = t->cpu_count / count;
	return *each * count == t->cpu_count;
}

/* The nodes that CPUs name are 0, k, 2k, ...: k of them lie at one place. */
static uint32_t format_nodes_at_once(const struct ration_topology *t)
{
	for (uint32_t c = 1; c < t->cpu_count; c++)
		if (t->cpu[c].node != t->cpu[0].node)
			return t->cpu[c].node;
	return t->node_count;
}

static bool format_is_plain(const struct ration_topology *t)
{
	for (uint32_t c = 0; c < t->cpu_count; c++)
		if (!t->cpu[c].online || t->cpu[c].capacity != RATION_CAPACITY_FULL)
			return false;
	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			if (t->distance[from][to] != (from == to ? RATION_DISTANCE_LOCAL
			                                         : 2 * RATION_DISTANCE_LOCAL))
				return false;
	return true;
}

static bool format_measure(const struct ration_topology *t, struct format_sizes *sizes)
{
	uint32_t k = format_nodes_at_once(t);

	if (!format_is_plain(t) || k == 0 || t->node_count % k != 0)
		return false;
	sizes->nodes_at_once = k;
	if (!format_divide(t, t->core_count, &sizes->core) ||
	    !format_divide(t, t->llc_count, &sizes->llc) ||
	    !format_divide(t, t->package_count, &sizes->package) ||
	    !format_divide(t, t->node_count / k, &sizes->node))
		return false;
	if (sizes->llc % sizes->core != 0 || sizes->package % sizes->llc != 0 ||
	    sizes->node % sizes->core != 0 ||
	    (sizes->node % sizes->llc != 0 && sizes->llc % sizes->node != 0) ||
	    (sizes->node % sizes->package != 0 && sizes->package % sizes->node != 0))
		return false;
	for (uint32_t c = 0; c < t->cpu_count; c++) {
		const struct ration_topology_cpu *cpu = &t->cpu[c];

		if (cpu->core != c / sizes->core || cpu->llc != c / sizes->llc ||
		    cpu->package != c / sizes->package || cpu->node != c / sizes->node * k)
			return false;
	}
	return true;
}

static void format_put(struct format_output *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (out->length + 1 < out->size)
			out->buffer[out->length] = *text;
		out->length++;
	}
}

/* One level whose objects have `each` CPUs. */
static void format_put_level(struct format_output *out, const char *type, uint32_t each)
{
	uint32_t count = out->size_above / each;
	char digits[5];
	uint32_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	for (; count > 0; count /= 10)         /* at most 1024: four digits */
		digits[--at] = (char)('0' + count % 10);
	if (out->length > 0)
		format_put(out, " ");
	format_put(out, type);
	format_put(out, digits + at);
	out->size_above = each;
}

/* The nodes where they belong to the level just written, or to the machine. */
static void format_put_nodes(struct format_output *out, const struct format_sizes *sizes)
{
	if (sizes->node != out->size_above)
		return;
	for (uint32_t i = 0; i < sizes->nodes_at_once; i++)
		format_put(out, out->length > 0 ? " [numa]" : "[numa]");
}

/* The nodes where they make a level of their own between two others, of which
 * the inner one has `inner` CPUs. */
static void format_put_node_level(struct format_output *out, const struct format_sizes *sizes,
                                  uint32_t inner)
{
	if (sizes->node >= out->size_above || sizes->node <= inner)
		return;
	if (sizes->nodes_at_once == 1) {
		format_put_level(out, "node:", sizes->node);
		return;
	}
	format_put_level(out, "group:", sizes->node);
	format_put_nodes(out, sizes);
}

long ration_topology_format(const struct ration_topology *t, char *buffer, size_t size)
{
	struct format_output out = { .buffer = buffer, .size = size, .size_above = t->cpu_count };
	struct format_sizes sizes;
	bool has_nodes = t->node_count > 1;

	RATION_ASSERT(size >= 1);
	RATION_ASSERT(ration_topology_check(t) == NULL);

	if (!format_measure(t, &sizes))
		return RATION_E_INVALID;
	if (!has_nodes)
		sizes.node = 0;               /* no level has so few: none is written */
	if (sizes.package != t->cpu_count)
		format_put_nodes(&out, &sizes);
	format_put_node_level(&out, &sizes, sizes.package);
	format_put_level(&out, "pack:", sizes.package);
	format_put_nodes(&out, &sizes);
	format_put_node_level(&out, &sizes, sizes.llc);
	if (sizes.llc != sizes.package) {
		format_put_level(&out, "l3:", sizes.llc);
		format_put_nodes(&out, &sizes);
	}
	format_put_node_level(&out, &sizes, sizes.core);
	format_put_level(&out, "core:", sizes.core);
	if (sizes.core != sizes.package && sizes.core != sizes.llc)
		format_put_nodes(&out, &sizes);
	format_put_level(&out, "pu:", 1);
	buffer[out.length < size ? out.length : size - 1] = '\0';
	return (long)out.length;
}
