/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology_view.cc - machines as text, and the canvas that they are drawn on. */
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "canvas.h"
#include "topology_parts.h"
#include "topology_view.h"

namespace {

/* What `print` writes to a stream. */
template <typename Print> std::string written(Print print)
{
	char *text = nullptr;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	print(out);
	fclose(out);
	std::string result(text, length);
	free(text);
	return result;
}

/* A machine, and a view of it in ASCII, 80 columns, without colour. */
struct Machine {
	std::unique_ptr<topology_host> host{ new topology_host };
	topology_view view;

	explicit Machine(const char *text)
	{
		ration_topology *t = &host->model;

		std::memset(host.get(), 0, sizeof(*host));
		EXPECT_EQ(ration_topology_parse(text, std::strlen(text), t, nullptr), 0) << text;
		for (uint32_t c = 0; c < t->cpu_count; c++)
			host->os_index[c] = c;
		std::memset(&view, 0, sizeof(view));
		view.host = host.get();
		view.name = text;
		view.page.width = 80;
	}
	ration_topology &model() { return host->model; }

	std::string drawn(unsigned width = 80, bool utf8 = false)
	{
		canvas canvas;
		std::string text;

		topology_view_draw(&view, width, &canvas);
		text = written([&](FILE *out) {
			struct page page = { out, width, false };
			canvas_print(&canvas, &page, utf8, 0);
		});
		canvas_fini(&canvas);
		return "\n" + text;
	}

