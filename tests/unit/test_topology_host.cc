/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_topology_host.cc - machines from files, strings and this host.
 *
 * The files of real servers lie outside of the project, where the environment's
 * RATION_TOPOLOGY_DATA says, else in ../shared/data/topology; tests that want
 * one are skipped where it is not there.
 */
#include <gtest/gtest.h>

#include <hwloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "loaded_machine.h"

namespace {

std::string data_file(const char *name)
{
	const char *folder = std::getenv("RATION_TOPOLOGY_DATA");

	return std::string(folder ? folder : "../shared/data/topology") + "/" + name;
}

#define LOAD_DATA(loaded, name) \
	if (access(data_file(name).c_str(), R_OK) != 0) \
		GTEST_SKIP() << data_file(name) << " is not there"; \
	Loaded loaded(data_file(name)); \
	ASSERT_TRUE(loaded.ok) << loaded.message

std::string synthetic_of(const ration_topology &t)
{
	char text[256] = "none";

	if (ration_topology_format(&t, text, sizeof(text)) < 0)
		return "none";
	return text;
}

TEST(topology_file, sixteen_packages_and_nodes)
{
	LOAD_DATA(l, "16amd64-4distances.xml");
	EXPECT_EQ(l.model().cpu_count, 16u);
	EXPECT_EQ(l.model().package_count, 8u);
	EXPECT_EQ(l.model().node_count, 8u);
	EXPECT_EQ(l.host->node_os_index[0], 1u);    /* the logical order is the tree's */
	EXPECT_EQ(l.host->node_os_index[3], 5u);
	EXPECT_EQ(l.host->node_memory[0], 8192ull << 20);
	EXPECT_EQ(l.model().distance[0][0], 10);
	EXPECT_EQ(l.model().distance[0][7], 20);
	EXPECT_EQ(synthetic_of(l.model()), "pack:8 [numa] core:2 pu:1");
}

TEST(topology_file, cpus_that_are_off_line_are_there)
{
	LOAD_DATA(l, "16em64t-4s2c2t-offlines.xml");
	/* OS number and core of each CPU; those on line are 0 1 3 4 6 12 15. */
	static const unsigned os[] = { 0, 8, 4, 12, 1, 9, 5, 13, 2, 6, 14, 10, 3, 11, 7, 15 };
	static const unsigned core[] = { 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8, 8, 9, 9 };
	static const unsigned online = 0x905b;

	ASSERT_EQ(l.model().cpu_count, 16u);
	for (unsigned c = 0; c < 16; c++) {
		EXPECT_EQ(l.host->os_index[c], os[c]) << c;
		EXPECT_EQ(l.model().cpu[c].core, core[c]) << c;
		EXPECT_EQ(l.model().cpu[c].package, c / 4) << c;
		EXPECT_EQ(l.model().cpu[c].llc, c / 4) << c;
		EXPECT_EQ(l.model().cpu[c].online, (online >> os[c] & 1) != 0) << c;
	}
	EXPECT_EQ(synthetic_of(l.model()), "none");
}

TEST(topology_file, two_packages_of_six_cores)
{
	LOAD_DATA(l, "24em64t-2n6c2t-pci.xml");
	EXPECT_EQ(synthetic_of(l.model()), "pack:2 [numa] core:6 pu:2");
	EXPECT_EQ(l.host->os_index[1], 12u);
	EXPECT_EQ(l.host->os_index[12], 1u);
	EXPECT_GT(l.host->node_memory[1], 17ull << 30);
	EXPECT_EQ(l.host->node_free[0], 0u);        /* nobody knows it of a file */
}

TEST(topology_file, two_packages_of_eight_cores)
{
	LOAD_DATA(l, "32em64t-2n8c2t-pci-normalio.xml");
	EXPECT_EQ(synthetic_of(l.model()), "pack:2 [numa] core:8 pu:2");
}

TEST(topology_file, kinds_of_cores_differ_in_capacity)
{
	LOAD_DATA(l, "fakecpukinds.xml");
	ASSERT_EQ(l.model().cpu_count, 4u);
	for (unsigned c = 0; c < 4; c++)            /* 1000 MHz for OS numbers 0 and 1 */
		EXPECT_EQ(l.model().cpu[c].capacity, l.host->os_index[c] < 2 ? 512 : 1024);
	EXPECT_EQ(synthetic_of(l.model()), "none");
}

TEST(topology_file, of_hwloc_3_says_how_to_export_it)
{
	std::string path = data_file("hwloc3-16em64t-4s2c2t-offlines.xml");

	if (access(path.c_str(), R_OK) != 0)
		GTEST_SKIP() << path << " is not there";
	Loaded l(path);
	EXPECT_FALSE(l.ok);
	EXPECT_EQ(l.message, path + ":3:1: written in the format 3.0 of hwloc 3, expected format "
	          "2: export it there with `lstopo --export-xml-flags v2 file.xml`");
}

TEST(topology_file, written_as_xml_reads_back_the_same)
{
	static const char *const names[] = { "16amd64-4distances.xml",
		"16em64t-4s2c2t-offlines.xml", "24em64t-2n6c2t-pci.xml", "fakecpukinds.xml" };

	for (const char *name : names) {
		LOAD_DATA(l, name);
		char *xml = topology_host_xml(l.host.get());

		ASSERT_NE(xml, nullptr);
		File file(xml);
		free(xml);
		Loaded again(file.path);
		ASSERT_TRUE(again.ok) << again.message;
		/* Zeroed before they are filled: also the padding is equal. */
		EXPECT_EQ(std::memcmp(&l.host->model, &again.host->model, sizeof(ration_topology)),
		          0) << name;
		EXPECT_EQ(std::memcmp(l.host->os_index, again.host->os_index,
		                      sizeof(again.host->os_index)), 0) << name;
		EXPECT_EQ(std::memcmp(l.host->node_memory, again.host->node_memory,
		                      sizeof(again.host->node_memory)), 0) << name;
	}
}

TEST(topology_this, is_read)
{
	Loaded l("this");

	ASSERT_TRUE(l.ok) << l.message;
	EXPECT_GE(l.model().cpu_count, (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT_GT(l.host->node_memory[0], 0u);
	for (uint32_t c = 0; c < l.model().cpu_count; c++)
		EXPECT_NE(l.host->os_index[c], TOPOLOGY_HOST_UNKNOWN);
}

TEST(topology_string, is_read)
{
	Loaded l("pack:2 [numa] l3:2 core:2 pu:2");

	ASSERT_TRUE(l.ok) << l.message;
	EXPECT_EQ(synthetic_of(l.model()), "pack:2 [numa] l3:2 core:2 pu:2");
	EXPECT_EQ(l.host->os_index[15], 15u);
	EXPECT_EQ(l.host->os_index[16], TOPOLOGY_HOST_UNKNOWN);
	EXPECT_EQ(l.host->node_memory[0], 0u);      /* not hwloc's invention */
}

TEST(topology_string, knows_memory_and_the_systems_numbers)
{
	Loaded l("node:2(memory=4GiB) core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");

	ASSERT_TRUE(l.ok) << l.message;
	EXPECT_EQ(l.host->node_memory[1], 4ull << 30);
	EXPECT_EQ(l.host->os_index[1], 4u);
	EXPECT_EQ(l.host->os_index[2], 1u);
}

/* hwloc does not take these as they stand; the machine is read all the same. */
TEST(topology_string, what_hwloc_does_not_take_goes_without_attributes)
{
	Loaded threads("pack:2 core:2 thread:2");
	Loaded twice("core:2 pu:2(indexes=0,0,1,1)");

	ASSERT_TRUE(threads.ok) << threads.message;
	EXPECT_EQ(synthetic_of(threads.model()), "pack:2 core:2 pu:2");
	ASSERT_TRUE(twice.ok) << twice.message;
	EXPECT_EQ(synthetic_of(twice.model()), "pack:1 core:2 pu:2");
}

struct refusal {
	const char *spec, *message;
};

TEST(topology_spec, what_is_wrong_is_said)
{
	static const refusal refusals[] = {
		{ "", "nothing where a machine should be named, expected a file that lstopo saved, "
		  "a string such as \"pack:1 core:4 pu:2\", or this" },
		{ "nowhere.xml", "nowhere.xml: cannot read: No such file or directory, expected a "
		  "file that lstopo saved, or a string such as \"pack:1 core:4 pu:2\", or this" },
		{ "no:where.xml", "no:where.xml: cannot read: No such file or directory, expected "
		  "a file that lstopo saved, or a string such as \"pack:1 core:4 pu:2\", or this" },
		{ "./no:where", "./no:where: cannot read: No such file or directory, expected "
		  "a file that lstopo saved, or a string such as \"pack:1 core:4 pu:2\", or this" },
		{ "/", "/: cannot read: Is a directory, expected a file" },
		{ "/dev/null", "/dev/null: the file is empty, expected a topology that "
		  "`lstopo FILE.xml` saved" },
		{ "pack:2 core:x pu:2", "\"pack:2 core:x pu:2\":1:13: not a synthetic topology, "
		  "expected a count of 1 or more, in decimal" },
		{ "core:4", "\"core:4\":1:7: not a synthetic topology, expected a level pu:COUNT "
		  "at the end, the threads of each core" },
		{ "pack:2 core:600 pu:1", "\"pack:2 core:600 pu:1\":1:8: too much, expected at "
		  "most 1024 CPUs in all" },
		{ "[numa pu:2", "\"[numa pu:2\":1:6: not a synthetic topology, expected ']' "
		  "after [numa" },
	};

	for (const refusal &r : refusals) {
		Loaded l(r.spec);

		EXPECT_FALSE(l.ok) << r.spec;
		EXPECT_EQ(l.message, r.message) << r.spec;
	}
}

TEST(topology_spec, a_file_goes_before_a_string_of_its_name)
{
	char name[] = "/tmp/ration-XXXXXX";
	std::string folder = mkdtemp(name), spec = "pack:1 pu:1";
	char *here = getcwd(nullptr, 0);

	ASSERT_EQ(chdir(folder.c_str()), 0);
	std::ofstream(spec) << "no XML";
	Loaded l(spec);
	std::remove(spec.c_str());
	ASSERT_EQ(chdir(here), 0);
	rmdir(folder.c_str());
	free(here);
	EXPECT_FALSE(l.ok);
	EXPECT_EQ(l.message.rfind("pack:1 pu:1:1:1: this is not XML", 0), 0u) << l.message;
}

TEST(topology_spec, a_message_is_one_clean_line)
{
	Loaded l("pack:2 \033[31m\ncore:x pu:2"), longer("pack:2 " + std::string(9999, 'x') + ":2");

	EXPECT_FALSE(l.ok);
	EXPECT_EQ(l.message.rfind("\"pack:2 ?[31m?core:x pu:2\":1:8: ", 0), 0u) << l.message;
	EXPECT_FALSE(longer.ok);
	EXPECT_LT(longer.message.size(), 300u);
	EXPECT_NE(longer.message.find("xxx...\":1:8: "), std::string::npos) << longer.message;
}

TEST(topology_spec, a_small_buffer_is_not_overrun)
{
	char message[9] = "12345678";
	std::unique_ptr<topology_host> host(new topology_host);

	EXPECT_FALSE(topology_host_load("nowhere.xml", host.get(), message, 8));
	EXPECT_STREQ(message, "nowhere");
	EXPECT_EQ(message[8], '\0');
}

/* --- capacity and distances, through machines that hwloc itself exports ------------ */

std::string export_of(const char *synthetic, const std::function<void(hwloc_topology_t)> &change)
{
	hwloc_topology_t topology;
	char *buffer;
	int length;

	hwloc_topology_init(&topology);
	EXPECT_EQ(hwloc_topology_set_synthetic(topology, synthetic), 0);
	EXPECT_EQ(hwloc_topology_load(topology), 0);
	change(topology);
	EXPECT_EQ(hwloc_topology_export_xmlbuffer(topology, &buffer, &length, 0), 0);
	std::string xml(buffer);
	hwloc_free_xmlbuffer(topology, buffer);
	hwloc_topology_destroy(topology);
	return xml;
}

struct kind {
	unsigned first, last;        /* CPUs */
	int efficiency;              /* -1: not known */
	const char *capacity, *frequency;
};

void add_kind(hwloc_topology_t topology, const kind &k)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	hwloc_info_s infos[2];
	unsigned count = 0;
	char names[2][20] = { "LinuxCapacity", "FrequencyMaxMHz" }, values[2][20];
	const char *given[2] = { k.capacity, k.frequency };

	for (int i = 0; i < 2; i++) {
		if (given[i] == nullptr)
			continue;
		std::snprintf(values[i], sizeof(values[i]), "%s", given[i]);
		infos[count].name = names[i];
		infos[count++].value = values[i];
	}
	hwloc_bitmap_set_range(set, k.first, (int)k.last);
	EXPECT_EQ(hwloc_cpukinds_register(topology, set, k.efficiency, count, infos, 0), 0);
	hwloc_bitmap_free(set);
}

void expect_capacities(std::initializer_list<kind> kinds, std::initializer_list<int> expected)
{
	File file(export_of("core:4 pu:1", [&](hwloc_topology_t topology) {
		for (const kind &k : kinds)
			add_kind(topology, k);
	}));
	Loaded l(file.path);
	unsigned c = 0;

	ASSERT_TRUE(l.ok) << l.message;
	for (int capacity : expected)
		EXPECT_EQ(l.model().cpu[c++].capacity, capacity) << c - 1;
}

TEST(topology_capacity, is_of_each_kind_of_core)
{
	/* None known: all alike. */
	expect_capacities({}, { 1024, 1024, 1024, 1024 });
	/* What Linux says goes before the frequency, that before the rank. */
	expect_capacities({ { 0, 1, 0, "446", "2000" }, { 2, 3, 1, "1024", "2500" } },
	                  { 446, 446, 1024, 1024 });
	expect_capacities({ { 0, 1, 0, nullptr, "2000" }, { 2, 3, 1, "1024", "2500" } },
	                  { 819, 819, 1024, 1024 });
	expect_capacities({ { 0, 1, 0, nullptr, nullptr }, { 2, 3, 1, nullptr, "2500" } },
	                  { 512, 512, 1024, 1024 });
	expect_capacities({ { 0, 0, 0, nullptr, nullptr }, { 1, 2, 7, nullptr, nullptr },
	                    { 3, 3, 10, nullptr, nullptr } }, { 341, 683, 683, 1024 });
	/* Values that are no numbers are not known. */
	expect_capacities({ { 0, 1, -1, nullptr, "fast" }, { 2, 3, -1, nullptr, "2000" } },
	                  { 1024, 1024, 1024, 1024 });
	/* Absurd ones: at least 1, and no overflow. */
	expect_capacities({ { 0, 1, 0, nullptr, "1" }, { 2, 3, 1, nullptr, "1000000000" } },
	                  { 1, 1, 1024, 1024 });
}

void expect_distances(std::initializer_list<uint64_t> given, std::initializer_list<int> expected,
                      const char *machine = "node:2 pu:2")
{
	std::vector<hwloc_uint64_t> values(given.begin(), given.end());
	File file(export_of(machine, [&](hwloc_topology_t topology) {
		hwloc_obj_t objs[2];
		hwloc_distances_add_handle_t handle;

		for (unsigned n = 0; n < 2; n++)
			objs[n] = hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, n);
		handle = hwloc_distances_add_create(topology, "NUMALatency",
			HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
		ASSERT_NE(handle, nullptr);
		ASSERT_EQ(hwloc_distances_add_values(topology, handle, 2, objs, values.data(), 0),
		          0);
		ASSERT_EQ(hwloc_distances_add_commit(topology, handle, 0), 0);
	}));
	Loaded l(file.path);
	auto e = expected.begin();

	ASSERT_TRUE(l.ok) << l.message;
	for (int from = 0; from < 2; from++)
		for (int to = 0; to < 2; to++)
			EXPECT_EQ(l.model().distance[from][to], *e++) << from << " " << to;
}

TEST(topology_distance, is_scaled_so_that_the_least_is_10)
{
	expect_distances({ 10, 21, 21, 10 }, { 10, 21, 21, 10 });
	expect_distances({ 16, 32, 28, 16 }, { 10, 20, 18, 10 });      /* rounded */
	expect_distances({ 80, 160, 320, 100 }, { 10, 20, 40, 13 });
	expect_distances({ 1, 25, 26, 1 }, { 10, 250, 255, 10 });      /* cut at 255 */
	expect_distances({ 1, UINT64_MAX, UINT64_MAX / 8, 1 }, { 10, 255, 255, 10 });
	/* Nonsense: another node nearer than the node itself; no distance at all. */
	expect_distances({ 20, 10, 20, 20 }, { 20, 20, 20, 20 });
	expect_distances({ 0, 10, 10, 0 }, { 10, 20, 20, 10 });
}

/* A file lists them by the operating system's numbers, the model by its own. */
TEST(topology_distance, belongs_to_the_nodes_by_logical_number)
{
	expect_distances({ 10, 21, 31, 10 }, { 10, 21, 31, 10 });
	expect_distances({ 10, 21, 31, 10 }, { 10, 21, 31, 10 }, "node:2(indexes=1,0) pu:2");
}

TEST(topology_size, more_than_the_model_holds_is_refused)
{
	File cpus(export_of("pack:2 core:513 pu:1", [](hwloc_topology_t) {}));
	File nodes(export_of("node:65 pu:1", [](hwloc_topology_t) {}));
	File most(export_of("node:64 core:16 pu:1", [](hwloc_topology_t) {}));
	Loaded l(cpus.path), m(nodes.path), n(most.path);

	EXPECT_FALSE(l.ok);
	EXPECT_EQ(l.message, cpus.path + ": 1026 CPUs, expected 1 to 1024");
	EXPECT_FALSE(m.ok);
	EXPECT_EQ(m.message, nodes.path + ": 65 NUMA nodes, expected 1 to 64");
	ASSERT_TRUE(n.ok) << n.message;
	EXPECT_EQ(synthetic_of(n.model()), "pack:1 node:64 core:16 pu:1");
}

} // namespace
