/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_topology_hwloc.cc - ration_topology_parse() against hwloc itself: of the
 * same synthetic string both must see the same machine.
 *
 * The comparison asks hwloc for each PU's ancestors and knows nothing of the
 * code in topology/host.
 */
#include <gtest/gtest.h>

#include <hwloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ration_topology.h"

namespace {

/* What hwloc has of a string, or nothing. */
class Hwloc {
public:
	explicit Hwloc(const std::string &text)
	{
		hwloc_topology_init(&topology);
		ok = hwloc_topology_set_synthetic(topology, text.c_str()) == 0 &&
			hwloc_topology_load(topology) == 0;
	}
	~Hwloc() { hwloc_topology_destroy(topology); }
	Hwloc(const Hwloc &) = delete;

	int cpus() const { return hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU); }
	int nodes() const { return hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE); }

	hwloc_obj_t pu(unsigned index) const
	{
		return hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, index);
	}

	/* The CPUs of the package, or of the machine where there is none. */
	hwloc_const_cpuset_t package(unsigned index) const
	{
		hwloc_obj_t obj = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE,
		                                                 pu(index));
		return obj != nullptr ? obj->cpuset : hwloc_topology_get_topology_cpuset(topology);
	}

	/* The smallest node around a PU, the first of equal ones. */
	hwloc_obj_t node(unsigned index) const
	{
		hwloc_obj_t best = nullptr, obj = nullptr;

		while ((obj = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, obj)))
			if (hwloc_bitmap_isset(obj->cpuset, pu(index)->os_index) &&
			    (best == nullptr || hwloc_bitmap_weight(obj->cpuset) <
			        hwloc_bitmap_weight(best->cpuset)))
				best = obj;
		return best;
	}

	/* A core is cut where a package or a node is. */
	hwloc_const_cpuset_t core(unsigned index) const
	{
		hwloc_obj_t obj = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE,
		                                                 pu(index));
		hwloc_const_cpuset_t set = obj != nullptr ? obj->cpuset : pu(index)->cpuset;

		if (hwloc_bitmap_isincluded(package(index), set))
			set = package(index);
		if (hwloc_bitmap_isincluded(node(index)->cpuset, set))
			set = node(index)->cpuset;
		return set;
	}

	/* The nearest L3 or higher that holds the core, within the package. */
	hwloc_const_cpuset_t llc(unsigned index) const
	{
		for (hwloc_obj_t obj = pu(index); obj != nullptr; obj = obj->parent)
			if (hwloc_obj_type_is_dcache(obj->type) && obj->attr->cache.depth >= 3 &&
			    hwloc_bitmap_isincluded(core(index), obj->cpuset) &&
			    hwloc_bitmap_isincluded(obj->cpuset, package(index)))
				return obj->cpuset;
		return package(index);
	}

	bool ok = false;

private:
	hwloc_topology_t topology;
};

void expect_same(const std::string &text)
{
	struct ration_topology t;
	struct ration_topology_error error = { 0, "" };
	Hwloc hwloc(text);

	ASSERT_TRUE(hwloc.ok) << text;
	ASSERT_EQ(ration_topology_parse(text.data(), text.size(), &t, &error), RATION_OK)
		<< text << ": at " << error.offset << " expected " << error.expected;
	ASSERT_EQ((int)t.cpu_count, hwloc.cpus()) << text;
	ASSERT_EQ((int)t.node_count, hwloc.nodes()) << text;
	for (unsigned c = 0; c < t.cpu_count; c++) {
		ASSERT_EQ(t.cpu[c].node, hwloc.node(c)->logical_index) << text << ": CPU " << c;
		if (c == 0)
			continue;
		/* Parts are numbered in the order of CPUs: equal to the neighbour's,
		 * or one more, says it all. */
		ASSERT_EQ(t.cpu[c].core - t.cpu[c - 1].core,
		          !hwloc_bitmap_isequal(hwloc.core(c), hwloc.core(c - 1)))
			<< text << ": core of CPU " << c;
		ASSERT_EQ(t.cpu[c].llc - t.cpu[c - 1].llc,
		          !hwloc_bitmap_isequal(hwloc.llc(c), hwloc.llc(c - 1)))
			<< text << ": cache of CPU " << c;
		ASSERT_EQ(t.cpu[c].package - t.cpu[c - 1].package,
		          !hwloc_bitmap_isequal(hwloc.package(c), hwloc.package(c - 1)))
			<< text << ": package of CPU " << c;
	}
}