	std::string printed()
	{
		return "\n" + written([&](FILE *out) {
			view.page.out = out;
			topology_view_print(&view);
		});
	}
};

TEST(canvas, boxes_that_share_an_edge_grow_together)
{
	canvas canvas;
	auto print = [&](bool utf8) {
		return "\n" + written([&](FILE *out) {
			struct page page = { out, 80, false };
			canvas_print(&canvas, &page, utf8, 1);
		});
	};

	canvas_init(&canvas, 9, 5);
	canvas_box(&canvas, { 0, 0, 5, 3 });
	canvas_box(&canvas, { 4, 0, 5, 3 });
	canvas_box(&canvas, { 0, 2, 5, 3 });
	canvas_text(&canvas, 1, 1, "one", STYLE_PLAIN);
	canvas_text(&canvas, 6, 1, "cut off", STYLE_PLAIN);
	canvas_text(&canvas, 0, 9, "nowhere", STYLE_PLAIN);
	EXPECT_EQ(print(false), R"(
 +---+---+
 |one| cut
 +---+---+
 |   |
 +---+
)");
	EXPECT_EQ(print(true), R"(
 ┌───┬───┐
 │one│ cut
 ├───┼───┘
 │   │
 └───┘
)");
	canvas_fini(&canvas);
}

TEST(canvas, colour_changes_only_where_it_shows)
{
	canvas canvas;

	canvas_init(&canvas, 8, 1);
	canvas_text(&canvas, 0, 0, "a", STYLE_BAD);
	canvas_text(&canvas, 2, 0, "b", STYLE_BAD);
	canvas_text(&canvas, 4, 0, "c", STYLE_PLAIN);
	EXPECT_EQ(written([&](FILE *out) {
		struct page page = { out, 80, true };
		canvas_print(&canvas, &page, false, 0);
	}), "\033[1;31ma b \033[0mc\n");
	canvas_fini(&canvas);
}

TEST(topology_view, cores_of_two_threads)
{
	EXPECT_EQ(Machine("pack:2 [numa] core:3 pu:2").drawn(), R"(
+- Package 0, node 0 -------+ +- Package 1, node 1 -------+
| +-------+-------+-------+ | | +-------+-------+-------+ |
| |  0  1 |  2  3 |  4  5 | | | |  6  7 |  8  9 | 10 11 | |
| +-------+-------+-------+ | | +-------+-------+-------+ |
+---------------------------+ +---------------------------+
)");
}

TEST(topology_view, caches_in_packages)
{
	EXPECT_EQ(Machine("pack:1 l3:2 core:4 pu:1").drawn(), R"(
+- Package 0 ---------------------------------+
| +- L3 0 ------------+ +- L3 1 ------------+ |
| | +---+---+---+---+ | | +---+---+---+---+ | |
| | | 0 | 1 | 2 | 3 | | | | 4 | 5 | 6 | 7 | | |
| | +---+---+---+---+ | | +---+---+---+---+ | |
| +-------------------+ +-------------------+ |
+---------------------------------------------+
)");
}

TEST(topology_view, box_characters)
{
	EXPECT_EQ(Machine("pack:1 core:2 pu:2").drawn(80, true), R"(
┌─ Package 0 ───┐
│ ┌─────┬─────┐ │
│ │ 0 1 │ 2 3 │ │
│ └─────┴─────┘ │
└───────────────┘
)");
}

TEST(topology_view, nodes_around_packages)
{
	EXPECT_EQ(Machine("node:2 pack:2 core:2 pu:1").drawn(), R"(
+- Node 0 ------------------------+ +- Node 1 ------------------------+
| +- Package 0 -+ +- Package 1 -+ | | +- Package 2 -+ +- Package 3 -+ |
| | +---+---+   | | +---+---+   | | | | +---+---+   | | +---+---+   | |
| | | 0 | 1 |   | | | 2 | 3 |   | | | | | 4 | 5 |   | | | 6 | 7 |   | |
| | +---+---+   | | +---+---+   | | | | +---+---+   | | +---+---+   | |
| +-------------+ +-------------+ | | +-------------+ +-------------+ |
+---------------------------------+ +---------------------------------+
)");
}

TEST(topology_view, nodes_between_packages_and_caches)
{
	EXPECT_EQ(Machine("pack:1 node:2 l3:2 core:2 pu:1").drawn(), R"(
+- Package 0 -----------------------------------------------------+
| +- Node 0 --------------------+ +- Node 1 --------------------+ |
| | +- L3 0 ----+ +- L3 1 ----+ | | +- L3 2 ----+ +- L3 3 ----+ | |
| | | +---+---+ | | +---+---+ | | | | +---+---+ | | +---+---+ | | |
| | | | 0 | 1 | | | | 2 | 3 | | | | | | 4 | 5 | | | | 6 | 7 | | | |
| | | +---+---+ | | +---+---+ | | | | +---+---+ | | +---+---+ | | |
| | +-----------+ +-----------+ | | +-----------+ +-----------+ | |
| +-----------------------------+ +-----------------------------+ |
+-----------------------------------------------------------------+
)");
}

TEST(topology_view, it_is_as_narrow_as_the_page)
{
	Machine m("pack:2 l3:1 core:6 pu:1");

	EXPECT_EQ(m.drawn(40), R"(
+- Package 0 -+ +- Package 1 -+
| +----+----+ | | +----+----+ |
| |  0 |  1 | | | |  6 |  7 | |
| +----+----+ | | +----+----+ |
| |  2 |  3 | | | |  8 |  9 | |
| +----+----+ | | +----+----+ |
| |  4 |  5 | | | | 10 | 11 | |
| +----+----+ | | +----+----+ |
+-------------+ +-------------+
)");
	for (unsigned width : { 60u, 40u, 30u, 20u }) {
		canvas canvas;

		topology_view_draw(&m.view, width, &canvas);
		EXPECT_LE(canvas.width, width);
		canvas_fini(&canvas);
	}
}

TEST(topology_view, a_row_that_is_not_full_is_open)
{
	EXPECT_EQ(Machine("pack:1 core:7 pu:1").drawn(22), R"(
+- Package 0 -------+
| +---+---+---+---+ |
| | 0 | 1 | 2 | 3 | |
| +---+---+---+---+ |
| | 4 | 5 | 6 |     |
| +---+---+---+     |
+-------------------+
)");
}

TEST(topology_view, cpus_off_line_and_slower_cores)
{
	Machine m("pack:1 core:3 pu:2");

	m.model().cpu[3].online = false;
	m.model().cpu[4].capacity = m.model().cpu[5].capacity = 256;
	m.model().cpu[1].capacity = 512;
	EXPECT_EQ(m.printed(), R"(
pack:1 core:3 pu:2
  6 CPUs (1 off line), 3 cores, 1 package, 1 NUMA node

  +- Package 0 ---------------------+
  | +---------+---------+---------+ |
  | | 0  1    | 2 (3)   | 4  5    | |
  | | 50-100% |  100%   |   25%   | |
  | +---------+---------+---------+ |
  +---------------------------------+

  (n)       CPU n is off line
  n%        capacity of a core, where the fastest has 100%
  string    none, since it has CPUs that are off line: see --xml
)");
}

TEST(topology_view, numbers_of_the_operating_system)
{
	Machine m("pack:2 [numa] core:2 pu:1");
	static const uint32_t os[] = { 0, 2, 1, 103 };

	std::memcpy(m.host->os_index, os, sizeof(os));
	m.host->node_os_index[1] = 8;
	EXPECT_NE(m.printed().find("numbers   are logical; --physical"), std::string::npos);
	m.view.physical = true;
	EXPECT_EQ(m.printed(), R"(
pack:2 [numa] core:2 pu:1
  4 CPUs, 4 cores, 2 packages, 2 NUMA nodes

  +- Package 0, node 0 -+ +- Package 1, node 1 -+
  | +-----+-----+       | | +-----+-----+       |
  | |   0 |   2 |       | | |   1 | 103 |       |
  | +-----+-----+       | | +-----+-----+       |
  +---------------------+ +---------------------+

                    distance
  node  P#  CPUs       0   1
     0   0  0,2       10  20
     1   8  1,103     20  10

  numbers   of CPUs are the operating system's
  string    pack:2 [numa] core:2 pu:1
)");
}

TEST(topology_view, memory_and_distances_of_nodes)
{
	Machine m("pack:2 [numa] core:2 pu:1");

	m.host->node_memory[0] = 3ull << 29;
	m.host->node_memory[1] = 64ull << 30;
	m.host->node_free[0] = 100ull << 20;
	m.model().distance[0][1] = 32;
	EXPECT_EQ(m.printed(), R"(
pack:2 [numa] core:2 pu:1
  4 CPUs, 4 cores, 2 packages, 2 NUMA nodes, 65.5 GiB (100 MiB free)

  +- Package 0, node 0 -+ +- Package 1, node 1 -+
  | +---+---+           | | +---+---+           |
  | | 0 | 1 |           | | | 2 | 3 |           |
  | +---+---+           | | +---+---+           |
  +---------------------+ +---------------------+

                                 distance
  node  CPUs   memory     free      0   1
     0  0-1   1.5 GiB  100 MiB     10  32
     1  2-3    64 GiB        -     20  10

  string    none, since its nodes are not at distances 10 and 20: see --xml
)");
}

TEST(topology_view, a_title_has_room_or_is_short)
{
	Machine m("pack:1 node:1 core:8 pu:1");

	/* One node is the machine: its memory stands at the top. */
	m.host->node_memory[0] = 1ull << 30;
	EXPECT_NE(m.printed().find("+- Package 0 ---"), std::string::npos);
	Machine two("pack:2 [numa] core:8 pu:1");
	two.host->node_memory[0] = two.host->node_memory[1] = 1ull << 30;
	EXPECT_NE(two.drawn(120).find("+- Package 0, node 0, 1 GiB --"), std::string::npos);
	EXPECT_NE(two.drawn(26).find("+- Package 0, node 0 -"), std::string::npos);
}

TEST(topology_view, nodes_that_are_no_ranges_stand_in_the_table_alone)
{
	Machine m("pack:2 [numa] core:4 pu:1");

	for (int c = 0; c < 8; c++)
		m.model().cpu[c].node = (uint16_t)(c % 2);
	EXPECT_EQ(m.printed(), R"(
pack:2 [numa] core:4 pu:1
  8 CPUs, 8 cores, 2 packages, 2 NUMA nodes

  +- Package 0 -------+ +- Package 1 -------+
  | +---+---+---+---+ | | +---+---+---+---+ |
  | | 0 | 1 | 2 | 3 | | | | 4 | 5 | 6 | 7 | |
  | +---+---+---+---+ | | +---+---+---+---+ |
  +-------------------+ +-------------------+

                  distance
  node  CPUs         0   1
     0  0,2,4,6     10  20
     1  1,3,5,7     20  10

  string    none, since its parts are not all alike: see --xml
)");
}

TEST(topology_view, large_machines_have_a_line_for_each_cache)
{
	EXPECT_EQ(Machine("pack:2 [numa] l3:2 core:8 pu:3").drawn(99), R"(
+- Package 0, node 0 ----------------------+ +- Package 1, node 1 ----------------------+
| L3 0   CPUs 0-23    8 cores of 3 threads | | L3 2   CPUs 48-71   8 cores of 3 threads |
| L3 1   CPUs 24-47   8 cores of 3 threads | | L3 3   CPUs 72-95   8 cores of 3 threads |
+------------------------------------------+ +------------------------------------------+
)");
}

TEST(topology_view, equal_lines_are_folded_where_there_are_many)
{
	EXPECT_EQ(Machine("pack:1 l3:17 core:4 pu:1").drawn(), R"(
+- Package 0 ------------------------+
| L3 0-16   CPUs 0-67   4 cores each |
+------------------------------------+
)");
	Machine m("pack:32 [numa] l3:2 core:4 pu:1");
	m.model().cpu[200].online = false;
	EXPECT_EQ(m.drawn(), R"(
Packages 0-24, nodes 0-24     CPUs 0-199     2 L3, 8 cores each
Package 25, node 25           CPUs 200-207   2 L3, 8 cores, 1 off line
Packages 26-31, nodes 26-31   CPUs 208-255   2 L3, 8 cores each
)");
}

TEST(topology_view, lines_tell_of_what_differs)
{
	Machine m("pack:3 l3:1 core:12 pu:2");

	m.model().cpu[0].capacity = 512;
	m.model().cpu[71].online = false;
	for (int c = 24; c < 48; c++)
		m.model().cpu[c].capacity = 256;
	EXPECT_EQ(m.drawn(), R"(
+- Package 0 ------------------------------------------+
| CPUs 0-23   12 cores of 2 threads, 50-100%           |
+------------------------------------------------------+
+- Package 1 ------------------------------------------+
| CPUs 24-47   12 cores of 2 threads, 25%              |
+------------------------------------------------------+
+- Package 2 ------------------------------------------+
| CPUs 48-71   12 cores of 2 threads, 1 off line, 100% |
+------------------------------------------------------+
)");
	m.model().cpu[1].core = 0;
	for (int c = 2; c < 72; c++)
		m.model().cpu[c].core = (uint16_t)(c / 2 - (c > 3));
	m.model().core_count = 35;
	EXPECT_NE(m.drawn().find("11 cores, 24 threads"), std::string::npos) << m.drawn();
}

TEST(topology_view, equal_distances_of_many_nodes_are_said_once)
{
	std::string text = Machine("pack:9 [numa] core:1 pu:1").printed();

	EXPECT_NE(text.find("\n  node  CPUs\n     0  0\n     1  1\n"), std::string::npos) << text;
	EXPECT_NE(text.find("\n  distance 10 to itself, 20 to any other\n"), std::string::npos);
	Machine m("pack:9 [numa] core:1 pu:1");
	m.model().distance[3][4] = 21;
	EXPECT_NE(m.printed().find("- distance -"), std::string::npos);
}

TEST(topology_view, a_name_does_not_drive_the_terminal)
{
	Machine m("pu:1");

	m.view.name = "evil\033[2J\x7f\n.xml";
	EXPECT_EQ(m.printed().rfind("\nevil?[2J??.xml\n", 0), 0u);
}

TEST(topology_view, colour_is_only_added)
{
	Machine m("pack:2 [numa] core:3 pu:2");
	std::string plain = m.printed(), coloured, stripped;

	m.view.page.colour = true;
	coloured = m.printed();
	for (size_t i = 0; i < coloured.size(); i++) {
		if (coloured[i] == '\033')
			i = coloured.find('m', i);
		else
			stripped += coloured[i];
	}
	EXPECT_NE(plain, coloured);
	EXPECT_EQ(plain, stripped);
	EXPECT_NE(coloured.find("  \033[2m+-\033[0m \033[1mPackage 0, node 0\033[0m \033[2m-"),
	          std::string::npos) << coloured;
}

TEST(topology_view, memory_in_three_digits)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 1, "0 KiB" }, { 512, "0.5 KiB" }, { 1024, "1 KiB" }, { 1536, "1.5 KiB" },
		{ 1048576, "1 MiB" }, { 4058ull << 20, "4 GiB" }, { 19322130432, "18 GiB" },
		{ 103ull << 30, "103 GiB" }, { (103ull << 30) + (300ull << 20), "103 GiB" },
		{ 3ull << 39, "1.5 TiB" }, { 1ull << 50, "1 PiB" }, { UINT64_MAX, "16384 PiB" },
	};
	char text[16];

	for (const auto &row : rows) {
		topology_view_memory(row.bytes, text, sizeof(text));
		EXPECT_STREQ(text, row.text) << row.bytes;
	}
}

