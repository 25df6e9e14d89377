/* SPDX-License-Identifier: BSD-2-Clause */
/* test_acpi.cc - the machine model out of ACPI tables and CPUID leaves. */
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ration_acpi.h"

namespace {

using bytes = std::vector<uint8_t>;

void put(bytes &to, uint64_t value, int count)
{
	for (int i = 0; i < count; i++)
		to.push_back(i < 8 ? (uint8_t)(value >> 8 * i) : 0);
}

/* Length and checksum as they have to be. */
bytes sealed(bytes table)
{
	uint8_t sum = 0;

	for (int i = 0; i < 4; i++)
		table[4 + i] = (uint8_t)(table.size() >> 8 * i);
	table[9] = 0;
	for (uint8_t b : table)
		sum = (uint8_t)(sum + b);
	table[9] = (uint8_t)-sum;
	return table;
}

bytes header(const char *signature, size_t fixed)
{
	bytes table(fixed, 0);

	std::memcpy(table.data(), signature, 4);
	table[8] = 1;
	return table;
}

bytes madt(const std::vector<uint32_t> &ids, bool is_x2apic = false)
{
	bytes t = header("APIC", 44);

	for (uint32_t id : ids) {
		if (is_x2apic) {
			put(t, 9, 1), put(t, 16, 1), put(t, 0, 2), put(t, id, 4), put(t, 1, 4), put(t, 0, 4);
		} else {
			put(t, 0, 1), put(t, 8, 1), put(t, 0, 1), put(t, id, 1), put(t, 1, 4);
		}
	}
	put(t, 1, 1), put(t, 12, 1), put(t, 0, 10);      /* an I/O APIC: of no interest */
	return sealed(t);
}

void tie_cpu(bytes &t, uint32_t domain, uint32_t id, uint32_t flags = 1)
{
	put(t, 0, 1), put(t, 16, 1), put(t, domain & 0xFF, 1), put(t, id, 1), put(t, flags, 4);
	put(t, 0xEE, 1), put(t, domain >> 8, 3), put(t, 0, 4);
}

void tie_x2apic(bytes &t, uint32_t domain, uint32_t id)
{
	put(t, 2, 1), put(t, 24, 1), put(t, 0, 2), put(t, domain, 4), put(t, id, 4), put(t, 1, 4);
	put(t, 0, 8);
}

void tie_memory(bytes &t, uint32_t domain, uint32_t flags = 1)
{
	put(t, 1, 1), put(t, 40, 1), put(t, domain, 4), put(t, 0, 2), put(t, 0, 16), put(t, 0, 4);
	put(t, flags, 4), put(t, 0, 8);
}

bytes slit(const std::vector<uint8_t> &distances, uint64_t rows)
{
	bytes t = header("SLIT", 36);

	put(t, rows, 8);
	t.insert(t.end(), distances.begin(), distances.end());
	return sealed(t);
}

/* The leaves of QEMU's processor "max", which says AMD and has leaf 0xB. */
std::vector<ration_cpuid> qemu(uint32_t threads, uint32_t thread_bits, uint32_t cores,
                               uint32_t package_bits)
{
	uint32_t all = cores * threads, shared = (1u << package_bits) - 1;

	return {
		{ 0, 0, 0xD, 0x68747541, 0x444D4163, 0x69746E65 },
		{ 1, 0, 0, all << 16, 0, all > 1 ? 1u << 28 : 0 },
		{ 4, 0, (cores - 1) << 26 | 1 | 1 << 5, 0, 0, 0 },
		{ 4, 2, (cores - 1) << 26 | 3 | 2 << 5, 0, 0, 0 },
		{ 4, 1, (cores - 1) << 26 | 2 | 1 << 5, 0, 0, 0 },
		{ 4, 3, (cores - 1) << 26 | shared << 14 | 3 | 3 << 5, 0, 0, 0 },
		{ 0xB, 0, thread_bits, threads, 1 << 8, 0 },
		{ 0xB, 1, package_bits, all, 2 << 8 | 1, 0 },
		{ 0xB, 2, 0, 0, 2, 0 },
		{ 0x80000000, 0, 0x8000001F, 0, 0, 0 },
		{ 0x80000008, 0, 0, 0, (package_bits << 12) | (all - 1), 0 },
	};
}

struct machine {
	bytes madt_bytes, srat_bytes, slit_bytes;
	std::vector<ration_cpuid> cpuid;
	ration_acpi_source source = {};
	ration_acpi_machine m = {};
	ration_acpi_error error = {};

