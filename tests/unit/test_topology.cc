/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology.cc - the machine model: questions, and its invariants. */
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "ration_topology.h"

namespace {

struct ration_topology parse(const char *text)
{
	struct ration_topology t;
	struct ration_topology_error error = { 0, "" };

	EXPECT_EQ(ration_topology_parse(text, std::strlen(text), &t, &error), RATION_OK)
		<< text << ": expected " << error.expected;
	return t;
}

TEST(topology_flat, has_one_cache_and_as_many_cores_as_cpus)
{
	struct ration_topology t;

	for (uint32_t count : { 1u, 2u, 64u, 1024u }) {
		std::memset(&t, 0xff, sizeof(t));
		ration_topology_flat(&t, count);
		EXPECT_EQ(ration_topology_check(&t), nullptr);
		EXPECT_EQ(t.cpu_count, count);
		EXPECT_EQ(t.core_count, count);
		EXPECT_EQ(t.llc_count, 1u);
		EXPECT_EQ(t.package_count, 1u);
		EXPECT_EQ(t.node_count, 1u);
		EXPECT_EQ(t.cpu[count - 1].core, count - 1);
		EXPECT_EQ(t.cpu[count - 1].capacity, RATION_CAPACITY_FULL);
		EXPECT_TRUE(t.cpu[count - 1].online);
		EXPECT_EQ(t.distance[0][0], RATION_DISTANCE_LOCAL);
	}
}

TEST(topology_flat, needs_a_cpu)
{
	static struct ration_topology t;

	EXPECT_DEATH(ration_topology_flat(&t, 0), "cpu_count >= 1");
	EXPECT_DEATH(ration_topology_flat(&t, 1025), "RATION_TOPOLOGY_CPU_MAX");
}

TEST(topology_between, every_distance)
{
	/* CPUs 0-1 core 0, 0-3 L3 0, 0-7 package 0, 0-15 node 0. */
	struct ration_topology t = parse("node:2 pack:2 l3:2 core:2 pu:2");

	EXPECT_EQ(ration_topology_between(&t, 0, 0), RATION_SAME_CPU);
	EXPECT_EQ(ration_topology_between(&t, 0, 1), RATION_SAME_CORE);
	EXPECT_EQ(ration_topology_between(&t, 0, 2), RATION_SAME_LLC);
	EXPECT_EQ(ration_topology_between(&t, 0, 3), RATION_SAME_LLC);
	EXPECT_EQ(ration_topology_between(&t, 0, 4), RATION_SAME_PACKAGE);
	EXPECT_EQ(ration_topology_between(&t, 0, 8), RATION_SAME_NODE);
	EXPECT_EQ(ration_topology_between(&t, 0, 16), RATION_REMOTE);
	EXPECT_EQ(ration_topology_between(&t, 31, 31), RATION_SAME_CPU);
}

TEST(topology_between, is_symmetric)
{
	struct ration_topology t = parse("pack:2 node:2 l3:2 core:2 pu:2");

	for (uint32_t a = 0; a < t.cpu_count; a++)
		for (uint32_t b = 0; b < t.cpu_count; b++)
			ASSERT_EQ(ration_topology_between(&t, a, b),
			          ration_topology_between(&t, b, a));
}

TEST(topology_between, nodes_count_more_than_caches_and_packages)
{
	/* Two nodes under one L3: remote memory all the same. */
	struct ration_topology t = parse("pack:1 l3:1 node:2 core:2 pu:2");

	EXPECT_EQ(ration_topology_between(&t, 0, 2), RATION_SAME_LLC);
	EXPECT_EQ(ration_topology_between(&t, 0, 4), RATION_REMOTE);
}

TEST(topology_between, knows_no_cpu_beyond_the_machine)
{
	struct ration_topology t = parse("core:2 pu:1");

	EXPECT_DEATH((void)ration_topology_between(&t, 0, 2), "b < t->cpu_count");
	EXPECT_DEATH((void)ration_topology_between(&t, 2, 0), "a < t->cpu_count");
}

TEST(topology_cpus, sets_around_a_cpu)
{
	struct ration_topology t = parse("pack:2 [numa] l3:2 core:2 pu:2");

	EXPECT_EQ(ration_topology_core_cpus(&t, 5), 0x0030u);
	EXPECT_EQ(ration_topology_llc_cpus(&t, 5), 0x00f0u);
	EXPECT_EQ(ration_topology_node_cpus(&t, 5), 0x00ffu);
	EXPECT_EQ(ration_topology_core_cpus(&t, 15), 0xc000u);
	EXPECT_EQ(ration_topology_llc_cpus(&t, 15), 0xf000u);
	EXPECT_EQ(ration_topology_node_cpus(&t, 15), 0xff00u);
}

TEST(topology_cpus, of_a_machine_of_64)
{
	struct ration_topology t = parse("pack:1 core:32 pu:2");

	EXPECT_EQ(ration_topology_core_cpus(&t, 63), 0xc000000000000000u);
	EXPECT_EQ(ration_topology_llc_cpus(&t, 0), RATION_CPUSET_ALL);
	t = parse("pack:1 core:65 pu:1");
	EXPECT_DEATH((void)ration_topology_core_cpus(&t, 0), "RATION_CPU_MAX");
	EXPECT_DEATH((void)ration_topology_llc_cpus(&t, 0), "RATION_CPU_MAX");
	EXPECT_DEATH((void)ration_topology_node_cpus(&t, 0), "RATION_CPU_MAX");
}

/* Each row breaks a sound machine in one way. */
struct breakage {
	const char *sentence;       /* a part of it */
	void (*spoil)(struct ration_topology *t);
};

const breakage breakages[] = {
	{ "number of CPUs", [](ration_topology *t) { t->cpu_count = 0; } },
	{ "number of CPUs", [](ration_topology *t) { t->cpu_count = 1025; } },
	{ "number of NUMA nodes", [](ration_topology *t) { t->node_count = 0; } },
	{ "number of NUMA nodes", [](ration_topology *t) { t->node_count = 65; } },
	{ "more cores", [](ration_topology *t) { t->core_count = 17; } },
	{ "more cores", [](ration_topology *t) { t->llc_count = UINT32_MAX; } },
	{ "more cores", [](ration_topology *t) { t->package_count = 1025; } },
	{ "core that is not there", [](ration_topology *t) { t->cpu[15].core = 8; } },
	{ "core that is not there", [](ration_topology *t) { t->core_count = 0; } },
	{ "cache that is not there", [](ration_topology *t) { t->cpu[15].llc = 4; } },
	{ "cache that is not there", [](ration_topology *t) { t->llc_count = 0; } },
	{ "package that is not there", [](ration_topology *t) { t->cpu[0].package = 2; } },
	{ "package that is not there", [](ration_topology *t) { t->cpu[0].package = 65535; } },
	{ "node that is not there", [](ration_topology *t) { t->cpu[3].node = 2; } },
	{ "a core has no CPU", [](ration_topology *t) { t->core_count = 9; } },
	{ "cache has no CPU", [](ration_topology *t) { t->llc_count = 5; } },
	{ "package has no CPU", [](ration_topology *t) { t->package_count = 3; } },
	{ "core have different last-level", [](ration_topology *t) { t->cpu[3].llc = 1; } },
	{ "core are in different packages", [](ration_topology *t) {
		t->cpu[7].package = 1; } },
	{ "core are in different NUMA", [](ration_topology *t) { t->cpu[7].node = 1; } },
	{ "cache are in different packages", [](ration_topology *t) {
		t->cpu[6].package = t->cpu[7].package = 1; } },
	{ "core numbers decrease", [](ration_topology *t) {
		t->cpu[0].core = t->cpu[1].core = 1;
		t->cpu[2].core = t->cpu[3].core = 0; } },
	{ "cache numbers decrease", [](ration_topology *t) {
		for (int c = 0; c < 4; c++) {
			t->cpu[c].llc = 1;
			t->cpu[c + 4].llc = 0;
		} } },
	{ "package numbers decrease", [](ration_topology *t) {
		for (int c = 0; c < 16; c++)
			t->cpu[c].package = c < 8; } },
	{ "is 0", [](ration_topology *t) { t->distance[1][0] = 0; } },
	{ "nearer to another", [](ration_topology *t) { t->distance[1][0] = 9; } },
	{ "capacity", [](ration_topology *t) { t->cpu[9].capacity = 0; } },
	{ "capacity", [](ration_topology *t) { t->cpu[9].capacity = 1025; } },
};

TEST(topology_check, names_what_is_broken)
{
	for (const breakage &b : breakages) {
		struct ration_topology t = parse("pack:2 [numa] l3:2 core:2 pu:2");

		ASSERT_EQ(ration_topology_check(&t), nullptr);
		b.spoil(&t);
		ASSERT_NE(ration_topology_check(&t), nullptr) << b.sentence;
		EXPECT_NE(std::string(ration_topology_check(&t)).find(b.sentence),
		          std::string::npos) << b.sentence << ": " << ration_topology_check(&t);
	}
}

TEST(topology_check, allows_what_machines_have)
{
	struct ration_topology t = parse("pack:2 [numa] l3:2 core:2 pu:2");

	t.cpu[3].online = false;
	t.cpu[4].capacity = 1;
	t.distance[0][1] = 255;
	t.distance[1][0] = 10;
	t.node_count = 3;                       /* a node without a CPU */
	for (int n = 0; n < 3; n++)
		t.distance[2][n] = t.distance[n][2] = n == 2 ? 10 : 40;
	EXPECT_EQ(ration_topology_check(&t), nullptr);

	for (int c = 0; c < 16; c++)            /* nodes in any order */
		t.cpu[c].node = (uint16_t)(1 - t.cpu[c].node);
	EXPECT_EQ(ration_topology_check(&t), nullptr);
}

} // namespace