TEST(topology_view, lists_of_cpus_are_cut_off)
{
	Machine m("pu:200");
	bool member[RATION_TOPOLOGY_CPU_MAX] = { false };
	char text[16];

	topology_view_list(&m.view, member, text, sizeof(text));
	EXPECT_STREQ(text, "");
	member[3] = member[4] = member[5] = member[199] = true;
	topology_view_list(&m.view, member, text, sizeof(text));
	EXPECT_STREQ(text, "3-5,199");
	for (int c = 10; c < 100; c += 2)
		member[c] = true;
	topology_view_list(&m.view, member, text, sizeof(text));
	EXPECT_STREQ(text, "3-5,10,12,...");
	for (size_t size = 5; size < 60; size++) {
		std::unique_ptr<char[]> exact(new char[size]);
		topology_view_list(&m.view, member, exact.get(), size);
		EXPECT_LT(std::strlen(exact.get()), size);
	}
}

TEST(topology_view, capacity_in_percent)
{
	Machine m("pu:2");

	m.model().cpu[0].capacity = 1;
	EXPECT_EQ(topology_view_percent(&m.view, 0), 1u);
	m.model().cpu[0].capacity = 446;
	EXPECT_EQ(topology_view_percent(&m.view, 0), 44u);
	EXPECT_EQ(topology_view_percent(&m.view, 1), 100u);
}