	int read()
	{
		auto table = [](const bytes &b) {
			return ration_acpi_table{ b.empty() ? nullptr : b.data(), b.size() };
		};

		source.madt = table(madt_bytes);
		source.srat = table(srat_bytes);
		source.slit = table(slit_bytes);
		source.cpuid = cpuid.data();
		source.cpuid_count = (uint32_t)cpuid.size();
		error = { "", 0, "" };
		return ration_acpi_read(&source, &m, &error);
	}

	/* "package.llc.core.node" of each CPU. */
	std::string text()
	{
		std::string out;

		if (read() != RATION_OK)
			return std::string("refused: ") + error.table + " at " +
			       std::to_string(error.offset) + ": expected " + error.expected;
		EXPECT_EQ(ration_topology_check(&m.model), nullptr);
		for (uint32_t c = 0; c < m.model.cpu_count; c++) {
			const ration_topology_cpu &cpu = m.model.cpu[c];

			EXPECT_TRUE(cpu.online);
			out += (c == 0 ? "" : " ") + std::to_string(cpu.package) + "." +
			       std::to_string(cpu.llc) + "." + std::to_string(cpu.core) + "." +
			       std::to_string(cpu.node);
		}
		return out;
	}

	std::vector<uint32_t> ids()
	{
		EXPECT_EQ(read(), RATION_OK) << error.expected;
		return { m.apic_id, m.apic_id + m.model.cpu_count };
	}
};

machine flat(uint32_t count)
{
	machine x;
	std::vector<uint32_t> ids;
	uint32_t bits = 0;

	for (uint32_t i = 0; i < count; i++)
		ids.push_back(i);
	while (1u << bits < count)
		bits++;
	x.madt_bytes = madt(ids);
	x.cpuid = qemu(1, 0, count, bits);
	return x;
}

/* -smp 8,sockets=2,cores=2,threads=2, a node each, 21 from one to the other. */
machine two_sockets()
{
	machine x;
	bytes t = header("SRAT", 48);

	x.madt_bytes = madt({ 0, 1, 2, 3, 4, 5, 6, 7 });
	x.cpuid = qemu(2, 1, 2, 2);
	for (uint32_t id = 0; id < 8; id++)
		tie_cpu(t, id / 4, id);
	tie_memory(t, 0), tie_memory(t, 0), tie_memory(t, 1), tie_memory(t, 9, 0);
	x.srat_bytes = sealed(t);
	x.slit_bytes = slit({ 10, 21, 21, 10 }, 2);
	return x;
}

TEST(acpi, machines_of_single_thread_cores_around_one_cache)
{
	for (uint32_t count : { 1u, 2u, 4u, 8u, 16u }) {
		machine x = flat(count);
		ration_topology expected;

		ASSERT_EQ(x.read(), RATION_OK) << x.error.table << ": " << x.error.expected;
		ration_topology_flat(&expected, count);
		EXPECT_EQ(std::memcmp(&x.m.model, &expected, sizeof expected), 0) << count;
		EXPECT_EQ(x.m.found_count, count);
		EXPECT_EQ(x.m.apic_id[count - 1], count - 1);
	}
}

TEST(acpi, two_sockets_of_two_cores_of_two_threads_in_two_nodes)
{
	machine x = two_sockets();

	EXPECT_EQ(x.text(), "0.0.0.0 0.0.0.0 0.0.1.0 0.0.1.0 1.1.2.1 1.1.2.1 1.1.3.1 1.1.3.1");
	EXPECT_EQ(x.m.model.node_count, 2u);
	EXPECT_EQ(x.m.model.distance[0][0], 10);
	EXPECT_EQ(x.m.model.distance[0][1], 21);
	EXPECT_EQ(x.m.model.distance[1][0], 21);
	EXPECT_EQ(x.m.model.distance[1][1], 10);
}

TEST(acpi, distances_are_10_and_20_without_a_slit)
{
	machine x = two_sockets();

	x.slit_bytes.clear();
	ASSERT_EQ(x.read(), RATION_OK);
	EXPECT_EQ(x.m.model.distance[0][0], 10);
	EXPECT_EQ(x.m.model.distance[1][0], 20);
	x.srat_bytes.clear();
	x.slit_bytes = { 'b', 'a', 'd' };
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.0.0 0.0.1.0 0.0.1.0 1.1.2.0 1.1.2.0 1.1.3.0 1.1.3.0");
	EXPECT_EQ(x.m.model.node_count, 1u);
}

TEST(acpi, ids_have_gaps_where_three_cores_take_two_bits)
{
	machine x;

	x.madt_bytes = madt({ 0, 1, 2, 4, 5, 6 });
	x.cpuid = qemu(1, 0, 3, 2);
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.1.0 0.0.2.0 1.1.3.0 1.1.4.0 1.1.5.0");
	EXPECT_EQ(x.ids(), (std::vector<uint32_t>{ 0, 1, 2, 4, 5, 6 }));
}

TEST(acpi, entries_come_in_any_order_and_either_form)
{
	machine x = two_sockets();

	x.madt_bytes = madt({ 5, 0, 7, 1, 6, 2, 4, 3 }, true);
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.0.0 0.0.1.0 0.0.1.0 1.1.2.1 1.1.2.1 1.1.3.1 1.1.3.1");
	EXPECT_EQ(x.ids(), (std::vector<uint32_t>{ 0, 1, 2, 3, 4, 5, 6, 7 }));
}

TEST(acpi, domains_are_numbered_by_their_order)
{
	machine x = flat(4);
	bytes t = header("SRAT", 48);

	tie_memory(t, 0x30201);
	tie_cpu(t, 0x30201, 0), tie_x2apic(t, 7, 1), tie_cpu(t, 3, 2, 0);
	x.srat_bytes = sealed(t);
	EXPECT_EQ(x.text(), "0.0.0.1 0.0.1.0 0.0.2.0 0.0.3.0");
	EXPECT_EQ(x.m.model.node_count, 2u);
	EXPECT_EQ(x.m.node_domain[0], 7u);
	EXPECT_EQ(x.m.node_domain[1], 0x30201u);
}

TEST(acpi, a_cpu_that_is_not_enabled_is_not_there)
{
	machine x = flat(4);

	x.madt_bytes[44 + 2 * 8 + 4] = 2;                /* can be enabled later */
	x.madt_bytes[44 + 3 * 8 + 3] = 255;
	x.madt_bytes = sealed(x.madt_bytes);
	EXPECT_EQ(x.ids(), (std::vector<uint32_t>{ 0, 1 }));
}

TEST(acpi, one_thread_a_core_is_kept_where_smt_is_off)
{
	machine x = two_sockets();

	x.source.one_thread = true;
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.1.0 1.1.2.1 1.1.3.1");
	EXPECT_EQ(x.ids(), (std::vector<uint32_t>{ 0, 2, 4, 6 }));
	EXPECT_EQ(x.m.found_count, 8u);
	x.source.boot_apic_id = 5;
	EXPECT_EQ(x.ids(), (std::vector<uint32_t>{ 0, 2, 5, 6 }));
	x.source.cpu_limit = 2;
	EXPECT_EQ(x.ids(), (std::vector<uint32_t>{ 0, 5 }));
}

TEST(acpi, a_limit_keeps_the_lowest_and_the_boot_cpu)
{
	machine x = two_sockets();

	for (uint32_t limit : { 1u, 3u, 7u, 8u, 9u, UINT32_MAX }) {
		x.source.cpu_limit = limit;
		x.source.boot_apic_id = 0;
		ASSERT_EQ(x.read(), RATION_OK);
		EXPECT_EQ(x.m.model.cpu_count, limit < 8 ? limit : 8);
		EXPECT_EQ(x.m.apic_id[x.m.model.cpu_count - 1], x.m.model.cpu_count - 1);
		x.source.boot_apic_id = 7;
		ASSERT_EQ(x.read(), RATION_OK);
		EXPECT_EQ(x.m.model.cpu_count, limit < 8 ? limit : 8);
		EXPECT_EQ(x.m.apic_id[x.m.model.cpu_count - 1], 7u);
	}
	x.source.cpu_limit = 3;
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.0.0 1.1.1.1");
}

/* ---- CPUID --------------------------------------------------------------- */

TEST(acpi_cpuid, counts_where_there_is_no_leaf_b)
{
	machine x = two_sockets();
	const char *expected =
		"0.0.0.0 0.0.0.0 0.0.1.0 0.0.1.0 1.1.2.1 1.1.2.1 1.1.3.1 1.1.3.1";

	x.cpuid[0].eax = 4;                              /* another maker: leaves 1 and 4 */
	x.cpuid[0].edx = 0x49656E69;
	EXPECT_EQ(x.text(), expected);
	x.cpuid[0].edx = 0x69746E65;                     /* AMD with extensions: 8000_001E */
	x.cpuid.push_back({ 0x80000001, 0, 0, 0, 1u << 22, 0 });
	x.cpuid.push_back({ 0x8000001E, 0, 0, 1 << 8, 0, 0 });
	EXPECT_EQ(x.text(), expected);
	x.cpuid[10].ecx &= 0xFF;                         /* no width of the id: the count */
	EXPECT_EQ(x.text(), expected);
	x.cpuid.pop_back();
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.1.0 0.0.2.0 0.0.3.0 1.1.4.1 1.1.5.1 1.1.6.1 1.1.7.1");
}

TEST(acpi_cpuid, the_largest_cache_within_the_package)
{
	machine x = flat(8);

	x.cpuid[5].eax = 3 << 14 | 3 | 3 << 5;           /* four ids share it */
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.1.0 0.0.2.0 0.0.3.0 0.1.4.0 0.1.5.0 0.1.6.0 0.1.7.0");
	x.cpuid[5].eax = 15 << 14 | 3 | 3 << 5;          /* more than there are */
	EXPECT_EQ(x.text().substr(0, 15), "0.0.0.0 0.0.1.0");
	EXPECT_EQ(x.m.model.llc_count, 1u);
	x.cpuid.push_back({ 0x80000001, 0, 0, 0, 1u << 22, 0 });
	x.cpuid.push_back({ 0x8000001D, 0, 1 << 14 | 3 | 3 << 5, 0, 0, 0 });
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.1.0 0.1.2.0 0.1.3.0 0.2.4.0 0.2.5.0 0.3.6.0 0.3.7.0");
	x.cpuid.back().eax = 1 << 14 | 2 | 3 << 5;       /* of instructions: not it */
	ASSERT_EQ(x.read(), RATION_OK);
	EXPECT_EQ(x.m.model.llc_count, 1u);
}

TEST(acpi_cpuid, cores_share_a_cache_that_is_named_for_one_thread)
{
	machine x = two_sockets();

	x.cpuid[5].eax = 3 | 3 << 5;
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.0.0 0.1.1.0 0.1.1.0 1.2.2.1 1.2.2.1 1.3.3.1 1.3.3.1");
}

TEST(acpi_cpuid, sockets_of_one_cpu_and_no_cpuid_at_all)
{
	machine x = flat(2);

	x.cpuid = qemu(1, 0, 1, 0);
	EXPECT_EQ(x.text(), "0.0.0.0 1.1.1.0");
	x.cpuid.clear();
	EXPECT_EQ(x.text(), "0.0.0.0 0.0.1.0");
}

TEST(acpi_cpuid, any_leaves_at_all_give_a_machine_or_a_reason)
{
	std::mt19937 random(1);
	int sound = 0;

	for (int i = 0; i < 20000; i++) {
		machine x = two_sockets();

		for (ration_cpuid &leaf : x.cpuid)
			for (uint32_t *reg : { &leaf.eax, &leaf.ebx, &leaf.ecx, &leaf.edx })
				if (random() % 4 == 0)
					*reg = random() % 2 ? (uint32_t)random() : *reg ^ 1u << random() % 32;
		if (x.read() == RATION_OK) {
			ASSERT_EQ(ration_topology_check(&x.m.model), nullptr);
			ASSERT_EQ(x.m.model.cpu_count, 8u);
			sound++;
		} else {
			ASSERT_STREQ(x.error.table, "CPUID");
		}
	}
	EXPECT_GT(sound, 1000);
}

/* ---- Broken tables ------------------------------------------------------- */

struct breakage {
	const char *complaint;
	void (*spoil)(machine &x);
};

const breakage breakages[] = {
	{ "MADT at 0: expected the table", [](machine &x) { x.madt_bytes.clear(); } },
	{ "MADT at 0: expected a header", [](machine &x) { x.madt_bytes.resize(35); } },
	{ "MADT at 0: expected the table's signature", [](machine &x) { x.madt_bytes[0] = 'B'; } },
	{ "MADT at 4: expected a length that holds", [](machine &x) { x.madt_bytes[4] = 43; } },
	{ "MADT at 4: expected a length of at most", [](machine &x) { x.madt_bytes[7] = 255; } },
	{ "MADT at 4: expected a length within", [](machine &x) { x.madt_bytes.pop_back(); } },
	{ "MADT at 9: expected a checksum", [](machine &x) { x.madt_bytes[50] ^= 1; } },
	{ "MADT at 108: expected an entry of 2", [](machine &x) {
		x.madt_bytes[109] = 1, x.madt_bytes = sealed(x.madt_bytes); } },
	{ "MADT at 108: expected an entry of 2", [](machine &x) {
		x.madt_bytes[109] = 13, x.madt_bytes = sealed(x.madt_bytes); } },
	{ "MADT at 120: expected an entry of 2", [](machine &x) {
		x.madt_bytes.push_back(0), x.madt_bytes = sealed(x.madt_bytes); } },
	{ "MADT at 44: expected an entry as long", [](machine &x) {
		x.madt_bytes[45] = 7, x.madt_bytes = sealed(x.madt_bytes); } },
	{ "MADT at 108: expected an entry as long", [](machine &x) {
		x.madt_bytes[108] = 9, x.madt_bytes = sealed(x.madt_bytes); } },
	{ "MADT at 52: expected each APIC id once", [](machine &x) {
		x.madt_bytes[55] = 0, x.madt_bytes = sealed(x.madt_bytes); } },
	{ "MADT at 44: expected an entry of the boot CPU", [](machine &x) {
		x.source.boot_apic_id = 8; } },
	{ "MADT at 44: expected an entry of the boot CPU", [](machine &x) {
		x.source.boot_apic_id = RATION_ACPI_CPU_NONE; } },
	{ "SRAT at 9: expected a checksum", [](machine &x) { x.srat_bytes[60] ^= 1; } },
	{ "SRAT at 48: expected an entry as long", [](machine &x) {
		x.srat_bytes[49] = 8, x.srat_bytes = sealed(x.srat_bytes); } },
	{ "SRAT at 176: expected an entry as long", [](machine &x) {
		x.srat_bytes[177] = 39, x.srat_bytes = sealed(x.srat_bytes); } },
	{ "SRAT at 48: expected an enabled entry", [](machine &x) {
		x.srat_bytes = sealed(header("SRAT", 48)); } },
	{ "SLIT at 36: expected as many rows", [](machine &x) {
		x.slit_bytes = slit({ 10, 21, 21 }, 2); } },
	{ "SLIT at 36: expected as many rows", [](machine &x) {
		x.slit_bytes = slit({ 10, 21, 21, 10 }, 65536); } },
	{ "SLIT at 36: expected as many rows", [](machine &x) {
		x.slit_bytes = slit({ 10, 21, 21, 10 }, (1ull << 32) + 2); } },
	{ "SLIT at 36: expected a row for each", [](machine &x) {
		x.slit_bytes = slit({ 10 }, 1); } },
	{ "SLIT at 44: expected 10", [](machine &x) {
		x.slit_bytes = slit({ 11, 21, 21, 10 }, 2); } },
	{ "SLIT at 46: expected a distance of 10", [](machine &x) {
		x.slit_bytes = slit({ 10, 21, 9, 10 }, 2); } },
	{ "CPUID at 0: expected two CPUs of a core are in different NUMA", [](machine &x) {
		x.srat_bytes[50] = 1, x.srat_bytes = sealed(x.srat_bytes); } },
};

TEST(acpi_refuses, tables_that_are_broken)
{
	for (const breakage &b : breakages) {
		machine x = two_sockets();

		b.spoil(x);
		EXPECT_NE(x.text().find(b.complaint), std::string::npos)
			<< b.complaint << ", but " << x.text();
		EXPECT_EQ(ration_acpi_read(&x.source, &x.m, nullptr), RATION_E_INVALID);
	}
}

TEST(acpi_refuses, more_than_a_model_holds)
{
	machine x = flat(1);
	std::vector<uint32_t> ids;
	bytes t = header("SRAT", 48);

	for (uint32_t id = 0; id < 1025; id++)
		ids.push_back(id);
	x.madt_bytes = madt(ids, true);
	EXPECT_EQ(x.read(), RATION_E_RANGE);
	ids.pop_back();
	x.madt_bytes = madt(ids, true);
	EXPECT_EQ(x.read(), RATION_OK);
	EXPECT_EQ(x.m.model.cpu_count, 1024u);
	for (uint32_t domain = 64; domain-- > 0;)
		tie_memory(t, domain);
	x.srat_bytes = sealed(t);
	EXPECT_EQ(x.read(), RATION_OK);
	EXPECT_EQ(x.m.model.node_count, 64u);
	tie_memory(t, 64);
	x.srat_bytes = sealed(t);
	EXPECT_EQ(x.read(), RATION_E_RANGE);
	EXPECT_STREQ(x.error.table, "SRAT");
}

bool is_refused_or_sound(machine &x)
{
	return x.read() != RATION_OK || ration_topology_check(&x.m.model) == nullptr;
}

/* Each cut and each changed byte is refused, or gives a sound machine; the copy
 * on the heap is as long as said, so that a sanitizer sees what is read beyond. */
TEST(acpi_refuses, or_survives_every_cut_and_every_changed_byte)
{
	machine whole = two_sockets();

	for (bytes machine::*which : { &machine::madt_bytes, &machine::srat_bytes,
	                               &machine::slit_bytes }) {
		for (size_t at = 0; at < (whole.*which).size(); at++) {
			machine x = two_sockets();

			if (at > 0) {
				(x.*which).resize(at);
				ASSERT_EQ(x.read(), RATION_E_INVALID) << at;
				if (at > 40) {
					x.*which = sealed(x.*which);
					ASSERT_TRUE(is_refused_or_sound(x)) << at;
				}
			}
			for (int value : { 0, 1, 2, 7, 127, 128, 255 }) {
				x = two_sockets();
				(x.*which)[at] = (uint8_t)value;
				if (at >= 10)
					x.*which = sealed(x.*which);
				ASSERT_TRUE(is_refused_or_sound(x)) << at;
			}
		}
	}
}

} // namespace
