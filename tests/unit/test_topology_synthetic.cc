/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology_synthetic.cc - synthetic strings, read and written. */
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ration_topology.h"

namespace {

int parse(const std::string &text, struct ration_topology *t,
          struct ration_topology_error *error = nullptr)
{
	return ration_topology_parse(text.data(), text.size(), t, error);
}

std::string format(const struct ration_topology &t)
{
	char buffer[256];
	long length = ration_topology_format(&t, buffer, sizeof(buffer));

	if (length < 0)
		return "status " + std::to_string(length);
	EXPECT_EQ((size_t)length, std::strlen(buffer));
	return buffer;
}

bool is_equal(const struct ration_topology &a, const struct ration_topology &b)
{
	if (a.cpu_count != b.cpu_count || a.core_count != b.core_count ||
	    a.llc_count != b.llc_count || a.package_count != b.package_count ||
	    a.node_count != b.node_count)
		return false;
	for (uint32_t c = 0; c < a.cpu_count; c++) {
		const struct ration_topology_cpu &x = a.cpu[c], &y = b.cpu[c];

		if (x.core != y.core || x.llc != y.llc || x.package != y.package ||
		    x.node != y.node || x.capacity != y.capacity || x.online != y.online)
			return false;
	}
	for (uint32_t n = 0; n < a.node_count; n++)
		if (std::memcmp(a.distance[n], b.distance[n], a.node_count) != 0)
			return false;
	return true;
}

struct row {
	const char *text;
	uint32_t cpus, cores, llcs, packages, nodes;
	const char *written;         /* what it is written as; NULL: it cannot be */
};

const row rows[] = {
	{ "pack:2 l3:2 core:8 pu:2", 64, 32, 4, 2, 1, "pack:2 l3:2 core:8 pu:2" },
	{ "pack:1 core:4 pu:1", 4, 4, 1, 1, 1, "pack:1 core:4 pu:1" },
	{ "pack:2 [numa(memory=256GB)] l3:8 l2:8 core:1 pu:2", 256, 128, 16, 2, 2,
	  "pack:2 [numa] l3:8 core:8 pu:2" },
	{ "node:4 core:4 pu:1", 16, 16, 1, 1, 4, "pack:1 node:4 core:4 pu:1" },
	{ "pu:3", 3, 3, 1, 1, 1, "pack:1 core:3 pu:1" },
	{ "pu:1", 1, 1, 1, 1, 1, "pack:1 core:1 pu:1" },
	{ "pu:1024", 1024, 1024, 1, 1, 1, "pack:1 core:1024 pu:1" },
	{ "pack:2 pu:4", 8, 8, 2, 2, 1, "pack:2 core:4 pu:1" },
	{ "core:2 pu:4", 8, 2, 1, 1, 1, "pack:1 core:2 pu:4" },
	/* Types in any case, shortened, and by their other names. */
	{ "PACK:2 Core:2 Pu:2", 8, 4, 2, 2, 1, "pack:2 core:2 pu:2" },
	{ "Package:2 L3Cache:2 Core:1 PU:2", 8, 4, 4, 2, 1, "pack:2 l3:2 core:1 pu:2" },
	{ "socket:2 core:2 thread:2", 8, 4, 2, 2, 1, "pack:2 core:2 pu:2" },
	{ "numanode:2 pu:2", 4, 4, 1, 1, 2, "pack:1 node:2 core:2 pu:1" },
	{ "numa:2 pa:1 co:2 pu:1", 4, 4, 2, 2, 2, "pack:2 [numa] core:2 pu:1" },
	{ "group:2 group0:2 die:2 pu:1", 8, 8, 1, 1, 1, "pack:1 core:8 pu:1" },
	/* Blanks, newlines. */
	{ "  pack:2  core:2\n pu:2 \n", 8, 4, 2, 2, 1, "pack:2 core:2 pu:2" },
	/* Caches: the deepest L3 or higher above the cores is the last level. */
	{ "l4:2 l3:2 l2:2 core:1 pu:1", 8, 8, 4, 1, 1, "pack:1 l3:4 core:2 pu:1" },
	{ "l4:2 l2:2 core:2 pu:1", 8, 8, 2, 1, 1, "pack:1 l3:2 core:4 pu:1" },
	{ "l5:2 core:2 pu:1", 4, 4, 2, 1, 1, "pack:1 l3:2 core:2 pu:1" },
	{ "l3:2 l3:2 core:2 pu:1", 8, 8, 4, 1, 1, "pack:1 l3:4 core:2 pu:1" },
	{ "l3d:2 core:2 pu:1", 4, 4, 2, 1, 1, "pack:1 l3:2 core:2 pu:1" },
	{ "l3u:2 core:2 pu:1", 4, 4, 2, 1, 1, "pack:1 l3:2 core:2 pu:1" },
	{ "l3i:2 core:2 pu:1", 4, 4, 1, 1, 1, "pack:1 core:4 pu:1" },
	{ "l2:2 l1:2 l1icache:1 core:1 pu:2", 8, 4, 1, 1, 1, "pack:1 core:4 pu:2" },
	{ "core:2 l3:2 pu:2", 8, 2, 1, 1, 1, "pack:1 core:2 pu:4" },
	{ "core:4 l3:1 pu:2", 8, 4, 4, 1, 1, "pack:1 l3:4 core:1 pu:2" },
	{ "l3:1 pack:2 core:2 pu:1", 4, 4, 2, 2, 1, "pack:2 core:2 pu:1" },
	/* Nodes around, at and within the other parts. */
	{ "node:2 pack:2 core:2 pu:2", 16, 8, 4, 4, 2, "node:2 pack:2 core:2 pu:2" },
	{ "group:2 [numa] pack:2 core:2 pu:2", 16, 8, 4, 4, 2, "node:2 pack:2 core:2 pu:2" },
	{ "pack:2 node:1 core:2 pu:2", 8, 4, 2, 2, 2, "pack:2 [numa] core:2 pu:2" },
	{ "pack:2 node:2 l3:2 core:2 pu:2", 32, 16, 8, 2, 4, "pack:2 node:2 l3:2 core:2 pu:2" },
	{ "pack:2 l3:2 node:1 core:2 pu:2", 16, 8, 4, 2, 4, "pack:2 l3:2 [numa] core:2 pu:2" },
	{ "pack:1 l3:2 node:2 core:2 pu:2", 16, 8, 2, 1, 4, "pack:1 l3:2 node:2 core:2 pu:2" },
	{ "pack:2 core:2 [numa] pu:2", 8, 4, 2, 2, 4, "pack:2 core:2 [numa] pu:2" },
	{ "core:2 pu:2 [numa]", 4, 4, 1, 1, 4, "pack:1 core:4 [numa] pu:1" },
	{ "core:2 node:2 pu:2", 8, 4, 1, 1, 4, "pack:1 core:4 [numa] pu:2" },
	{ "[numa] pack:2 core:2 pu:1", 4, 4, 2, 2, 1, "pack:2 core:2 pu:1" },
	{ "(memory=4GB) pack:2 pu:2", 4, 4, 2, 2, 1, "pack:2 core:2 pu:1" },
	{ "pack:2[numa]core:2[numa]pu:1", 4, 4, 2, 2, 6, nullptr },
	{ "pack:2 [numa] [numa] core:2 pu:1", 4, 4, 2, 2, 4, "pack:2 [numa] [numa] core:2 pu:1" },
	{ "[numa][numa] pack:2 core:2 pu:1", 4, 4, 2, 2, 2, "[numa] [numa] pack:2 core:2 pu:1" },
	{ "group:2 [numa] [numa] pack:2 pu:1", 4, 4, 4, 4, 4,
	  "group:2 [numa] [numa] pack:2 core:1 pu:1" },
	{ "[numa] pack:2 [numa] core:2 pu:1", 4, 4, 2, 2, 3, nullptr },
	/* Attributes. */
	{ "l3:2(size=8MB) core:2 pu:1", 4, 4, 2, 1, 1, "pack:1 l3:2 core:2 pu:1" },
	{ "l3:2() core:2() pu:1()", 4, 4, 2, 1, 1, "pack:1 l3:2 core:2 pu:1" },
	{ "node:2(memory=8192KiB indexes=1,0) pu:1", 2, 2, 1, 1, 2, "pack:1 core:2 [numa] pu:1" },
	{ "core:2 pu:2(indexes=2*2:1*2)", 4, 2, 1, 1, 1, "pack:1 core:2 pu:2" },
	{ "core:2 pu:2(indexes=core:pu)", 4, 2, 1, 1, 1, "pack:1 core:2 pu:2" },
};

TEST(synthetic, good_strings)
{
	for (const row &r : rows) {
		struct ration_topology t;
		struct ration_topology_error error = { 0, "" };

		std::memset(&t, 0xff, sizeof(t));
		ASSERT_EQ(parse(r.text, &t, &error), RATION_OK)
			<< r.text << ": at " << error.offset << " expected " << error.expected;
		EXPECT_EQ(ration_topology_check(&t), nullptr) << r.text;
		EXPECT_EQ(t.cpu_count, r.cpus) << r.text;
		EXPECT_EQ(t.core_count, r.cores) << r.text;
		EXPECT_EQ(t.llc_count, r.llcs) << r.text;
		EXPECT_EQ(t.package_count, r.packages) << r.text;
		EXPECT_EQ(t.node_count, r.nodes) << r.text;
		EXPECT_EQ(format(t), r.written ? r.written : "status -1") << r.text;
	}
}

TEST(synthetic, what_is_written_reads_back_the_same)
{
	for (const row &r : rows) {
		struct ration_topology t, again;

		if (r.written == nullptr)
			continue;
		ASSERT_EQ(parse(r.text, &t), RATION_OK);
		ASSERT_EQ(parse(format(t), &again), RATION_OK) << r.text << " -> " << format(t);
		EXPECT_TRUE(is_equal(t, again)) << r.text << " -> " << format(t);
	}
}

TEST(synthetic, cpus_are_numbered_in_machine_order)
{
	struct ration_topology t;

	ASSERT_EQ(parse("pack:2 node:2 l3:1 core:2 pu:2", &t), RATION_OK);
	for (uint32_t c = 0; c < 16; c++) {
		EXPECT_EQ(t.cpu[c].core, c / 2);
		EXPECT_EQ(t.cpu[c].llc, c / 4);
		EXPECT_EQ(t.cpu[c].node, c / 4);
		EXPECT_EQ(t.cpu[c].package, c / 8);
		EXPECT_EQ(t.cpu[c].capacity, RATION_CAPACITY_FULL);
		EXPECT_TRUE(t.cpu[c].online);
	}
	for (uint32_t from = 0; from < 4; from++)
		for (uint32_t to = 0; to < 4; to++)
			EXPECT_EQ(t.distance[from][to], from == to ? 10 : 20);
}

TEST(synthetic, the_nearest_node_counts)
{
	struct ration_topology t;

	/* From the inside out: two cores 0 and 1, their package 2, ..., the machine 6. */
	ASSERT_EQ(parse("[numa] pack:2 [numa] core:2 [numa] pu:1", &t), RATION_OK);
	EXPECT_EQ(t.node_count, 7u);
	EXPECT_EQ(t.cpu[0].node, 0);
	EXPECT_EQ(t.cpu[1].node, 1);
	EXPECT_EQ(t.cpu[2].node, 3);
	EXPECT_EQ(t.cpu[3].node, 4);
}

struct fault {
	const char *text;
	int status;
	size_t offset;
	const char *expected;        /* a part of it */
};

const fault faults[] = {
	{ "", RATION_E_INVALID, 0, "pu:COUNT" },
	{ "   ", RATION_E_INVALID, 3, "pu:COUNT" },
	{ "pack:2", RATION_E_INVALID, 6, "pu:COUNT" },
	{ "node:4 core:4", RATION_E_INVALID, 13, "pu:COUNT" },
	{ "[numa]", RATION_E_INVALID, 6, "pu:COUNT" },
	{ "bogus:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "pack:2 bogus:2 pu:2", RATION_E_INVALID, 7, "a level such as" },
	{ "p:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "cores:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "packages:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "machine:1 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "l0:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "l6:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "l9:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "l4i:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "l2x:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "l2caches:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "cache:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "memcache:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "pcidev:2 pu:2", RATION_E_INVALID, 0, "a level such as" },
	{ "2 3 4", RATION_E_INVALID, 0, "a level such as" },
	{ "4", RATION_E_INVALID, 0, "a level such as" },
	{ "<xml>", RATION_E_INVALID, 0, "a level such as" },
	{ "pack:2\tpu:2", RATION_E_INVALID, 6, "a blank" },
	{ "pack", RATION_E_INVALID, 4, "':'" },
	{ "pack 2", RATION_E_INVALID, 4, "':'" },
	{ "pack:2 core", RATION_E_INVALID, 11, "':'" },
	{ "pack:", RATION_E_INVALID, 5, "a count" },
	{ "pack: 2", RATION_E_INVALID, 5, "a count" },
	{ "pack:0 pu:1", RATION_E_INVALID, 5, "a count" },
	{ "pack:-1 pu:1", RATION_E_INVALID, 5, "a count" },
	{ "pack:+1 pu:1", RATION_E_INVALID, 5, "a count" },
	{ "pack:x pu:1", RATION_E_INVALID, 5, "a count" },
	{ "pack:010 pu:1", RATION_E_INVALID, 5, "a count" },
	{ "pack:0x2 pu:1", RATION_E_INVALID, 5, "a count" },
	{ "pack:2x pu:1", RATION_E_INVALID, 6, "a blank" },
	{ "pack:2,pu:1", RATION_E_INVALID, 6, "a blank" },
	{ "pack:2.5 pu:1", RATION_E_INVALID, 6, "a blank" },
	{ "pack:2:2 pu:1", RATION_E_INVALID, 6, "a blank" },
	{ "pack:2core:2 pu:1", RATION_E_INVALID, 6, "a blank" },
	{ "pack:2 pack:2 pu:1", RATION_E_INVALID, 7, "once each" },
	{ "core:2 socket:2 core:2 pu:1", RATION_E_INVALID, 16, "once each" },
	{ "die:2 die:2 pu:1", RATION_E_INVALID, 6, "once each" },
	{ "node:2 node:2 pu:1", RATION_E_INVALID, 7, "once each" },
	{ "pu:2 core:2", RATION_E_INVALID, 5, "after the pu" },
	{ "pu:2 pu:2", RATION_E_INVALID, 5, "after the pu" },
	{ "pu:2 [core]", RATION_E_INVALID, 5, "[numa]" },
	{ "[] pu:2", RATION_E_INVALID, 0, "[numa]" },
	{ "l3:2 [core] pu:2", RATION_E_INVALID, 5, "[numa]" },
	{ "l3:2 [numa pu:2", RATION_E_INVALID, 10, "']'" },
	{ "l3:2 [numa:2] pu:2", RATION_E_INVALID, 10, "']'" },
	{ "l3:2 [numa(memory=1GB) pu:2", RATION_E_INVALID, 22, "']'" },
	{ "l3:2 ] pu:2", RATION_E_INVALID, 5, "a level such as" },
	{ "pack:2 [numa] node:2 pu:1", RATION_E_INVALID, 14, "either" },
	{ "node:2 [numa] pu:1", RATION_E_INVALID, 7, "either" },
	{ "l3:2( pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(size=8MB", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(size=) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(size=big) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(size=8MBx) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(size=8k) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(memory=8GB) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(size=8MB,size=8MB) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(bogus) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(bogus=1) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "l3:2(=1) pu:2", RATION_E_INVALID, 5, "size=8MB" },
	{ "pack:2(size=8MB) pu:2", RATION_E_INVALID, 7, "memory=8GB" },
	{ "pack:2 (memory=8GB) pu:2", RATION_E_INVALID, 7, "a level such as" },
	{ "((memory=1)) pu:1", RATION_E_INVALID, 1, "memory=8GB" },
	{ "node:2(memory=-5) pu:2", RATION_E_INVALID, 7, "memory=8GB" },
	{ "node:2(memory=9999999999999999999) pu:2", RATION_E_INVALID, 7, "memory=8GB" },
	{ "pu:2(indexes=) ", RATION_E_INVALID, 5, "memory=8GB" },
	{ "pu:2(indexes=0,1000000000)", RATION_E_INVALID, 5, "memory=8GB" },
	{ "pu:1025", RATION_E_RANGE, 0, "1024 CPUs" },
	{ "pack:2 core:513 pu:1", RATION_E_RANGE, 7, "1024 CPUs" },
	{ "pack:100000 pu:100000", RATION_E_RANGE, 0, "1024 CPUs" },
	{ "pack:1 core:1024 pu:2", RATION_E_RANGE, 17, "1024 CPUs" },
	{ "pack:4294967297 pu:1", RATION_E_RANGE, 0, "1024 CPUs" },
	{ "pack:18446744073709551617 pu:1", RATION_E_RANGE, 0, "1024 CPUs" },
	{ "node:65 pu:1", RATION_E_RANGE, 0, "64 NUMA nodes" },
	{ "pack:65 [numa] pu:1", RATION_E_RANGE, 8, "64 NUMA nodes" },
	{ "pack:33 [numa] [numa] pu:1", RATION_E_RANGE, 15, "64 NUMA nodes" },
	{ "[numa] pack:64 [numa] pu:1", RATION_E_RANGE, 0, "64 NUMA nodes" },
};

TEST(synthetic, bad_strings_say_where_and_what_was_expected)
{
	for (const fault &f : faults) {
		struct ration_topology t;
		struct ration_topology_error error = { 999, nullptr };

		EXPECT_EQ(parse(f.text, &t, &error), f.status) << f.text;
		EXPECT_EQ(error.offset, f.offset) << f.text;
		ASSERT_NE(error.expected, nullptr) << f.text;
		EXPECT_NE(std::string(error.expected).find(f.expected), std::string::npos)
			<< f.text << ": " << error.expected;
		EXPECT_EQ(parse(f.text, &t), f.status) << f.text;
	}
}

TEST(synthetic, levels_are_bounded)
{
	struct ration_topology t;
	struct ration_topology_error error = { 0, nullptr };
	std::string many, nodes;

	for (int i = 0; i < 30; i++)
		many += "group:1 ";
	EXPECT_EQ(parse(many + "pu:1", &t), RATION_OK);
	EXPECT_EQ(parse(many + "group:1 pu:1", &t, &error), RATION_E_RANGE);
	EXPECT_EQ(error.offset, 31 * 8u);
	for (int i = 0; i < 64; i++)
		nodes += "[numa]";
	EXPECT_EQ(parse(nodes + "pu:1", &t), RATION_OK);
	EXPECT_EQ(parse(nodes + "[numa]pu:1", &t, &error), RATION_E_RANGE);
	EXPECT_EQ(error.offset, 64 * 6u);
}

TEST(synthetic, length_counts_not_the_terminator)
{
	struct ration_topology t;
	std::vector<char> text = { 'p', 'u', ':', '1', '2' };

	EXPECT_EQ(ration_topology_parse(text.data(), 5, &t, nullptr), RATION_OK);
	EXPECT_EQ(t.cpu_count, 12u);
	EXPECT_EQ(ration_topology_parse(text.data(), 4, &t, nullptr), RATION_OK);
	EXPECT_EQ(t.cpu_count, 1u);
	EXPECT_EQ(ration_topology_parse(text.data(), 3, &t, nullptr), RATION_E_INVALID);
	EXPECT_EQ(ration_topology_parse(nullptr, 0, &t, nullptr), RATION_E_INVALID);
}

TEST(synthetic, the_string_is_cut_off_but_terminated)
{
	struct ration_topology t;
	char buffer[8] = "xxxxxxx";

	ration_topology_flat(&t, 4);
	EXPECT_EQ(ration_topology_format(&t, buffer, sizeof(buffer)), 18);
	EXPECT_STREQ(buffer, "pack:1 ");
	EXPECT_EQ(ration_topology_format(&t, buffer, 1), 18);
	EXPECT_STREQ(buffer, "");
}

struct irregularity {
	const char *what;
	void (*spoil)(struct ration_topology *t);
};

const irregularity irregularities[] = {
	{ "a CPU off line", [](ration_topology *t) { t->cpu[5].online = false; } },
	{ "a slower CPU", [](ration_topology *t) { t->cpu[0].capacity = 512; } },
	{ "all slower", [](ration_topology *t) {
		for (auto &cpu : t->cpu) cpu.capacity = 512; } },
	{ "another distance", [](ration_topology *t) { t->distance[0][1] = 21; } },
	{ "another local distance", [](ration_topology *t) { t->distance[1][1] = 11; } },
	{ "one CPU less", [](ration_topology *t) { t->cpu_count = 15; } },
	{ "a core of one thread", [](ration_topology *t) {
		t->cpu[14].core = 6;
		t->cpu[13].core = 6;
		t->cpu[12].core = 6; } },
	{ "nodes the other way round", [](ration_topology *t) {
		for (int c = 0; c < 16; c++) t->cpu[c].node = (uint16_t)(1 - t->cpu[c].node); } },
	{ "nodes of different size", [](ration_topology *t) {
		t->cpu[6].node = t->cpu[7].node = 1; } },
	{ "nodes in turns", [](ration_topology *t) {
		for (int c = 0; c < 16; c++) t->cpu[c].node = (uint16_t)(c / 2 % 2); } },
	{ "a node without CPUs", [](ration_topology *t) {
		t->node_count = 3;
		for (int n = 0; n < 3; n++)
			t->distance[2][n] = t->distance[n][2] = n == 2 ? 10 : 20; } },
	{ "all CPUs in one of two nodes but the second", [](ration_topology *t) {
		for (auto &cpu : t->cpu) cpu.node = 1; } },
	{ "caches of different size", [](ration_topology *t) {
		t->cpu[4].llc = t->cpu[5].llc = 0; } },
};

TEST(synthetic, an_irregular_machine_has_no_string)
{
	for (const irregularity &i : irregularities) {
		struct ration_topology t;
		char buffer[256] = "kept";

		ASSERT_EQ(parse("pack:2 [numa] l3:2 core:2 pu:2", &t), RATION_OK);
		i.spoil(&t);
		ASSERT_EQ(ration_topology_check(&t), nullptr) << i.what;
		EXPECT_EQ(ration_topology_format(&t, buffer, sizeof(buffer)), RATION_E_INVALID)
			<< i.what;
		EXPECT_STREQ(buffer, "kept") << i.what;
	}
}

TEST(synthetic, only_a_sound_machine_is_written)
{
	static struct ration_topology t;
	char buffer[64];

	ration_topology_flat(&t, 4);
	t.cpu[0].capacity = 0;
	EXPECT_DEATH((void)ration_topology_format(&t, buffer, sizeof(buffer)),
	             "ration_topology_check");
}

/* Regular machines of every shape, built by hand: written, read, compared. */
TEST(synthetic, random_regular_machines_survive_the_round_trip)
{
	std::mt19937 random(20240607);
	auto draw = [&](uint32_t count) { return (uint32_t)(random() % count) + 1; };

	for (int i = 0; i < 3000; i++) {
		struct ration_topology t, again;
		uint32_t threads = draw(4), cores = draw(4), llcs = draw(3), packages = draw(4);
		uint32_t core = threads, llc = core * cores, package = llc * llcs;
		uint32_t cpus = package * packages, node = cpus;

		/* A node is a core, a cache, a package, the machine, or lies between two. */
		switch (random() % 6) {
		case 0: node = core; break;
		case 1: node = llc; break;
		case 2: node = package; break;
		case 3: node = cores % 2 == 0 ? core * 2 : llc; break;
		case 4: node = packages % 2 == 0 ? package * 2 : package; break;
		default: break;
		}
		if (cpus / node > RATION_TOPOLOGY_NODE_MAX)
			continue;
		ration_topology_flat(&t, cpus);
		t.core_count = cpus / core;
		t.llc_count = cpus / llc;
		t.package_count = cpus / package;
		t.node_count = cpus / node;
		for (uint32_t c = 0; c < cpus; c++) {
			t.cpu[c].core = (uint16_t)(c / core);
			t.cpu[c].llc = (uint16_t)(c / llc);
			t.cpu[c].package = (uint16_t)(c / package);
			t.cpu[c].node = (uint16_t)(c / node);
		}
		for (uint32_t a = 0; a < t.node_count; a++)
			for (uint32_t b = 0; b < t.node_count; b++)
				t.distance[a][b] = a == b ? 10 : 20;
		ASSERT_EQ(ration_topology_check(&t), nullptr);
		std::string text = format(t);
		ASSERT_EQ(parse(text, &again), RATION_OK) << text;
		ASSERT_TRUE(is_equal(t, again)) << text;
	}
}

/* Whatever stands in the text: no crash, and what is accepted is sound. */
TEST(synthetic, noise_is_refused_or_sound)
{
	static const char *const pieces[] = { "pack", "core", "pu", "node", "l3", "l2", "group",
		"die", ":", "2", "1", "3", " ", " ", "[numa]", "[", "]", "(", ")", "memory=1GB",
		"size=1MB", "indexes=0,1", "=", ",", "0", "999", "x", "\n", "pu:2", "core:2 " };
	std::mt19937 random(3);
	int accepted = 0;

	for (int i = 0; i < 100000; i++) {
		struct ration_topology t;
		struct ration_topology_error error = { 999, nullptr };
		std::string text;

		for (auto k = random() % 10; k > 0; k--)
			text += pieces[random() % (sizeof(pieces) / sizeof(pieces[0]))];
		if (random() % 2 == 0)
			text += " pu:2";
		if (parse(text, &t, &error) == RATION_OK) {
			ASSERT_EQ(ration_topology_check(&t), nullptr) << text;
			accepted++;
		} else {
			ASSERT_LE(error.offset, text.size()) << text;
			ASSERT_NE(error.expected, nullptr) << text;
		}
	}
	EXPECT_GT(accepted, 1000);
}

} // namespace