/* Any machine can be drawn at any width, and every CPU is in the drawing. */
TEST(topology_view, random_machines_are_drawn_whole)
{
	std::mt19937 random(1);

	for (int i = 0; i < 300; i++) {
		std::string text;
		unsigned width = (unsigned)(random() % 150) + 1, cpus = 1;
		static const char *const types[] = { "node:", "pack:", "l3:", "core:", "pu:" };

		for (const char *type : types) {
			unsigned count = (unsigned)(random() % 4) + 1;

			if (cpus * count > 64)
				count = 1;
			cpus *= count;
			text += std::string(type[0] == 'n' ? "" : " ") + type + std::to_string(count);
		}
		Machine m(text.c_str());
		for (uint32_t c = 0; c < m.model().cpu_count; c++) {
			m.model().cpu[c].online = random() % 8 != 0;
			m.model().cpu[c].capacity = (uint16_t)(random() % 3 == 0 ? 512 : 1024);
			m.model().cpu[c].node = (uint16_t)(random() % 16 == 0 ? 0
				: m.model().cpu[c].node);
			m.host->os_index[c] = 100 + c;
		}
		m.view.physical = true;
		std::string drawn = m.drawn(width);
		for (uint32_t c = 0; c < m.model().cpu_count; c++) {
			std::string number = std::to_string(100 + c);
			number = m.model().cpu[c].online ? " " + number : "(" + number + ")";
			EXPECT_NE(drawn.find(number), std::string::npos) << text << drawn;
		}
	}
}