TEST(hwloc, sees_the_same_machine)
{
	static const char *const texts[] = {
		"pack:2 l3:2 core:8 pu:2",
		"pack:1 core:4 pu:1",
		"pack:2 [numa(memory=256GB)] l3:8 l2:8 core:1 pu:2",
		"node:4 core:4 pu:1",
		"pu:3",
		"pu:1",
		"pu:1024",
		"pack:16 [numa] l3:4 core:8 pu:2",
		"pack:2 core:2 pu:2",
		"Package:2 L3Cache:2 L2Cache:2 L1dCache:1 L1iCache:1 Core:1 PU:2",
		"socket:2 core:2 pu:2",
		"numa:2 pack:2 core:2 pu:2",
		"pack:2 node:1 core:2 pu:1",
		"pack:2 node:4 l3:2 core:4 pu:2",
		"pack:2 l3:2 node:2 core:2 pu:2",
		"group:2 [numa] pack:2 core:1 pu:2",
		"[numa] pack:2 core:2 pu:1",
		"[numa] pack:2 [numa] core:2 pu:1",
		"[numa] [numa] pack:2 [numa] [numa] core:2 [numa] pu:1",
		"pack:2 [numa] [numa] core:2 pu:1",
		"pack:2 core:2 [numa] pu:2",
		"pack:2 core:2 pu:2 [numa]",
		"core:2 node:2 pu:2",
		"pack:1 die:2 l4:1 l3:2 l2:1 l1:1 core:1 pu:2",
		"l4:2 l3:2 core:2 pu:2",
		"l5:2 l4:2 core:2 pu:2",
		"l3:2 l3:2 core:2 pu:2",
		"l3i:2 core:2 pu:2",
		"l3d:2 core:2 pu:2",
		"l3:1 pack:2 core:2 pu:1",
		"l3:2 pack:2 core:2 pu:1",
		"core:2 pack:2 pu:2",
		"core:2 l3:2 pu:2",
		"core:2 l3:1 pu:2",
		"l2:2 l3:2 pu:2",
		"die:2 pack:2 pu:2",
		"group:2 group:2 group:2 pu:2",
		"pack:1 pu:1",
		"pack:2[numa]core:2 pu:2",
		"(memory=4GB) pack:2 pu:2",
		"node:2(memory=1GB indexes=1,0) pu:2",
		"pack:2 core:2 pu:2(indexes=0,4,2,6,1,5,3,7)",
		"pack:2 core:2 pu:2(indexes=2*4:4*2:1*1)",
		"core:2 pu:2(indexes=core:pu)",
		"l3:2(size=8MB) l2:2(size=256KiB) core:1 pu:2",
		/* What lstopo writes of real servers. */
		"Package:2 [NUMANode(memory=19322130432)] L3Cache:1(size=12582912) "
		"L2Cache:6(size=262144) L1dCache:1(size=32768) Core:1 "
		"PU:2(indexes=2*12:1*2)",
	};

	for (const char *text : texts)
		expect_same(text);
}