/* --- the parts of a machine ------------------------------------------------------------ */

std::string parts(const char *text)
{
	static const char *const names[] = { "node", "package", "llc" };
	Machine m(text);
	topology_parts p = topology_parts_of(&m.model());
	std::string result;

	for (unsigned i = 0; i < p.level_count; i++)
		result += std::string(i > 0 ? " " : "") + names[p.level[i]];
	if (p.node_is != PART_NODE)
		result += std::string(", a node is a ") + names[p.node_is];
	return result;
}

TEST(topology_parts, lie_in_one_another)
{
	EXPECT_EQ(parts("pu:4"), "package");
	EXPECT_EQ(parts("pack:2 l3:1 core:2 pu:1"), "package");
	EXPECT_EQ(parts("pack:2 l3:2 core:2 pu:1"), "package llc");
	EXPECT_EQ(parts("pack:2 [numa] core:2 pu:1"), "package, a node is a package");
	EXPECT_EQ(parts("pack:2 [numa] l3:2 core:2 pu:1"), "package llc, a node is a package");
	EXPECT_EQ(parts("pack:2 l3:2 [numa] core:2 pu:1"), "package llc, a node is a llc");
	EXPECT_EQ(parts("node:2 pack:2 core:2 pu:1"), "node package");
	EXPECT_EQ(parts("pack:2 node:2 l3:2 core:2 pu:1"), "package node llc");
	EXPECT_EQ(parts("pack:2 l3:2 node:2 core:2 pu:1"), "package llc node");
	EXPECT_EQ(parts("pack:2 l3:1 node:2 core:2 pu:1"), "package node");
	EXPECT_EQ(parts("pack:2 core:2 [numa] pu:2"), "package node");
	EXPECT_EQ(parts("[numa][numa] pack:2 core:2 pu:1"), "package");
}

} // namespace