/* Strings drawn from the grammar, of up to 128 PUs. */
TEST(hwloc, sees_the_same_machine_in_random_strings)
{
	static const char *const types[] = { "pack", "die", "core", "group", "l2", "l3", "l4",
		"l1d", "l3i", "node" };
	std::mt19937 random(42);
	/* A sample of them; `make prove` takes more. */
	int strings = std::getenv("RATION_PROVE") ? 3000 : 100, compared = 0;

	for (int i = 0; i < strings; i++) {
		std::vector<const char *> order(types, types + sizeof(types) / sizeof(types[0]));
		bool attached = random() % 2 == 0;
		std::string text = attached && random() % 4 == 0 ? "[numa] " : "";
		unsigned pus = 1;

		std::shuffle(order.begin(), order.end(), random);
		order.resize(random() % 5);
		for (const char *type : order) {
			unsigned count = (unsigned)(random() % 3) + 1;

			if (std::string(type) == "node" && attached)
				continue;
			if (pus * count > 64)
				continue;
			pus *= count;
			text += std::string(type) + ":" + std::to_string(count) + " ";
			if (attached && random() % 3 == 0)
				text += "[numa] ";
		}
		text += "pu:" + std::to_string(random() % 2 + 1);
		Hwloc hwloc(text);
		if (!hwloc.ok || hwloc.nodes() > (int)RATION_TOPOLOGY_NODE_MAX)
			continue;
		expect_same(text);
		compared++;
		if (HasFatalFailure())
			return;
	}
	EXPECT_GT(compared, strings / 2);
}

/* What is written is read by hwloc too, and as the same machine. */
TEST(hwloc, reads_what_is_written)
{
	static const char *const texts[] = {
		"pack:2 l3:2 core:8 pu:2", "pu:3", "node:2 pack:2 core:2 pu:2",
		"pack:2 [numa] [numa] core:2 pu:1", "[numa][numa] pack:2 core:2 pu:1",
		"group:2 [numa] [numa] pack:2 pu:1", "pack:2 l3:2 node:2 core:2 pu:2",
		"pack:2 core:2 [numa] pu:2",
	};

	for (const char *text : texts) {
		struct ration_topology t;
		char written[256];

		ASSERT_EQ(ration_topology_parse(text, std::strlen(text), &t, nullptr), RATION_OK);
		ASSERT_GT(ration_topology_format(&t, written, sizeof(written)), 0);
		expect_same(written);
	}
}

/* hwloc refuses these: so do we.  (Those with "[numa]" in them it refuses too, but
 * loses memory over it.) */
TEST(hwloc, refuses_what_we_refuse)
{
	static const char *const texts[] = {
		"", "pack:2", "node:4 core:4", "core:4", "machine:1 pack:2 pu:2", "pack:0 pu:1",
		"pack:-1 pu:1", "pack:2,pu:2", "pack:2\tpu:2", "pack:2x pu:2", "packages:2 pu:2",
		"p:2 pu:2", "n:2 pu:2", "l:2 pu:2", "l6:2 pu:2", "l0:2 pu:2", "l4i:2 pu:2",
		"l1ix:2 pu:2", "cache:2 pu:2", "cores:2 pu:2", "foo:2 pu:2", "core:2 core:2 pu:1",
		"pack:2 pack:2 pu:1", "die:2 die:2 pu:1", "node:2 node:2 pu:1", "pu:2 core:2",
		"pu:2 pu:2",
		"l3:2(size=foo) pu:2", "l3:2(bogus) pu:2", "l3:2( pu:2", "l3:2 pu:2)",
		"l3:2 [numa pu:2", "l3:2 [core] pu:2", "[] pu:2",
		"l3:2(size=8MB memory=3) pu:2", "pack:2(size=8MB) pu:2",
		"pack:2 (memory=8GB) pu:2", "((memory=1)) pu:1",
	};

	for (const char *text : texts) {
		struct ration_topology t;
		Hwloc hwloc(text);

		EXPECT_FALSE(hwloc.ok) << text;
		EXPECT_NE(ration_topology_parse(text, std::strlen(text), &t, nullptr), RATION_OK)
			<< text;
	}
}

} // namespace
